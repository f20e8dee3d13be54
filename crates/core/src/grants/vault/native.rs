//! The macOS Keychain and the Windows Credential Manager.
//!
//! Their calls block, on macOS until a person has answered a dialog that nothing tells of. So they run on a thread of their own, one at a
//! time. A thread whose call doesn't end is given up: its caller is told, and the next call gets another thread.

mod platform;

use std::collections::HashMap;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use keyring_core::{CredentialPersistence, CredentialStore, Entry, Error};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::oneshot;
use zeroize::Zeroizing;

use self::platform::Platform;
use super::asked::Ask;
use super::{MAX_ENTRY_LEN, Vault, VaultError, VaultFuture};

/// How long a caller waits for the keychain, but for what a person asked for.
const LIMIT: Duration = Duration::from_secs(10);
/// A call that a person asked for and that takes longer than this is taken to have opened a dialog.
const DIALOG_AFTER: Duration = Duration::from_millis(800);

/// The platform's keychain, under one service name.
pub struct KeychainVault {
    namespace: String,
    platform: Platform,
    thread: Mutex<Option<Arc<Sender<Request>>>>,
}

enum Operation {
    List,
    Read,
    Write(SecretString),
    Delete,
}

#[derive(Default)]
struct Done {
    found: Option<SecretString>,
    names: Vec<String>,
}

type Reply = Result<Done, VaultError>;

struct Request {
    name: String,
    operation: Operation,
    reply: oneshot::Sender<Reply>,
}

impl KeychainVault {
    /// Entries are stored under `namespace` as the service, and the entry's name as the user. Nothing is touched until the first call.
    ///
    /// # Errors
    /// None here; the first call tells.
    #[cfg(any(target_os = "macos", windows))]
    pub fn new(namespace: &str) -> Result<Self, VaultError> {
        Ok(Self::on(Platform::here(), namespace))
    }

    fn on(platform: Platform, namespace: &str) -> Self {
        Self { namespace: namespace.to_owned(), platform, thread: Mutex::default() }
    }

    async fn request(&self, name: &str, operation: Operation) -> Reply {
        let (reply, answer) = oneshot::channel();
        let thread = self.thread()?;
        let request = Request { name: name.to_owned(), operation, reply };
        let answered = match thread.send(request) {
            Ok(()) => wait(answer).await,
            Err(_) => Err(VaultError::Failed),
        };
        if answered.is_err() {
            self.give_up(&thread);
        }
        answered?
    }

    fn thread(&self) -> Result<Arc<Sender<Request>>, VaultError> {
        let mut slot = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(thread) = &*slot {
            return Ok(Arc::clone(thread));
        }
        let (requests, received) = channel();
        let (platform, namespace) = (self.platform, self.namespace.clone());
        std::thread::Builder::new()
            .name("keychain".into())
            .spawn(move || serve(platform, &namespace, &received))
            .map_err(|_| VaultError::Failed)?;
        Ok(Arc::clone(slot.insert(Arc::new(requests))))
    }

    /// The thread ends after the call that it is in.
    fn give_up(&self, thread: &Arc<Sender<Request>>) {
        let mut slot = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        if slot.as_ref().is_some_and(|present| Arc::ptr_eq(present, thread)) {
            *slot = None;
        }
    }
}

/// The answer. An error outside means that the thread isn't to be waited for any more.
async fn wait(mut answer: oneshot::Receiver<Reply>) -> Result<Reply, VaultError> {
    let received = match Ask::current() {
        None => tokio::time::timeout(LIMIT, answer).await.map_err(|_| VaultError::Timeout)?,
        Some(ask) => match tokio::time::timeout(DIALOG_AFTER, &mut answer).await {
            Ok(received) => received,
            Err(_) => ask.open(async { Ok(answer.await) }).await?,
        },
    };
    received.map_err(|_| VaultError::Failed)
}

impl Vault for KeychainVault {
    fn read<'a>(&'a self, name: &'a str) -> VaultFuture<'a, Option<SecretString>> {
        Box::pin(async move { Ok(self.request(name, Operation::Read).await?.found) })
    }

    fn write<'a>(&'a self, name: &'a str, value: SecretString) -> VaultFuture<'a, ()> {
        Box::pin(async move {
            if value.expose_secret().len() > MAX_ENTRY_LEN {
                return Err(VaultError::TooLong);
            }
            self.request(name, Operation::Write(value)).await.map(drop)
        })
    }

    fn delete<'a>(&'a self, name: &'a str) -> VaultFuture<'a, ()> {
        Box::pin(async move { self.request(name, Operation::Delete).await.map(drop) })
    }

    fn list(&self) -> VaultFuture<'_, Vec<String>> {
        Box::pin(async move { Ok(self.request("", Operation::List).await?.names) })
    }
}

fn serve(platform: Platform, namespace: &str, requests: &Receiver<Request>) {
    let mut store: Option<Arc<CredentialStore>> = None;
    while let Ok(request) = requests.recv() {
        // Its caller was told that it failed.
        if request.reply.is_closed() {
            continue;
        }
        let was_open = store.is_some();
        let mut result = carry_out(platform, &mut store, namespace, &request);
        if result.is_err() {
            store = None;
            if was_open && !request.reply.is_closed() && matches!(result, Err(VaultError::Refused | VaultError::Failed)) {
                // The store may have been of something that has ended since.
                result = carry_out(platform, &mut store, namespace, &request);
            }
        }
        // The caller may have stopped waiting; then nobody needs the answer.
        drop(request.reply.send(result));
    }
}

fn carry_out(platform: Platform, store: &mut Option<Arc<CredentialStore>>, namespace: &str, request: &Request) -> Reply {
    let failed = |error: &Error| platform.classify(error);
    let store = match store {
        Some(store) => store,
        None => store.insert(lasting((platform.open)().map_err(|error| failed(&error))?)?),
    };
    let mut done = Done::default();
    if matches!(request.operation, Operation::List) {
        let spec = platform.search(namespace);
        let spec: HashMap<&str, &str> = spec.iter().map(|(key, value)| (*key, value.as_str())).collect();
        let found = store.search(&spec).map_err(|error| failed(&error))?;
        done.names = found.iter().filter_map(Entry::get_specifiers).filter_map(|found| platform.name(namespace, &found)).collect();
        return Ok(done);
    }
    let modifiers: HashMap<&str, &str> = platform.modifiers.iter().copied().collect();
    let entry = store.build(namespace, &request.name, Some(&modifiers)).map_err(|error| failed(&error))?;
    let outcome = match &request.operation {
        Operation::Read => entry.get_secret().map(|bytes| Some(Zeroizing::new(bytes))),
        Operation::Write(value) => entry.set_secret(value.expose_secret().as_bytes()).map(|()| None),
        Operation::Delete | Operation::List => entry.delete_credential().map(|()| None),
    };
    match outcome {
        Ok(Some(bytes)) => done.found = Some(SecretString::from(std::str::from_utf8(&bytes).map_err(|_| VaultError::Refused)?)),
        Ok(None) => {}
        Err(Error::NoEntry) if !matches!(request.operation, Operation::Write(_)) => {}
        Err(error) => return Err(failed(&error)),
    }
    Ok(done)
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

#[cfg(test)]
mod tests;
