//! When the system asks a program to end. What is done then is the front end's: first [`connect_core::Connections::shutdown`], which
//! finishes what would be lost.

/// Waits until the system asks this program to end, and tells how: SIGTERM, SIGINT or SIGHUP.
///
/// # Errors
/// Signals can't be followed.
#[cfg(unix)]
pub async fn asked_to_end() -> std::io::Result<&'static str> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut terminate, mut interrupt, mut hang_up) =
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?, signal(SignalKind::hangup())?);
    Ok(tokio::select! {
        _ = terminate.recv() => "SIGTERM",
        _ = interrupt.recv() => "SIGINT",
        _ = hang_up.recv() => "SIGHUP",
    })
}

/// Waits until the person presses Ctrl-C at this program's console.
///
/// # Errors
/// There is no console to hear it from.
#[cfg(not(unix))]
pub async fn asked_to_end() -> std::io::Result<&'static str> {
    tokio::signal::ctrl_c().await.map(|()| "Ctrl-C")
}
