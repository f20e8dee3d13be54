//! Which lines of the history are wanted.

use serde::{Deserialize, Serialize};

use super::{ActivityEvent, ActivityItem};

/// All that fits each part that is set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActivityFilter {
    /// Opaque handle of an account.
    pub account: Option<String>,
    /// What it is about.
    pub about: Option<ActivityAbout>,
    /// Name of an app that it is about; empty for what no app has to do with.
    pub app: Option<String>,
}

/// What a line is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActivityAbout {
    /// Approvals: given, tried, taken back, ended.
    Approvals,
    /// Tokens that were renewed.
    Renewals,
    /// Apps: what they were given, and what was taken from them.
    Apps,
    /// The connection service.
    Service,
}

impl ActivityEvent {
    /// What it is about; `None` for what this version doesn't know.
    pub fn about(&self) -> Option<ActivityAbout> {
        match self {
            Self::Connected { .. }
            | Self::Reconnected { .. }
            | Self::Revoked { .. }
            | Self::TakenBack { .. }
            | Self::SetAside { .. }
            | Self::SwitchedOn { .. }
            | Self::Contradicted { .. }
            | Self::Disconnected { .. }
            | Self::Failed { .. } => Some(ActivityAbout::Approvals),
            Self::Refreshed => Some(ActivityAbout::Renewals),
            Self::Payment { .. }
            | Self::AppAllowed { .. }
            | Self::AppNarrowed { .. }
            | Self::AppExtended { .. }
            | Self::AppTakenBack { .. } => Some(ActivityAbout::Apps),
            Self::BackendChanged { .. } => Some(ActivityAbout::Service),
            Self::Unknown => None,
        }
    }

    /// The app that it is about.
    pub fn app(&self) -> Option<&str> {
        match self {
            Self::Payment { app, .. }
            | Self::AppAllowed { app, .. }
            | Self::AppNarrowed { app, .. }
            | Self::AppExtended { app, .. }
            | Self::AppTakenBack { app } => Some(app),
            _ => None,
        }
    }
}

impl ActivityFilter {
    /// Whether the line fits, whichever account it is of: that is asked of the index.
    pub fn fits(&self, item: &ActivityItem) -> bool {
        let about = self.about.is_none_or(|about| item.event.about() == Some(about));
        about && self.app.as_deref().is_none_or(|app| item.event.app().unwrap_or_default() == app)
    }
}
