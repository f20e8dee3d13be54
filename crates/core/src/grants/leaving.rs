//! The keychain's part of leaving this computer: no entry of this program stays in it.

use super::Grants;
use super::vault::VaultError;
use crate::model::problem::Problem;

impl Grants {
    /// Opens the keychain, to remove what is in it. False where there is none and none is needed: nothing that the index knows of is in it.
    ///
    /// # Errors
    /// Why it can't be opened.
    pub async fn open_to_leave(&self) -> Result<bool, Problem> {
        let listed = self.shown(self.inner.vault.keychain().list()).await;
        let error = match listed {
            Ok(_) => return Ok(true),
            Err(error) => error,
        };
        let in_memory = self.inner.vault.only_here();
        let ledger = &self.inner.ledger;
        let known = ledger.known();
        let grants = known.iter().flat_map(|known| &known.grants).map(|grant| grant.id.clone()).chain(ledger.orphans().await?);
        let needed = grants.into_iter().any(|grant| !in_memory.iter().any(|name| *name == *grant));
        if needed || !ledger.open_transactions().await?.is_empty() || !is_nowhere(error) { Err(error.into()) } else { Ok(false) }
    }

    /// Removes every entry of this program from the keychain, whatever it is for.
    ///
    /// # Errors
    /// Why one couldn't be removed.
    pub async fn remove_all_entries(&self) -> Result<(), Problem> {
        let keychain = self.inner.vault.keychain();
        let removed = async {
            for name in keychain.list().await? {
                keychain.delete(&name).await?;
            }
            Ok(())
        };
        Ok(self.shown(removed).await?)
    }
}

/// Whether the error says that there is no keychain that could hold anything.
fn is_nowhere(error: VaultError) -> bool {
    matches!(error, VaultError::NotSetUp | VaultError::Dismissed | VaultError::Absent | VaultError::NoBus)
}
