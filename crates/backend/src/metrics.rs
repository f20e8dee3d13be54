//! Counters and gauges for the private listener. Names and codes alone: never an address, a token or an id.

use std::sync::OnceLock;
use std::time::Duration;

use monei::{Scope, ScopeSet};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter as Count;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::ports::provider::Answer;

/// One thing that happened, with labels from closed sets.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Counter {
    /// An answered request: route, and code or status class.
    Request(&'static str, &'static str),
    /// A call to Monei: which, and what came of it.
    Provider(&'static str, &'static str),
    /// How far people got: `started`, `approved`, `declined`, `failed`, `finished`.
    Login(&'static str),
    /// A refusal that was taken for this backend's own trouble. Any is a reason to look.
    NotBelieved,
    /// An answer that holds both tokens, but not as documented: of which call.
    OddAnswer(&'static str),
    /// A 429 of Monei's that contradicts `MONEI_BUDGET_SCOPE`.
    ScopeContradicted,
    /// A call for which Monei refused the present secret and took the previous one.
    PreviousSecret,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfRoute {
    route: &'static str,
    result: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfAnswer {
    call: &'static str,
    result: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfCall {
    call: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfStage {
    stage: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfScope {
    stage: &'static str,
    scope: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfLane {
    lane: &'static str,
}

/// What is told when somebody looks.
#[derive(Debug, Default)]
pub(crate) struct Gauges {
    /// Whether the store can be read and written.
    pub(crate) store_up: bool,
    /// Calls to Monei that may still be made this minute, by lane; all registrations together.
    pub(crate) left: Vec<(&'static str, u64)>,
    /// Callers that were given a time for their token call.
    pub(crate) waiting: u64,
    /// Of how many registrations Monei refused the credentials.
    pub(crate) credentials_refused: u64,
    /// For how long Monei asked for a pause.
    pub(crate) pause: Duration,
}

/// Upper bounds of the latency histogram, in seconds: from a close Monei to the time limit of a call.
const BOUNDS: [f64; 8] = [0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 20.0];

type Latencies = Family<OfCall, Histogram, fn() -> Histogram>;

/// Everything that is counted.
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<OfRoute, Count>,
    provider: Family<OfAnswer, Count>,
    logins: Family<OfStage, Count>,
    scopes: Family<OfScope, Count>,
    not_believed: Count,
    odd_answers: Family<OfCall, Count>,
    scope_contradicted: Count,
    previous_secret: Count,
    latency: Latencies,
    store_up: Gauge,
    left: Family<OfLane, Gauge>,
    waiting: Gauge,
    credentials_refused: Gauge,
    pause: Gauge,
    log_dropped: Gauge,
    log_dropped_now: OnceLock<Box<dyn Fn() -> u64 + Send + Sync>>,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("connect");
        macro_rules! registered {
            ($metric:expr, $name:literal, $help:literal) => {{
                let metric = $metric;
                registry.register($name, $help, metric.clone());
                metric
            }};
        }
        let latency: Latencies = Family::new_with_constructor(|| Histogram::new(BOUNDS));
        let metrics = Self {
            requests: registered!(Family::default(), "requests", "Answered requests"),
            provider: registered!(Family::default(), "provider_calls", "Calls to Monei"),
            logins: registered!(Family::default(), "logins", "How far logins got"),
            scopes: registered!(Family::default(), "scopes", "Scopes asked for, and granted"),
            not_believed: registered!(Count::default(), "refusals_not_believed", "Refusals taken for trouble of this backend's own"),
            odd_answers: registered!(Family::default(), "odd_token_answers", "Token answers that were not as documented, and were used"),
            scope_contradicted: registered!(
                Count::default(),
                "budget_scope_contradicted",
                "429s of Monei that the configured budget does not explain"
            ),
            previous_secret: registered!(
                Count::default(),
                "previous_secret_used",
                "Calls for which Monei took only the previous client secret"
            ),
            latency: registered!(latency, "provider_seconds", "How long Monei took to answer"),
            store_up: registered!(Gauge::default(), "store_up", "Whether the store can be read and written"),
            left: registered!(Family::default(), "budget_left", "Calls to Monei that may still be made this minute"),
            waiting: registered!(Gauge::default(), "waiting", "Callers that were given a time for their token call"),
            credentials_refused: registered!(
                Gauge::default(),
                "credentials_refused",
                "Of how many registrations Monei refused this backend's own credentials"
            ),
            pause: registered!(Gauge::default(), "provider_pause_seconds", "For how long Monei asked for a pause of its token endpoint"),
            log_dropped: registered!(Gauge::default(), "log_lines_dropped", "Log lines that were not taken in time"),
            log_dropped_now: OnceLock::new(),
            registry,
        };
        // All but those of requests are there from the start, so that the first time is an increase too.
        for call in ["exchange", "refresh", "revoke"] {
            for result in Answer::LABELS {
                drop(metrics.provider.get_or_create(&OfAnswer { call, result }));
            }
        }
        for stage in ["started", "approved", "declined", "failed", "finished"] {
            drop(metrics.logins.get_or_create(&OfStage { stage }));
        }
        for (stage, scope) in ["asked", "granted"].into_iter().flat_map(|stage| SCOPES.iter().map(move |scope| (stage, scope))) {
            drop(metrics.scopes.get_or_create(&OfScope { stage, scope: scope.as_str() }));
        }
        for call in ["exchange", "refresh"] {
            drop(metrics.odd_answers.get_or_create(&OfCall { call }));
        }
        metrics
    }
}

impl Metrics {
    pub(crate) fn count(&self, counter: Counter) {
        match counter {
            Counter::Request(route, result) => self.requests.get_or_create(&OfRoute { route, result }).inc(),
            Counter::Provider(call, result) => self.provider.get_or_create(&OfAnswer { call, result }).inc(),
            Counter::Login(stage) => self.logins.get_or_create(&OfStage { stage }).inc(),
            Counter::NotBelieved => self.not_believed.inc(),
            Counter::OddAnswer(call) => self.odd_answers.get_or_create(&OfCall { call }).inc(),
            Counter::ScopeContradicted => self.scope_contradicted.inc(),
            Counter::PreviousSecret => self.previous_secret.inc(),
        };
    }

    /// Counts the known scopes of a set; unknown ones are Monei's words and could be anything.
    pub(crate) fn count_scopes(&self, stage: &'static str, scopes: &ScopeSet) {
        for scope in SCOPES.iter().filter(|scope| scopes.contains(scope)) {
            self.scopes.get_or_create(&OfScope { stage, scope: scope.as_str() }).inc();
        }
    }

    /// How long a call to Monei took.
    pub(crate) fn observe(&self, call: &'static str, took: Duration) {
        self.latency.get_or_create(&OfCall { call }).observe(took.as_secs_f64());
    }

    /// Where to read how many lines the log lost. The first one that is given stays.
    pub(crate) fn watch_log(&self, dropped: Box<dyn Fn() -> u64 + Send + Sync>) {
        let _ = self.log_dropped_now.set(dropped);
    }

    /// Every metric, in the text format that Prometheus reads.
    pub(crate) fn text(&self, gauges: Gauges) -> String {
        let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        self.store_up.set(gauges.store_up.into());
        self.left.clear();
        for (lane, left) in gauges.left {
            self.left.get_or_create(&OfLane { lane }).set(number(left));
        }
        self.waiting.set(number(gauges.waiting));
        self.credentials_refused.set(number(gauges.credentials_refused));
        self.pause.set(number(gauges.pause.as_secs() + u64::from(gauges.pause.subsec_nanos() > 0)));
        self.log_dropped.set(self.log_dropped_now.get().map_or(0, |dropped| number(dropped())));
        let mut text = String::new();
        // Writing to a string doesn't fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

/// The known scopes, whose names are there for as long as the program runs.
static SCOPES: [Scope; 9] = Scope::KNOWN;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latencies_fall_into_every_bucket_above_them() {
        let metrics = Metrics::default();
        metrics.observe("refresh", Duration::from_millis(60));
        metrics.observe("refresh", Duration::from_secs(30));
        let text = metrics.text(Gauges::default());
        for line in ["le=\"0.05\"", "le=\"0.1\"", "le=\"20.0\"", "le=\"+Inf\""].into_iter().zip([0, 1, 1, 2]) {
            let (bucket, count) = line;
            assert!(text.contains(&format!("connect_provider_seconds_bucket{{{bucket},call=\"refresh\"}} {count}")), "{bucket}: {text}");
        }
        assert!(text.contains("connect_provider_seconds_count{call=\"refresh\"} 2"), "{text}");
    }

    #[test]
    fn what_the_store_does_not_tell_has_no_line() {
        let metrics = Metrics::default();
        let known = metrics.text(Gauges { waiting: 3, left: vec![("redeem", 8)], store_up: true, ..Gauges::default() });
        for line in ["connect_waiting 3", "connect_budget_left{lane=\"redeem\"} 8", "connect_store_up 1"] {
            assert!(known.lines().any(|told| told == line), "{line}: {known}");
        }
        let unknown = metrics.text(Gauges::default());
        assert!(!unknown.contains("connect_budget_left{") && unknown.contains("connect_store_up 0"), "{unknown}");
    }
}
