//! Reading one cell, whatever stands in it: `PRAGMA quick_check` finds nothing wrong with text that is no UTF-8. What identifies a row is read
//! with [`Row::get`], whose error makes [`super::tables::Tables::rows`] leave the row out; everything else with the functions here, which fail
//! for no content.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use rusqlite::types::ValueRef;
use rusqlite::{Error, Row};

/// Text that only a person reads, or that is compared with sound text: what can't be read is replaced by U+FFFD.
pub(super) fn shown(row: &Row<'_>, column: usize) -> Result<Option<String>, Error> {
    Ok(match row.get_ref(column)? {
        ValueRef::Null => None,
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
        ValueRef::Integer(_) | ValueRef::Real(_) => Some(char::REPLACEMENT_CHARACTER.into()),
    })
}

/// The same of a column that is never empty.
pub(super) fn text(row: &Row<'_>, column: usize) -> Result<String, Error> {
    Ok(shown(row, column)?.unwrap_or_default())
}

/// Text that is as good as unknown where it can't be read.
pub(super) fn known(row: &Row<'_>, column: usize) -> Result<Option<String>, Error> {
    Ok(row.get_ref(column)?.as_str().ok().map(str::to_owned))
}

/// Whether `wanted` may stand there: also where the cell can't be read.
pub(super) fn may_be(row: &Row<'_>, column: usize, wanted: Option<&str>) -> Result<bool, Error> {
    Ok(row.get_ref(column)?.as_str_or_null().map_or(true, |text| text == wanted))
}

/// A number; `None` where there is none.
pub(super) fn number(row: &Row<'_>, column: usize) -> Result<Option<i64>, Error> {
    Ok(row.get_ref(column)?.as_i64().ok())
}

/// When something ends or has ended; `None` where it doesn't. What can't be read ended long ago.
pub(super) fn end(row: &Row<'_>, column: usize) -> Result<Option<i64>, Error> {
    Ok(row.get_ref(column)?.as_i64_or_null().unwrap_or(Some(0)))
}

/// The column whose content the error is about; `None` for an error of SQLite, of the disk, or of this program.
pub(super) fn unreadable(error: &Error) -> Option<usize> {
    match error {
        Error::Utf8Error(column, _)
        | Error::InvalidColumnType(column, ..)
        | Error::IntegralValueOutOfRange(column, _)
        | Error::FromSqlConversionFailure(column, ..) => Some(*column),
        _ => None,
    }
}

/// Logs, once a run for each column, that a row which `sql` reads is damaged there. Its content isn't logged.
pub(super) fn log_damage(sql: &str, column: &str, consequence: &str) {
    static LOGGED: Mutex<BTreeSet<(String, String)>> = Mutex::new(BTreeSet::new());
    let table = sql.split("FROM ").nth(1).and_then(|rest| rest.split_whitespace().next()).unwrap_or(sql);
    if LOGGED.lock().unwrap_or_else(PoisonError::into_inner).insert((table.to_owned(), column.to_owned())) {
        tracing::warn!(table, column, consequence, "a row of the index can't be read");
    }
}
