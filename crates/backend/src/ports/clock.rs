//! Time, passed in: the wall clock for what carries a date, a steady one for what is counted.

use std::sync::Mutex;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Where the backend reads the time.
pub trait Clock: Send + Sync {
    /// Seconds since 1970, by the wall clock.
    fn unix(&self) -> u64;
    /// Time since some fixed moment; never goes back.
    fn steady(&self) -> Duration;
}

/// The computer's clocks.
#[derive(Debug)]
pub struct SystemClock {
    began: Instant,
}

impl Default for SystemClock {
    fn default() -> Self {
        Self { began: Instant::now() }
    }
}

impl Clock for SystemClock {
    fn unix(&self) -> u64 {
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
    }

    fn steady(&self) -> Duration {
        self.began.elapsed()
    }
}

/// A clock that stands still until it is moved, for tests of what happens later.
#[derive(Debug)]
pub struct ManualClock {
    start: u64,
    passed: Mutex<Duration>,
}

impl ManualClock {
    /// A clock that shows `start` seconds since 1970.
    pub fn new(start: u64) -> Self {
        Self { start, passed: Mutex::new(Duration::ZERO) }
    }

    /// Moves it forward.
    pub fn advance(&self, by: Duration) {
        *self.passed.lock().unwrap_or_else(std::sync::PoisonError::into_inner) += by;
    }
}

impl Clock for ManualClock {
    fn unix(&self) -> u64 {
        self.start + self.steady().as_secs()
    }

    fn steady(&self) -> Duration {
        *self.passed.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
