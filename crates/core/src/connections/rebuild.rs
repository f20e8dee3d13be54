//! After a damaged index was set aside: its accounts are found again by their records in the keychain.

use super::Connections;
use crate::index::REBUILD;
use crate::index::{AccountRow, GrantRow, StoredHealth};
use crate::vault::{GrantRecord, PENDING, PROBE};

impl Connections {
    /// Looks through the keychain once, if a damaged index is waiting for that. Names come back when a person looks at the accounts.
    pub(super) async fn rebuild(&self) {
        let waits = self.state().set_aside.as_ref().is_some_and(|set_aside| set_aside.recovered.is_none());
        if !waits {
            return;
        }
        let names = match self.vault().list().await {
            Ok(names) => names,
            Err(error) => {
                tracing::warn!(%error, "the keychain can't be searched for accounts");
                return;
            }
        };
        let mut found = Vec::new();
        for name in names {
            // Of a process that ended in mid-probe, or of a transaction that the damaged index listed: no link can finish it now.
            let left_over = match name.strip_prefix(PENDING) {
                Some(transaction) => self.is_open(transaction).await == Ok(false),
                None => name.starts_with(PROBE),
            };
            if left_over {
                if let Err(error) = self.vault().delete(&name).await {
                    tracing::warn!(%error, "an entry of an earlier run could not be removed");
                }
                continue;
            }
            match self.vault().read(&name).await {
                // Other entries of this program are no records.
                Ok(text) => found.extend(text.and_then(|text| GrantRecord::decode(&text).ok()).map(|record| (name, record))),
                Err(error) => {
                    tracing::warn!(%error, "the keychain can't be read to its end; the next look goes on");
                    return;
                }
            }
        }
        let now = self.now();
        let recovered = self
            .index(move |index| {
                let mut recovered = 0_u32;
                for (id, record) in found {
                    if record.account.is_empty() {
                        // Approved and never given to an account: revoked like any leftover.
                        super::grants::note_leftover(index, &id)?;
                        continue;
                    }
                    if !index.accounts()?.iter().any(|row| row.id == record.account) {
                        recovered += 1;
                        index.put_account(&AccountRow {
                            id: record.account.clone(),
                            user_id: None,
                            wallet_id: None,
                            name: None,
                            email: None,
                            label: None,
                            connected_at: now,
                            checked_at: None,
                            health: StoredHealth::Connected,
                        })?;
                    }
                    index.put_grant(&GrantRow {
                        id,
                        account: record.account,
                        backend: record.backend,
                        scopes: record.scopes,
                        granted_at: now,
                        expires_at: record.expires_at,
                        generation: record.generation,
                    })?;
                }
                index.remove_setting(REBUILD)?;
                Ok(recovered)
            })
            .await;
        if let Ok(recovered) = recovered {
            if let Some(set_aside) = &mut self.state().set_aside {
                set_aside.recovered = Some(recovered);
            }
            drop(self.reload().await);
        }
    }
}
