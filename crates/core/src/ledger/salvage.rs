//! What can still be read of a damaged index goes into the fresh one: names, labels, what was declined, history, settings. The grants come
//! from the keychain, which is the truth for them.

use std::path::Path;

use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags, params_from_iter};

use super::index::{Index, IndexError};
use super::rows::AccountRow;
use super::settings::API_PORT;
use crate::model::Identity;

/// Tables whose rows are taken over, with their columns; those first that others refer to. No column is younger than its table, so that a
/// file of any version gives what it has.
const TAKEN: [(&str, &str); 11] = [
    ("accounts", "id, user_id, wallet_id, name, email, label, connected_at, checked_at, health, health_code"),
    ("scope_states", "account, scope, mark, at"),
    ("activity", "seq, at, account, account_name, event"),
    ("settings", "key, value"),
    ("receipts", "number, at, account, name, approved_by, email, service, operator, allowed, left_off, extra"),
    ("kept", "account, scope, at"),
    ("aside", "account, scope, at"),
    ("set_apart", "id, account, scopes, user_id, wallet_id, name, email, at"),
    ("apps", "id, name, key_hash, account, scopes, until, created_at, taken_back_at, over_tcp"),
    ("uses", "day, caller, account, permission, endpoint, outcome, count, first_at, last_at"),
    ("payments", "id, app, account, endpoint, amount, currency, receiver, reference, began_at, outcome, ended_at"),
];

/// Copies what can be read of the damaged file into `index`. What can't be read or doesn't fit is left out; the damaged file stays.
pub(super) fn from(damaged: &Path, index: &Index) {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let Ok(old) = Connection::open_with_flags(damaged, flags) else { return };
    let mut taken = 0;
    let outcome = index.write(|tables| {
        for (table, columns) in TAKEN {
            let count = columns.split(", ").count();
            let places = vec!["?"; count].join(", ");
            let insert = format!("INSERT OR IGNORE INTO {table} ({columns}) VALUES ({places})");
            // From both ends: a torn page ends the one way, and what lies behind it is found by the other.
            for order in ["ASC", "DESC"] {
                for row in rows(&old, &format!("SELECT {columns} FROM {table} ORDER BY rowid {order}"), count) {
                    // What the person switched off stays off, also where the row of its account can't be read: the keychain has it.
                    if let ("aside", [Value::Text(account), _, Value::Integer(at)]) = (table, &*row)
                        && tables.account(account)?.is_none()
                    {
                        tables.put_account(&AccountRow::new(account.as_str().into(), Identity::default(), *at))?;
                    }
                    // Whoever has the port by now that nobody knows any more could collect the keys that come there.
                    if let ("apps", [.., Value::Integer(1)]) = (table, &*row)
                        && tables.setting(API_PORT)?.is_none()
                    {
                        continue;
                    }
                    // A row that the fresh tables refuse is left out.
                    taken += tables.0.execute(&insert, params_from_iter(row)).unwrap_or(0);
                }
            }
        }
        Ok::<_, IndexError>(())
    });
    match outcome {
        Ok(()) => tracing::warn!(rows = taken, "what could be read of the damaged index was taken over"),
        Err(error) => tracing::warn!(%error, "nothing of the damaged index could be taken over"),
    }
}

/// The rows up to the first that can't be read.
fn rows(old: &Connection, sql: &str, columns: usize) -> Vec<Vec<Value>> {
    let Ok(mut statement) = old.prepare(sql) else { return Vec::new() };
    let read = |row: &rusqlite::Row<'_>| (0..columns).map(|column| row.get(column)).collect::<rusqlite::Result<Vec<Value>>>();
    match statement.query_map([], read) {
        Ok(rows) => rows.map_while(Result::ok).collect(),
        Err(_) => Vec::new(),
    }
}
