//! Taking access away: revoked at Monei, and removed here in any case.

use super::grants::display_name;
use super::tokens::pending_name;
use super::{Connections, ProblemCode};
use crate::backend::{BackendClient, parse_address};
use crate::failpoint::failpoint;
use crate::problem::Problem;
use crate::vault::{GrantRecord, VaultError};
use crate::view::{ActivityEvent, DisconnectOutcome};

impl Connections {
    /// Revokes every grant of the account, then removes it. If the keychain can't be opened nothing is done, since nothing could be removed.
    ///
    /// # Errors
    /// A keychain or index problem, with the account still there.
    pub async fn disconnect(&self, account: &str) -> Result<DisconnectOutcome, Problem> {
        let grants = self.all_grants_of(account).await?;
        let vault = self.vault();
        let mut confirmed = true;
        for grant in &grants {
            // A refresh under way would bring back what is removed here.
            let _in_process = self.inner.refreshing.enter(&grant.id).await;
            let _across_processes = self.lock(&grant.id).await?;
            match self.newest_record(&grant.id).await {
                Ok(record) => confirmed &= self.revoke_record(&record).await,
                Err(Problem { code: ProblemCode::RecordUnreadable | ProblemCode::RecordMissing, .. }) => confirmed = false,
                Err(problem) => return Err(problem),
            }
            failpoint!("disconnect.revoked");
            vault.delete(&grant.id).await.map_err(|error: VaultError| Problem::from(error))?;
            self.unsaved().remove(&grant.id);
            // Only an empty file; a lock held by another process on it ends with that process.
            drop(std::fs::remove_file(self.lock_path(&grant.id)));
        }
        failpoint!("disconnect.removed");
        tracing::info!(grants = grants.len(), confirmed, "disconnected");
        let (id, at) = (account.to_owned(), self.now());
        self.index(move |index| {
            let name = index.accounts()?.iter().find(|row| row.id == id).and_then(display_name);
            for grant in &grants {
                index.remove_setting(&pending_name(&grant.id))?;
            }
            index.remove_account(&id)?;
            index.log(at, None, name.as_deref(), &ActivityEvent::Disconnected { confirmed })
        })
        .await?;
        self.reload().await?;
        Ok(if confirmed { DisconnectOutcome::Revoked } else { DisconnectOutcome::Unconfirmed })
    }

    /// Revokes at the backend that gave the grant, never at another. True if Monei confirmed.
    pub(super) async fn revoke_record(&self, record: &GrantRecord) -> bool {
        let Ok(address) = parse_address(&record.backend) else { return false };
        match BackendClient::new(address) {
            Ok(backend) => backend.revoke(&record.access, &record.refresh).await,
            Err(_) => false,
        }
    }
}
