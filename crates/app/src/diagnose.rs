//! A diagnosis without a window: tries what a connection needs, and says what works, to people in lines and to programs as JSON. No secret
//! is in its words.

use std::process::ExitCode;

use connect_core::problem::ProblemCode;
use connect_core::snapshot::{Environment, Language};
use connect_core::{Check, CheckName, Connections};
use serde::Serialize;

use crate::{catalogue, report, terminal, witness};

/// What the help of a command line says of the answer.
pub const HELP: &str = "\
With --json, one object on standard output, whatever happens:
  ok           a connection can be made
  version      of this program
  environment  production, development or sandbox; null if a setting can't be used
  backend      address of the connection service, as it is used; null if none is set
  error        the sentence, if nothing could be tried; else null
  problem      its code, if it has one; else null
  checks       a list of: name, ok, needed (without it no connection can be made), problem (code or null),
               proxy (where a proxy that is the trouble was set; only then),
               message (what is wrong and what to do, or null), took_ms, skew_s (seconds the other clock is ahead, or null)

Exit codes: 0 a connection can be made; 1 it can't; 2 a word or a setting can't be used.";

/// What programs get, whatever happens. [`HELP`] documents its fields.
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

/// Who asked for it, and how it is answered.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    /// Name of the program, before a line on standard error.
    pub program: &'static str,
    /// As one JSON object on standard output, whatever happens.
    pub as_json: bool,
    /// Why a check failed, with advice that whoever asked can follow.
    pub reason: fn(&Check) -> Option<String>,
}

/// What was found.
#[derive(Clone, Debug)]
pub struct Found {
    /// Which Monei.
    pub environment: Environment,
    /// What was tried, in its order.
    pub checks: Vec<Check>,
    /// The connection service as it is used: the person may have chosen another than a packager.
    pub backend: Option<String>,
}

impl Found {
    /// Tries everything that a connection needs, with a second process of this program as the keychain's witness. `apps_port`: whether the
    /// port that apps were told is this program's; `None` where there is none, or nobody can tell.
    pub async fn with(connections: &Connections, environment: Environment, apps_port: Option<bool>) -> Self {
        let mut checks = connections.diagnose(witness::sees).await;
        checks.extend(apps_port.map(|ok| Check {
            name: CheckName::AppsPort,
            ok,
            needed: false,
            problem: (!ok).then_some(ProblemCode::AppsPortTaken),
            proxy: None,
            took_ms: 0,
            skew_s: None,
        }));
        Self { environment, checks, backend: connections.view().backend.address.clone() }
    }

    /// Whether a connection can be made.
    pub fn connects(&self) -> bool {
        report::connects(&self.checks)
    }

    /// The report for a person with the window.
    pub fn text(&self) -> String {
        self.text_with(catalogue::reason)
    }

    fn text_with(&self, reason: fn(&Check) -> Option<String>) -> String {
        report::text(self.environment, self.backend.as_deref(), &self.checks, reason)
    }

    /// The answer for a program; [`HELP`] documents its fields.
    pub fn json(&self, reason: fn(&Check) -> Option<String>) -> String {
        let answer = Answer {
            ok: self.connects(),
            version: env!("CARGO_PKG_VERSION"),
            environment: Some(self.environment),
            backend: self.backend.as_deref(),
            error: None,
            problem: None,
            checks: self.checks.iter().map(|check| Tried { check, message: reason(check) }).collect(),
        };
        serde_json::to_string(&answer).unwrap_or_default()
    }
}

/// Prints what came of it. Exit code 0 when a connection can be made, 1 when it can't, or when the answer couldn't be printed.
pub fn tell(outcome: &Result<Found, ProblemCode>, environment: Environment, asked: Asked) -> ExitCode {
    let whole = match outcome {
        Ok(found) if asked.as_json => say(&found.json(asked.reason), asked),
        Ok(found) => say(&found.text_with(asked.reason), asked),
        Err(code) => {
            not_tried(&catalogue::sentence(Language::English, *code), Some(environment), Some(*code), asked);
            true
        }
    };
    if whole && outcome.as_ref().is_ok_and(Found::connects) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Prints an answer. False, and said, where it isn't whole.
fn say(answer: &str, asked: Asked) -> bool {
    terminal::say(answer).inspect_err(|error| terminal::complain(asked.program, &terminal::cut_off(error))).is_ok()
}

/// Says why nothing could be tried: on standard error for people, on standard output for programs.
pub fn not_tried(sentence: &str, environment: Option<Environment>, problem: Option<ProblemCode>, asked: Asked) {
    if asked.as_json {
        let error = Some(sentence.to_owned());
        let answer =
            Answer { ok: false, version: env!("CARGO_PKG_VERSION"), environment, backend: None, error, problem, checks: Vec::new() };
        say(&serde_json::to_string(&answer).unwrap_or_default(), asked);
    } else {
        terminal::complain(asked.program, sentence);
    }
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
        let found = Found { environment: Environment::Production, checks: vec![check], backend: None };
        let told: serde_json::Value = serde_json::from_str(&found.json(catalogue::reason)).unwrap();
        let mut fields: Vec<&String> = told.as_object().unwrap().keys().collect();
        fields.sort();
        assert_eq!(fields, ["backend", "checks", "environment", "error", "ok", "problem", "version"]);
        for field in told.as_object().unwrap().keys().chain(told["checks"][0].as_object().unwrap().keys()) {
            assert!(HELP.contains(field.as_str()), "{field} is in no help text");
        }
        let check = &told["checks"][0];
        assert_eq!(
            (told["ok"].as_bool(), told["environment"].as_str(), check["needed"].as_bool()),
            (Some(false), Some("production"), Some(true))
        );
        assert!(check["message"].as_str().unwrap().starts_with("Enter the address of your connection service."), "{check}");
        // Where there is no window, nothing leads to its Settings.
        for told in [found.json(catalogue::reason_in_a_terminal), found.text_with(catalogue::reason_in_a_terminal)] {
            assert!(told.contains("Set CONNECT_BACKEND_URL") && !told.contains("Settings"), "{told}");
        }
    }
}
