//! Taking single permissions back. Monei ends an approval as a whole: what was approved together ends together.

use monei::ScopeSet;

use super::lock::lock_end;
use super::{Grants, Revoked, held};
use crate::ledger::{self, GrantRow};
use crate::model::problem::{Problem, ProblemCode};
use crate::model::{AccountId, Caller};

impl Grants {
    /// Revokes each grant of the account that has one of the scopes. Where Monei doesn't confirm one, that one stays as it is. Gives the
    /// worst outcome.
    ///
    /// # Errors
    /// [`ProblemCode::ScopeMissing`] where no grant has any of them, or a keychain or index problem.
    pub async fn take_back(&self, caller: &Caller, account: &AccountId, scopes: &ScopeSet) -> Result<Revoked, Problem> {
        let _under_way = self.inner.work.enter()?;
        let has_one = |grant: &GrantRow| scopes.iter().any(|scope| grant.scopes.contains(scope));
        let grants: Vec<GrantRow> = self.inner.ledger.grants_of(account).await?.into_iter().filter(has_one).collect();
        if grants.is_empty() {
            return Err(ProblemCode::ScopeMissing.into());
        }
        let mut worst = Revoked::Confirmed;
        for GrantRow { id, .. } in grants {
            // A refresh under way would bring back what is removed here.
            let end = lock_end();
            let _in_process = self.inner.flights.enter(&id).await;
            let lock = self.lock(&id, end).await?;
            match self.revoke(account, &id).await? {
                // Another process has removed it meanwhile.
                None => {}
                Some(Revoked::Confirmed) => {
                    self.note_ended(&id).await;
                    self.vault().delete(&id).await?;
                    held(&self.inner.unsaved).remove(&id);
                    self.inner.ledger.apply(ledger::TakenBack { caller: caller.clone(), grant: id, chosen: scopes.clone() }).await?;
                    lock.remove();
                }
                Some(outcome) => worst = worst.max(outcome),
            }
        }
        Ok(worst)
    }
}
