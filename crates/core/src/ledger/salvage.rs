//! What can still be read of a damaged index goes into the fresh one: names, labels, what was declined, history, settings. The grants come
//! from the keychain, which is the truth for them.

use std::path::Path;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, OpenFlags, params_from_iter};

use super::error::IndexError;
use super::event::Event;
use super::index::Index;
use super::settings::API_PORT;
use super::tables::Tables;

/// Tables whose rows are taken over, with their columns; those first that others refer to. No column is younger than its table, so that a
/// file of any version gives what it has.
const TAKEN: [(&str, &str); 11] = [
    ("accounts", "id, user_id, wallet_id, name, email, label, connected_at, checked_at"),
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

/// Stands for a text that can't be read.
const UNREADABLE: &[u8] = b"\xff";

/// Copies what can be read of the damaged file into `index`, each cell as it stands: what can't be read in it is left to the readers. What
/// doesn't fit is left out; the damaged file stays.
pub(super) fn from(damaged: &Path, index: &Index) {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let Ok(old) = Connection::open_with_flags(damaged, flags) else { return };
    let mut taken = 0;
    let outcome = index.write(|tables| {
        for (table, columns) in TAKEN {
            // From both ends: a torn page ends the one way, and what lies behind it is found by the other.
            for order in ["ASC", "DESC"] {
                taken += take(&old, tables, table, columns, order)?;
            }
        }
        Ok::<_, IndexError>(())
    });
    match outcome {
        Ok(()) => tracing::warn!(rows = taken, "what could be read of the damaged index was taken over"),
        Err(error) => tracing::warn!(%error, "nothing of the damaged index could be taken over"),
    }
}

/// Copies the rows of one table, up to the first that SQLite can't get at. Gives how many.
fn take(old: &Connection, tables: &Tables<'_>, table: &str, columns: &str, order: &str) -> Result<usize, IndexError> {
    let count = columns.split(", ").count();
    // What isn't copied: how an account is shows at its next check, and how long a line is kept follows from it.
    let (column, place) = match table {
        "accounts" => (", health", ", 'connected'"),
        "activity" => (", routine", ", ?"),
        _ => ("", ""),
    };
    let places = vec!["?"; count].join(", ");
    let insert = format!("INSERT OR IGNORE INTO {table} ({columns}{column}) VALUES ({places}{place})");
    let Ok(mut statement) = old.prepare(&format!("SELECT {columns} FROM {table} ORDER BY rowid {order}")) else { return Ok(0) };
    let Ok(mut rows) = statement.query([]) else { return Ok(0) };
    let mut taken = 0;
    loop {
        let row = match rows.next() {
            Ok(Some(row)) => row,
            Ok(None) => break,
            Err(error) => {
                tracing::info!(table, order, code = ?error.sqlite_error_code(), "a table of the damaged index can't be read to its end");
                break;
            }
        };
        let mut cells = (0..count).map(|column| row.get_ref(column)).collect::<rusqlite::Result<Vec<_>>>()?;
        if table == "aside" {
            // What the person switched off stays off, also where the row of its account can't be read, since the keychain has it, and where
            // this entry can't.
            for text in &mut cells[..2] {
                *text = ValueRef::Text(text.as_bytes().unwrap_or(UNREADABLE));
            }
            cells[2] = ValueRef::Integer(cells[2].as_i64().unwrap_or(0));
            let account = "INSERT OR IGNORE INTO accounts (id, connected_at, health) VALUES (?1, ?2, 'connected')";
            tables.run(account, params_from_iter([cells[0], cells[2]].map(ToSqlOutput::Borrowed)))?;
        }
        // Whoever has the port by now that nobody knows any more could collect the keys that come there.
        if table == "apps"
            && cells.last() != Some(&ValueRef::Integer(0))
            && tables.setting(API_PORT)?.is_none_or(|port| port.parse::<u16>().is_err())
        {
            continue;
        }
        let kept = (table == "activity").then(|| Event::read(&String::from_utf8_lossy(cells[4].as_bytes().unwrap_or_default())).kept());
        let cells = cells.into_iter().map(ToSqlOutput::Borrowed).chain(kept.map(|kept| ToSqlOutput::from(kept as u8)));
        // A row that the fresh tables refuse is left out.
        taken += tables.0.execute(&insert, params_from_iter(cells)).unwrap_or(0);
    }
    Ok(taken)
}
