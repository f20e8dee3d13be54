//! Taking access away: revoked at Monei, and removed here in any case.

use std::collections::HashSet;
use std::sync::Arc;

use super::grants::display_name;
use super::tokens::pending_name;
use super::{Connections, ProblemCode};
use crate::backend::{BackendClient, parse_address};
use crate::failpoint::failpoint;
use crate::index::GrantRow;
use crate::problem::Problem;
use crate::vault::{GrantRecord, VaultError};
use crate::view::{ActivityEvent, DisconnectOutcome};

impl Connections {
    /// Revokes every grant of the account, then removes it. If the keychain can't be opened nothing is done, since nothing could be removed.
    ///
    /// # Errors
    /// A keychain or index problem, with the account still there.
    pub async fn disconnect(&self, account: &str) -> Result<DisconnectOutcome, Problem> {
        let vault = self.vault();
        let mut confirmed = true;
        let mut revoked: HashSet<String> = HashSet::new();
        loop {
            let grants = self.all_grants_of(account).await?;
            for GrantRow { id, .. } in grants.into_iter() {
                if revoked.contains(&id) {
                    continue;
                }
                // A refresh under way would bring back what is removed here.
                let _in_process = self.inner.refreshing.enter(&id).await;
                let _across_processes = self.lock(&id).await?;
                match self.newest_record(&id).await {
                    Ok(record) => confirmed &= self.revoke_record(&record).await,
                    Err(Problem { code: ProblemCode::RecordUnreadable | ProblemCode::RecordMissing, .. }) => confirmed = false,
                    Err(problem) => return Err(problem),
                }
                failpoint!("disconnect.revoked");
                vault.delete(&id).await.map_err(|error: VaultError| Problem::from(error))?;
                self.unsaved().remove(&id);
                // Only an empty file; a lock held by another process on it ends with that process.
                drop(std::fs::remove_file(self.lock_path(&id)));
                revoked.insert(id);
            }
            failpoint!("disconnect.removed");
            let (id, handled, at) = (account.to_owned(), revoked.clone(), self.now());
            let removed = self
                .index(move |index| {
                    // An approval given meanwhile would go with the account, and live on at Monei.
                    if index.grants()?.iter().any(|grant| grant.account == id && !handled.contains(&grant.id)) {
                        return Ok(false);
                    }
                    let name = index.accounts()?.iter().find(|row| row.id == id).and_then(display_name);
                    for grant in &handled {
                        index.remove_setting(&pending_name(grant))?;
                    }
                    index.remove_account(&id)?;
                    index.log(at, None, name.as_deref(), &ActivityEvent::Disconnected { confirmed })?;
                    Ok(true)
                })
                .await?;
            if removed {
                break;
            }
        }
        tracing::info!(grants = revoked.len(), confirmed, "disconnected");
        self.reload().await?;
        Ok(if confirmed { DisconnectOutcome::Revoked } else { DisconnectOutcome::Unconfirmed })
    }

    /// Revokes at the backend that gave the grant, never at another. True if Monei confirmed.
    pub(super) async fn revoke_record(&self, record: &GrantRecord) -> bool {
        let Ok(address) = parse_address(&record.backend) else { return false };
        BackendClient::new(address, Arc::clone(&self.inner.http)).revoke(&record.access, &record.refresh).await
    }
}
