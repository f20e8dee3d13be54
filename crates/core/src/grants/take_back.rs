//! Taking single permissions back. Monei ends an approval as a whole: what was approved together ends together.

use monei::ScopeSet;

use super::revoke::Locked;
use super::{Grants, Revoked, held};
use crate::ledger::{self, GrantRow};
use crate::model::problem::{Problem, ProblemCode};
use crate::model::{AccountId, Caller};

impl Grants {
    /// Revokes each grant of the account that has one of the scopes. Where Monei doesn't confirm one, that one stays as it is. Gives the
    /// worst outcome.
    ///
    /// # Errors
    /// [`ProblemCode::ScopeMissing`] where no grant has any of them, [`ProblemCode::AccountInUse`] where another process has one of those
    /// grants, with none revoked; or a keychain or index problem.
    pub async fn take_back(&self, caller: &Caller, account: &AccountId, scopes: &ScopeSet) -> Result<Revoked, Problem> {
        let _under_way = self.inner.work.enter()?;
        let has_one = |grant: &GrantRow| scopes.iter().any(|scope| grant.scopes.contains(scope));
        let grants: Vec<GrantRow> = self.inner.ledger.grants_of(account).await?.into_iter().filter(has_one).collect();
        if grants.is_empty() {
            return Err(ProblemCode::ScopeMissing.into());
        }
        let mut worst = Revoked::Confirmed;
        // A refresh under way would bring back what is removed here.
        for Locked { grant, lock, .. } in self.lock_all(grants).await? {
            match self.revoke(account, &grant).await? {
                // Another process has removed it meanwhile.
                None => {}
                Some(Revoked::Confirmed) => {
                    self.note_ended(&grant).await;
                    self.vault().delete(&grant).await?;
                    held(&self.inner.unsaved).remove(&grant);
                    self.inner.ledger.apply(ledger::TakenBack { caller: caller.clone(), grant, chosen: scopes.clone() }).await?;
                    lock.remove();
                }
                Some(outcome) => worst = worst.worse(outcome),
            }
        }
        Ok(worst)
    }
}
