//! One lock file for each grant, so that no two processes refresh, revoke or store it at the same time.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::Instant;

use super::{Grants, log_id};
use crate::model::GrantId;
use crate::model::problem::{Problem, ProblemCode};

/// Longest wait for another process. A refresh that gets no answer has the lock for three calls with a time limit of 20 seconds each: the
/// backend is asked who it is, and the refresh is sent twice. Whoever has it longer was stopped, or waits for a person.
const LOCK_LIMIT: Duration = Duration::from_secs(60);
/// How often is tried meanwhile. The system's own wait for a lock has no limit, and would keep a thread.
const LOCK_PAUSE: Duration = Duration::from_millis(50);

/// Until when a wait that begins now lasts. To be counted before the wait for this process's own turn: those who queue here for a lock
/// that another process keeps don't each wait anew.
pub(super) fn lock_end() -> Instant {
    Instant::now() + LOCK_LIMIT
}

/// A grant's lock, held until this is dropped or the process ends.
pub(super) struct Lock {
    /// `None`: no other process has the grant.
    held: Option<(File, PathBuf)>,
}

impl Lock {
    /// Removes the lock's file with the lock: its grant is gone. Whoever waits for the lock notices, and takes a new one.
    /// On Windows a file that somebody has open stays until nobody waits for it; then it is removed at a later start.
    pub(super) fn remove(self) {
        let Some((file, path)) = self.held else { return };
        if cfg!(windows) {
            drop(file);
            drop(std::fs::remove_file(path));
        } else {
            drop(std::fs::remove_file(path));
            drop(file);
        }
    }
}

impl Grants {
    /// Waits for the grant's lock until `end`; tried once in any case.
    ///
    /// # Errors
    /// [`ProblemCode::AccountInUse`] where another process has it all the time, [`ProblemCode::IndexUnavailable`].
    pub(super) async fn lock(&self, grant: &GrantId, end: Instant) -> Result<Lock, Problem> {
        let Some(path) = self.lock_path(grant) else { return Ok(Lock { held: None }) };
        loop {
            if let Some(lock) = take(path.clone()).await? {
                return Ok(lock);
            }
            if Instant::now() >= end {
                tracing::warn!(grant = log_id(grant), "another process doesn't give a grant's lock back");
                return Err(ProblemCode::AccountInUse.into());
            }
            tokio::time::sleep(LOCK_PAUSE).await;
        }
    }

    /// The grant's lock, unless somebody has it, here or in another process.
    pub(super) async fn try_lock(&self, grant: &GrantId) -> Option<Lock> {
        match self.lock_path(grant) {
            Some(path) => take(path).await.ok()?,
            None => Some(Lock { held: None }),
        }
    }

    /// Removes the files of grants that are gone and that nobody holds.
    pub(super) async fn sweep_locks(&self) {
        self.sweep_memory_marks();
        let known = self.inner.ledger.known();
        let (Ok(orphans), Ok(apart)) = (self.inner.ledger.orphans().await, self.inner.ledger.set_apart().await) else { return };
        let is_known = |name: &str| {
            let in_account = known.iter().flat_map(|account| &account.grants).any(|grant| *grant.id == *name);
            in_account || orphans.iter().any(|id| **id == *name) || apart.iter().any(|row| *row.grant == *name)
        };
        let Some(directory) = self.inner.locks.clone() else { return };
        let names = tokio::task::spawn_blocking(move || -> Vec<String> {
            let Ok(entries) = std::fs::read_dir(directory) else { return Vec::new() };
            entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect()
        })
        .await
        .unwrap_or_default();
        for name in names.into_iter().filter(|name| !is_known(name)) {
            if let Some(lock) = self.try_lock(&name.into()).await {
                lock.remove();
            }
        }
    }

    /// Where a grant's lock file is. Grant ids are our own base64url, so no name can lead elsewhere.
    pub(super) fn lock_path(&self, grant: &GrantId) -> Option<PathBuf> {
        Some(self.inner.locks.as_ref()?.join(&**grant))
    }
}

/// Opens the file and locks it; `None` where somebody else has it.
pub(super) async fn take(path: PathBuf) -> Result<Option<Lock>, Problem> {
    let taken = tokio::task::spawn_blocking(move || {
        if let Some(directory) = path.parent() {
            std::fs::create_dir_all(directory)?;
        }
        loop {
            let file = options().open(&path)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Ok::<_, std::io::Error>(None),
                Err(TryLockError::Error(error)) => return Err(error),
            }
            // Whoever had it may have removed the file: then this is the lock of nothing.
            if is_at(&file, &path) {
                return Ok(Some(Lock { held: Some((file, path)) }));
            }
        }
    });
    match taken.await {
        Ok(Ok(taken)) => Ok(taken),
        _ => Err(ProblemCode::IndexUnavailable.into()),
    }
}

#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let id = |metadata: std::io::Result<std::fs::Metadata>| metadata.ok().map(|found| (found.dev(), found.ino()));
    id(file.metadata()).is_some() && id(file.metadata()) == id(std::fs::metadata(path))
}

/// A file that is open keeps its name there ([`options`]), so nobody else can have made a new one.
#[cfg(not(unix))]
fn is_at(_: &File, _: &Path) -> bool {
    true
}

fn options() -> OpenOptions {
    let mut options = File::options();
    options.create(true).truncate(false).write(true);
    // Without `FILE_SHARE_DELETE`, which is usual in Rust: nobody can remove or rename the file while somebody has it open.
    #[cfg(windows)]
    std::os::windows::fs::OpenOptionsExt::share_mode(&mut options, FILE_SHARE_READ | FILE_SHARE_WRITE);
    options
}

/// winnt.h.
#[cfg(windows)]
const FILE_SHARE_READ: u32 = 1;
#[cfg(windows)]
const FILE_SHARE_WRITE: u32 = 2;

#[cfg(all(test, windows))]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_lock_that_somebody_holds_keeps_its_file_and_nobody_else_gets_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("grant");
        let held = take(path.clone()).await.unwrap().unwrap();
        assert!(std::fs::remove_file(&path).is_err(), "a second holder could lock a new file of this name");
        assert!(take(path.clone()).await.unwrap().is_none());
        held.remove();
        assert!(!path.exists());
        take(path).await.unwrap().unwrap().remove();
    }
}
