//! Taking single permissions back. Monei ends an approval as a whole: what was approved together ends together.

use monei::ScopeSet;

use super::revoke::Locked;
use super::{Grants, Revoked, held};
use crate::ledger::{self, GrantRow};
use crate::model::problem::{Problem, ProblemCode};
use crate::model::{AccountId, Caller, GrantId};

impl Grants {
    /// Revokes each grant of the account that has one of the scopes. Where Monei doesn't confirm one, that one stays as it is. Gives the
    /// worst outcome.
    ///
    /// # Errors
    /// [`ProblemCode::ScopeMissing`] where no grant has any of them, [`ProblemCode::AccountInUse`] where another process has one of those
    /// grants, with none revoked; or a keychain or index problem, without the grants that have ended by then and could be removed.
    pub async fn take_back(&self, caller: &Caller, account: &AccountId, scopes: &ScopeSet) -> Result<Revoked, Problem> {
        let _under_way = self.inner.work.enter()?;
        let has_one = |grant: &GrantRow| scopes.iter().any(|scope| grant.scopes.contains(scope));
        let grants: Vec<GrantRow> = self.inner.ledger.grants_of(account).await?.into_iter().filter(has_one).collect();
        if grants.is_empty() {
            return Err(ProblemCode::ScopeMissing.into());
        }
        let (mut worst, mut ended, mut outcome) = (Revoked::Confirmed, Vec::new(), Ok(()));
        // A refresh under way would bring back what is removed here.
        let locked = self.lock_all(grants).await?;
        for (locked, revoked) in self.revoke_each(account, locked).await {
            match revoked {
                // Another process has removed it meanwhile.
                Ok(None) => {}
                Ok(Some(Revoked::Confirmed)) => {
                    self.note_ended(&locked.grant).await;
                    ended.push(locked);
                }
                Ok(Some(unconfirmed)) => worst = worst.worse(unconfirmed),
                Err(problem) => outcome = Err(problem),
            }
        }
        for Locked { grant, lock, .. } in ended {
            match self.remove_taken_back(caller, &grant, scopes).await {
                Ok(()) => lock.remove(),
                Err(problem) => outcome = Err(problem),
            }
        }
        outcome.map(|()| worst)
    }

    /// Removes a grant that Monei has ended.
    async fn remove_taken_back(&self, caller: &Caller, grant: &GrantId, chosen: &ScopeSet) -> Result<(), Problem> {
        self.vault().delete(grant).await?;
        held(&self.inner.unsaved).remove(grant);
        self.inner.ledger.apply(ledger::TakenBack { caller: caller.clone(), grant: grant.clone(), chosen: chosen.clone() }).await
    }
}
