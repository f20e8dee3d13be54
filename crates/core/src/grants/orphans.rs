//! Grants in the vault that are in no account: an approval that is being decided about, or that was left over when a program ended, or
//! one whose end Monei hasn't confirmed yet.

use std::sync::atomic::Ordering;

use monei::ScopeSet;

use super::answers::Redeeming;
use super::lock::{Lock, lock_end};
use super::revoke::Revoked;
use super::vault::{GrantRecord, RecordError};
use super::{Grants, expiry, held, log_id, open_transactions};
use crate::failpoint::failpoint;
use crate::ledger::{GrantRow, Granted, Into, OrphanLost, Placed};
use crate::model::problem::{Problem, ProblemCode};
use crate::model::proof::random_text;
use crate::model::{AccountId, Caller, GrantId, Identity, TransactionId};
use crate::provider::Told;
use crate::provider::backend::{BackendClient, Tokens};

/// A grant in no account, with its lock: while this lives, no process takes it for left over.
pub struct Orphan {
    grant: GrantId,
    lock: Lock,
}

/// What came of taking a grant back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Discarded {
    /// Monei confirmed, and nothing is left here; or there was nothing left to take back.
    Gone,
    /// Monei didn't confirm. It is kept, unused, and taken back later.
    Pending,
    /// Its record is damaged or missing, so that nothing here can take it back: the history tells that, and it is gone from here.
    Lost,
}

impl Discarded {
    /// What the person is told of it.
    pub fn trouble(self) -> Option<ProblemCode> {
        match self {
            Self::Gone => None,
            Self::Pending => Some(ProblemCode::RevocationPending),
            Self::Lost => Some(ProblemCode::ApprovalLost),
        }
    }
}

impl Grants {
    /// Makes a new pair durable before anything is done with it, and gives what was stored. One that can't be kept is taken back. From here
    /// on no link brings the `transaction`'s pair once more, nor does a later start, unless others of its answers are still `redeeming`
    /// elsewhere.
    ///
    /// # Errors
    /// Why it can't be kept; [`ProblemCode::ApprovalLost`] where Monei hasn't confirmed its end either.
    pub async fn hold(
        &self,
        backend: &BackendClient,
        tokens: Tokens,
        transaction: &TransactionId,
        mut redeeming: Option<Redeeming>,
    ) -> Result<(Orphan, GrantRecord), Problem> {
        // Where an earlier process listed one for this pair, that one: else it would be told as lost.
        let listed = redeeming.as_mut().and_then(|redeeming| redeeming.grant.take());
        let grant = listed.unwrap_or_else(|| GrantId::from(random_text::<16>()));
        let record = GrantRecord {
            generation: 0,
            backend: backend.origin(),
            account: String::new(),
            access: tokens.access,
            refresh: tokens.refresh,
            expires_at: expiry(self.now(), tokens.expires_in),
            lifetime: tokens.expires_in,
            scopes: tokens.scopes.unwrap_or_default(),
        };
        // Held until it is stored or taken back: a look would take it for left over.
        let (problem, _lock) = match self.lock(&grant, lock_end()).await {
            Ok(lock) => match self.store_new(&grant, &record, transaction, redeeming.is_some()).await {
                Ok(()) => {
                    self.forget_answers(redeeming).await;
                    tracing::info!(grant = log_id(&grant), scopes = record.scopes.len(), "an approval is kept");
                    return Ok((Orphan { grant, lock }, record));
                }
                Err(problem) => (problem, Some(lock)),
            },
            Err(problem) => (problem, None),
        };
        // What can't be kept must not stay alive at Monei.
        let revoked = backend.revoke(&record.access, &record.refresh, self.now()).await.is_ok();
        // The caller tells what came of it: a look that finds no entry tells nothing more. An entry that the keychain writes late is found
        // by it, since the grant stays on the list until then.
        self.note_ended(&grant).await;
        self.forget_answers(redeeming).await;
        if revoked {
            return Err(problem);
        }
        tracing::warn!(code = ?problem.code, "an approval could neither be kept nor taken back");
        Err(ProblemCode::ApprovalLost.into())
    }

    async fn store_new(
        &self,
        grant: &GrantId,
        record: &GrantRecord,
        transaction: &TransactionId,
        of_all_answers: bool,
    ) -> Result<(), Problem> {
        self.inner.ledger.note_redeemed(grant.clone(), open_transactions::hash(transaction), of_all_answers).await?;
        failpoint!("connect.noted");
        self.vault().write(grant, record.encode()).await?;
        self.mark_in_memory(grant).await;
        Ok(())
    }

    /// Takes hold of a grant that turned out to be another person's. `None` where another process has it.
    ///
    /// # Errors
    /// Why its record can't be read.
    pub async fn hold_again(&self, grant: &GrantId) -> Result<Option<Orphan>, Problem> {
        let Some(lock) = self.try_lock(grant).await else { return Ok(None) };
        if !self.read_record(grant).await?.account.is_empty() {
            self.unassign(grant).await;
        }
        Ok(Some(Orphan { grant: grant.clone(), lock }))
    }

    /// A grant turned out to be another person's: its record names the account no more. Whoever has its lock just now does that when the
    /// person is asked.
    pub async fn leave_account(&self, grant: &GrantId) {
        if let Some(_lock) = self.try_lock(grant).await {
            self.unassign(grant).await;
        }
    }

    /// Takes the account out of the record of a grant that is in none: where the index is lost, its record alone says where it belongs. The
    /// caller has the grant's lock.
    async fn unassign(&self, grant: &GrantId) {
        if let Some(unsaved) = held(&self.inner.unsaved).get_mut(grant) {
            unsaved.account.clear();
        }
        let cleared = match self.read_record(grant).await {
            Ok(record) if record.account.is_empty() => Ok(()),
            Ok(record) => {
                let record = GrantRecord { account: String::new(), ..record };
                self.vault().write(grant, record.encode()).await.map_err(Problem::from)
            }
            Err(problem) => Err(problem),
        };
        if let Err(problem) = cleared {
            tracing::info!(grant = log_id(grant), code = ?problem.code, "a grant in no account keeps the name of one in its record");
        }
    }

    /// Asks Monei whose a grant is, with the record that [`Grants::hold`] has stored.
    ///
    /// # Errors
    /// Why that can't be told now.
    pub async fn identify(&self, caller: &Caller, record: &GrantRecord) -> Result<Told, Problem> {
        self.inner.provider.identify(caller, &record.backend, &record.access, &record.scopes).await
    }

    /// What is stored of a grant that a person has decided about.
    ///
    /// # Errors
    /// Why it can't be read.
    pub async fn stored(&self, orphan: &Orphan) -> Result<GrantRecord, Problem> {
        self.read_record(&orphan.grant).await
    }

    /// Gives a grant to `account`, or to a new one, and says to which. `None`, with nothing changed, if that account has gone meanwhile or
    /// is another person's. Its record doesn't name the account yet: [`Grants::name_account`] does that.
    ///
    /// # Errors
    /// Why it can't be stored; the grant stays in no account then.
    pub async fn adopt(
        &self,
        caller: &Caller,
        orphan: &Orphan,
        record: &GrantRecord,
        account: Option<AccountId>,
        requested: &ScopeSet,
        who: &Identity,
    ) -> Result<Option<(AccountId, Placed)>, Problem> {
        let into = if account.is_none() { Into::New } else { Into::Existing };
        let account = account.unwrap_or_else(|| random_text::<16>().into());
        let grant = GrantRow {
            id: orphan.grant.clone(),
            account: account.clone(),
            backend: record.backend.clone(),
            scopes: record.scopes.clone(),
            granted_at: self.now(),
            expires_at: record.expires_at,
            generation: record.generation,
            owner: Identity::default(),
        };
        let (caller, requested, who) = (caller.clone(), requested.clone(), who.clone());
        let granted = Granted { caller, grant, into, requested, who, missing: self.missing_ids() };
        let Some(placed) = self.inner.ledger.apply(granted).await? else { return Ok(None) };
        failpoint!("connect.assigned");
        for old in &placed.replaced {
            self.note_found(old);
            if let Err(error) = self.vault().delete(old).await {
                tracing::warn!(%error, "a damaged entry could not be removed");
            }
        }
        Ok(Some((account, placed)))
    }

    /// Writes into a grant's record which account has it: where the index is lost, its record alone says that. Where it can't be written
    /// now, the next refresh does it.
    pub async fn name_account(&self, orphan: &Orphan, record: GrantRecord, account: &AccountId) {
        let record = GrantRecord { account: account.to_string(), ..record };
        if let Err(error) = self.vault().write(&orphan.grant, record.encode()).await {
            tracing::warn!(%error, grant = log_id(&orphan.grant), "a record doesn't name its account yet");
        }
    }

    /// Takes a grant back that belongs to no account. Where Monei doesn't confirm it is kept and listed, and taken back later: its tokens are
    /// the only ones that can end it.
    pub async fn discard(&self, orphan: Orphan) -> Discarded {
        let Orphan { grant, lock, .. } = orphan;
        // Given to an account after all: it is in use.
        if self.inner.ledger.known().iter().flat_map(|account| &account.grants).any(|row| row.id == grant) {
            return Discarded::Gone;
        }
        self.unassign(&grant).await;
        let over = match self.newest_record(&grant).await {
            Ok(record) => match self.revoke_unassigned(&grant, &record).await {
                Ok(Revoked::Impossible) => return self.remove_lost(grant, lock).await,
                outcome => outcome == Ok(Revoked::Confirmed),
            },
            Err(problem) if self.is_lost(&grant, problem.code).await => return self.remove_lost(grant, lock).await,
            // An earlier try came so far, and no further.
            Err(problem) => problem.code == ProblemCode::RecordMissing,
        };
        if !over {
            // A program that ended before it was listed must find it again.
            if self.inner.ledger.note_orphan(grant.clone()).await.is_err() {
                tracing::warn!(grant = log_id(&grant), "a grant that Monei may keep alive is remembered by the keychain alone");
            }
            return Discarded::Pending;
        }
        failpoint!("discard.revoked");
        // First: an entry that is missing without this is told as lost.
        self.note_ended(&grant).await;
        if let Err(error) = self.vault().delete(&grant).await {
            // Kept in the list, so that the next look tries again.
            tracing::warn!(%error, "a grant that has ended could not be removed");
            return Discarded::Gone;
        }
        held(&self.inner.unsaved).remove(&grant);
        failpoint!("discard.removed");
        if self.inner.ledger.forget_orphan(grant).await.is_ok() {
            lock.remove();
        }
        Discarded::Gone
    }

    /// Removes a grant that is set apart and whose record is damaged or missing; true where Monei may keep the grant alive. A record that
    /// can't be read for another reason stays.
    pub async fn discard_lost(&self, grant: &GrantId) -> bool {
        let Some(lock) = self.try_lock(grant).await else { return false };
        // Whoever had the lock may have decided about it just now.
        let set_apart = self.inner.ledger.set_apart().await;
        if !set_apart.is_ok_and(|rows| rows.iter().any(|row| row.grant == *grant)) {
            return false;
        }
        if self.is_in_memory_elsewhere(grant).await {
            return false;
        }
        let Err(problem) = self.newest_record(grant).await else { return false };
        if self.is_lost(grant, problem.code).await {
            return self.remove_lost(grant.clone(), lock).await == Discarded::Lost;
        }
        // It has ended, and its entry was removed here.
        if problem.code == ProblemCode::RecordMissing {
            drop(self.inner.ledger.forget_orphan(grant.clone()).await);
        }
        false
    }

    /// Revokes a grant in no account. While the program ends, with the pair that is there and no other: nothing waits for a refresh then.
    async fn revoke_unassigned(&self, grant: &GrantId, record: &GrantRecord) -> Result<Revoked, Problem> {
        match self.inner.work.enter() {
            Ok(_under_way) => self.revoke_pair(grant, record).await,
            Err(_) => self.revoke_record(record).await.map(|()| Revoked::Confirmed),
        }
    }

    /// Whether nothing is left to end the grant with: its record, which can't be read for the reason of `code`, is damaged, or missing
    /// though Monei hasn't ended the grant as far as is known here.
    async fn is_lost(&self, grant: &GrantId, code: ProblemCode) -> bool {
        match code {
            ProblemCode::RecordMissing => !self.has_ended(grant).await,
            ProblemCode::RecordUnreadable => self.is_damaged(grant).await,
            _ => false,
        }
    }

    async fn is_damaged(&self, grant: &GrantId) -> bool {
        let text = self.vault().read(grant).await.ok().flatten();
        text.is_some_and(|text| matches!(GrantRecord::decode(&text), Err(RecordError::Damaged)))
    }

    /// Tells of the grant, and takes it off the list, at once; only then its entry goes.
    async fn remove_lost(&self, grant: GrantId, lock: Lock) -> Discarded {
        if self.inner.ledger.apply(OrphanLost { grant: grant.clone() }).await.is_err() {
            return Discarded::Pending;
        }
        tracing::warn!(grant = log_id(&grant), "nothing here can end a grant in no account; Monei may keep it alive");
        // A pair that the keychain hadn't taken is offered to it at the program's end, and would be left there.
        held(&self.inner.unsaved).remove(&grant);
        match self.vault().delete(&grant).await {
            Ok(()) => lock.remove(),
            Err(error) => tracing::warn!(%error, "a damaged entry could not be removed"),
        }
        Discarded::Lost
    }

    /// Takes back what was approved but never decided about because a program ended in between, and what Monei hasn't confirmed yet. Gives
    /// how many it lost track of ([`Discarded::Lost`]).
    pub async fn discard_orphans(&self) -> usize {
        let mut lost = 0;
        let Ok(orphans) = self.inner.ledger.orphans().await else { return lost };
        let answered = self.answered().await;
        for grant in orphans {
            // Its tokens may still come: the answers that gave them are redeemed again first.
            if answered.iter().any(|listed| listed.grant.as_deref() == Some(&*grant)) {
                continue;
            }
            // Held: it is being stored, or a person decides about it, perhaps in another process.
            let Some(lock) = self.try_lock(&grant).await else { continue };
            // Nobody else can end it; whoever has it tries again.
            if self.is_in_memory_elsewhere(&grant).await {
                continue;
            }
            // Whoever held it may have discarded it just now.
            if self.inner.ledger.is_orphan(grant.clone()).await == Ok(true) && self.discard(Orphan { grant, lock }).await == Discarded::Lost
            {
                lost += 1;
            }
        }
        if lost > 0 {
            self.inner.lost.store(true, Ordering::Relaxed);
        }
        self.sweep_locks().await;
        lost
    }

    /// Whether track of a grant was lost while nobody decided about it, and nobody has been told on the screen yet.
    pub fn take_lost(&self) -> bool {
        self.inner.lost.swap(false, Ordering::Relaxed)
    }
}
