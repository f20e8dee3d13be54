//! Time from a trait, so that expiry can be tested without waiting: the clock on the wall, and one that nobody can set.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

/// Tells the time.
pub trait Clock: Send + Sync {
    /// Milliseconds since the Unix epoch.
    fn now_ms(&self) -> i64;

    /// Time since the computer was started, or `None` on a system that has no such clock.
    fn uptime(&self) -> Option<Uptime>;
}

/// A moment by a clock that can't be set and goes on while the computer sleeps. Comparable with another of the same boot only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uptime {
    /// Which start of the computer it counts from.
    pub boot: String,
    /// Milliseconds since then.
    pub ms: i64,
}

/// A moment by both clocks, so that its age can be told after the wall clock was set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Milliseconds since the Unix epoch.
    pub at: i64,
    /// The clock that nobody can set, where there was one.
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

/// How often a wait compares its deadline with the clocks: a timer of the runtime stands still while the computer sleeps.
const COMPARE_EVERY: Duration = Duration::from_secs(1);

/// A moment of this run, whose age includes the time that the computer slept.
#[derive(Clone, Debug)]
pub struct Since {
    moment: Moment,
    /// Stands still during sleep on some systems, and can't be set.
    instant: Instant,
}

impl Since {
    /// Now.
    pub fn now(clock: &dyn Clock) -> Self {
        Self { moment: Moment::now(clock), instant: Instant::now() }
    }

    /// Time from then to now. Without a clock that counts sleep and can't be set, the wall clock tells of sleep; where that was set back,
    /// the time that the program was awake counts all the same, so that no wait lasts for ever.
    pub fn age(&self, clock: &dyn Clock) -> Duration {
        self.until(&Self::now(clock))
    }

    /// The time between this moment and a `later` one, sleep of the computer included.
    pub fn until(&self, later: &Self) -> Duration {
        let told = Duration::from_millis(u64::try_from(self.moment.age_ms(&later.moment)).unwrap_or(0));
        told.max(later.instant.saturating_duration_since(self.instant))
    }

    /// What is left of `span`, or `None` when it has passed.
    pub fn left(&self, span: Duration, clock: &dyn Clock) -> Option<Duration> {
        span.checked_sub(self.age(clock)).filter(|left| !left.is_zero())
    }

    /// Waits until `span` has passed, sleep included: at most a second longer. `each` is told what is left, at least once a second.
    pub async fn passes(&self, span: Duration, clock: &dyn Clock, mut each: impl FnMut(Duration)) {
        while let Some(left) = self.left(span, clock) {
            each(left);
            tokio::time::sleep(left.min(COMPARE_EVERY)).await;
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
    use std::sync::Arc;
    use std::sync::atomic::{AtomicI64, Ordering};

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

    /// Clocks that a test sets: the wall, and the one that nobody sets.
    struct Set(AtomicI64, Option<AtomicI64>);

    impl Clock for Set {
        fn now_ms(&self) -> i64 {
            self.0.load(Ordering::SeqCst)
        }

        fn uptime(&self) -> Option<Uptime> {
            self.1.as_ref().map(|ms| Uptime { boot: "one".into(), ms: ms.load(Ordering::SeqCst) })
        }
    }

    const HOUR: Duration = Duration::from_secs(3600);

    #[tokio::test(start_paused = true)]
    async fn sleep_counts_as_time_that_passed() {
        for clock in [Set(AtomicI64::new(0), Some(AtomicI64::new(0))), Set(AtomicI64::new(0), None)] {
            let since = Since::now(&clock);
            assert_eq!(since.left(HOUR, &clock), Some(HOUR));
            // The runtime's timers know nothing of it.
            clock.0.store(3_600_000, Ordering::SeqCst);
            clock.1.iter().for_each(|up| up.store(3_600_000, Ordering::SeqCst));
            assert_eq!((since.left(HOUR, &clock), since.age(&clock)), (None, HOUR));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_clock_that_is_set_lengthens_no_wait() {
        let clock = Set(AtomicI64::new(7_200_000), None);
        let since = Since::now(&clock);
        clock.0.store(0, Ordering::SeqCst);
        assert_eq!(since.left(HOUR, &clock), Some(HOUR));
        tokio::time::advance(HOUR).await;
        assert_eq!(since.left(HOUR, &clock), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_clock_that_is_set_ends_no_wait_where_another_counts_sleep() {
        let clock = Set(AtomicI64::new(0), Some(AtomicI64::new(0)));
        let since = Since::now(&clock);
        clock.0.store(86_400_000, Ordering::SeqCst);
        assert_eq!(since.left(HOUR, &clock), Some(HOUR));
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_ends_within_a_second_after_the_computer_woke_up() {
        let clock = Arc::new(Set(AtomicI64::new(0), Some(AtomicI64::new(0))));
        let (waiting, began) = (Arc::clone(&clock), Instant::now());
        let wait = tokio::spawn(async move { Since::now(&*waiting).passes(HOUR, &*waiting, |_| ()).await });
        tokio::time::sleep(Duration::from_millis(2500)).await;
        clock.1.iter().for_each(|up| up.store(3_600_000, Ordering::SeqCst));
        wait.await.unwrap();
        assert!(began.elapsed() <= Duration::from_millis(3500), "{:?}", began.elapsed());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_systems_uptime_goes_on_and_names_its_boot() {
        let (one, two) = (SystemClock.uptime().unwrap(), SystemClock.uptime().unwrap());
        assert!(one.boot == two.boot && one.boot.len() == 36 && one.ms > 0 && one.ms <= two.ms, "{one:?} {two:?}");
    }
}
