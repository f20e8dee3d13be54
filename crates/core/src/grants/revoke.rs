//! Taking access away: revoked at Monei first, and removed here once Monei has confirmed, or on the person's choice.

use std::collections::HashMap;

use super::lock::{Lock, lock_end};
use super::vault::GrantRecord;
use super::{Grants, held, log_id};
use crate::failpoint::failpoint;
use crate::ledger::Disconnected;
use crate::model::problem::{Problem, ProblemCode};
use crate::model::{AccountId, Caller, GrantId};

/// What came of one grant's revocation, or of several: the later the worse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Revoked {
    /// Monei confirmed.
    Confirmed,
    /// It didn't; asking again may help.
    Unconfirmed,
    /// There is nothing left to ask with.
    Impossible,
}

/// A grant that nobody else refreshes meanwhile.
struct Handled {
    outcome: Revoked,
    lock: Lock,
    #[expect(dead_code, reason = "held until the account is gone")]
    in_process: tokio::sync::OwnedMutexGuard<()>,
}

impl Grants {
    /// Revokes every grant of the account, then removes it. Where Monei doesn't confirm, the account is removed only with `remove_anyway`;
    /// else only the grants that have ended are removed, so that the rest can be revoked later. If the keychain can't be opened nothing is
    /// done, since nothing could be removed. Gives the worst outcome, and whether the account is gone.
    ///
    /// # Errors
    /// A keychain or index problem, with the account still there.
    pub async fn revoke_all(&self, caller: &Caller, account: &AccountId, remove_anyway: bool) -> Result<(Revoked, bool), Problem> {
        // Begun before the end of the program, it is finished.
        let _under_way = self.inner.work.enter()?;
        // A refresh under way would bring back what is removed here: each grant is held until the end.
        let mut handled: HashMap<GrantId, Handled> = HashMap::new();
        loop {
            for grant in self.inner.ledger.grants_of(account).await? {
                if handled.contains_key(&grant.id) {
                    continue;
                }
                let end = lock_end();
                let in_process = self.inner.flights.enter(&grant.id).await;
                let lock = self.lock(&grant.id, end).await?;
                if let Some(outcome) = self.revoke(account, &grant.id).await? {
                    handled.insert(grant.id, Handled { outcome, lock, in_process });
                }
            }
            failpoint!("disconnect.revoked");
            let worst = handled.values().map(|grant| grant.outcome).max().unwrap_or(Revoked::Confirmed);
            if worst != Revoked::Confirmed && !remove_anyway {
                let left = self.inner.ledger.grants_of(account).await?;
                for (grant, Handled { outcome, .. }) in &handled {
                    if *outcome == Revoked::Confirmed && left.iter().any(|row| row.id == *grant) {
                        self.remove_revoked_grant(grant).await?;
                        held(&self.inner.unsaved).remove(grant);
                    }
                }
                tracing::info!(grants = handled.len(), ?worst, "not disconnected");
                return Ok((worst, false));
            }
            for (grant, Handled { outcome, .. }) in &handled {
                if *outcome == Revoked::Confirmed {
                    self.note_ended(grant).await;
                }
                self.vault().delete(grant).await?;
                held(&self.inner.unsaved).remove(grant);
            }
            failpoint!("disconnect.removed");
            let confirmed = worst == Revoked::Confirmed;
            let change =
                Disconnected { caller: caller.clone(), account: account.clone(), handled: handled.keys().cloned().collect(), confirmed };
            // False: an approval was given meanwhile. It would go with the account, and live on at Monei.
            if self.inner.ledger.apply(change).await? {
                tracing::info!(grants = handled.len(), confirmed, "disconnected");
                self.sweep_transactions().await;
                handled.into_values().for_each(|grant| grant.lock.remove());
                return Ok((worst, true));
            }
        }
    }

    /// Revokes one grant; the caller has its locks. `None`: another process has removed it meanwhile.
    pub(super) async fn revoke(&self, account: &AccountId, grant: &GrantId) -> Result<Option<Revoked>, Problem> {
        let record = match self.newest_record(grant).await {
            Ok(record) => record,
            // An earlier try came so far, and no further.
            Err(Problem { code: ProblemCode::RecordMissing, .. }) if self.has_ended(grant).await => return Ok(Some(Revoked::Confirmed)),
            Err(Problem { code: ProblemCode::RecordUnreadable | ProblemCode::RecordMissing, .. }) => {
                let there = self.inner.ledger.grants_of(account).await?.iter().any(|row| row.id == *grant);
                return Ok(there.then_some(Revoked::Impossible));
            }
            Err(problem) => return Err(problem),
        };
        // A refresh was sent and not answered: the pair that lives at Monei may be the one in that answer, and it is fetched first.
        if self.inner.ledger.has_unanswered(grant.clone(), record.generation).await? {
            return Ok(Some(self.revoke_after_refresh(grant, &record).await));
        }
        if self.revoke_record(&record).await {
            return Ok(Some(Revoked::Confirmed));
        }
        Ok(Some(self.revoke_after_refresh(grant, &record).await))
    }

    /// Monei may no longer know the pair: a refresh says whether the grant is over, and else gives a pair that Monei knows.
    async fn revoke_after_refresh(&self, grant: &GrantId, record: &GrantRecord) -> Revoked {
        match self.refresh(grant, record).await {
            Err(Problem { code: ProblemCode::AccessRevoked, .. }) => Revoked::Confirmed,
            Ok(fresh) if self.revoke_record(&fresh).await => Revoked::Confirmed,
            outcome => {
                if let Err(problem) = outcome {
                    tracing::info!(grant = log_id(grant), code = ?problem.code, "not known whether a grant has ended");
                    // The pair that is here may still be the one that lives.
                    self.revoke_record(record).await;
                }
                Revoked::Unconfirmed
            }
        }
    }

    /// Revokes at the backend that gave the grant, never at another. True if Monei confirmed.
    pub(super) async fn revoke_record(&self, record: &GrantRecord) -> bool {
        let Ok(backend) = self.inner.provider.backend_at(&record.backend) else { return false };
        backend.revoke(&record.access, &record.refresh).await
    }

    /// Remembers that Monei has ended the grant, for a disconnection that is killed or meets a full disk before it is through.
    pub(super) async fn note_ended(&self, grant: &GrantId) {
        held(&self.inner.ended).insert(grant.clone());
        if let Err(problem) = self.inner.ledger.note_ended(grant.clone()).await {
            tracing::warn!(code = ?problem.code, "the end of a grant is remembered in this run only");
        }
    }

    async fn has_ended(&self, grant: &GrantId) -> bool {
        if held(&self.inner.ended).contains(grant) {
            return true;
        }
        matches!(self.inner.ledger.has_ended(grant.clone()).await, Ok(true))
    }
}
