//! `monei-connect diagnose [--json]`: tries what a connection needs, without a window, and says what works. No secret is in its words.

use std::io::Write as _;
use std::process::ExitCode;
use std::sync::Arc;

use connect_core::clock::SystemClock;
use connect_core::problem::{Problem, ProblemCode};
use connect_core::vault::{KeychainVault, Vault};
use connect_core::{Browser, Check, Connections, Options};
use serde_json::json;

use crate::browser::SystemBrowser;
use crate::report;
use crate::settings::Settings;

/// Runs every check. Exit code 0 when all is well, 1 when something isn't.
pub fn run(settings: Settings, as_json: bool) -> ExitCode {
    let backend = settings.backend.to_string();
    let environment = settings.environment;
    let outcome = tauri::async_runtime::block_on(try_everything(settings));
    let text = match &outcome {
        Ok(checks) if as_json => {
            let ok = checks.iter().all(|check| check.ok);
            json!({"ok": ok, "version": env!("CARGO_PKG_VERSION"), "environment": environment, "backend": backend, "checks": checks})
                .to_string()
        }
        Ok(checks) => report::text(environment, &backend, checks),
        Err(problem) if as_json => json!({"ok": false, "problem": problem.code}).to_string(),
        Err(problem) => format!("monei-connect: can't be started: {}", problem.code.name()),
    };
    // A closed pipe reads nothing, and needs no word about it.
    drop(writeln!(std::io::stdout(), "{text}"));
    if outcome.is_ok_and(|checks| checks.iter().all(|check| check.ok)) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

async fn try_everything(settings: Settings) -> Result<Vec<Check>, Problem> {
    let vault: Arc<dyn Vault> = Arc::new(KeychainVault::new(&settings.namespace).map_err(ProblemCode::from)?);
    #[cfg(feature = "embedded")]
    let embedded = settings.embedded.then(|| settings.clone());
    let connections = Connections::start(Options {
        environment: settings.environment,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        data_dir: settings.data_dir,
        link_scheme: settings.link_scheme.clone(),
        backend: settings.backend,
        backend_managed: settings.backend_managed,
        browser: Arc::new(SystemBrowser::new(settings.link_scheme)) as Arc<dyn Browser>,
        vault: Arc::clone(&vault),
        clock: Arc::new(SystemClock),
        proxies: crate::proxies::of_the_desktop(),
    })
    .await?;
    // Where the program is open already, its own backend answers at that address.
    #[cfg(feature = "embedded")]
    let running = match &embedded {
        Some(settings) => match crate::embedded::start(settings, vault.as_ref()).await {
            Ok(running) => Some(running),
            Err(error) => {
                eprintln!("monei-connect: no backend was started for this: {error}");
                None
            }
        },
        None => None,
    };
    let checks = connections.diagnose(crate::witness::sees).await;
    connections.shutdown().await;
    #[cfg(feature = "embedded")]
    if let Some(running) = running {
        running.stop();
    }
    Ok(checks)
}
