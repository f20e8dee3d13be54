//! A vault that forgets: for tests, and for a session that a person chose to keep in memory alone.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use secrecy::{ExposeSecret, SecretString};

use super::{MAX_ENTRY_LEN, Vault, VaultError, VaultFuture};

/// Entries in this process's memory.
#[derive(Default)]
pub struct MemoryVault {
    entries: Mutex<HashMap<String, SecretString>>,
}

impl MemoryVault {
    /// The names of the entries.
    pub fn names(&self) -> Vec<String> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect()
    }
}

impl Vault for MemoryVault {
    fn read<'a>(&'a self, name: &'a str) -> VaultFuture<'a, Option<SecretString>> {
        Box::pin(async move { Ok(self.entries.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned()) })
    }

    fn write<'a>(&'a self, name: &'a str, value: SecretString) -> VaultFuture<'a, ()> {
        Box::pin(async move {
            if value.expose_secret().len() > MAX_ENTRY_LEN {
                return Err(VaultError::TooLong);
            }
            self.entries.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), value);
            Ok(())
        })
    }

    fn delete<'a>(&'a self, name: &'a str) -> VaultFuture<'a, ()> {
        Box::pin(async move {
            self.entries.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
            Ok(())
        })
    }

    fn list(&self) -> VaultFuture<'_, Vec<String>> {
        Box::pin(async move { Ok(self.names()) })
    }
}
