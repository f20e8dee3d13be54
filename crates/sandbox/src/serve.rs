//! The sandbox as one thing: its routes, and the server with limits on heads and time.

use std::future::Future;
use std::io;
use std::pin::pin;
use std::time::Duration;

use axum::routing::get;
use axum::{Router, middleware};
use hyper::body::Incoming;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tower::ServiceExt;

use crate::access::Gate;
use crate::command::Failed;
use crate::model::World;
use crate::options::{Options, SandboxError};
use crate::scenario::{Scenario, ScenarioError};
use crate::script::Stage;
use crate::shared::Shared;
use crate::web::entry::{self, Peer};
use crate::web::style;
use crate::{control, monei};

/// A request's head has to be there after so long.
const HEAD_TIME: Duration = Duration::from_secs(10);
/// Longest head, in bytes.
const MAX_HEAD: usize = 32 * 1024;
/// Answers that are under way at shutdown get so long.
const LAST_ANSWERS: Duration = Duration::from_secs(2);
/// Pause after the system refused a connection (no descriptors left, say), so that the loop doesn't spin.
const AFTER_REFUSAL: Duration = Duration::from_millis(50);

/// A local Monei. Clones share one state.
#[derive(Clone)]
pub struct Sandbox {
    shared: Shared,
}

impl Sandbox {
    /// Sets a sandbox up, with the state of its file where there is one.
    ///
    /// # Errors
    /// [`SandboxError`] where an option is wrong or the state file can't be used.
    pub fn new(options: Options) -> Result<Sandbox, SandboxError> {
        let gate = Gate::new(options.access.clone());
        let world = World::new(options, monei::serves)?;
        Ok(Sandbox { shared: Shared::new(Stage::new(world), gate) })
    }

    /// The marker inside of every secret that this sandbox mints.
    pub fn run(&self) -> String {
        self.shared.world().run.clone()
    }

    /// Plays a scenario from its start: switches, faults and clock become its own, and its rounds answer the next authorizations. With
    /// `auto` they are answered at once, without a page.
    ///
    /// # Errors
    /// [`SandboxError::NotSaved`] where the state file can't be written, [`SandboxError::Played`] where an event can't be carried out.
    pub fn play(&self, scenario: &Scenario, auto: bool) -> Result<(), SandboxError> {
        self.shared.world().play(scenario, auto).map_err(|failed| match failed {
            Failed::NotSaved => SandboxError::NotSaved,
            Failed::Wrong(text) | Failed::NotFound(text) => SandboxError::Played(text),
        })
    }

    /// Every route. [`serve`] is the server to use: it also refuses a listener that others could reach unasked.
    pub fn router(&self) -> Router {
        Router::new()
            .merge(monei::routes())
            .merge(control::routes())
            .route(entry::HEALTH, get(entry::health))
            .route("/sandbox/style.css", get(style::sheet))
            .route("/sandbox/coin/{symbol}", get(style::coin))
            .fallback(entry::not_found)
            .method_not_allowed_fallback(entry::wrong_method)
            .layer(middleware::from_fn_with_state(self.shared.clone(), monei::calls))
            .layer(middleware::from_fn_with_state(self.shared.clone(), entry::door))
            .with_state(self.shared.clone())
    }
}

/// What is strange about a scenario, though it can be played: what waits for a call that Monei doesn't have, for one.
///
/// # Errors
/// [`ScenarioError`] where it can't be played.
pub fn remarks(scenario: &Scenario) -> Result<Vec<String>, ScenarioError> {
    Ok(scenario.ready()?.remarks(monei::serves))
}

/// Serves `sandbox` until `shutdown` is done.
///
/// # Errors
/// `PermissionDenied` for a listener beyond loopback where the sandbox wasn't set up for that; otherwise what the listener reports.
pub async fn serve(listener: TcpListener, sandbox: Sandbox, shutdown: impl Future<Output = ()> + Send + 'static) -> io::Result<()> {
    let address = listener.local_addr()?;
    if !address.ip().is_loopback() && !sandbox.shared.gate().remote() {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, format!("the sandbox serves loopback addresses alone, not {address}")));
    }
    let router = sandbox.router();
    let connections = GracefulShutdown::new();
    let mut shutdown = pin!(shutdown);
    loop {
        let (stream, peer) = tokio::select! {
            () = &mut shutdown => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => (stream, Peer(peer.ip())),
                Err(error) => {
                    tracing::warn!(%error, "a connection was not accepted");
                    tokio::time::sleep(AFTER_REFUSAL).await;
                    continue;
                }
            },
        };
        let service = router.clone().map_request(move |request| from(peer, request));
        let connection = hyper::server::conn::http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIME)
            .max_buf_size(MAX_HEAD)
            .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
        let watched = connections.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = watched.await {
                tracing::debug!(%error, "a connection ended early");
            }
        });
    }
    drop(listener);
    tokio::select! {
        () = connections.shutdown() => {}
        () = tokio::time::sleep(LAST_ANSWERS) => tracing::debug!("connections were cut at shutdown"),
    }
    Ok(())
}

/// Notes where a request came from.
fn from(peer: Peer, mut request: http::Request<Incoming>) -> http::Request<Incoming> {
    request.extensions_mut().insert(peer);
    request
}
