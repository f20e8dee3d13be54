//! How a call went says how the account is.

use std::collections::HashSet;

use super::Change;
use super::app::granted;
use crate::ledger::error::IndexError;
use crate::ledger::rows::StoredHealth;
use crate::ledger::tables::Tables;
use crate::model::problem::ProblemCode;
use crate::model::{AccountId, GrantId};

/// Monei was called for an account, or could not be.
pub struct Checked {
    /// Which account.
    pub account: AccountId,
    /// What the call came to; `None` for an answer.
    pub code: Option<ProblemCode>,
    /// Grants whose record is gone from the keychain.
    pub missing: HashSet<GrantId>,
}

impl Change for Checked {
    type Outcome = ();

    fn apply(self, tables: &Tables<'_>, now: i64) -> Result<(), IndexError> {
        let Some(mut row) = tables.account(&self.account)? else { return Ok(()) };
        match self.code {
            // The answer is of a token that has ended since, or was taken back: it says nothing of what is left.
            None | Some(ProblemCode::LimitReached) if granted(tables, &self.account)?.is_empty() => return Ok(()),
            // Monei has answered for this token, if only with a no.
            None | Some(ProblemCode::LimitReached) => {
                row.health = StoredHealth::Connected;
                row.checked_at = Some(now);
            }
            // An unreadable answer may not be Monei's; the health stays.
            Some(ProblemCode::AnswerUnreadable) if row.health == StoredHealth::Connected => return Ok(()),
            Some(
                ProblemCode::ScopeMissing
                | ProblemCode::PermissionSetAside
                | ProblemCode::AccessRevoked
                | ProblemCode::NoSuchAccount
                | ProblemCode::SomebodyElse
                | ProblemCode::ProgramEnding,
            ) => {
                return Ok(());
            }
            // What Monei ended stays ended, whatever fails afterwards.
            Some(_) if matches!(row.health, StoredHealth::NeedsReconnect(_)) => return Ok(()),
            Some(code) if code.is_of_one_record() => {
                let (gone, there): (Vec<_>, Vec<_>) =
                    tables.grants_of(&self.account)?.into_iter().partition(|grant| self.missing.contains(&grant.id));
                row.health = match (gone.is_empty(), there.is_empty()) {
                    (_, true) => StoredHealth::NeedsReconnect(code.name()),
                    // Some scopes are lost, which shows on them. The account works.
                    (false, false) => return Ok(()),
                    // None is gone: a newer version wrote it.
                    (true, false) => StoredHealth::Unreachable(code.name()),
                };
            }
            Some(code) => row.health = StoredHealth::Unreachable(code.name()),
        }
        tables.put_account(&row)
    }
}
