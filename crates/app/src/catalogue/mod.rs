//! What a person reads, whichever front end says it: problems, checks and features. Each sentence is written here, once.
//!
//! The web view's part is `ui/src/lib/text/en-shared.json`, which [`web_view`] makes; a test fails when the file drifts.

mod events;
mod features;
mod problems;
mod states;

use std::collections::BTreeMap;

use connect_core::feature::FeatureId;
use connect_core::problem::ProblemCode;
use connect_core::{Check, CheckName};
use monei::permission::Group;
use serde::Serialize;

pub use events::words as event;
pub use features::{group, words as feature};
pub use problems::words as problem;
pub use states::{health, permission as permission_state};

/// What a person reads of a problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ProblemWords {
    /// What happened, without full stop.
    pub title: &'static str,
    /// Why.
    pub cause: &'static str,
    /// What to do.
    pub advice: &'static str,
}

/// What a person reads of a feature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct FeatureWords {
    /// Its name.
    pub title: &'static str,
    /// What it lets this computer's apps do, as the end of "Lets this computer's apps …".
    pub allows: &'static str,
    /// Why somebody would want it.
    pub why: &'static str,
    /// What could happen at worst if it fell into the wrong hands.
    pub worst: &'static str,
}

/// What a person reads of a group of features.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct GroupWords {
    /// Its name.
    pub title: &'static str,
    /// What its features have in common.
    pub lead: &'static str,
}

/// Where Monei's clock is ahead of this computer's; `{time}` stands for by how much.
const CLOCK_AHEAD: &str = "Monei’s clock is {time} ahead of this computer’s. Set this computer’s clock, best by itself over the network.";
/// Where it is behind.
const CLOCK_BEHIND: &str = "Monei’s clock is {time} behind this computer’s. Set this computer’s clock, best by itself over the network.";

/// A problem in one line: what, why, and what to do.
pub fn sentence(code: ProblemCode) -> String {
    let ProblemWords { title, cause, advice } = problem(code);
    format!("{title}. {cause} {advice}")
}

/// What a check is about.
pub const fn check(name: CheckName) -> &'static str {
    match name {
        CheckName::Keychain => "Keeping approvals in the keychain",
        CheckName::LoopbackListener => "The way back through this computer",
        CheckName::LinkHandler => "The way back through an app link",
        CheckName::Browser => "A browser to open",
        CheckName::Backend => "The connection service",
        CheckName::Monei => "Monei",
        CheckName::Clock => "This computer’s clock",
    }
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
            Some(if *seconds > 0 { CLOCK_AHEAD } else { CLOCK_BEHIND }.replace("{time}", &time))
        }
        _ => None,
    }
}

/// All of it for the web view, as JSON.
///
/// # Errors
/// None: everything here is text.
pub fn web_view() -> serde_json::Result<String> {
    #[derive(Serialize)]
    struct Clock {
        ahead: &'static str,
        behind: &'static str,
    }
    #[derive(Serialize)]
    struct Shared {
        problems: BTreeMap<String, ProblemWords>,
        checks: BTreeMap<&'static str, &'static str>,
        clock: Clock,
        features: BTreeMap<String, FeatureWords>,
        groups: BTreeMap<&'static str, GroupWords>,
        health: BTreeMap<&'static str, &'static str>,
        events: BTreeMap<&'static str, &'static str>,
    }
    let named = |id: FeatureId| Some((id.name().to_owned(), feature(id.scope())?));
    let shared = Shared {
        problems: ProblemCode::all().iter().map(|&code| (code.name(), problem(code))).collect(),
        checks: CheckName::all().iter().map(|&name| (name.word(), check(name))).collect(),
        clock: Clock { ahead: CLOCK_AHEAD, behind: CLOCK_BEHIND },
        features: FeatureId::all().filter_map(named).collect(),
        groups: [("see", Group::See), ("receive", Group::Receive), ("spend", Group::Spend)].map(|(name, one)| (name, group(one))).into(),
        health: states::HEALTH.into(),
        events: events::TEMPLATES.into(),
    };
    serde_json::to_string_pretty(&shared).map(|text| text + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_has_no_full_stop_and_what_follows_has_one() {
        assert!(ProblemCode::all().len() > 30);
        for &code in ProblemCode::all() {
            let ProblemWords { title, cause, advice } = problem(code);
            assert!(!title.ends_with('.') && cause.ends_with('.') && advice.ends_with('.'), "{code:?}");
        }
    }

    #[test]
    fn every_feature_has_its_words() {
        for id in FeatureId::all() {
            assert!(
                feature(id.scope()).is_some_and(|words| [words.allows, words.why, words.worst].iter().all(|text| text.ends_with('.'))),
                "{id:?}"
            );
        }
    }
}
