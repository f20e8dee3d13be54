//! Switches on Tauri's tray on systems other than Linux, by a dependency with that feature.
//!
//! On Linux Tauri's tray needs libappindicator, and the program has one of its own. Tauri's bundler takes every feature in the program's own
//! manifest for one of each system: it would look for that library, and have each Linux package depend on it.
