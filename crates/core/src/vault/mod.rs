//! Where tokens are kept: one entry per grant, replaced as a whole. The platform's keychain, or memory for tests and for people without one.

mod keychain;
mod memory;
mod pending;
mod record;
mod session;

use std::future::Future;
use std::pin::Pin;

use secrecy::SecretString;

pub use keychain::KeychainVault;
pub use memory::MemoryVault;
pub use pending::{PENDING, PendingRecord};
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

/// What the names of probes' entries begin with. No grant has a dot in its name.
pub const PROBE: &str = "probe.";

/// Writes an entry, reads it back and removes it: proof that tokens can be kept, before anybody approves in vain.
///
/// # Errors
/// The first failure; [`VaultError::Refused`] if what was read isn't what was written.
pub async fn probe(vault: &dyn Vault) -> Result<(), VaultError> {
    Probe::write(vault).await?.remove(vault).await
}

/// The entry of one probe, under a name of its own: others may probe at the same time, here and in other processes.
pub struct Probe {
    name: String,
}

impl Probe {
    /// Writes an entry and reads it back.
    ///
    /// # Errors
    /// As [`probe`]; no entry is left then.
    pub async fn write(vault: &dyn Vault) -> Result<Self, VaultError> {
        let written = Self { name: format!("{PROBE}{}", crate::proof::random_text::<16>()) };
        vault.write(&written.name, SecretString::from(written.name.as_str())).await?;
        match finds(vault, &written.name).await {
            Ok(true) => Ok(written),
            found => {
                written.remove(vault).await?;
                Err(found.err().unwrap_or(VaultError::Refused))
            }
        }
    }

    /// Its name, for another process to look for with [`finds`]. Random, and of no use to anybody.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Removes it.
    ///
    /// # Errors
    /// Why it can't be removed.
    pub async fn remove(self, vault: &dyn Vault) -> Result<(), VaultError> {
        vault.delete(&self.name).await
    }
}

/// Whether the entry of the probe `name` is there as [`Probe::write`] wrote it: it holds its own name.
///
/// # Errors
/// Why it can't be read.
pub async fn finds(vault: &dyn Vault, name: &str) -> Result<bool, VaultError> {
    use secrecy::ExposeSecret;
    Ok(vault.read(name).await?.is_some_and(|read| read.expose_secret() == name))
}
