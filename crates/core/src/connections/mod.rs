//! The public face of the crate: what a window can show and do. Each file here is one thing a person does.

mod accounts;
mod connect;
mod data;
mod diagnose;
mod disconnect;
mod grants;
mod identity;
mod keychain;
mod left_alone;
mod link;
mod look;
mod memory_only;
mod open_transactions;
mod present;
mod rebuild;
mod setup;
mod tester;
mod tokens;
mod under_way;

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use url::Url;

use crate::api::{self, Api};
use crate::backend::{BackendClient, ClientInfo};
use crate::clock::Clock;
use crate::http::{DesktopProxies, Http};
use crate::index::{Index, Tables};
use crate::problem::{Problem, ProblemCode};
use crate::vault::{Dialogs, GrantRecord, SessionVault, Vault};
use crate::view::{AppView, BackendStatus, Environment, KeychainState, Link, Preferences, SetAsideView, TransactionView};

pub use diagnose::{Check, CheckName};

/// How long the program's end waits for refreshes: a little longer than the backend lets its callers wait.
const REFRESHES_END: Duration = Duration::from_secs(15);

/// Opens pages in the person's own browser.
pub trait Browser: Send + Sync {
    /// Opens `url`. May block for a while; called off the async runtime.
    ///
    /// # Errors
    /// [`OpenFailed`] when no browser could be started.
    fn open(&self, url: &Url) -> Result<(), OpenFailed>;

    /// Whether the system brings links of this program's scheme back to this program.
    fn handles_links(&self) -> bool {
        true
    }

    /// Whether there is a browser to open, as far as that can be told without opening it.
    fn is_there(&self) -> bool {
        true
    }
}

/// No browser could be started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no browser could be started")]
pub struct OpenFailed;

/// What the crate needs from the program around it.
pub struct Options {
    /// Which Monei.
    pub environment: Environment,
    /// The program's version, for display.
    pub version: String,
    /// Folder for the index and locks. Made where it is missing, for this user alone.
    pub data_dir: PathBuf,
    /// Scheme of this program's deep links.
    pub link_scheme: String,
    /// The backend to start with; see [`crate::parse_address`]. `None`: the person enters one before anything can be asked.
    pub backend: Option<Url>,
    /// The backend's address was set by the packager or the environment: it can't be changed from within.
    pub backend_managed: bool,
    /// A page about running a backend, for who has none.
    pub guide: Option<Url>,
    /// Opens pages.
    pub browser: Arc<dyn Browser>,
    /// Keeps tokens.
    pub vault: Arc<dyn Vault>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Knows the proxies that the person's desktop is set up with.
    pub proxies: Arc<dyn DesktopProxies>,
}

/// All connections of this person on this computer. Cheap to clone.
#[derive(Clone)]
pub struct Connections {
    inner: Arc<Inner>,
}

struct Inner {
    options: Options,
    http: Arc<Http>,
    vault: SessionVault,
    index: Mutex<Index>,
    state: Mutex<State>,
    view: watch::Sender<Arc<AppView>>,
    /// Held from reading the accounts to publishing them.
    reloading: tokio::sync::Mutex<()>,
    refreshing: tokens::SingleFlight,
    under_way: under_way::UnderWay,
    /// Rotated pairs that the keychain has not taken yet, by grant.
    unsaved: Mutex<HashMap<String, GrantRecord>>,
}

/// What isn't on disk.
struct State {
    backend: Option<Url>,
    /// What the person agreed to for this backend, if they did.
    agreed: Option<setup::Agreed>,
    info: Option<ClientInfo>,
    status: BackendStatus,
    keychain: KeychainState,
    /// The keychain's own dialogs.
    dialogs: Arc<Dialogs>,
    /// Whether this run has looked for what earlier ones left in the keychain.
    swept: bool,
    /// Names of probes whose entries may still be there.
    probes_left: HashSet<String>,
    preferences: Preferences,
    transaction: Option<TransactionView>,
    pending: Option<connect::Pending>,
    undecided: Option<identity::Undecided>,
    /// Grants whose record is gone from the keychain or damaged, and when that was noticed. It may come back with another keychain.
    missing: HashMap<String, i64>,
    /// Until when Monei wants to be left alone, by account.
    left_alone: HashMap<String, left_alone::RateLimit>,
    /// Grants that Monei has ended, of accounts whose removal isn't through.
    ended: HashSet<String>,
    /// The damaged index that was set aside when this run began.
    set_aside: Option<SetAsideView>,
    /// When somebody last looked, in milliseconds since the Unix epoch.
    looked: Option<i64>,
    /// The transaction that this run finished last: the browser may bring its answer once more.
    finished: Option<String>,
    /// The program is about to end: what waits stays open for a link.
    ending: bool,
    /// Counts transactions, so that a task of an older one can tell that it isn't meant any more.
    run: u64,
}

impl State {
    /// Ends the wait for an answer, if there is one.
    fn stop_waiting(&mut self) {
        if self.pending.take().is_some() {
            self.run += 1;
        }
    }

    /// Whether the person agreed to the backend, as far as is known: what it says of itself now is what it said then.
    fn confirmed(&self) -> bool {
        self.agreed.as_ref().is_some_and(|agreed| self.info.as_ref().is_none_or(|info| agreed.fits(&info.operator)))
    }

    /// The present backend's origin, which grants are tied to.
    fn origin(&self) -> Option<String> {
        self.backend.as_ref().map(|url| url.origin().ascii_serialization())
    }
}

impl Connections {
    /// Opens the index, and looks after whatever an earlier run left undone. Keychain and backend are checked by [`Connections::probe`].
    ///
    /// # Errors
    /// [`ProblemCode::IndexUnavailable`] when the index can't be opened, [`ProblemCode::IndexNewer`] when a newer version wrote it.
    pub async fn start(options: Options) -> Result<Self, Problem> {
        let connections = setup::open(options).await?;
        connections.publish();
        Ok(connections)
    }

    /// What there is to show now.
    pub fn view(&self) -> Arc<AppView> {
        self.inner.view.borrow().clone()
    }

    /// Tells of each change, the latest one only.
    pub fn subscribe(&self) -> watch::Receiver<Arc<AppView>> {
        self.inner.view.subscribe()
    }

    /// The page outside that `link` stands for, if there is one here.
    pub fn link(&self, link: Link) -> Option<Url> {
        let state = self.state();
        let info = state.info.as_ref();
        let testing = self.inner.options.environment == Environment::Sandbox;
        let sandbox = |path: &str| info.filter(|_| testing).and_then(|info| info.sandbox_url.as_ref()).and_then(|url| url.join(path).ok());
        match link {
            Link::Operator => info.and_then(|info| info.operator_url.clone()),
            Link::OperatorGuide => self.inner.options.guide.clone(),
            Link::SandboxControl => sandbox("/sandbox"),
            Link::SandboxSwitches => sandbox("/sandbox?open=switches#switches"),
            Link::SandboxClock => sandbox("/sandbox#time"),
            Link::SandboxScenario => sandbox("/sandbox?open=scenario#scenario"),
            Link::SandboxLog => sandbox("/sandbox/log"),
            Link::MoneiSettings if testing => sandbox("/settings/apps"),
            // Where in Monei's settings isn't documented; its front page is.
            Link::MoneiSettings => Url::parse("https://monei.cc/").ok(),
        }
    }

    /// Ends what is open: the listener and any wait. A refresh that was sent gets up to fifteen seconds to be answered and stored, since
    /// its answer would be lost with the process; none is begun any more. What was kept in memory alone is revoked.
    pub async fn shutdown(&self) {
        {
            let mut state = self.state();
            state.ending = true;
            state.run += 1;
            state.pending = None;
            // Nobody decides about it any more; the next start discards it.
            state.undecided = None;
            state.dialogs.close();
        }
        if !self.inner.under_way.end(REFRESHES_END).await {
            tracing::warn!("a refresh was not answered before the end");
        }
        let unsaved: Vec<String> = self.unsaved().keys().cloned().collect();
        for grant in unsaved {
            if self.keep_unsaved(&grant).await.is_err() {
                tracing::warn!(grant = tokens::log_id(&grant), "the keychain took no new tokens before the end");
                // It would only make the person wait as long again.
                break;
            }
        }
        self.end_memory_only().await;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn vault(&self) -> &dyn Vault {
        &self.inner.vault
    }

    fn clock(&self) -> &dyn Clock {
        self.inner.options.clock.as_ref()
    }

    fn now(&self) -> i64 {
        self.clock().now_ms()
    }

    /// Runs `work` on the index, off the async runtime: SQLite waits for the disk.
    async fn index<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Tables<'_>) -> Result<T, crate::index::IndexError> + Send + 'static,
    ) -> Result<T, Problem> {
        let inner = Arc::clone(&self.inner);
        let done = tokio::task::spawn_blocking(move || {
            let mut index = inner.index.lock().unwrap_or_else(PoisonError::into_inner);
            index.transaction(work)
        })
        .await;
        match done {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => {
                tracing::error!(%error, "index");
                Err(ProblemCode::IndexUnavailable.into())
            }
            Err(_) => Err(ProblemCode::IndexUnavailable.into()),
        }
    }

    fn backend(&self) -> Result<BackendClient, Problem> {
        let (address, confirmed) = {
            let state = self.state();
            (state.backend.clone().ok_or(ProblemCode::BackendMissing)?, state.confirmed())
        };
        if !confirmed {
            return Err(ProblemCode::BackendUnconfirmed.into());
        }
        Ok(BackendClient::new(address, Arc::clone(&self.inner.http)))
    }

    async fn api(&self) -> Result<Api, Problem> {
        let environment = self.inner.options.environment;
        if environment == Environment::Sandbox && self.state().info.is_none() {
            self.ask_backend().await?;
        }
        let sandbox = self.state().info.as_ref().and_then(|info| info.sandbox_url.clone());
        let base = api::base_url(environment, sandbox.as_ref()).ok_or(ProblemCode::BackendIncompatible)?;
        Ok(Api::new(base, Arc::clone(&self.inner.http)))
    }
}
