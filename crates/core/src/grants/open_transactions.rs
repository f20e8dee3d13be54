//! The transactions that a link can finish, in this run or a later one: what each needs lies in a keychain entry of its own, and the index
//! lists which there are, so that a link for any other one reads no keychain.
//!
//! The list names a transaction by its hash. An entry that couldn't be removed stays listed as over, and is removed when the keychain is
//! next used for something that the person asked for.

use std::collections::HashSet;
use std::time::Duration;

use secrecy::ExposeSecret;
use sha2::{Digest, Sha256};

use super::Grants;
use super::vault::{PENDING, PendingRecord, Vault, VaultError};
use crate::ledger::OpenTransactionRow;
use crate::model::TransactionId;
use crate::model::problem::Problem;

/// By what the list names it.
pub(super) fn hash(transaction: &TransactionId) -> String {
    hex::encode(Sha256::digest(transaction.as_bytes()))
}

/// How long a person has in the browser (Monei: a code lives ten minutes; the backend's state as long).
pub const WAIT: Duration = Duration::from_secs(600);

/// Whether the transaction can still be finished at `now`. One that ends later than any begun now was written by a clock that was set back.
fn is_live(expires_at: i64, now: i64) -> bool {
    let longest = i64::try_from(WAIT.as_millis()).unwrap_or(i64::MAX);
    (1..=longest).contains(&expires_at.saturating_sub(now))
}

impl Grants {
    /// Writes what a link needs to finish the transaction, and reads it back: proof at once that the keychain can keep an approval. Earlier
    /// transactions are over then, as where the program had not been quit in between. In memory-only mode nothing is written.
    pub async fn open_transaction(&self, record: &PendingRecord) -> Result<(), Problem> {
        if self.in_memory() {
            return Ok(());
        }
        let challenge = record.verifier.challenge();
        let row = OpenTransactionRow { hash: hash(&challenge.transaction()), expires_at: record.expires_at };
        // First, so that an entry that is there is always listed.
        self.inner.ledger.put_open_transaction(row).await?;
        let (name, text) = (PendingRecord::name(&challenge.transaction()), record.encode());
        let kept = async {
            let keychain = self.inner.vault.keychain();
            keychain.write(&name, text.clone()).await?;
            let read = keychain.read(&name).await?;
            let same = read.is_some_and(|read| read.expose_secret() == text.expose_secret());
            if same { Ok(()) } else { Err(VaultError::Refused) }
        };
        self.shown(kept).await?;
        self.sweep_transactions().await;
        Ok(())
    }

    /// Whether a link can finish this transaction, as far as the index knows. Reads no keychain.
    pub async fn is_open(&self, transaction: &TransactionId) -> Result<bool, Problem> {
        let (hash, now) = (hash(transaction), self.now());
        Ok(self.inner.ledger.open_transactions().await?.iter().any(|row| row.hash == hash && is_live(row.expires_at, now)))
    }

    /// What finishing an open transaction needs; `None` where its entry is gone, damaged or too old.
    pub async fn read_open(&self, transaction: &TransactionId) -> Result<Option<PendingRecord>, Problem> {
        let name = PendingRecord::name(transaction);
        let text = self.shown(self.inner.vault.keychain().read(&name)).await?;
        let record = text.and_then(|text| match PendingRecord::decode(&text, transaction) {
            Ok(record) => Some(record),
            Err(error) => {
                tracing::warn!(%error, "what a transaction needs can't be read");
                None
            }
        });
        self.sweep_transactions().await;
        Ok(record.filter(|record| record.environment == self.inner.environment && is_live(record.expires_at, self.now())))
    }

    /// No link finishes the transaction any more: its answer is here.
    pub async fn end_transaction(&self, transaction: &TransactionId) {
        let hash = hash(transaction);
        if self.inner.ledger.end_open_transaction(hash).await.is_err() {
            tracing::warn!("a transaction could not be noted as over; it ends by its time");
        }
    }

    /// The transaction is over: removes its entry, and takes it off the list.
    pub async fn close_transaction(&self, transaction: &TransactionId) {
        self.end_transaction(transaction).await;
        // Other answers of it are still being redeemed; what comes of them closes it.
        if self.has_answers(transaction).await {
            return;
        }
        let hash = hash(transaction);
        let listed = self.inner.ledger.open_transactions().await;
        if !listed.is_ok_and(|rows| rows.iter().any(|row| row.hash == hash)) {
            return;
        }
        if let Err(error) = self.inner.vault.keychain().delete(&PendingRecord::name(transaction)).await {
            tracing::warn!(%error, "the entry of a transaction that is over could not be removed yet");
            return;
        }
        if self.inner.ledger.remove_open_transactions(vec![hash]).await.is_err() {
            tracing::warn!("a transaction that is over stays listed; the next one takes it off");
        }
    }

    /// Removes the entries of transactions that are over. Called where the keychain has just been used for something that the person asked
    /// for, and leaves it alone where there is nothing to remove.
    pub async fn sweep_transactions(&self) {
        let now = self.now();
        let Ok(rows) = self.inner.ledger.open_transactions().await else { return };
        let Ok(answered) = self.inner.ledger.answered().await else { return };
        let has_answers = |row: &OpenTransactionRow| answered.iter().any(|listed| listed.hash == row.hash);
        let (live, over): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| is_live(row.expires_at, now) || has_answers(row));
        if over.is_empty() || self.in_memory() {
            return;
        }
        let live: HashSet<String> = live.into_iter().map(|row| row.hash).collect();
        if let Err(error) = remove_entries(self.inner.vault.keychain(), &live).await {
            tracing::warn!(%error, "the entries of transactions that are over could not be removed yet");
            return;
        }
        let removed = self.inner.ledger.remove_open_transactions(over.into_iter().map(|row| row.hash).collect()).await;
        if removed.is_ok() {
            tracing::debug!("the entries of transactions that are over are removed");
        }
    }
}

/// Removes the entries of all transactions but the `live` ones.
async fn remove_entries(keychain: &dyn Vault, live: &HashSet<String>) -> Result<(), VaultError> {
    for name in keychain.list().await? {
        if name.strip_prefix(PENDING).is_some_and(|transaction| !live.contains(&hash(&transaction.into()))) {
            keychain.delete(&name).await?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transaction_is_live_until_its_time_and_never_longer_than_a_new_one() {
        let now = 1_768_467_600_000;
        for (left_ms, live) in [(1, true), (600_000, true), (0, false), (-1, false), (600_001, false), (86_400_000, false)] {
            assert_eq!(is_live(now + left_ms, now), live, "{left_ms}");
        }
        assert!(!is_live(0, now) && !is_live(i64::MAX, now) && !is_live(i64::MIN, now));
    }
}
