//! Which processes of this program have the index open: each holds a shared lock on one file for as long as it runs.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use super::filesystem;

/// This process's share of the lock. `None` where the folder's file system has no locks.
pub(super) struct Presence(Mutex<Option<File>>);

impl Presence {
    /// Takes a share, on a file in `folder`. `None` where another process has claimed the index for itself.
    pub(super) fn take(folder: &Path) -> Option<Self> {
        Self::with(folder, File::try_lock_shared)
    }

    /// Takes all of the lock, for a process that has no share of it. `None` where another process has one.
    pub(super) fn take_alone(folder: &Path) -> Option<Self> {
        Self::with(folder, File::try_lock)
    }

    fn with(folder: &Path, lock: fn(&File) -> Result<(), TryLockError>) -> Option<Self> {
        let file = match filesystem::private_file(&folder.join(super::LOCK_FILE)) {
            Ok(file) => match lock(&file) {
                Ok(()) => Some(file),
                Err(TryLockError::WouldBlock) => return None,
                Err(TryLockError::Error(error)) => not_noticed(&error),
            },
            Err(error) => not_noticed(&error),
        };
        Some(Self(Mutex::new(file)))
    }

    /// Of an index that no other process can open.
    pub(super) fn alone() -> Self {
        Self(Mutex::new(None))
    }

    /// Whether no other process has the index open. If so, none opens it until [`Presence::share`], [`Presence::end`] or the end of this
    /// process.
    pub(super) fn claim(&self) -> bool {
        let file = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(file) = file.as_ref() else { return true };
        // Windows lets nobody have a share and the whole at the same time.
        unlock(file);
        let alone = file.try_lock().is_ok();
        if !alone {
            share(file);
        }
        alone
    }

    /// Others may open the index again.
    pub(super) fn share(&self) {
        if let Some(file) = self.0.lock().unwrap_or_else(PoisonError::into_inner).as_ref() {
            // A lock that is had already: Linux makes the one of the other, Windows would have both.
            unlock(file);
            share(file);
        }
    }

    /// Lets go of the file, which can be removed then.
    pub(super) fn end(&self) {
        drop(self.0.lock().unwrap_or_else(PoisonError::into_inner).take());
    }
}

/// Lets go of this process's lock. An error proves nothing: under Wine 8 each unlocking ends with one, though it was done. Where it wasn't,
/// Windows refuses the exclusive lock that is asked for next, as if another process were there.
fn unlock(file: &File) {
    if let Err(error) = file.unlock() {
        tracing::info!(%error, "a lock may not have been let go");
    }
}

fn share(file: &File) {
    if let Err(error) = file.try_lock_shared() {
        tracing::warn!(%error, "other processes don't see that this one has the index open");
    }
}

/// Without a share the program works as well.
fn not_noticed(error: &std::io::Error) -> Option<File> {
    tracing::info!(kind = ?error.kind(), "other processes of this program aren't noticed");
    None
}
