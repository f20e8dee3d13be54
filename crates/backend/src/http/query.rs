//! Query parameters, read strictly: each known name at most once, everything bounded.

/// The query isn't acceptable. Nothing of it is ever repeated in an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the query is malformed, or a parameter is unknown, doubled or too long")]
pub(crate) struct InvalidQuery;

/// Longest value of one parameter, in bytes after decoding.
const MAX_VALUE_LEN: usize = 2048;

/// What to do with parameters that nobody named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unknown {
    /// The query is refused: our own app sends none.
    Refuse,
    /// They are passed over, whatever they look like, as RFC 6749 §4.1.2 wants it of an authorization response.
    Ignore,
}

/// Reads `names` from `query`, each at most once. The values come in the order of `names`.
pub(crate) fn parse<const N: usize>(query: Option<&str>, names: [&str; N], unknown: Unknown) -> Result<[Option<String>; N], InvalidQuery> {
    let mut values = [const { None }; N];
    let query = query.unwrap_or_default();
    if query.is_empty() {
        return Ok(values);
    }
    for pair in query.split('&') {
        let (name, value) = pair.split_once('=').map_or((pair, None), |(name, value)| (name, Some(value)));
        let position = decode(name).ok().and_then(|name| names.iter().position(|known| *known == name));
        let Some(position) = position else {
            match unknown {
                Unknown::Refuse => return Err(InvalidQuery),
                Unknown::Ignore => continue,
            }
        };
        let value = decode(value.ok_or(InvalidQuery)?)?;
        if values[position].is_some() || value.len() > MAX_VALUE_LEN || value.chars().any(char::is_control) {
            return Err(InvalidQuery);
        }
        values[position] = Some(value);
    }
    Ok(values)
}

/// Decodes `application/x-www-form-urlencoded` once; a stray `%` or anything that isn't UTF-8 is an error, not a guess.
fn decode(text: &str) -> Result<String, InvalidQuery> {
    let stray = |rest: &[u8]| !(rest.len() >= 2 && rest[..2].iter().all(u8::is_ascii_hexdigit));
    if text.split('%').skip(1).any(|rest| stray(rest.as_bytes())) {
        return Err(InvalidQuery);
    }
    let spaced = text.replace('+', " ");
    percent_encoding::percent_decode_str(&spaced).decode_utf8().map(Into::into).map_err(|_| InvalidQuery)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_parameter_is_taken_once() {
        for unknown in [Unknown::Refuse, Unknown::Ignore] {
            assert_eq!(parse(Some("a=1&b=x+y%21"), ["a", "b"], unknown), Ok([Some("1".into()), Some("x y!".into())]));
            assert_eq!(parse(None, ["a"], unknown), Ok([None]));
        }
    }

    #[test]
    fn doubled_unknown_and_malformed_parameters_are_refused() {
        let long = format!("a={}", "x".repeat(MAX_VALUE_LEN + 1));
        for query in ["a=1&a=1", "a=1&%61=2", "c=1", "a", "a=1&", "&a=1", "a=%", "a=%4", "a=%zz", "a=%ff", "a=%0d%0a", "a=%00", &long] {
            assert_eq!(parse(Some(query), ["a", "b"], Unknown::Refuse), Err(InvalidQuery), "{query}");
        }
    }

    #[test]
    fn unknown_parameters_can_be_passed_over_and_known_ones_stay_strict() {
        for others in ["c=1", "c=1&c=2", "c", "", "%", "c=%zz", "%ff=1", "A=2", "c=%00", "a%20=2"] {
            for query in [format!("a=1&{others}"), format!("{others}&a=1")] {
                assert_eq!(parse(Some(&query), ["a"], Unknown::Ignore), Ok([Some("1".into())]), "{query}");
            }
        }
        let long = format!("a={}", "x".repeat(MAX_VALUE_LEN + 1));
        for query in ["a=1&a=1", "a=1&%61=2", "a", "a=%", "a=%ff", "a=%00", "c=1&a&a=1", &long] {
            assert_eq!(parse(Some(query), ["a"], Unknown::Ignore), Err(InvalidQuery), "{query}");
        }
    }

    proptest! {
        #[test]
        fn no_query_makes_it_panic_or_gives_a_control_character(query in ".{0,200}", ignore: bool) {
            let unknown = if ignore { Unknown::Ignore } else { Unknown::Refuse };
            if let Ok(values) = parse(Some(&query), ["a", "state"], unknown) {
                for value in values.into_iter().flatten() {
                    prop_assert!(!value.chars().any(char::is_control));
                }
            }
        }

        #[test]
        fn what_a_url_encoder_wrote_is_read_back(value in "[^\\p{C}]{0,100}") {
            let query: String = url::form_urlencoded::Serializer::new(String::new()).append_pair("a", &value).finish();
            prop_assert_eq!(parse(Some(&query), ["a"], Unknown::Refuse), Ok([Some(value)]));
        }
    }
}
