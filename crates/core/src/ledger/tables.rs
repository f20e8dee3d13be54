//! What can be read and written, row by row. Reading is the crate's; writing is the ledger's alone.

use std::collections::BTreeMap;

use monei::payment::Meaning;
use monei::{Payment, Scope};
use rusqlite::{Connection, Row, params};

use super::cell;
use super::error::IndexError;
use super::event::{Event, Kept, StoredOutcome};
use super::rows::{
    self, AccountRow, ActivityRow, AsideRow, GrantRow, OpenTransactionRow, PaymentRow, ScopeMark, ScopeRow, SetApartRow, UseRow,
};
use super::{query, uses};
use crate::model::app::{App, KeyHash};

/// Lines of history that are kept.
pub(super) const ACTIVITY_KEPT: u32 = 1000;
/// Of those that come by themselves ([`Kept::Few`]), besides.
pub(super) const ROUTINE_KEPT: u32 = 50;

/// The tables as one transaction sees and changes them. Each method fails with [`IndexError::Unavailable`] only.
pub struct Tables<'a>(pub(super) &'a Connection);

#[allow(clippy::missing_errors_doc, reason = "said once, at the type")]
impl Tables<'_> {
    /// Every account, oldest first.
    pub fn accounts(&self) -> Result<Vec<AccountRow>, IndexError> {
        self.rows(query::ACCOUNTS, [], rows::account)
    }

    /// One account.
    pub fn account(&self, id: &str) -> Result<Option<AccountRow>, IndexError> {
        Ok(self.accounts()?.into_iter().find(|row| *row.id == *id))
    }

    /// Every grant, oldest first.
    pub fn grants(&self) -> Result<Vec<GrantRow>, IndexError> {
        self.rows(query::GRANTS, [], rows::grant)
    }

    /// The account's grants, oldest first.
    pub fn grants_of(&self, account: &str) -> Result<Vec<GrantRow>, IndexError> {
        Ok(self.grants()?.into_iter().filter(|row| *row.account == *account).collect())
    }

    /// The scopes that `account` declined or lost, by name.
    pub fn scope_states(&self, account: &str) -> Result<Vec<ScopeRow>, IndexError> {
        Ok(self.rows(query::SCOPE_STATES, [account], rows::scope)?.into_iter().flatten().collect())
    }

    /// The permissions of `account` that the person set aside, by name. An entry that can't be read counts for every permission, or every
    /// account, that it may be about.
    pub fn aside(&self, account: &str) -> Result<Vec<AsideRow>, IndexError> {
        let mut aside = BTreeMap::new();
        for entry in self.aside_entries()?.into_iter().filter(|entry| entry.account.as_deref().is_none_or(|of| of == account)) {
            let any = || Scope::KNOWN.iter().map(Scope::to_string).collect();
            for scope in entry.scope.map_or_else(any, |scope| vec![scope]) {
                aside.entry(scope).or_insert(entry.at);
            }
        }
        Ok(aside.into_iter().map(|(scope, at)| AsideRow { scope, at }).collect())
    }

    fn aside_entries(&self) -> Result<Vec<AsideEntry>, IndexError> {
        let entries = self.rows(query::ASIDE, [], |row| {
            Ok(AsideEntry { rowid: row.get(0)?, account: cell::known(row, 1)?, scope: cell::known(row, 2)?, at: rows::time(row, 3)? })
        })?;
        for (column, _) in entries.iter().filter_map(AsideEntry::unreadable) {
            cell::log_damage(query::ASIDE, column, "counts for all that it may be about");
        }
        Ok(entries)
    }

    /// Whether the person set this permission of `account` aside.
    pub fn is_aside(&self, account: &str, scope: &Scope) -> Result<bool, IndexError> {
        Ok(self.aside(account)?.iter().any(|row| row.scope == scope.as_str()))
    }

    /// The grants that turned out to be another person's, and about which nobody has decided yet.
    pub fn set_apart(&self) -> Result<Vec<SetApartRow>, IndexError> {
        self.rows(query::SET_APART, [], rows::set_apart)
    }

    /// The latest lines of activity, newest first; of one account, or of all.
    pub fn activity(&self, account: Option<&str>, limit: u32) -> Result<Vec<ActivityRow>, IndexError> {
        self.rows(query::ACTIVITY, params![account, limit], rows::activity)
    }

    /// What `account` was used for, latest first.
    pub fn uses(&self, account: &str) -> Result<Vec<UseRow>, IndexError> {
        self.rows(query::USES, [account], rows::used)
    }

    /// Every app that was ever allowed, oldest first.
    pub fn apps(&self) -> Result<Vec<App>, IndexError> {
        self.rows(query::APPS, [], rows::app)
    }

    /// One app, without what it did.
    pub fn app(&self, id: &str) -> Result<Option<App>, IndexError> {
        Ok(self.rows(query::APP, [id], rows::app)?.pop())
    }

    /// The hashes of the keys of the apps that weren't taken back, by app.
    pub fn app_keys(&self) -> Result<Vec<(String, KeyHash)>, IndexError> {
        let read = |row: &Row<'_>| Ok((row.get::<_, String>(0)?, KeyHash::from_hex(&row.get::<_, String>(1)?)));
        let rows = self.rows(query::APP_KEYS, [], read)?;
        Ok(rows.into_iter().filter_map(|(app, hash)| Some((app, hash?))).collect())
    }

    /// What `caller` did, latest first.
    pub fn uses_by(&self, caller: &str) -> Result<Vec<UseRow>, IndexError> {
        self.rows(query::USES_BY, [caller], rows::used)
    }

    /// A setting. One whose text can't be read is there all the same.
    pub(super) fn setting(&self, key: &str) -> Result<Option<String>, IndexError> {
        Ok(self.rows(query::SETTING, [key], |row| cell::text(row, 0))?.pop())
    }

    /// The transactions that are open, in this run or since an earlier one; the first to end first.
    pub fn open_transactions(&self) -> Result<Vec<OpenTransactionRow>, IndexError> {
        self.rows(query::OPEN_TRANSACTIONS, [], rows::open_transaction)
    }

    /// Adds the account, or replaces all but its grants and scope states.
    pub(super) fn put_account(&self, account: &AccountRow) -> Result<(), IndexError> {
        let (health, code) = account.health.columns();
        let who = &account.who;
        // Not INSERT OR REPLACE: that would delete the row first, and its grants with it.
        self.run(
            "INSERT INTO accounts (id, user_id, wallet_id, name, email, label, connected_at, checked_at, health, health_code)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
             ON CONFLICT (id) DO UPDATE SET user_id = ?2, wallet_id = ?3, name = ?4, email = ?5, label = ?6, connected_at = ?7,
                 checked_at = ?8, health = ?9, health_code = ?10",
            params![
                &*account.id,
                who.user_id,
                who.wallet_id,
                who.name,
                who.email,
                account.label,
                account.connected_at,
                account.checked_at,
                health,
                code
            ],
        )
    }

    /// Removes the account with its grants and scope states, and takes back what apps may do with it. Its activity stays, with its name,
    /// and so does the record of its uses.
    pub(super) fn remove_account(&self, id: &str, now_ms: i64) -> Result<(), IndexError> {
        self.run("UPDATE apps SET taken_back_at = ?2 WHERE account = ?1 AND taken_back_at IS NULL", params![id, now_ms])?;
        self.run("DELETE FROM accounts WHERE id = ?1", params![id])
    }

    /// Adds the app.
    pub(super) fn add_app(&self, app: &App, key: &KeyHash) -> Result<(), IndexError> {
        self.run(
            "INSERT INTO apps (id, name, key_hash, account, scopes, until, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![&*app.id, app.name, key.to_hex(), &*app.account, app.scopes.to_string(), app.until, app.created_at],
        )
    }

    /// Replaces what can change of an app.
    pub(super) fn put_app(&self, app: &App) -> Result<(), IndexError> {
        self.run(
            "UPDATE apps SET scopes = ?2, until = ?3, taken_back_at = ?4, over_tcp = ?5 WHERE id = ?1",
            params![&*app.id, app.scopes.to_string(), app.until, app.taken_back_at, app.over_tcp],
        )
    }

    /// Adds or replaces the grant. Its account must be there.
    pub(super) fn put_grant(&self, grant: &GrantRow) -> Result<(), IndexError> {
        let generation = i64::try_from(grant.generation).unwrap_or(i64::MAX);
        self.run(
            "INSERT INTO grants (id, account, backend, scopes, granted_at, expires_at, generation, owner_user, owner_wallet)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
             ON CONFLICT (id) DO UPDATE SET account = ?2, backend = ?3, scopes = ?4, granted_at = ?5, expires_at = ?6, generation = ?7,
                 owner_user = ?8, owner_wallet = ?9",
            params![
                &*grant.id,
                &*grant.account,
                grant.backend,
                grant.scopes.to_string(),
                grant.granted_at,
                grant.expires_at,
                generation,
                grant.owner.user_id,
                grant.owner.wallet_id
            ],
        )
    }

    /// Removes the grant.
    pub(super) fn remove_grant(&self, id: &str) -> Result<(), IndexError> {
        self.run("DELETE FROM grants WHERE id = ?1", params![id])
    }

    /// Notes that `scope` was declined or lost, replacing what was noted before. The account must be there.
    pub(super) fn put_scope_state(&self, account: &str, scope: &str, mark: ScopeMark, at_ms: i64) -> Result<(), IndexError> {
        self.run(
            "INSERT INTO scope_states (account, scope, mark, at) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (account, scope) DO UPDATE SET mark = ?3, at = ?4",
            params![account, scope, <&str>::from(mark), at_ms],
        )
    }

    /// Forgets that `scope` was declined or lost.
    pub(super) fn clear_scope_state(&self, account: &str, scope: &str) -> Result<(), IndexError> {
        self.run("DELETE FROM scope_states WHERE account = ?1 AND scope = ?2", params![account, scope])
    }

    /// Sets a permission aside. False: it was before. The account must be there.
    pub(super) fn put_aside(&self, account: &str, scope: &str, at_ms: i64) -> Result<bool, IndexError> {
        let sql = "INSERT OR IGNORE INTO aside (account, scope, at) VALUES (?1, ?2, ?3)";
        Ok(self.0.prepare_cached(sql)?.execute(params![account, scope, at_ms])? > 0)
    }

    /// Switches one on again. False: it wasn't set aside.
    pub(super) fn remove_aside(&self, account: &str, scope: &str) -> Result<bool, IndexError> {
        self.spell_out_aside()?;
        Ok(self.0.prepare_cached("DELETE FROM aside WHERE account = ?1 AND scope = ?2")?.execute(params![account, scope])? > 0)
    }

    /// Writes entries that can be read in the place of those that can't, so that each can be removed by itself.
    fn spell_out_aside(&self) -> Result<(), IndexError> {
        let unreadable: Vec<i64> = self.aside_entries()?.iter().filter_map(AsideEntry::unreadable).map(|(_, rowid)| rowid).collect();
        if unreadable.is_empty() {
            return Ok(());
        }
        // The table's own index may still have the text from before the damage.
        self.run("REINDEX aside", [])?;
        for account in self.accounts()? {
            for AsideRow { scope, at } in self.aside(&account.id)? {
                self.put_aside(&account.id, &scope, at)?;
            }
        }
        unreadable.iter().try_for_each(|rowid| self.run("DELETE FROM aside WHERE rowid = ?1", [rowid]))
    }

    /// Lists a grant as another person's.
    pub(super) fn put_set_apart(&self, row: &SetApartRow, at_ms: i64) -> Result<(), IndexError> {
        self.run(
            "INSERT OR REPLACE INTO set_apart (id, account, scopes, user_id, wallet_id, name, email, at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            params![
                &*row.grant,
                &*row.account,
                row.scopes.to_string(),
                row.who.user_id,
                row.who.wallet_id,
                row.who.name,
                row.who.email,
                at_ms
            ],
        )
    }

    /// Takes a grant off that list.
    pub(super) fn remove_set_apart(&self, grant: &str) -> Result<(), IndexError> {
        self.run("DELETE FROM set_apart WHERE id = ?1", params![grant])
    }

    /// Adds a line to the history and drops the oldest beyond those that are kept. Lines that come by themselves push out no others.
    pub(super) fn log(&self, at_ms: i64, account: Option<&str>, account_name: Option<&str>, event: &Event) -> Result<(), IndexError> {
        let text = serde_json::to_string(event).map_err(|_| IndexError::Unavailable("an event that can't be written".to_owned()))?;
        let kept = event.kept();
        self.run(
            "INSERT INTO activity (at, account, account_name, event, routine) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![at_ms, account, account_name, text, kept as u8],
        )?;
        let most = match kept {
            Kept::Many => ACTIVITY_KEPT,
            Kept::Few => ROUTINE_KEPT,
            Kept::TwoYears => return Ok(()),
        };
        self.run(
            "DELETE FROM activity WHERE routine = ?1 AND seq <=
                (SELECT seq FROM activity WHERE routine = ?1 ORDER BY seq DESC LIMIT 1 OFFSET ?2)",
            params![kept as u8, most],
        )
    }

    /// Counts one use. True for the first of its kind on its day.
    pub(super) fn count_use(&self, used: &UseRow) -> Result<bool, IndexError> {
        let counted = self.rows(
            "INSERT INTO uses (day, caller, account, permission, endpoint, outcome, count, first_at, last_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, 1, ?7, ?7)
             ON CONFLICT (day, caller, account, permission, endpoint, outcome) DO UPDATE SET count = count + 1, last_at = ?7
             RETURNING count",
            params![used.day, used.caller, &*used.account, used.permission, used.endpoint, used.outcome, used.last_at],
            |row| row.get::<_, i64>(0),
        )?;
        Ok(counted == [1])
    }

    /// Drops what is kept for two years and is older by `now_ms`.
    pub(super) fn drop_old(&self, now_ms: i64) -> Result<(), IndexError> {
        let too_old = now_ms - uses::KEPT_DAYS * 86_400_000;
        self.run("DELETE FROM uses WHERE day < ?1", params![uses::day(too_old)])?;
        self.run("DELETE FROM payments WHERE began_at < ?1", params![too_old])?;
        self.run("DELETE FROM activity WHERE routine = ?1 AND at < ?2", params![Kept::TwoYears as u8, too_old])
    }

    /// The payments that have no outcome yet, oldest first.
    pub fn open_payments(&self) -> Result<Vec<PaymentRow>, IndexError> {
        self.rows(query::OPEN_PAYMENTS, [], rows::payment)
    }

    /// When the same (call, amount and receiver) was last paid from the account, or may have been: a cell that can't be read may be the same.
    pub fn sent_before(&self, account: &str, payment: &Payment) -> Result<Option<i64>, IndexError> {
        let wanted =
            [Some(account.to_owned()), Some(payment_endpoint(payment)), payment.value(Meaning::Amount), payment.currency(), payment.to()];
        let read = |row: &Row<'_>| {
            for (column, wanted) in wanted.iter().enumerate() {
                if !cell::may_be(row, column, wanted.as_deref())? {
                    return Ok(None);
                }
            }
            rows::time(row, wanted.len()).map(Some)
        };
        Ok(self.rows(query::SENT_BEFORE, [], read)?.into_iter().flatten().max())
    }

    /// Writes down a payment that begins.
    pub(super) fn add_payment(&self, row: &PaymentRow) -> Result<(), IndexError> {
        self.run(
            "INSERT INTO payments (id, app, account, endpoint, amount, currency, receiver, reference, began_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            params![row.id, &*row.app, &*row.account, row.endpoint, row.amount, row.currency, row.receiver, row.reference, row.began_at],
        )
    }

    /// Writes down what became of one.
    pub(super) fn end_payment(&self, id: &str, outcome: StoredOutcome, at_ms: i64) -> Result<(), IndexError> {
        self.run("UPDATE payments SET outcome = ?2, ended_at = ?3 WHERE id = ?1", params![id, <&str>::from(outcome), at_ms])
    }

    /// Sets a setting.
    pub(super) fn set_setting(&self, key: &str, value: &str) -> Result<(), IndexError> {
        self.run("INSERT INTO settings (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = ?2", params![key, value])
    }

    /// Removes a setting.
    pub(super) fn remove_setting(&self, key: &str) -> Result<(), IndexError> {
        self.run("DELETE FROM settings WHERE key = ?1", params![key])
    }

    /// Lists a transaction as open.
    pub(super) fn put_open_transaction(&self, row: &OpenTransactionRow) -> Result<(), IndexError> {
        self.run(
            "INSERT INTO open_transactions (hash, expires_at) VALUES (?1, ?2) ON CONFLICT (hash) DO UPDATE SET expires_at = ?2",
            params![row.hash, row.expires_at],
        )
    }

    /// Lists a transaction as over, unless it is listed.
    pub(super) fn list_transaction(&self, hash: &str) -> Result<(), IndexError> {
        self.run("INSERT INTO open_transactions (hash, expires_at) VALUES (?1, 0) ON CONFLICT (hash) DO NOTHING", params![hash])
    }

    /// Notes that a listed transaction is over, or all of them: its time becomes 0, which is long past.
    pub(super) fn end_open_transactions(&self, hash: Option<&str>) -> Result<(), IndexError> {
        self.run("UPDATE open_transactions SET expires_at = 0 WHERE ?1 IS NULL OR hash = ?1", params![hash])
    }

    /// Takes a transaction off the list.
    pub(super) fn remove_open_transaction(&self, hash: &str) -> Result<(), IndexError> {
        self.run("DELETE FROM open_transactions WHERE hash = ?1", params![hash])
    }

    /// Removes every row of every table. What is deleted is overwritten.
    pub(super) fn remove_everything(&self) -> Result<(), IndexError> {
        let tables: Vec<String> =
            self.rows("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'", [], |row| row.get(0))?;
        tables.iter().try_for_each(|table| self.run(&format!("DELETE FROM {table}"), []))
    }

    /// Whether every table is there with its columns. No row is read: one that can't be read costs no other.
    pub(super) fn are_there(&self) -> rusqlite::Result<()> {
        let queries = [
            query::ACCOUNTS,
            query::GRANTS,
            query::SCOPE_STATES,
            query::SET_APART,
            query::ACTIVITY,
            query::SETTING,
            query::OPEN_TRANSACTIONS,
            query::USES,
            query::APPS,
            query::APP_KEYS,
            query::APP,
            query::USES_BY,
            query::RECEIPTS,
            query::KEPT_DECISIONS,
            query::LAST_USES,
            query::OPEN_PAYMENTS,
            query::ASIDE,
        ];
        queries.iter().try_for_each(|sql| self.0.prepare_cached(sql).map(drop))
    }

    /// What `sql` selects. A row in which `read` finds content that it can't read is left out.
    pub(super) fn rows<T>(
        &self,
        sql: &str,
        params: impl rusqlite::Params,
        read: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, IndexError> {
        let mut statement = self.0.prepare_cached(sql)?;
        let mut rows = statement.query(params)?;
        let mut readable = Vec::new();
        while let Some(row) = rows.next()? {
            match read(row) {
                Ok(value) => readable.push(value),
                Err(error) => {
                    let Some(column) = cell::unreadable(&error) else { return Err(error.into()) };
                    cell::log_damage(sql, row.as_ref().column_name(column)?, "left out");
                }
            }
        }
        Ok(readable)
    }

    pub(super) fn run(&self, sql: &str, params: impl rusqlite::Params) -> Result<(), IndexError> {
        self.0.prepare_cached(sql)?.execute(params)?;
        Ok(())
    }
}

/// An entry of the permissions that are set aside, with what of it can be read.
struct AsideEntry {
    rowid: i64,
    account: Option<String>,
    scope: Option<String>,
    at: i64,
}

impl AsideEntry {
    /// The column that can't be read, and the row.
    fn unreadable(&self) -> Option<(&'static str, i64)> {
        let column = if self.account.is_none() { "account" } else { "scope" };
        (self.account.is_none() || self.scope.is_none()).then_some((column, self.rowid))
    }
}

/// The call by which `payment` is made, as the record names it.
pub(super) fn payment_endpoint(payment: &Payment) -> String {
    format!("POST {}", payment.form().path)
}
