//! The life of a grant: refreshed, ended at Monei, found again in the keychain.

use std::collections::HashSet;

use monei::{Scope, ScopeSet};

use super::Change;
use crate::ledger::error::IndexError;
use crate::ledger::event::Event;
use crate::ledger::rows::{AccountRow, GrantRow, ScopeMark, StoredHealth};
use crate::ledger::schema::REBUILD;
use crate::ledger::tables::Tables;
use crate::model::app::App;
use crate::model::problem::ProblemCode;
use crate::model::{AccountId, Caller, GrantId, Identity};

/// The keychain has a newer pair of a grant than the ledger knows.
pub struct Refreshed {
    /// Which grant.
    pub grant: GrantId,
    /// What the new pair allows.
    pub scopes: ScopeSet,
    /// When its access token ends, in milliseconds since the Unix epoch.
    pub expires_at: i64,
    /// Its rotation.
    pub generation: u64,
}

impl Change for Refreshed {
    type Outcome = ();

    fn apply(self, tables: &Tables<'_>, now: i64) -> Result<(), IndexError> {
        let Some(row) = tables.grants()?.into_iter().find(|row| row.id == self.grant && row.generation < self.generation) else {
            return Ok(());
        };
        let others = tables.grants_of(&row.account)?.into_iter().filter(|other| other.id != row.id);
        let held = others.fold(self.scopes.clone(), |held, other| held.union(&other.scopes));
        tables.forget_unanswered(&row.id)?;
        mark_lost(tables, &row.account, &row.scopes.difference(&held), now)?;
        let account = tables.account(&row.account)?;
        let name = account.as_ref().and_then(AccountRow::display_name);
        tables.log(now, Some(&row.account), name.as_deref(), &Event::Refreshed)?;
        // A pair that allows nothing, and no other: that is the end, whatever it is called.
        if let Some(account) = account.filter(|_| held.is_empty()) {
            let health = StoredHealth::NeedsReconnect(ProblemCode::AccessRevoked.name());
            tables.put_account(&AccountRow { health, ..account })?;
        }
        let Refreshed { scopes, expires_at, generation, .. } = self;
        tables.put_grant(&GrantRow { scopes, expires_at, generation, ..row })
    }
}

/// A grant is over as far as this computer goes: the scopes that no other grant of its account holds are lost.
pub struct Revoked {
    /// Which grant.
    pub grant: GrantId,
    /// Whether it may live on at Monei, out of reach from here.
    pub may_live: bool,
}

impl Change for Revoked {
    type Outcome = ();

    fn apply(self, tables: &Tables<'_>, now: i64) -> Result<(), IndexError> {
        let Some(grant) = tables.grants()?.into_iter().find(|row| row.id == self.grant) else { return Ok(()) };
        tables.forget_ended(&grant.id)?;
        let Some((account, lost)) = take_out(tables, &grant, now)? else { return Ok(()) };
        let log = |event: &Event| tables.log(now, Some(&account.id), account.display_name().as_deref(), event);
        if !lost.is_empty() {
            log(&Event::Revoked { scopes: lost.iter().map(Scope::to_string).collect() })?;
        }
        if self.may_live {
            log(&Event::Failed { code: ProblemCode::ApprovalLost.name() })?;
        }
        Ok(())
    }
}

/// The person took permissions back, and Monei has ended the grant that they were in.
pub struct TakenBack {
    /// Through whom.
    pub caller: Caller,
    /// Which grant.
    pub grant: GrantId,
    /// What the person chose. What else was in the grant ended with it.
    pub chosen: ScopeSet,
}

impl Change for TakenBack {
    type Outcome = ();

    fn apply(self, tables: &Tables<'_>, now: i64) -> Result<(), IndexError> {
        let Some(grant) = tables.grants()?.into_iter().find(|row| row.id == self.grant) else { return Ok(()) };
        let Some((account, lost)) = take_out(tables, &grant, now)? else { return Ok(()) };
        tables.forget_ended(&grant.id)?;
        // What was set aside before was taken back by the person, too.
        let aside: ScopeSet = tables.aside(&account.id)?.into_iter().filter_map(|row| row.scope.parse::<Scope>().ok()).collect();
        let along = lost.difference(&self.chosen.union(&aside));
        let chosen = lost.difference(&along);
        for scope in chosen.iter() {
            tables.put_scope_state(&account.id, scope.as_str(), ScopeMark::Declined, now)?;
        }
        let [scopes, along] = [chosen, along].map(|scopes| scopes.iter().map(Scope::to_string).collect());
        tables.log(
            now,
            Some(&account.id),
            account.display_name().as_deref(),
            &Event::TakenBack { scopes, along, by: Some(self.caller.to_string()) },
        )
    }
}

/// Takes a grant out of its account, and marks what that loses.
pub(super) fn take_out(tables: &Tables<'_>, grant: &GrantRow, now: i64) -> Result<Option<(AccountRow, ScopeSet)>, IndexError> {
    tables.remove_grant(&grant.id)?;
    tables.forget_unanswered(&grant.id)?;
    let rest = tables.grants_of(&grant.account)?;
    let held = rest.iter().fold(ScopeSet::new(), |held, row| held.union(&row.scopes));
    let lost = grant.scopes.difference(&held);
    mark_lost(tables, &grant.account, &lost, now)?;
    let Some(mut account) = tables.account(&grant.account)? else { return Ok(None) };
    if rest.is_empty() {
        account.health = StoredHealth::NeedsReconnect(ProblemCode::AccessRevoked.name());
        tables.put_account(&account)?;
    }
    Ok(Some((account, lost)))
}

fn mark_lost(tables: &Tables<'_>, account: &str, lost: &ScopeSet, now: i64) -> Result<(), IndexError> {
    lost.iter().try_for_each(|scope| tables.put_scope_state(account, scope.as_str(), ScopeMark::Lost, now))
}

/// A record of the keychain, without its tokens.
pub struct Found {
    /// The grant.
    pub id: GrantId,
    /// Its account; empty where it was approved and never given to one.
    pub account: AccountId,
    /// Origin of its backend.
    pub backend: String,
    /// What it allows.
    pub scopes: ScopeSet,
    /// When its access token ends, in milliseconds since the Unix epoch.
    pub expires_at: i64,
    /// Its rotation.
    pub generation: u64,
}

/// The keychain was searched after a damaged index was set aside.
pub struct Recovered(pub Vec<Found>);

impl Change for Recovered {
    /// How many accounts have a grant.
    type Outcome = u32;

    fn apply(self, tables: &Tables<'_>, now: i64) -> Result<u32, IndexError> {
        let mut accounts = HashSet::new();
        // What was read of the damaged file may know better than a record that a grant is in no account.
        let (orphans, apart) = (tables.orphans()?, tables.set_apart()?);
        for Found { id, account, backend, scopes, expires_at, generation } in self.0 {
            if apart.iter().any(|row| row.grant == id) {
                // The person is still to be asked about it.
                continue;
            }
            if account.is_empty() || orphans.contains(&id) {
                // Approved and never given to an account: revoked like any that was left over.
                tables.note_orphan(&id)?;
                continue;
            }
            if tables.account(&account)?.is_none() {
                tables.put_account(&AccountRow::new(account.clone(), Identity::default(), now))?;
            }
            accounts.insert(account.clone());
            tables.put_grant(&GrantRow {
                id,
                account,
                backend,
                scopes,
                granted_at: now,
                expires_at,
                generation,
                owner: Identity::default(),
            })?;
        }
        // What was read of the damaged file may name an account that has no record any more.
        for row in tables.accounts()? {
            if tables.grants_of(&row.id)?.is_empty() {
                let health = StoredHealth::NeedsReconnect(ProblemCode::RecordMissing.name());
                tables.put_account(&AccountRow { health, ..row })?;
            }
        }
        // The keys of apps whose account is gone are worth nothing, as after a disconnection.
        for app in tables.apps()?.into_iter().filter(|app| app.taken_back_at.is_none()) {
            if tables.account(&app.account)?.is_none() {
                tables.put_app(&App { taken_back_at: Some(now), ..app })?;
            }
        }
        tables.remove_setting(REBUILD)?;
        Ok(u32::try_from(accounts.len()).unwrap_or(u32::MAX))
    }
}
