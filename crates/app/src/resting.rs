//! Refreshes unused connections from time to time while a program runs, where the person has chosen that.

use std::time::Duration;

use connect_core::Connections;

/// When for the first time: a start is over by then.
const FIRST: Duration = Duration::from_secs(60);
/// And how often from then on. Each connection is refreshed once a week; the core knows which are due.
const EVERY: Duration = Duration::from_secs(3600);

/// Does so for as long as it is polled.
pub async fn keep_alive(connections: Connections) {
    tokio::time::sleep(FIRST).await;
    loop {
        connections.keep_alive().await;
        tokio::time::sleep(EVERY).await;
    }
}
