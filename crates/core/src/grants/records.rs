//! A grant's record in the vault, as this run last saw it.

use std::time::Duration;

use tokio::time::Instant;

use super::vault::{GrantRecord, RecordError};
use super::{Grants, held};
use crate::failpoint::failpoint;
use crate::ledger::Revoked;
use crate::model::GrantId;
use crate::model::problem::{Problem, ProblemCode};

/// How long the program's end waits for another process that has a grant's lock.
const LAST_WAIT: Duration = Duration::from_secs(5);

impl Grants {
    /// The record of a grant.
    pub(super) async fn read_record(&self, grant: &GrantId) -> Result<GrantRecord, Problem> {
        use super::vault::Vault as _;
        let read = self.inner.vault.read(grant);
        // What is in memory alone says nothing of the keychain.
        let read = if self.inner.vault.in_memory() { read.await } else { self.shown(read).await };
        let decoded = match read? {
            None => {
                self.note_missing(grant);
                return Err(ProblemCode::RecordMissing.into());
            }
            Some(text) => GrantRecord::decode(&text),
        };
        match decoded {
            Ok(record) => {
                self.note_found(grant);
                Ok(record)
            }
            Err(RecordError::Damaged) => {
                tracing::warn!("a stored record is damaged");
                self.note_missing(grant);
                Err(ProblemCode::RecordUnreadable.into())
            }
            Err(RecordError::Newer(version)) => {
                tracing::warn!(version, "a stored record is of a newer version");
                Err(ProblemCode::RecordUnreadable.into())
            }
        }
    }

    fn note_missing(&self, grant: &GrantId) {
        let now = self.now();
        let mut missing = held(&self.inner.missing);
        missing.entry(grant.clone()).or_insert(now);
    }

    pub(super) fn note_found(&self, grant: &GrantId) {
        held(&self.inner.missing).remove(grant);
    }

    /// The record with the pair that is alive at Monei: the keychain's, or one that the keychain hasn't taken.
    pub(super) async fn newest_record(&self, grant: &GrantId) -> Result<GrantRecord, Problem> {
        let kept = self.read_record(grant).await;
        let unsaved = held(&self.inner.unsaved).get(grant).cloned();
        match (kept, unsaved) {
            (Ok(kept), Some(unsaved)) if kept.generation < unsaved.generation => Ok(unsaved),
            (Err(Problem { code: ProblemCode::RecordUnreadable | ProblemCode::RecordMissing, .. }), Some(unsaved)) => Ok(unsaved),
            (kept, _) => kept,
        }
    }

    /// Writes a rotated pair that the keychain didn't take so far. It is used nowhere before that, and the pair it replaces is dead. The
    /// caller has the grant's lock.
    pub(super) async fn keep_unsaved(&self, grant: &GrantId) -> Result<(), Problem> {
        let Some(record) = held(&self.inner.unsaved).get(grant).cloned() else { return Ok(()) };
        let vault = self.vault();
        // Another process may have had the same answer replayed, and be further on.
        let kept = vault.read(grant).await?.and_then(|text| GrantRecord::decode(&text).ok()).map(|kept| kept.generation);
        if kept.is_none_or(|generation| generation < record.generation) {
            vault.write(grant, record.encode()).await?;
        }
        held(&self.inner.unsaved).remove(grant);
        Ok(())
    }

    /// Writes what the keychain hasn't taken so far, before the program ends.
    pub async fn keep_all_unsaved(&self) {
        let unsaved: Vec<GrantId> = held(&self.inner.unsaved).keys().cloned().collect();
        for grant in unsaved {
            let kept = async {
                // Another process may be storing a newer pair just now.
                let _lock = self.lock(&grant, Instant::now() + LAST_WAIT).await?;
                self.keep_unsaved(&grant).await
            };
            if let Err(problem) = kept.await {
                tracing::warn!(grant = super::log_id(&grant), code = ?problem.code, "new tokens could not be kept before the end");
                // The keychain would only make the person wait as long again. A lock is of one grant.
                if problem.code != ProblemCode::AccountInUse {
                    break;
                }
            }
        }
    }

    /// Nothing here can use this grant any more: its tokens go, and with them the scopes that no other grant of the account holds. `may_live`:
    /// Monei may have another pair of it, which nobody has.
    pub(super) async fn remove_revoked_grant(&self, grant: &GrantId, may_live: bool) -> Result<(), Problem> {
        tracing::info!(grant = super::log_id(grant), may_live, "a grant that nothing here can use any more is removed");
        if !may_live {
            self.note_ended(grant).await;
        }
        self.vault().delete(grant).await?;
        failpoint!("revoked.removed");
        self.inner.ledger.apply(Revoked { grant: grant.clone(), may_live }).await
    }
}
