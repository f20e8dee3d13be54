//! Waiting for conditions instead of sleeping.

use std::time::Duration;

use anyhow::{Result, bail};
use tokio::time::{Instant, sleep, timeout_at};

/// How long anything may take before a test gives up. Generous, because machines that run tests are slow and busy.
pub(crate) const PATIENCE: Duration = Duration::from_secs(45);

/// Asks `probe` every 50 ms until it gives something; fails with `what`, and with the last error, after 45 seconds.
pub async fn until<T>(what: &str, mut probe: impl AsyncFnMut() -> Result<Option<T>>) -> Result<T> {
    let end = Instant::now() + PATIENCE;
    loop {
        // A driver that hangs must not hang the test.
        let error = match timeout_at(end, probe()).await {
            Ok(Ok(Some(found))) => return Ok(found),
            Ok(Ok(None)) => None,
            Ok(Err(error)) => Some(error),
            Err(_) => bail!("no answer while waiting for {what}"),
        };
        if Instant::now() > end {
            match error {
                Some(error) => return Err(error.context(format!("gave up waiting for {what}"))),
                None => bail!("gave up waiting for {what}"),
            }
        }
        sleep(Duration::from_millis(50)).await;
    }
}
