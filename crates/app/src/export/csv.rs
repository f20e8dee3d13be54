//! Comma-separated values (RFC 4180), for a spreadsheet.

use connect_core::snapshot::HistoryRow;

const NAMES: [&str; 7] = ["date", "amount", "currency", "direction", "status", "description", "reference"];

/// What a spreadsheet takes for the beginning of a formula, also in full width.
const FORMULA: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];
/// What ends a cell for a spreadsheet that is set to another separator than the comma: in French it is the semicolon. Quotation marks around the
/// whole cell don't keep it from that.
const CELL: [char; 4] = [';', '\t', '\r', '\n'];

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

/// A cell that no spreadsheet takes for a formula, whole or in part: an apostrophe before it makes it text.
pub(super) fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    // Where the cell begins, and whether nothing of it was seen yet.
    let (mut start, mut begins) = (0, true);
    for letter in text.chars() {
        if begins && FORMULA.contains(&letter) {
            plain.insert(start, '\'');
        }
        plain.push(letter);
        if letter == ';' || (!begins && CELL.contains(&letter)) {
            (start, begins) = (plain.len(), true);
        } else {
            begins = begins && is_unseen(letter);
        }
    }
    plain
}

/// What may stand before a formula: blanks, controls, marks of no width, and quotes.
fn is_unseen(letter: char) -> bool {
    let no_width = ['\u{ad}', '\u{61c}', '\u{180e}', '\u{feff}'].contains(&letter)
        || matches!(letter, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}');
    no_width || letter == '"' || letter.is_whitespace() || letter.is_control()
}
