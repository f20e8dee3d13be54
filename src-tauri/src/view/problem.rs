//! What went wrong and what was checked, by codes of closed lists.

use serde::{Deserialize, Serialize};
use ts_rs::{Config, TS};

use super::convert::{Convert, mirror};
use super::model;

/// A name of a closed list of the core's: the web view gets a union of all names.
macro_rules! names {
    ($(#[doc = $doc:literal])+ #[$derive:meta] pub struct $name:ident($list:expr)) => {
        $(#[doc = $doc])+
        #[$derive]
        pub struct $name(model::$name);

        impl Convert<$name> for model::$name {
            fn convert(self) -> $name {
                $name(self)
            }
        }

        impl Convert<model::$name> for $name {
            fn convert(self) -> model::$name {
                self.0
            }
        }

        impl TS for $name {
            type WithoutGenerics = Self;
            type OptionInnerType = Self;

            fn docs() -> Option<String> {
                Some(concat!("/**\n", $(" *", $doc, "\n",)+ " */\n").to_owned())
            }

            fn decl(config: &Config) -> String {
                format!("type {} = {};", stringify!($name), Self::inline(config))
            }

            fn decl_concrete(config: &Config) -> String {
                Self::decl(config)
            }

            fn name(_: &Config) -> String {
                stringify!($name).to_owned()
            }

            fn inline(_: &Config) -> String {
                $list.map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(" | ")
            }

            fn output_path() -> Option<std::path::PathBuf> {
                Some("bindings.ts".into())
            }
        }
    };
}

names! {
    /// What happened, of the core's closed list.
    #[derive(Clone, Copy, Debug, Serialize)]
    pub struct ProblemCode(model::ProblemCode::all().iter().map(|code| code.name()))
}

names! {
    /// What can be tried.
    #[derive(Clone, Copy, Debug, Serialize)]
    pub struct CheckName(model::CheckName::all().iter().map(|name| name.word()))
}

names! {
    /// What a connection can be used for.
    #[derive(Clone, Copy, Debug, Serialize, Deserialize)]
    pub struct FeatureId(model::FeatureId::all().map(|id| id.name()))
}

mirror! {
    out;
    /// A failure as the web view gets it: a code from a closed list, and nothing of what a provider said.
    pub struct Problem = Problem {
        /// What happened.
        pub code: ProblemCode,
        /// Seconds to wait before trying again, where the other side said so (1 to 300).
        pub retry_after_s: Option<u32>,
        /// Where a proxy that is the trouble was set.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        pub proxy: Option<ProxySetting>,
    }
}

mirror! {
    out;
    /// Where a proxy was set, and of which kind it is: for the person who wants to change it. Never its user name or password.
    pub struct ProxySetting = ProxySetting {
        /// The environment's variable, or `None` for the desktop's or system's own settings.
        pub variable: Option<String>,
        /// The scheme of its address, such as `socks5`; `None` where it can't be told.
        pub scheme: Option<String>,
    }
}

mirror! {
    out;
    /// One thing that was tried.
    pub struct Check = Check {
        /// What.
        pub name: CheckName,
        /// Whether it works.
        pub ok: bool,
        /// Without it no connection can be made, as things are. Else it is a fallback, or only worth a look.
        pub needed: bool,
        /// Why not.
        pub problem: Option<ProblemCode>,
        /// Where a proxy that is the trouble was set.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        pub proxy: Option<ProxySetting>,
        /// How long it took, in milliseconds.
        pub took_ms: u64,
        /// Seconds by which the other side's clock is ahead of this computer's, where it was told.
        pub skew_s: Option<i64>,
    }
}
