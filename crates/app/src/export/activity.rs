//! What happened, as a file: CSV for a spreadsheet, JSON for programs. Names in it come from strangers: none of them is a formula.

use connect_core::snapshot::{ActivityEvent, ActivityItem, Language};
use serde::Serialize;

use super::csv::plain;
use super::instant;
use crate::catalogue;

/// Which kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActivityFormat {
    /// Comma-separated values, UTF-8, a line of names first.
    Csv,
    /// A list of objects.
    Json,
}

const NAMES: [&str; 8] = ["date", "what", "kind", "account", "app", "permissions", "not_allowed", "detail"];

/// One line, in the words of both formats.
#[derive(Serialize)]
struct Line<'a> {
    date: Option<String>,
    what: String,
    kind: &'static str,
    account: Option<&'a str>,
    app: Option<&'a str>,
    permissions: Vec<&'a str>,
    not_allowed: Vec<&'a str>,
    detail: Option<String>,
}

impl ActivityFormat {
    /// How its files' names end.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Json => "json",
        }
    }

    /// The file's content. What happened is told in this language; the names of columns and kinds are the same in each, for programs.
    ///
    /// # Errors
    /// None that this data can bring about; the writers of the formats have some.
    pub fn render(self, language: Language, items: &[ActivityItem]) -> std::io::Result<String> {
        let lines: Vec<Line<'_>> = items.iter().map(|item| line(language, item)).collect();
        match self {
            Self::Json => Ok(serde_json::to_string_pretty(&lines)? + "\n"),
            Self::Csv => csv(&lines),
        }
    }
}

fn csv(lines: &[Line<'_>]) -> std::io::Result<String> {
    let mut file = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    file.write_record(NAMES)?;
    for line in lines {
        let (permissions, not_allowed) = (line.permissions.join(" "), line.not_allowed.join(" "));
        let date = line.date.clone().unwrap_or_default();
        let detail = line.detail.clone().unwrap_or_default();
        let texts =
            [&line.what, line.kind, line.account.unwrap_or(""), line.app.unwrap_or(""), &permissions, &not_allowed, &detail].map(plain);
        file.write_record(std::iter::once(date.as_str()).chain(texts.iter().map(String::as_str)))?;
    }
    let bytes = file.into_inner().map_err(|error| std::io::Error::other(error.to_string()))?;
    String::from_utf8(bytes).map_err(std::io::Error::other)
}

/// The words of one language beside the catalogue's.
struct Words {
    an_account: &'static str,
    confirmed: &'static str,
    unconfirmed: &'static str,
    to: &'static str,
    reference: &'static str,
}

const ENGLISH: Words =
    Words {
        an_account: "an account", confirmed: "Monei confirmed", unconfirmed: "Monei didn’t confirm", to: "to", reference: "reference"
    };

const FRENCH: Words = Words {
    an_account: "un compte",
    confirmed: "Monei a confirmé",
    unconfirmed: "Monei n’a pas confirmé",
    to: "à",
    reference: "référence",
};

const fn words(language: Language) -> &'static Words {
    match language {
        Language::English => &ENGLISH,
        Language::French => &FRENCH,
    }
}

impl Words {
    const fn confirmed(&self, confirmed: bool) -> &'static str {
        if confirmed { self.confirmed } else { self.unconfirmed }
    }

    /// How much, of what, to whom, and the app's reference.
    fn paid(&self, amount: Option<&str>, currency: Option<&str>, to: Option<&str>, reference: Option<&str>) -> String {
        let to = to.map(|to| format!("{} {to}", self.to));
        let reference = reference.map(|reference| format!("({} {reference})", self.reference));
        let parts = [amount, currency.filter(|_| amount.is_some()), to.as_deref(), reference.as_deref()];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
    }
}

fn line(language: Language, item: &ActivityItem) -> Line<'_> {
    use ActivityEvent as E;
    let words = words(language);
    let none: &[String] = &[];
    let (permissions, not_allowed) = match &item.event {
        E::Connected { granted, declined } | E::Reconnected { granted, declined } => (granted.as_slice(), declined.as_slice()),
        E::TakenBack { scopes, along, .. } => (scopes.as_slice(), along.as_slice()),
        E::Revoked { scopes }
        | E::SetAside { scopes, .. }
        | E::SwitchedOn { scopes, .. }
        | E::Contradicted { scopes }
        | E::AppAllowed { scopes, .. }
        | E::AppNarrowed { scopes, .. }
        | E::AppExtended { scopes, .. } => (scopes.as_slice(), none),
        E::Refreshed
        | E::Disconnected { .. }
        | E::Failed { .. }
        | E::BackendChanged { .. }
        | E::AppTakenBack { .. }
        | E::Payment { .. }
        | E::Unknown => (none, none),
    };
    let kind = match &item.event {
        E::Payment { outcome, .. } => (*outcome).into(),
        event => event.into(),
    };
    let detail = match &item.event {
        E::Disconnected { confirmed, .. } => Some(words.confirmed(*confirmed).to_owned()),
        E::Failed { code } => Some(code.parse().map_or_else(|_| code.clone(), |code| catalogue::problem(language, code).title.to_owned())),
        E::BackendChanged { address } => Some(address.clone()),
        E::Payment { amount, currency, to, reference, .. } => {
            Some(words.paid(amount.as_deref(), currency.as_deref(), to.as_deref(), reference.as_deref()))
        }
        _ => None,
    };
    Line {
        date: instant(item.at),
        what: catalogue::event(language, &item.event, item.account_name.as_deref().unwrap_or(words.an_account)),
        kind,
        account: item.account_name.as_deref(),
        app: item.event.app(),
        permissions: permissions.iter().map(String::as_str).collect(),
        not_allowed: not_allowed.iter().map(String::as_str).collect(),
        detail,
    }
}
