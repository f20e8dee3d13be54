//! Somebody looks at the window: what may have happened meanwhile is found out, once, and not again for a while.

use super::Connections;
use crate::problem::{Problem, ProblemCode};
use crate::view::{BackendStatus, Health};

/// Least time between two looks while all is well, in milliseconds.
const WELL_MS: i64 = 300_000;
/// And while something isn't, so that its end is seen soon.
const UNWELL_MS: i64 = 10_000;

impl Connections {
    /// Called when the window comes to the front, and now and then while it is there: checks keychain, backend and each account that can
    /// be checked without spending. Does nothing if the last look was less than five minutes ago, or ten seconds while Monei or the
    /// backend can't be reached, whoever found that out.
    pub async fn look(&self) {
        let now = self.now();
        let pause = if self.may_mend_by_itself() { UNWELL_MS } else { WELL_MS };
        {
            let mut state = self.state();
            // Before the last look: the clock was set back.
            let due = state.looked.is_none_or(|at| now < at || now - at >= pause);
            if !due {
                return;
            }
            state.looked = Some(now);
        }
        self.probe().await;
        self.check_all().await;
    }

    /// Whether something is wrong that may be over at any moment. A locked keychain isn't of that kind: each look would open its dialog.
    fn may_mend_by_itself(&self) -> bool {
        let view = self.view();
        let unreachable = view.accounts.iter().any(|account| matches!(account.health, Health::Unreachable { .. }));
        unreachable || matches!(view.backend.status, BackendStatus::Problem { .. })
    }

    /// One after the other, so that waking up makes no storm. Trouble that isn't one account's own ends the round.
    async fn check_all(&self) {
        let accounts: Vec<String> = {
            let view = self.view();
            let checkable = view.accounts.iter().filter(|account| account.checkable && account.other_backend.is_none());
            checkable.map(|account| account.id.clone()).collect()
        };
        for (position, account) in accounts.iter().enumerate() {
            let Err(problem) = self.check(account).await else { continue };
            match problem.code {
                // Monei or the backend wants to be left alone; nothing is known of the accounts that are left.
                ProblemCode::Busy => return,
                code if is_everybodys(code) => return self.note_all(&accounts[position + 1..], &problem).await,
                _ => {}
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
            | P::NetworkIntercepted
            | P::ProxyRefused
            | P::BackendUnreachable
            | P::BackendCertificate
            | P::KeychainLocked
            | P::KeychainAbsent
            | P::KeychainTimeout
            | P::IndexUnavailable
    )
}
