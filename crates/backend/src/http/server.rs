//! Serving over TCP: hyper itself, since `axum::serve` sets no timer and so bounds neither slow heads nor connections (C-12).

use std::collections::HashMap;
use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use ipnet::IpNet;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio_io_timeout::TimeoutStream;
use tower::ServiceExt;

use crate::domain::network::part;
use crate::flow::under_way::UnderWay;
use crate::http::guard::caller::{LocalSocket, is_trusted};

/// How long the head of a request may take; also how long an idle connection is kept.
const HEAD_TIMEOUT: Duration = Duration::from_secs(5);
/// The same of a proxy that is listed: it reads heads itself, and keeps idle connections for its next request. nginx closes them after 60 seconds,
/// Caddy after 120; whoever closes first must be the proxy, or it meets a connection that is just being closed.
const PROXY_TIMEOUT: Duration = Duration::from_secs(180);
/// How long a caller may take none of what is written to them.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest head, in bytes.
const MAX_HEAD: usize = 16 * 1024;
/// Most connections at a time.
const MAX_CONNECTIONS: usize = 1024;
/// How long requests and calls to Monei may take to finish once the program is told to stop: longer than a call takes at most.
const DRAIN: Duration = Duration::from_secs(24);
/// How long the last answers have to get out once no request is under way. Connections that wait for a request don't hold the end up.
const LAST_ANSWERS: Duration = Duration::from_millis(500);

/// Where callers connect.
#[derive(Debug)]
pub enum Listener {
    /// An address and a port.
    Tcp(TcpListener),
    /// A socket in the file system. Whoever may connect to it is believed about whom it speaks for, like a trusted proxy.
    #[cfg(unix)]
    Unix(tokio::net::UnixListener),
}

impl From<TcpListener> for Listener {
    fn from(listener: TcpListener) -> Self {
        Self::Tcp(listener)
    }
}

/// What is served.
pub(crate) struct Served {
    /// For callers.
    pub(crate) public: Router,
    /// Health and metrics.
    pub(crate) private: Router,
    pub(crate) under_way: UnderWay,
    pub(crate) connections_per_address: Option<NonZeroU32>,
    pub(crate) trusted_proxies: Vec<IpNet>,
}

/// Serves callers on `listeners`, and health and metrics on `private`, until `shutdown`; then lets requests under way finish.
///
/// # Errors
/// When a task that accepts connections fails, which is a fault of this program.
pub(crate) async fn serve(
    listeners: Vec<Listener>,
    private: Vec<Listener>,
    served: Served,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let (stop, stopped) = watch::channel(false);
    let Served { public: router, private: private_router, under_way, connections_per_address, trusted_proxies } = served;
    let callers = Callers::new(MAX_CONNECTIONS, connections_per_address, trusted_proxies);
    let unlimited = Callers::new(MAX_CONNECTIONS, None, Vec::new());
    let mut tasks = Vec::new();
    for (listeners, router, callers) in [(listeners, router, callers), (private, private_router, unlimited)] {
        for listener in listeners {
            tasks.push(tokio::spawn(accept(listener, router.clone(), callers.clone(), under_way.clone(), stopped.clone())));
        }
    }
    shutdown.await;
    stop.send_replace(true);
    for task in tasks {
        task.await.map_err(io::Error::other)?;
    }
    Ok(())
}

/// A connection that was just accepted.
enum Accepted {
    Tcp(TcpStream, SocketAddr),
    #[cfg(unix)]
    Unix(tokio::net::UnixStream),
}

impl Listener {
    async fn accept(&self) -> io::Result<Accepted> {
        match self {
            Listener::Tcp(listener) => listener.accept().await.map(|(stream, peer)| Accepted::Tcp(stream, peer)),
            #[cfg(unix)]
            Listener::Unix(listener) => listener.accept().await.map(|(stream, _)| Accepted::Unix(stream)),
        }
    }
}

async fn accept(listener: Listener, router: Router, callers: Arc<Callers>, under_way: UnderWay, mut stopped: watch::Receiver<bool>) {
    let graceful = GracefulShutdown::new();
    loop {
        // Waits for room before it accepts, so that callers queue in the kernel instead of here.
        let next = async {
            let permit = callers.slots.clone().acquire_owned().await.ok()?;
            Some((permit, listener.accept().await))
        };
        let (permit, accepted) = tokio::select! {
            next = next => match next {
                Some(next) => next,
                None => break,
            },
            _ = stopped.wait_for(|stop| *stop) => break,
        };
        match accepted {
            Ok(Accepted::Tcp(stream, peer)) => {
                if let Some(counted) = callers.count(peer.ip()) {
                    let requests = Requests { router: router.clone(), peer: Some(peer), under_way: under_way.clone() };
                    connection(stream, requests, callers.head_timeout(peer.ip()), &graceful, (permit, Some(counted)));
                } else {
                    tracing::warn!(event = "connection_refused", reason = "too_many_of_one_address");
                }
            }
            #[cfg(unix)]
            Ok(Accepted::Unix(stream)) => {
                let requests = Requests { router: router.clone(), peer: None, under_way: under_way.clone() };
                connection(stream, requests, PROXY_TIMEOUT, &graceful, (permit, None));
            }
            Err(error) => {
                // Out of file descriptors, mostly: a pause lets connections end instead of spinning.
                tracing::error!(event = "accept_failed", %error);
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
    drop(listener);
    let drained = async {
        let closed = async {
            tokio::select! {
                () = graceful.shutdown() => {}
                () = async {
                    under_way.over().await;
                    tokio::time::sleep(LAST_ANSWERS).await;
                } => {}
            }
        };
        // A call to Monei may go on when its connection is closed: its caller was told to ask again, or went away.
        tokio::join!(closed, under_way.over());
    };
    if tokio::time::timeout(DRAIN, drained).await.is_err() {
        tracing::warn!(event = "shutdown_cut_short");
    }
}

fn connection<S: AsyncRead + AsyncWrite + Send + 'static>(
    stream: S,
    requests: Requests,
    head_timeout: Duration,
    graceful: &GracefulShutdown,
    place: (OwnedSemaphorePermit, Option<Counted>),
) {
    let service = service_fn(move |request| requests.serve(request));
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(WRITE_TIMEOUT));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(head_timeout)
        .max_buf_size(MAX_HEAD)
        .serve_connection(TokioIo::new(Box::pin(stream)), service);
    let connection = graceful.watch(connection);
    tokio::spawn(async move {
        // A connection that ends badly is the caller's affair; hyper's errors name neither addresses nor contents, and would be noise.
        let _ = connection.await;
        drop(place);
    });
}

/// The requests of one connection.
struct Requests {
    router: Router,
    /// `None`: over a socket in the file system.
    peer: Option<SocketAddr>,
    under_way: UnderWay,
}

impl Requests {
    fn serve(&self, mut request: http::Request<Incoming>) -> impl Future<Output = Result<Response, Infallible>> + use<> {
        match self.peer {
            Some(peer) => request.extensions_mut().insert(ConnectInfo(peer)).is_none(),
            None => request.extensions_mut().insert(LocalSocket).is_none(),
        };
        let router = self.router.clone();
        let under_way = self.under_way.enter();
        async move {
            let response = router.oneshot(request.map(axum::body::Body::new)).await;
            drop(under_way);
            response
        }
    }
}

/// How many connections each address has open.
struct Callers {
    /// For connections, of whomever.
    slots: Arc<Semaphore>,
    /// Of one address.
    most: Option<NonZeroU32>,
    /// Carry many callers each, and are not bounded.
    proxies: Vec<IpNet>,
    open: Mutex<HashMap<IpAddr, u32>>,
}

/// One open connection of an address, counted until it is dropped.
struct Counted {
    callers: Arc<Callers>,
    address: IpAddr,
}

impl Callers {
    fn new(slots: usize, most: Option<NonZeroU32>, proxies: Vec<IpNet>) -> Arc<Self> {
        Arc::new(Self { slots: Arc::new(Semaphore::new(slots)), most, proxies, open: Mutex::default() })
    }

    /// How long a connection of `address` may be idle, or take for a head.
    fn head_timeout(&self, address: IpAddr) -> Duration {
        if is_trusted(address, &self.proxies) { PROXY_TIMEOUT } else { HEAD_TIMEOUT }
    }

    fn count(self: &Arc<Self>, address: IpAddr) -> Option<Counted> {
        let proxy = is_trusted(address, &self.proxies);
        let address = part(address);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(address).or_default();
        if self.most.is_some_and(|most| *count >= most.get()) && !proxy {
            return None;
        }
        *count += 1;
        Some(Counted { callers: self.clone(), address })
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut open = self.callers.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    /// Waits, since the server notices connections a moment later.
    async fn until(condition: impl Fn() -> bool) {
        let wait = async {
            while !condition() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), wait).await.expect("comes true");
    }

    #[tokio::test]
    async fn when_all_slots_are_taken_callers_wait_until_one_is_free() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let callers = Callers::new(3, None, Vec::new());
        let (_stop, stopped) = watch::channel(false);
        let router = Router::new().route("/", axum::routing::get(|| async { "served" }));
        tokio::spawn(accept(listener.into(), router, callers.clone(), UnderWay::default(), stopped));
        let served = async |mut stream: TcpStream| {
            let mut answer = Vec::new();
            tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut answer)).await.expect("is served").unwrap();
            assert!(answer.starts_with(b"HTTP/1.1 200 OK") && answer.ends_with(b"served"), "{}", String::from_utf8_lossy(&answer));
        };
        let ask = async || {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await.unwrap();
            stream
        };
        let mut silent = Vec::new();
        for _ in 0..3 {
            silent.push(TcpStream::connect(address).await.unwrap());
        }
        until(|| callers.slots.available_permits() == 0).await;
        let (one, two) = (ask().await, ask().await);
        assert_eq!(one.try_read(&mut [0]).unwrap_err().kind(), io::ErrorKind::WouldBlock, "nobody is served beyond the number of slots");
        // One goes of itself; the others never say a word, and are shown out.
        silent.pop();
        served(one).await;
        served(two).await;
        for mut stream in silent {
            let mut rest = Vec::new();
            tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut rest)).await.expect("is closed").ok();
        }
        // All but the place for whoever comes next, which is taken before anybody does.
        until(|| callers.slots.available_permits() == 2).await;
        served(ask().await).await;
    }
}
