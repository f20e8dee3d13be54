//! Calls a minute, over a sliding window of the sandbox's clock.

use std::collections::{HashMap, VecDeque};

use crate::model::clock::{MINUTE, Millis, SECOND, http_date};
use crate::model::switches::{RefusedCallsCount, RetryAfter};

/// What is limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Limited {
    Token,
    AuthorizeGet,
    AuthorizePost,
}

/// The calls of the last minute, by what was called and by whom.
#[derive(Debug, Default)]
pub(crate) struct Quotas {
    calls: HashMap<(Limited, String), VecDeque<Millis>>,
    /// So many callers are kept before those that are quiet are swept out.
    sweep_at: usize,
}

/// Least number of callers that are swept.
const SWEPT_FROM: usize = 1_000;
/// The highest limit that there is.
const MOST_COUNTED: usize = 100_000;

/// Over the limit; free again after so many seconds (at least 1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OverLimit {
    pub(crate) seconds: i64,
}

impl Quotas {
    /// Counts one call, or refuses it where `per_minute` calls were counted within the last minute. 0 is no limit. A refused call counts too
    /// where `refused` says so. What a call costs doesn't grow with what was counted before.
    pub(crate) fn charge(
        &mut self,
        what: Limited,
        who: &str,
        per_minute: u32,
        refused: RefusedCallsCount,
        now: Millis,
    ) -> Result<(), OverLimit> {
        if self.sweep_at < self.calls.len() {
            self.calls.retain(|_, calls| calls.back().is_some_and(|&last| now - last < MINUTE));
            // Twice what is left: each sweep is paid for by as many new callers.
            self.sweep_at = (self.calls.len() * 2).max(SWEPT_FROM);
        }
        let calls = self.calls.entry((what, who.to_owned())).or_default();
        while calls.front().is_some_and(|&first| now - first >= MINUTE) {
            calls.pop_front();
        }
        let over = per_minute > 0 && calls.len() >= per_minute as usize;
        if !over || refused == RefusedCallsCount::On {
            // No more are needed to know when the next is free.
            if calls.len() >= MOST_COUNTED {
                calls.pop_front();
            }
            calls.push_back(now);
        }
        if over {
            let first_free = calls[calls.len() - per_minute as usize] + MINUTE;
            return Err(OverLimit { seconds: ((first_free - now + SECOND - 1) / SECOND).max(1) });
        }
        Ok(())
    }

    /// The clock was moved to `now`: calls that lie in its future are forgotten.
    pub(crate) fn moved(&mut self, now: Millis) {
        for calls in self.calls.values_mut() {
            while calls.back().is_some_and(|&last| last > now) {
                calls.pop_back();
            }
        }
    }

    /// Forgets every call.
    pub(crate) fn clear(&mut self) {
        self.calls.clear();
    }
}

impl OverLimit {
    /// The `Retry-After` header in the form that is switched on.
    pub(crate) fn header(self, form: RetryAfter, now: Millis) -> Option<String> {
        match form {
            RetryAfter::Seconds => Some(self.seconds.to_string()),
            RetryAfter::Date => Some(http_date(now + self.seconds * SECOND)),
            RetryAfter::Absent => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFF: RefusedCallsCount = RefusedCallsCount::Off;

    #[test]
    fn a_refused_call_counts_only_where_it_is_switched_on() {
        for (refused, free) in [(OFF, true), (RefusedCallsCount::On, false)] {
            let mut quotas = Quotas::default();
            quotas.charge(Limited::Token, "a", 1, refused, 0).unwrap();
            quotas.charge(Limited::Token, "a", 1, refused, 30 * SECOND).unwrap_err();
            assert_eq!(quotas.charge(Limited::Token, "a", 1, refused, 61 * SECOND).is_ok(), free);
        }
    }

    #[test]
    fn callers_that_are_quiet_are_forgotten() {
        let mut quotas = Quotas::default();
        for caller in 0..100_000 {
            quotas.charge(Limited::Token, &caller.to_string(), 10, OFF, caller * SECOND).unwrap();
        }
        assert!(quotas.calls.len() <= SWEPT_FROM + 1, "{}", quotas.calls.len());
    }

    #[test]
    fn a_clock_that_is_moved_back_leaves_no_call_of_the_future() {
        let mut quotas = Quotas::default();
        quotas.charge(Limited::Token, "a", 1, OFF, 100 * SECOND).unwrap();
        quotas.moved(0);
        quotas.charge(Limited::Token, "a", 1, OFF, 0).unwrap();
    }

    #[test]
    fn the_window_slides_and_tells_when_it_is_free_again() {
        let mut quotas = Quotas::default();
        for call in 0..10 {
            quotas.charge(Limited::Token, "a", 10, OFF, call * SECOND).unwrap();
        }
        assert_eq!(quotas.charge(Limited::Token, "a", 10, OFF, 10 * SECOND), Err(OverLimit { seconds: 50 }));
        quotas.charge(Limited::Token, "b", 10, OFF, 10 * SECOND).unwrap();
        quotas.charge(Limited::AuthorizeGet, "a", 10, OFF, 10 * SECOND).unwrap();
        quotas.charge(Limited::Token, "a", 10, OFF, 60 * SECOND).unwrap();
        assert!(quotas.charge(Limited::Token, "a", 10, OFF, 60 * SECOND).is_err());
    }

    #[test]
    fn zero_is_no_limit() {
        let mut quotas = Quotas::default();
        for _ in 0..100 {
            quotas.charge(Limited::Token, "a", 0, OFF, 0).unwrap();
        }
    }
}
