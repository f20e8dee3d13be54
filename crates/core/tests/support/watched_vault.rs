//! A keychain in memory that counts what it is asked, and that can be locked.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use connect_core::vault::{MemoryVault, Vault, VaultError, VaultFuture};
use secrecy::SecretString;

/// The entries of `inside`.
pub struct WatchedVault {
    inside: Arc<MemoryVault>,
    pub locked: AtomicBool,
    /// Everything it was asked, and of that the reads alone.
    pub asked: AtomicUsize,
    pub reads: AtomicUsize,
}

impl WatchedVault {
    pub fn over(inside: &Arc<MemoryVault>) -> Arc<Self> {
        Arc::new(Self {
            inside: Arc::clone(inside),
            locked: AtomicBool::new(false),
            asked: AtomicUsize::new(0),
            reads: AtomicUsize::new(0),
        })
    }

    fn answers(&self) -> Result<(), VaultError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        if self.locked.load(Ordering::SeqCst) { Err(VaultError::Locked) } else { Ok(()) }
    }
}

impl Vault for WatchedVault {
    fn read<'a>(&'a self, name: &'a str) -> VaultFuture<'a, Option<SecretString>> {
        Box::pin(async move {
            self.reads.fetch_add(1, Ordering::SeqCst);
            self.answers()?;
            self.inside.read(name).await
        })
    }

    fn write<'a>(&'a self, name: &'a str, value: SecretString) -> VaultFuture<'a, ()> {
        Box::pin(async move {
            self.answers()?;
            self.inside.write(name, value).await
        })
    }

    fn delete<'a>(&'a self, name: &'a str) -> VaultFuture<'a, ()> {
        Box::pin(async move {
            self.answers()?;
            self.inside.delete(name).await
        })
    }

    fn list(&self) -> VaultFuture<'_, Vec<String>> {
        Box::pin(async move {
            self.answers()?;
            self.inside.list().await
        })
    }
}
