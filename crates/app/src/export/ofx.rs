//! Open Financial Exchange 2.2: one statement for each currency. It has no place for what isn't through, and for what has no date, amount,
//! currency or direction. The balance that a statement may name is left out: Monei tells today's alone.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;

use connect_core::snapshot::{Direction, HistoryRow, TransactionStatus};
use jiff::Timestamp;
use quick_xml::escape::escape;
use rust_decimal::Decimal;

use super::{Rendered, Statement};

/// Longest `NAME`, in characters.
const MAX_NAME: usize = 32;
/// Longest `MEMO` and `FITID`, in characters.
const MAX_TEXT: usize = 255;

struct Line<'a> {
    at: i64,
    amount: Decimal,
    row: &'a HistoryRow,
}

pub(super) fn render(statement: &Statement<'_>) -> Rendered {
    let mut by_currency: BTreeMap<&str, Vec<Line<'_>>> = BTreeMap::new();
    let mut written = 0;
    for row in statement.rows {
        let through = row.status == TransactionStatus::Done && row.direction != Direction::Unknown;
        if let (true, Some(at), Some(amount), Some(currency)) = (through, row.at, super::signed(row), row.currency.as_deref()) {
            by_currency.entry(currency).or_default().push(Line { at, amount, row });
            written += 1;
        }
    }
    let made = time(statement.made_at.as_millisecond());
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"no\"?>\n");
    text += "<?OFX OFXHEADER=\"200\" VERSION=\"220\" SECURITY=\"NONE\" OLDFILEUID=\"NONE\" NEWFILEUID=\"NONE\"?>\n<OFX>\n";
    let fine = "<STATUS><CODE>0</CODE><SEVERITY>INFO</SEVERITY></STATUS>";
    let _ = writeln!(text, "<SIGNONMSGSRSV1><SONRS>{fine}<DTSERVER>{made}</DTSERVER><LANGUAGE>ENG</LANGUAGE></SONRS></SIGNONMSGSRSV1>");
    // Without a statement it may not be there.
    if !by_currency.is_empty() {
        text += "<BANKMSGSRSV1>\n";
    }
    let mut ids = HashSet::new();
    for (number, (currency, lines)) in by_currency.iter().enumerate() {
        let (first, last) = lines.iter().fold((i64::MAX, i64::MIN), |(first, last), line| (first.min(line.at), last.max(line.at)));
        let _ = writeln!(text, "<STMTTRNRS><TRNUID>{}</TRNUID>{fine}<STMTRS><CURDEF>{}</CURDEF>", number + 1, words(currency, MAX_NAME));
        let account = words(statement.account, MAX_NAME);
        let _ =
            writeln!(text, "<BANKACCTFROM><BANKID>MONEI</BANKID><ACCTID>{account}</ACCTID><ACCTTYPE>CHECKING</ACCTTYPE></BANKACCTFROM>");
        let _ = writeln!(text, "<BANKTRANLIST><DTSTART>{}</DTSTART><DTEND>{}</DTEND>", time(first), time(last));
        for Line { at, amount, row } in lines {
            let kind = if amount.is_sign_negative() { "DEBIT" } else { "CREDIT" };
            let named = told(row.id.as_deref()).or(told(row.reference.as_deref()));
            let mut id = words(named.unwrap_or(&format!("{at}/{amount}")), MAX_TEXT);
            // What has no id of its own still has one in this file.
            while !ids.insert(id.clone()) {
                id.push('+');
            }
            let narration = told(row.narration.as_deref()).unwrap_or(if kind == "DEBIT" { "Money out" } else { "Money in" });
            let _ = write!(text, "<STMTTRN><TRNTYPE>{kind}</TRNTYPE><DTPOSTED>{}</DTPOSTED><TRNAMT>{amount}</TRNAMT>", time(*at));
            let _ =
                write!(text, "<FITID>{id}</FITID><NAME>{}</NAME><MEMO>{}</MEMO>", words(narration, MAX_NAME), words(narration, MAX_TEXT));
            text += "</STMTTRN>\n";
        }
        text += "</BANKTRANLIST></STMTRS></STMTTRNRS>\n";
    }
    text += if by_currency.is_empty() { "</OFX>\n" } else { "</BANKMSGSRSV1>\n</OFX>\n" };
    Rendered { text, written, left_out: statement.rows.len() - written }
}

/// `20240301123000.000[0:GMT]`
fn time(at_ms: i64) -> String {
    let at = Timestamp::from_millisecond(at_ms).unwrap_or_default();
    format!("{}[0:GMT]", at.strftime("%Y%m%d%H%M%S.%3f"))
}

/// Whether a letter may be in the file. XML has no place for the last two, whichever way they are written.
fn fits(letter: char) -> bool {
    !letter.is_control() && !matches!(letter, '\u{fffe}' | '\u{ffff}')
}

/// What has something in it beside blanks: an element may not be empty.
fn told(text: Option<&str>) -> Option<&str> {
    text.filter(|text| text.chars().any(|letter| fits(letter) && !letter.is_whitespace()))
}

/// Text of at most `most` characters that is no markup. Letters beyond ASCII are written as references: some readers take a file for ASCII,
/// whatever it says of itself.
fn words(text: &str, most: usize) -> String {
    let clean: String = text.chars().filter(|letter| fits(*letter)).take(most).collect();
    let mut words = String::new();
    for letter in escape(clean.as_str()).chars() {
        if letter.is_ascii() {
            words.push(letter);
        } else {
            let _ = write!(words, "&#{};", u32::from(letter));
        }
    }
    words
}
