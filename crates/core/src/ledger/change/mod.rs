//! The changes that the ledger knows: each says what it does to the rows, and leaves its line of history in the same transaction.

mod app;
mod aside;
mod disconnected;
mod granted;
mod health;
mod identified;
mod life;
mod payment;
mod record;

use super::error::IndexError;
use super::index::Lasts;
use super::tables::Tables;

pub use app::{AppAllowed, AppExtended, AppNarrowed, AppReached, AppTakenBack, TcpKeysEnded};
pub use aside::{SetAside, SwitchedOn};
pub use disconnected::{Disconnected, Forgotten};
pub use granted::{AnswerLost, Granted, Into, NotGranted, OrphanLost, Placed};
pub use health::Checked;
pub use identified::{Identified, Owner};
pub use life::{Found, Recovered, Refreshed, Revoked, TakenBack};
pub use payment::{OpenPaymentsClosed, PaymentBegun, PaymentEnded};
pub use record::{BackendAgreed, Renamed, Used};

/// One change of the ledger.
pub trait Change: Send + 'static {
    /// What whoever makes the change learns from it.
    type Outcome: Send + 'static;

    /// What it outlasts once it is written.
    const LASTS: Lasts = Lasts::OverAPowerCut;

    /// Whether it may change what is kept of the accounts in memory, which is read anew then.
    const IS_ABOUT_ACCOUNTS: bool = true;

    /// Writes it. `now` is milliseconds since the Unix epoch.
    fn apply(self, tables: &Tables<'_>, now: i64) -> Result<Self::Outcome, IndexError>;
}
