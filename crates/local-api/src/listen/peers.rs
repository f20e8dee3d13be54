//! Whose a connection over TCP is. The system tells it in one long table, which is read once for all connections that wait to be told: many
//! connections at once cost few readings.

use std::net::SocketAddr;

/// Tells whose connections are.
#[derive(Default)]
pub(super) struct Peers {
    #[cfg(target_os = "linux")]
    last: tokio::sync::Mutex<Option<(std::time::Instant, std::collections::HashSet<SocketAddr>)>>,
}

#[cfg(target_os = "linux")]
impl Peers {
    /// Whether the socket at `peer`, connected to `own`, is of this program's own user. False for a socket that the system doesn't list.
    pub(super) async fn is_own(&self, peer: SocketAddr, own: SocketAddr) -> bool {
        let began = std::time::Instant::now();
        let mut last = self.last.lock().await;
        // Read while this one waited for its turn: the connection was there already.
        if let Some((_, ours)) = last.as_ref().filter(|(at, _)| *at > began) {
            return ours.contains(&peer);
        }
        let at = std::time::Instant::now();
        match tokio::task::spawn_blocking(move || connect_core::own_peers(own)).await {
            Ok(ours) => last.insert((at, ours)).1.contains(&peer),
            Err(_) => false,
        }
    }
}

#[cfg(not(target_os = "linux"))]
impl Peers {
    /// Elsewhere no system call tells it without rights that this program doesn't have.
    #[expect(clippy::unused_async, reason = "as on Linux")]
    pub(super) async fn is_own(&self, _: SocketAddr, _: SocketAddr) -> bool {
        true
    }
}
