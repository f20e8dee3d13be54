//! One permission of one account, looked at closely.

use std::path::PathBuf;

use connect_core::feature::FeatureId;
use ts_rs::{Config, TS};

use super::convert::{Convert, mirror};
use super::model;
use super::problem::Problem;

mirror! {
    out;
    /// One permission of one account.
    pub struct PermissionView = PermissionDetails {
        /// What it opens at Monei.
        pub endpoints: Vec<PermissionEndpoint>,
        /// When it was granted, declined or lost, newest first.
        pub history: Vec<PermissionMoment>,
        /// What it was used for, by whom; latest first.
        pub uses: Vec<PermissionUse>,
        /// What else would end with it at Monei, in Monei's words. Empty: it can end alone.
        pub along: Vec<String>,
    }
}

mirror! {
    out;
    /// What became of a permission that the person set aside. Whichever it is, nobody uses it here any more.
    #[serde(tag = "kind", rename_all = "snake_case")]
    pub enum SetAsideOutcome = SetAsideOutcome {
        /// Monei confirmed that it has ended.
        Ended,
        /// It is switched off here alone: at Monei, more was approved together with it.
        Here {
            /// What would end with it.
            along: Vec<String>,
        },
        /// Monei hasn't confirmed that it has ended.
        Unconfirmed {
            /// Why.
            problem: Problem,
        },
        /// What would be needed to ask Monei is gone from the keychain, or can't be read.
        Unrevocable,
    }
}

mirror! {
    out;
    /// One call that the permission opens.
    pub struct PermissionEndpoint = PermissionEndpoint {
        /// Method and path template.
        #[ts(as = "MoneiCall")]
        pub call: String,
        /// What such a call does.
        pub effect: EndpointEffect,
    }
}

mirror! {
    out;
    /// What a call does to the person's money.
    #[serde(rename_all = "snake_case")]
    pub enum EndpointEffect = EndpointEffect {
        /// Nothing.
        Reads,
        /// It asks for money to come in.
        Receives,
        /// It moves money out, or changes it into another currency.
        Spends,
    }
}

mirror! {
    out;
    /// When something became of the permission.
    pub struct PermissionMoment = PermissionMoment {
        /// When.
        pub at: i64,
        /// What.
        pub event: PermissionEvent,
    }
}

mirror! {
    out;
    /// What became of a permission.
    #[serde(rename_all = "snake_case")]
    pub enum PermissionEvent = PermissionEvent {
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
}

mirror! {
    out;
    /// What the permission was used for.
    pub struct PermissionUse = PermissionUse {
        /// By whom: `window`, `monitor`, `command_line`, or `app:` and the app's id.
        pub caller: String,
        /// Method and path template. As an older version may have recorded it, which had other endpoints.
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
}

/// The calls of the table of permissions as a TypeScript union, so that each has its words in the window or the page doesn't compile.
struct MoneiCall;

impl TS for MoneiCall {
    type WithoutGenerics = Self;
    type OptionInnerType = Self;

    fn docs() -> Option<String> {
        Some("/**\n * A call that a permission opens: method and path template.\n */\n".to_owned())
    }

    fn name(_: &Config) -> String {
        "MoneiCall".to_owned()
    }

    fn inline(_: &Config) -> String {
        let endpoints = FeatureId::all().flat_map(FeatureId::endpoints);
        endpoints.map(|endpoint| format!("\"{} {}\"", endpoint.method.as_str(), endpoint.path)).collect::<Vec<_>>().join(" | ")
    }

    fn decl(config: &Config) -> String {
        format!("type {} = {};", Self::name(config), Self::inline(config))
    }

    fn output_path() -> Option<PathBuf> {
        Some("bindings.ts".into())
    }
}
