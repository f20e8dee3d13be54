//! How an account and a permission are.

use connect_core::snapshot::{FeatureState, Health, Language};
use serde::Serialize;

/// A word for each health, by the name that the web view knows it by.
#[derive(Serialize)]
pub(super) struct HealthWords {
    connected: &'static str,
    locked: &'static str,
    needs_reconnect: &'static str,
    unreachable: &'static str,
}

const ENGLISH: HealthWords = HealthWords {
    connected: "Connected",
    locked: "Keychain unavailable",
    needs_reconnect: "Needs reconnecting",
    unreachable: "Can’t be reached",
};

const FRENCH: HealthWords =
    HealthWords { connected: "Connecté", locked: "Trousseau indisponible", needs_reconnect: "À reconnecter", unreachable: "Injoignable" };

/// The words of a language.
pub(super) const fn health_words(language: Language) -> &'static HealthWords {
    match language {
        Language::English => &ENGLISH,
        Language::French => &FRENCH,
    }
}

/// How an account is.
pub const fn health(language: Language, health: &Health) -> &'static str {
    let words = health_words(language);
    match health {
        Health::Connected => words.connected,
        Health::NeedsReconnect { .. } => words.needs_reconnect,
        Health::Unreachable { .. } => words.unreachable,
        Health::Locked { .. } => words.locked,
    }
}

/// How a permission is, as a word of its own in a table of the command line.
pub const fn permission(state: &FeatureState) -> &'static str {
    match state {
        FeatureState::Enabled { .. } => "granted",
        FeatureState::NotAsked => "not asked for",
        FeatureState::Declined { .. } => "declined",
        FeatureState::Lost { .. } => "ended",
        FeatureState::SetAside { .. } => "set aside",
    }
}
