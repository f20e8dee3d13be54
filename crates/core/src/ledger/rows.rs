//! The rows as types of the ledger's own, and how they are read. A word that this version doesn't know is kept as it is and shown as such:
//! one line that can't be read costs no other one. What can't be read of a permission, an end or a payment gives less, never more.

use monei::{Scope, ScopeSet};
use rusqlite::{Error, Row};

use super::cell;
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

/// What one approval gave, as it was at the time. It outlives its account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiptRow {
    /// Its number; not stored by [`super::tables::Tables::add_receipt`], which counts on.
    pub number: i64,
    /// When it was approved, in milliseconds since the Unix epoch.
    pub at: i64,
    /// The account, if it is still there.
    pub account: Option<AccountId>,
    /// What the account was called then.
    pub name: Option<String>,
    /// Who approved, as far as Monei told.
    pub approved_by: Option<String>,
    /// Their email address, as far as Monei told.
    pub email: Option<String>,
    /// Origin of the backend that the approval went through.
    pub service: String,
    /// What that backend called itself, as the person had agreed to it.
    pub operator: Option<String>,
    /// Allowed of what was asked for. Scopes in Monei's words, as in all of these.
    pub allowed: Vec<String>,
    /// Asked for and left off.
    pub left_off: Vec<String>,
    /// Allowed without having been asked for.
    pub extra: Vec<String>,
}

/// Health that outlives the program. The code is a snake-case [`crate::model::problem::ProblemCode`], perhaps one that this version doesn't
/// know.
#[derive(Clone, Debug, PartialEq, Eq, strum::EnumDiscriminants)]
#[strum_discriminants(
    name(HealthWord),
    derive(strum::EnumString, strum::IntoStaticStr),
    strum(serialize_all = "snake_case"),
    doc = "Its word on disk."
)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
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
        let code = match self {
            Self::Connected => None,
            Self::NeedsReconnect(code) | Self::Unreachable(code) => Some(&**code),
        };
        (HealthWord::from(self).into(), code)
    }
}

/// The scopes of a stored list that are scopes.
pub(super) fn scopes(text: &str) -> ScopeSet {
    text.split(' ').filter_map(|scope| scope.parse::<Scope>().ok()).collect()
}

pub(super) fn account(row: &Row<'_>) -> Result<AccountRow, Error> {
    let code = || cell::text(row, 9);
    let health = match cell::text(row, 8)?.parse() {
        Ok(HealthWord::Connected) => StoredHealth::Connected,
        Ok(HealthWord::NeedsReconnect) => StoredHealth::NeedsReconnect(code()?),
        // A word that isn't known is shown as trouble that the next check ends.
        Ok(HealthWord::Unreachable) | Err(_) => StoredHealth::Unreachable(code()?),
    };
    Ok(AccountRow {
        id: row.get::<_, String>(0)?.into(),
        who: identity(row, 1)?,
        label: cell::shown(row, 5)?,
        connected_at: time(row, 6)?,
        checked_at: cell::number(row, 7)?,
        health,
    })
}

pub(super) fn grant(row: &Row<'_>) -> Result<GrantRow, Error> {
    Ok(GrantRow {
        id: row.get::<_, String>(0)?.into(),
        account: row.get::<_, String>(1)?.into(),
        backend: cell::text(row, 2)?,
        scopes: scopes(&cell::text(row, 3)?),
        granted_at: time(row, 4)?,
        expires_at: time(row, 5)?,
        generation: count(row, 6)?,
        owner: Identity { user_id: cell::known(row, 7)?, wallet_id: cell::known(row, 8)?, ..Identity::default() },
    })
}

/// `None` for a mark that this version doesn't know.
pub(super) fn scope(row: &Row<'_>) -> Result<Option<ScopeRow>, Error> {
    let Ok(mark) = cell::text(row, 1)?.parse() else { return Ok(None) };
    Ok(Some(ScopeRow { scope: row.get(0)?, mark, at: time(row, 2)? }))
}

pub(super) fn set_apart(row: &Row<'_>) -> Result<SetApartRow, Error> {
    Ok(SetApartRow {
        grant: row.get::<_, String>(0)?.into(),
        account: cell::text(row, 1)?.into(),
        scopes: scopes(&cell::text(row, 2)?),
        who: identity(row, 3)?,
    })
}

pub(super) fn activity(row: &Row<'_>) -> Result<ActivityRow, Error> {
    Ok(ActivityRow {
        at: time(row, 0)?,
        account: cell::known(row, 1)?.map(AccountId::from),
        account_name: cell::shown(row, 2)?,
        event: Event::read(&cell::text(row, 3)?),
    })
}

pub(super) fn receipt(row: &Row<'_>) -> Result<ReceiptRow, Error> {
    let list = |column: usize| -> Result<Vec<String>, Error> {
        Ok(cell::text(row, column)?.split(' ').filter(|scope| !scope.is_empty()).map(str::to_owned).collect())
    };
    Ok(ReceiptRow {
        number: row.get(0)?,
        at: time(row, 1)?,
        account: cell::known(row, 2)?.map(AccountId::from),
        name: cell::shown(row, 3)?,
        approved_by: cell::shown(row, 4)?,
        email: cell::shown(row, 5)?,
        service: cell::text(row, 6)?,
        operator: cell::shown(row, 7)?,
        allowed: list(8)?,
        left_off: list(9)?,
        extra: list(10)?,
    })
}

pub(super) fn open_transaction(row: &Row<'_>) -> Result<OpenTransactionRow, Error> {
    Ok(OpenTransactionRow { hash: row.get(0)?, expires_at: time(row, 1)? })
}

pub(super) fn app(row: &Row<'_>) -> Result<App, Error> {
    Ok(App {
        id: row.get::<_, String>(0)?.into(),
        name: cell::text(row, 1)?,
        account: cell::text(row, 2)?.into(),
        scopes: scopes(&cell::text(row, 3)?),
        until: cell::end(row, 4)?,
        created_at: time(row, 5)?,
        taken_back_at: cell::end(row, 6)?,
        over_tcp: cell::number(row, 7)? != Some(0),
        last_used_at: cell::number(row, 8)?,
        uses: count(row, 9)?,
    })
}

pub(super) fn payment(row: &Row<'_>) -> Result<PaymentRow, Error> {
    Ok(PaymentRow {
        id: row.get(0)?,
        app: cell::text(row, 1)?.into(),
        account: cell::text(row, 2)?.into(),
        endpoint: cell::text(row, 3)?,
        amount: cell::shown(row, 4)?,
        currency: cell::shown(row, 5)?,
        receiver: cell::shown(row, 6)?,
        reference: cell::shown(row, 7)?,
        began_at: time(row, 8)?,
    })
}

pub(super) fn used(row: &Row<'_>) -> Result<UseRow, Error> {
    Ok(UseRow {
        day: time(row, 0)?,
        caller: cell::text(row, 1)?,
        account: cell::text(row, 2)?.into(),
        permission: cell::text(row, 3)?,
        endpoint: cell::text(row, 4)?,
        outcome: cell::text(row, 5)?,
        count: count(row, 6)?,
        first_at: time(row, 7)?,
        last_at: time(row, 8)?,
    })
}

/// User id, wallet id, name and email, from `first` on. An id that can't be read is learnt anew at the next look.
fn identity(row: &Row<'_>, first: usize) -> Result<Identity, Error> {
    Ok(Identity {
        user_id: cell::known(row, first)?,
        wallet_id: cell::known(row, first + 1)?,
        name: cell::shown(row, first + 2)?,
        email: cell::shown(row, first + 3)?,
    })
}

/// One that can't be read is long past.
pub(super) fn time(row: &Row<'_>, column: usize) -> Result<i64, Error> {
    Ok(cell::number(row, column)?.unwrap_or(0))
}

/// Where it makes no sense it is 0: of a rotation the keychain's record tells.
fn count(row: &Row<'_>, column: usize) -> Result<u64, Error> {
    Ok(u64::try_from(time(row, column)?).unwrap_or(0))
}
