//! How this backend stands with Monei: whether its credentials were accepted, whether Monei asked it to wait, and whether refusals come in
//! such a run that they can't all be people who took access away (C-16).

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::budget::Endpoint;

/// So many different grants refused in a row are taken for a fault of this backend's, not for people's decisions.
const RUN: usize = 5;
/// Refusals further apart than this are no run.
const RUN_WITHIN: Duration = Duration::from_secs(600);

/// Whether Monei accepts this backend's credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Credentials {
    /// Not tried yet.
    #[default]
    Untried,
    /// Accepted last time.
    Accepted,
    /// Refused last time.
    Refused,
}

#[derive(Default)]
struct Inner {
    credentials: Credentials,
    /// By endpoint.
    busy_until: [Duration; 3],
    refusals: HashMap<[u8; 16], Duration>,
}

/// What the last calls told.
#[derive(Default)]
pub(crate) struct Standing(Mutex<Inner>);

impl Standing {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn credentials(&self) -> Credentials {
        self.lock().credentials
    }

    pub(crate) fn set_credentials(&self, credentials: Credentials) {
        self.lock().credentials = credentials;
    }

    /// Monei asked to wait.
    pub(crate) fn busy(&self, endpoint: Endpoint, now: Duration, seconds: u64) {
        let until = &mut self.lock().busy_until[endpoint as usize];
        *until = (*until).max(now + Duration::from_secs(seconds));
    }

    /// How long Monei still wants to be left alone.
    pub(crate) fn busy_for(&self, endpoint: Endpoint, now: Duration) -> Option<Duration> {
        self.lock().busy_until[endpoint as usize].checked_sub(now).filter(|left| !left.is_zero())
    }

    /// A refresh went well.
    pub(crate) fn refreshed(&self) {
        self.lock().refusals.clear();
    }

    /// A refresh was refused. True when it is one of a run, and so can't be believed.
    pub(crate) fn refused(&self, grant: [u8; 16], now: Duration) -> bool {
        let mut inner = self.lock();
        inner.refusals.retain(|_, at| *at + RUN_WITHIN > now);
        // Bounded: one more than a run tells nothing new.
        if inner.refusals.len() < RUN || inner.refusals.contains_key(&grant) {
            inner.refusals.insert(grant, now);
        }
        inner.refusals.len() >= RUN
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::from_secs(1_000);

    #[test]
    fn the_fifth_different_refusal_in_a_row_is_not_believed() {
        let standing = Standing::default();
        for grant in 0..4 {
            assert!(!standing.refused([grant; 16], NOW));
            assert!(!standing.refused([grant; 16], NOW), "the same grant again counts once");
        }
        assert!(standing.refused([4; 16], NOW));
        assert!(standing.refused([5; 16], NOW));
    }

    #[test]
    fn one_success_ends_the_run() {
        let standing = Standing::default();
        for grant in 0..4 {
            standing.refused([grant; 16], NOW);
        }
        standing.refreshed();
        assert!(!standing.refused([4; 16], NOW));
    }

    #[test]
    fn refusals_far_apart_are_no_run() {
        let standing = Standing::default();
        for grant in 0..50 {
            assert!(!standing.refused([grant; 16], NOW + RUN_WITHIN / 3 * u32::from(grant)));
        }
    }

    #[test]
    fn monei_is_left_alone_as_long_as_it_asked() {
        let standing = Standing::default();
        standing.busy(Endpoint::Token, NOW, 20);
        standing.busy(Endpoint::Token, NOW, 5);
        assert_eq!(standing.busy_for(Endpoint::Token, NOW + Duration::from_secs(12)), Some(Duration::from_secs(8)));
        assert_eq!(standing.busy_for(Endpoint::Revoke, NOW), None, "another endpoint is another limit");
        assert_eq!(standing.busy_for(Endpoint::Token, NOW + Duration::from_secs(20)), None);
    }
}
