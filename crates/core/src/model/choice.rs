//! Which Monei, which way back from the browser, which language, which proxy: small closed choices.

use serde::{Deserialize, Serialize};

/// Which Monei.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, strum::EnumString, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Environment {
    /// Real money.
    Production,
    /// Monei's development hosts.
    Development,
    /// A local stand-in; nothing is real.
    Sandbox,
}

impl Environment {
    /// Its name in snake case, as settings have it.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// How the browser's answer comes back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, strum::EnumString, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Channel {
    /// `http://127.0.0.1:…`
    #[default]
    Loopback,
    /// This program's own link scheme.
    DeepLink,
}

/// Light or dark.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, strum::EnumString, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Theme {
    /// As the desktop has it.
    #[default]
    System,
    /// Light, whatever the desktop has.
    Light,
    /// Dark, whatever the desktop has.
    Dark,
}

/// A language that the program speaks. Its name is its BCP 47 tag.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, strum::EnumString, strum::IntoStaticStr)]
pub enum Language {
    /// English.
    #[default]
    #[serde(rename = "en")]
    #[strum(serialize = "en")]
    English,
    /// French.
    #[serde(rename = "fr")]
    #[strum(serialize = "fr")]
    French,
}

impl Language {
    /// Its BCP 47 tag, such as `en`.
    pub fn tag(self) -> &'static str {
        self.into()
    }
}

/// Where a proxy was set, and of which kind it is: for the person who wants to change it. Never its user name or password.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProxySetting {
    /// The environment's variable, or `None` for the desktop's or system's own settings.
    pub variable: Option<String>,
    /// The scheme of its address, such as `socks5`; `None` where it can't be told.
    pub scheme: Option<String>,
}
