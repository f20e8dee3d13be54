//! Proof that entries can be stored, before the browser is opened: one is written, read back and removed.

use secrecy::{ExposeSecret as _, SecretString};

use super::{Vault, VaultError};

/// What the names of probes' entries begin with. No grant has a dot in its name.
pub const PROBE: &str = "probe.";

/// Writes an entry, reads it back and removes it.
///
/// # Errors
/// The first failure; [`VaultError::Refused`] if what was read isn't what was written.
pub async fn probe(vault: &dyn Vault) -> Result<(), VaultError> {
    Probe::new().run(vault).await
}

/// The entry of one probe, under a name of its own: others may probe at the same time, here and in other processes.
pub struct Probe {
    name: String,
}

impl Probe {
    /// Nothing is written yet.
    #[expect(clippy::new_without_default, reason = "each has a name of its own")]
    pub fn new() -> Self {
        Self { name: format!("{PROBE}{}", crate::model::proof::random_text::<16>()) }
    }

    /// As [`probe`], under this name. After a failure the entry may be left, or be written late.
    ///
    /// # Errors
    /// As [`probe`].
    pub async fn run(&self, vault: &dyn Vault) -> Result<(), VaultError> {
        self.write(vault).await?;
        self.remove(vault).await
    }

    /// Writes the entry and reads it back. Where the wrong thing was read, the entry is removed again.
    ///
    /// # Errors
    /// As [`probe`].
    pub async fn write(&self, vault: &dyn Vault) -> Result<(), VaultError> {
        vault.write(&self.name, SecretString::from(self.name.as_str())).await?;
        match finds(vault, &self.name).await {
            Ok(true) => Ok(()),
            found => {
                self.remove(vault).await?;
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
    pub async fn remove(&self, vault: &dyn Vault) -> Result<(), VaultError> {
        vault.delete(&self.name).await
    }
}

/// Whether the entry of the probe `name` is there as [`Probe::write`] wrote it: it holds its own name.
///
/// # Errors
/// Why it can't be read.
pub async fn finds(vault: &dyn Vault, name: &str) -> Result<bool, VaultError> {
    Ok(vault.read(name).await?.is_some_and(|read| read.expose_secret() == name))
}
