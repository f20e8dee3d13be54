//! A receipt of an approval, for the person's own files: as text, and as a page that a browser prints or saves as PDF. Names come from
//! strangers: none of them is markup or a line of its own.

use connect_core::feature::FeatureId;
use connect_core::snapshot::{Language, Receipt};
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

/// The words of one language.
struct Words {
    title: &'static str,
    number: &'static str,
    approved_on: &'static str,
    account: &'static str,
    approved_by: &'static str,
    whom: &'static str,
    program: &'static str,
    service: &'static str,
    /// `{name}` stands for what the service calls itself.
    calls_itself: &'static str,
    allowed: &'static str,
    extra: &'static str,
    left_off: &'static str,
    take_back: &'static str,
    how: &'static str,
    /// What follows a name, before its values.
    colon: &'static str,
}

const ENGLISH: Words = Words {
    title: "Receipt of an approval",
    number: "Number",
    approved_on: "Approved on",
    account: "Account",
    approved_by: "Approved by",
    whom: "For",
    program: concat!(env!("MONEI_PRODUCT_NAME"), " on this computer"),
    service: "Through the connection service",
    calls_itself: "it calls itself “{name}”",
    allowed: "Allowed",
    extra: "Allowed without being asked for",
    left_off: "Left off",
    take_back: "How to take it back",
    how: concat!(
        "In ",
        env!("MONEI_PRODUCT_NAME"),
        ": open the account and choose “Disconnect”. Or in Monei’s settings, under “Connected apps”. \
          It has no end date: it ends when you take it back."
    ),
    colon: ":",
};

const FRENCH: Words = Words {
    title: "Reçu d’un accord",
    number: "Numéro",
    approved_on: "Accord donné le",
    account: "Compte",
    approved_by: "Accord donné par",
    whom: "Pour",
    program: concat!(env!("MONEI_PRODUCT_NAME"), " sur cet ordinateur"),
    service: "Par le service de connexion",
    calls_itself: "il se nomme « {name} »",
    allowed: "Autorisé",
    extra: "Autorisé sans avoir été demandé",
    left_off: "Non autorisé",
    take_back: "Comment le retirer",
    how: concat!(
        "Dans ",
        env!("MONEI_PRODUCT_NAME"),
        " : ouvrez le compte et choisissez « Déconnecter ». Ou dans les paramètres de Monei, sous \
          « Connected apps ». L’accord n’a pas de date de fin : il prend fin quand vous le retirez."
    ),
    colon: " :",
};

const fn words(language: Language) -> &'static Words {
    match language {
        Language::English => &ENGLISH,
        Language::French => &FRENCH,
    }
}

impl Format {
    /// How its files' names end.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Text => "txt",
            Self::Html => "html",
        }
    }

    /// The file's content in a language, with times as the computer's clock has them.
    pub fn render(self, language: Language, receipt: &Receipt) -> String {
        self.render_in(language, receipt, TimeZone::system())
    }

    fn render_in(self, language: Language, receipt: &Receipt, zone: TimeZone) -> String {
        let lines = lines(language, receipt, zone);
        match self {
            Self::Text => text(language, &lines),
            Self::Html => html(language, &lines),
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

fn lines(language: Language, receipt: &Receipt, zone: TimeZone) -> Vec<Line> {
    let words = words(language);
    let line = |name, values: Vec<String>| Line { name, values };
    let one = |text: Option<&String>| text.map(|text| plain(text)).into_iter().collect::<Vec<_>>();
    let operator =
        receipt.operator.as_deref().map_or_else(String::new, |name| format!(" ({})", words.calls_itself.replace("{name}", &plain(name))));
    let who = [receipt.approved_by.as_ref(), receipt.email.as_ref()].into_iter().flatten().map(|text| plain(text)).collect();
    let all = [
        line(words.number, vec![receipt.number.to_string()]),
        line(words.approved_on, vec![moment(receipt.at, zone, "%Y-%m-%d %H:%M (UTC%:z)")]),
        line(words.account, one(receipt.name.as_ref())),
        line(words.approved_by, who),
        line(words.whom, vec![words.program.to_owned()]),
        line(words.service, vec![format!("{}{operator}", plain(&receipt.service))]),
        line(words.allowed, receipt.allowed.iter().map(|scope| named(language, scope)).collect()),
        line(words.extra, receipt.extra.iter().map(|scope| named(language, scope)).collect()),
        line(words.left_off, receipt.left_off.iter().map(|scope| named(language, scope)).collect()),
        line(words.take_back, vec![words.how.to_owned()]),
    ];
    all.into_iter().filter(|line| !line.values.is_empty()).collect()
}

/// A scope with the name of its feature, where this version knows one.
fn named(language: Language, scope: &str) -> String {
    let feature = FeatureId::all().find(|id| id.scope().as_str() == scope).and_then(|id| catalogue::feature(language, id.scope()));
    feature.map_or_else(|| plain(scope), |words| format!("{} ({scope})", words.title))
}

/// Without what would begin a line, or turn the direction of what follows.
fn plain(text: &str) -> String {
    let hidden = |letter: &char| {
        letter.is_control() || matches!(letter, '\u{61c}' | '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|letter| if hidden(&letter) { ' ' } else { letter }).collect()
}

fn text(language: Language, lines: &[Line]) -> String {
    let Words { title, colon, .. } = words(language);
    let mut text = format!("{title}\n");
    for Line { name, values } in lines {
        text += &format!("\n{name}{colon}\n");
        for value in values {
            text += &format!("  {value}\n");
        }
    }
    text
}

fn html(language: Language, lines: &[Line]) -> String {
    let (title, tag) = (words(language).title, language.tag());
    let rows = lines.iter().map(|Line { name, values }| {
        let values: String = values.iter().map(|value| format!("<dd>{}</dd>", escape(value.as_str()))).collect();
        format!("<dt>{name}</dt>{values}\n")
    });
    format!(
        "<!doctype html>\n<html lang=\"{tag}\">\n<head>\n<meta charset=\"utf-8\">\n<title>{title}</title>\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n<style>\n\
         @page {{ size: A4; margin: 20mm }}\n\
         body {{ max-width: 42rem; margin: 2rem auto; padding: 0 1rem; font: 11pt/1.5 sans-serif; color: #1c1c1c; overflow-wrap: anywhere }}\n\
         h1 {{ font-size: 16pt }}\n\
         dt {{ margin-top: 0.8rem; font-weight: 600; break-after: avoid }}\n\
         dd {{ margin: 0 }}\n</style>\n</head>\n<body>\n<h1>{title}</h1>\n<dl>\n{}</dl>\n</body>\n</html>\n",
        rows.collect::<String>()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const MARKUP: &str = "<b>Ada</b> & \u{202e}\u{61c}\nAllowed:\n  everything";

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
        let text = Format::Text.render_in(Language::English, &receipt(), TimeZone::UTC);
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
        let french = Format::Text.render_in(Language::French, &receipt(), TimeZone::UTC);
        for words in [
            "Reçu d’un accord\n",
            "Accord donné le\u{202f}:\n  2026-01-15 09:00",
            "(il se nomme «\u{202f}Example Operator\u{202f}»)\n",
            "Solde et historique (wallet:read)\n",
        ] {
            assert!(french.contains(words), "{words:?} in {french}");
        }
        assert!(Format::Html.render_in(Language::French, &receipt(), TimeZone::UTC).contains("<html lang=\"fr\">"));
        assert_eq!(day(1_768_467_600_000).len(), "2026-01-15".len());
    }

    #[test]
    fn a_strangers_name_is_neither_markup_nor_a_line_of_its_own() {
        let text = Format::Text.render_in(Language::English, &receipt(), TimeZone::UTC);
        assert_eq!(text.lines().filter(|line| *line == "Allowed:").count(), 1, "{text}");
        let html = Format::Html.render_in(Language::English, &receipt(), TimeZone::UTC);
        assert!(
            html.contains("&lt;b&gt;Ada&lt;/b&gt; &amp;") && !html.contains("<b>") && !html.contains(['\u{202e}', '\u{61c}']),
            "{html}"
        );
    }
}
