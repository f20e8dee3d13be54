//! Transactions as a file that other programs read: CSV for a spreadsheet, OFX for bookkeeping, JSON for programs. Amounts are as exact as
//! Monei told them. Descriptions come from strangers: none of them is a formula, markup or a control character in the file.

mod activity;
mod csv;
mod ofx;
mod save;

use connect_core::snapshot::{Direction, HistoryRow, TransactionStatus};
use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

pub use activity::ActivityFormat;
pub use save::{create, new_in, replace};

/// Which kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Comma-separated values, UTF-8, a line of names first.
    Csv,
    /// Open Financial Exchange 2.2. Only what is through, in or out, dated, and of a known amount.
    Ofx,
    /// A list of objects; amounts are strings.
    Json,
}

/// What tells `account` from others in bookkeeping, the same in every file. The handle itself is never shown.
pub fn bookkeeping_name(account: &str) -> String {
    hex::encode(&Sha256::digest(account)[..8])
}

/// What a file is about.
pub struct Statement<'a> {
    /// What tells the account from others in bookkeeping: [`bookkeeping_name`].
    pub account: &'a str,
    /// What a person calls it.
    pub name: &'a str,
    /// When the file is made.
    pub made_at: Timestamp,
    /// The transactions.
    pub rows: &'a [HistoryRow],
}

/// A file's content.
pub struct Rendered {
    /// The text, UTF-8.
    pub text: String,
    /// How many transactions are in it.
    pub written: usize,
    /// How many the format has no place for.
    pub left_out: usize,
}

impl Format {
    /// How its files' names end.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Ofx => "ofx",
            Self::Json => "json",
        }
    }

    /// The file's content.
    ///
    /// # Errors
    /// None that this data can bring about; the writers of the formats have some.
    pub fn render(self, statement: &Statement<'_>) -> std::io::Result<Rendered> {
        let written = statement.rows.len();
        match self {
            Self::Csv => Ok(Rendered { text: csv::render(statement.rows)?, written, left_out: 0 }),
            Self::Json => Ok(Rendered { text: json(statement)?, written, left_out: 0 }),
            Self::Ofx => Ok(ofx::render(statement)),
        }
    }
}

/// The amount with its sign: what went out is negative, and nothing is "-0".
fn signed(row: &HistoryRow) -> Option<Decimal> {
    let signed = |amount: Decimal| match row.direction {
        _ if amount.is_zero() => amount.abs(),
        Direction::Out => -amount.abs(),
        Direction::In | Direction::Unknown => amount,
    };
    row.amount.map(signed)
}

/// `2024-03-01T12:30:00Z`
fn instant(at_ms: i64) -> Option<String> {
    Timestamp::from_millisecond(at_ms).ok().map(|at| at.to_string())
}

fn direction(row: &HistoryRow) -> &'static str {
    match row.direction {
        Direction::In => "in",
        Direction::Out => "out",
        Direction::Unknown => "",
    }
}

fn status(row: &HistoryRow) -> &'static str {
    match row.status {
        TransactionStatus::Pending => "pending",
        TransactionStatus::Done => "done",
        TransactionStatus::Failed => "failed",
        TransactionStatus::Cancelled => "cancelled",
        TransactionStatus::Unknown => "",
    }
}

fn json(statement: &Statement<'_>) -> std::io::Result<String> {
    #[derive(Serialize)]
    struct Line<'a> {
        at: Option<String>,
        amount: Option<String>,
        currency: Option<&'a str>,
        direction: Option<&'a str>,
        status: Option<&'a str>,
        description: Option<&'a str>,
        reference: Option<&'a str>,
    }
    #[derive(Serialize)]
    struct File<'a> {
        account: &'a str,
        made_at: String,
        transactions: Vec<Line<'a>>,
    }
    let told = |text: &'static str| Some(text).filter(|text| !text.is_empty());
    let mut transactions = Vec::with_capacity(statement.rows.len());
    for row in statement.rows {
        transactions.push(Line {
            at: row.at.and_then(instant),
            amount: signed(row).map(|amount| amount.to_string()),
            currency: row.currency.as_deref(),
            direction: told(direction(row)),
            status: told(status(row)),
            description: row.narration.as_deref(),
            reference: row.reference.as_deref(),
        });
    }
    let file = File { account: statement.name, made_at: statement.made_at.to_string(), transactions };
    Ok(serde_json::to_string_pretty(&file)? + "\n")
}

#[cfg(test)]
mod tests;
