//! Comma-separated values (RFC 4180), for a spreadsheet.

use std::borrow::Cow;

use connect_core::snapshot::HistoryRow;

const NAMES: [&str; 7] = ["date", "amount", "currency", "direction", "status", "description", "reference"];

/// What a spreadsheet takes for the beginning of a formula, also in full width, and what it skips before one.
const FORMULA: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

pub(super) fn render(rows: &[HistoryRow]) -> std::io::Result<String> {
    let mut file = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    file.write_record(NAMES)?;
    for row in rows {
        let date = row.at.and_then(super::instant).unwrap_or_default();
        // A number, by its type: the one cell that may begin with a sign.
        let amount = super::signed(row).map(|amount| amount.to_string()).unwrap_or_default();
        let [currency, narration, reference] =
            [&row.currency, &row.narration, &row.reference].map(|text| plain(text.as_deref().unwrap_or("")));
        file.write_record([&date, &amount, &*currency, super::direction(row), super::status(row), &*narration, &*reference])?;
    }
    let bytes = file.into_inner().map_err(|error| std::io::Error::other(error.to_string()))?;
    String::from_utf8(bytes).map_err(std::io::Error::other)
}

/// A cell that no spreadsheet takes for a formula: an apostrophe before it makes it text.
pub(super) fn plain(text: &str) -> Cow<'_, str> {
    let first = text.trim_start().chars().next();
    if text.starts_with(FORMULA) || first.is_some_and(|first| FORMULA.contains(&first)) { format!("'{text}").into() } else { text.into() }
}
