//! The whole history of an account: what of it is asked for, and what comes back.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{Direction, TransactionItem, TransactionStatus};

/// What is asked for: every filter that Monei documents (API reference, transactions). Empty fields filter nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct HistoryFilter {
    /// How it stands.
    pub status: Option<HistoryStatus>,
    /// Which way the money went.
    pub kind: Option<HistoryKind>,
    /// Currency, such as `NGN`.
    pub currency: Option<String>,
    /// Smallest amount, in major units.
    pub min_amount: Option<String>,
    /// Largest amount, in major units.
    pub max_amount: Option<String>,
    /// Part of what it was for.
    pub narration: Option<String>,
    /// Monei's reference.
    pub reference: Option<String>,
    /// The reference of the provider Fincra.
    pub fincra_reference: Option<String>,
    /// The reference of the provider Flutterwave.
    pub flutterwave_reference: Option<String>,
    /// First day, `YYYY-MM-DD`.
    pub from: Option<String>,
    /// Last day, `YYYY-MM-DD`.
    pub to: Option<String>,
    /// In which order.
    pub order: HistoryOrder,
}

/// `status`, as Monei's list endpoint takes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "UPPERCASE")]
pub enum HistoryStatus {
    /// Not through yet.
    Pending,
    /// Through.
    Success,
    /// Through, as some kinds of payment call it.
    Completed,
    /// Failed.
    Failed,
    /// Taken back.
    Cancelled,
}

/// `type`, as Monei's list endpoint takes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
pub enum HistoryKind {
    /// Money went out.
    #[strum(serialize = "DEBIT")]
    Debit,
    /// Money came in.
    #[strum(serialize = "CREDIT")]
    Credit,
    /// Between two users.
    #[strum(serialize = "PEER-TRANSFER")]
    PeerTransfer,
}

/// `sortBy` and `sortOrder`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HistoryOrder {
    /// By when it was made, newest first.
    #[default]
    Newest,
    /// By when it was made, oldest first.
    Oldest,
    /// By when it last changed, newest first.
    Changed,
    /// By amount, largest first.
    Largest,
    /// By amount, smallest first.
    Smallest,
}

/// One page of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct HistoryPage {
    /// In the order that was asked for.
    pub items: Vec<TransactionItem>,
    /// How many there are in all.
    pub total: Option<u32>,
    /// Whether there is a page after it.
    pub more: bool,
}

/// One transaction with its exact amount, for a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryRow {
    /// Monei's id.
    pub id: Option<String>,
    /// When, in milliseconds since the Unix epoch.
    pub at: Option<i64>,
    /// How much, in the currency's major units, as Monei told it.
    pub amount: Option<Decimal>,
    /// ISO 4217 for fiat, the token's symbol otherwise.
    pub currency: Option<String>,
    /// In or out.
    pub direction: Direction,
    /// How it stands.
    pub status: TransactionStatus,
    /// What it was for.
    pub narration: Option<String>,
    /// What it can be looked up by.
    pub reference: Option<String>,
}
