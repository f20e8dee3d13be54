//! Parameters of a query or a form: decoded strictly, and looked up by name.

use std::collections::HashSet;

/// Most parameters taken.
const MAX_FIELDS: usize = 64;

/// Decoded parameters in their order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fields(Vec<(String, String)>);

/// Why parameters can't be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Malformed {
    /// More than [`MAX_FIELDS`].
    TooMany,
    /// Not UTF-8 once decoded.
    NotText,
    /// This one is there more than once.
    Repeated(String),
}

impl Fields {
    /// Reads `a=1&b=2`; `+` and `%20` are a space.
    pub(crate) fn parse(text: &[u8]) -> Result<Self, Malformed> {
        Self::parse_up_to(text, MAX_FIELDS)
    }

    /// The same for at most `most` parameters.
    pub(crate) fn parse_up_to(text: &[u8], most: usize) -> Result<Self, Malformed> {
        let fields: Vec<(String, String)> =
            url::form_urlencoded::parse(text).take(most + 1).map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
        if fields.len() > most {
            return Err(Malformed::TooMany);
        }
        // The decoder puts this character where bytes are not UTF-8.
        if fields.iter().any(|(name, value)| name.contains('\u{FFFD}') || value.contains('\u{FFFD}')) {
            return Err(Malformed::NotText);
        }
        Ok(Self(fields))
    }

    /// Refuses any name that occurs twice, but for `allowed`.
    pub(crate) fn each_once_but(self, allowed: &[&str]) -> Result<Self, Malformed> {
        let mut seen = HashSet::with_capacity(self.0.len());
        for (name, _) in &self.0 {
            if !seen.insert(name) && !allowed.contains(&name.as_str()) {
                return Err(Malformed::Repeated(name.chars().take(40).collect()));
            }
        }
        Ok(self)
    }

    /// The first value of `name`, where it isn't empty.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(other, value)| other == name && !value.is_empty()).map(|(_, value)| value.as_str())
    }

    /// Every value of `name`.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// Name and value pairs in their order.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

/// Writes parameters with `%20` for a space, which every reader of a query understands.
pub(crate) fn encode<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    // A literal plus is `%2B` by then.
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish().replace('+', "%20")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn repeated_undecodable_and_endless_parameters_are_refused() {
        let repeated = Fields::parse(b"state=1&scope=a&state=2").unwrap().each_once_but(&["scope"]);
        assert_eq!(repeated.err(), Some(Malformed::Repeated("state".into())));
        assert_eq!(Fields::parse(b"state=%FF").err(), Some(Malformed::NotText));
        assert_eq!(Fields::parse("a&".repeat(100).as_bytes()).err(), Some(Malformed::TooMany));
    }

    #[test]
    fn both_spaces_are_read_and_one_is_written() {
        let fields = Fields::parse(b"a=x+y&b=x%20y%2Bz").unwrap();
        assert_eq!(fields.get("a"), Some("x y"));
        assert_eq!(encode(fields.pairs()), "a=x%20y&b=x%20y%2Bz");
    }

    proptest! {
        #[test]
        fn whatever_is_written_is_read_as_the_same(pairs in proptest::collection::vec((".{0,20}", ".{0,40}"), 0..20)) {
            let pairs: Vec<(String, String)> =
                pairs.into_iter().filter(|(name, value)| !format!("{name}{value}").contains('\u{FFFD}')).collect();
            let written = encode(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())));
            let read = Fields::parse(written.as_bytes()).unwrap();
            prop_assert_eq!(read.pairs().map(|(name, value)| (name.to_owned(), value.to_owned())).collect::<Vec<_>>(), pairs);
        }

        #[test]
        fn no_bytes_are_read_as_more_than_they_say(bytes in proptest::collection::vec(prop_oneof![any::<u8>(), proptest::sample::select(b"&=+%aF0;".to_vec())], 0..120)) {
            if let Ok(fields) = Fields::parse(&bytes) {
                prop_assert!(fields.pairs().count() <= bytes.iter().filter(|byte| **byte == b'&').count() + 1);
                if let Ok(once) = fields.clone().each_once_but(&[]) {
                    let mut names: Vec<&str> = once.pairs().map(|(name, _)| name).collect();
                    names.sort_unstable();
                    prop_assert!(names.windows(2).all(|pair| pair[0] != pair[1]));
                }
            }
        }
    }
}
