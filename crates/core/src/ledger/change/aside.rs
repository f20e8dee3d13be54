//! Permissions that the person sets aside: granted at Monei, and used by nobody here.

use monei::Scope;

use super::Change;
use super::app::granted;
use crate::ledger::error::IndexError;
use crate::ledger::event::Event;
use crate::ledger::rows::AccountRow;
use crate::ledger::tables::Tables;
use crate::model::problem::ProblemCode;
use crate::model::{AccountId, Caller};

/// The person switched a permission off here.
pub struct SetAside {
    /// Through whom.
    pub caller: Caller,
    /// Which account.
    pub account: AccountId,
    /// Which permission.
    pub scope: Scope,
}

impl Change for SetAside {
    /// [`ProblemCode::NoSuchAccount`], or [`ProblemCode::ScopeMissing`] for what the account doesn't have.
    type Outcome = Result<(), ProblemCode>;

    fn apply(self, tables: &Tables<'_>, now: i64) -> Result<Self::Outcome, IndexError> {
        let Self { caller, account, scope } = self;
        let Some(row) = tables.account(&account)? else { return Ok(Err(ProblemCode::NoSuchAccount)) };
        if !granted(tables, &account)?.contains(&scope) {
            return Ok(Err(ProblemCode::ScopeMissing));
        }
        if tables.put_aside(&account, scope.as_str(), now)? {
            log(tables, now, &row, &Event::SetAside { scopes: vec![scope.to_string()], by: caller.to_string() })?;
        }
        Ok(Ok(()))
    }
}

/// The person switched a permission on again.
pub struct SwitchedOn {
    /// Through whom.
    pub caller: Caller,
    /// Which account.
    pub account: AccountId,
    /// Which permission.
    pub scope: Scope,
}

impl Change for SwitchedOn {
    /// [`ProblemCode::NoSuchAccount`], [`ProblemCode::InvalidInput`] for what isn't set aside, or [`ProblemCode::ScopeMissing`] for what the
    /// account doesn't have any more.
    type Outcome = Result<(), ProblemCode>;

    fn apply(self, tables: &Tables<'_>, now: i64) -> Result<Self::Outcome, IndexError> {
        let Self { caller, account, scope } = self;
        let Some(row) = tables.account(&account)? else { return Ok(Err(ProblemCode::NoSuchAccount)) };
        if !tables.is_aside(&account, &scope)? {
            return Ok(Err(ProblemCode::InvalidInput));
        }
        if !granted(tables, &account)?.contains(&scope) {
            return Ok(Err(ProblemCode::ScopeMissing));
        }
        tables.remove_aside(&account, scope.as_str())?;
        log(tables, now, &row, &Event::SwitchedOn { scopes: vec![scope.to_string()], by: caller.to_string() })?;
        Ok(Ok(()))
    }
}

fn log(tables: &Tables<'_>, now: i64, row: &AccountRow, event: &Event) -> Result<(), IndexError> {
    tables.log(now, Some(&row.id), row.display_name().as_deref(), event)
}
