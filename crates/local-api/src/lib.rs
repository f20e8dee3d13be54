//! The local API: other programs of the person use a connection through it, each what it was given. They get calls, never tokens.
//!
//! [`LocalApi::start`] serves it: on a Unix socket, and on 127.0.0.1 once an app is allowed. One process serves at a time, the window before
//! `moneictl serve` ([`Role`]). [`LocalApi::status`] says where it can be reached, [`LocalApi::pairings`] which program asks to be allowed.
//! [`LocalApi::shutdown`] ends it in order.
//!
//! What it accepts and answers is described in `docs/local-api.md`.

mod answer;
mod body;
#[cfg(unix)]
pub mod client;
pub mod command;
mod confirming;
mod guard;
mod handle;
mod limit;
mod listen;
mod not_listed;
pub mod openapi;
mod pairing;
mod place;
mod reach;
mod reason;
mod turn;

use std::sync::Arc;
use std::time::Duration;

use connect_core::Connections;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub use command::Commands;
pub use confirming::{Confirmations, Request as ConfirmationRequest};
pub use listen::draw_port;
pub use not_listed::sentence as not_passed_on;
pub use pairing::{ONE_PAYMENT, Pairings, Request as PairingRequest};
pub use place::Place;
pub use reach::{Port, is_ours, port};
pub use reason::Reason;

/// Who serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The program with the window: it takes over from the service, and can ask the person.
    Window,
    /// `moneictl serve`: it steps back while a window runs, and can ask nobody.
    Service,
}

/// Where the API can be reached.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// Another process serves, or none has begun yet; then the rest says nothing.
    pub serving: bool,
    /// The Unix socket.
    pub socket: Reach,
    /// 127.0.0.1.
    pub tcp: Reach,
    /// The port that was chosen for 127.0.0.1, served or not.
    pub port: Option<u16>,
}

/// Whether one way in is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reach {
    /// It isn't wanted: no app is allowed, it was switched off, or this system has none.
    #[default]
    Closed,
    /// It is served.
    Open,
    /// Something else has its place: another program holds the port, or something that isn't a socket of ours lies at the path.
    Taken,
    /// The system refuses it.
    Failed,
}

/// How long this end waits for a payment that is under way. [`Connections::shutdown`], which comes next, waits for it longer.
const END: Duration = Duration::from_secs(5);

/// A running local API. It ends with [`LocalApi::shutdown`].
pub struct LocalApi {
    inner: Arc<Inner>,
    task: JoinHandle<()>,
}

pub(crate) struct Inner {
    pub(crate) connections: Connections,
    pub(crate) role: Role,
    /// Answers the command line, if this process does.
    pub(crate) commands: Option<Arc<dyn Commands>>,
    pub(crate) pairings: Pairings,
    pub(crate) confirmations: Confirmations,
    pub(crate) calls: limit::Limits,
    pub(crate) refresh: Notify,
    pub(crate) stop: CancellationToken,
    pub(crate) status: watch::Sender<Status>,
}

impl LocalApi {
    /// Begins to serve, as soon as it is this process's turn. Must be called within a Tokio runtime.
    pub fn start(connections: Connections, place: Place, role: Role) -> Self {
        Self::start_with(connections, place, role, None)
    }

    /// As [`LocalApi::start`], for a service whose accounts no other process can reach: it also answers the person's command line, on a
    /// Unix socket of its own ([`Place::commands`]).
    pub fn start_answering(connections: Connections, place: Place, commands: Arc<dyn Commands>) -> Self {
        Self::begin(connections, place, Role::Service, None, Some(commands))
    }

    /// As [`LocalApi::start`]; a call that moves money waits so long for the person.
    pub fn start_with(connections: Connections, place: Place, role: Role, wait: Option<Duration>) -> Self {
        Self::begin(connections, place, role, wait, None)
    }

    fn begin(connections: Connections, place: Place, role: Role, wait: Option<Duration>, commands: Option<Arc<dyn Commands>>) -> Self {
        let inner = Arc::new(Inner {
            pairings: Pairings::new(connections.clone()),
            confirmations: Confirmations::new(connections.clone(), wait),
            connections,
            role,
            commands,
            calls: limit::Limits::default(),
            refresh: Notify::new(),
            stop: CancellationToken::new(),
            status: watch::Sender::new(Status::default()),
        });
        let task = tokio::spawn(listen::run(Arc::clone(&inner), place));
        Self { inner, task }
    }

    /// Where it can be reached, now and after each change.
    pub fn status(&self) -> watch::Receiver<Status> {
        self.inner.status.subscribe()
    }

    /// The programs that ask to be allowed.
    pub fn pairings(&self) -> &Pairings {
        &self.inner.pairings
    }

    /// The payments that wait for the person.
    pub fn confirmations(&self) -> &Confirmations {
        &self.inner.confirmations
    }

    /// An app was allowed or taken back, or the API switched on or off: what is open is looked at now instead of within two seconds.
    pub fn refresh(&self) {
        self.inner.refresh.notify_one();
    }

    /// Accepts nothing more, lets what is under way end within five seconds, and gives the turn back.
    pub async fn shutdown(self) {
        self.inner.stop.cancel();
        self.inner.confirmations.give_up();
        if self.task.await.is_err() {
            tracing::error!("the local API ended by itself");
        }
        self.inner.confirmations.finish(END).await;
    }
}
