//! An approval gave a grant, or nothing.

use std::collections::HashSet;

use monei::{Scope, ScopeSet};

use super::Change;
use super::identified::contradicts;
use crate::ledger::error::IndexError;
use crate::ledger::event::Event;
use crate::ledger::rows::{AccountRow, GrantRow, ReceiptRow, ScopeMark, StoredHealth};
use crate::ledger::tables::Tables;
use crate::model::operator::Agreed;
use crate::model::problem::ProblemCode;
use crate::model::{AccountId, Caller, GrantId, Identity};

/// Where a grant goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Into {
    /// A new account.
    New,
    /// An account that is there.
    Existing,
}

/// A grant goes to an account.
pub struct Granted {
    /// Through whom it was asked for.
    pub caller: Caller,
    /// The grant; its account is the one that it goes to.
    pub grant: GrantRow,
    /// Whether that account is a new one.
    pub into: Into,
    /// What was asked for.
    pub requested: ScopeSet,
    /// Who approved, as far as Monei told.
    pub who: Identity,
    /// Grants whose record is gone from the keychain.
    pub missing: HashSet<GrantId>,
}

/// What came of a grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// Granted of what was asked for.
    pub granted: Vec<String>,
    /// Not granted.
    pub declined: Vec<String>,
    /// Granted without having been asked for.
    pub extra: Vec<String>,
    /// Grants that this one makes useless: their records can be removed.
    pub replaced: Vec<GrantId>,
}

impl Change for Granted {
    /// `None`: the account has gone meanwhile, or is another person's; nothing was written.
    type Outcome = Option<Placed>;

    fn apply(self, tables: &Tables<'_>, now: i64) -> Result<Self::Outcome, IndexError> {
        let Granted { caller, mut grant, into, requested, who, missing } = self;
        let existing = tables.account(&grant.account)?;
        if existing.is_none() && into == Into::Existing {
            return Ok(None);
        }
        // Whatever led here, one person's grant never ends in another's account.
        if let Some(row) = &existing
            && contradicts(tables, row, &grant, &who)?
        {
            return Ok(None);
        }
        let before = tables.grants_of(&grant.account)?;
        let held = before.iter().fold(ScopeSet::new(), |held, row| held.union(&row.scopes));
        grant.owner = Identity { name: None, email: None, ..who.clone() };
        let account = known_better(existing, &grant.account, who, now);
        tables.put_account(&account)?;
        tables.put_grant(&grant)?;
        // A grant whose record is gone, and whose scopes this one has, is of no use even if the record should come back.
        let useless = |old: &&GrantRow| missing.contains(&old.id) && old.scopes.is_subset(&grant.scopes);
        let replaced: Vec<GrantId> = before.iter().filter(useless).map(|old| old.id.clone()).collect();
        for old in &replaced {
            tables.remove_grant(old)?;
        }
        let mut switched_on = Vec::new();
        for scope in grant.scopes.iter() {
            tables.clear_scope_state(&grant.account, scope.as_str())?;
            // What comes along without having been asked for stays switched off.
            if requested.contains(scope) && tables.remove_aside(&grant.account, scope.as_str())? {
                switched_on.push(scope.to_string());
            }
        }
        let declined = requested.difference(&grant.scopes);
        mark_declined(tables, &grant.account, &declined, now)?;
        tables.forget_orphan(&grant.id)?;
        tables.remove_set_apart(&grant.id)?;
        let granted = texts(&requested.difference(&declined));
        let declined = texts(&declined);
        let event = match into {
            Into::New => Event::Connected { granted: granted.clone(), declined: declined.clone() },
            Into::Existing => Event::Reconnected { granted: granted.clone(), declined: declined.clone() },
        };
        if !switched_on.is_empty() {
            let event = Event::SwitchedOn { scopes: switched_on, by: caller.to_string() };
            tables.log(now, Some(&grant.account), account.display_name().as_deref(), &event)?;
        }
        tables.log(now, Some(&grant.account), account.display_name().as_deref(), &event)?;
        let extra = texts(&grant.scopes.difference(&requested).difference(&held));
        let receipt = ReceiptRow {
            number: 0,
            at: now,
            account: None,
            name: account.display_name(),
            approved_by: account.who.name.clone(),
            email: account.who.email.clone(),
            operator: operator(tables, &grant.backend)?,
            service: grant.backend,
            allowed: granted.clone(),
            left_off: declined.clone(),
            extra: extra.clone(),
        };
        tables.add_receipt(&grant.account, &receipt)?;
        Ok(Some(Placed { granted, declined, extra, replaced }))
    }
}

/// What the service called itself when the person agreed to it.
fn operator(tables: &Tables<'_>, origin: &str) -> Result<Option<String>, IndexError> {
    let agreed = tables.agreements()?.remove(origin);
    Ok(agreed.and_then(|Agreed(claim)| claim?.shown_name().map(str::to_owned)))
}

/// The account's row with what the new approval tells of its owner.
fn known_better(existing: Option<AccountRow>, id: &AccountId, who: Identity, now: i64) -> AccountRow {
    let row = existing.unwrap_or_else(|| AccountRow::new(id.clone(), Identity::default(), now));
    let checked_at = if who.is_unknown() { row.checked_at } else { Some(now) };
    AccountRow { who: row.who.learn(who), checked_at, health: StoredHealth::Connected, ..row }
}

/// Nothing came of an approval.
pub struct NotGranted {
    /// The account that it was for.
    pub account: Option<AccountId>,
    /// Why.
    pub code: ProblemCode,
    /// What was asked for.
    pub requested: ScopeSet,
}

impl Change for NotGranted {
    type Outcome = ();

    fn apply(self, tables: &Tables<'_>, now: i64) -> Result<(), IndexError> {
        let row = self.account.map(|account| tables.account(&account)).transpose()?.flatten();
        let declined = matches!(self.code, ProblemCode::Declined | ProblemCode::NothingGranted);
        if let Some(row) = row.as_ref().filter(|_| declined) {
            mark_declined(tables, &row.id, &self.requested, now)?;
        }
        let name = row.as_ref().and_then(AccountRow::display_name);
        let event = Event::Failed { code: self.code.name() };
        tables.log(now, row.as_ref().map(|row| &*row.id), name.as_deref(), &event)
    }
}

/// A grant in no account may live on at Monei, and nothing here can end it: it is listed no more, and the history tells of it.
pub struct OrphanLost {
    /// The grant.
    pub grant: GrantId,
}

impl Change for OrphanLost {
    type Outcome = ();

    const IS_ABOUT_ACCOUNTS: bool = false;

    fn apply(self, tables: &Tables<'_>, now: i64) -> Result<(), IndexError> {
        tables.forget_orphan(&self.grant)?;
        tables.remove_set_apart(&self.grant)?;
        tables.log(now, None, None, &Event::Failed { code: ProblemCode::ApprovalLost.name() })
    }
}

/// Nobody can learn any more what the answers of a transaction gave: a grant of it may live on at Monei, and nothing here can end it. The
/// transaction is over, and the history tells of it.
pub struct AnswerLost {
    /// The transaction's hash.
    pub transaction: String,
}

impl Change for AnswerLost {
    /// Whether it was listed until now: else it is told already.
    type Outcome = bool;

    const IS_ABOUT_ACCOUNTS: bool = false;

    fn apply(self, tables: &Tables<'_>, now: i64) -> Result<bool, IndexError> {
        if !tables.answered()?.iter().any(|listed| listed.hash == self.transaction) {
            return Ok(false);
        }
        tables.remove_answered(&self.transaction)?;
        tables.end_open_transactions(Some(&self.transaction))?;
        tables.log(now, None, None, &Event::Failed { code: ProblemCode::ApprovalLost.name() })?;
        Ok(true)
    }
}

/// Remembers that the person said no to `scopes`, but for those that the account holds all the same.
fn mark_declined(tables: &Tables<'_>, account: &str, scopes: &ScopeSet, now: i64) -> Result<(), IndexError> {
    let held = tables.grants_of(account)?.iter().fold(ScopeSet::new(), |held, row| held.union(&row.scopes));
    for scope in scopes.difference(&held).iter() {
        tables.put_scope_state(account, scope.as_str(), ScopeMark::Declined, now)?;
    }
    Ok(())
}

fn texts(scopes: &ScopeSet) -> Vec<String> {
    scopes.iter().map(Scope::to_string).collect()
}
