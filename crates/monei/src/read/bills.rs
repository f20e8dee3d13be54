//! `GET /bills/records` (scope `wallet:read`): bills that were paid.

use jiff::Timestamp;
use serde_json::Value;

use super::envelope::{Body, Object, amount, count, flag, instant, text};
use super::{MAX_ITEMS, ReadError};
use crate::money::Amount;

/// A page of bills.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bills {
    /// In the order of the answer, at most [`MAX_ITEMS`].
    pub items: Vec<Bill>,
    /// How many there are in all, on every page.
    pub total: Option<u64>,
    /// Whether there is a page after this one.
    pub has_next: Option<bool>,
}

/// One bill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bill {
    /// `reference`
    pub reference: Option<String>,
    /// `type`
    pub kind: BillKind,
    /// `status`
    pub state: PaymentState,
    /// Who was paid, such as `DSTV`.
    pub biller: Option<String>,
    /// For whom: a telephone, meter or card number.
    pub customer: Option<String>,
    /// How much, in naira (major units).
    pub amount: Option<Amount>,
    /// When.
    pub created_at: Option<Timestamp>,
    /// What is typed into a prepaid electricity meter.
    pub meter_code: Option<String>,
    /// Units of electricity that it gives.
    pub units: Option<String>,
    /// How long what was bought is good for.
    pub validity: Option<String>,
}

/// `type` of a bill, in any case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BillKind {
    /// `AIRTIME`
    Airtime,
    /// `MOBILEDATA`
    MobileData,
    /// `CABLEBILLS`
    CableTv,
    /// `UTILITYBILLS`
    Utility,
    /// Monei's word, where this version doesn't know it.
    Other(String),
    /// Nothing was told.
    Unknown,
}

/// `status` of a bill or a deposit, in any case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PaymentState {
    /// `PENDING`, `INITIATED`, `PROCESSING`: not through yet.
    Pending,
    /// `SUCCESS` and `COMPLETED` mean the same: through.
    Done,
    /// `FAILED`
    Failed,
    /// `CANCELLED`
    Cancelled,
    /// Monei's word, where this version doesn't know it.
    Other(String),
    /// Nothing was told.
    Unknown,
}

impl Bills {
    /// Where they are read, below the API base.
    pub const PATH: &str = "/bills/records";

    /// Reads an answer of `GET /bills/records`: an object with `bills` and their count, or a bare list.
    ///
    /// # Errors
    /// [`ReadError`] when the body as a whole is something else.
    pub fn parse(body: &[u8]) -> Result<Self, ReadError> {
        let items = |list: &[Value]| list.iter().filter_map(Value::as_object).take(MAX_ITEMS).map(Bill::of).collect();
        match Body::parse(body)?.payload {
            Value::Array(list) => Ok(Self { items: items(&list), ..Self::default() }),
            Value::Object(object) => {
                let list = object.get("bills").and_then(Value::as_array).ok_or(ReadError::NotThisShape)?;
                Ok(Self { items: items(list), total: count(&object, &["total"]), has_next: flag(&object, &["hasNext", "hasNextPage"]) })
            }
            _ => Err(ReadError::NotThisShape),
        }
    }
}

impl Bill {
    fn of(item: &Object) -> Self {
        Self {
            reference: text(item, &["reference"]),
            kind: text(item, &["type"]).map_or(BillKind::Unknown, BillKind::of),
            state: PaymentState::read(item),
            biller: text(item, &["billerName"]),
            customer: text(item, &["customer"]),
            amount: amount(item, &["amount"]),
            created_at: instant(item, &["createdAt"]),
            meter_code: text(item, &["token"]),
            units: text_or_number(item, "units"),
            validity: text_or_number(item, "validityPeriod"),
        }
    }
}

/// A display string that may have come as a number.
fn text_or_number(item: &Object, key: &str) -> Option<String> {
    text(item, &[key]).or_else(|| amount(item, &[key]).map(|amount| amount.0.to_string()))
}

impl BillKind {
    fn of(word: String) -> Self {
        match word.to_ascii_uppercase().as_str() {
            "AIRTIME" => Self::Airtime,
            "MOBILEDATA" => Self::MobileData,
            "CABLEBILLS" => Self::CableTv,
            "UTILITYBILLS" => Self::Utility,
            _ => Self::Other(word),
        }
    }
}

impl PaymentState {
    pub(super) fn read(item: &Object) -> Self {
        let Some(word) = text(item, &["status"]) else { return Self::Unknown };
        match word.to_ascii_uppercase().as_str() {
            "PENDING" | "INITIATED" | "PROCESSING" => Self::Pending,
            "SUCCESS" | "SUCCESSFUL" | "COMPLETED" => Self::Done,
            "FAILED" => Self::Failed,
            "CANCELLED" | "CANCELED" => Self::Cancelled,
            _ => Self::Other(word),
        }
    }
}
