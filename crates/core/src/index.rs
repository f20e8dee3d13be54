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

pub use open::Opened;
pub use rows::{AccountRow, GrantRow, ScopeMark, ScopeRow, StoredHealth};
pub use tables::Tables;

use crate::view::{ActivityEvent, ActivityItem};

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
    /// Every account, oldest first.
    ///
    /// # Errors
    /// [`IndexError::Unavailable`], as all the methods here.
    pub fn accounts(&self) -> Result<Vec<AccountRow>, IndexError> {
        self.tables().accounts()
    }

    /// Every grant, oldest first.
    ///
    /// # Errors
    /// [`IndexError::Unavailable`]
    pub fn grants(&self) -> Result<Vec<GrantRow>, IndexError> {
        self.tables().grants()
    }

    /// The scopes that `account` declined or lost, by name.
    ///
    /// # Errors
    /// [`IndexError::Unavailable`]
    pub fn scope_states(&self, account: &str) -> Result<Vec<ScopeRow>, IndexError> {
        self.tables().scope_states(account)
    }

    /// The latest lines of activity, newest first; of one account, or of all.
    ///
    /// # Errors
    /// [`IndexError::Unavailable`]
    pub fn activity(&self, account: Option<&str>, limit: u32) -> Result<Vec<ActivityItem>, IndexError> {
        self.tables().activity(account, limit)
    }

    /// A setting.
    ///
    /// # Errors
    /// [`IndexError::Unavailable`]
    pub fn setting(&self, key: &str) -> Result<Option<String>, IndexError> {
        self.tables().setting(key)
    }

    /// Does all of `write`, or nothing of it when it fails.
    ///
    /// # Errors
    /// What `write` returns, or [`IndexError::Unavailable`].
    pub fn transaction<T>(&mut self, write: impl FnOnce(&Tables<'_>) -> Result<T, IndexError>) -> Result<T, IndexError> {
        // Immediate: a writer in another process is waited for here, and not found out about half-way.
        let transaction = self.connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        let value = write(&Tables(&transaction))?;
        transaction.commit()?;
        Ok(value)
    }

    /// [`Tables::put_account`] alone.
    ///
    /// # Errors
    /// [`IndexError::Unavailable`]
    pub fn put_account(&mut self, account: &AccountRow) -> Result<(), IndexError> {
        self.transaction(|tx| tx.put_account(account))
    }

    /// [`Tables::remove_account`] alone.
    ///
    /// # Errors
    /// [`IndexError::Unavailable`]
    pub fn remove_account(&mut self, id: &str) -> Result<(), IndexError> {
        self.transaction(|tx| tx.remove_account(id))
    }

    /// [`Tables::put_grant`] alone.
    ///
    /// # Errors
    /// [`IndexError::Unavailable`], also when there is no such account.
    pub fn put_grant(&mut self, grant: &GrantRow) -> Result<(), IndexError> {
        self.transaction(|tx| tx.put_grant(grant))
    }

    /// [`Tables::remove_grant`] alone.
    ///
    /// # Errors
    /// [`IndexError::Unavailable`]
    pub fn remove_grant(&mut self, id: &str) -> Result<(), IndexError> {
        self.transaction(|tx| tx.remove_grant(id))
    }

    /// [`Tables::put_scope_state`] alone.
    ///
    /// # Errors
    /// [`IndexError::Unavailable`], also when there is no such account.
    pub fn put_scope_state(&mut self, account: &str, scope: &str, mark: ScopeMark, at_ms: i64) -> Result<(), IndexError> {
        self.transaction(|tx| tx.put_scope_state(account, scope, mark, at_ms))
    }

    /// [`Tables::clear_scope_state`] alone.
    ///
    /// # Errors
    /// [`IndexError::Unavailable`]
    pub fn clear_scope_state(&mut self, account: &str, scope: &str) -> Result<(), IndexError> {
        self.transaction(|tx| tx.clear_scope_state(account, scope))
    }

    /// [`Tables::log`] alone.
    ///
    /// # Errors
    /// [`IndexError::Unavailable`]
    pub fn log(&mut self, at_ms: i64, account: Option<&str>, account_name: Option<&str>, event: &ActivityEvent) -> Result<(), IndexError> {
        self.transaction(|tx| tx.log(at_ms, account, account_name, event))
    }

    /// [`Tables::set_setting`] alone.
    ///
    /// # Errors
    /// [`IndexError::Unavailable`]
    pub fn set_setting(&mut self, key: &str, value: &str) -> Result<(), IndexError> {
        self.transaction(|tx| tx.set_setting(key, value))
    }

    /// [`Tables::remove_setting`] alone.
    ///
    /// # Errors
    /// [`IndexError::Unavailable`]
    pub fn remove_setting(&mut self, key: &str) -> Result<(), IndexError> {
        self.transaction(|tx| tx.remove_setting(key))
    }

    fn tables(&self) -> Tables<'_> {
        Tables(&self.connection)
    }
}
