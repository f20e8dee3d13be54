//! Why the configuration can't be used: one sentence each, which names the value and never shows it.

/// A missing or wrong value. Its `Display` is one sentence for the person who starts the program.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// A value that must be there isn't.
    #[error("{name} is missing: {needed}.")]
    Missing {
        /// The variable.
        name: &'static str,
        /// What it must hold.
        needed: &'static str,
    },
    /// A value can't be used, alone or together with another.
    #[error("{name} can't be used: {reason}.")]
    Invalid {
        /// The variable.
        name: &'static str,
        /// Why not; never the value itself.
        reason: String,
    },
    /// A value holds bytes that are no text.
    #[error("{name} can't be used: it is not text (UTF-8).")]
    NotText {
        /// The variable.
        name: String,
    },
    /// A file that holds a secret can't be read or is open to others.
    #[error("{name} names a file that can't be used: {reason}.")]
    File {
        /// The variable or the credential.
        name: String,
        /// Why not.
        reason: String,
    },
    /// A value that can't change while the program runs did.
    #[error("{name} changed, which takes a restart; nothing was reloaded.")]
    Restart {
        /// The variable.
        name: &'static str,
    },
    /// The HTTPS client can't be set up, mostly for want of the system's certificates.
    #[error("The HTTPS client can't be set up: {0}.")]
    Tls(String),
}

impl ConfigError {
    pub(crate) fn invalid(name: &'static str, reason: impl Into<String>) -> Self {
        Self::Invalid { name, reason: reason.into() }
    }
}
