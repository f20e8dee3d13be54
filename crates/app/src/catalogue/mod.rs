//! What a person reads, whichever front end says it: problems, checks and features, in each language. Each sentence is written here, once.
//!
//! The web view's part is `ui/src/lib/text/en-shared.json` and `fr-shared.json`, which [`web_view`] makes; a test fails when a file drifts.

mod attention;
mod dialogs;
mod events;
mod features;
mod problems;
mod states;

use std::collections::BTreeMap;

use connect_core::feature::FeatureId;
use connect_core::problem::ProblemCode;
use connect_core::snapshot::Language;
use connect_core::{Check, CheckName};
use monei::permission::Group;
use serde::Serialize;

pub use attention::{NotificationWords, TrayWords, entry as tray_entry, notification, standing, tray};
pub use dialogs::{
    DialogWords, Named, QuestionWords, ToldWords, account_number, disconnect as disconnect_question, left_living,
    take_all_back as take_all_back_question, web_view_too_old, words as dialogs,
};
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

/// Where Monei's clock isn't this computer's; `{time}` stands for by how much.
#[derive(Clone, Copy, Serialize)]
struct ClockWords {
    ahead: &'static str,
    behind: &'static str,
}

const fn clock(language: Language) -> ClockWords {
    match language {
        Language::English => ClockWords {
            ahead: "Monei’s clock is {time} ahead of this computer’s. Set this computer’s clock, best by itself over the network.",
            behind: "Monei’s clock is {time} behind this computer’s. Set this computer’s clock, best by itself over the network.",
        },
        Language::French => ClockWords {
            ahead: "L’horloge de Monei avance de {time} sur celle de cet ordinateur. Réglez l’horloge de cet ordinateur, de préférence automatiquement par le réseau.",
            behind: "L’horloge de Monei retarde de {time} sur celle de cet ordinateur. Réglez l’horloge de cet ordinateur, de préférence automatiquement par le réseau.",
        },
    }
}

/// A problem in one line: what, why, and what to do.
pub fn sentence(language: Language, code: ProblemCode) -> String {
    let ProblemWords { title, cause, advice } = problem(language, code);
    format!("{title}. {cause} {advice}")
}

/// As [`sentence`], in English, for a terminal: what to do is done there.
pub fn sentence_in_a_terminal(code: ProblemCode) -> String {
    let ProblemWords { title, cause, advice } = problem(Language::English, code);
    format!("{title}. {cause} {}", problems::terminal::advice(code).unwrap_or(advice))
}

/// What a check is about.
pub const fn check(language: Language, name: CheckName) -> &'static str {
    match language {
        Language::English => english_check(name),
        Language::French => french_check(name),
    }
}

const fn french_check(name: CheckName) -> &'static str {
    match name {
        CheckName::Keychain => "La conservation des accords dans le trousseau",
        CheckName::LoopbackListener => "Le retour par cet ordinateur",
        CheckName::LinkHandler => "Le retour par un lien d’application",
        CheckName::Browser => "Un navigateur à ouvrir",
        CheckName::Backend => "Le service de connexion",
        CheckName::Monei => "Monei",
        CheckName::Clock => "L’horloge de cet ordinateur",
        CheckName::AppsPort => "Le port des applications",
    }
}

const fn english_check(name: CheckName) -> &'static str {
    match name {
        CheckName::Keychain => "Keeping approvals in the keychain",
        CheckName::LoopbackListener => "The way back through this computer",
        CheckName::LinkHandler => "The way back through an app link",
        CheckName::Browser => "A browser to open",
        CheckName::Backend => "The connection service",
        CheckName::Monei => "Monei",
        CheckName::Clock => "This computer’s clock",
        CheckName::AppsPort => "The apps’ port",
    }
}

/// Why a check failed and what to do about it, in English; `None` where it works.
pub fn reason(check: &Check) -> Option<String> {
    why(check, |code| sentence(Language::English, code))
}

/// As [`reason`], for a terminal: what to do is done there.
pub fn reason_in_a_terminal(check: &Check) -> Option<String> {
    why(check, sentence_in_a_terminal)
}

fn why(Check { name, ok, problem, skew_s, .. }: &Check, sentence: fn(ProblemCode) -> String) -> Option<String> {
    if *ok {
        return None;
    }
    match (problem, name, skew_s) {
        (Some(code), ..) => Some(sentence(*code)),
        (None, CheckName::Clock, Some(seconds)) => {
            let off = seconds.unsigned_abs();
            let time = if off < 120 { format!("{off} seconds") } else { format!("{} minutes", (off + 30) / 60) };
            let ClockWords { ahead, behind } = clock(Language::English);
            Some(if *seconds > 0 { ahead } else { behind }.replace("{time}", &time))
        }
        _ => None,
    }
}

/// All of it for the web view in one language, as JSON.
///
/// # Errors
/// None: everything here is text.
pub fn web_view(language: Language) -> serde_json::Result<String> {
    #[derive(Serialize)]
    struct Shared {
        problems: BTreeMap<String, ProblemWords>,
        checks: BTreeMap<&'static str, &'static str>,
        clock: ClockWords,
        features: BTreeMap<String, FeatureWords>,
        groups: BTreeMap<&'static str, GroupWords>,
        health: &'static states::HealthWords,
        events: &'static events::Templates,
    }
    let named = |id: FeatureId| Some((id.name().to_owned(), feature(language, id.scope())?));
    let shared = Shared {
        problems: ProblemCode::all().iter().map(|&code| (code.name(), problem(language, code))).collect(),
        checks: CheckName::all().iter().map(|&name| (name.word(), check(language, name))).collect(),
        clock: clock(language),
        features: FeatureId::all().filter_map(named).collect(),
        groups: [("see", Group::See), ("receive", Group::Receive), ("spend", Group::Spend)]
            .map(|(name, one)| (name, group(language, one)))
            .into(),
        health: states::health_words(language),
        events: events::templates(language),
    };
    serde_json::to_string_pretty(&shared).map(|text| text + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOTH: [Language; 2] = [Language::English, Language::French];

    #[test]
    fn a_title_has_no_full_stop_and_what_follows_has_one() {
        assert!(ProblemCode::all().len() > 30);
        for (language, &code) in BOTH.into_iter().flat_map(|language| ProblemCode::all().iter().map(move |code| (language, code))) {
            let ProblemWords { title, cause, advice } = problem(language, code);
            assert!(!title.ends_with('.') && cause.ends_with('.') && advice.ends_with('.'), "{code:?}");
        }
    }

    #[test]
    fn every_feature_has_its_words() {
        for (language, id) in BOTH.into_iter().flat_map(|language| FeatureId::all().map(move |id| (language, id))) {
            let words = feature(language, id.scope());
            assert!(words.is_some_and(|words| [words.allows, words.why, words.worst].iter().all(|text| text.ends_with('.'))), "{id:?}");
        }
    }
}
