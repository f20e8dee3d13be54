//! The budget of token calls. Monei allows ten a minute (Monei: errors); more would lock everybody out, so this backend never sends more.

use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::time::Duration;

/// A minute, and a second on top: a call is charged when it is sent and counted at Monei when it arrives, and those are not equally far apart
/// for every call.
const WINDOW: Duration = Duration::from_secs(61);

/// What a call is for. Each has a share that the other can't use up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lane {
    /// Exchanging a code: a person is waiting.
    Redeem,
    /// Refreshing: a program can wait.
    Refresh,
}

/// How many calls a minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    total: u32,
    redeem: u32,
    refresh: u32,
}

impl Limits {
    /// Shares of `total`: 8 of 10 for redeem, 6 of 10 for refresh; what doesn't divide goes to redeem.
    pub(crate) fn new(total: NonZeroU32) -> Self {
        let total = total.get();
        Self { total, redeem: (total * 8).div_ceil(10).max(1), refresh: (total * 6 / 10).max(1) }
    }

    fn of(self, lane: Lane) -> u32 {
        match lane {
            Lane::Redeem => self.redeem,
            Lane::Refresh => self.refresh,
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
}

/// The calls of the last minute: a sliding window.
#[derive(Debug, Default)]
pub(crate) struct Window(VecDeque<(Duration, Lane)>);

impl Window {
    /// Charges one call at `now`, if `limits` allow it.
    pub(crate) fn charge(&mut self, lane: Lane, limits: Limits, now: Duration) -> Charge {
        while self.0.front().is_some_and(|(at, _)| *at + WINDOW <= now) {
            self.0.pop_front();
        }
        let free_again = |count: u32, used: Vec<Duration>| {
            // The call whose end makes room: with n used and m allowed, the (n - m + 1)th oldest.
            let surplus = (used.len() + 1).checked_sub(count as usize).filter(|surplus| *surplus > 0)?;
            used.get(surplus - 1).map(|at| *at + WINDOW - now)
        };
        let all = self.0.iter().map(|(at, _)| *at).collect();
        let own = self.0.iter().filter(|(_, other)| *other == lane).map(|(at, _)| *at).collect();
        match free_again(limits.total, all).max(free_again(limits.of(lane), own)) {
            Some(wait) => Charge::Wait(wait),
            None => {
                self.0.push_back((now, lane));
                Charge::Granted
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn limits(total: u32) -> Limits {
        Limits::new(NonZeroU32::new(total).unwrap())
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
        #[test]
        fn no_minute_ever_sees_more_than_the_limit(total in 1u32..30, steps in proptest::collection::vec((0u64..20_000, any::<bool>()), 1..200)) {
            let (mut window, mut now, mut sent) = (Window::default(), Duration::ZERO, Vec::new());
            for (pause, redeem) in steps {
                now += Duration::from_millis(pause);
                let lane = if redeem { Lane::Redeem } else { Lane::Refresh };
                match window.charge(lane, limits(total), now) {
                    Charge::Granted => sent.push(now),
                    Charge::Wait(wait) => prop_assert!(wait > Duration::ZERO && wait <= WINDOW),
                }
                let in_last_minute = sent.iter().filter(|at| **at + Duration::from_secs(60) > now).count();
                prop_assert!(in_last_minute <= total as usize);
            }
        }
    }
}
