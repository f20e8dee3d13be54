//! Other programs of the person: those that are allowed, what asks to be, and where they reach this program. No key is among it.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// All that the Apps page shows.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[ts(export_to = "bindings.ts")]
pub struct AppsView {
    /// Every app that was ever allowed, oldest first.
    pub apps: Vec<AppItem>,
    /// Where they reach this program.
    pub api: ApiView,
    /// A program that asks to be allowed.
    pub request: Option<PairingView>,
}

/// One app.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[ts(export_to = "bindings.ts")]
pub struct AppItem {
    /// Opaque handle.
    pub id: String,
    /// What the person calls it.
    pub name: String,
    /// Opaque handle of the account.
    pub account: String,
    /// What it was given, in Monei's words.
    pub scopes: Vec<String>,
    /// When that ends; none: when it is taken back.
    pub until: Option<i64>,
    /// Whether it is allowed now.
    pub state: AppState,
    /// When it last called.
    pub last_used_at: Option<i64>,
    /// How often it called in all, refused calls included.
    pub uses: u32,
}

/// Whether an app is allowed now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export_to = "bindings.ts")]
pub enum AppState {
    /// It is.
    Allowed,
    /// Its time is over.
    Ended,
    /// It was taken back.
    TakenBack,
}

/// Where apps reach this program.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[ts(export_to = "bindings.ts")]
pub struct ApiView {
    /// The person hasn't switched it off.
    pub wanted: bool,
    /// Address over TCP, while that is served.
    pub address: Option<String>,
    /// The port that was chosen.
    pub port: Option<u16>,
    /// Another program holds it.
    pub port_taken: bool,
}

/// A program that asks to be allowed.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[ts(export_to = "bindings.ts")]
pub struct PairingView {
    /// Names the request.
    pub number: u64,
    /// What it calls itself.
    pub name: String,
    /// What it asks for, in Monei's words.
    pub permissions: Vec<String>,
    /// Path of what runs, as a hint.
    pub program: Option<String>,
}

/// For how long an app is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export_to = "bindings.ts")]
pub enum Lasts {
    /// The end of today, by the computer's time zone.
    Today,
    /// 30 days.
    Month,
    /// 365 days.
    Year,
    /// Until it is taken back.
    Open,
}
