//! Counters for the private listener, in Prometheus' text format. Names and codes alone: never an address, a token or an id.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use monei::{Scope, ScopeSet};

use crate::provider::answer::Answer;

/// What is counted.
#[derive(Default)]
pub(crate) struct Metrics(Mutex<BTreeMap<Counter, u64>>);

/// One counter: its family and labels from closed sets.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Counter {
    /// An answered request: route, and code or status class.
    Request(&'static str, &'static str),
    /// A call to Monei: which, and what came of it.
    Provider(&'static str, &'static str),
    /// How far people got: `started`, `approved`, `declined`, `failed`, `finished`.
    Login(&'static str),
    /// A scope: `asked` or `granted`, and which.
    Scope(&'static str, &'static str),
    /// A refusal that was taken for this backend's own trouble. Any is a reason to look.
    NotBelieved,
    /// An answer that holds both tokens, but not as documented: of which call.
    OddAnswer(&'static str),
    /// A 429 of Monei's that contradicts `MONEI_BUDGET_SCOPE`.
    ScopeContradicted,
    /// A call for which Monei refused the present secret and took the previous one.
    PreviousSecret,
}

impl Counter {
    fn family(self) -> (&'static str, &'static str) {
        match self {
            Counter::Request(..) => ("connect_requests_total", "Answered requests."),
            Counter::Provider(..) => ("connect_provider_calls_total", "Calls to Monei."),
            Counter::Login(_) => ("connect_logins_total", "How far logins got."),
            Counter::Scope(..) => ("connect_scopes_total", "Scopes asked for, and granted."),
            Counter::NotBelieved => ("connect_refusals_not_believed_total", "Refusals taken for trouble of this backend's own."),
            Counter::OddAnswer(_) => ("connect_odd_token_answers_total", "Token answers that were not as documented, and were used."),
            Counter::ScopeContradicted => {
                ("connect_budget_scope_contradicted_total", "429s of Monei that the configured budget does not explain.")
            }
            Counter::PreviousSecret => {
                ("connect_previous_secret_used_total", "Calls for which Monei took only the previous client secret.")
            }
        }
    }

    fn labels(self) -> String {
        match self {
            Counter::Request(route, result) => format!("{{route=\"{route}\",result=\"{result}\"}}"),
            Counter::Provider(call, result) => format!("{{call=\"{call}\",result=\"{result}\"}}"),
            Counter::Login(stage) => format!("{{stage=\"{stage}\"}}"),
            Counter::Scope(stage, scope) => format!("{{stage=\"{stage}\",scope=\"{scope}\"}}"),
            Counter::OddAnswer(call) => format!("{{call=\"{call}\"}}"),
            Counter::NotBelieved | Counter::ScopeContradicted | Counter::PreviousSecret => String::new(),
        }
    }
}

impl Metrics {
    pub(crate) fn count(&self, counter: Counter) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(counter).or_default() += 1;
    }

    /// Counts the known scopes of a set; unknown ones are Monei's words and could be anything.
    pub(crate) fn count_scopes(&self, stage: &'static str, scopes: &ScopeSet) {
        for scope in Scope::KNOWN.iter().filter(|scope| scopes.contains(scope)) {
            self.count(Counter::Scope(stage, name(scope)));
        }
    }

    /// Every counter. All but those of requests are there from the start, so that the first time is an increase too.
    pub(crate) fn text(&self) -> String {
        let mut counters = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let calls =
            ["exchange", "refresh", "revoke"].into_iter().flat_map(|call| Answer::LABELS.map(|result| Counter::Provider(call, result)));
        let logins = ["started", "approved", "declined", "failed", "finished"].map(Counter::Login);
        let scopes =
            ["asked", "granted"].into_iter().flat_map(|stage| SCOPES.iter().map(move |scope| Counter::Scope(stage, scope.as_str())));
        for counter in calls.chain(logins).chain(scopes).chain([
            Counter::NotBelieved,
            Counter::PreviousSecret,
            Counter::OddAnswer("exchange"),
            Counter::OddAnswer("refresh"),
        ]) {
            counters.entry(counter).or_default();
        }
        let mut text = String::new();
        let mut last = "";
        for (counter, count) in counters {
            let (name, help) = counter.family();
            if last != name {
                last = name;
                let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} counter");
            }
            let _ = writeln!(text, "{name}{} {count}", counter.labels());
        }
        text
    }
}

/// The known scopes, whose names are there for as long as the program runs.
static SCOPES: [Scope; 9] = Scope::KNOWN;

/// A known scope's name, for as long as the program runs.
fn name(scope: &Scope) -> &'static str {
    SCOPES.iter().find(|known| *known == scope).map_or("other", Scope::as_str)
}

/// Gauges, one line each.
pub(crate) fn gauge(text: &mut String, name: &str, help: &str, values: &[(&str, u64)]) {
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} gauge");
    for (labels, value) in values {
        let _ = writeln!(text, "{name}{labels} {value}");
    }
}

/// Upper bounds of the latency histogram, in milliseconds.
const BOUNDS: [u64; 8] = [25, 50, 100, 250, 500, 1_000, 5_000, 20_000];

/// How long calls took, by name.
#[derive(Default)]
pub(crate) struct Latency(Mutex<BTreeMap<&'static str, Observed>>);

#[derive(Clone, Copy, Default)]
struct Observed {
    within: [u64; BOUNDS.len()],
    count: u64,
    sum: Duration,
}

impl Latency {
    pub(crate) fn observe(&self, call: &'static str, took: Duration) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let observed = all.entry(call).or_default();
        observed.count += 1;
        observed.sum += took;
        for (bound, count) in BOUNDS.iter().zip(&mut observed.within) {
            *count += u64::from(took <= Duration::from_millis(*bound));
        }
    }

    pub(crate) fn text(&self) -> String {
        const NAME: &str = "connect_provider_seconds";
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut text = format!("# HELP {NAME} How long Monei took to answer.\n# TYPE {NAME} histogram\n");
        for (call, observed) in all {
            for (bound, count) in BOUNDS.iter().zip(observed.within) {
                let bound = Duration::from_millis(*bound).as_secs_f64();
                let _ = writeln!(text, "{NAME}_bucket{{call=\"{call}\",le=\"{bound}\"}} {count}");
            }
            let _ = writeln!(text, "{NAME}_bucket{{call=\"{call}\",le=\"+Inf\"}} {}", observed.count);
            let _ = writeln!(text, "{NAME}_sum{{call=\"{call}\"}} {}", observed.sum.as_secs_f64());
            let _ = writeln!(text, "{NAME}_count{{call=\"{call}\"}} {}", observed.count);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_scope_has_its_name() {
        assert!(Scope::KNOWN.iter().all(|scope| name(scope) == scope.as_str()));
    }

    #[test]
    fn latencies_fall_into_every_bucket_above_them() {
        let latency = Latency::default();
        latency.observe("refresh", Duration::from_millis(60));
        latency.observe("refresh", Duration::from_secs(30));
        let text = latency.text();
        for line in ["le=\"0.05\"} 0", "le=\"0.1\"} 1", "le=\"20\"} 1", "le=\"+Inf\"} 2", "_count{call=\"refresh\"} 2"] {
            assert!(text.contains(line), "{line}: {text}");
        }
    }
}
