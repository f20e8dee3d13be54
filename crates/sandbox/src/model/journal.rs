//! What was called: counters for tests, and the last requests for the control page. No token.

use std::collections::{BTreeMap, VecDeque};

use serde_json::{Value, json};

use crate::model::clock::{Millis, iso};
use crate::model::mask;

/// Requests shown on the control page.
const LAST_KEPT: usize = 100;
/// Different requests counted on their own; further ones count together.
const DISTINCT_KEPT: usize = 500;
/// Methods that are counted by their names (RFC 9110 §9.3, RFC 5789).
const METHODS: [&str; 9] = ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"];
/// Longest path that is kept, in bytes.
const PATH_KEPT: usize = 120;
/// Longest reason that is kept, in characters.
const WHY_KEPT: usize = 300;

/// Numbers for tests to assert on.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counters {
    /// Requests that reached the token endpoint, refused ones too.
    pub(crate) token_calls: u64,
    /// Of these, exchanges of a code that were processed (past quota and body checks), whatever came of them.
    pub(crate) code_exchanges: u64,
    /// Of these, refreshes that were processed.
    pub(crate) refreshes: u64,
    /// Requests that reached the revoke endpoint.
    pub(crate) revokes: u64,
    /// Answers 403 of the API.
    pub(crate) forbidden: u64,
}

/// One request as the control page shows it.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) at: Millis,
    pub(crate) method: String,
    pub(crate) path: String,
    /// Masked; empty where there was none.
    pub(crate) query: String,
    /// `None`: the connection was closed without an answer.
    pub(crate) status: Option<u16>,
    /// Whose token it carried, where it carried a good one.
    pub(crate) holder: Option<String>,
    /// What was wrong with it, where it was refused.
    pub(crate) why: Option<String>,
}

/// What is told of a request besides its path.
#[derive(Clone, Debug, Default)]
pub(crate) struct Told<'a> {
    pub(crate) query: Option<&'a str>,
    pub(crate) status: Option<u16>,
    pub(crate) holder: Option<String>,
    pub(crate) why: Option<String>,
}

/// The record of what was called.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    pub(crate) counters: Counters,
    pub(crate) last: VecDeque<Seen>,
    counts: BTreeMap<(String, String, Option<u16>), u64>,
}

impl Journal {
    /// Records a request.
    pub(crate) fn record(&mut self, at: Millis, method: &str, path: &str, told: Told<'_>) {
        let status = told.status;
        let path: String = leaks::mask(path).chars().take(PATH_KEPT).collect();
        if status == Some(403) && path.starts_with("/api/v1/") {
            self.counters.forbidden += 1;
        }
        // A method that HTTP doesn't know is as good as any other of them: callers make up what they like.
        let method = if METHODS.contains(&method) { method } else { "(other)" };
        let mut key = (method.to_owned(), path.clone(), status);
        if self.counts.len() >= DISTINCT_KEPT && !self.counts.contains_key(&key) {
            key.1 = "(others)".to_owned();
        }
        let method = key.0.clone();
        *self.counts.entry(key).or_insert(0) += 1;
        let why = told.why.map(|why| leaks::mask(&why).chars().take(WHY_KEPT).collect::<String>());
        if let Some(why) = &why {
            tracing::info!(%method, %path, status, %why, "refused");
        }
        self.last.push_back(Seen {
            at,
            method,
            path,
            query: told.query.map(mask::query).unwrap_or_default(),
            status,
            holder: told.holder,
            why,
        });
        if self.last.len() > LAST_KEPT {
            self.last.pop_front();
        }
    }

    /// The last requests, newest first, for the control API.
    pub(crate) fn log(&self) -> Value {
        let shown = self.last.iter().rev().map(|seen| {
            json!({"at": iso(seen.at), "method": seen.method, "path": seen.path, "query": seen.query, "status": seen.status.unwrap_or(0),
                   "holder": seen.holder, "why": seen.why})
        });
        Value::Array(shown.collect())
    }

    /// The counters as the control API shows them. A dropped connection has status 0.
    pub(crate) fn to_json(&self) -> Value {
        let requests: Vec<Value> = self
            .counts
            .iter()
            .map(|((method, path, status), count)| json!({"method": method, "path": path, "status": status.unwrap_or(0), "count": count}))
            .collect();
        json!({
            "token_calls": self.counters.token_calls,
            "code_exchanges": self.counters.code_exchanges,
            "refreshes": self.counters.refreshes,
            "revokes": self.counters.revokes,
            "forbidden": self.counters.forbidden,
            "requests": requests,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_journal_stays_bounded_however_many_methods_are_tried() {
        let mut journal = Journal::default();
        for number in 0..20_000 {
            let told = Told { status: Some(400 + number % 50), ..Told::default() };
            journal.record(0, &format!("M{number}"), &format!("/api/v1/{}", number % 700), told);
        }
        assert!(journal.counts.len() <= DISTINCT_KEPT + 50, "{}", journal.counts.len());
        assert!(journal.last.iter().all(|seen| seen.method == "(other)"));
    }

    #[test]
    fn the_journal_stays_bounded_however_many_paths_are_tried() {
        let mut journal = Journal::default();
        for number in 0..5_000 {
            journal.record(0, "GET", &format!("/api/v1/{number}/{}", "x".repeat(1_000)), Told { status: Some(404), ..Told::default() });
        }
        assert_eq!(journal.last.len(), LAST_KEPT);
        assert!(journal.counts.len() <= DISTINCT_KEPT + 1);
        assert!(journal.last.iter().all(|seen| seen.path.len() <= PATH_KEPT));
    }
}
