//! Monei's rate limit (429 with `Retry-After`), by account: until it is over nothing is called for that account, and the person sees the
//! seconds.

use std::time::Duration;

use super::{Provider, held};
use crate::clock::Since;
use crate::model::AccountId;
use crate::model::problem::{Problem, ProblemCode};

/// A rate limit that was told: when, and for how long. It passes while the computer sleeps, and no sooner or later if its clock is set.
pub(super) struct RateLimit {
    told: Since,
    lasts: Duration,
}

impl Provider {
    /// Remembers the rate limit, if that is what a call came to.
    pub fn record_retry_after<T>(&self, account: &AccountId, outcome: &Result<T, Problem>) {
        if let Err(Problem { code: ProblemCode::Busy, retry_after_s: Some(seconds), .. }) = outcome {
            let limit = RateLimit { told: Since::now(self.inner.clock.as_ref()), lasts: Duration::from_secs((*seconds).into()) };
            held(&self.inner.backoff).insert(account.clone(), limit);
        }
    }

    /// Whether Monei may be called for the account.
    ///
    /// # Errors
    /// [`ProblemCode::Busy`] with the seconds that are left.
    pub fn check_backoff(&self, account: &str) -> Result<(), Problem> {
        self.backoff_s(account).map_or(Ok(()), |seconds| Err(Problem::busy(seconds)))
    }

    /// How long Monei must not be called for the account, in seconds, rounded up.
    pub fn backoff_s(&self, account: &str) -> Option<u64> {
        let backoff = held(&self.inner.backoff);
        let limit = backoff.get(account)?;
        let left = limit.told.left(limit.lasts, self.inner.clock.as_ref())?;
        Some(left.as_millis().div_ceil(1000).try_into().unwrap_or(u64::MAX)).filter(|seconds| *seconds > 0)
    }

    /// The accounts whose rate limit has ended. Each is told once.
    pub fn ended_backoffs(&self) -> Vec<AccountId> {
        let clock = self.inner.clock.as_ref();
        let mut backoff = held(&self.inner.backoff);
        backoff.extract_if(|_, limit| limit.told.left(limit.lasts, clock).is_none()).map(|(account, _)| account).collect()
    }
}
