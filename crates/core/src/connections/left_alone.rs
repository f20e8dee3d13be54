//! Monei's wish to be left alone for a while (429 with `Retry-After`): until it is over, nothing is called for that account, and the
//! person sees the seconds.

use std::time::Duration;

use super::{Connections, State};
use crate::clock::{Clock, Since};
use crate::problem::{Problem, ProblemCode};

/// A rate limit that was told: when, and for how long. It passes while the computer sleeps, and no sooner or later if its clock is set.
pub(super) struct RateLimit {
    told: Since,
    lasts: Duration,
}

impl Connections {
    /// Keeps what a call came to in mind, where it is such a wish.
    pub(super) fn heed<T>(&self, account: &str, outcome: &Result<T, Problem>) {
        if let Err(Problem { code: ProblemCode::Busy, retry_after_s: Some(seconds), .. }) = outcome {
            let limit = RateLimit { told: Since::now(self.clock()), lasts: Duration::from_secs((*seconds).into()) };
            self.state().left_alone.insert(account.to_owned(), limit);
        }
    }

    /// # Errors
    /// [`ProblemCode::Busy`] with the seconds that are left.
    pub(super) fn may_call(&self, account: &str) -> Result<(), Problem> {
        self.state().seconds_left(account, self.clock()).map_or(Ok(()), |seconds| Err(Problem::busy(seconds)))
    }
}

impl State {
    /// The accounts about which Monei doesn't want to be left alone any more. Each is told once.
    pub(super) fn no_longer_left_alone(&mut self, clock: &dyn Clock) -> Vec<String> {
        self.left_alone.extract_if(|_, limit| limit.told.left(limit.lasts, clock).is_none()).map(|(account, _)| account).collect()
    }

    /// How long Monei still wants to be left alone about this account, in seconds, rounded up.
    pub(super) fn seconds_left(&self, account: &str, clock: &dyn Clock) -> Option<u64> {
        let limit = self.left_alone.get(account)?;
        let left = limit.told.left(limit.lasts, clock)?;
        Some(left.as_millis().div_ceil(1000).try_into().unwrap_or(u64::MAX)).filter(|seconds| *seconds > 0)
    }
}
