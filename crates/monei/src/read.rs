//! What the read endpoints answer. Monei's pages, its older API description, its SDKs and recorded answers differ, so every field is
//! an `Option`: `None` is "not available", never zero and never false. Only what a person is shown is kept; the rest of a body
//! (tokens, device ids, dates of birth) is dropped while reading.
//!
//! Start at [`Profile::parse`], [`KycStatus::parse`], [`KycLimits::parse`], [`Wallet::parse`], [`Transactions::parse`],
//! [`Portfolio::parse_evm`], [`Sales::parse`], [`Bills::parse`] and [`Deposit::parse`].

mod bills;
mod deposit;
mod envelope;
mod kyc;
mod portfolio;
mod profile;
mod sales;
mod transactions;
mod wallet;

pub use bills::{Bill, BillKind, Bills, PaymentState};
pub use deposit::Deposit;
pub use kyc::{KycLimits, KycStatus};
pub use portfolio::{Holding, Portfolio};
pub use profile::Profile;
pub use sales::{Sale, SaleState, Sales};
pub use transactions::{Nature, Transaction, TransactionKind, TransactionState, Transactions};
pub use wallet::{Subwallet, SubwalletKind, Wallet};

/// Longest display string kept, in characters; a longer one is cut.
pub const MAX_TEXT_CHARS: usize = 200;

/// Longest identifier accepted, in bytes. A longer one is not available: a cut identifier could equal another one.
pub const MAX_ID_BYTES: usize = 200;

/// Most items kept of one list.
pub const MAX_ITEMS: usize = 100;

/// Why an answer as a whole can't be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The body isn't JSON.
    #[error("the answer is not JSON")]
    NotJson,
    /// JSON, but with nothing in it that this endpoint is known to answer.
    #[error("the answer has none of the fields of this endpoint")]
    NotThisShape,
}
