//! 127.0.0.1: a port below 32768, drawn once and kept. If somebody else holds it no other one is taken, since whoever holds it could
//! collect the keys that programs send there.

use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use connect_core::Connections;
use connect_core::problem::{Problem, ProblemCode};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::peers::Peers;
use super::{connection, slot, slots};
use crate::Inner;
use crate::handle::Way;

/// Ports that no system hands out by itself (Linux from 32768, others higher).
const PORTS: std::ops::Range<u16> = 10_240..32_768;
/// How many are tried the first time.
const TRIES: usize = 20;

/// Listens on the kept port; draws and keeps one where there is none.
pub(super) async fn bind(connections: &Connections) -> io::Result<TcpListener> {
    let unavailable = |_| io::Error::other("the index can't be used");
    if let Some(port) = connections.api_port().await.map_err(unavailable)? {
        return TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await;
    }
    let (listener, port) = draw().await?;
    connections.set_api_port(port).await.map_err(unavailable)?;
    Ok(listener)
}

/// Draws another port and keeps it, for the person who asks for one: every key that was used over TCP ends. Gives the port, and how many keys
/// ended. Whoever serves listens there within two seconds.
///
/// # Errors
/// No port is free, or the index can't be written.
pub async fn draw_port(connections: &Connections) -> Result<(u16, usize), Problem> {
    let (listener, port) = draw().await.map_err(|_| ProblemCode::LoopbackUnavailable)?;
    let ended = connections.set_api_port(port).await?;
    drop(listener);
    Ok((port, ended))
}

async fn draw() -> io::Result<(TcpListener, u16)> {
    let mut last = io::Error::from(io::ErrorKind::AddrInUse);
    for _ in 0..TRIES {
        let port = rand::random_range(PORTS);
        match TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await {
            Ok(listener) => return Ok((listener, port)),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// Takes connections of the person's own user, where the system tells.
pub(super) async fn accept(inner: Arc<Inner>, listener: TcpListener, stop: CancellationToken, tracker: TaskTracker) {
    let (slots, peers) = (slots(), Arc::new(Peers::default()));
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => return,
        };
        let Ok((stream, peer)) = accepted else {
            // Too many files are open, say.
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let (Some(slot), Ok(own)) = (slot(&slots).await, stream.local_addr()) else { continue };
        let (inner, peers, stop) = (Arc::clone(&inner), Arc::clone(&peers), stop.clone());
        tracker.spawn(async move {
            let _slot = slot;
            if peers.is_own(peer, own).await {
                connection(inner, Way::Tcp, stream, stop).await;
            } else {
                tracing::warn!("a connection of another user of this computer was closed");
            }
        });
    }
}
