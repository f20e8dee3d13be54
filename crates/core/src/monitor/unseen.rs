//! While nobody looks: an account is checked only while one of its access tokens is alive, at most once in that token's life, by the
//! cheapest call that its scopes allow. Nothing is refreshed for it, so a refused token is only a doubt until somebody looks.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::Monitor;
use crate::access::{Unseen as Answer, is_checkable};
use crate::ledger::{GrantRow, Known, StoredHealth};
use crate::model::{AccountId, GrantId};

/// A token is checked this close to its end, in milliseconds: of what may happen in its life, the most has happened by then. The last five
/// minutes are left out, since a token is refreshed from then on.
const NEAR_ITS_END_MS: i64 = 900_000;

/// What is remembered of it, for this run.
#[derive(Clone, Default)]
pub(super) struct Unseen {
    /// The tokens that were checked, each by its grant and its end.
    checked: Arc<Mutex<HashSet<(GrantId, i64)>>>,
    /// What was found out, until something proves more.
    doubts: Arc<Mutex<Vec<Doubt>>>,
    /// The accounts of these.
    doubtful: watch::Sender<Vec<AccountId>>,
}

/// A living token of an account was refused.
struct Doubt {
    account: AccountId,
    /// When Monei had last answered for the account until then, in milliseconds since the Unix epoch. Another time is that of a later
    /// answer, also where the clock was set back in between.
    checked_at: Option<i64>,
    /// The account's grants until then.
    grants: HashSet<GrantId>,
    /// Somebody has looked since, which made the account due once.
    looked: bool,
}

impl Unseen {
    /// Notes that a token is checked. False: it was before.
    fn mark_checked(&self, grant: &GrantRow, now: i64) -> bool {
        let mut checked = self.checked.lock().unwrap_or_else(PoisonError::into_inner);
        checked.retain(|(_, ends)| *ends > now);
        checked.insert((grant.id.clone(), grant.expires_at))
    }

    fn doubts(&self) -> MutexGuard<'_, Vec<Doubt>> {
        self.doubts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, doubts: &[Doubt]) {
        let accounts: Vec<AccountId> = doubts.iter().map(|doubt| doubt.account.clone()).collect();
        self.doubtful.send_if_modified(|told| std::mem::replace(told, accounts.clone()) != accounts);
    }
}

impl Monitor {
    /// Checks the accounts whose access token is about to end, where that wasn't done yet. Nothing is refreshed, and the keychain opens no
    /// dialog.
    pub async fn look_unseen(&self) {
        if self.grants.keychain_trouble().is_some() {
            return;
        }
        // Another process may have refreshed a token. Where the index can't be read, nothing is due.
        if self.ledger.reload().await.is_err() {
            return;
        }
        let now = self.clock.now_ms();
        let due: Vec<(AccountId, GrantRow)> = self.ledger.known().iter().filter_map(|known| self.due(known, now)).collect();
        for (account, grant) in due {
            if !self.unseen.mark_checked(&grant, now) {
                continue;
            }
            match self.access.check_unseen(&account, &grant).await {
                Ok(Answer::Refused) => self.doubt(account),
                Ok(Answer::Works | Answer::NotAsked) => {}
                Err(problem) => tracing::info!(code = ?problem.code, "an account could not be checked while nobody looked"),
            }
        }
    }

    /// The account's token that is to be checked now: the one that ends last.
    fn due(&self, known: &Known, now: i64) -> Option<(AccountId, GrantRow)> {
        let Known { row, grants, .. } = known;
        let rests = matches!(row.health, StoredHealth::NeedsReconnect(_)) || self.provider.backoff_s(&row.id).is_some();
        let here = self.provider.origin();
        let checkable = grants.iter().filter(|grant| Some(&grant.backend) == here.as_ref() && is_checkable(&known.in_use(&grant.scopes)));
        let grant = checkable.max_by_key(|grant| grant.expires_at).filter(|_| !rests)?;
        let since = grant.expires_at.saturating_sub(NEAR_ITS_END_MS);
        // Also by an earlier run, or by somebody who looked.
        let answered = row.checked_at.is_some_and(|at| at >= since);
        (now >= since && now < grant.expires_at && !answered).then(|| (row.id.clone(), grant.clone()))
    }

    /// The accounts whose living token Monei refused while nobody looked, now and after each change.
    pub fn doubtful(&self) -> watch::Receiver<Vec<AccountId>> {
        self.unseen.doubtful.subscribe()
    }

    fn doubt(&self, account: AccountId) {
        tracing::info!("Monei refused a living token while nobody looked");
        let known = self.ledger.known();
        let known = known.iter().find(|known| known.row.id == account);
        let checked_at = known.and_then(|known| known.row.checked_at);
        let grants = known.iter().flat_map(|known| &known.grants).map(|grant| grant.id.clone()).collect();
        let mut doubts = self.unseen.doubts();
        doubts.retain(|doubt| doubt.account != account);
        doubts.push(Doubt { account, checked_at, grants, looked: false });
        self.unseen.tell(&doubts);
    }

    /// The doubtful accounts for which nobody has looked yet. From then on somebody has.
    pub(super) fn look_at_doubts(&self) -> Vec<AccountId> {
        let mut doubts = self.unseen.doubts();
        let first = |doubt: &mut Doubt| (!std::mem::replace(&mut doubt.looked, true)).then(|| doubt.account.clone());
        doubts.iter_mut().filter_map(first).collect()
    }

    /// Drops each doubt that what is known by now has settled: Monei took a token since, the account was approved again, its access is known
    /// to have ended, or it can't be checked any more. A check that came to nothing settles none.
    pub(crate) fn settle_doubts(&self) {
        let mut doubts = self.unseen.doubts();
        if doubts.is_empty() {
            return;
        }
        let known = self.ledger.known();
        doubts.retain(|doubt| {
            known.iter().find(|known| known.row.id == doubt.account).is_some_and(|Known { row, grants, .. }| {
                let works = row.checked_at != doubt.checked_at || grants.iter().any(|grant| !doubt.grants.contains(&grant.id));
                !works && !matches!(row.health, StoredHealth::NeedsReconnect(_))
            })
        });
        let checkable = self.checkable_where(|_| true);
        doubts.retain(|doubt| checkable.contains(&doubt.account));
        self.unseen.tell(&doubts);
    }
}
