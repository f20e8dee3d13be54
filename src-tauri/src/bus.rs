//! The session bus, for tray and notifications: one connection for the run, made when it is first needed. Its work is done by the program's own
//! runtime, so it costs no thread.

use tokio::sync::OnceCell;
use zbus::Connection;
use zbus::connection::Builder;

static BUS: OnceCell<Connection> = OnceCell::const_new();

/// The connection. Must be called within a Tokio runtime.
///
/// # Errors
/// There is no session bus.
pub async fn session() -> zbus::Result<Connection> {
    BUS.get_or_try_init(connect).await.cloned()
}

async fn connect() -> zbus::Result<Connection> {
    let bus = Builder::session()?.internal_executor(false).build().await?;
    let executor = bus.executor().clone();
    tokio::spawn(async move {
        // Empty once the bus has gone.
        while !executor.is_empty() {
            executor.tick().await;
        }
    });
    Ok(bus)
}
