//! What leaves the disk when a person leaves this computer: every file and folder of this environment.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::settings::Settings;
use crate::{login, registration};

/// Removes all that this environment has on the disk: index, locks, log, the web view's folder, the window's place, the start at login, and
/// what was registered for links; and `shared`, a folder that all environments use, once it is empty. Gives what couldn't be removed. Another
/// environment's stays.
pub fn erase(settings: &Settings, shared: Option<&Path>) -> Vec<PathBuf> {
    let mut left = Vec::new();
    let mut gone = |path: &Path, removed: std::io::Result<()>| match removed {
        Err(error) if error.kind() != ErrorKind::NotFound => left.push(path.to_owned()),
        _ => {}
    };
    gone(&settings.data_dir, std::fs::remove_dir_all(&settings.data_dir));
    let window = settings.window_state();
    for file in [window.with_extension("new"), window.clone()] {
        gone(&file, std::fs::remove_file(&file));
    }
    if settings.registers_links {
        gone(&settings.data_dir, registration::unregister(&settings.link_scheme));
    }
    if let Some(entry) = login::entry(settings) {
        gone(&entry, login::set(settings, false));
    }
    // Shared with the other environments: removed with the last of them.
    let shared = [shared, settings.data_dir.parent(), window.parent().filter(|folder| settings.data_dir.parent() != Some(*folder))];
    for folder in shared.into_iter().flatten() {
        match std::fs::remove_dir(folder) {
            Err(error) if !matches!(error.kind(), ErrorKind::NotFound | ErrorKind::DirectoryNotEmpty) => gone(folder, Err(error)),
            _ => {}
        }
    }
    left
}
