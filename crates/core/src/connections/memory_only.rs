//! A run without a keychain, on the person's choice: what is approved in it ends with it.

use std::time::Duration;

use super::Connections;
use crate::problem::Problem;

/// How long quitting waits for Monei to hear of the end.
const PATIENCE: Duration = Duration::from_secs(5);

impl Connections {
    /// From now on, and for this run, new approvals are kept in memory alone.
    pub async fn keep_in_memory(&self) {
        self.inner.vault.keep_in_memory();
        self.publish();
    }

    /// Revokes what was kept in memory alone, and forgets its accounts, or those of their grants.
    pub(super) async fn end_memory_only(&self) {
        let grants = self.inner.vault.only_here();
        if grants.is_empty() {
            return;
        }
        let ended = async {
            for grant in &grants {
                if let Ok(record) = self.read_record(grant).await {
                    self.revoke_record(&record).await;
                }
            }
        };
        if tokio::time::timeout(PATIENCE, ended).await.is_err() {
            tracing::warn!("not all of what was kept in memory could be revoked in time");
        }
        let forgotten: Result<(), Problem> = self
            .index(move |index| {
                for grant in index.grants()?.into_iter().filter(|grant| grants.contains(&grant.id)) {
                    index.remove_grant(&grant.id)?;
                    if !index.grants()?.iter().any(|other| other.account == grant.account) {
                        index.remove_account(&grant.account)?;
                    }
                }
                Ok(())
            })
            .await;
        if forgotten.is_err() {
            tracing::warn!("the accounts of this run could not be forgotten");
        }
    }
}
