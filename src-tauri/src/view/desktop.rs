//! What the window knows of the desktop around it, and where it is led from there.

use serde::Serialize;
use ts_rs::TS;

/// What this desktop has, as far as settings depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[ts(export_to = "bindings.ts")]
pub struct DesktopView {
    /// Something shows tray icons now.
    pub tray: bool,
    /// Something shows notifications, or would be started for one.
    pub notifications: bool,
    /// The program starts at login.
    pub starts_at_login: bool,
}

/// Where the person is led from the tray or a notification.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[ts(export_to = "bindings.ts")]
pub enum Place {
    /// All accounts.
    Overview,
    /// One of them.
    Account {
        /// Which one.
        account: String,
    },
    /// The question of the program that asks to be allowed: it comes up by itself once nothing else is open.
    Request,
}
