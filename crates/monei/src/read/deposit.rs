//! `GET /wallet/deposit/status/:reference` (scope `wallet:read`): how a deposit of naira stands. Addresses of payment pages are dropped:
//! this program opens no address that an answer names.

use jiff::Timestamp;

use super::ReadError;
use super::bills::PaymentState;
use super::envelope::{Body, amount, id, instant, text};
use crate::money::Amount;

/// One deposit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deposit {
    /// `reference`
    pub reference: Option<String>,
    /// `status`
    pub state: PaymentState,
    /// What arrives in the wallet, in the currency's major units.
    pub amount: Option<Amount>,
    /// What has to be paid, with Monei's fee.
    pub total: Option<Amount>,
    /// Monei's fee, where the answer tells it.
    pub fee: Option<Amount>,
    /// Currency; may be absent.
    pub currency: Option<String>,
    /// What it is for.
    pub narration: Option<String>,
    /// Bank of the account to pay into.
    pub bank_name: Option<String>,
    /// Number of the account to pay into.
    pub account_number: Option<String>,
    /// Owner of the account to pay into.
    pub account_name: Option<String>,
    /// Until when it can be paid.
    pub expires_at: Option<Timestamp>,
}

impl Deposit {
    /// Where it is read, below the API base; the parameter is its reference.
    pub const PATH: &str = "/wallet/deposit/status/:reference";

    /// Reads an answer of `GET /wallet/deposit/status/:reference`.
    ///
    /// # Errors
    /// [`ReadError`] when the body as a whole is something else.
    pub fn parse(body: &[u8]) -> Result<Self, ReadError> {
        let object = Body::parse(body)?.object_with(&["reference", "status", "amount"])?;
        Ok(Self {
            reference: id(&object, &["reference"]),
            state: PaymentState::read(&object),
            amount: amount(&object, &["amount"]),
            total: amount(&object, &["totalAmount"]),
            fee: amount(&object, &["moneiFee"]),
            currency: text(&object, &["currency"]),
            narration: text(&object, &["narration"]),
            bank_name: text(&object, &["bankName"]),
            account_number: text(&object, &["accountNumber"]),
            account_name: text(&object, &["accountName"]),
            expires_at: instant(&object, &["expiry_datetime", "expiresAt"]),
        })
    }
}
