//! The keychain of Linux desktops: the Secret Service on the session bus, as GNOME Keyring, KWallet and KeePassXC offer it.
//!
//! Nothing here opens a dialog but for what a person asked for ([`super::asked()`]): the default collection is unlocked, or set up where
//! there is none, before an entry is touched. Each call to the service has [`LIMIT`]; a dialog has none.

mod bus;
mod dialog;
mod interfaces;
mod store;

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::Mutex;
use zbus::zvariant::OwnedObjectPath;

use self::store::{Keyring, Store};
use super::asked::Ask;
use super::{MAX_ENTRY_LEN, Vault, VaultError, VaultFuture};

/// How long the service has for one call.
pub const LIMIT: Duration = Duration::from_secs(10);

/// The Secret Service, under one service name.
pub struct KeychainVault {
    namespace: String,
    store: Mutex<Option<Arc<Store>>>,
    /// Held while a dialog is open: one at a time.
    turn: Mutex<()>,
    /// Dialogs that came to nothing. What waited behind one opens no other.
    refusals: AtomicU64,
    kwallet_started: AtomicBool,
}

enum Operation<'a> {
    Look,
    List,
    ListOlder(&'a str, i64),
    Read(&'a str),
    Write(&'a str, &'a SecretString),
    Delete(&'a str),
}

#[derive(Default)]
struct Done {
    found: Option<SecretString>,
    names: Vec<String>,
}

impl KeychainVault {
    /// Entries have `namespace` as their attribute `service`, and the entry's name as `username`. Nothing is touched until the first call.
    ///
    /// # Errors
    /// None here; on other systems there may be no thread for it.
    pub fn new(namespace: &str) -> Result<Self, VaultError> {
        Ok(Self {
            namespace: namespace.to_owned(),
            store: Mutex::default(),
            turn: Mutex::default(),
            refusals: AtomicU64::default(),
            kwallet_started: AtomicBool::default(),
        })
    }

    /// A store of an earlier call may be of a service that has ended since: what fails on it is tried once on a new one.
    async fn carry_out(&self, operation: &Operation<'_>) -> Result<Done, VaultError> {
        let (store, is_new) = self.store().await?;
        match self.try_on(&store, operation).await {
            Err(VaultError::Stopped | VaultError::Refused | VaultError::Failed) if !is_new => {
                self.forget(&store).await;
                let (store, _) = self.store().await?;
                self.try_on(&store, operation).await
            }
            Err(error @ (VaultError::Stopped | VaultError::Failed)) => {
                self.forget(&store).await;
                Err(error)
            }
            outcome => outcome,
        }
    }

    async fn try_on(&self, store: &Store, operation: &Operation<'_>) -> Result<Done, VaultError> {
        let collection = self.open_keyring(store, operation).await?;
        let mut done = Done::default();
        match operation {
            Operation::Look => {}
            Operation::List => done.names = store.list().await?,
            Operation::ListOlder(prefix, than_ms) => done.names = store.list_older(prefix, *than_ms).await?,
            Operation::Read(name) => done.found = store.read(name).await?,
            Operation::Write(name, value) => store.write(&collection, name, value).await?,
            Operation::Delete(name) => store.delete(name).await?,
        }
        Ok(done)
    }

    /// The default collection, open. Unlocks it, or sets it up, only for what a person asked for.
    async fn open_keyring(&self, store: &Store, operation: &Operation<'_>) -> Result<OwnedObjectPath, VaultError> {
        let ask = match store.keyring().await? {
            Keyring::Open(path) => return Ok(path),
            Keyring::Locked(_) => Ask::current().filter(|_| !matches!(operation, Operation::Look)).ok_or(VaultError::Locked)?,
            Keyring::Missing => Ask::current().filter(|_| !matches!(operation, Operation::Look)).ok_or(VaultError::NotSetUp)?,
        };
        ask.may_open()?;
        let refusals = self.refusals.load(Ordering::SeqCst);
        let _turn = self.turn.lock().await;
        // Whoever had the turn may have opened it, or been refused.
        let outcome = match store.keyring().await? {
            Keyring::Open(path) => return Ok(path),
            _ if self.refusals.load(Ordering::SeqCst) != refusals => return Err(VaultError::Dismissed),
            Keyring::Locked(path) => store.unlock(&[path], &ask).await,
            Keyring::Missing => store.set_up(&ask).await,
        };
        if let Err(error) = outcome {
            self.refusals.fetch_add(1, Ordering::SeqCst);
            return Err(error);
        }
        match store.keyring().await? {
            Keyring::Open(path) => Ok(path),
            Keyring::Locked(_) => Err(VaultError::Locked),
            Keyring::Missing => Err(VaultError::NotSetUp),
        }
    }

    /// The store, and whether it was opened just now.
    async fn store(&self) -> Result<(Arc<Store>, bool), VaultError> {
        let mut slot = self.store.lock().await;
        if let Some(store) = &*slot
            && limited(bus::owner(store.connection())).await?.is_ok_and(|owner| owner.as_ref() == Some(store.owner()))
        {
            return Ok((Arc::clone(store), false));
        }
        *slot = None;
        let opened = limited(async {
            let connection = bus::connect().await?;
            let owner = match bus::owner(&connection).await? {
                Some(owner) => owner,
                None => {
                    // A KWallet that ends again isn't started over and over; for a person it is.
                    let first = !self.kwallet_started.swap(true, Ordering::SeqCst);
                    bus::start(&connection, first || Ask::current().is_some()).await?
                }
            };
            Store::open(connection, owner, &self.namespace).await
        });
        let opened = Arc::new(opened.await??);
        tracing::info!("the keychain is open");
        *slot = Some(Arc::clone(&opened));
        Ok((opened, true))
    }

    async fn forget(&self, store: &Arc<Store>) {
        let mut slot = self.store.lock().await;
        if slot.as_ref().is_some_and(|present| Arc::ptr_eq(present, store)) {
            *slot = None;
        }
    }
}

impl Vault for KeychainVault {
    fn look(&self) -> VaultFuture<'_, ()> {
        Box::pin(async move { self.carry_out(&Operation::Look).await.map(drop) })
    }

    fn read<'a>(&'a self, name: &'a str) -> VaultFuture<'a, Option<SecretString>> {
        Box::pin(async move { Ok(self.carry_out(&Operation::Read(name)).await?.found) })
    }

    fn write<'a>(&'a self, name: &'a str, value: SecretString) -> VaultFuture<'a, ()> {
        Box::pin(async move {
            if value.expose_secret().len() > MAX_ENTRY_LEN {
                return Err(VaultError::TooLong);
            }
            self.carry_out(&Operation::Write(name, &value)).await.map(drop)
        })
    }

    fn delete<'a>(&'a self, name: &'a str) -> VaultFuture<'a, ()> {
        Box::pin(async move { self.carry_out(&Operation::Delete(name)).await.map(drop) })
    }

    fn list(&self) -> VaultFuture<'_, Vec<String>> {
        Box::pin(async move { Ok(self.carry_out(&Operation::List).await?.names) })
    }

    fn list_older<'a>(&'a self, prefix: &'a str, than_ms: i64) -> VaultFuture<'a, Vec<String>> {
        Box::pin(async move { Ok(self.carry_out(&Operation::ListOlder(prefix, than_ms)).await?.names) })
    }
}

/// Waits for `call` no longer than [`LIMIT`].
async fn limited<T>(call: impl Future<Output = T>) -> Result<T, VaultError> {
    tokio::time::timeout(LIMIT, call).await.map_err(|_| VaultError::Timeout)
}
