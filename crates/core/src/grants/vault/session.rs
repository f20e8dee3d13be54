//! The keychain, or on the person's choice memory for what is approved from then on. Never a file.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use secrecy::SecretString;

use super::{MemoryVault, Vault, VaultFuture};

/// Where this run keeps what. An entry stays in the place it came from.
pub struct SessionVault {
    keychain: Arc<dyn Vault>,
    memory: MemoryVault,
    in_memory: AtomicBool,
    of_keychain: Mutex<HashSet<String>>,
}

impl SessionVault {
    /// Everything in `keychain`, until [`SessionVault::keep_in_memory`].
    pub fn new(keychain: Arc<dyn Vault>) -> Self {
        Self { keychain, memory: MemoryVault::default(), in_memory: AtomicBool::new(false), of_keychain: Mutex::default() }
    }

    /// New entries are kept in memory alone from now on. What the keychain has stays there.
    pub fn keep_in_memory(&self) {
        self.in_memory.store(true, Ordering::SeqCst);
    }

    /// Whether new entries are kept in memory.
    pub fn in_memory(&self) -> bool {
        self.in_memory.load(Ordering::SeqCst)
    }

    /// What ends with this run.
    pub fn only_here(&self) -> Vec<String> {
        self.memory.names()
    }

    /// The keychain itself.
    pub fn keychain(&self) -> &dyn Vault {
        self.keychain.as_ref()
    }

    fn is_of_keychain(&self, name: &str) -> bool {
        self.of_keychain.lock().unwrap_or_else(PoisonError::into_inner).contains(name)
    }

    fn note(&self, name: &str) {
        self.of_keychain.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned());
    }
}

impl Vault for SessionVault {
    fn look(&self) -> VaultFuture<'_, ()> {
        self.keychain.look()
    }

    fn read<'a>(&'a self, name: &'a str) -> VaultFuture<'a, Option<SecretString>> {
        Box::pin(async move {
            if let Some(value) = self.memory.read(name).await? {
                return Ok(Some(value));
            }
            let value = self.keychain.read(name).await?;
            if value.is_some() {
                self.note(name);
            }
            Ok(value)
        })
    }

    fn write<'a>(&'a self, name: &'a str, value: SecretString) -> VaultFuture<'a, ()> {
        Box::pin(async move {
            let here = self.memory.read(name).await?.is_some();
            if here || (self.in_memory() && !self.is_of_keychain(name)) {
                return self.memory.write(name, value).await;
            }
            self.keychain.write(name, value).await?;
            self.note(name);
            Ok(())
        })
    }

    fn delete<'a>(&'a self, name: &'a str) -> VaultFuture<'a, ()> {
        Box::pin(async move {
            if self.memory.read(name).await?.is_some() {
                return self.memory.delete(name).await;
            }
            self.keychain.delete(name).await
        })
    }

    fn list(&self) -> VaultFuture<'_, Vec<String>> {
        self.keychain.list()
    }
}
