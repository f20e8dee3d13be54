//! The life of a consent.

use super::convert::{Convert, mirror};
use super::model;
use super::problem::FeatureId;

mirror! {
    out;
    /// What one approval gave, as it was at the time.
    pub struct Receipt = Receipt {
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
}

mirror! {
    out;
    /// What of an account is worth another look.
    pub struct Review = Review {
        /// Opaque handle of the account.
        pub account: String,
        /// Since when nothing was approved or looked over, where that is 90 days ago or longer.
        pub unchanged_since: Option<i64>,
        /// Permissions that nobody used for 180 days, and that the person hasn't decided to keep during the last year.
        pub unused: Vec<UnusedPermission>,
    }
}

mirror! {
    out;
    /// A permission that nobody uses.
    pub struct UnusedPermission = UnusedPermission {
        /// Which one.
        pub feature: FeatureId,
        /// Since when it is allowed.
        pub since: i64,
        /// When it was last used, if ever.
        pub last_used_at: Option<i64>,
        /// Scopes that end with it, because they were approved together.
        pub along: Vec<String>,
    }
}

/// Which kind of file a receipt goes to.
#[derive(Clone, Copy, Debug, serde::Deserialize, ts_rs::TS)]
#[ts(export_to = "bindings.ts")]
#[serde(rename_all = "snake_case")]
pub enum ReceiptFormat {
    /// Plain text.
    Text,
    /// A page that a browser prints or saves as PDF.
    Html,
}

impl From<ReceiptFormat> for connect_app::receipt::Format {
    fn from(format: ReceiptFormat) -> Self {
        match format {
            ReceiptFormat::Text => Self::Text,
            ReceiptFormat::Html => Self::Html,
        }
    }
}
