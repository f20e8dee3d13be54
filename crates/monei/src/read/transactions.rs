//! `GET /transactions` and `GET /transactions/user` (scope `wallet:read`).

use jiff::Timestamp;
use serde_json::Value;

use super::envelope::{Body, Object, amount, count, id, instant, nested, text};
use super::{MAX_ITEMS, ReadError};
use crate::money::Amount;

/// A page of the history.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transactions {
    /// In the order of the answer, at most [`MAX_ITEMS`].
    pub items: Vec<Transaction>,
    /// How many there are in all, on every page.
    pub total: Option<u64>,
    /// How many entries of this page aren't among `items`: beyond [`MAX_ITEMS`], or no transaction.
    pub left_out: usize,
}

/// One transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction {
    /// `id`, which no other transaction has.
    pub id: Option<String>,
    /// `reference`: what a person can look it up by.
    pub reference: Option<String>,
    /// When it was made.
    pub created_at: Option<Timestamp>,
    /// How much, in the currency's major units.
    pub amount: Option<Amount>,
    /// Currency; may be absent.
    pub currency: Option<String>,
    /// `type`.
    pub kind: Option<TransactionKind>,
    /// `nature`, on newer answers.
    pub nature: Option<Nature>,
    /// `status`.
    pub state: TransactionState,
    /// What it was for; may be null.
    pub narration: Option<String>,
}

/// `type` of a transaction, in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransactionKind {
    /// `DEBIT`: money went out.
    Debit,
    /// `CREDIT`: money came in.
    Credit,
    /// `PEER-TRANSFER`: between users, in either direction.
    PeerTransfer,
}

/// `nature` of a transaction, as far as it tells the direction or the currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nature {
    /// Naira coming in.
    FiatIn,
    /// Naira going out.
    FiatOut,
    /// Naira between users, in either direction.
    FiatPeer,
    /// Another currency or a token coming in.
    OtherIn,
    /// Another currency or a token going out.
    OtherOut,
    /// Anything else that is told, such as crypto that was sold.
    Other,
}

/// `status` of a transaction, in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransactionState {
    /// Not through yet: `PENDING`, `initiated`, `processing`, `confirming`.
    Pending,
    /// Through: `SUCCESS` and `COMPLETED` mean the same.
    Done,
    /// `FAILED`
    Failed,
    /// `CANCELLED`
    Cancelled,
    /// Anything else, or nothing.
    Unknown,
}

impl Transactions {
    /// Where it is read, below the API base, as the scopes page has it.
    pub const PATH: &str = "/transactions";
    /// Where it is read, below the API base, as the API reference has it; tried where [`Transactions::PATH`] answers 404.
    pub const OTHER_PATH: &str = "/transactions/user";

    /// Reads an answer of `GET /transactions` or `GET /transactions/user`: an object with `transactions` and `pagination`, or a bare list.
    ///
    /// # Errors
    /// [`ReadError`] when the body as a whole is something else.
    pub fn parse(body: &[u8]) -> Result<Self, ReadError> {
        let body = Body::parse(body)?;
        let beside = total(&body.beside);
        match body.payload {
            Value::Array(list) => Ok(Self::of(&list, beside)),
            Value::Object(object) => {
                let list = object.get("transactions").and_then(Value::as_array).ok_or(ReadError::NotThisShape)?;
                Ok(Self::of(list, total(&object).or(beside)))
            }
            _ => Err(ReadError::NotThisShape),
        }
    }

    fn of(list: &[Value], total: Option<u64>) -> Self {
        let items: Vec<_> = list.iter().filter_map(Value::as_object).take(MAX_ITEMS).map(Transaction::of).collect();
        Self { left_out: list.len().saturating_sub(items.len()), items, total }
    }
}

fn total(object: &Object) -> Option<u64> {
    let inner = nested(object, &["pagination", "meta"]).and_then(|page| count(page, &["total", "totalItems"]));
    inner.or_else(|| count(object, &["total"]))
}

impl Transaction {
    fn of(item: &Object) -> Self {
        Self {
            id: id(item, &["id"]),
            reference: text(item, &["reference"]),
            created_at: instant(item, &["createdAt"]),
            amount: amount(item, &["amount"]),
            currency: text(item, &["currency"]),
            kind: text(item, &["type"]).and_then(|kind| TransactionKind::of(&kind)),
            nature: text(item, &["nature"]).map(|nature| Nature::of(&nature)),
            state: text(item, &["status"]).map_or(TransactionState::Unknown, |status| TransactionState::of(&status)),
            narration: text(item, &["narration"]),
        }
    }
}

impl TransactionKind {
    fn of(text: &str) -> Option<Self> {
        match text.to_ascii_uppercase().as_str() {
            "DEBIT" => Some(Self::Debit),
            "CREDIT" => Some(Self::Credit),
            "PEER-TRANSFER" | "PEER_TRANSFER" => Some(Self::PeerTransfer),
            _ => None,
        }
    }
}

impl Nature {
    fn of(text: &str) -> Self {
        match text.to_ascii_uppercase().as_str() {
            "FIAT_DEPOSIT" | "FIAT_CARD_DEPOSIT" | "FIAT_USSD_DEPOSIT" => Self::FiatIn,
            "FIAT_WITHDRAWAL" => Self::FiatOut,
            // A transfer is listed for both sides.
            "FIAT_P2P" | "FIAT_TRANSFER" => Self::FiatPeer,
            "CRYPTO_DEPOSIT" | "CROSS_BORDER_IN" => Self::OtherIn,
            "CRYPTO_WITHDRAWAL" | "CROSS_BORDER_OUT" => Self::OtherOut,
            _ => Self::Other,
        }
    }
}

impl TransactionState {
    fn of(text: &str) -> Self {
        match text.to_ascii_uppercase().as_str() {
            "PENDING" | "INITIATED" | "PROCESSING" | "CONFIRMING" => Self::Pending,
            "SUCCESS" | "COMPLETED" => Self::Done,
            "FAILED" => Self::Failed,
            "CANCELLED" | "CANCELED" => Self::Cancelled,
            _ => Self::Unknown,
        }
    }
}
