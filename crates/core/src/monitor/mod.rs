//! When something is checked unasked: somebody looks at the window, and what may have happened meanwhile is found out, once, and not again
//! for a while. Nothing here opens the keychain's dialog or writes to it.

mod keep_alive;
mod unseen;

use std::sync::{Arc, Mutex, PoisonError};

use tokio::task::JoinSet;

use crate::access::{Accesses, is_checkable};
use crate::clock::Clock;
use crate::grants::Grants;
use crate::ledger::{Known, Ledger, StoredHealth};
use crate::model::problem::{Problem, ProblemCode};
use crate::model::{AccountId, Caller};
use crate::provider::{Provider, ServiceStatus};

/// Least time between two looks while all is well, in milliseconds.
const WELL_MS: i64 = 300_000;
/// And while something isn't, so that its end is seen soon.
const UNWELL_MS: i64 = 10_000;
/// Most accounts that are checked at the same time: a Monei that doesn't answer costs one time limit for all of them, and waking up makes
/// no storm.
const AT_ONCE: usize = 2;

/// Checks unasked. Cheap to clone.
#[derive(Clone)]
pub struct Monitor {
    ledger: Ledger,
    provider: Provider,
    grants: Grants,
    access: Accesses,
    clock: Arc<dyn Clock>,
    /// When somebody last looked, in milliseconds since the Unix epoch.
    looked: Arc<Mutex<Option<i64>>>,
    /// What was found out while nobody looked.
    unseen: unseen::Unseen,
}

impl Monitor {
    /// Uses these.
    pub fn new(ledger: Ledger, provider: Provider, grants: Grants, access: Accesses, clock: Arc<dyn Clock>) -> Self {
        Self { ledger, provider, grants, access, clock, looked: Arc::default(), unseen: unseen::Unseen::default() }
    }

    /// Called when the window comes to the front, and now and then while it is there: looks how the keychain stands, asks the backend, and
    /// checks each account that can be checked without spending. Does so if the last look was five minutes ago, or ten seconds while
    /// something is wrong that may pass by itself, whoever found that out; or when the keychain has been unlocked meanwhile. In between it
    /// checks accounts whose rate limit at Monei has ended.
    pub async fn look(&self) {
        // Another copy of this program may have changed something. Where the index can't be read, the accounts' checks tell.
        drop(self.ledger.reload().await);
        let unlocked = self.grants.was_unlocked_elsewhere().await;
        let now = self.clock.now_ms();
        let pause = if self.may_mend_by_itself() { UNWELL_MS } else { WELL_MS };
        let due = {
            let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
            // Before the last look: the clock was set back.
            let due = unlocked || looked.is_none_or(|at| now < at || now - at >= pause);
            if due {
                *looked = Some(now);
            }
            due
        };
        let (waited, doubtful) = (self.provider.ended_backoffs(), self.look_at_doubts());
        if due {
            self.poll().await;
        }
        let mut accounts = self.checkable();
        accounts.retain(|account| due || waited.contains(account) || doubtful.contains(account));
        self.check_all(&accounts).await;
    }

    /// Reads how the keychain stands, without opening its dialog, and asks the backend who it is.
    pub async fn poll(&self) {
        let (keychain, backend) = tokio::join!(self.grants.look_at_keychain(), self.provider.ask_backend());
        self.after(keychain.is_ok(), backend.is_ok()).await;
    }

    /// The person wants everything tried anew: the keychain, which may open its dialog, and the backend. Finishes what an earlier run left
    /// undone, and checks the accounts that the keychain kept locked.
    pub async fn probe(&self) {
        let (keychain, backend) = tokio::join!(self.grants.check_keychain(), self.provider.ask_backend());
        self.after(keychain.is_ok(), backend.is_ok()).await;
        if keychain.is_ok() {
            let locked_out: Vec<AccountId> = self.checkable_where(|known| is_locked_out(&known.row.health));
            self.check_all(&locked_out).await;
        }
    }

    async fn after(&self, keychain: bool, backend: bool) {
        if self.grants.is_keychain_open() {
            self.grants.rebuild().await;
        }
        if keychain && backend {
            self.grants.discard_orphans().await;
        }
    }

    /// Whether something is wrong that may be over at any moment, with nobody doing anything about it here.
    fn may_mend_by_itself(&self) -> bool {
        let passes = |health: &StoredHealth| match health {
            StoredHealth::Unreachable(code) => ProblemCode::named(code).is_some_and(ProblemCode::may_pass),
            _ => false,
        };
        let unreachable = self.ledger.known().iter().any(|known| passes(&known.row.health));
        unreachable || matches!(self.provider.service().status, ServiceStatus::Problem(problem) if problem.code.may_pass())
    }

    /// The accounts of the present backend that can be checked without spending.
    fn checkable(&self) -> Vec<AccountId> {
        let here = self.provider.origin();
        self.checkable_where(|known| known.grants.iter().any(|grant| Some(&grant.backend) == here.as_ref()))
    }

    fn checkable_where(&self, wanted: impl Fn(&Known) -> bool) -> Vec<AccountId> {
        let known = self.ledger.known();
        let checkable = known.iter().filter(|known| known.grants.iter().any(|grant| is_checkable(&known.in_use(&grant.scopes))));
        checkable.filter(|known| wanted(known)).map(|known| known.row.id.clone()).collect()
    }

    /// The first alone, then some at the same time. Trouble that would be the same for each of them ends the round, and shows on all.
    async fn check_all(&self, accounts: &[AccountId]) {
        if let Some(problem) = self.grants.keychain_trouble() {
            return self.note_all(accounts, &problem).await;
        }
        let Some((first, rest)) = accounts.split_first() else { return };
        let mut round = Round::default();
        round.count(&self.access.check(&Caller::Monitor, first).await);
        let mut rest = rest.iter();
        let mut checks = JoinSet::new();
        while round.trouble.is_none() {
            while checks.len() < AT_ONCE
                && let Some(account) = rest.next().cloned()
            {
                let access = self.access.clone();
                checks.spawn(async move { access.check(&Caller::Monitor, &account).await });
            }
            match checks.join_next().await {
                Some(Ok(outcome)) => round.count(&outcome),
                Some(Err(error)) => tracing::error!(%error, "an account could not be checked"),
                None => return,
            }
        }
        // Those that are under way tell for themselves.
        while checks.join_next().await.is_some() {}
        if let Some(problem) = round.trouble {
            let left: Vec<AccountId> = rest.cloned().collect();
            self.note_all(&left, &problem).await;
        }
    }

    async fn note_all(&self, accounts: &[AccountId], problem: &Problem) {
        for account in accounts {
            self.access.note(account, Err(problem)).await;
        }
    }
}

/// What one round of checks has come to.
#[derive(Default)]
struct Round {
    /// Monei has answered about an account.
    answered: bool,
    /// How often it didn't.
    unanswered: u32,
    /// What would be the same for every account.
    trouble: Option<Problem>,
}

impl Round {
    fn count(&mut self, outcome: &Result<(), Problem>) {
        match outcome {
            Err(problem) if is_everybodys(problem.code) => self.trouble = Some(problem.clone()),
            Err(problem) if problem.code == ProblemCode::ProviderUnavailable => {
                self.unanswered += 1;
                // One may be that account's own trouble at Monei. Two, and no answer about any: it is down, and each costs a time limit.
                if self.unanswered > 1 && !self.answered {
                    self.trouble = Some(problem.clone());
                }
            }
            // Everything else is one account's, and most of it is found out on this computer: it tells nothing of Monei.
            Err(problem) => self.answered |= is_an_answer(problem.code),
            Ok(()) => self.answered = true,
        }
    }
}

fn is_locked_out(health: &StoredHealth) -> bool {
    matches!(health, StoredHealth::Unreachable(code) if ProblemCode::named(code).is_some_and(ProblemCode::is_of_keychain))
}

/// Whether Monei has said so.
fn is_an_answer(code: ProblemCode) -> bool {
    use ProblemCode as P;
    matches!(code, P::AccessRevoked | P::SomebodyElse | P::LimitReached | P::AnswerUnreadable)
}

/// Whether it would be the same for the next account.
fn is_everybodys(code: ProblemCode) -> bool {
    use ProblemCode as P;
    matches!(
        code,
        P::Offline
            | P::AddressUnknown
            | P::NetworkIntercepted
            | P::ProxyRefused
            | P::ProxyPassword
            | P::ProxyUnreachable
            | P::ProxySetting
            | P::CertificatesMissing
            | P::BackendUnreachable
            | P::BackendCertificate
            | P::KeychainLocked
            | P::KeychainDismissed
            | P::KeychainNotSetUp
            | P::KeychainAbsent
            | P::KeychainNoBus
            | P::KeychainFailed
            | P::KeychainStopped
            | P::KeychainTimeout
            | P::IndexUnavailable
    )
}
