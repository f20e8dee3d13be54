//! A run without a keychain, on the person's choice: what is approved in it ends with it.

use std::collections::HashSet;
use std::time::Duration;

use tokio::task::JoinSet;

use super::lock::lock_end;
use super::{Grants, Revoked, held};
use crate::ledger::Forgotten;
use crate::model::GrantId;
use crate::model::problem::Problem;

/// How long quitting waits for Monei to hear of the end.
const PATIENCE: Duration = Duration::from_secs(5);

impl Grants {
    /// From now on, and for this run, new approvals are kept in memory alone.
    pub fn keep_in_memory(&self) {
        self.inner.vault.keep_in_memory();
        self.inner.changed.tell();
    }

    /// Whether new approvals are kept in memory alone.
    pub fn in_memory(&self) -> bool {
        self.inner.vault.in_memory()
    }

    /// Revokes what was kept in memory alone, all at the same time, and forgets its accounts, or those of their grants. Gives the grants
    /// whose end Monei didn't confirm.
    pub async fn end_memory_only(&self) -> HashSet<GrantId> {
        let grants: Vec<GrantId> = self.inner.vault.only_here().into_iter().map(GrantId::from).collect();
        let mut living: HashSet<GrantId> = grants.iter().cloned().collect();
        if grants.is_empty() {
            return living;
        }
        let mut ends = JoinSet::new();
        for grant in grants.clone() {
            let this = self.clone();
            ends.spawn(async move {
                let ended = this.end(&grant).await;
                (grant, matches!(ended, Ok(Revoked::Confirmed)))
            });
        }
        // A slow answer about one holds up no other.
        let ended = async {
            while let Some(end) = ends.join_next().await {
                if let Ok((grant, true)) = end {
                    living.remove(&grant);
                }
            }
        };
        if tokio::time::timeout(PATIENCE, ended).await.is_err() {
            tracing::warn!("not all of what was kept in memory could be revoked in time");
        }
        if self.inner.ledger.apply(Forgotten(grants.iter().cloned().collect())).await.is_err() {
            tracing::warn!("the accounts of this run could not be forgotten");
        }
        held(&self.inner.memory_marks).drain().for_each(|(_, mark)| mark.remove());
        // The next run would take one in no account for lost: its record is gone.
        for grant in grants.into_iter().filter(|grant| !living.contains(grant)) {
            if self.inner.ledger.forget_orphan(grant).await.is_err() {
                tracing::warn!("a grant of this run that has ended stays listed");
            }
        }
        living
    }

    async fn end(&self, grant: &GrantId) -> Result<Revoked, Problem> {
        let _in_process = self.inner.flights.enter(grant).await;
        let lock = self.lock(grant, lock_end()).await?;
        let record = self.newest_record(grant).await?;
        let ended = self.revoke_pair(grant, &record).await?;
        if ended == Revoked::Confirmed {
            lock.remove();
        }
        Ok(ended)
    }
}
