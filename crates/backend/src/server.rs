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
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio_io_timeout::TimeoutStream;
use tower::ServiceExt;

use crate::Backend;
use crate::guard::address::network;
use crate::guard::caller::is_trusted;
use crate::under_way::UnderWay;

/// How long the head of a request may take; also how long an idle connection is kept.
const HEAD_TIMEOUT: Duration = Duration::from_secs(5);
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

/// Serves `backend` on `listener`, and health and metrics on `private`, until `shutdown`; then lets requests under way finish.
///
/// # Errors
/// None at present; connections that fail are closed on their own.
pub async fn serve(
    listener: TcpListener,
    private: Option<TcpListener>,
    backend: Backend,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let (stop, stopped) = watch::channel(false);
    let under_way = backend.inner().under_way.clone();
    let config = &backend.inner().config;
    let callers = Callers::new(MAX_CONNECTIONS, config.connections_per_address, config.trusted_proxies.clone());
    let nobody = Callers::new(MAX_CONNECTIONS, None, Vec::new());
    let public = tokio::spawn(accept(listener, backend.router(), callers, under_way.clone(), stopped.clone()));
    let private = private.map(|listener| tokio::spawn(accept(listener, backend.private_router(), nobody, under_way, stopped)));
    shutdown.await;
    stop.send_replace(true);
    for task in [Some(public), private].into_iter().flatten() {
        task.await.map_err(io::Error::other)?;
    }
    Ok(())
}

async fn accept(listener: TcpListener, router: Router, callers: Arc<Callers>, under_way: UnderWay, mut stopped: watch::Receiver<bool>) {
    let graceful = GracefulShutdown::new();
    loop {
        // Waits for room before it accepts, so that a full house queues in the kernel instead of here.
        let next = async {
            let permit = callers.room.clone().acquire_owned().await.ok()?;
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
            Ok((stream, peer)) => {
                if let Some(seat) = callers.seat(peer.ip()) {
                    let requests = Requests { router: router.clone(), peer, under_way: under_way.clone() };
                    connection(stream, requests, &graceful, (permit, seat));
                } else {
                    tracing::warn!(event = "connection_refused", reason = "too_many_of_one_address");
                }
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

fn connection(stream: TcpStream, requests: Requests, graceful: &GracefulShutdown, place: (OwnedSemaphorePermit, Seat)) {
    let service = service_fn(move |request| requests.serve(request));
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(WRITE_TIMEOUT));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
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
    peer: SocketAddr,
    under_way: UnderWay,
}

impl Requests {
    fn serve(&self, mut request: http::Request<Incoming>) -> impl Future<Output = Result<Response, Infallible>> + use<> {
        request.extensions_mut().insert(ConnectInfo(self.peer));
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
    room: Arc<Semaphore>,
    /// Of one address.
    most: Option<NonZeroU32>,
    /// Carry many callers each, and are not bounded.
    proxies: Vec<IpNet>,
    open: Mutex<HashMap<IpAddr, u32>>,
}

/// One open connection of an address; gives its place back when dropped.
struct Seat {
    callers: Arc<Callers>,
    address: IpAddr,
}

impl Callers {
    fn new(room: usize, most: Option<NonZeroU32>, proxies: Vec<IpNet>) -> Arc<Self> {
        Arc::new(Self { room: Arc::new(Semaphore::new(room)), most, proxies, open: Mutex::default() })
    }

    fn seat(self: &Arc<Self>, address: IpAddr) -> Option<Seat> {
        let proxy = is_trusted(address, &self.proxies);
        let address = network(address);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(address).or_default();
        if self.most.is_some_and(|most| *count >= most.get()) && !proxy {
            return None;
        }
        *count += 1;
        Some(Seat { callers: self.clone(), address })
    }
}

impl Drop for Seat {
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
    async fn in_a_full_house_callers_wait_until_somebody_goes_or_is_cut_off() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let callers = Callers::new(3, None, Vec::new());
        let (_stop, stopped) = watch::channel(false);
        let router = Router::new().route("/", axum::routing::get(|| async { "served" }));
        tokio::spawn(accept(listener, router, callers.clone(), UnderWay::default(), stopped));
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
        until(|| callers.room.available_permits() == 0).await;
        let (one, two) = (ask().await, ask().await);
        assert_eq!(one.try_read(&mut [0]).unwrap_err().kind(), io::ErrorKind::WouldBlock, "nobody is served beyond the house's size");
        // One goes of itself; the others never say a word, and are shown out.
        silent.pop();
        served(one).await;
        served(two).await;
        for mut stream in silent {
            let mut rest = Vec::new();
            tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut rest)).await.expect("is closed").ok();
        }
        // All but the place for whoever comes next, which is taken before anybody does.
        until(|| callers.room.available_permits() == 2).await;
        served(ask().await).await;
    }
}
