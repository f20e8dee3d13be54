//! The sandbox itself: its state behind one lock, and its routes.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::middleware;
use axum::routing::{MethodFilter, any, get, on, post};
use http::StatusCode;

use crate::clock::{Clock, Millis};
use crate::faults::Fault;
use crate::grants::Grants;
use crate::journal::Journal;
use crate::ledger::Ledger;
use crate::mint::{Kind, mint, random_hex, same};
use crate::options::{Client, Options, SandboxError};
use crate::plan::Plan;
use crate::quota::Quotas;
use crate::scenario::Scenario;
use crate::script::{self, Script};
use crate::sessions::Sessions;
use crate::switches::{SecretOverlap, Switches, TokenLength};
use crate::{api, authorize, control, control_page, entry, home, pay_page, persist, revoke, settings, style, token, writes};

/// A local Monei. Clones share one state.
#[derive(Clone)]
pub struct Sandbox {
    inner: Arc<Inner>,
}

struct Inner {
    run: String,
    store: Mutex<Store>,
}

/// A registered app, with the secret that a change of secrets left behind.
#[derive(Clone, Debug)]
pub(crate) struct Registered {
    pub(crate) client: Client,
    previous_secret: Option<PreviousSecret>,
}

#[derive(Clone)]
struct PreviousSecret(String);

impl std::fmt::Debug for PreviousSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

/// Everything that changes.
#[derive(Debug)]
pub(crate) struct Store {
    pub(crate) clients: Vec<Registered>,
    pub(crate) clock: Clock,
    pub(crate) switches: Switches,
    pub(crate) faults: Vec<Fault>,
    pub(crate) sessions: Sessions,
    pub(crate) quotas: Quotas,
    pub(crate) journal: Journal,
    pub(crate) grants: Grants,
    pub(crate) ledger: Ledger,
    pub(crate) plan: Plan,
    pub(crate) script: Script,
    state_file: Option<PathBuf>,
}

/// The state file could not be written.
#[derive(Debug)]
pub(crate) struct NotSaved;

impl Sandbox {
    /// Sets a sandbox up, with the state of its file where there is one.
    ///
    /// # Errors
    /// [`SandboxError`] where an option is wrong or the state file can't be used.
    pub fn new(options: Options) -> Result<Sandbox, SandboxError> {
        options.check()?;
        let mut grants = match &options.state_file {
            Some(path) => persist::load(path)?,
            None => Grants::default(),
        };
        grants.keep_clients(&|id| options.clients.iter().any(|client| client.client_id == id));
        if let Some(path) = &options.state_file {
            persist::save(path, &grants).map_err(|source| SandboxError::StateFile { path: path.clone(), source })?;
        }
        let store = Store {
            clients: options.clients.into_iter().map(|client| Registered { client, previous_secret: None }).collect(),
            clock: Clock::default(),
            switches: Switches::default(),
            faults: Vec::new(),
            sessions: Sessions::default(),
            quotas: Quotas::default(),
            journal: Journal::default(),
            grants,
            ledger: Ledger::default(),
            plan: Plan::default(),
            script: Script::default(),
            state_file: options.state_file,
        };
        let run = options.run.unwrap_or_else(|| random_hex().chars().take(8).collect());
        Ok(Sandbox { inner: Arc::new(Inner { run, store: Mutex::new(store) }) })
    }

    /// The marker inside of every secret that this sandbox mints.
    pub fn run(&self) -> &str {
        &self.inner.run
    }

    /// Plays a scenario from its start: switches, faults and clock become its own, and its rounds answer the next authorizations. With
    /// `auto` they are answered at once, without a page.
    ///
    /// # Errors
    /// [`SandboxError::NotSaved`] where the state file can't be written.
    pub fn play(&self, scenario: &Scenario, auto: bool) -> Result<(), SandboxError> {
        let ready = scenario.ready()?;
        let mut store = self.store();
        script::play(&mut store, ready, auto).map_err(|_| SandboxError::NotSaved)
    }

    /// Every route. [`crate::serve`] is the server to use: it also refuses a listener that others could reach.
    pub fn router(&self) -> Router {
        let mut router = Router::new()
            .route("/", get(home::page))
            .route("/connect/authorize", get(authorize::show).post(authorize::submit))
            .route("/api/v1/connect/token", post(token::token))
            .route("/api/v1/connect/token/revoke", post(revoke::revoke))
            .route("/settings/apps", get(settings::show).post(settings::submit))
            .route("/sandbox", get(control_page::show).post(control_page::submit))
            .route("/sandbox/log", get(control_page::log))
            .route("/sandbox/style.css", get(style::sheet))
            .route("/sandbox/coin/{symbol}", get(style::coin))
            .route("/pay/{reference}", get(pay_page::show).post(pay_page::submit))
            .route("/sandbox/api/{*rest}", any(control::not_found));
        for (_, path, answers) in control::routes() {
            router = router.route(&format!("/sandbox/api{path}"), answers);
        }
        for route in &api::ROUTES {
            router = router.route(&format!("/api/v1{}", route.path), get(api::read));
        }
        for route in &writes::ROUTES {
            router = router.route(&format!("/api/v1{}", route.path), post(writes::write));
        }
        for (method, path) in &api::CLOSED {
            let Ok(method) = MethodFilter::try_from(method.clone()) else { continue };
            router = router.route(&format!("/api/v1{path}"), on(method, api::closed));
        }
        router
            .fallback(entry::not_found)
            .method_not_allowed_fallback(entry::wrong_method)
            .layer(middleware::from_fn_with_state(self.clone(), entry::faults))
            .layer(middleware::from_fn_with_state(self.clone(), entry::door))
            .with_state(self.clone())
    }

    /// Locks the state. Nothing waits while holding it but for the state file.
    pub(crate) fn store(&self) -> MutexGuard<'_, Store> {
        self.inner.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Mints a secret of this run.
    pub(crate) fn mint(&self, kind: Kind, length: TokenLength) -> String {
        let length = match (kind, length) {
            (Kind::Code, _) | (_, TokenLength::Default) => 0,
            (_, TokenLength::Long) => 900,
            (_, TokenLength::Huge) => 1_500,
        };
        mint(kind, self.run(), length)
    }
}

impl Store {
    /// The sandbox's time.
    pub(crate) fn now(&self) -> Millis {
        self.clock.now()
    }

    /// A registered app.
    pub(crate) fn client(&self, client_id: &str) -> Option<&Client> {
        self.clients.iter().map(|registered| &registered.client).find(|client| client.client_id == client_id)
    }

    /// Whether these are an app's credentials.
    pub(crate) fn knows(&self, client_id: &str, secret: &str) -> bool {
        self.clients.iter().filter(|registered| registered.client.client_id == client_id).any(|registered| {
            let previous = registered.previous_secret.as_ref().filter(|_| self.switches.secret_overlap == SecretOverlap::On);
            same(&registered.client.client_secret, secret) || previous.is_some_and(|PreviousSecret(previous)| same(previous, secret))
        })
    }

    /// Gives an app another secret; false where there is no such app.
    pub(crate) fn change_secret(&mut self, client_id: &str, secret: &str) -> bool {
        match self.clients.iter_mut().find(|registered| registered.client.client_id == client_id) {
            Some(registered) => {
                let old = std::mem::replace(&mut registered.client.client_secret, secret.to_owned());
                registered.previous_secret = Some(PreviousSecret(old));
                true
            }
            None => false,
        }
    }

    /// Writes the state file, where there is one. Call it after every change of `grants`.
    ///
    /// # Errors
    /// [`NotSaved`]; why is in the log.
    pub(crate) fn save(&self) -> Result<(), NotSaved> {
        let Some(path) = &self.state_file else { return Ok(()) };
        persist::save(path, &self.grants).map_err(|error| {
            tracing::error!(path = %path.display(), %error, "the state file could not be written");
            NotSaved
        })
    }

    /// Arms a fault behind those that are armed already, and numbers it.
    pub(crate) fn arm(&mut self, fault: Fault) {
        self.script.armed += 1;
        self.faults.push(Fault { number: self.script.armed, ..fault });
    }

    /// Takes the first armed fault that hits `path` (below `/api/v1`).
    pub(crate) fn take_fault(&mut self, path: &str) -> Option<Fault> {
        let position = self.faults.iter().position(|fault| fault.hits(path))?;
        let fault = &mut self.faults[position];
        fault.times -= 1;
        let taken = fault.clone();
        if taken.times == 0 {
            self.faults.remove(position);
        }
        Some(taken)
    }
}

impl From<NotSaved> for StatusCode {
    fn from(_: NotSaved) -> Self {
        StatusCode::INTERNAL_SERVER_ERROR
    }
}
