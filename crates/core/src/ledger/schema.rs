//! The tables, as steps from an empty file, and a fresh index in memory.

use std::fs;
use std::path::Path;

use rusqlite::Connection;

use super::error::IndexError;

/// The setting that names the damaged index whose accounts are still to be found again.
pub(super) const REBUILD: &str = "rebuild";

/// The steps from an empty file to the schema of this version, in order. A change to the schema is a new step at the end, and a step that
/// was in a release never changes: a file whose `user_version` is `n` has had the first `n` of them.
const STEPS: [&str; 7] = [
    include_str!("migrations/1-accounts.sql"),
    include_str!("migrations/2-open-transactions.sql"),
    include_str!("migrations/3-owners-and-uses.sql"),
    include_str!("migrations/4-apps.sql"),
    include_str!("migrations/5-consents.sql"),
    include_str!("migrations/6-payments.sql"),
    include_str!("migrations/7-aside.sql"),
];

/// The number of this version's schema.
pub(super) const LATEST: u32 = STEPS.len() as u32;

/// An empty index in this process's memory.
pub(super) fn in_memory() -> Result<Connection, IndexError> {
    let mut connection = Connection::open_in_memory()?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    migrate(&mut connection, Path::new(""))?;
    Ok(connection)
}

/// Takes the steps that the file hasn't had, all or none of them.
pub(super) fn migrate(connection: &mut Connection, path: &Path) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let had: u32 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let missing = STEPS.get(had as usize..).unwrap_or_default();
    if missing.is_empty() {
        return Ok(());
    }
    for step in missing {
        transaction.execute_batch(step)?;
    }
    if had == 0
        && let Some(name) = newest_damaged(path)
    {
        // With the tables themselves, so that being killed between setting aside and rebuilding loses nothing.
        transaction.execute("INSERT INTO settings (key, value) VALUES (?1, ?2)", [REBUILD, name.as_str()])?;
    }
    transaction.pragma_update(None, "user_version", LATEST)?;
    transaction.commit()
}

/// The index that was set aside last, if there is one: the highest number.
fn newest_damaged(path: &Path) -> Option<String> {
    let names = fs::read_dir(path.parent()?).ok()?.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let number = |name: &String| name.strip_prefix("index.damaged-")?.strip_suffix(".sqlite")?.parse::<u32>().ok();
    names.filter(|name| number(name).is_some()).max_by_key(number)
}
