//! The rows as types of the ledger's own, and how they are read. A word that this version doesn't know is kept as it is and shown as such:
//! one line that can't be read costs no other one.

use monei::{Scope, ScopeSet};
use rusqlite::{Error, Row};

use super::event::Event;
use crate::model::app::App;
use crate::model::{AccountId, AppId, GrantId, Identity};

/// A connected account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountRow {
    /// Opaque handle.
    pub id: AccountId,
    /// Whose it is, as Monei tells it.
    pub who: Identity,
    /// The person's own name for it.
    pub label: Option<String>,
    /// When it was first connected, in milliseconds since the Unix epoch.
    pub connected_at: i64,
    /// When Monei last answered for it, in milliseconds since the Unix epoch.
    pub checked_at: Option<i64>,
    /// How it was when last seen.
    pub health: StoredHealth,
}

impl AccountRow {
    /// A new account of `who`.
    pub fn new(id: AccountId, who: Identity, connected_at: i64) -> Self {
        Self { id, who, label: None, connected_at, checked_at: None, health: StoredHealth::Connected }
    }

    /// What a person calls it.
    pub fn display_name(&self) -> Option<String> {
        self.label.clone().or_else(|| self.who.display_name())
    }
}

/// Health that outlives the program. The code is a snake-case [`crate::model::problem::ProblemCode`], perhaps one that this version doesn't
/// know.
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
    pub id: GrantId,
    /// The account that it is in.
    pub account: AccountId,
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
    /// Whose it is: user id and wallet id alone, as its own token told them.
    pub owner: Identity,
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

/// A permission that the person switched off here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AsideRow {
    /// Monei's string for it.
    pub scope: String,
    /// Since when, in milliseconds since the Unix epoch.
    pub at: i64,
}

/// A grant that was in an account and turned out to be somebody else's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetApartRow {
    /// The grant.
    pub grant: GrantId,
    /// The account that it was in.
    pub account: AccountId,
    /// What it allows.
    pub scopes: ScopeSet,
    /// Whose it is.
    pub who: Identity,
}

/// A transaction that waits for an answer of the browser, in this run or an earlier one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenTransactionRow {
    /// SHA-256 of the transaction, in hexadecimal digits.
    pub hash: String,
    /// When it ends, in milliseconds since the Unix epoch.
    pub expires_at: i64,
}

/// One line of the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActivityRow {
    /// When, in milliseconds since the Unix epoch.
    pub at: i64,
    /// The account, if it is still there.
    pub account: Option<AccountId>,
    /// What the account was called then.
    pub account_name: Option<String>,
    /// What happened.
    pub event: Event,
}

/// A payment that the person confirmed for an app. No PIN is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentRow {
    /// Opaque handle.
    pub id: String,
    /// For whom.
    pub app: AppId,
    /// From which account.
    pub account: AccountId,
    /// Method and path.
    pub endpoint: String,
    /// How much, in major units.
    pub amount: Option<String>,
    /// Of what.
    pub currency: Option<String>,
    /// To whom, or for what.
    pub receiver: Option<String>,
    /// The app's own reference.
    pub reference: Option<String>,
    /// When it began, in milliseconds since the Unix epoch.
    pub began_at: i64,
}

/// What a connection was used for on one day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UseRow {
    /// Day since the Unix epoch, UTC.
    pub day: i64,
    /// [`crate::model::Caller`] by its word.
    pub caller: String,
    /// The account.
    pub account: AccountId,
    /// The scope, in Monei's words.
    pub permission: String,
    /// Method and path template.
    pub endpoint: String,
    /// `ok`, or the snake-case code of a problem.
    pub outcome: String,
    /// How often.
    pub count: u64,
    /// First time that day, in milliseconds since the Unix epoch.
    pub first_at: i64,
    /// Last time that day, in milliseconds since the Unix epoch.
    pub last_at: i64,
}

impl UseRow {
    /// The outcome of a call that was answered.
    pub const OK: &'static str = "ok";
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

/// The scopes of a stored list that are scopes.
pub(super) fn scopes(text: &str) -> ScopeSet {
    text.split(' ').filter_map(|scope| scope.parse::<Scope>().ok()).collect()
}

pub(super) fn account(row: &Row<'_>) -> Result<AccountRow, Error> {
    let code = || -> Result<String, Error> { Ok(row.get::<_, Option<String>>(9)?.unwrap_or_default()) };
    let health = match row.get_ref(8)?.as_str()? {
        "connected" => StoredHealth::Connected,
        "needs_reconnect" => StoredHealth::NeedsReconnect(code()?),
        // Any other word is shown as trouble that the next check ends.
        _ => StoredHealth::Unreachable(code()?),
    };
    Ok(AccountRow {
        id: row.get::<_, String>(0)?.into(),
        who: Identity { user_id: row.get(1)?, wallet_id: row.get(2)?, name: row.get(3)?, email: row.get(4)? },
        label: row.get(5)?,
        connected_at: row.get(6)?,
        checked_at: row.get(7)?,
        health,
    })
}

pub(super) fn grant(row: &Row<'_>) -> Result<GrantRow, Error> {
    Ok(GrantRow {
        id: row.get::<_, String>(0)?.into(),
        account: row.get::<_, String>(1)?.into(),
        backend: row.get(2)?,
        scopes: scopes(row.get_ref(3)?.as_str()?),
        granted_at: row.get(4)?,
        expires_at: row.get(5)?,
        // Where it makes no sense the keychain's record tells.
        generation: u64::try_from(row.get::<_, i64>(6)?).unwrap_or(0),
        owner: Identity { user_id: row.get(7)?, wallet_id: row.get(8)?, ..Identity::default() },
    })
}

/// `None` for a mark that this version doesn't know.
pub(super) fn scope(row: &Row<'_>) -> Result<Option<ScopeRow>, Error> {
    let mark = match row.get_ref(1)?.as_str()? {
        "declined" => ScopeMark::Declined,
        "lost" => ScopeMark::Lost,
        _ => return Ok(None),
    };
    Ok(Some(ScopeRow { scope: row.get(0)?, mark, at: row.get(2)? }))
}

pub(super) fn aside(row: &Row<'_>) -> Result<AsideRow, Error> {
    Ok(AsideRow { scope: row.get(0)?, at: row.get(1)? })
}

pub(super) fn set_apart(row: &Row<'_>) -> Result<SetApartRow, Error> {
    Ok(SetApartRow {
        grant: row.get::<_, String>(0)?.into(),
        account: row.get::<_, String>(1)?.into(),
        scopes: scopes(row.get_ref(2)?.as_str()?),
        who: Identity { user_id: row.get(3)?, wallet_id: row.get(4)?, name: row.get(5)?, email: row.get(6)? },
    })
}

pub(super) fn activity(row: &Row<'_>) -> Result<ActivityRow, Error> {
    Ok(ActivityRow {
        at: row.get(0)?,
        account: row.get::<_, Option<String>>(1)?.map(AccountId::from),
        account_name: row.get(2)?,
        event: Event::read(row.get_ref(3)?.as_str()?),
    })
}

pub(super) fn open_transaction(row: &Row<'_>) -> Result<OpenTransactionRow, Error> {
    Ok(OpenTransactionRow { hash: row.get(0)?, expires_at: row.get(1)? })
}

pub(super) fn app(row: &Row<'_>) -> Result<App, Error> {
    Ok(App {
        id: row.get::<_, String>(0)?.into(),
        name: row.get(1)?,
        account: row.get::<_, String>(2)?.into(),
        scopes: scopes(row.get_ref(3)?.as_str()?),
        until: row.get(4)?,
        created_at: row.get(5)?,
        taken_back_at: row.get(6)?,
        over_tcp: row.get(7)?,
        last_used_at: row.get(8)?,
        uses: u64::try_from(row.get::<_, i64>(9)?).unwrap_or(0),
    })
}

pub(super) fn payment(row: &Row<'_>) -> Result<PaymentRow, Error> {
    Ok(PaymentRow {
        id: row.get(0)?,
        app: row.get::<_, String>(1)?.into(),
        account: row.get::<_, String>(2)?.into(),
        endpoint: row.get(3)?,
        amount: row.get(4)?,
        currency: row.get(5)?,
        receiver: row.get(6)?,
        reference: row.get(7)?,
        began_at: row.get(8)?,
    })
}

pub(super) fn used(row: &Row<'_>) -> Result<UseRow, Error> {
    Ok(UseRow {
        day: row.get(0)?,
        caller: row.get(1)?,
        account: row.get::<_, String>(2)?.into(),
        permission: row.get(3)?,
        endpoint: row.get(4)?,
        outcome: row.get(5)?,
        count: u64::try_from(row.get::<_, i64>(6)?).unwrap_or(0),
        first_at: row.get(7)?,
        last_at: row.get(8)?,
    })
}
