//! What is known of one permission of one account, put together when somebody looks at it.

use serde::Serialize;

use crate::model::problem::Problem;

/// One permission of one account, looked at closely.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PermissionDetails {
    /// What it opens at Monei, as the table of permissions has it.
    pub endpoints: Vec<PermissionEndpoint>,
    /// When it was granted, declined or lost, newest first.
    pub history: Vec<PermissionMoment>,
    /// What it was used for, by whom; latest first. As far back as uses are kept: two years.
    pub uses: Vec<PermissionUse>,
    /// What else would end with it at Monei, where it is granted: scopes that were approved together, also those that are set
    /// aside. Empty: it can end alone.
    pub along: Vec<String>,
}

/// What became of a permission that the person set aside. Whichever it is, nobody uses it here any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum SetAsideOutcome {
    /// It was approved alone: Monei confirmed that it has ended.
    Ended,
    /// It is switched off here alone: at Monei, more was approved together with it, and Monei documents no way to end a part.
    Here {
        /// What is in use and would end with it.
        along: Vec<String>,
    },
    /// It was approved alone, and Monei hasn't confirmed that it has ended.
    Unconfirmed {
        /// Why.
        problem: Problem,
    },
    /// It was approved alone. What would be needed to ask Monei is gone from the keychain, or can't be read.
    Unrevocable,
}

/// One call that the permission opens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PermissionEndpoint {
    /// Method and path template, such as `GET /user/me`.
    pub call: String,
    /// What such a call does.
    pub effect: EndpointEffect,
}

/// What a call does to the person's money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EndpointEffect {
    /// Nothing.
    Reads,
    /// It asks for money to come in.
    Receives,
    /// It moves money out, or changes it into another currency.
    Spends,
}

/// When something became of the permission.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PermissionMoment {
    /// When.
    pub at: i64,
    /// What.
    pub event: PermissionEvent,
}

/// What became of a permission.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PermissionEvent {
    /// The person allowed it.
    Granted,
    /// The person left it off.
    Declined,
    /// The person took it back.
    TakenBack,
    /// The person switched it off here.
    SetAside,
    /// The person switched it on again.
    SwitchedOn,
    /// Monei ended it, or it turned out to be another person's.
    Lost,
}

/// What the permission was used for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PermissionUse {
    /// By whom: the word of a [`crate::model::Caller`].
    pub caller: String,
    /// Method and path template.
    pub call: String,
    /// How often in all.
    pub count: u32,
    /// How often of these Monei gave no answer that could be used.
    pub failed: u32,
    /// First time.
    pub first_at: i64,
    /// Last time.
    pub last_at: i64,
}
