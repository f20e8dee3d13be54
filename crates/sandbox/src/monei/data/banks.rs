//! Banks that money can be paid out to. Names are made up; codes have the forms that Monei's clients use.

use serde_json::{Value, json};

use crate::monei::call::{Answer, Call};
use crate::web::nest::NestError;

/// A bank of the naira payouts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bank {
    pub(crate) id: u32,
    pub(crate) code: &'static str,
    pub(crate) name: &'static str,
    /// What the offramp calls it, where it pays out to it.
    offramp: Option<&'static str>,
}

const fn bank(id: u32, code: &'static str, name: &'static str, offramp: Option<&'static str>) -> Bank {
    Bank { id, code, name, offramp }
}

/// Every bank.
pub(crate) const BANKS: [Bank; 8] = [
    bank(1, "011", "First Bank (made up)", Some("FBNINGLA")),
    bank(2, "033", "United Bank for Africa (made up)", Some("UNAFNGLA")),
    bank(3, "044", "Access Bank (made up)", Some("ABNGNGLA")),
    bank(4, "057", "Zenith Bank (made up)", Some("ZEIBNGLA")),
    bank(5, "058", "Guaranty Trust Bank (made up)", Some("GTBINGLA")),
    bank(6, "100004", "Sandbox Mobile Money (made up)", None),
    bank(7, "50211", "Sandbox Microfinance Bank (made up)", None),
    bank(8, "999992", "Sandbox Digital Bank (made up)", None),
];

/// The name of a bank of the offramp, by a code of its own (`GTBINGLA`, as the SDKs' tests send it) or of the naira payouts (`058`, as the
/// documentation's example has it).
pub(crate) fn offramp_name(code: &str) -> Option<&'static str> {
    BANKS.iter().find(|bank| bank.offramp.is_some_and(|own| own == code || bank.code == code)).map(|bank| bank.name)
}

/// `GET /offramp/payouts/banks`
pub(crate) fn offramp(_: &Call<'_>) -> Result<Answer, NestError> {
    let banks: Vec<Value> =
        BANKS.iter().filter_map(|bank| bank.offramp.map(|code| json!({"code": code, "name": bank.name, "type": "bank"}))).collect();
    Ok(Answer::Usual("Banks retrieved successfully", json!(banks)))
}

/// `GET /wallet/utils/banks`, where it is open to everybody.
pub(crate) fn list() -> Value {
    json!(BANKS.iter().map(|bank| json!({"id": bank.id, "code": bank.code, "name": bank.name})).collect::<Vec<_>>())
}
