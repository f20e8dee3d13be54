//! A receipt of an approval, for the person's own files: as text, and as a page that a browser prints or saves as PDF. Names come from
//! strangers: none of them is markup or a line of its own.

use connect_core::feature::FeatureId;
use connect_core::snapshot::Receipt;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use quick_xml::escape::escape;

use crate::catalogue;

/// Which kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Plain text, UTF-8.
    Text,
    /// A page without scripts, pictures or anything from elsewhere.
    Html,
}

/// What it says, in order: each with its name.
struct Line {
    name: &'static str,
    values: Vec<String>,
}

const TITLE: &str = "Receipt of an approval";
const HOW: &str = "In Monei Connections: open the account and choose “Disconnect”. Or in Monei’s settings, under “Connected apps”. \
It has no end date: it ends when you take it back.";

impl Format {
    /// How its files' names end.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Text => "txt",
            Self::Html => "html",
        }
    }

    /// The file's content, with times as the computer's clock has them.
    pub fn render(self, receipt: &Receipt) -> String {
        self.render_in(receipt, TimeZone::system())
    }

    fn render_in(self, receipt: &Receipt, zone: TimeZone) -> String {
        let lines = lines(receipt, zone);
        match self {
            Self::Text => text(&lines),
            Self::Html => html(&lines),
        }
    }
}

/// The day of a receipt for a file's name, such as `2026-01-15`.
pub fn day(at_ms: i64) -> String {
    moment(at_ms, TimeZone::system(), "%Y-%m-%d")
}

fn moment(at_ms: i64, zone: TimeZone, format: &str) -> String {
    let at = Timestamp::from_millisecond(at_ms).unwrap_or_default();
    at.to_zoned(zone).strftime(format).to_string()
}

fn lines(receipt: &Receipt, zone: TimeZone) -> Vec<Line> {
    let line = |name, values: Vec<String>| Line { name, values };
    let one = |text: Option<&String>| text.map(|text| plain(text)).into_iter().collect::<Vec<_>>();
    let operator = receipt.operator.as_deref().map_or_else(String::new, |name| format!(" (it calls itself “{}”)", plain(name)));
    let who = [receipt.approved_by.as_ref(), receipt.email.as_ref()].into_iter().flatten().map(|text| plain(text)).collect();
    let all = [
        line("Number", vec![receipt.number.to_string()]),
        line("Approved on", vec![moment(receipt.at, zone, "%Y-%m-%d %H:%M (UTC%:z)")]),
        line("Account", one(receipt.name.as_ref())),
        line("Approved by", who),
        line("For", vec!["Monei Connections on this computer".to_owned()]),
        line("Through the connection service", vec![format!("{}{operator}", plain(&receipt.service))]),
        line("Allowed", receipt.allowed.iter().map(|scope| named(scope)).collect()),
        line("Allowed without being asked for", receipt.extra.iter().map(|scope| named(scope)).collect()),
        line("Left off", receipt.left_off.iter().map(|scope| named(scope)).collect()),
        line("How to take it back", vec![HOW.to_owned()]),
    ];
    all.into_iter().filter(|line| !line.values.is_empty()).collect()
}

/// A scope with the name of its feature, where this version knows one.
fn named(scope: &str) -> String {
    let feature = FeatureId::all().find(|id| id.scope().as_str() == scope).and_then(|id| catalogue::feature(id.scope()));
    feature.map_or_else(|| plain(scope), |words| format!("{} ({scope})", words.title))
}

/// Without what would begin a line, or turn the direction of what follows.
fn plain(text: &str) -> String {
    let hidden = |letter: &char| {
        letter.is_control() || matches!(letter, '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|letter| if hidden(&letter) { ' ' } else { letter }).collect()
}

fn text(lines: &[Line]) -> String {
    let mut text = format!("{TITLE}\n");
    for Line { name, values } in lines {
        text += &format!("\n{name}:\n");
        for value in values {
            text += &format!("  {value}\n");
        }
    }
    text
}

fn html(lines: &[Line]) -> String {
    let rows = lines.iter().map(|Line { name, values }| {
        let values: String = values.iter().map(|value| format!("<dd>{}</dd>", escape(value.as_str()))).collect();
        format!("<dt>{name}</dt>{values}\n")
    });
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>{TITLE}</title>\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n<style>\n\
         @page {{ size: A4; margin: 20mm }}\n\
         body {{ max-width: 42rem; margin: 2rem auto; padding: 0 1rem; font: 11pt/1.5 sans-serif; color: #1c1c1c; overflow-wrap: anywhere }}\n\
         h1 {{ font-size: 16pt }}\n\
         dt {{ margin-top: 0.8rem; font-weight: 600; break-after: avoid }}\n\
         dd {{ margin: 0 }}\n</style>\n</head>\n<body>\n<h1>{TITLE}</h1>\n<dl>\n{}</dl>\n</body>\n</html>\n",
        rows.collect::<String>()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const MARKUP: &str = "<b>Ada</b> & \u{202e}\nAllowed:\n  everything";

    fn receipt() -> Receipt {
        Receipt {
            number: 7,
            at: 1_768_467_600_000,
            account: None,
            name: Some("Shop".into()),
            approved_by: Some(MARKUP.into()),
            email: None,
            service: "https://connect.example.org".into(),
            operator: Some("Example Operator".into()),
            allowed: vec!["wallet:read".into(), "cards:read".into()],
            left_off: vec!["wallet:send".into()],
            extra: Vec::new(),
        }
    }

    #[test]
    fn a_receipt_says_who_what_when_through_whom_and_how_to_take_it_back() {
        let text = Format::Text.render_in(&receipt(), TimeZone::UTC);
        for words in [
            "Approved on:\n  2026-01-15 09:00 (UTC+00:00)\n",
            "Account:\n  Shop\n",
            "Through the connection service:\n  https://connect.example.org (it calls itself “Example Operator”)\n",
            "(wallet:read)\n  cards:read\n",
            "(wallet:send)\n",
            "“Connected apps”",
        ] {
            assert!(text.contains(words), "{words:?} in {text}");
        }
        assert!(!text.contains("Allowed without being asked for"));
        assert_eq!(day(1_768_467_600_000).len(), "2026-01-15".len());
    }

    #[test]
    fn a_strangers_name_is_neither_markup_nor_a_line_of_its_own() {
        let text = Format::Text.render_in(&receipt(), TimeZone::UTC);
        assert_eq!(text.lines().filter(|line| *line == "Allowed:").count(), 1, "{text}");
        let html = Format::Html.render_in(&receipt(), TimeZone::UTC);
        assert!(html.contains("&lt;b&gt;Ada&lt;/b&gt; &amp;") && !html.contains("<b>") && !html.contains('\u{202e}'), "{html}");
    }
}
