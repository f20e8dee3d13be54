//! The index file: SQLite in the data folder. Every write is one transaction, so a killed process leaves the state before or after it, never
//! between. Reads have a connection of their own and wait for no writer.

use std::sync::{Mutex, PoisonError};

use rusqlite::{Connection, TransactionBehavior};

use super::error::IndexError;
use super::schema;
use super::tables::Tables;

/// What a write outlasts, once it has returned. The index is consistent after either.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lasts {
    /// A kill of this process. A power cut may undo the latest of these. Where the file has no write-ahead log, as the other.
    OverAKill,
    /// A power cut, too: the disk is waited for.
    OverAPowerCut,
}

/// The open index.
pub struct Index {
    pub(super) writer: Mutex<Connection>,
    /// `None` for an index in memory, which has one connection alone.
    pub(super) reader: Mutex<Option<Connection>>,
    /// Whether the file has a write-ahead log.
    pub(super) has_log: bool,
}

impl Index {
    /// An empty one in this process's memory.
    ///
    /// # Errors
    /// [`IndexError::Unavailable`].
    pub(super) fn in_memory() -> Result<Self, IndexError> {
        Ok(Self { writer: Mutex::new(schema::in_memory()?), reader: Mutex::new(None), has_log: false })
    }

    /// Does all of `work`, or nothing of it when it fails.
    ///
    /// # Errors
    /// What `work` returns, or [`IndexError::Unavailable`].
    pub(super) fn write<T>(&self, work: impl FnOnce(&Tables<'_>) -> Result<T, IndexError>) -> Result<T, IndexError> {
        self.write_to_last(Lasts::OverAPowerCut, work)
    }

    /// As [`Index::write`], and what was written lasts as said.
    ///
    /// # Errors
    /// As [`Index::write`].
    pub(super) fn write_to_last<T>(&self, lasts: Lasts, work: impl FnOnce(&Tables<'_>) -> Result<T, IndexError>) -> Result<T, IndexError> {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        // With a log, NORMAL waits for the disk only when the log goes into the file.
        let level = if lasts == Lasts::OverAKill && self.has_log { "NORMAL" } else { "FULL" };
        writer.pragma_update(None, "synchronous", level)?;
        // Immediate: a writer in another process is waited for here, and not found out about half-way.
        let transaction = writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let value = work(&Tables(&transaction))?;
        transaction.commit()?;
        Ok(value)
    }

    /// A number that is another one once anybody has written since it was last asked for: this process or another.
    ///
    /// # Errors
    /// [`IndexError::Unavailable`].
    pub(super) fn version(&self) -> Result<i64, IndexError> {
        let reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(reader) = &*reader {
            // Changes by what other connections commit; the writer is another one.
            return Ok(reader.pragma_query_value(None, "data_version", |row| row.get(0))?);
        }
        // In memory there is no other connection: how many rows this one has changed so far.
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(writer.query_row("SELECT total_changes()", [], |row| row.get(0))?)
    }

    /// Removes every row, then goes on in memory with an empty index: the file is closed, and can be removed.
    ///
    /// # Errors
    /// [`IndexError::Unavailable`]; the file is as it was then.
    pub(super) fn erase(&self) -> Result<(), IndexError> {
        let fresh = schema::in_memory()?;
        let mut reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        self.write(|tables| tables.remove_everything())?;
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        *reader = None;
        // Closed as the last one, it takes its log with it.
        *writer = fresh;
        Ok(())
    }

    /// Reads one state of the index. Takes no lock that a writer has, but for an index in memory.
    ///
    /// # Errors
    /// What `work` returns, or [`IndexError::Unavailable`].
    pub(super) fn read<T>(&self, work: impl FnOnce(&Tables<'_>) -> Result<T, IndexError>) -> Result<T, IndexError> {
        let mut reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(reader) = &mut *reader {
            let transaction = reader.transaction_with_behavior(TransactionBehavior::Deferred)?;
            return work(&Tables(&transaction));
        }
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        work(&Tables(&writer))
    }
}
