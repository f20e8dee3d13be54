//! The person's own name for an account.

/// Longest label, in characters.
const LONGEST: usize = 60;

/// A name that an account may be given: 1 to 60 characters, none of them a control character, with no space around them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label(String);

impl Label {
    /// Takes the space around it away. `None` where nothing usable is left, or too much.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let sound = !text.is_empty() && text.chars().count() <= LONGEST && !text.chars().any(char::is_control);
        sound.then(|| Self(text.to_owned()))
    }
}

impl From<Label> for String {
    fn from(Label(text): Label) -> Self {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_one_short_line_that_says_something() {
        let parsed = |text: &str| Label::parse(text).map(String::from);
        assert_eq!(parsed("  Shop on Fridays\n"), Some("Shop on Fridays".into()));
        assert_eq!(parsed(&"é".repeat(60)), Some("é".repeat(60)));
        for unusable in ["", " \n", "a\nb", "a\u{7}", &"x".repeat(61)] {
            assert_eq!(parsed(unusable), None, "{unusable:?}");
        }
    }
}
