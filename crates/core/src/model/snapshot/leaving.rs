//! What came of leaving this computer.

use serde::Serialize;

use crate::model::problem::Problem;

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Leaving {
    /// Nothing is left here. Else what couldn't be ended is still here, so that it can be tried again.
    pub complete: bool,
    /// The accounts that were here, in the order in which they were connected.
    pub accounts: Vec<LeftAccount>,
    /// Approvals in no account of which Monei hasn't confirmed that they ended.
    pub unassigned: u32,
}

/// One account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LeftAccount {
    /// What the person called it, or Monei.
    pub name: Option<String>,
    /// What came of it.
    pub outcome: LeaveOutcome,
}

/// What came of one account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum LeaveOutcome {
    /// Monei confirmed that its access has ended. Nothing is left here.
    Ended,
    /// Monei didn't confirm, and it is removed here on the person's choice: the access may live on at Monei.
    Removed,
    /// Monei didn't confirm. It is still here, with what can be used to ask again.
    Unconfirmed {
        /// Why.
        problem: Problem,
    },
    /// What would be needed to ask Monei is gone from the keychain, or can't be read. It is still here.
    Unrevocable,
    /// It couldn't be tried. It is still here.
    Failed {
        /// Why.
        problem: Problem,
    },
}
