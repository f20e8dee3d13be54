//! What a tester sees of the sandbox and can have it do. Nothing of it is there in another environment.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::feature::FeatureId;

/// What the sandbox offers and is about to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export_to = "bindings.ts")]
pub struct TesterView {
    /// The made-up people.
    pub people: Vec<TesterPerson>,
    /// States of Monei that are one step away.
    pub presets: Vec<TesterPreset>,
    /// What is planned for the next approvals, in their order.
    pub planned: Vec<TesterPlan>,
    /// How many faults wait for a call.
    pub faults: u32,
}

/// A made-up person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export_to = "bindings.ts")]
pub struct TesterPerson {
    /// The sandbox's word for them; for orders.
    pub id: String,
    /// Name; one of them is full of markup.
    pub name: String,
    /// What they are there for.
    pub about: String,
}

/// A state of Monei.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export_to = "bindings.ts")]
pub struct TesterPreset {
    /// The sandbox's word for it; for orders.
    pub name: String,
    /// Title.
    pub title: String,
    /// What it does.
    pub about: String,
}

/// A planned approval.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export_to = "bindings.ts")]
pub struct TesterPlan {
    /// Who is signed in; whoever is, where `None`.
    pub person: Option<String>,
    /// What is switched on.
    pub allow: TesterAllow,
    /// Answered at once, without a page.
    pub auto: bool,
    /// For so many approvals.
    pub times: u32,
}

/// What is switched on when the consent page opens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[ts(export_to = "bindings.ts")]
pub enum TesterAllow {
    /// All that is asked for.
    All,
    /// All but what is sensitive.
    NotSensitive,
    /// Nothing, and "Allow selected" is pressed all the same.
    Nothing,
    /// "Deny" is pressed.
    Deny,
    /// These, as far as they are asked for.
    Features {
        /// Which.
        features: Vec<FeatureId>,
    },
}

/// What the sandbox is told.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[ts(export_to = "bindings.ts")]
pub enum TesterOrder {
    /// The next approval goes like this.
    Plan {
        /// Who is signed in; whoever is, where `None`.
        person: Option<String>,
        /// What is switched on.
        allow: TesterAllow,
        /// Answered at once, without a page; wants a person.
        auto: bool,
    },
    /// Access runs out now and can be renewed.
    Expire {
        /// Whose; everybody's where `None`.
        person: Option<String>,
    },
    /// Access is taken back in Monei's settings.
    Revoke {
        /// Whose; everybody's where `None`.
        person: Option<String>,
    },
    /// The next call goes wrong.
    Fault {
        /// How.
        fault: TesterFault,
    },
    /// Puts the sandbox into a state.
    Preset {
        /// Its word, of [`TesterView::presets`].
        name: String,
    },
    /// Puts something back.
    Reset {
        /// What.
        what: TesterReset,
    },
}

/// What goes wrong with the next call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export_to = "bindings.ts")]
pub enum TesterFault {
    /// The API answers 401.
    ApiUnauthorized,
    /// The API answers 403, as for a limit.
    ApiForbidden,
    /// The API answers 429, and that it wants eight seconds.
    ApiBusy,
    /// The API answers 500.
    ApiBroken,
    /// The API answers 503.
    ApiUnavailable,
    /// The API processes the call and doesn't answer.
    ApiSilent,
    /// The token endpoint answers 500.
    TokenBroken,
    /// The token endpoint answers 429, and that it wants eight seconds.
    TokenBusy,
    /// The token endpoint processes the call and doesn't answer.
    TokenSilent,
}

/// What is put back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export_to = "bindings.ts")]
pub enum TesterReset {
    /// What was planned.
    Plan,
    /// Faults that wait.
    Faults,
    /// Everything, approvals included.
    All,
}
