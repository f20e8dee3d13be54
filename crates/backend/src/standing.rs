//! How this instance stands with Monei: whether its credentials were accepted.

use std::sync::{Mutex, PoisonError};

/// Whether Monei accepts this backend's credentials.
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

/// What the last calls told.
#[derive(Default)]
pub(crate) struct Standing(Mutex<Credentials>);

impl Standing {
    pub(crate) fn credentials(&self) -> Credentials {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set_credentials(&self, credentials: Credentials) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = credentials;
    }
}
