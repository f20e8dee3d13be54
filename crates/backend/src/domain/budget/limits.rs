//! How many calls a minute, and the shares of each kind.

use std::num::NonZeroU32;
use std::time::Duration;

use super::{Kind, WINDOW_MS};

/// From so many token calls a minute on there is no budget at all: nobody sells so many, and a test measures what the backend itself takes.
pub(crate) const UNLIMITED: u32 = 100_000;

/// By how much a minute's worth of places is longer, in milliseconds: waits are told in whole seconds, and whoever comes a moment late leaves its
/// time unused.
const SLACK_MS: u64 = 5_000;

/// How many calls a minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    total: u32,
    redeem: u32,
    refresh: u32,
    authorize: Option<u32>,
    starts_per_network: Option<u32>,
}

impl Limits {
    /// Shares of `total` token calls: 8 of 10 for redeem, 6 of 10 for refresh; from a total of two on, each leaves at least one to the other.
    /// And `authorize` starts, of which one network gets half; without a limit where it is `None`.
    pub(crate) fn new(total: NonZeroU32, authorize: Option<NonZeroU32>) -> Self {
        let total = total.get();
        let most = (total - 1).max(1);
        let tenths = |tenths: u64| u64::from(total) * tenths;
        let redeem = u32::try_from(tenths(8).div_ceil(10)).unwrap_or(total).clamp(1, most);
        let refresh = u32::try_from(tenths(6) / 10).unwrap_or(total).clamp(1, most);
        let authorize = authorize.map(NonZeroU32::get);
        Self { total, redeem, refresh, authorize, starts_per_network: authorize.map(|all| all.div_ceil(2)) }
    }

    /// The same without a limit of token calls.
    pub(crate) fn without_token_limit(self) -> Self {
        Self { total: UNLIMITED, ..self }
    }

    /// Token calls.
    pub(crate) fn total(self) -> u32 {
        self.total
    }

    /// Of one kind.
    pub(crate) fn of(self, kind: Kind) -> u32 {
        match kind {
            Kind::Redeem => self.redeem,
            Kind::Refresh => self.refresh,
        }
    }

    /// How far apart redeems are, where many wait: a little further than they need be, since waits are told in whole seconds.
    pub(crate) fn between_redeems(self) -> Duration {
        Duration::from_millis((WINDOW_MS + SLACK_MS) / u64::from(self.redeem))
    }

    /// Starts; `None` is no limit.
    pub(crate) fn authorize(self) -> Option<u32> {
        self.authorize
    }

    /// Starts of one network; `None` is no limit.
    pub(crate) fn starts_per_network(self) -> Option<u32> {
        self.starts_per_network
    }

    /// Whether token calls are not limited.
    pub(crate) fn is_unlimited(self) -> bool {
        self.total >= UNLIMITED
    }
}
