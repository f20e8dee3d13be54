//! The tray: an icon with the health of the accounts in words, and a menu with what waits for the person. It is there while the person wants
//! closing the window to keep the program running.
//!
//! Linux: a StatusNotifierItem, by `ksni` over the session bus that the keychain is reached by; Tauri's own would need libappindicator at run
//! time, which no desktop has by itself. Elsewhere: Tauri's.

#[cfg(target_os = "linux")]
mod host;
#[cfg(target_os = "linux")]
mod icon;
#[cfg(target_os = "linux")]
mod linux;
#[cfg(not(target_os = "linux"))]
mod other;

use connect_app::attention::Matter;
use connect_app::catalogue::TrayWords;

#[cfg(target_os = "linux")]
pub use icon::SIZES as ICONS;
#[cfg(target_os = "linux")]
pub use linux::{Tray, is_there};
#[cfg(not(target_os = "linux"))]
pub use other::{Tray, is_there};

/// The program's name.
const NAME: &str = connect_app::settings::PRODUCT_NAME;

/// What the icon says and its menu offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Face {
    /// How the accounts are.
    pub standing: String,
    /// Something waits for the person.
    pub waits: bool,
    /// What waits, each with its words.
    pub entries: Vec<(Matter, String)>,
    /// The rest of the menu.
    pub words: &'static TrayWords,
}

/// What the person does in the tray. The token, where the desktop gives one, lets the window come to the front.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// Shows the window.
    Open(Option<String>),
    /// Shows it where this can be dealt with.
    Deal(Matter, Option<String>),
    /// Ends the program.
    Quit,
}
