//! Query parameters, read strictly: each known name exactly once, no other, everything bounded.

/// The query isn't acceptable. Nothing of it is ever repeated in an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the query is malformed, or a parameter is unknown, doubled or too long")]
pub(crate) struct InvalidQuery;

/// Longest value of one parameter, in bytes after decoding.
const MAX_VALUE_LEN: usize = 2048;

/// Reads `query`, in which only `names` may be, each at most once. The values come in the order of `names`.
pub(crate) fn parse<const N: usize>(query: Option<&str>, names: [&str; N]) -> Result<[Option<String>; N], InvalidQuery> {
    let mut values = [const { None }; N];
    let query = query.unwrap_or_default();
    if query.is_empty() {
        return Ok(values);
    }
    for pair in query.split('&') {
        let (name, value) = pair.split_once('=').ok_or(InvalidQuery)?;
        let (name, value) = (decode(name)?, decode(value)?);
        let position = names.iter().position(|known| *known == name).ok_or(InvalidQuery)?;
        if values[position].is_some() || value.len() > MAX_VALUE_LEN || value.chars().any(char::is_control) {
            return Err(InvalidQuery);
        }
        values[position] = Some(value);
    }
    Ok(values)
}

/// Decodes `application/x-www-form-urlencoded` once; a stray `%` or anything that isn't UTF-8 is an error, not a guess.
fn decode(text: &str) -> Result<String, InvalidQuery> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = match (first, tail) {
            (b'%', [high, low, after @ ..]) => {
                let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
                bytes.push(digit(*high).ok_or(InvalidQuery)? * 16 + digit(*low).ok_or(InvalidQuery)?);
                after
            }
            (b'%', _) => return Err(InvalidQuery),
            (b'+', _) => {
                bytes.push(b' ');
                tail
            }
            (byte, _) => {
                bytes.push(*byte);
                tail
            }
        };
    }
    String::from_utf8(bytes).map_err(|_| InvalidQuery)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_parameter_is_taken_once() {
        assert_eq!(parse(Some("a=1&b=x+y%21"), ["a", "b"]), Ok([Some("1".into()), Some("x y!".into())]));
        assert_eq!(parse(None, ["a"]), Ok([None]));
    }

    #[test]
    fn doubled_unknown_and_malformed_parameters_are_refused() {
        let long = format!("a={}", "x".repeat(MAX_VALUE_LEN + 1));
        for query in ["a=1&a=1", "a=1&%61=2", "c=1", "a", "a=1&", "&a=1", "a=%", "a=%4", "a=%zz", "a=%ff", "a=%0d%0a", "a=%00", &long] {
            assert_eq!(parse(Some(query), ["a", "b"]), Err(InvalidQuery), "{query}");
        }
    }

    proptest! {
        #[test]
        fn no_query_makes_it_panic_or_gives_a_control_character(query in ".{0,200}") {
            if let Ok(values) = parse(Some(&query), ["a", "state"]) {
                for value in values.into_iter().flatten() {
                    prop_assert!(!value.chars().any(char::is_control));
                }
            }
        }

        #[test]
        fn what_a_url_encoder_wrote_is_read_back(value in "[^\\p{C}]{0,100}") {
            let query: String = url::form_urlencoded::Serializer::new(String::new()).append_pair("a", &value).finish();
            prop_assert_eq!(parse(Some(&query), ["a"]), Ok([Some(value)]));
        }
    }
}
