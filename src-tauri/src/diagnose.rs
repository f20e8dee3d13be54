//! `monei-connect diagnose [--json]`: a diagnosis without a window.

use std::process::ExitCode;

use connect_app::diagnose::{Asked, Found, tell};
use connect_app::settings::Settings;
use connect_app::start;
use connect_core::problem::Problem;
use connect_local_api::Place;

/// Runs every check. Exit code 0 when a connection can be made, 1 when it can't.
pub fn run(settings: &Settings, asked: Asked) -> ExitCode {
    let outcome = tauri::async_runtime::block_on(try_everything(settings));
    tell(&outcome.map_err(|problem| problem.code), settings.environment, asked)
}

async fn try_everything(settings: &Settings) -> Result<Found, Problem> {
    let vault = start::vault(settings)?;
    let connections = start::connections(settings, vault.clone(), crate::platform::without_window(settings)).await?;
    // Where the program is open already, its own backend answers at that address.
    #[cfg(feature = "embedded")]
    let running = if settings.embedded {
        let started = crate::embedded::start(settings, vault.as_ref()).await;
        started.inspect_err(|error| eprintln!("monei-connect: no backend was started for this: {error}")).ok()
    } else {
        None
    };
    let apps_port = connect_local_api::is_ours(&connections, &Place::of(settings)).await;
    let found = Found::with(&connections, settings.environment, apps_port).await;
    connections.shutdown().await;
    #[cfg(feature = "embedded")]
    if let Some(running) = running {
        running.stop();
    }
    Ok(found)
}
