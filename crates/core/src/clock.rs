//! Time from a trait, so that expiry can be tested without waiting: the clock on the wall, and one that nobody can set.

use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// Tells the time.
pub trait Clock: Send + Sync {
    /// Milliseconds since the Unix epoch.
    fn now_ms(&self) -> i64;

    /// Time since the computer was started, or `None` on a system that has no such clock.
    fn uptime(&self) -> Option<Uptime>;
}

/// A moment by a clock that can't be set and goes on while the computer sleeps. Comparable with another of the same boot only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Uptime {
    /// Which start of the computer it counts from.
    pub boot: String,
    /// Milliseconds since then.
    pub ms: i64,
}

/// A moment by both clocks, so that its age can be told after the wall clock was set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    /// Milliseconds since the Unix epoch.
    pub at: i64,
    /// The clock that nobody can set. Not told by the first versions of this program.
    #[serde(default)]
    pub up: Option<Uptime>,
}

impl Moment {
    /// Now.
    pub fn now(clock: &dyn Clock) -> Self {
        Self { at: clock.now_ms(), up: clock.uptime() }
    }

    /// Milliseconds from this moment to `now`: by the clock that nobody can set, or after a restart of the computer by the wall clock.
    pub fn age_ms(&self, now: &Self) -> i64 {
        match (&self.up, &now.up) {
            (Some(then), Some(now)) if then.boot == now.boot => now.ms.saturating_sub(then.ms),
            _ => now.at.saturating_sub(self.at),
        }
    }
}

/// The system's own clocks.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now_ms(&self) -> i64 {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX)
    }

    #[cfg(target_os = "linux")]
    fn uptime(&self) -> Option<Uptime> {
        use rustix::time::{ClockId, clock_gettime};
        let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?.trim().to_owned();
        let since = clock_gettime(ClockId::Boottime);
        Some(Uptime { boot, ms: since.tv_sec.saturating_mul(1000).saturating_add(since.tv_nsec / 1_000_000) })
    }

    #[cfg(not(target_os = "linux"))]
    fn uptime(&self) -> Option<Uptime> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(at: i64, up: Option<(&str, i64)>) -> Moment {
        Moment { at, up: up.map(|(boot, ms)| Uptime { boot: boot.into(), ms }) }
    }

    #[test]
    fn an_age_is_told_by_the_clock_that_nobody_sets_while_the_computer_is_up() {
        let then = moment(1_000_000, Some(("one", 5_000)));
        assert_eq!(then.age_ms(&moment(9_000_000, Some(("one", 6_000)))), 1_000);
        // Started anew, or without such a clock: the wall's is what there is.
        assert_eq!(then.age_ms(&moment(1_030_000, Some(("two", 6_000)))), 30_000);
        assert_eq!(then.age_ms(&moment(1_030_000, None)), 30_000);
        assert_eq!(moment(1_000_000, None).age_ms(&moment(1_030_000, Some(("one", 7)))), 30_000);
    }

    #[test]
    fn a_moment_of_the_first_versions_is_read() {
        assert_eq!(serde_json::from_str::<Moment>(r#"{"at":7}"#).unwrap(), moment(7, None));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_systems_uptime_goes_on_and_names_its_boot() {
        let (one, two) = (SystemClock.uptime().unwrap(), SystemClock.uptime().unwrap());
        assert!(one.boot == two.boot && one.boot.len() == 36 && one.ms > 0 && one.ms <= two.ms, "{one:?} {two:?}");
    }
}
