//! Accounts that go.

use std::collections::HashSet;

use super::Change;
use crate::ledger::error::IndexError;
use crate::ledger::event::Event;
use crate::ledger::tables::Tables;
use crate::model::{AccountId, Caller, GrantId};

/// The person disconnected an account.
pub struct Disconnected {
    /// Through whom.
    pub caller: Caller,
    /// Which.
    pub account: AccountId,
    /// The grants that were revoked, or given up.
    pub handled: HashSet<GrantId>,
    /// Monei confirmed that all of them ended.
    pub confirmed: bool,
}

impl Change for Disconnected {
    /// False: it has a grant that wasn't handled, which would live on at Monei. Nothing was removed.
    type Outcome = bool;

    fn apply(self, tables: &Tables<'_>, now: i64) -> Result<bool, IndexError> {
        let Disconnected { caller, account, handled, confirmed } = self;
        if tables.grants_of(&account)?.iter().any(|grant| !handled.contains(&grant.id)) {
            return Ok(false);
        }
        for grant in &handled {
            tables.forget_unanswered(grant)?;
            tables.forget_ended(grant)?;
        }
        // Another process may have been quicker, and has told of it.
        if let Some(row) = tables.account(&account)? {
            tables.remove_account(&account, now)?;
            tables.log(now, None, row.display_name().as_deref(), &Event::Disconnected { confirmed, by: Some(caller.to_string()) })?;
        }
        Ok(true)
    }
}

/// Grants that were kept in memory alone end with the program; accounts that had no others go with them.
pub struct Forgotten(pub HashSet<GrantId>);

impl Change for Forgotten {
    type Outcome = ();

    fn apply(self, tables: &Tables<'_>, now: i64) -> Result<(), IndexError> {
        for grant in tables.grants()?.into_iter().filter(|grant| self.0.contains(&grant.id)) {
            tables.remove_grant(&grant.id)?;
            if tables.grants_of(&grant.account)?.is_empty() {
                tables.remove_account(&grant.account, now)?;
            }
        }
        Ok(())
    }
}
