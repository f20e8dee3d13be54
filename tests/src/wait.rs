//! Waiting for conditions instead of sleeping.

use std::time::Duration;

use anyhow::{Result, anyhow};
use tokio::time::{Instant, sleep, timeout_at};

/// How long anything may take before a test gives up. Generous, because machines that run tests are slow and busy.
pub const PATIENCE: Duration = Duration::from_secs(45);

/// Asks `probe` every 50 ms until it gives something; fails with `what`, and with the last error, after 45 seconds.
pub async fn until<T>(what: &str, mut probe: impl AsyncFnMut() -> Result<Option<T>>) -> Result<T> {
    let end = Instant::now() + PATIENCE;
    let mut last = anyhow!("it is not there");
    loop {
        // A driver that hangs must not hang the test.
        match timeout_at(end, probe()).await {
            Ok(Ok(Some(found))) => return Ok(found),
            Ok(Ok(None)) => last = anyhow!("it is not there"),
            Ok(Err(error)) => last = error,
            Err(_) => last = last.context("no answer; before that"),
        }
        if Instant::now() >= end {
            return Err(last.context(format!("gave up waiting for {what}")));
        }
        sleep(Duration::from_millis(50)).await;
    }
}
