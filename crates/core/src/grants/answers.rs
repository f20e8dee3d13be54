//! The browser's answers while they are redeemed: the backend may have tokens for them that nobody has stored yet, and gives them once more
//! to the same proof for two minutes. So the answers are kept in their transaction's keychain entry, the index lists that transaction, and
//! whoever redeems them has a lock: where that process ends, another one goes on ([`Grants::take_up_answers`]), or tells that an approval may
//! live on at Monei.

use std::time::Duration;

use tokio::time::Instant;

use super::lock::Lock;
use super::vault::{PENDING, PendingRecord, VaultError, unasked};
use super::{Grants, open_transactions};
use crate::clock::{Clock, Moment, Since};
use crate::failpoint::failpoint;
use crate::ledger::{AnswerLost, Answered};
use crate::model::problem::Problem;
use crate::model::{GrantId, TransactionId};

/// How long a handoff lives, and how long the backend gives the same tokens for it after that.
pub const ANSWER_LIFE: Duration = Duration::from_secs(120);
/// Longest wait for another process, which has the lock for this long only where it redeems the same answers.
const LOCK_LIMIT: Duration = Duration::from_secs(1);

/// The answers of one transaction are redeemed here: for as long as this lives, no other process takes them up.
pub struct Redeeming {
    hash: String,
    lock: Lock,
    /// The grant that an earlier process listed for their tokens and didn't store.
    pub(super) grant: Option<GrantId>,
}

/// What is left of answers that nobody redeems any more.
pub enum Left {
    /// They can be redeemed again.
    Answers(Box<LeftAnswers>),
    /// They can't, and an approval may live on at Monei. The history tells it.
    Lost,
}

/// Answers to be redeemed again.
pub struct LeftAnswers {
    /// Keeps other processes away.
    pub redeeming: Redeeming,
    /// Whose they are.
    pub transaction: TransactionId,
    /// The answers, and what redeeming them needs.
    pub pending: PendingRecord,
    /// Whether the person still wants what comes of them.
    pub is_wanted: bool,
    /// For how long they are worth being offered.
    pub time: TimeLeft,
}

/// A time that is over at a moment of this run.
#[derive(Clone, Debug)]
pub struct TimeLeft {
    from: Since,
    span: Duration,
}

impl TimeLeft {
    /// What is left once `wait` will have passed; `None` when nothing is.
    pub fn after(&self, wait: Duration, clock: &dyn Clock) -> Option<Duration> {
        self.from.left(self.span, clock)?.checked_sub(wait)
    }
}

impl Grants {
    /// Keeps the answers in `pending` for a later start, before they are redeemed. Opens no dialog; where the keychain can't keep them, the
    /// index alone remembers that an approval could be lost. `None` where nothing outlasts this process, or another one redeems them too.
    pub async fn keep_answers(&self, redeeming: Option<Redeeming>, pending: &PendingRecord) -> Option<Redeeming> {
        let transaction = pending.verifier.challenge().transaction();
        let redeeming = match redeeming {
            Some(redeeming) => redeeming,
            None => {
                self.inner.locks.as_ref()?;
                let hash = open_transactions::hash(&transaction);
                let lock = self.lock(&lock_name(&hash), Instant::now() + LOCK_LIMIT).await.ok()?;
                Redeeming { hash, lock, grant: None }
            }
        };
        let ledger = &self.inner.ledger;
        if !self.in_memory() {
            let name = PendingRecord::name(&transaction);
            let kept = async {
                // An entry that is there is always listed.
                ledger.list_transaction(redeeming.hash.clone()).await?;
                unasked(self.inner.vault.keychain().write(&name, pending.encode())).await.map_err(Problem::from)
            };
            if let Err(problem) = kept.await {
                tracing::warn!(code = ?problem.code, "an answer can't be kept for a later start while it is redeemed");
            }
        }
        if ledger.put_answered(redeeming.hash.clone(), ANSWER_LIFE.as_secs()).await.is_err() {
            tracing::warn!("a later start won't know that an answer was being redeemed");
        }
        failpoint!("connect.answered");
        Some(redeeming)
    }

    /// The backend has put the transaction's answers off, and takes them until `wait` has passed and for as long as new ones.
    pub async fn put_off_answers(&self, transaction: &TransactionId, wait: Duration) {
        let for_s = (wait + ANSWER_LIFE).as_secs();
        if self.inner.ledger.put_off_answered(open_transactions::hash(transaction), for_s).await.is_err() {
            tracing::warn!("a later start won't know that an answer was put off");
        }
    }

    /// What came of the answers is stored, taken back or told: no later start looks for it.
    pub async fn forget_answers(&self, redeeming: Option<Redeeming>) {
        let Some(Redeeming { hash, lock, .. }) = redeeming else { return };
        if self.inner.ledger.remove_answered(hash).await.is_ok() {
            lock.remove();
        } else {
            tracing::warn!("answers that were redeemed stay listed; a later start offers them once more");
        }
    }

    /// Nobody learns any more what the answers gave. The history tells that an approval may live on, once.
    pub async fn lose_answers(&self, redeeming: Redeeming) -> bool {
        let Redeeming { hash, lock, .. } = redeeming;
        let told = self.inner.ledger.apply(AnswerLost { transaction: hash }).await;
        if told.is_ok() {
            tracing::warn!("an approval may be alive at Monei, and its tokens are nowhere");
            lock.remove();
        }
        told == Ok(true)
    }

    /// Whether answers of the transaction are listed as being redeemed.
    pub async fn has_answers(&self, transaction: &TransactionId) -> bool {
        let hash = open_transactions::hash(transaction);
        self.answered().await.iter().any(|listed| listed.hash == hash)
    }

    /// The transactions whose answers are being redeemed, here or elsewhere, or were when a process ended.
    pub(super) async fn answered(&self) -> Vec<Answered> {
        self.inner.ledger.answered().await.unwrap_or_default()
    }

    /// Takes hold of answers that were being redeemed when a process ended. What can't be told now, since the keychain is locked, say, is left
    /// for the next look. Opens no dialog.
    pub async fn take_up_answers(&self) -> Vec<Left> {
        let mut found = Vec::new();
        for Answered { hash, .. } in self.answered().await {
            // Held: somebody redeems them.
            let Some(lock) = self.try_lock(&lock_name(&hash)).await else { continue };
            // Whoever held it may have come to its end just now.
            let Some(listed) = self.answered().await.into_iter().find(|listed| listed.hash == hash) else {
                lock.remove();
                continue;
            };
            let grant = listed.grant.clone().map(GrantId::from);
            found.extend(unasked(self.take_up(Redeeming { hash, lock, grant }, &listed)).await);
        }
        found
    }

    async fn take_up(&self, redeeming: Redeeming, listed: &Answered) -> Option<Left> {
        let from = Since::now(self.inner.clock.as_ref());
        let age = u64::try_from(listed.since.age_ms(&Moment::now(self.inner.clock.as_ref()))).unwrap_or(0);
        let time = Duration::from_secs(listed.good_for_s).checked_sub(Duration::from_millis(age)).filter(|left| !left.is_zero());
        let time = time.map(|span| TimeLeft { from, span });
        if let Some(grant) = &redeeming.grant {
            let is_stored = match self.vault().read(grant).await {
                Ok(record) => record.is_some(),
                Err(_) if time.is_some() => return None,
                Err(_) => false,
            };
            // From here on it is a grant in no account like any other, which is taken back, or told as lost where its record is missing.
            if is_stored || time.is_none() {
                self.forget_answers(Some(redeeming)).await;
                unasked(self.sweep_transactions()).await;
                return None;
            }
        }
        if let Some(time) = time {
            let read = self.read_answers(&redeeming.hash).await.ok()?;
            let usable = read.filter(|(_, pending)| pending.environment == self.inner.environment && !pending.answers.is_empty());
            if let Some((transaction, pending)) = usable {
                let is_wanted = !listed.unwanted;
                return Some(Left::Answers(Box::new(LeftAnswers { redeeming, transaction, pending, is_wanted, time })));
            }
        }
        if redeeming.grant.is_some() {
            self.forget_answers(Some(redeeming)).await;
            return None;
        }
        let is_news = self.lose_answers(redeeming).await;
        unasked(self.sweep_transactions()).await;
        is_news.then_some(Left::Lost)
    }

    /// The entry of the transaction with this hash, where there is a sound one.
    async fn read_answers(&self, hash: &str) -> Result<Option<(TransactionId, PendingRecord)>, VaultError> {
        let keychain = self.inner.vault.keychain();
        let names = keychain.list().await?;
        let mut transactions = names.iter().filter_map(|name| name.strip_prefix(PENDING)).map(TransactionId::from);
        let Some(transaction) = transactions.find(|transaction| open_transactions::hash(transaction) == *hash) else { return Ok(None) };
        let text = keychain.read(&PendingRecord::name(&transaction)).await?;
        let pending = text.and_then(|text| PendingRecord::decode(&text, &transaction).ok());
        Ok(pending.map(|pending| (transaction, pending)))
    }
}

/// Whoever redeems the answers of the transaction with this hash has the lock of this name. No grant has a dot in its name.
fn lock_name(hash: &str) -> GrantId {
    format!("{hash}.answers").into()
}
