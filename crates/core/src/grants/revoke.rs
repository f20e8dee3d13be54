//! Taking access away: revoked at Monei first, and removed here once Monei has confirmed, or on the person's choice.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use futures_util::future::join_all;

use super::lease::REPLAY_MS;
use super::lock::{Lock, lock_end};
use super::vault::GrantRecord;
use super::{Grants, held, log_id};
use crate::clock::Moment;
use crate::failpoint::failpoint;
use crate::ledger::{Disconnected, GrantRow};
use crate::model::problem::{Problem, ProblemCode};
use crate::model::{AccountId, Caller, GrantId};

/// A backend that gave no answer in this time is silent, and isn't asked for more about the end of a grant: a person waits, and each question
/// would take as long again. One that isn't there fails sooner. One that works answers within 15 seconds, and is waited for longer.
pub(super) const SILENCE: Duration = Duration::from_secs(8);

/// What came of one grant's revocation, or of several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Revoked {
    /// Monei confirmed.
    Confirmed,
    /// It didn't; asking again may help. Says why.
    Unconfirmed(Problem),
    /// There is nothing left to ask with: it is gone or damaged, or Monei put another pair in its place and the answer is lost.
    Impossible,
}

impl Revoked {
    /// The worse of both.
    pub(super) fn worse(self, other: Self) -> Self {
        match (&self, &other) {
            (Self::Confirmed, _) | (Self::Unconfirmed(_), Self::Impossible) => other,
            _ => self,
        }
    }
}

/// A grant that nobody else refreshes meanwhile.
pub(super) struct Locked {
    pub(super) grant: GrantId,
    pub(super) lock: Lock,
    #[expect(dead_code, reason = "held until the grant is gone")]
    in_process: tokio::sync::OwnedMutexGuard<()>,
}

/// What came of it; `None`: another process has removed the grant meanwhile.
type Outcome = Result<Option<Revoked>, Problem>;

/// What came of its revocation.
struct Handled {
    outcome: Revoked,
    locked: Locked,
}

impl Grants {
    /// Revokes every grant of the account, then removes it. Where Monei doesn't confirm, the account is removed only with `remove_anyway`;
    /// else only the grants that have ended are removed, so that the rest can be revoked later. If the keychain can't be opened nothing is
    /// done, since nothing could be removed. Gives the worst outcome, and whether the account is gone.
    ///
    /// # Errors
    /// [`ProblemCode::AccountInUse`] where another process has one of the grants, with none revoked; a keychain or index problem, with the
    /// account still there, and without the grants that have ended by then.
    pub async fn revoke_all(&self, caller: &Caller, account: &AccountId, remove_anyway: bool) -> Result<(Revoked, bool), Problem> {
        // Begun before the end of the program, it is finished.
        let _under_way = self.inner.work.enter()?;
        // A refresh under way would bring back what is removed here: each grant is held until the end.
        let mut handled = HashMap::new();
        let outcome = self.revoke_and_remove(caller, account, remove_anyway, &mut handled).await;
        // What Monei has ended must not be shown as enabled.
        if outcome.is_err()
            && let Err(problem) = self.remove_ended(account, &handled).await
        {
            tracing::warn!(code = ?problem.code, "a grant that has ended could not be removed yet");
        }
        outcome
    }

    async fn revoke_and_remove(
        &self,
        caller: &Caller,
        account: &AccountId,
        remove_anyway: bool,
        handled: &mut HashMap<GrantId, Handled>,
    ) -> Result<(Revoked, bool), Problem> {
        loop {
            let mut grants = self.inner.ledger.grants_of(account).await?;
            grants.retain(|grant| !handled.contains_key(&grant.id));
            let locked = self.lock_all(grants).await?;
            let mut failed = None;
            for (locked, outcome) in self.revoke_each(account, locked).await {
                match outcome {
                    Ok(Some(outcome)) => drop(handled.insert(locked.grant.clone(), Handled { outcome, locked })),
                    Ok(None) => {}
                    Err(problem) => failed = Some(problem),
                }
            }
            if let Some(problem) = failed {
                return Err(problem);
            }
            failpoint!("disconnect.revoked");
            let worst = handled.values().map(|grant| grant.outcome.clone()).fold(Revoked::Confirmed, Revoked::worse);
            if worst != Revoked::Confirmed && !remove_anyway {
                self.remove_ended(account, handled).await?;
                tracing::info!(grants = handled.len(), ?worst, "not disconnected");
                return Ok((worst, false));
            }
            for (grant, Handled { outcome, .. }) in handled.iter() {
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
                handled.drain().for_each(|(_, grant)| grant.locked.lock.remove());
                self.sweep_memory_marks();
                return Ok((worst, true));
            }
        }
    }

    /// Takes the locks of all `grants`, before the first of them is revoked: where one can't be had, all stay as they are. The order is the
    /// same in each process, the oldest first, so that no two wait for each other.
    ///
    /// # Errors
    /// As [`Grants::lock`].
    pub(super) async fn lock_all(&self, mut grants: Vec<GrantRow>) -> Result<Vec<Locked>, Problem> {
        grants.sort_by(|a, b| (a.granted_at, &a.id).cmp(&(b.granted_at, &b.id)));
        let end = lock_end();
        let mut locked = Vec::new();
        for GrantRow { id: grant, .. } in grants {
            let in_process = self.inner.flights.enter(&grant).await;
            let lock = self.lock(&grant, end).await?;
            locked.push(Locked { grant, lock, in_process });
        }
        Ok(locked)
    }

    /// Removes those of the grants whose end Monei has confirmed and that the account still has. Where one can't be removed, the others are
    /// all the same.
    async fn remove_ended(&self, account: &AccountId, handled: &HashMap<GrantId, Handled>) -> Result<(), Problem> {
        let has_ended = |row: &GrantRow| handled.get(&row.id).is_some_and(|grant| grant.outcome == Revoked::Confirmed);
        let ended: Vec<GrantRow> = self.inner.ledger.grants_of(account).await?.into_iter().filter(has_ended).collect();
        let mut outcome = Ok(());
        for GrantRow { id, .. } in ended {
            self.note_ended(&id).await;
            match self.remove_revoked_grant(&id, false).await {
                Ok(()) => drop(held(&self.inner.unsaved).remove(&id)),
                Err(problem) => outcome = Err(problem),
            }
        }
        outcome
    }

    /// Revokes them at the same time: one that the backend is silent about holds up no other.
    pub(super) async fn revoke_each(&self, account: &AccountId, locked: Vec<Locked>) -> Vec<(Locked, Outcome)> {
        let end = |locked: Locked| async move {
            let outcome = self.revoke(account, &locked.grant).await;
            (locked, outcome)
        };
        join_all(locked.into_iter().map(end)).await
    }

    /// Revokes one grant; the caller has its locks.
    async fn revoke(&self, account: &AccountId, grant: &GrantId) -> Outcome {
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
        Ok(Some(self.revoke_pair(grant, &record).await?))
    }

    /// Revokes the pair of `record`, or the one that lives in its place. The caller has the grant's locks.
    ///
    /// # Errors
    /// [`ProblemCode::IndexUnavailable`]; nothing was sent then.
    pub(super) async fn revoke_pair(&self, grant: &GrantId, record: &GrantRecord) -> Result<Revoked, Problem> {
        let unanswered = self.inner.ledger.unanswered(grant.clone(), record.generation).await?;
        let now = Moment::now(self.inner.clock.as_ref());
        // A refresh was sent and not answered: the pair that lives at Monei may be the one in that answer. Where it is still replayed it is
        // fetched first.
        let is_replayed = unanswered.is_some_and(|sent| !sent.after_another && sent.since.age_ms(&now) < REPLAY_MS);
        if !is_replayed {
            let began = Instant::now();
            match self.revoke_record(record).await {
                Ok(()) => return Ok(Revoked::Confirmed),
                Err(problem) if was_silent(&problem, began) => return Ok(Revoked::Unconfirmed(problem)),
                Err(_) => {}
            }
        }
        Ok(self.revoke_after_refresh(grant, record).await)
    }

    /// Monei may no longer know the pair: a refresh says whether the grant is over, and else gives a pair that Monei knows.
    async fn revoke_after_refresh(&self, grant: &GrantId, record: &GrantRecord) -> Revoked {
        let began = Instant::now();
        match self.replace(grant, record, SILENCE).await {
            Err(Problem { code: ProblemCode::AccessRevoked, .. }) => {
                if self.says_the_end(grant, record).await {
                    Revoked::Confirmed
                } else {
                    Revoked::Impossible
                }
            }
            Ok(fresh) => self.revoke_record(&fresh).await.map_or_else(Revoked::Unconfirmed, |()| Revoked::Confirmed),
            Err(problem) => {
                tracing::info!(grant = log_id(grant), code = ?problem.code, "not known whether a grant has ended");
                // The pair that is here may still be the one that lives.
                if !was_silent(&problem, began) {
                    drop(self.revoke_record(record).await);
                }
                Revoked::Unconfirmed(problem)
            }
        }
    }

    /// Whether the grant is over, now that Monei has refused to refresh the pair of `record`. Monei may have put another pair in its place, by
    /// a refresh whose answer is lost.
    pub(super) async fn says_the_end(&self, grant: &GrantId, record: &GrantRecord) -> bool {
        let sent = self.inner.ledger.unanswered(grant.clone(), record.generation).await;
        sent.is_ok_and(|sent| sent.is_some_and(|sent| !sent.after_another))
    }

    /// Revokes at the backend that gave the grant, never at another.
    ///
    /// # Errors
    /// Why Monei didn't confirm.
    pub(super) async fn revoke_record(&self, record: &GrantRecord) -> Result<(), Problem> {
        self.inner.provider.backend_at(&record.backend)?.revoke(&record.access, &record.refresh, self.now()).await
    }

    /// Remembers that Monei has ended the grant, for what is killed or meets a full disk before its removal is through.
    pub(super) async fn note_ended(&self, grant: &GrantId) {
        held(&self.inner.ended).insert(grant.clone());
        if let Err(problem) = self.inner.ledger.note_ended(grant.clone()).await {
            tracing::warn!(code = ?problem.code, "the end of a grant is remembered in this run only");
        }
    }

    /// Whether that is remembered.
    pub(super) async fn has_ended(&self, grant: &GrantId) -> bool {
        if held(&self.inner.ended).contains(grant) {
            return true;
        }
        matches!(self.inner.ledger.has_ended(grant.clone()).await, Ok(true))
    }
}

/// Whether the backend was silent when a question that `began` then came to `problem`.
pub(super) fn was_silent(problem: &Problem, began: Instant) -> bool {
    problem.code == ProblemCode::BackendUnreachable && began.elapsed() >= SILENCE
}
