//! Somebody looks at the window: what may have happened meanwhile is found out, once, and not again for a while.

use super::Connections;
use crate::problem::{Problem, ProblemCode};
use crate::view::{BackendStatus, Health};

/// Least time between two looks while all is well, in milliseconds.
const WELL_MS: i64 = 300_000;
/// And while something isn't, so that its end is seen soon.
const UNWELL_MS: i64 = 10_000;

impl Connections {
    /// Called when the window comes to the front, and now and then while it is there: looks how the keychain stands, asks the backend, and
    /// checks each account that can be checked without spending. Opens no dialog of the keychain and writes nothing to it. Does so if the
    /// last look was five minutes ago, or ten seconds while something is wrong that may pass by itself, whoever found that out; or when the
    /// keychain has been unlocked meanwhile. In between it checks accounts whose rate limit at Monei has ended.
    pub async fn look(&self) {
        // Another copy of this program may have changed something. Where the index can't be read, the accounts' checks tell.
        drop(self.reload().await);
        let unlocked = self.was_unlocked_elsewhere().await;
        let now = self.now();
        let pause = if self.may_mend_by_itself() { UNWELL_MS } else { WELL_MS };
        let (due, waited) = {
            let mut state = self.state();
            // Before the last look: the clock was set back.
            let due = unlocked || state.looked.is_none_or(|at| now < at || now - at >= pause);
            if due {
                state.looked = Some(now);
            }
            (due, state.no_longer_left_alone(self.clock()))
        };
        if due {
            self.poll().await;
        }
        let mut accounts = self.checkable();
        accounts.retain(|account| due || waited.contains(account));
        if !accounts.is_empty() {
            self.check_all(&accounts).await;
        }
    }

    /// Whether the keychain, which couldn't be used at the last look, can be now. Reading that costs nothing and disturbs nobody.
    async fn was_unlocked_elsewhere(&self) -> bool {
        let waits = !self.inner.vault.in_memory() && self.keychain_trouble().is_some();
        waits && !self.state().dialogs.any_open() && self.look_at_keychain().await.is_ok()
    }

    /// Whether something is wrong that may be over at any moment, with nobody doing anything about it here.
    fn may_mend_by_itself(&self) -> bool {
        let view = self.view();
        let passes = |problem: &Problem| problem.code.may_pass();
        let unreachable = view.accounts.iter().any(|account| matches!(&account.health, Health::Unreachable { reason } if passes(reason)));
        unreachable || matches!(&view.backend.status, BackendStatus::Problem { problem } if passes(problem))
    }

    fn checkable(&self) -> Vec<String> {
        let view = self.view();
        let checkable = view.accounts.iter().filter(|account| account.checkable && account.other_backend.is_none());
        checkable.map(|account| account.id.clone()).collect()
    }

    /// One after the other, so that waking up makes no storm. Trouble that isn't one account's own ends the round.
    pub(super) async fn check_all(&self, accounts: &[String]) {
        if let Some(problem) = self.keychain_trouble() {
            return self.note_all(accounts, &problem).await;
        }
        for (position, account) in accounts.iter().enumerate() {
            // Being left alone is one account's wish, whether it is an old one or has just been told.
            let Err(problem) = self.check_account(account).await else { continue };
            if is_everybodys(problem.code) {
                return self.note_all(&accounts[position + 1..], &problem).await;
            }
        }
    }

    async fn note_all(&self, accounts: &[String], problem: &Problem) {
        for account in accounts {
            if self.note(account, Some(problem)).await.is_err() {
                return;
            }
        }
    }
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
