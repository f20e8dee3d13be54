//! How this instance stands with Monei: whether the credentials of each registration were accepted.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::domain::registration::Shard;

/// Whether Monei accepts a registration's credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Credentials {
    /// Not tried yet.
    #[default]
    Untried,
    /// Accepted last time.
    Accepted,
    /// Refused last time.
    Refused,
}

/// What the last calls told, by registration.
#[derive(Default)]
pub(crate) struct Standing(Mutex<Vec<Credentials>>);

impl Standing {
    fn lock(&self) -> MutexGuard<'_, Vec<Credentials>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn credentials(&self, shard: Shard) -> Credentials {
        self.lock().get(shard.index()).copied().unwrap_or_default()
    }

    pub(crate) fn set_credentials(&self, shard: Shard, credentials: Credentials) {
        let mut all = self.lock();
        if all.len() <= shard.index() {
            all.resize(shard.index() + 1, Credentials::Untried);
        }
        all[shard.index()] = credentials;
    }

    /// Secrets changed: they are yet to be tried.
    pub(crate) fn forget(&self) {
        self.lock().clear();
    }
}
