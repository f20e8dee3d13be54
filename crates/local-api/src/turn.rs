//! Whose turn it is to serve: one process at a time, the window before the service. Locks, which the system frees when a process ends.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;
use std::time::Duration;

use crate::Role;

/// Held by whoever serves.
const SERVING: &str = "api.lock";
/// Held by a window while it runs.
const WINDOW: &str = "api.window.lock";
/// How often is looked whether the other process has gone, or a window has come.
pub(crate) const PAUSE: Duration = Duration::from_millis(500);

/// The turn. It ends when it is dropped.
pub(crate) struct Turn {
    role: Role,
    /// Of a window: that there is one. Of the service: to see whether there is one.
    window: File,
    _serving: File,
}

impl Turn {
    /// Waits for it.
    pub(crate) async fn wait(folder: &Path, role: Role) -> std::io::Result<Self> {
        let window = open(&folder.join(WINDOW))?;
        let serving = open(&folder.join(SERVING))?;
        // Only one window has it; a second one waits like the service, and takes over when the first has gone.
        while role == Role::Window && !try_lock(&window)? {
            tokio::time::sleep(PAUSE).await;
        }
        loop {
            let free = role == Role::Window || !is_held(&window)?;
            if free && try_lock(&serving)? {
                return Ok(Self { role, window, _serving: serving });
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Whether a window wants to serve instead.
    pub(crate) fn is_over(&self) -> bool {
        self.role == Role::Service && is_held(&self.window).unwrap_or(false)
    }
}

/// Whether some process serves.
pub(crate) fn is_taken(folder: &Path) -> bool {
    open(&folder.join(SERVING)).and_then(|serving| is_held(&serving)).unwrap_or(false)
}

fn open(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn try_lock(file: &File) -> std::io::Result<bool> {
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

fn is_held(file: &File) -> std::io::Result<bool> {
    if try_lock(file)? {
        file.unlock()?;
        return Ok(false);
    }
    Ok(true)
}
