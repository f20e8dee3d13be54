//! What an operator chooses that changes what the rules are.

use super::budget::Id;

/// Which Monei this backend serves. One instance serves one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Environment {
    /// `api.monei.cc`.
    Production,
    /// `api.dev.monei.cc`.
    Development,
    /// A sandbox on this computer.
    Sandbox,
}

impl Environment {
    /// As in `MONEI_ENVIRONMENT`.
    pub fn as_str(self) -> &'static str {
        match self {
            Environment::Production => "production",
            Environment::Development => "development",
            Environment::Sandbox => "sandbox",
        }
    }
}

/// Whether a refresh carries the client's credentials. Monei documents none; never are both tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefreshAuth {
    /// `{grant_type, refresh_token}`, as documented.
    None,
    /// With `client_id` and `client_secret`.
    Secret,
}

/// What Monei's limit of token calls counts, which it doesn't document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BudgetScope {
    /// The calls of a client id: one budget for all instances.
    Client,
    /// The calls of an address: one budget for the instances that leave by the same, which `CONNECT_EGRESS_ID` names.
    Egress(Id),
    /// The calls of a grant: one budget for each.
    Grant,
}
