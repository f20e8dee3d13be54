//! What is open when: the socket while the API is wanted, 127.0.0.1 while an app is allowed besides; each connection bounded in number,
//! size and time.

mod peers;
mod socket;
mod tcp;

pub use tcp::draw_port;

use std::convert::Infallible;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use connect_core::problem::Problem;
use connect_core::{App, Connections};
use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper::service::{HttpService, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::handle::{self, Way};
use crate::place::Place;
use crate::turn::{PAUSE, Turn};
use crate::{Inner, Reach, Role, Status};

/// How often is looked whether another process allowed or took back an app.
const LOOK: Duration = Duration::from_secs(2);
/// Most connections at once, each way. A further one waits for a place, and is closed where none comes free in [`PLACE`].
const CONNECTIONS: usize = 128;
/// Time for a place.
const PLACE: Duration = Duration::from_secs(2);
/// Time for a request's head, also the next one's on the same connection.
const HEAD: Duration = Duration::from_secs(10);
/// Longest head, in bytes.
pub(crate) const LONGEST_HEAD: usize = 32 * 1024;
/// Most headers.
const HEADERS: usize = 64;
/// So long a connection takes requests, but for one of the command line: a command may take as long as it takes. One under way is answered.
const LIFE: Duration = Duration::from_secs(300);
/// How long the end of the local API waits for what is under way.
const END: Duration = Duration::from_secs(5);

/// Serves whenever it is this process's turn, until it is stopped.
pub(crate) async fn run(inner: Arc<Inner>, place: Place) {
    while !inner.stop.is_cancelled() {
        let turn = tokio::select! {
            turn = Turn::wait(&place.locks, inner.role) => turn,
            () = inner.stop.cancelled() => return,
        };
        match turn {
            Ok(turn) => serve(&inner, &place, &turn).await,
            Err(error) => {
                tracing::warn!(%error, "the local API can't be served: its locks can't be used");
                inner.status.send_replace(Status { socket: Reach::Failed, tcp: Reach::Failed, ..Status::default() });
                tokio::time::sleep(LOOK).await;
            }
        }
    }
}

/// One way in, while it is open.
struct Open {
    stop: CancellationToken,
    reach: Reach,
    /// Has the listener; `None` where it couldn't be opened.
    accepting: Option<JoinHandle<()>>,
    /// Of a Unix socket that is open.
    file: Option<socket::SocketFile>,
}

impl Open {
    /// Takes no new connection from when this returns.
    async fn close(mut self) {
        self.stop.cancel();
        if let Some(accepting) = self.accepting.take()
            && accepting.await.is_err()
        {
            tracing::error!("a way into the local API ended by itself");
        }
        if let Some(file) = self.file.take() {
            file.remove();
        }
    }
}

/// Closes `way`, if it is open.
async fn close(way: &mut Option<Open>) {
    if let Some(open) = way.take() {
        open.close().await;
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// What is to be served, as the index says.
#[derive(Default)]
struct Wanted {
    socket: bool,
    /// The apps that are allowed: TCP is for them.
    apps: Vec<App>,
    port: Option<u16>,
    /// The version of the index that says so; `None` where it couldn't be read anew.
    index: Option<i64>,
}

impl Wanted {
    /// Reads it where it may be another than before: at each change of the index, and when an app's time ends.
    async fn look(&mut self, connections: &Connections) {
        let index = connections.index_version().await.ok();
        let is_over = |app| !connections.is_allowed(app);
        if index.is_none() || index != self.index || self.apps.iter().any(is_over) {
            match Self::read(connections, index).await {
                Ok(read) => *self = read,
                // What is open stays open: on a port that is free for a moment another program could collect keys. Each call is checked
                // against the index by itself.
                Err(problem) => {
                    tracing::warn!(code = ?problem.code, "what the local API serves can't be read; it stays as it was");
                    self.apps.retain(|app| connections.is_allowed(app));
                    self.index = None;
                }
            }
        }
    }

    async fn read(connections: &Connections, index: Option<i64>) -> Result<Self, Problem> {
        let socket = connections.is_api_wanted().await?;
        let apps = if socket { connections.living_apps().await? } else { Vec::new() };
        Ok(Self { socket, apps, port: connections.api_port().await?, index })
    }
}

async fn serve(inner: &Arc<Inner>, place: &Place, turn: &Turn) {
    // Only who serves as a window sends payments, and no other does just now.
    if inner.role == Role::Window
        && let Err(problem) = inner.connections.close_open_payments().await
    {
        tracing::warn!(code = ?problem.code, "payments of an earlier run can't be looked at");
    }
    let tracker = TaskTracker::new();
    let (mut socket, mut commands, mut tcp): (Option<Open>, Option<Open>, Option<Open>) = (None, None, None);
    let mut wanted = Wanted::default();
    let mut bound = None;
    loop {
        wanted.look(&inner.connections).await;
        let is_open = |way: &Option<Open>| way.as_ref().is_some_and(|open| open.reach == Reach::Open);
        if !wanted.socket {
            close(&mut socket).await;
        } else if !is_open(&socket) {
            socket = open_socket(inner, place.socket.as_deref(), false, &tracker).await;
        }
        if inner.commands.is_some() && !is_open(&commands) {
            commands = open_socket(inner, place.commands().as_deref(), true, &tracker).await;
        }
        if wanted.apps.is_empty() {
            close(&mut tcp).await;
        } else if !is_open(&tcp) || bound != wanted.port {
            close(&mut tcp).await;
            tcp = Some(open_tcp(inner, &tracker).await);
            // It may have become another one.
            wanted.look(&inner.connections).await;
            bound = wanted.port;
        }
        let reach = |way: &Option<Open>| way.as_ref().map_or(Reach::Closed, |open| open.reach);
        let status = Status { serving: true, socket: reach(&socket), tcp: reach(&tcp), port: wanted.port };
        inner.status.send_if_modified(|told| std::mem::replace(told, status.clone()) != status);
        let look = async {
            tokio::time::timeout(LOOK, inner.refresh.notified()).await.ok();
        };
        let over = async {
            if inner.role == Role::Window {
                // No other comes before it.
                return std::future::pending().await;
            }
            while !turn.is_over() {
                tokio::time::sleep(PAUSE).await;
            }
        };
        tokio::select! {
            () = look => {}
            () = over => break,
            () = inner.stop.cancelled() => break,
        }
    }
    // No new connection is taken; then those that are there may end.
    close(&mut socket).await;
    close(&mut commands).await;
    close(&mut tcp).await;
    tracker.close();
    if tokio::time::timeout(END, tracker.wait()).await.is_err() {
        tracing::warn!("a call to the local API didn't end in time");
    }
    inner.status.send_replace(Status::default());
}

#[cfg(unix)]
async fn open_socket(inner: &Arc<Inner>, path: Option<&Path>, for_commands: bool, tracker: &TaskTracker) -> Option<Open> {
    let path = path?;
    let stop = inner.stop.child_token();
    let (reach, accepting, file) = match socket::bind(path).await {
        Ok((listener, file)) => {
            let accepting = socket::accept(Arc::clone(inner), listener, for_commands, stop.clone(), tracker.clone());
            (Reach::Open, Some(tracker.spawn(accepting)), Some(file))
        }
        Err(socket::NotBound::Taken) => (Reach::Taken, None, None),
        Err(socket::NotBound::Failed(error)) => {
            tracing::warn!(%error, "the local API's socket can't be served");
            (Reach::Failed, None, None)
        }
    };
    Some(Open { stop, reach, accepting, file })
}

#[cfg(not(unix))]
async fn open_socket(_: &Arc<Inner>, _: Option<&Path>, _: bool, _: &TaskTracker) -> Option<Open> {
    None
}

async fn open_tcp(inner: &Arc<Inner>, tracker: &TaskTracker) -> Open {
    let stop = inner.stop.child_token();
    let (reach, accepting) = match tcp::bind(&inner.connections).await {
        Ok(listener) => {
            let accepting = tracker.spawn(tcp::accept(Arc::clone(inner), listener, stop.clone(), tracker.clone()));
            (Reach::Open, Some(accepting))
        }
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => (Reach::Taken, None),
        Err(error) => {
            tracing::warn!(%error, "the local API's port can't be served");
            (Reach::Failed, None)
        }
    };
    Open { stop, reach, accepting, file: None }
}

/// A place, if one comes free in time.
async fn slot(slots: &Arc<Semaphore>) -> Option<OwnedSemaphorePermit> {
    tokio::time::timeout(PLACE, Arc::clone(slots).acquire_owned()).await.ok()?.ok()
}

/// Places for connections.
fn slots() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(CONNECTIONS))
}

/// Answers the requests of one connection.
async fn connection(inner: Arc<Inner>, way: Way, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, stop: CancellationToken) {
    let is_bounded = !matches!(way, Way::Commands);
    let service = service_fn(move |request| {
        let (inner, way) = (Arc::clone(&inner), way.clone());
        async move { Ok::<_, Infallible>(handle::handle(inner, way, request).await) }
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD).max_buf_size(LONGEST_HEAD).max_headers(HEADERS).auto_date_header(false);
    let life = if is_bounded { LIFE } else { Duration::MAX };
    if let Err(error) = ends(builder.serve_connection(TokioIo::new(stream), service), life, stop).await {
        tracing::debug!(%error, "a connection to the local API ended");
    }
}

/// Serves until the other side goes, or no more than the request under way after `life`, and that one for [`END`] at most once stopped.
async fn ends<I, S>(connection: http1::Connection<I, S>, life: Duration, stop: CancellationToken) -> Result<(), hyper::Error>
where
    I: hyper::rt::Read + hyper::rt::Write + Unpin,
    S: HttpService<Incoming>,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    S::ResBody: Body + 'static,
    <S::ResBody as Body>::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let mut connection = pin!(connection);
    tokio::select! {
        ended = connection.as_mut() => return ended,
        () = tokio::time::sleep(life) => connection.as_mut().graceful_shutdown(),
        () = stop.cancelled() => {}
    }
    // A request has limits of its own.
    tokio::select! {
        ended = connection.as_mut() => return ended,
        () = stop.cancelled() => {}
    }
    connection.as_mut().graceful_shutdown();
    tokio::time::timeout(END, connection).await.unwrap_or(Ok(()))
}

#[cfg(test)]
mod tests {
    use http_body_util::Full;
    use hyper::{Request, Response};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    /// What the other side gets that asks for something when the connection is `age` old; the answer takes 20 seconds.
    async fn answer(age: Duration, stopped: bool) -> String {
        let (mut client, server) = tokio::io::duplex(64 * 1024);
        let service = service_fn(async |_: Request<Incoming>| {
            tokio::time::sleep(Duration::from_secs(20)).await;
            Ok::<_, Infallible>(Response::new(Full::new(bytes::Bytes::from_static(b"answered"))))
        });
        let stop = CancellationToken::new();
        let connection = http1::Builder::new().serve_connection(TokioIo::new(server), service);
        let serving = tokio::spawn(ends(connection, LIFE, stop.clone()));
        tokio::time::sleep(age).await;
        client.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        tokio::time::sleep(Duration::from_secs(1)).await;
        if stopped {
            stop.cancel();
        }
        let mut text = Vec::new();
        drop(client.read_to_end(&mut text).await);
        serving.await.unwrap().unwrap();
        String::from_utf8(text).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_under_way_is_answered_though_its_connection_grows_old_and_is_the_last() {
        let text = answer(LIFE - Duration::from_secs(2), false).await;
        assert!(text.ends_with("answered") && text.to_ascii_lowercase().contains("connection: close"), "{text:?}");
        assert_eq!(answer(Duration::ZERO, true).await, "", "the end waits for five seconds");
    }
}
