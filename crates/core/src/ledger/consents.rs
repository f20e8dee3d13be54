//! Receipts, and what the person decided about consents when they looked over them.

use std::collections::HashMap;

use monei::Scope;
use rusqlite::{Row, params};

use super::Ledger;
use super::change::Change;
use super::error::IndexError;
use super::query;
use super::rows::{self, ReceiptRow};
use super::tables::Tables;
use crate::model::problem::Problem;
use crate::model::{AccountId, Caller};

/// Receipts that are kept.
const RECEIPTS_KEPT: u32 = 1000;

/// When permissions were last used, and when the person decided to keep them.
#[derive(Debug, Default)]
pub struct Looked {
    used: HashMap<(String, String), i64>,
    kept: HashMap<(String, String), i64>,
}

impl Looked {
    /// When the account's permission was last used, in milliseconds since the Unix epoch.
    pub fn used(&self, account: &str, scope: &Scope) -> Option<i64> {
        self.used.get(&(account.to_owned(), scope.to_string())).copied()
    }

    /// When the person last decided to keep the permission, or with `None` the account as it is.
    pub fn kept(&self, account: &str, scope: Option<&Scope>) -> Option<i64> {
        self.kept.get(&(account.to_owned(), scope.map(Scope::to_string).unwrap_or_default())).copied()
    }
}

/// The person decided to keep a permission, or with no scope the account as it is.
pub struct Kept {
    /// Which account.
    pub account: AccountId,
    /// Which permission.
    pub scope: Option<Scope>,
}

impl Change for Kept {
    /// False: there is no such account.
    type Outcome = bool;

    fn apply(self, tables: &Tables<'_>, now: i64) -> Result<bool, IndexError> {
        if tables.account(&self.account)?.is_none() {
            return Ok(false);
        }
        let scope = self.scope.as_ref().map(Scope::to_string).unwrap_or_default();
        tables.run(
            "INSERT INTO kept (account, scope, at) VALUES (?1, ?2, ?3) ON CONFLICT (account, scope) DO UPDATE SET at = ?3",
            params![&*self.account, scope, now],
        )?;
        Ok(true)
    }
}

impl Tables<'_> {
    /// Adds a receipt, whose number and account's presence don't count, and drops the oldest beyond those that are kept.
    pub(super) fn add_receipt(&self, account: &str, receipt: &ReceiptRow) -> Result<(), IndexError> {
        let list = |scopes: &[String]| scopes.join(" ");
        self.run(
            "INSERT INTO receipts (at, account, name, approved_by, email, service, operator, allowed, left_off, extra)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            params![
                receipt.at,
                account,
                receipt.name,
                receipt.approved_by,
                receipt.email,
                receipt.service,
                receipt.operator,
                list(&receipt.allowed),
                list(&receipt.left_off),
                list(&receipt.extra)
            ],
        )?;
        self.run(
            "DELETE FROM receipts WHERE number <= (SELECT number FROM receipts ORDER BY number DESC LIMIT 1 OFFSET ?1)",
            [RECEIPTS_KEPT],
        )
    }

    pub(super) fn receipts(&self, account: Option<&str>) -> Result<Vec<ReceiptRow>, IndexError> {
        self.rows(query::RECEIPTS, params![account], rows::receipt)
    }
}

impl Ledger {
    /// What was approved, latest first: for one account, or at all.
    ///
    /// # Errors
    /// [`crate::model::problem::ProblemCode::IndexUnavailable`].
    pub async fn receipts(&self, account: Option<AccountId>) -> Result<Vec<ReceiptRow>, Problem> {
        self.read(move |tables| tables.receipts(account.as_deref())).await
    }

    /// When permissions were last used, and when the person decided to keep them.
    ///
    /// # Errors
    /// [`crate::model::problem::ProblemCode::IndexUnavailable`].
    pub async fn looked(&self) -> Result<Looked, Problem> {
        let triple = |row: &Row<'_>| Ok(((row.get::<_, String>(0)?, row.get::<_, String>(1)?), rows::time(row, 2)?));
        self.read(move |tables| {
            let used = tables.rows(query::LAST_USES, [Caller::Monitor.to_string()], triple)?.into_iter().collect();
            let kept = tables.rows(query::KEPT_DECISIONS, [], triple)?.into_iter().collect();
            Ok(Looked { used, kept })
        })
        .await
    }
}
