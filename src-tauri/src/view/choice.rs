//! What a person can choose, and how a disconnect ended.

use super::convert::{Convert, mirror};
use super::model;
use super::problem::Problem;

mirror! {
    in;
    /// What a person does about a [`Conflict`].
    #[serde(rename_all = "snake_case")]
    pub enum Decision = Decision {
        /// Put the grant to the account it was meant for, or to the one that is this user's already.
        Merge,
        /// Keep it as an account of its own: "This is me".
        AddAsAccount,
        /// Revoke it at Monei and forget it.
        Discard,
    }
}

mirror! {
    in;
    /// What a person wants where Monei doesn't confirm that an access has ended.
    #[serde(rename_all = "snake_case")]
    pub enum Unrevoked = Unrevoked {
        /// What could still end it stays here, and it is asked again later.
        Keep,
        /// It is removed here all the same. Only after the person was told what may live on.
        Remove,
    }
}

mirror! {
    out;
    /// How a disconnect ended, or taking permissions back.
    #[serde(tag = "kind", rename_all = "snake_case")]
    pub enum DisconnectOutcome = DisconnectOutcome {
        /// Monei confirmed. Nothing is left here.
        Revoked,
        /// Monei didn't confirm. The account is still here, with what can be used to ask again.
        Unconfirmed {
            /// Why.
            problem: Problem,
        },
        /// What would be needed to ask Monei is gone from the keychain, or can't be read. The account is still here.
        Unrevocable,
        /// Monei didn't confirm, and it is removed here on the person's choice: look at Monei's settings.
        Removed,
    }
}

mirror! {
    in;
    /// Pages outside that the program can open. Rust knows the addresses.
    #[serde(rename_all = "snake_case")]
    pub enum Link = Link {
        /// Monei's settings, where access can be taken back by hand (in the sandbox: its connected-apps page).
        MoneiSettings,
        /// The operator of the backend.
        Operator,
        /// How to run a backend, for who has none.
        OperatorGuide,
        /// The sandbox's control page. Sandbox environment only, as all that follow.
        SandboxControl,
        /// Its switches.
        SandboxSwitches,
        /// Its clock.
        SandboxClock,
        /// Its scenarios: play one, export what was just done.
        SandboxScenario,
        /// The live log of requests.
        SandboxLog,
    }
}
