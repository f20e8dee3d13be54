//! A program asks to be allowed, on the Unix socket alone; the person answers in the window; the program fetches its key once.

use std::collections::{HashMap, VecDeque};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use connect_core::clock::Since;
use connect_core::problem::{Problem, ProblemCode};
use connect_core::{App, AppKey, AppName, Caller, Connections, NewApp};
use http::request::Parts;
use http::{Method, StatusCode};
use hyper::body::Incoming;
use serde::Deserialize;
use serde_json::json;
use tokio::sync::watch;

use crate::answer::{self, Answer, Refusal};
use crate::{Reason, body};

/// How the names begin under which the command line asks for one payment.
pub const ONE_PAYMENT: &str = "moneictl (one payment)";

/// Where a program asks.
pub(crate) const PATH: &str = "/connect/pair";
/// Where it hears the answer.
pub(crate) const PATH_OF_ONE: &str = "/connect/pair/";
/// How long the person has.
const LASTS: Duration = Duration::from_secs(300);
/// How long one question for the answer waits.
const WAIT: Duration = Duration::from_secs(25);
/// How long a key waits to be fetched; then the app is taken back.
const FETCHED_WITHIN: Duration = Duration::from_secs(120);
/// How long an answered request is remembered.
const REMEMBERED: Duration = Duration::from_secs(600);
/// After so many denials within [`REMEMBERED`] a program has to wait.
const DENIALS: usize = 3;

/// The program at the other end of the socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Peer {
    pub(crate) uid: u32,
    /// Path of what it runs, as far as the system tells: a script's is its interpreter's.
    pub(crate) program: Option<String>,
}

impl Peer {
    /// Whether it may be the command line, as far as the system tells.
    fn is_command_line(&self) -> bool {
        let name = |program: &str| Path::new(program).file_name().is_some_and(|name| name.to_string_lossy().starts_with("moneictl"));
        self.program.as_deref().is_none_or(name)
    }
}

/// What a program asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Names it to [`Pairings::allow`] and [`Pairings::deny`]. It is not the secret by which the program fetches its key.
    pub number: u64,
    /// What it calls itself: cleaned, at most 40 characters, unlike any app that is allowed.
    pub name: String,
    /// Scopes, in Monei's words; each is one that this version knows.
    pub permissions: Vec<String>,
    /// Path of what runs, as a hint and no proof: a script's is its interpreter's.
    pub program: Option<String>,
}

/// The requests. Cheap to clone.
#[derive(Clone)]
pub struct Pairings {
    shared: Arc<Shared>,
}

struct Shared {
    connections: Connections,
    state: Mutex<State>,
    shown: watch::Sender<Option<Request>>,
    /// Counts answers, to wake who waits for one.
    answers: watch::Sender<u64>,
}

#[derive(Default)]
struct State {
    last: u64,
    entries: HashMap<String, Entry>,
    denials: HashMap<String, VecDeque<Since>>,
}

struct Entry {
    uid: u32,
    since: Since,
    request: Request,
    outcome: Outcome,
}

enum Outcome {
    Waiting,
    Allowed { key: AppKey, app: App },
    Denied,
    Over,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    name: String,
    permissions: Vec<String>,
}

impl Pairings {
    pub(crate) fn new(connections: Connections) -> Self {
        let (state, shown, answers) = (Mutex::default(), watch::Sender::new(None), watch::Sender::new(0));
        Self { shared: Arc::new(Shared { connections, state, shown, answers }) }
    }

    /// The request that waits for the person, now and after each change. While nobody subscribes, programs are told that nobody can be asked.
    pub fn subscribe(&self) -> watch::Receiver<Option<Request>> {
        self.shared.shown.subscribe()
    }

    /// The person allows the request `number`, for an account, with some or all of what was asked for. The key goes to the program alone.
    ///
    /// # Errors
    /// As [`Connections::allow_app`]; [`ProblemCode::InvalidInput`] where the request is over, or more is given than was asked for.
    pub async fn allow(&self, number: u64, account: &str, scopes: Vec<String>, until: Option<i64>) -> Result<(), Problem> {
        let request = self.shared.shown.borrow().clone().filter(|request| request.number == number).ok_or(ProblemCode::InvalidInput)?;
        if scopes.iter().any(|scope| !request.permissions.contains(scope)) {
            return Err(ProblemCode::InvalidInput.into());
        }
        let new = NewApp { name: request.name, account: account.to_owned(), scopes, until };
        // Only the command line may have asked under such a name.
        let (app, key) = if new.name.starts_with(ONE_PAYMENT) {
            self.shared.connections.allow_command_line(&Caller::Window, new).await?
        } else {
            self.shared.connections.allow_app(&Caller::Window, new).await?
        };
        let id = app.id.clone();
        if !self.end(number, Outcome::Allowed { key, app }) {
            // It was over in the meantime: nobody would fetch the key.
            self.shared.connections.take_back_app(&id).await?;
            return Err(ProblemCode::InvalidInput.into());
        }
        let shared = Arc::clone(&self.shared);
        tokio::spawn(async move {
            shared.pass(FETCHED_WITHIN).await;
            if let Some(app) = shared.unfetched(number)
                && let Err(problem) = shared.connections.take_back_app(&app.id).await
            {
                tracing::warn!(code = ?problem.code, "an app whose key nobody fetched could not be taken back");
            }
        });
        Ok(())
    }

    /// The person denies the request `number`. Nothing happens where it is over.
    pub fn deny(&self, number: u64) {
        self.end(number, Outcome::Denied);
    }

    /// False: that request doesn't wait any more.
    fn end(&self, number: u64, outcome: Outcome) -> bool {
        let mut state = self.shared.state();
        let waiting = |entry: &&mut Entry| entry.request.number == number && matches!(entry.outcome, Outcome::Waiting);
        let Some(entry) = state.entries.values_mut().find(waiting) else { return false };
        let denied = matches!(outcome, Outcome::Denied).then(|| asker(entry.request.program.as_deref()));
        entry.outcome = outcome;
        if let Some(asker) = denied {
            state.denials.entry(asker).or_default().push_back(self.shared.now());
        }
        drop(state);
        self.shared.shown.send_replace(None);
        self.shared.answers.send_modify(|count| *count += 1);
        true
    }

    pub(crate) async fn answer(&self, peer: &Peer, parts: &Parts, body: Incoming) -> Result<Answer, Refusal> {
        let path = parts.uri.path();
        match (&parts.method, path.strip_prefix(PATH_OF_ONE)) {
            (&Method::POST, None) => self.ask(peer, &body::read(body).await?).await,
            (&Method::GET, Some(pairing)) => self.wait(peer, pairing).await,
            _ => Err(Refusal::new(Reason::NotListed, "Ask with POST /connect/pair, and hear the answer with GET /connect/pair/{pairing}.")),
        }
    }

    async fn ask(&self, peer: &Peer, body: &[u8]) -> Result<Answer, Refusal> {
        let shape = || {
            Refusal::invalid("Send {\"name\": …, \"permissions\": […]}: a name of at most 40 characters, and permissions in Monei's words.")
        };
        if !body::is_plain_object(body) {
            return Err(shape());
        }
        let Asked { name, mut permissions } = serde_json::from_slice(body).map_err(|_| shape())?;
        let name = AppName::parse(&name).ok_or_else(shape)?;
        if name.is_command_lines() && !(name.as_str().starts_with(ONE_PAYMENT) && peer.is_command_line()) {
            return Err(Refusal::invalid("Names that begin with “moneictl” are for the command line alone. Choose another name."));
        }
        permissions.sort();
        permissions.dedup();
        let known = |scope: &String| monei::permission::PERMISSIONS.iter().any(|row| row.scope.as_str() == scope);
        if permissions.is_empty() || !permissions.iter().all(known) {
            return Err(shape());
        }
        if self.shared.shown.receiver_count() == 0 {
            return Err(Refusal::new(
                Reason::ConfirmationNeeded,
                "Nobody can be asked just now. The person allows apps in Monei Connections, on the Apps page.",
            ));
        }
        let apps = self
            .shared
            .connections
            .living_apps()
            .await
            .map_err(|_| Refusal::new(Reason::Unreachable, "Monei Connections can't read its own data just now."))?;
        if apps.iter().any(|app| name.looks_like(&app.name)) {
            return Err(Refusal::invalid("An app of that name, or of one that looks like it, is allowed already. Choose another name."));
        }
        let pairing = hex::encode(rand::random::<[u8; 16]>());
        let request = {
            let mut state = self.shared.state();
            state.forget_old(&self.shared.now());
            let wait = |seconds: u32, message: &str| Refusal { retry_after_s: Some(seconds), ..Refusal::new(Reason::Busy, message) };
            if state.denials.get(&asker(peer.program.as_deref())).is_some_and(|denials| denials.len() >= DENIALS) {
                return Err(wait(600, "The person has said no several times. Ask again in ten minutes."));
            }
            if state.entries.values().any(|entry| matches!(entry.outcome, Outcome::Waiting)) {
                return Err(wait(30, "Another program is asking just now. Ask again when the person has answered."));
            }
            state.last += 1;
            let request = Request { number: state.last, name: name.as_str().to_owned(), permissions, program: peer.program.clone() };
            let entry = Entry { uid: peer.uid, since: self.shared.now(), request: request.clone(), outcome: Outcome::Waiting };
            state.entries.insert(pairing.clone(), entry);
            request
        };
        let (pairings, number) = (self.clone(), request.number);
        self.shared.shown.send_replace(Some(request));
        tokio::spawn(async move {
            pairings.shared.pass(LASTS).await;
            pairings.end(number, Outcome::Over);
        });
        Ok(answer::json(StatusCode::ACCEPTED, &json!({"pairing": pairing})))
    }

    async fn wait(&self, peer: &Peer, pairing: &str) -> Result<Answer, Refusal> {
        let mut answers = self.shared.answers.subscribe();
        let until = tokio::time::Instant::now() + WAIT;
        loop {
            answers.borrow_and_update();
            if let Some(answer) = self.shared.told(peer, pairing)? {
                return Ok(answer);
            }
            if tokio::time::timeout_at(until, answers.changed()).await.is_err() {
                return Ok(answer::json(StatusCode::ACCEPTED, &json!({"pairing": pairing})));
            }
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Since {
        Since::now(self.connections.clock().as_ref())
    }

    /// Waits, sleep of the computer included.
    async fn pass(&self, time: Duration) {
        let clock = self.connections.clock();
        Since::now(clock.as_ref()).passes(time, clock.as_ref(), |_| ()).await;
    }

    /// The answer to who asked; `None` while the person hasn't decided.
    fn told(&self, peer: &Peer, pairing: &str) -> Result<Option<Answer>, Refusal> {
        let mut state = self.state();
        let over = || Refusal {
            status: StatusCode::GONE,
            ..Refusal::new(Reason::NotListed, "This request is over. Ask again with POST /connect/pair.")
        };
        let entry = state.entries.get_mut(pairing).filter(|entry| entry.uid == peer.uid).ok_or_else(over)?;
        match &entry.outcome {
            Outcome::Waiting => return Ok(None),
            Outcome::Denied => return Err(Refusal::new(Reason::ConfirmationDenied, "The person didn't allow this app.")),
            Outcome::Over => return Err(over()),
            Outcome::Allowed { .. } => {}
        }
        let Outcome::Allowed { key, app } = std::mem::replace(&mut entry.outcome, Outcome::Over) else { return Err(over()) };
        let view = self.connections.view();
        let label = view.accounts.iter().find(|row| *row.id == *app.account).and_then(|row| row.label.clone().or_else(|| row.name.clone()));
        let until = app.until.and_then(|until| jiff::Timestamp::from_millisecond(until).ok()).map(|until| until.to_string());
        let permissions: Vec<&str> = app.scopes.iter().map(monei::Scope::as_str).collect();
        let told = json!({"key": key.expose(), "account_label": label, "permissions": permissions, "until": until});
        Ok(Some(answer::json(StatusCode::OK, &told)))
    }

    fn unfetched(&self, number: u64) -> Option<App> {
        let mut state = self.state();
        let entry = state.entries.values_mut().find(|entry| entry.request.number == number)?;
        match std::mem::replace(&mut entry.outcome, Outcome::Over) {
            Outcome::Allowed { app, .. } => Some(app),
            Outcome::Waiting | Outcome::Denied | Outcome::Over => None,
        }
    }
}

impl State {
    fn forget_old(&mut self, now: &Since) {
        self.entries.retain(|_, entry| entry.since.until(now) < REMEMBERED);
        self.denials.values_mut().for_each(|denials| denials.retain(|at| at.until(now) < REMEMBERED));
        self.denials.retain(|_, denials| !denials.is_empty());
    }
}

/// Whom denials count for.
fn asker(program: Option<&str>) -> String {
    program.unwrap_or("unknown").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_command_line_is_taken_for_it() {
        let is = |program: Option<&str>| Peer { uid: 1, program: program.map(str::to_owned) }.is_command_line();
        for own in [Some("/usr/bin/moneictl"), Some("/usr/bin/moneictl (deleted)"), Some("/opt/moneictl-0.1.0-x86_64"), None] {
            assert!(is(own), "{own:?}");
        }
        for other in ["/usr/bin/python3.13", "/home/ada/moneictl/evil", "/usr/bin/monei-connect", ""] {
            assert!(!is(Some(other)), "{other}");
        }
    }
}
