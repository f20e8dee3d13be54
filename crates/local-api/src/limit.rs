//! Sixty calls a minute for each app, so that no app can use up Monei's patience; as many keys that nobody has.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Most calls in any minute.
const CALLS: usize = 60;
/// That minute.
const WINDOW: Duration = Duration::from_secs(60);
/// Who presents a key that nobody has.
pub(crate) const UNKNOWN: &str = "";

/// When each app called.
#[derive(Default)]
pub(crate) struct Limits(Mutex<HashMap<String, VecDeque<Instant>>>);

impl Limits {
    /// Counts a call. `Err`: the seconds until the next one.
    pub(crate) fn count(&self, app: &str) -> Result<(), u32> {
        self.count_at(app, Instant::now())
    }

    fn count_at(&self, app: &str, now: Instant) -> Result<(), u32> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, calls| calls.back().is_some_and(|last| now.duration_since(*last) < WINDOW));
        let calls = all.entry(app.to_owned()).or_default();
        while calls.front().is_some_and(|first| now.duration_since(*first) >= WINDOW) {
            calls.pop_front();
        }
        match calls.front() {
            Some(first) if calls.len() >= CALLS => {
                let left = WINDOW.saturating_sub(now.duration_since(*first));
                Err(u32::try_from(left.as_millis().div_ceil(1000)).unwrap_or(60).max(1))
            }
            _ => {
                calls.push_back(now);
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_app_calls_sixty_times_in_any_minute_and_takes_nothing_from_another() {
        let (limits, start) = (Limits::default(), Instant::now());
        let at = |seconds| start + Duration::from_secs(seconds);
        for second in 0..60 {
            assert_eq!(limits.count_at("a", at(second / 2)), Ok(()));
        }
        assert_eq!(limits.count_at("a", at(30)), Err(30));
        assert_eq!(limits.count_at("b", at(30)), Ok(()));
        assert_eq!(limits.count_at("a", at(60)), Ok(()));
        assert_eq!(limits.count_at("a", at(60)), Ok(()));
        assert_eq!(limits.count_at("a", at(60)), Err(1));
    }
}
