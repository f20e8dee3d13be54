//! Calls a minute, over a sliding window of the sandbox's clock.

use std::collections::{HashMap, VecDeque};

use http::HeaderValue;

use crate::clock::{MINUTE, Millis, SECOND, http_date};
use crate::switches::RetryAfter;

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
}

/// Over the limit; free again after so many seconds (at least 1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OverLimit {
    pub(crate) seconds: i64,
}

impl Quotas {
    /// Counts one call, or refuses it where `per_minute` calls were counted within the last minute. 0 is no limit.
    pub(crate) fn charge(&mut self, what: Limited, who: &str, per_minute: u32, now: Millis) -> Result<(), OverLimit> {
        if self.calls.len() > 1_000 {
            self.calls.retain(|_, calls| calls.back().is_some_and(|&last| last <= now && now - last < MINUTE));
        }
        let calls = self.calls.entry((what, who.to_owned())).or_default();
        // Also drops what lies in the future after the clock was moved back.
        calls.retain(|&at| at <= now && now - at < MINUTE);
        if per_minute > 0 && calls.len() >= per_minute as usize {
            let first_free = calls[calls.len() - per_minute as usize] + MINUTE;
            return Err(OverLimit { seconds: ((first_free - now + SECOND - 1) / SECOND).max(1) });
        }
        calls.push_back(now);
        Ok(())
    }

    /// Forgets every call.
    pub(crate) fn clear(&mut self) {
        self.calls.clear();
    }
}

impl OverLimit {
    /// The `Retry-After` header in the form that is switched on.
    pub(crate) fn header(self, form: RetryAfter, now: Millis) -> Option<HeaderValue> {
        match form {
            RetryAfter::Seconds => Some(HeaderValue::from(self.seconds)),
            RetryAfter::Date => HeaderValue::from_str(&http_date(now + self.seconds * SECOND)).ok(),
            RetryAfter::Absent => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_slides_and_tells_when_it_is_free_again() {
        let mut quotas = Quotas::default();
        for call in 0..10 {
            quotas.charge(Limited::Token, "a", 10, call * SECOND).unwrap();
        }
        assert_eq!(quotas.charge(Limited::Token, "a", 10, 10 * SECOND), Err(OverLimit { seconds: 50 }));
        quotas.charge(Limited::Token, "b", 10, 10 * SECOND).unwrap();
        quotas.charge(Limited::AuthorizeGet, "a", 10, 10 * SECOND).unwrap();
        quotas.charge(Limited::Token, "a", 10, 60 * SECOND).unwrap();
        assert!(quotas.charge(Limited::Token, "a", 10, 60 * SECOND).is_err());
    }

    #[test]
    fn zero_is_no_limit() {
        let mut quotas = Quotas::default();
        for _ in 0..100 {
            quotas.charge(Limited::Token, "a", 0, 0).unwrap();
        }
    }
}
