//! The server: loopback only, with limits on heads and time.

use std::future::Future;
use std::io;
use std::pin::pin;
use std::time::Duration;

use hyper::body::Incoming;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tower::ServiceExt;

use crate::entry::Peer;
use crate::sandbox::Sandbox;

/// A request's head has to be there after so long.
const HEAD_TIME: Duration = Duration::from_secs(10);
/// Longest head, in bytes.
const MAX_HEAD: usize = 32 * 1024;
/// Answers that are under way at shutdown get so long.
const LAST_ANSWERS: Duration = Duration::from_secs(2);
/// Pause after the system refused a connection (no descriptors left, say), so that the loop doesn't spin.
const AFTER_REFUSAL: Duration = Duration::from_millis(50);

/// Serves `sandbox` until `shutdown` is done.
///
/// # Errors
/// `PermissionDenied` for a listener that isn't on a loopback address; otherwise what the listener reports.
pub async fn serve(listener: TcpListener, sandbox: Sandbox, shutdown: impl Future<Output = ()> + Send + 'static) -> io::Result<()> {
    let address = listener.local_addr()?;
    if !address.ip().is_loopback() {
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
        let connection = hyper::server::conn::http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIME)
            .max_buf_size(MAX_HEAD)
            .serve_connection(
                TokioIo::new(stream),
                TowerToHyperService::new(router.clone().map_request(move |request| from(peer, request))),
            );
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
