//! Counters for the private listener, in Prometheus' text format. Names and codes alone: never an address, a token or an id.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Mutex, PoisonError};

/// What is counted.
#[derive(Default)]
pub(crate) struct Metrics(Mutex<BTreeMap<Counter, u64>>);

/// One counter: its family and two labels from closed sets.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Counter {
    /// An answered request: route, and code or status class.
    Request(&'static str, &'static str),
    /// A call to Monei: which, and what came of it.
    Provider(&'static str, &'static str),
}

impl Metrics {
    pub(crate) fn count(&self, counter: Counter) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(counter).or_default() += 1;
    }

    pub(crate) fn text(&self) -> String {
        let counters = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut text = String::new();
        let mut family = "";
        for (counter, count) in counters {
            let (name, help, first, second) = match counter {
                Counter::Request(route, result) => ("connect_requests_total", "Answered requests.", ("route", route), ("result", result)),
                Counter::Provider(call, result) => ("connect_provider_calls_total", "Calls to Monei.", ("call", call), ("result", result)),
            };
            if family != name {
                family = name;
                let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} counter");
            }
            let _ = writeln!(text, "{name}{{{}=\"{}\",{}=\"{}\"}} {count}", first.0, first.1, second.0, second.1);
        }
        text
    }
}
