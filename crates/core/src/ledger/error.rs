//! Why the index can't be used.

/// Why the index can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IndexError {
    /// A newer version of this program wrote it. It is left as it is.
    #[error("the index was written by a newer version (schema {found})")]
    Newer {
        /// Its schema number.
        found: u32,
    },
    /// It is damaged and another process has it open, or another process is removing it. It is left as it is.
    #[error("another process has the index")]
    InUse,
    /// It can't be read or written: disk full, no permission, in use for too long. Names no path.
    #[error("the index can't be read or written: {0}")]
    Unavailable(String),
}

impl From<rusqlite::Error> for IndexError {
    fn from(error: rusqlite::Error) -> Self {
        // SQLite's own message may hold the path, so only the code is kept.
        let cause = match &error {
            rusqlite::Error::SqlInputError { error, .. } => Some(error),
            error => error.sqlite_error(),
        };
        Self::Unavailable(match cause {
            Some(cause) => format!("{:?} ({})", cause.code, cause.extended_code),
            None => "a row or statement doesn't fit".to_owned(),
        })
    }
}
