//! The life of a consent: what was approved, and what is worth another look.

use serde::Serialize;

use crate::model::feature::FeatureId;

/// What one approval gave, as it was at the time. It outlives the account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Receipt {
    /// Its number on this computer.
    pub number: i64,
    /// When it was approved.
    pub at: i64,
    /// Opaque handle of the account, if it is still there.
    pub account: Option<String>,
    /// What the account was called then.
    pub name: Option<String>,
    /// Who approved, as far as Monei told.
    pub approved_by: Option<String>,
    /// Their email address, as far as Monei told.
    pub email: Option<String>,
    /// Origin of the connection service that the approval went through.
    pub service: String,
    /// What that service called itself, as the person had agreed to it.
    pub operator: Option<String>,
    /// Allowed of what was asked for. Scopes in Monei's words, as in all of these.
    pub allowed: Vec<String>,
    /// Asked for and left off.
    pub left_off: Vec<String>,
    /// Allowed without having been asked for.
    pub extra: Vec<String>,
}

/// What of an account is worth another look.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Review {
    /// Opaque handle of the account.
    pub account: String,
    /// Since when nothing was approved or looked over, where that is 90 days ago or longer.
    pub unchanged_since: Option<i64>,
    /// Permissions that nobody used for 180 days, and that the person hasn't decided to keep during the last year.
    pub unused: Vec<UnusedPermission>,
}

/// A permission that nobody uses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UnusedPermission {
    /// Which one.
    pub feature: FeatureId,
    /// Since when it is allowed.
    pub since: i64,
    /// When it was last used, if ever.
    pub last_used_at: Option<i64>,
    /// Scopes that end with it, because they were approved together.
    pub along: Vec<String>,
}
