//! What came of leaving this computer.

use super::convert::{Convert, mirror};
use super::model;
use super::problem::Problem;

mirror! {
    out;
    /// What came of it.
    pub struct LeavingView = Leaving {
        /// Nothing is left here. Else what couldn't be ended is still here, so that it can be tried again.
        pub complete: bool,
        /// The accounts that were here, in the order in which they were connected.
        pub accounts: Vec<LeftAccount>,
        /// Approvals in no account of which Monei hasn't confirmed that they ended.
        pub unassigned: u32,
    }
}

mirror! {
    out;
    /// One account.
    pub struct LeftAccount = LeftAccount {
        /// What the person called it, or Monei.
        pub name: Option<String>,
        /// What came of it.
        pub outcome: LeaveOutcome,
    }
}

mirror! {
    @define (serde::Serialize)
    /// What came of one account.
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
}

impl Convert<LeaveOutcome> for model::LeaveOutcome {
    fn convert(self) -> LeaveOutcome {
        match self {
            Self::Ended => LeaveOutcome::Ended,
            Self::Removed => LeaveOutcome::Removed,
            Self::Unconfirmed { problem } => LeaveOutcome::Unconfirmed { problem: problem.convert() },
            Self::Unrevocable => LeaveOutcome::Unrevocable,
            Self::Failed { problem } => LeaveOutcome::Failed { problem: problem.convert() },
        }
    }
}
