//! `monei-connect diagnose [--json]`: tries what a connection needs, without a window, and says what works. No secret is in its words.

use std::io::Write as _;
use std::process::ExitCode;
use std::sync::Arc;

use connect_core::clock::SystemClock;
use connect_core::problem::{Problem, ProblemCode};
use connect_core::vault::{KeychainVault, Vault};
use connect_core::view::Environment;
use connect_core::{Browser, Check, Connections, Options};
use serde::Serialize;

use crate::browser::SystemBrowser;
use crate::settings::Settings;
use crate::{report, words};

/// What programs get, whatever happens. `--help` documents its fields.
#[derive(Debug, Serialize)]
struct Answer<'a> {
    ok: bool,
    version: &'a str,
    environment: Option<Environment>,
    backend: Option<&'a str>,
    error: Option<String>,
    problem: Option<ProblemCode>,
    checks: Vec<Tried<'a>>,
}

/// One check, with its words.
#[derive(Debug, Serialize)]
struct Tried<'a> {
    #[serde(flatten)]
    check: &'a Check,
    message: Option<String>,
}

/// What was found.
struct Found {
    checks: Vec<Check>,
    /// The connection service as it is used: the person may have chosen another than a packager.
    backend: Option<String>,
}

/// Runs every check. Exit code 0 when a connection can be made, 1 when it can't.
pub fn run(settings: Settings, as_json: bool) -> ExitCode {
    let environment = settings.environment;
    let outcome = tauri::async_runtime::block_on(try_everything(settings));
    let ok = outcome.as_ref().is_ok_and(|found| report::connects(&found.checks));
    match &outcome {
        Ok(found) if as_json => print(&json(environment, found)),
        Ok(found) => print(&report::text(environment, found.backend.as_deref(), &found.checks)),
        Err(problem) => not_tried(&words::sentence(problem.code), Some(environment), Some(problem.code), as_json),
    }
    if ok { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Says why nothing could be tried: on standard error for people, on standard output for programs.
pub fn not_tried(sentence: &str, environment: Option<Environment>, problem: Option<ProblemCode>, as_json: bool) {
    if as_json {
        let error = Some(sentence.to_owned());
        let answer =
            Answer { ok: false, version: env!("CARGO_PKG_VERSION"), environment, backend: None, error, problem, checks: Vec::new() };
        print(&serde_json::to_string(&answer).unwrap_or_default());
    } else {
        eprintln!("monei-connect: {sentence}");
    }
}

fn json(environment: Environment, Found { checks, backend }: &Found) -> String {
    let answer = Answer {
        ok: report::connects(checks),
        version: env!("CARGO_PKG_VERSION"),
        environment: Some(environment),
        backend: backend.as_deref(),
        error: None,
        problem: None,
        checks: checks.iter().map(|check| Tried { check, message: words::reason(check) }).collect(),
    };
    serde_json::to_string(&answer).unwrap_or_default()
}

fn print(text: &str) {
    // A closed pipe reads nothing, and needs no word about it.
    drop(writeln!(std::io::stdout(), "{text}"));
}

async fn try_everything(settings: Settings) -> Result<Found, Problem> {
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
        guide: None,
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
    let backend = connections.view().backend.address.clone();
    connections.shutdown().await;
    #[cfg(feature = "embedded")]
    if let Some(running) = running {
        running.stop();
    }
    Ok(Found { checks, backend })
}

#[cfg(test)]
mod tests {
    use connect_core::CheckName;

    use super::*;

    #[test]
    fn programs_get_every_field_whatever_happens() {
        let check = Check {
            name: CheckName::Backend,
            ok: false,
            needed: true,
            problem: Some(ProblemCode::BackendMissing),
            proxy: None,
            took_ms: 1,
            skew_s: None,
        };
        let found = Found { checks: vec![check], backend: None };
        let told: serde_json::Value = serde_json::from_str(&json(Environment::Production, &found)).unwrap();
        let help = include_str!("cli.rs");
        let mut fields: Vec<&String> = told.as_object().unwrap().keys().collect();
        fields.sort();
        assert_eq!(fields, ["backend", "checks", "environment", "error", "ok", "problem", "version"]);
        for field in told.as_object().unwrap().keys().chain(told["checks"][0].as_object().unwrap().keys()) {
            assert!(help.contains(field.as_str()), "{field} is in no help text");
        }
        let check = &told["checks"][0];
        assert_eq!(
            (told["ok"].as_bool(), told["environment"].as_str(), check["needed"].as_bool()),
            (Some(false), Some("production"), Some(true))
        );
        assert!(check["message"].as_str().unwrap().starts_with("Enter the address of your connection service."), "{check}");
    }
}
