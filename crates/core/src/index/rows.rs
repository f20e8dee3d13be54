//! The rows as types, and how they are read.

use monei::ScopeSet;
use rusqlite::types::Type;
use rusqlite::{Error, Row};

use crate::view::ActivityItem;

/// A connected account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountRow {
    /// Opaque handle.
    pub id: String,
    /// Monei's user id, where `profile:read` told it.
    pub user_id: Option<String>,
    /// Id of the naira wallet, where `wallet:read` told it.
    pub wallet_id: Option<String>,
    /// Name as Monei tells it.
    pub name: Option<String>,
    /// E-mail as Monei tells it.
    pub email: Option<String>,
    /// The person's own name for it.
    pub label: Option<String>,
    /// When it was first connected, in milliseconds since the Unix epoch.
    pub connected_at: i64,
    /// When Monei last answered for it, in milliseconds since the Unix epoch.
    pub checked_at: Option<i64>,
    /// How it was when last seen.
    pub health: StoredHealth,
}

/// Health that outlives the program. The code is a snake-case [`crate::problem::ProblemCode`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoredHealth {
    /// Works, as far as is known.
    Connected,
    /// Only approving again helps.
    NeedsReconnect(String),
    /// The last try failed for a reason that may pass.
    Unreachable(String),
}

/// What one approval gave, without its tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantRow {
    /// Opaque handle; also names the keychain entry.
    pub id: String,
    /// Whose it is.
    pub account: String,
    /// Origin of the backend that gave it, and the only one that gets its tokens.
    pub backend: String,
    /// What it allows.
    pub scopes: ScopeSet,
    /// When it was given, in milliseconds since the Unix epoch.
    pub granted_at: i64,
    /// When its access token ends, in milliseconds since the Unix epoch.
    pub expires_at: i64,
    /// Counts up with each refresh.
    pub generation: u64,
}

/// A scope that isn't granted, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScopeRow {
    /// Monei's string for it.
    pub scope: String,
    /// Why.
    pub mark: ScopeMark,
    /// Since when, in milliseconds since the Unix epoch.
    pub at: i64,
}

/// Why a scope that was asked for isn't there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScopeMark {
    /// The person said no.
    Declined,
    /// It was granted, and ended at Monei's side.
    Lost,
}

/// A transaction that waits for an answer of the browser, in this run or an earlier one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenTransactionRow {
    /// SHA-256 of the transaction, in hexadecimal digits.
    pub hash: String,
    /// When it ends, in milliseconds since the Unix epoch.
    pub expires_at: i64,
}

impl StoredHealth {
    pub(super) fn columns(&self) -> (&'static str, Option<&str>) {
        match self {
            Self::Connected => ("connected", None),
            Self::NeedsReconnect(code) => ("needs_reconnect", Some(code)),
            Self::Unreachable(code) => ("unreachable", Some(code)),
        }
    }
}

impl ScopeMark {
    pub(super) fn column(self) -> &'static str {
        match self {
            Self::Declined => "declined",
            Self::Lost => "lost",
        }
    }
}

fn unreadable(column: usize, cause: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::FromSqlConversionFailure(column, Type::Text, Box::new(cause))
}

pub(super) fn account(row: &Row<'_>) -> Result<AccountRow, Error> {
    let code: Option<String> = row.get(9)?;
    let health = match (row.get_ref(8)?.as_str()?, code) {
        ("connected", None) => StoredHealth::Connected,
        ("needs_reconnect", Some(code)) => StoredHealth::NeedsReconnect(code),
        ("unreachable", Some(code)) => StoredHealth::Unreachable(code),
        _ => return Err(Error::InvalidColumnType(8, "health".to_owned(), Type::Text)),
    };
    Ok(AccountRow {
        id: row.get(0)?,
        user_id: row.get(1)?,
        wallet_id: row.get(2)?,
        name: row.get(3)?,
        email: row.get(4)?,
        label: row.get(5)?,
        connected_at: row.get(6)?,
        checked_at: row.get(7)?,
        health,
    })
}

pub(super) fn grant(row: &Row<'_>) -> Result<GrantRow, Error> {
    let generation: i64 = row.get(6)?;
    Ok(GrantRow {
        id: row.get(0)?,
        account: row.get(1)?,
        backend: row.get(2)?,
        scopes: ScopeSet::parse(row.get_ref(3)?.as_str()?).map_err(|cause| unreadable(3, cause))?,
        granted_at: row.get(4)?,
        expires_at: row.get(5)?,
        generation: u64::try_from(generation).map_err(|_| Error::IntegralValueOutOfRange(6, generation))?,
    })
}

pub(super) fn scope(row: &Row<'_>) -> Result<ScopeRow, Error> {
    let mark = match row.get_ref(1)?.as_str()? {
        "declined" => ScopeMark::Declined,
        "lost" => ScopeMark::Lost,
        _ => return Err(Error::InvalidColumnType(1, "mark".to_owned(), Type::Text)),
    };
    Ok(ScopeRow { scope: row.get(0)?, mark, at: row.get(2)? })
}

pub(super) fn activity(row: &Row<'_>) -> Result<ActivityItem, Error> {
    let event = serde_json::from_str(row.get_ref(3)?.as_str()?).map_err(|cause| unreadable(3, cause))?;
    Ok(ActivityItem { at: row.get(0)?, account: row.get(1)?, account_name: row.get(2)?, event })
}

pub(super) fn open_transaction(row: &Row<'_>) -> Result<OpenTransactionRow, Error> {
    Ok(OpenTransactionRow { hash: row.get(0)?, expires_at: row.get(1)? })
}
