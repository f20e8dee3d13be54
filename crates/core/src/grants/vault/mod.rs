//! Where tokens are kept: one entry per grant, replaced as a whole. The platform's keychain, or memory for tests and for people without one.

mod asked;
mod memory;
#[cfg(any(target_os = "macos", windows, test))]
mod native;
mod pending;
mod probe;
mod record;
#[cfg(all(unix, not(target_os = "macos")))]
mod secret_service;
mod session;

use std::future::Future;
use std::pin::Pin;

use secrecy::SecretString;

pub(crate) use asked::to_its_end;
pub use asked::{Ask, Dialogs, asked, unasked};
pub use memory::MemoryVault;
#[cfg(any(target_os = "macos", windows))]
pub use native::KeychainVault;
pub use pending::{PENDING, PendingRecord};
pub use probe::{PROBE, Probe, finds, probe};
pub use record::{GrantRecord, RecordError};
#[cfg(all(unix, not(target_os = "macos")))]
pub use secret_service::KeychainVault;
pub use session::SessionVault;

use crate::model::problem::ProblemCode;

/// Longest entry, in bytes: what Windows allows (`CRED_MAX_CREDENTIAL_BLOB_SIZE`), held on every platform.
pub const MAX_ENTRY_LEN: usize = 2560;

/// What a vault call gives, later.
pub type VaultFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, VaultError>> + Send + 'a>>;

/// A keychain, seen as named entries of UTF-8 text. None of its errors means "signed out". It opens a dialog of its own only within
/// [`asked()`]; outside of it, what would need one is [`VaultError::Locked`] or [`VaultError::NotSetUp`].
pub trait Vault: Send + Sync {
    /// Whether it is there and open. Opens no dialog and writes nothing, wherever it is called. A keychain that can't tell is taken to be
    /// open.
    fn look(&self) -> VaultFuture<'_, ()> {
        Box::pin(async { Ok(()) })
    }
    /// The entry, or `None` if there is none.
    fn read<'a>(&'a self, name: &'a str) -> VaultFuture<'a, Option<SecretString>>;
    /// Makes or replaces the entry. It is durable when this returns.
    fn write<'a>(&'a self, name: &'a str, value: SecretString) -> VaultFuture<'a, ()>;
    /// Removes the entry; fine if there is none.
    fn delete<'a>(&'a self, name: &'a str) -> VaultFuture<'a, ()>;
    /// The names of all entries, to find them again without an index. A keychain that can't tell refuses.
    fn list(&self) -> VaultFuture<'_, Vec<String>> {
        Box::pin(async { Err(VaultError::Refused) })
    }
    /// The names that begin with `prefix` of entries last written before `than_ms`, in milliseconds since the Unix epoch. None where their
    /// age can't be told.
    fn list_older<'a>(&'a self, _prefix: &'a str, _than_ms: i64) -> VaultFuture<'a, Vec<String>> {
        Box::pin(async { Ok(Vec::new()) })
    }
}

/// Why a vault call failed. Each asks something else of the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// It is locked.
    #[error("the keychain is locked")]
    Locked,
    /// Its dialog was cancelled, or couldn't be shown.
    #[error("the keychain's dialog was cancelled")]
    Dismissed,
    /// It was never set up: there is no default keyring.
    #[error("the keychain was never set up")]
    NotSetUp,
    /// There is no keychain service.
    #[error("there is no keychain")]
    Absent,
    /// There is no session bus, through which Linux desktops reach their keychain.
    #[error("there is no session bus")]
    NoBus,
    /// It is installed, and can't be started or used.
    #[error("the keychain does not work")]
    Failed,
    /// It ended while it was asked.
    #[error("the keychain ended")]
    Stopped,
    /// It answered no, or something that makes no sense.
    #[error("the keychain refused")]
    Refused,
    /// It didn't answer in time, with no dialog open.
    #[error("the keychain did not answer in time")]
    Timeout,
    /// The entry is longer than [`MAX_ENTRY_LEN`].
    #[error("the record is too long for the keychain")]
    TooLong,
    /// What it takes doesn't last, or can't be seen from another process: a mock, say.
    #[error("the keychain keeps nothing")]
    Forgets,
}

impl From<VaultError> for ProblemCode {
    fn from(error: VaultError) -> Self {
        match error {
            VaultError::Locked => ProblemCode::KeychainLocked,
            VaultError::Dismissed => ProblemCode::KeychainDismissed,
            VaultError::NotSetUp => ProblemCode::KeychainNotSetUp,
            VaultError::Absent => ProblemCode::KeychainAbsent,
            VaultError::NoBus => ProblemCode::KeychainNoBus,
            VaultError::Failed => ProblemCode::KeychainFailed,
            VaultError::Stopped => ProblemCode::KeychainStopped,
            VaultError::Refused => ProblemCode::KeychainRefused,
            VaultError::Timeout => ProblemCode::KeychainTimeout,
            VaultError::TooLong => ProblemCode::KeychainTooLong,
            VaultError::Forgets => ProblemCode::KeychainForgets,
        }
    }
}

impl From<VaultError> for crate::model::problem::Problem {
    fn from(error: VaultError) -> Self {
        ProblemCode::from(error).into()
    }
}
