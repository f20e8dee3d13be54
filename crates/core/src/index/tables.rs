//! What can be read and written.

use rusqlite::{Connection, Row, params};

use super::{ACTIVITY_KEPT, AccountRow, GrantRow, IndexError, OpenTransactionRow, ScopeMark, ScopeRow, query, rows};
use crate::view::{ActivityEvent, ActivityItem};

/// The tables as one [`super::Index::transaction`] sees and changes them. Each method fails with [`IndexError::Unavailable`] only.
pub struct Tables<'a>(pub(super) &'a Connection);

#[allow(clippy::missing_errors_doc, reason = "said once, at the type")]
impl Tables<'_> {
    /// Every account, oldest first.
    pub fn accounts(&self) -> Result<Vec<AccountRow>, IndexError> {
        Ok(self.rows(query::ACCOUNTS, [], rows::account)?)
    }

    /// Every grant, oldest first.
    pub fn grants(&self) -> Result<Vec<GrantRow>, IndexError> {
        Ok(self.rows(query::GRANTS, [], rows::grant)?)
    }

    /// The scopes that `account` declined or lost, by name.
    pub fn scope_states(&self, account: &str) -> Result<Vec<ScopeRow>, IndexError> {
        Ok(self.rows(query::SCOPE_STATES, [account], rows::scope)?)
    }

    /// The latest lines of activity, newest first; of one account, or of all.
    pub fn activity(&self, account: Option<&str>, limit: u32) -> Result<Vec<ActivityItem>, IndexError> {
        Ok(self.rows(query::ACTIVITY, params![account, limit], rows::activity)?)
    }

    /// A setting.
    pub fn setting(&self, key: &str) -> Result<Option<String>, IndexError> {
        Ok(self.rows(query::SETTING, [key], |row| row.get(0))?.pop())
    }

    /// Adds the account, or replaces all but its grants and scope states.
    pub fn put_account(&self, account: &AccountRow) -> Result<(), IndexError> {
        let (health, code) = account.health.columns();
        // Not INSERT OR REPLACE: that would delete the row first, and its grants with it.
        self.run(
            "INSERT INTO accounts (id, user_id, wallet_id, name, email, label, connected_at, checked_at, health, health_code)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
             ON CONFLICT (id) DO UPDATE SET user_id = ?2, wallet_id = ?3, name = ?4, email = ?5, label = ?6, connected_at = ?7,
                 checked_at = ?8, health = ?9, health_code = ?10",
            params![
                account.id,
                account.user_id,
                account.wallet_id,
                account.name,
                account.email,
                account.label,
                account.connected_at,
                account.checked_at,
                health,
                code
            ],
        )
    }

    /// Removes the account with its grants and scope states. Its activity stays, with its name.
    pub fn remove_account(&self, id: &str) -> Result<(), IndexError> {
        self.run("DELETE FROM accounts WHERE id = ?1", params![id])
    }

    /// Adds or replaces the grant. Its account must be there.
    pub fn put_grant(&self, grant: &GrantRow) -> Result<(), IndexError> {
        let generation = i64::try_from(grant.generation).unwrap_or(i64::MAX);
        self.run(
            "INSERT INTO grants (id, account, backend, scopes, granted_at, expires_at, generation) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT (id) DO UPDATE SET account = ?2, backend = ?3, scopes = ?4, granted_at = ?5, expires_at = ?6, generation = ?7",
            params![grant.id, grant.account, grant.backend, grant.scopes.to_string(), grant.granted_at, grant.expires_at, generation],
        )
    }

    /// Removes the grant.
    pub fn remove_grant(&self, id: &str) -> Result<(), IndexError> {
        self.run("DELETE FROM grants WHERE id = ?1", params![id])
    }

    /// Notes that `scope` was declined or lost, replacing what was noted before. The account must be there.
    pub fn put_scope_state(&self, account: &str, scope: &str, mark: ScopeMark, at_ms: i64) -> Result<(), IndexError> {
        self.run(
            "INSERT INTO scope_states (account, scope, mark, at) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (account, scope) DO UPDATE SET mark = ?3, at = ?4",
            params![account, scope, mark.column(), at_ms],
        )
    }

    /// Forgets that `scope` was declined or lost.
    pub fn clear_scope_state(&self, account: &str, scope: &str) -> Result<(), IndexError> {
        self.run("DELETE FROM scope_states WHERE account = ?1 AND scope = ?2", params![account, scope])
    }

    /// Adds a line to the activity and drops the oldest beyond [`ACTIVITY_KEPT`].
    pub fn log(&self, at_ms: i64, account: Option<&str>, account_name: Option<&str>, event: &ActivityEvent) -> Result<(), IndexError> {
        let event = serde_json::to_string(event).map_err(|_| IndexError::Unavailable("an event that can't be written".to_owned()))?;
        self.run(
            "INSERT INTO activity (at, account, account_name, event) VALUES (?1, ?2, ?3, ?4)",
            params![at_ms, account, account_name, event],
        )?;
        self.run("DELETE FROM activity WHERE seq <= (SELECT max(seq) FROM activity) - ?1", params![ACTIVITY_KEPT])
    }

    /// Sets a setting.
    pub fn set_setting(&self, key: &str, value: &str) -> Result<(), IndexError> {
        self.run("INSERT INTO settings (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = ?2", params![key, value])
    }

    /// Removes a setting.
    pub fn remove_setting(&self, key: &str) -> Result<(), IndexError> {
        self.run("DELETE FROM settings WHERE key = ?1", params![key])
    }

    /// The transactions that are open, in this run or since an earlier one; the first to end first.
    pub fn open_transactions(&self) -> Result<Vec<OpenTransactionRow>, IndexError> {
        Ok(self.rows(query::OPEN_TRANSACTIONS, [], rows::open_transaction)?)
    }

    /// Lists a transaction as open.
    pub fn put_open_transaction(&self, row: &OpenTransactionRow) -> Result<(), IndexError> {
        self.run(
            "INSERT INTO open_transactions (hash, expires_at) VALUES (?1, ?2) ON CONFLICT (hash) DO UPDATE SET expires_at = ?2",
            params![row.hash, row.expires_at],
        )
    }

    /// Notes that a listed transaction is over, or all of them: its time becomes 0, which is long past.
    pub fn end_open_transactions(&self, hash: Option<&str>) -> Result<(), IndexError> {
        self.run("UPDATE open_transactions SET expires_at = 0 WHERE ?1 IS NULL OR hash = ?1", params![hash])
    }

    /// Takes a transaction off the list.
    pub fn remove_open_transaction(&self, hash: &str) -> Result<(), IndexError> {
        self.run("DELETE FROM open_transactions WHERE hash = ?1", params![hash])
    }

    /// Reads every row once, so that a row that can't be read shows up when the file is opened and not in the middle of a connection.
    pub(super) fn read_all(&self) -> rusqlite::Result<()> {
        self.rows(query::ACCOUNTS, [], rows::account)?;
        self.rows(query::GRANTS, [], rows::grant)?;
        self.rows(query::ALL_SCOPE_STATES, [], rows::scope)?;
        self.rows(query::ACTIVITY, params![None::<&str>, ACTIVITY_KEPT], rows::activity)?;
        self.rows(query::SETTING, [""], |row| row.get::<_, String>(0))?;
        self.rows(query::OPEN_TRANSACTIONS, [], rows::open_transaction)?;
        Ok(())
    }

    fn rows<T>(
        &self,
        sql: &str,
        params: impl rusqlite::Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<Vec<T>> {
        self.0.prepare_cached(sql)?.query_map(params, read)?.collect()
    }

    fn run(&self, sql: &str, params: impl rusqlite::Params) -> Result<(), IndexError> {
        self.0.prepare_cached(sql)?.execute(params)?;
        Ok(())
    }
}
