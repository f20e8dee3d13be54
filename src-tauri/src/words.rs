//! The sentences that the window and the command line share. They are written once, in the web view's catalogue.

use std::collections::HashMap;
use std::sync::LazyLock;

use connect_core::problem::ProblemCode;
use connect_core::{Check, CheckName};
use serde::Deserialize;

/// What a person reads of a problem.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Words {
    /// What happened, without full stop.
    pub title: String,
    /// Why.
    pub cause: String,
    /// What to do.
    pub advice: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Shared {
    problems: HashMap<ProblemCode, Words>,
    checks: HashMap<String, String>,
    clock: Clock,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Clock {
    ahead: String,
    behind: String,
}

/// `None` can't be: a test reads the file as it is built in.
static SHARED: LazyLock<Option<Shared>> = LazyLock::new(|| serde_json::from_str(include_str!("../../ui/src/lib/text/en-shared.json")).ok());

/// The sentences of a problem.
pub fn of(code: ProblemCode) -> Option<&'static Words> {
    SHARED.as_ref()?.problems.get(&code)
}

/// The same in one line, with its cause.
pub fn sentence(code: ProblemCode) -> String {
    of(code).map_or_else(|| code.name(), |Words { title, cause, advice }| format!("{title}. {cause} {advice}"))
}

/// What a check is about.
pub fn check(name: CheckName) -> &'static str {
    SHARED.as_ref().and_then(|shared| shared.checks.get(name.word())).map_or_else(|| name.word(), String::as_str)
}

/// Why a check failed and what to do about it; `None` where it works.
pub fn reason(Check { name, ok, problem, skew_s, .. }: &Check) -> Option<String> {
    if *ok {
        return None;
    }
    match (problem, name, skew_s) {
        (Some(code), ..) => Some(sentence(*code)),
        (None, CheckName::Clock, Some(seconds)) => {
            let off = seconds.unsigned_abs();
            let time = if off < 120 { format!("{off} seconds") } else { format!("{} minutes", (off + 30) / 60) };
            let Clock { ahead, behind } = &SHARED.as_ref()?.clock;
            Some(if *seconds > 0 { ahead } else { behind }.replace("{time}", &time))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_problem_and_check_has_its_words() {
        let shared: Shared = serde_json::from_str(include_str!("../../ui/src/lib/text/en-shared.json")).unwrap();
        // The codes as the web view's types list them.
        let types = include_str!("../../ui/src/lib/bindings.ts");
        let listed = types.split("export type ProblemCode = ").nth(1).unwrap().split(';').next().unwrap();
        let codes: Vec<ProblemCode> = listed.split('|').map(|code| serde_json::from_str(code.trim()).unwrap()).collect();
        assert!(codes.len() > 30);
        for code in codes {
            let words = &shared.problems[&code];
            assert!(words.advice.ends_with('.') && !words.title.ends_with('.'), "{words:?}");
        }
        use CheckName::{Backend, Browser, Clock, Keychain, LinkHandler, LoopbackListener, Monei};
        for name in [Keychain, LoopbackListener, LinkHandler, Browser, Backend, Monei, Clock] {
            assert!(shared.checks.contains_key(name.word()), "{name:?}");
        }
    }
}
