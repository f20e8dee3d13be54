//! The list of what happened.

use super::convert::{Convert, mirror};
use super::model;

mirror! {
    out;
    /// One line of the activity list.
    pub struct ActivityItem = ActivityItem {
        /// When.
        pub at: i64,
        /// Opaque handle of the account, if it is still there.
        pub account: Option<String>,
        /// The account's name at the time.
        pub account_name: Option<String>,
        /// What happened.
        pub event: ActivityEvent,
    }
}

mirror! {
    out;
    /// What happened.
    #[serde(tag = "kind", rename_all = "snake_case")]
    pub enum ActivityEvent = ActivityEvent {
        /// An account was connected.
        Connected {
            /// Granted.
            granted: Vec<String>,
            /// Not granted.
            declined: Vec<String>,
        },
        /// More was granted, or declined, on a reconnect.
        Reconnected {
            /// Granted.
            granted: Vec<String>,
            /// Not granted.
            declined: Vec<String>,
        },
        /// A token was refreshed.
        Refreshed,
        /// Monei ended the access.
        Revoked {
            /// What was lost.
            scopes: Vec<String>,
        },
        /// The person took permissions back.
        TakenBack {
            /// Which ones.
            scopes: Vec<String>,
            /// What ended with them, because it was approved together.
            along: Vec<String>,
            /// Through whom: the word of a caller, where it was written down.
            by: Option<String>,
        },
        /// The person switched permissions off here.
        SetAside {
            /// Which ones.
            scopes: Vec<String>,
            /// Through whom: the word of a caller.
            by: String,
        },
        /// The person switched permissions on again that were set aside.
        SwitchedOn {
            /// Which ones.
            scopes: Vec<String>,
            /// Through whom: the word of a caller.
            by: String,
        },
        /// What was used turned out to be approved by another person, and was set apart.
        Contradicted {
            /// What was lost with it.
            scopes: Vec<String>,
        },
        /// The person disconnected.
        Disconnected {
            /// Monei confirmed.
            confirmed: bool,
            /// Through whom: the word of a caller, where it was written down.
            by: Option<String>,
        },
        /// A connection was tried and ended without effect.
        Failed {
            /// Snake-case [`crate::model::problem::ProblemCode`].
            code: String,
        },
        /// The backend's address was changed.
        BackendChanged {
            /// To which.
            address: String,
        },
        /// The person allowed an app to use the account.
        AppAllowed {
            /// Its name.
            app: String,
            /// What it was given.
            scopes: Vec<String>,
        },
        /// The person took permissions from an app.
        AppNarrowed {
            /// Its name.
            app: String,
            /// What was taken.
            scopes: Vec<String>,
        },
        /// The person gave an app more permissions, or another end.
        AppExtended {
            /// Its name.
            app: String,
            /// What was added.
            scopes: Vec<String>,
        },
        /// What an app may do was taken back.
        AppTakenBack {
            /// Its name.
            app: String,
        },
        /// An app paid, after the person confirmed it.
        Payment {
            /// Its name.
            app: String,
            /// How much, in major units; a decimal.
            amount: Option<String>,
            /// Of what.
            currency: Option<String>,
            /// To whom, or for what.
            to: Option<String>,
            /// The app's own reference for it.
            reference: Option<String>,
            /// What became of it.
            outcome: PaymentOutcome,
        },
        /// Something that another version of this program wrote down, or a line that can't be read.
        Unknown,
    }
}

mirror! {
    in;
    /// All that fits each part that is set.
    pub struct ActivityFilter = ActivityFilter {
        /// Opaque handle of an account.
        pub account: Option<String>,
        /// What it is about.
        pub about: Option<ActivityAbout>,
        /// Name of an app that it is about; empty for what no app has to do with.
        pub app: Option<String>,
    }
}

mirror! {
    in;
    /// What a line is about.
    #[serde(rename_all = "snake_case")]
    pub enum ActivityAbout = ActivityAbout {
        /// Approvals: given, tried, taken back, ended.
        Approvals,
        /// Tokens that were renewed.
        Renewals,
        /// Apps: what they were given, and what was taken from them.
        Apps,
        /// The connection service.
        Service,
    }
}

/// Which kind of file what happened goes to.
#[derive(Clone, Copy, Debug, serde::Deserialize, ts_rs::TS)]
#[ts(export_to = "bindings.ts")]
#[serde(rename_all = "snake_case")]
pub enum ActivityFormat {
    /// For a spreadsheet.
    Csv,
    /// For programs.
    Json,
}

impl From<ActivityFormat> for connect_app::export::ActivityFormat {
    fn from(format: ActivityFormat) -> Self {
        match format {
            ActivityFormat::Csv => Self::Csv,
            ActivityFormat::Json => Self::Json,
        }
    }
}

mirror! {
    out;
    /// What became of a payment.
    #[serde(rename_all = "snake_case")]
    pub enum PaymentOutcome = PaymentOutcome {
        /// Monei carried it out.
        Done,
        /// Monei refused it.
        Refused,
        /// Nothing was sent to Monei.
        NotSent,
        /// It was sent, and nobody can tell whether Monei carried it out.
        Unknown,
    }
}
