//! What there is in this Monei: people, apps, grants, money, switches, faults, quotas and a clock. No HTTP, and no order from outside: what
//! changes it on purpose is a command (`command.rs`).

pub(crate) mod clock;
pub(crate) mod coins;
pub(crate) mod faults;
pub(crate) mod fields;
pub(crate) mod grants;
pub(crate) mod journal;
pub(crate) mod ledger;
pub(crate) mod mask;
pub(crate) mod mint;
pub(crate) mod money;
pub(crate) mod people;
pub(crate) mod persist;
pub(crate) mod plan;
pub(crate) mod quota;
pub(crate) mod sessions;
pub(crate) mod switches;
pub(crate) mod timeline;

use clock::{Clock, Millis};
use faults::Fault;
use grants::Grants;
use journal::Journal;
use ledger::Ledger;
use mint::{Kind, Random, mint, same};
use persist::StateFile;
use plan::Plan;
use quota::Quotas;
use sessions::Sessions;
use switches::{SecretOverlap, Switches, TokenLength};
use timeline::Timeline;

use crate::options::{Client, Options, SandboxError};

/// Everything that changes.
#[derive(Debug)]
pub(crate) struct World {
    /// The marker inside of every secret that is minted.
    pub(crate) run: String,
    pub(crate) clients: Vec<Registered>,
    pub(crate) clock: Clock,
    pub(crate) switches: Switches,
    pub(crate) faults: Vec<Fault>,
    /// How many faults were armed since recording began.
    pub(crate) armed: u32,
    pub(crate) sessions: Sessions,
    pub(crate) quotas: Quotas,
    pub(crate) journal: Journal,
    pub(crate) timeline: Timeline,
    pub(crate) grants: Grants,
    pub(crate) ledger: Ledger,
    pub(crate) plan: Plan,
    /// What Monei has below `/api/v1`.
    pub(crate) serves: Serves,
    random: Random,
    state_file: Option<StateFile>,
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

/// The state file could not be written.
#[derive(Debug)]
pub(crate) struct NotSaved;

/// Tells whether Monei has a path below `/api/v1`, with this method or with any.
pub(crate) type Serves = fn(Option<&str>, &str) -> bool;

impl World {
    /// A new one, with the state of its file where there is one.
    ///
    /// # Errors
    /// [`SandboxError`] where an option is wrong or the state file can't be used.
    pub(crate) fn new(options: Options, serves: Serves) -> Result<World, SandboxError> {
        options.check()?;
        let (mut state_file, mut grants) = match &options.state_file {
            Some(path) => StateFile::open(path).map(|(file, grants)| (Some(file), grants))?,
            None => (None, Grants::default()),
        };
        grants.keep_clients(&|id| options.clients.iter().any(|client| client.client_id == id));
        if let Some(file) = &mut state_file {
            file.save(&mut grants).map_err(|source| SandboxError::StateFile { path: file.path().to_owned(), source })?;
        }
        let random = Random::new(options.seed);
        let run = options.run.unwrap_or_else(|| random.fork("run").hex().chars().take(8).collect());
        Ok(World {
            run,
            clients: options.clients.into_iter().map(|client| Registered { client, previous_secret: None }).collect(),
            clock: Clock::standing_at(options.clock.map(|at| at.as_millisecond())),
            switches: Switches::default(),
            faults: Vec::new(),
            armed: 0,
            sessions: Sessions::default(),
            quotas: Quotas::default(),
            journal: Journal::default(),
            timeline: Timeline::default(),
            grants,
            ledger: Ledger::new(random.fork("ledger")),
            plan: Plan::default(),
            random: random.fork("secrets"),
            serves,
            state_file,
        })
    }

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

    /// Why these credentials are refused, in words for the log.
    pub(crate) fn about_credentials(&self, client_id: &str, secret: &str) -> String {
        let Some(app) = self.clients.iter().find(|registered| registered.client.client_id == client_id) else {
            return "no app is registered under this client_id".to_owned();
        };
        match &app.previous_secret {
            Some(PreviousSecret(previous)) if same(previous, secret) => {
                format!("this is the previous secret of {client_id}, and the switch secret_overlap is off")
            }
            _ => format!("this is not the secret of {client_id}"),
        }
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

    /// Mints a secret of this run.
    pub(crate) fn mint(&mut self, kind: Kind) -> String {
        let length = match (kind, self.switches.token_length) {
            (Kind::Code, _) | (_, TokenLength::Default) => 0,
            (_, TokenLength::Long) => 900,
            (_, TokenLength::Huge) => 1_500,
        };
        mint(kind, &self.run, length, &mut self.random)
    }

    /// Writes the state file, where there is one. Call it after every change of `grants`.
    ///
    /// # Errors
    /// [`NotSaved`]; why is in the log.
    pub(crate) fn save(&mut self) -> Result<(), NotSaved> {
        let Some(file) = &mut self.state_file else {
            self.grants.saved();
            return Ok(());
        };
        file.save(&mut self.grants).map_err(|error| {
            tracing::error!(path = %file.path().display(), %error, "the state file could not be written");
            NotSaved
        })
    }

    /// Arms a fault behind those that are armed already, and numbers it.
    pub(crate) fn arm(&mut self, fault: Fault) {
        self.armed += 1;
        self.faults.push(Fault { number: self.armed, ..fault });
    }

    /// Takes the first armed fault that hits a call of this method and path (below `/api/v1`).
    pub(crate) fn take_fault(&mut self, method: &str, path: &str) -> Option<Fault> {
        let position = self.faults.iter().position(|fault| fault.hits(method, path))?;
        let fault = &mut self.faults[position];
        fault.times -= 1;
        let taken = fault.clone();
        if taken.times == 0 {
            self.faults.remove(position);
        }
        Some(taken)
    }
}
