//! What a tester sees of the sandbox and can have it do.

use super::convert::{Convert, mirror};
use super::model;
use super::problem::FeatureId;

mirror! {
    out;
    /// What the sandbox offers and is about to do.
    pub struct TesterView = TesterState {
        /// The made-up people.
        pub people: Vec<TesterPerson>,
        /// States of Monei that are one step away.
        pub presets: Vec<TesterPreset>,
        /// What is planned for the next approvals, in their order.
        pub planned: Vec<TesterPlan>,
        /// The faults that wait for their call, in their order.
        pub faults: Vec<TesterArmed>,
        /// Switches that are not at their default.
        pub switches: Vec<TesterSwitch>,
        /// How far the sandbox's time is ahead of the computer's, in seconds.
        pub clock_offset_s: i64,
        /// The scenario that plays.
        pub scenario: Option<String>,
    }
}

mirror! {
    out;
    /// A fault that waits for its call.
    pub struct TesterArmed = TesterArmed {
        /// The sandbox's number for it; for [`TesterOrder::Disarm`].
        pub number: u32,
        /// Which calls; `None` for a path that only the control page names.
        pub target: Option<TesterTarget>,
        /// What happens to them; `None` for a fault that this version doesn't know.
        pub fault: Option<TesterFault>,
        /// How often it still strikes.
        pub times: u32,
    }
}

mirror! {
    out;
    /// A point that Monei's documentation leaves open, as the sandbox has it now.
    pub struct TesterSwitch = TesterSwitch {
        /// The sandbox's word for it.
        pub name: String,
        /// Its value.
        pub value: String,
    }
}

mirror! {
    out;
    /// A made-up person.
    pub struct TesterPerson = TesterPerson {
        /// The sandbox's word for them; for orders.
        pub id: String,
        /// Name; one of them is full of markup.
        pub name: String,
        /// What they are there for.
        pub about: String,
    }
}

mirror! {
    out;
    /// A state of Monei.
    pub struct TesterPreset = TesterPreset {
        /// The sandbox's word for it; for orders.
        pub name: String,
        /// Title.
        pub title: String,
        /// What it does.
        pub about: String,
    }
}

mirror! {
    out;
    /// A planned approval.
    pub struct TesterPlan = TesterPlan {
        /// Who is signed in; whoever is, where `None`.
        pub person: Option<String>,
        /// What is switched on.
        pub allow: TesterAllow,
        /// Answered at once, without a page.
        pub auto: bool,
        /// For so many approvals.
        pub times: u32,
    }
}

mirror! {
    both;
    /// What is switched on when the consent page opens.
    #[serde(tag = "kind", rename_all = "snake_case")]
    pub enum TesterAllow = TesterAllow {
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
}

mirror! {
    in;
    /// What the sandbox is told.
    #[serde(tag = "kind", rename_all = "snake_case")]
    pub enum TesterOrder = TesterOrder {
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
        /// Calls go wrong.
        Fault {
            /// Which.
            target: TesterTarget,
            /// How.
            fault: TesterFault,
            /// How many; 1 to 100,000.
            times: u32,
        },
        /// One fault is taken back.
        Disarm {
            /// [`TesterArmed::number`].
            number: u32,
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
}

mirror! {
    both;
    /// Which calls go wrong.
    #[serde(rename_all = "snake_case")]
    pub enum TesterTarget = TesterTarget {
        /// Whatever reads.
        Api,
        /// The profile.
        Profile,
        /// Tier and limits.
        Kyc,
        /// Balances.
        Wallet,
        /// The history.
        Transactions,
        /// Exchanging a code, and renewing.
        Token,
        /// Taking access back from here.
        Revoke,
    }
}

mirror! {
    both;
    /// What happens to a call.
    #[serde(tag = "kind", rename_all = "snake_case")]
    pub enum TesterFault = TesterFault {
        /// It is answered like this, and not processed.
        Status {
            /// HTTP status, 200 to 599.
            status: u16,
            /// What the answer says of when to come again, in seconds.
            retry_after_s: Option<u32>,
        },
        /// The connection closes before it is processed.
        DropBefore,
        /// It is processed, and the connection closes without an answer.
        DropAfter,
        /// It is processed after a while.
        Delay {
            /// How long, in seconds; at most 600.
            seconds: u32,
        },
        /// Its answer says that it is a page.
        WrongContentType,
        /// 10 MiB come instead of its answer.
        HugeBody,
        /// It is sent elsewhere: to the sandbox's own first page.
        Redirect,
    }
}

mirror! {
    in;
    /// What is put back.
    #[serde(rename_all = "snake_case")]
    pub enum TesterReset = TesterReset {
        /// What was planned.
        Plan,
        /// Faults that wait.
        Faults,
        /// Everything, approvals included.
        All,
    }
}
