//! How an account and a permission are, in English.

use connect_core::snapshot::{FeatureState, Health};

const CONNECTED: &str = "Connected";
const NEEDS_RECONNECT: &str = "Needs reconnecting";
const UNREACHABLE: &str = "Can’t be reached";
const LOCKED: &str = "Keychain unavailable";

/// By the name that the web view knows each by.
pub(super) const HEALTH: [(&str, &str); 4] =
    [("connected", CONNECTED), ("needs_reconnect", NEEDS_RECONNECT), ("unreachable", UNREACHABLE), ("locked", LOCKED)];

/// How an account is.
pub const fn health(health: &Health) -> &'static str {
    match health {
        Health::Connected => CONNECTED,
        Health::NeedsReconnect { .. } => NEEDS_RECONNECT,
        Health::Unreachable { .. } => UNREACHABLE,
        Health::Locked { .. } => LOCKED,
    }
}

/// How a permission is, as a word of its own in a table.
pub const fn permission(state: &FeatureState) -> &'static str {
    match state {
        FeatureState::Enabled { .. } => "granted",
        FeatureState::NotAsked => "not asked for",
        FeatureState::Declined { .. } => "declined",
        FeatureState::Lost { .. } => "ended",
    }
}
