//! After a damaged index was set aside: its accounts are found again by their records in the keychain.

use super::vault::{GrantRecord, PENDING, PROBE};
use super::{Grants, held};
use crate::ledger::{Found, Recovered};

/// A damaged index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetAside {
    /// Name of the file that it is in now, in the data folder.
    pub file: String,
    /// How many accounts were found again. `None` while that wasn't possible.
    pub recovered: Option<u32>,
}

impl Grants {
    /// Looks through the keychain once, if a damaged index is waiting for that. Names come back when a person looks at the accounts.
    pub async fn rebuild(&self) {
        let waits = held(&self.inner.set_aside).as_ref().is_some_and(|set_aside| set_aside.recovered.is_none());
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
                Some(transaction) => self.is_open(&transaction.into()).await == Ok(false) && !self.has_answers(&transaction.into()).await,
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
        let found = found.into_iter().map(|(id, record): (String, GrantRecord)| Found {
            id: id.into(),
            account: record.account.into(),
            backend: record.backend,
            scopes: record.scopes,
            expires_at: record.expires_at,
            generation: record.generation,
        });
        if let Ok(recovered) = self.inner.ledger.apply(Recovered(found.collect())).await {
            if let Some(set_aside) = &mut *held(&self.inner.set_aside) {
                set_aside.recovered = Some(recovered);
            }
            self.inner.changed.tell();
        }
    }
}
