//! What a person reads of dates, and of words that come from elsewhere.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// A date and time as this computer's clock shows it; empty for one that can't be.
pub fn when(at_ms: i64) -> String {
    Timestamp::from_millisecond(at_ms).map(|at| at.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M").to_string()).unwrap_or_default()
}

/// The same for a program: RFC 3339 in UTC.
pub fn rfc3339(at_ms: i64) -> Option<String> {
    Timestamp::from_millisecond(at_ms).ok().map(|at| at.to_string())
}

/// Words from elsewhere, for a terminal: without anything that a terminal would take for a command, and without marks that turn the order
/// of what follows (Unicode UAX #9).
pub fn foreign(words: &str) -> String {
    words.chars().map(|c| if is_command(c) { '\u{fffd}' } else { c }).collect()
}

/// A file's text as a terminal may show it: [`foreign`], line by line.
pub fn for_terminal(text: &str) -> String {
    text.split_inclusive('\n').map(|line| foreign(line.trim_end_matches(['\r', '\n'])) + "\n").collect()
}

/// JSON as a terminal may show it: what [`foreign`] takes out is written as an escape, which means the same in JSON.
pub fn json_for_terminal(json: &str) -> String {
    let mut shown = String::with_capacity(json.len());
    for c in json.chars() {
        if matches!(c, '\n' | '\t') || !is_command(c) {
            shown.push(c);
        } else {
            shown += &format!("\\u{:04x}", u32::from(c));
        }
    }
    shown
}

/// What a terminal would take for a command, or what turns the order of the text after it.
fn is_command(c: char) -> bool {
    c.is_control() || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_gives_a_terminal_no_commands_and_turns_nothing_round() {
        for hostile in ["\u{1b}]0;title\u{7}", "Ada\u{202e}bad", "a\r\nb", "\u{9b}31m", "\u{2066}x"] {
            let shown = foreign(hostile);
            assert!(!shown.chars().any(char::is_control) && !shown.contains(['\u{202e}', '\u{2066}']), "{shown:?}");
        }
        assert_eq!(foreign("Adaeze Ọbí"), "Adaeze Ọbí");
    }

    #[test]
    fn json_gives_a_terminal_no_commands_and_keeps_its_meaning() {
        let json = "{\n\t\"a\": \"\u{9b}31m \u{202e}x \u{7f}\"}";
        let shown = json_for_terminal(json);
        assert!(!shown.contains(['\u{9b}', '\u{202e}', '\u{7f}']), "{shown:?}");
        let parsed = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        assert_eq!(parsed(&shown), parsed(json));
    }

    #[test]
    fn programs_get_dates_in_utc() {
        assert_eq!(rfc3339(1_768_467_600_000).as_deref(), Some("2026-01-15T09:00:00Z"));
    }
}
