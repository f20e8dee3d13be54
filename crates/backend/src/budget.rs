//! The budget of token calls. Monei allows ten a minute (Monei: errors); more would lock everybody out, so this backend never sends more.

use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::time::Duration;

/// The window of every budget: a minute, and a second on top, since a call is charged when it is sent and counted at Monei when it arrives, and
/// those are not equally far apart for every call.
pub(crate) const WINDOW: Duration = Duration::from_secs(61);

/// Revocations a minute. Monei documents no limit of its revoke endpoint; this is far above what people do, and keeps a caller from having
/// this backend flood it.
const REVOCATIONS: u32 = 30;

/// Where a call goes. Monei's limits are those of an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Endpoint {
    /// Exchanges and refreshes.
    Token,
    /// The consent page.
    Authorize,
    /// Revocations.
    Revoke,
}

/// What a call is for. Each has a share that the others can't use up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lane {
    /// Exchanging a code: a person is waiting.
    Redeem,
    /// Refreshing: a program can wait.
    Refresh,
    /// Sending a person to the consent page, which Monei counts apart from token calls.
    Authorize,
    /// Taking access away, which must go on when token calls are used up.
    Revoke,
}

impl Lane {
    pub(crate) const ALL: [Lane; 4] = [Lane::Redeem, Lane::Refresh, Lane::Authorize, Lane::Revoke];

    /// Where its calls go.
    pub(crate) fn endpoint(self) -> Endpoint {
        match self {
            Lane::Redeem | Lane::Refresh => Endpoint::Token,
            Lane::Authorize => Endpoint::Authorize,
            Lane::Revoke => Endpoint::Revoke,
        }
    }
}

/// How many calls a minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    total: u32,
    redeem: u32,
    refresh: u32,
    authorize: u32,
}

impl Limits {
    /// Shares of `total` token calls: 8 of 10 for redeem, 6 of 10 for refresh; what doesn't divide goes to redeem. And `authorize` starts,
    /// without a limit where it is `None`.
    pub(crate) fn new(total: NonZeroU32, authorize: Option<NonZeroU32>) -> Self {
        let total = total.get();
        let share = |tenths: u32| (u64::from(total) * u64::from(tenths)).div_ceil(10);
        let redeem = u32::try_from(share(8)).unwrap_or(total).max(1);
        let refresh = u32::try_from(u64::from(total) * 6 / 10).unwrap_or(total).max(1);
        Self { total, redeem, refresh, authorize: authorize.map_or(u32::MAX, NonZeroU32::get) }
    }

    /// Of one lane.
    pub(crate) fn of(self, lane: Lane) -> u32 {
        match lane {
            Lane::Redeem => self.redeem,
            Lane::Refresh => self.refresh,
            Lane::Authorize => self.authorize,
            Lane::Revoke => REVOCATIONS,
        }
    }

    /// Of the endpoint that the lane is at.
    pub(crate) fn of_endpoint(self, lane: Lane) -> u32 {
        match lane.endpoint() {
            Endpoint::Token => self.total,
            Endpoint::Authorize => self.authorize,
            Endpoint::Revoke => REVOCATIONS,
        }
    }
}

/// Whether a call may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Charge {
    /// It may, and is counted.
    Granted,
    /// Not before this time has passed.
    Wait(Duration),
    /// Monei asked to be left alone for so long.
    Paused(Duration),
}

/// Calls of the last minute, and for how long none may be made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    pub(crate) redeem: u32,
    pub(crate) refresh: u32,
    pub(crate) authorize: u32,
    pub(crate) revoke: u32,
    /// For how long Monei asked that its token endpoint be left alone.
    pub(crate) busy: Duration,
    /// For how long nothing is sent to each endpoint, since nobody knows what was sent there in the last minute.
    pub(crate) unknown: [Duration; 3],
}

impl Usage {
    /// How many of `lane` may still be sent now; `None` where there is no limit.
    pub(crate) fn left(self, lane: Lane, limits: Limits) -> Option<u32> {
        if limits.of(lane) == u32::MAX {
            return None;
        }
        let endpoint = lane.endpoint();
        if !self.unknown[endpoint as usize].is_zero() || (endpoint == Endpoint::Token && !self.busy.is_zero()) {
            return Some(0);
        }
        let (own, all) = match lane {
            Lane::Redeem => (self.redeem, self.redeem + self.refresh),
            Lane::Refresh => (self.refresh, self.redeem + self.refresh),
            Lane::Authorize => (self.authorize, self.authorize),
            Lane::Revoke => (self.revoke, self.revoke),
        };
        Some(limits.of(lane).saturating_sub(own).min(limits.of_endpoint(lane).saturating_sub(all)))
    }
}

/// The calls of the last minute: a sliding window for each lane.
#[derive(Debug, Default)]
pub(crate) struct Window {
    redeem: VecDeque<Duration>,
    refresh: VecDeque<Duration>,
    authorize: VecDeque<Duration>,
    revoke: VecDeque<Duration>,
    /// Redeem and refresh together.
    token: VecDeque<Duration>,
}

impl Window {
    /// Charges one call at `now`, if `limits` allow it.
    pub(crate) fn charge(&mut self, lane: Lane, limits: Limits, now: Duration) -> Charge {
        self.forget(now);
        let (own, all) = match lane {
            Lane::Redeem => (&mut self.redeem, Some(&mut self.token)),
            Lane::Refresh => (&mut self.refresh, Some(&mut self.token)),
            Lane::Authorize => (&mut self.authorize, None),
            Lane::Revoke => (&mut self.revoke, None),
        };
        // The call whose end makes room: with n sent and m allowed, the (n - m + 1)th oldest.
        let wait = |sent: &VecDeque<Duration>, most: u32| {
            let surplus = (sent.len() + 1).checked_sub(most as usize).filter(|surplus| *surplus > 0)?;
            sent.get(surplus - 1).map(|at| *at + WINDOW - now)
        };
        let of_all = all.as_ref().and_then(|sent| wait(sent, limits.of_endpoint(lane)));
        match wait(own, limits.of(lane)).max(of_all) {
            Some(wait) => Charge::Wait(wait),
            None => {
                own.push_back(now);
                if let Some(all) = all {
                    all.push_back(now);
                }
                Charge::Granted
            }
        }
    }

    /// How many calls of the minute before `now` each lane was charged.
    pub(crate) fn usage(&mut self, now: Duration) -> Usage {
        self.forget(now);
        let count = |sent: &VecDeque<Duration>| u32::try_from(sent.len()).unwrap_or(u32::MAX);
        Usage {
            redeem: count(&self.redeem),
            refresh: count(&self.refresh),
            authorize: count(&self.authorize),
            revoke: count(&self.revoke),
            ..Usage::default()
        }
    }

    fn forget(&mut self, now: Duration) {
        for sent in [&mut self.redeem, &mut self.refresh, &mut self.authorize, &mut self.revoke, &mut self.token] {
            while sent.front().is_some_and(|at| *at + WINDOW <= now) {
                sent.pop_front();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn limits(total: u32) -> Limits {
        Limits::new(NonZeroU32::new(total).unwrap(), NonZeroU32::new(20))
    }

    fn granted(window: &mut Window, lane: Lane, total: u32, now: u64) -> bool {
        window.charge(lane, limits(total), Duration::from_secs(now)) == Charge::Granted
    }

    #[test]
    fn refresh_leaves_four_of_ten_to_redeem_and_redeem_two_to_refresh() {
        let mut window = Window::default();
        assert_eq!((0..20).filter(|_| granted(&mut window, Lane::Refresh, 10, 0)).count(), 6);
        assert_eq!((0..20).filter(|_| granted(&mut window, Lane::Redeem, 10, 0)).count(), 4);
        let mut window = Window::default();
        assert_eq!((0..20).filter(|_| granted(&mut window, Lane::Redeem, 10, 0)).count(), 8);
        assert_eq!((0..20).filter(|_| granted(&mut window, Lane::Refresh, 10, 0)).count(), 2);
    }

    #[test]
    fn starts_are_counted_apart_from_token_calls() {
        let mut window = Window::default();
        assert_eq!((0..50).filter(|_| granted(&mut window, Lane::Authorize, 10, 0)).count(), 20);
        assert_eq!((0..20).filter(|_| granted(&mut window, Lane::Redeem, 10, 0)).count(), 8);
        assert_eq!((0..50).filter(|_| granted(&mut window, Lane::Revoke, 10, 0)).count(), 30, "and so are revocations");
        let usage = window.usage(Duration::ZERO);
        assert_eq!(usage, Usage { redeem: 8, refresh: 0, authorize: 20, revoke: 30, ..Usage::default() });
        assert_eq!(Lane::ALL.map(|lane| usage.left(lane, limits(10))), [Some(0), Some(2), Some(0), Some(0)]);
        let endless = Limits::new(NonZeroU32::new(10).unwrap(), None);
        assert!((0..50).all(|_| window.charge(Lane::Authorize, endless, Duration::ZERO) == Charge::Granted));
        assert_eq!(usage.left(Lane::Authorize, endless), None, "there is no limit that anything could be left of");
    }

    #[test]
    fn while_nothing_may_be_sent_nothing_is_left() {
        let left = |usage: Usage| Lane::ALL.map(|lane| usage.left(lane, limits(10)));
        let hold = Duration::from_millis(1);
        assert_eq!(left(Usage::default()), [Some(8), Some(6), Some(20), Some(30)]);
        assert_eq!(left(Usage { busy: hold, ..Usage::default() }), [Some(0), Some(0), Some(20), Some(30)], "of the token endpoint");
        assert_eq!(left(Usage { unknown: [hold; 3], ..Usage::default() }), [Some(0); 4]);
    }

    #[test]
    fn a_budget_of_one_serves_either() {
        for lane in [Lane::Redeem, Lane::Refresh] {
            let mut window = Window::default();
            assert!(granted(&mut window, lane, 1, 0));
            assert!(!granted(&mut window, Lane::Redeem, 1, 1));
            assert!(!granted(&mut window, Lane::Refresh, 1, 1));
        }
    }

    #[test]
    fn the_wait_is_exactly_until_there_is_room() {
        let mut window = Window::default();
        for second in 0..6 {
            assert!(granted(&mut window, Lane::Refresh, 10, second));
        }
        let Charge::Wait(wait) = window.charge(Lane::Refresh, limits(10), Duration::from_secs(30)) else { panic!("must wait") };
        assert_eq!(wait, Duration::from_secs(31));
        assert!(granted(&mut window, Lane::Refresh, 10, 61));
    }

    proptest! {
        // Each case is two hundred calls: a million of them would take a day and find nothing more.
        #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases.min(5_000), ..ProptestConfig::default() })]
        #[test]
        fn no_minute_ever_sees_more_than_the_limit(total in 1u32..30, steps in proptest::collection::vec((0u64..20_000, any::<bool>()), 1..200)) {
            let (mut window, mut now, mut sent) = (Window::default(), Duration::ZERO, Vec::new());
            for (pause, redeem) in steps {
                now += Duration::from_millis(pause);
                let lane = if redeem { Lane::Redeem } else { Lane::Refresh };
                match window.charge(lane, limits(total), now) {
                    Charge::Granted => sent.push(now),
                    Charge::Paused(_) => prop_assert!(false, "nobody asked to pause"),
                    Charge::Wait(wait) => prop_assert!(wait > Duration::ZERO && wait <= WINDOW),
                }
                let in_last_minute = sent.iter().filter(|at| **at + Duration::from_secs(60) > now).count();
                prop_assert!(in_last_minute <= total as usize);
            }
        }
    }
}
