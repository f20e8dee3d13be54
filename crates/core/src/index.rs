//! The index: accounts, labels, grants' scopes and expiry, declined scopes, activity, settings. SQLite in the data folder.
//!
//! No token, code or secret. The keychain is the truth for tokens; this is what can be shown without it. Every write is one transaction
//! (write-ahead log, synchronous), so a killed process leaves the state before or after it, never between.

mod open;
mod query;
mod rows;
mod tables;

#[cfg(test)]
mod tests;

use rusqlite::Connection;

pub use rows::{AccountRow, GrantRow, OpenTransactionRow, ScopeMark, ScopeRow, StoredHealth};
pub use tables::Tables;

/// The setting that names the damaged index whose accounts are still to be found again.
pub const REBUILD: &str = "rebuild";

/// Lines of activity that are kept.
pub const ACTIVITY_KEPT: u32 = 1000;

/// Why the index can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IndexError {
    /// A newer version of this program wrote it. It is left as it is.
    #[error("the index was written by a newer version (schema {found})")]
    Newer {
        /// Its schema number.
        found: u32,
    },
    /// It can't be read or written: disk full, no permission, in use for too long. Names no path.
    #[error("the index can't be read or written: {0}")]
    Unavailable(String),
}

impl From<rusqlite::Error> for IndexError {
    fn from(error: rusqlite::Error) -> Self {
        // SQLite's own message may hold the path, so only the code is kept.
        Self::Unavailable(match error.sqlite_error() {
            Some(cause) => format!("{:?} ({})", cause.code, cause.extended_code),
            None => "a row or statement doesn't fit".to_owned(),
        })
    }
}

/// The open index.
pub struct Index {
    connection: Connection,
}

impl Index {
    /// Does all of `work`, or nothing of it when it fails.
    ///
    /// # Errors
    /// What `work` returns, or [`IndexError::Unavailable`].
    pub fn transaction<T>(&mut self, work: impl FnOnce(&Tables<'_>) -> Result<T, IndexError>) -> Result<T, IndexError> {
        // Immediate: a writer in another process is waited for here, and not found out about half-way.
        let transaction = self.connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        let value = work(&Tables(&transaction))?;
        transaction.commit()?;
        Ok(value)
    }

    /// The tables outside of a transaction: for reading, each call by itself.
    pub fn tables(&self) -> Tables<'_> {
        Tables(&self.connection)
    }
}
