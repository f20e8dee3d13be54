//! The story of this run: who asked for what, what was allowed, what came of it, and why something was refused. In words, without secrets.

use std::collections::VecDeque;

use monei::{Scope, ScopeSet};
use serde_json::{Value, json};

use crate::model::clock::{Millis, iso};

/// Steps that are kept; the oldest goes first.
const KEPT: usize = 2_000;
/// Longest text of a step, in characters.
const TEXT_KEPT: usize = 400;

/// What kind of step it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// An app sent a person to the consent page.
    Authorize,
    /// A person logged in, or decided.
    Consent,
    /// A code was exchanged.
    Token,
    /// A pair was refreshed.
    Refresh,
    /// A call of the API.
    Call,
    /// An app or a person took access away.
    Revocation,
    /// Something that the tester did, or that a scenario did for them.
    Tester,
}

impl Step {
    /// As the control API names it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Step::Authorize => "authorize",
            Step::Consent => "consent",
            Step::Token => "token",
            Step::Refresh => "refresh",
            Step::Call => "call",
            Step::Revocation => "revocation",
            Step::Tester => "tester",
        }
    }
}

/// Whom a step concerns, as far as it is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Party {
    pub(crate) client: Option<String>,
    pub(crate) user: Option<String>,
    pub(crate) grant: Option<u64>,
}

impl std::fmt::Display for Party {
    /// `ada, grant-3`, or what is known of it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (&self.user, self.grant) {
            (Some(user), Some(grant)) => write!(f, "{user}, grant-{grant}"),
            (Some(user), None) => f.write_str(user),
            (None, Some(grant)) => write!(f, "grant-{grant}"),
            (None, None) => f.write_str(self.client.as_deref().unwrap_or("–")),
        }
    }
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// When it happened; the last time where it happened several times in a row.
    pub(crate) at: Millis,
    pub(crate) step: Step,
    pub(crate) party: Party,
    /// What was done, or tried.
    pub(crate) what: String,
    /// Status of the answer; `None` where there was none to give.
    pub(crate) status: Option<u16>,
    /// Why it was refused.
    pub(crate) why: Option<String>,
    /// How often in a row.
    pub(crate) times: u32,
}

impl Entry {
    /// A step that happened once.
    pub(crate) fn new(at: Millis, step: Step, party: Party, what: impl Into<String>) -> Entry {
        Entry { at, step, party, what: what.into(), status: None, why: None, times: 1 }
    }
}

/// The steps, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Timeline {
    steps: VecDeque<Entry>,
    /// So many steps are no longer kept.
    pub(crate) forgotten: u64,
}

impl Timeline {
    /// Adds a step. One that repeats the step before it is counted there.
    pub(crate) fn add(&mut self, entry: Entry) {
        let short = |text: &str| leaks::mask(text).chars().take(TEXT_KEPT).collect::<String>();
        let entry = Entry { what: short(&entry.what), why: entry.why.as_deref().map(short), ..entry };
        if let Some(last) = self.steps.back_mut()
            && (Entry { at: last.at, times: last.times, ..entry.clone() }) == *last
        {
            last.at = entry.at;
            last.times = last.times.saturating_add(1);
            return;
        }
        self.steps.push_back(entry);
        if self.steps.len() > KEPT {
            self.steps.pop_front();
            self.forgotten += 1;
        }
    }

    /// The steps of this app and person, oldest first; of every one where absent. What the tester did concerns all.
    pub(crate) fn of<'a>(&'a self, client: Option<&'a str>, user: Option<&'a str>) -> impl Iterator<Item = &'a Entry> {
        fn fits(wanted: Option<&str>, of: Option<&String>) -> bool {
            wanted.is_none_or(|wanted| of.is_none_or(|of| of == wanted))
        }
        self.steps.iter().filter(move |entry| fits(client, entry.party.client.as_ref()) && fits(user, entry.party.user.as_ref()))
    }

    /// For the control API, oldest first.
    pub(crate) fn to_json(&self) -> Value {
        let steps = self.steps.iter().map(|entry| {
            json!({"at": iso(entry.at), "step": entry.step.name(), "client_id": entry.party.client, "user": entry.party.user,
                   "grant": entry.party.grant.map(|id| format!("grant-{id}")), "what": entry.what, "status": entry.status,
                   "why": entry.why, "times": entry.times})
        });
        Value::Array(steps.collect())
    }
}

/// Scopes in a sentence.
pub(crate) fn listed(scopes: &ScopeSet) -> String {
    if scopes.is_empty() { "nothing".to_owned() } else { scopes.iter().map(Scope::as_str).collect::<Vec<_>>().join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(at: Millis, path: &str) -> Entry {
        Entry::new(at, Step::Call, Party { user: Some("ada".into()), ..Party::default() }, path)
    }

    #[test]
    fn repetitions_are_counted_and_anything_else_is_a_step_of_its_own() {
        let mut timeline = Timeline::default();
        for at in 0..3 {
            timeline.add(call(at, "GET /user/me"));
        }
        timeline.add(Entry { why: Some("expired".into()), ..call(3, "GET /user/me") });
        let steps: Vec<_> = timeline.of(None, None).map(|entry| (entry.at, entry.times)).collect();
        assert_eq!(steps, [(2, 3), (3, 1)]);
    }

    #[test]
    fn it_stays_bounded_and_keeps_no_secret() {
        let mut timeline = Timeline::default();
        for at in 0..5_000 {
            timeline.add(call(at, &format!("GET /{at}/mct_sim_CNRYx_1{}", "x".repeat(1_000))));
        }
        assert_eq!((timeline.of(None, None).count(), timeline.forgotten), (KEPT, 3_000));
        assert!(timeline.of(None, None).all(|entry| entry.what.len() < 500 && !entry.what.contains("CNRY")));
    }

    #[test]
    fn steps_are_told_apart_by_app_and_person_and_the_testers_are_everybodys() {
        let mut timeline = Timeline::default();
        let party = |client: &str, user: &str| Party { client: Some(client.into()), user: Some(user.into()), grant: None };
        timeline.add(Entry::new(0, Step::Consent, party("a", "ada"), "x"));
        timeline.add(Entry::new(0, Step::Consent, party("b", "ada"), "x"));
        timeline.add(Entry::new(0, Step::Tester, Party::default(), "x"));
        assert_eq!(timeline.of(Some("a"), None).count(), 2);
        assert_eq!(timeline.of(None, Some("ada")).count(), 3);
        assert_eq!(timeline.of(Some("b"), Some("tunde")).count(), 1);
    }
}
