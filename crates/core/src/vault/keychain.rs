//! The platform's keychain: Secret Service, macOS Keychain or Windows Credential Manager.
//!
//! All calls run on one thread of their own: a locked keyring blocks its caller until a person answers its dialog, and the stores must
//! neither be called at the same time nor from within the async runtime. Callers stop waiting after [`LIMIT`].

use std::collections::HashMap;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use keyring_core::{CredentialPersistence, CredentialStore, Entry, Error};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::oneshot;
use zeroize::Zeroizing;

use super::{MAX_ENTRY_LEN, Vault, VaultError, VaultFuture};

/// How long a caller waits for the keychain.
pub const LIMIT: Duration = Duration::from_secs(10);

/// The platform's keychain, under one service name.
pub struct KeychainVault {
    requests: Sender<Request>,
    /// Since when the thread has been in the call that it is in.
    busy_since: Arc<Mutex<Option<Instant>>>,
}

enum Operation {
    List,
    Read,
    Write(SecretString),
    Delete,
}

enum Done {
    Nothing,
    Found(Option<SecretString>),
    Names(Vec<String>),
}

struct Request {
    name: String,
    operation: Operation,
    reply: oneshot::Sender<Result<Done, VaultError>>,
}

impl KeychainVault {
    /// Entries are stored under `namespace` as the service, and the entry's name as the user. Nothing is touched until the first call.
    ///
    /// # Errors
    /// [`VaultError::Refused`] if the system gives no thread.
    pub fn new(namespace: &str) -> Result<Self, VaultError> {
        let (requests, received) = channel();
        let namespace = namespace.to_owned();
        let busy_since = Arc::new(Mutex::default());
        let at = Arc::clone(&busy_since);
        std::thread::Builder::new()
            .name("keychain".into())
            .spawn(move || serve(&namespace, &received, &at))
            .map_err(|_| VaultError::Refused)?;
        Ok(Self { requests, busy_since })
    }

    async fn ask(&self, name: &str, operation: Operation) -> Result<Done, VaultError> {
        // Its dialog is still open: another call would only wait behind it.
        let busy_since = *self.busy_since.lock().unwrap_or_else(PoisonError::into_inner);
        if busy_since.is_some_and(|since| since.elapsed() >= LIMIT) {
            return Err(VaultError::Timeout);
        }
        let (reply, answer) = oneshot::channel();
        self.requests.send(Request { name: name.to_owned(), operation, reply }).map_err(|_| VaultError::Refused)?;
        match tokio::time::timeout(LIMIT, answer).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(VaultError::Refused),
            Err(_) => Err(VaultError::Timeout),
        }
    }
}

impl Vault for KeychainVault {
    fn read<'a>(&'a self, name: &'a str) -> VaultFuture<'a, Option<SecretString>> {
        Box::pin(async move {
            match self.ask(name, Operation::Read).await? {
                Done::Found(value) => Ok(value),
                _ => Err(VaultError::Refused),
            }
        })
    }

    fn write<'a>(&'a self, name: &'a str, value: SecretString) -> VaultFuture<'a, ()> {
        Box::pin(async move {
            if value.expose_secret().len() > MAX_ENTRY_LEN {
                return Err(VaultError::TooLong);
            }
            self.ask(name, Operation::Write(value)).await.map(drop)
        })
    }

    fn delete<'a>(&'a self, name: &'a str) -> VaultFuture<'a, ()> {
        Box::pin(async move { self.ask(name, Operation::Delete).await.map(drop) })
    }

    fn list(&self) -> VaultFuture<'_, Vec<String>> {
        Box::pin(async move {
            match self.ask("", Operation::List).await? {
                Done::Names(names) => Ok(names),
                _ => Err(VaultError::Refused),
            }
        })
    }
}

fn serve(namespace: &str, requests: &Receiver<Request>, busy_since: &Mutex<Option<Instant>>) {
    let mut store: Option<Arc<CredentialStore>> = None;
    while let Ok(request) = requests.recv() {
        // A read whose caller has given up is not worth doing; a write or delete is still wanted.
        let reads = matches!(request.operation, Operation::Read | Operation::List);
        if request.reply.is_closed() && reads {
            continue;
        }
        let busy = |since| *busy_since.lock().unwrap_or_else(PoisonError::into_inner) = since;
        busy(Some(Instant::now()));
        let result = carry_out(&mut store, namespace, &request.name, &request.operation);
        busy(None);
        if result.is_err() {
            // The service may have gone or come back: connect anew next time.
            store = None;
        }
        // The caller may have stopped waiting; then nobody needs the answer.
        drop(request.reply.send(result));
    }
}

fn carry_out(store: &mut Option<Arc<CredentialStore>>, namespace: &str, name: &str, operation: &Operation) -> Result<Done, VaultError> {
    let entry = match operation {
        Operation::List => return list(open(store)?, namespace).map(Done::Names),
        _ => open(store)?.build(namespace, name, None).map_err(|error| classify(&error))?,
    };
    match operation {
        Operation::Read => match entry.get_secret() {
            Ok(bytes) => {
                let bytes = Zeroizing::new(bytes);
                std::str::from_utf8(&bytes).map(|text| Done::Found(Some(SecretString::from(text)))).map_err(|_| VaultError::Refused)
            }
            Err(Error::NoEntry) => Ok(Done::Found(None)),
            Err(error) => Err(classify(&error)),
        },
        Operation::Write(value) => {
            entry.set_secret(value.expose_secret().as_bytes()).map(|()| Done::Nothing).map_err(|error| classify(&error))
        }
        Operation::Delete => match entry.delete_credential() {
            Ok(()) | Err(Error::NoEntry) => Ok(Done::Nothing),
            Err(error) => Err(classify(&error)),
        },
        Operation::List => Ok(Done::Nothing),
    }
}

fn list(store: &Arc<CredentialStore>, namespace: &str) -> Result<Vec<String>, VaultError> {
    let found = store.search(&HashMap::from([("service", namespace)])).map_err(|error| classify(&error))?;
    let own = found.iter().filter_map(Entry::get_specifiers).filter(|(service, _)| service == namespace);
    Ok(own.map(|(_, name)| name).collect())
}

fn open(store: &mut Option<Arc<CredentialStore>>) -> Result<&Arc<CredentialStore>, VaultError> {
    match store {
        Some(store) => Ok(store),
        None => {
            let opened = open_store().map_err(|error| match classify(&error) {
                VaultError::Locked => VaultError::Locked,
                _ => VaultError::Absent,
            })?;
            Ok(store.insert(lasting(opened)?))
        }
    }
}

/// A store that forgets, as a mock does, is none (T-04).
fn lasting(store: Arc<CredentialStore>) -> Result<Arc<CredentialStore>, VaultError> {
    let kind = store.vendor();
    match store.persistence() {
        CredentialPersistence::EntryOnly
        | CredentialPersistence::ProcessOnly
        | CredentialPersistence::UntilLogout
        | CredentialPersistence::UntilReboot => {
            tracing::error!(kind, "this keychain forgets, so it isn't used");
            Err(VaultError::Forgets)
        }
        _ => {
            tracing::info!(kind, "the keychain is open");
            Ok(store)
        }
    }
}

#[cfg(all(unix, not(target_os = "macos")))]
fn open_store() -> Result<Arc<CredentialStore>, Error> {
    let store: Arc<CredentialStore> = zbus_secret_service_keyring_store::Store::new()?;
    Ok(store)
}

#[cfg(target_os = "macos")]
fn open_store() -> Result<Arc<CredentialStore>, Error> {
    let store: Arc<CredentialStore> = apple_native_keyring_store::keychain::Store::new()?;
    Ok(store)
}

#[cfg(windows)]
fn open_store() -> Result<Arc<CredentialStore>, Error> {
    let store: Arc<CredentialStore> = windows_native_keyring_store::Store::new()?;
    Ok(store)
}

fn classify(error: &Error) -> VaultError {
    // The kind alone: messages may carry attributes.
    match error {
        Error::NoStorageAccess(_) => VaultError::Locked,
        Error::NoDefaultStore => VaultError::Absent,
        Error::TooLong(..) => VaultError::TooLong,
        _ => VaultError::Refused,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_that_forgets_is_refused() {
        let mock: Arc<CredentialStore> = keyring_core::mock::Store::new().unwrap();
        assert_eq!(lasting(mock).err(), Some(VaultError::Forgets));
    }
}
