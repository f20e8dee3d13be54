//! Where tokens are kept: one entry per grant, replaced as a whole. The platform's keychain, or memory for tests and for people without one.

mod keychain;
mod memory;
mod record;
mod session;

use std::future::Future;
use std::pin::Pin;

use secrecy::SecretString;

pub use keychain::KeychainVault;
pub use memory::MemoryVault;
pub use record::{GrantRecord, RecordError};
pub use session::SessionVault;

use crate::problem::ProblemCode;

/// Longest entry, in bytes: what Windows allows (`CRED_MAX_CREDENTIAL_BLOB_SIZE`), held on every platform.
pub const MAX_ENTRY_LEN: usize = 2560;

/// What a vault call gives, later.
pub type VaultFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, VaultError>> + Send + 'a>>;

/// A keychain, seen as named entries of UTF-8 text. None of its errors means "signed out".
pub trait Vault: Send + Sync {
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
}

/// Why a vault call failed. Each asks something else of the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// It is locked.
    #[error("the keychain is locked")]
    Locked,
    /// There is no keychain service.
    #[error("there is no keychain")]
    Absent,
    /// It answered no, or something that makes no sense.
    #[error("the keychain refused")]
    Refused,
    /// It didn't answer in time.
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
            VaultError::Absent => ProblemCode::KeychainAbsent,
            VaultError::Refused => ProblemCode::KeychainRefused,
            VaultError::Timeout => ProblemCode::KeychainTimeout,
            VaultError::TooLong => ProblemCode::KeychainTooLong,
            VaultError::Forgets => ProblemCode::KeychainForgets,
        }
    }
}

impl From<VaultError> for crate::problem::Problem {
    fn from(error: VaultError) -> Self {
        ProblemCode::from(error).into()
    }
}

/// Name of the entry that a probe writes.
pub const PROBE: &str = "probe";

/// Writes an entry, reads it back and removes it: proof that tokens can be kept, before anybody approves in vain.
///
/// # Errors
/// The first failure; [`VaultError::Refused`] if what was read isn't what was written.
pub async fn probe(vault: &dyn Vault) -> Result<(), VaultError> {
    probe_with(vault, async |_| true).await
}

/// The same, and `witness`, given what was written, says whether another process finds it too (T-04).
///
/// # Errors
/// As [`probe`]; [`VaultError::Forgets`] if the other process doesn't find it.
pub async fn probe_with(vault: &dyn Vault, witness: impl AsyncFnOnce(&str) -> bool) -> Result<(), VaultError> {
    let value = crate::proof::random_text::<16>();
    vault.write(PROBE, SecretString::from(value.as_str())).await?;
    let read = finds(vault, &value).await;
    let seen = witness(&value).await;
    vault.delete(PROBE).await?;
    match (read?, seen) {
        (true, true) => Ok(()),
        (true, false) => Err(VaultError::Forgets),
        (false, _) => Err(VaultError::Refused),
    }
}

/// Whether the entry of a probe holds `value`.
///
/// # Errors
/// Why it can't be read.
pub async fn finds(vault: &dyn Vault, value: &str) -> Result<bool, VaultError> {
    use secrecy::ExposeSecret;
    Ok(vault.read(PROBE).await?.is_some_and(|read| read.expose_secret() == value))
}
