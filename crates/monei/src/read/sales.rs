//! `GET /offramp/ledger/history` and `GET /offramp/ledger/status/:reference` (scope `wallet:read`): crypto that was sold for money on a bank
//! account. Older and newer answers name the same things differently.

use jiff::Timestamp;
use serde_json::Value;

use super::envelope::{Body, Object, amount, count, first, id, instant, nested, text};
use super::{MAX_ITEMS, ReadError};
use crate::money::{Amount, TokenAmount};

/// A page of what was sold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sales {
    /// In the order of the answer, at most [`MAX_ITEMS`].
    pub items: Vec<Sale>,
    /// How many there are in all, on every page.
    pub total: Option<u64>,
}

/// One sale.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sale {
    /// `reference`, or `internalReference`.
    pub reference: Option<String>,
    /// `status`.
    pub state: SaleState,
    /// Symbol of what is sold.
    pub asset: Option<String>,
    /// Network that it is on, in Monei's word.
    pub network: Option<String>,
    /// How much of it.
    pub crypto: Option<TokenAmount>,
    /// What is paid out, in the currency's major units.
    pub fiat: Option<Amount>,
    /// Currency that is paid out.
    pub fiat_currency: Option<String>,
    /// Units of that currency for one of the asset.
    pub rate: Option<Amount>,
    /// The bank's code.
    pub bank_code: Option<String>,
    /// Number of the bank account.
    pub account_number: Option<String>,
    /// Who owns the bank account.
    pub account_name: Option<String>,
    /// Why it failed, in the provider's words.
    pub failure: Option<String>,
    /// When it was begun.
    pub created_at: Option<Timestamp>,
    /// When it last changed.
    pub updated_at: Option<Timestamp>,
    /// When it went through.
    pub completed_at: Option<Timestamp>,
    /// When it failed.
    pub failed_at: Option<Timestamp>,
    /// Until when the coins have to arrive.
    pub expires_at: Option<Timestamp>,
}

/// `status` of a sale, in any case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SaleState {
    /// `initiated`, `quote_created`: begun.
    Begun,
    /// `awaiting_deposit`: the coins haven't been sent yet.
    AwaitingDeposit,
    /// `deposit_received`: the coins are there.
    DepositReceived,
    /// `pending`, `processing`: they are being exchanged.
    Processing,
    /// `fiat_sent`: the money is on its way to the bank.
    FiatSent,
    /// `completed`: through.
    Completed,
    /// `failed`
    Failed,
    /// `cancelled`
    Cancelled,
    /// `refunded`: the coins came back.
    Refunded,
    /// `expired`: the coins didn't arrive in time.
    Expired,
    /// Monei's word, where this version doesn't know it.
    Other(String),
    /// Nothing was told.
    Unknown,
}

impl Sales {
    /// Where they are listed, below the API base.
    pub const PATH: &str = "/offramp/ledger/history";

    /// Reads an answer of `GET /offramp/ledger/history`: a list with its count in `meta` beside it.
    ///
    /// # Errors
    /// [`ReadError`] when the body as a whole is something else.
    pub fn parse(body: &[u8]) -> Result<Self, ReadError> {
        let body = Body::parse(body)?;
        let Value::Array(list) = body.payload else { return Err(ReadError::NotThisShape) };
        let beside = nested(&body.beside, &["meta", "pagination"]);
        Ok(Self {
            items: list.iter().filter_map(Value::as_object).take(MAX_ITEMS).map(Sale::of).collect(),
            total: beside.and_then(|meta| count(meta, &["totalItems", "total"])),
        })
    }
}

impl Sale {
    /// Where one is followed, below the API base; the parameter is its reference.
    pub const PATH: &str = "/offramp/ledger/status/:reference";

    /// Reads an answer of `GET /offramp/ledger/status/:reference`, bare or in an envelope.
    ///
    /// # Errors
    /// [`ReadError`] when the body as a whole is something else.
    pub fn parse(body: &[u8]) -> Result<Self, ReadError> {
        Ok(Self::of(&Body::parse(body)?.object_with(&["reference", "internalReference", "status", "cryptoAmount"])?))
    }

    fn of(item: &Object) -> Self {
        let credit = nested(item, &["beneficiary", "creditPaymentDetails"]);
        let debit = nested(item, &["debitPaymentDetails"]);
        let at = |keys: &[&str]| instant(item, keys);
        Self {
            reference: id(item, &["reference", "internalReference"]),
            state: text(item, &["status"]).map_or(SaleState::Unknown, SaleState::of),
            asset: text(item, &["asset", "fromCurrency"]),
            network: text(item, &["network"]).or_else(|| text(debit?, &["network"])),
            crypto: first(item, &["cryptoAmount"]).and_then(TokenAmount::from_json),
            fiat: amount(item, &["fiatAmount"]),
            fiat_currency: text(item, &["fiatCurrency", "toCurrency"]),
            rate: amount(item, &["exchangeRate"]),
            bank_code: credit.and_then(|credit| text(credit, &["bankCode"])),
            account_number: credit.and_then(|credit| text(credit, &["accountNumber"])),
            account_name: credit.and_then(|credit| text(credit, &["accountName"])),
            failure: text(item, &["failureReason"]),
            created_at: at(&["createdAt"]),
            updated_at: at(&["updatedAt"]),
            completed_at: at(&["completedAt"]),
            failed_at: at(&["failedAt"]),
            expires_at: at(&["expiresAt"]),
        }
    }
}

impl SaleState {
    fn of(word: String) -> Self {
        match word.to_ascii_lowercase().replace('-', "_").as_str() {
            "initiated" | "quote_created" => Self::Begun,
            "awaiting_deposit" => Self::AwaitingDeposit,
            "deposit_received" => Self::DepositReceived,
            "pending" | "processing" => Self::Processing,
            "fiat_sent" => Self::FiatSent,
            "completed" | "success" => Self::Completed,
            "failed" => Self::Failed,
            "cancelled" | "canceled" => Self::Cancelled,
            "refunded" => Self::Refunded,
            "expired" => Self::Expired,
            _ => Self::Other(word),
        }
    }
}
