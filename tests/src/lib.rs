//! What the end-to-end tests and the tour stand on: a [`World`] of its own for every test, with its own folders, display, session
//! bus, unlocked keychain and system browser, in which the real program runs as it does for a person. The program opens the browser
//! through the system's own opener; nothing here ever fetches the address by itself.
//!
//! Linux only: Xvfb, gnome-keyring, Chromium and WebKit's driver. `cargo xtask test` installs what is missing.

#![cfg(target_os = "linux")]

pub mod accessible;
pub mod assistant;
mod browser;
pub mod canary;
mod desktop;
mod display;
pub mod keychain;
pub mod process;
mod sampler;
mod sandbox;
mod session;
mod terminal;
mod wait;
mod window;
mod world;

pub use browser::Browser;
pub use desktop::{Notifications, Panel};
pub use display::{Display, Manager};
pub use keychain::Keychain;
pub use process::target_dir;
pub use sampler::Samples;
pub use sandbox::{ControlState, SandboxControl};
pub use session::{Session, Surroundings, free_port};
pub use terminal::Terminal;
pub use wait::{PATIENCE, until};
pub use window::Window;
pub use world::{ALL_FEATURES, KeychainItem, Setup, World, asks_to_disconnect, asks_to_end_all, asks_to_remove};
