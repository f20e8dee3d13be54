//! The sandbox's own time: the computer's, moved by an offset that the control API sets.

use std::time::{SystemTime, UNIX_EPOCH};

use jiff::Timestamp;

/// Milliseconds since 1970, by the sandbox's clock.
pub(crate) type Millis = i64;

/// One second.
pub(crate) const SECOND: Millis = 1_000;
/// One minute.
pub(crate) const MINUTE: Millis = 60 * SECOND;
/// One hour.
pub(crate) const HOUR: Millis = 60 * MINUTE;
/// One day.
pub(crate) const DAY: Millis = 24 * HOUR;
/// Furthest the clock can be moved either way, in seconds: ten years.
pub(crate) const MAX_OFFSET_S: i64 = 10 * 365 * 24 * 3_600;

/// A clock that can be moved.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Clock {
    offset_s: i64,
    /// It stands at this time, but for the offset; otherwise it goes as the computer's.
    stands_at: Option<Millis>,
}

impl Clock {
    /// Now, with the offset.
    pub(crate) fn now(self) -> Millis {
        let real =
            || SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX / 2));
        self.stands_at.unwrap_or_else(real) + self.offset_s * SECOND
    }

    /// A clock that stands at this time, or goes.
    pub(crate) fn standing_at(at: Option<Millis>) -> Clock {
        Clock { offset_s: 0, stands_at: at }
    }

    /// Takes the offset away.
    pub(crate) fn reset(&mut self) {
        self.offset_s = 0;
    }

    /// Seconds by which it is moved.
    pub(crate) fn offset_s(self) -> i64 {
        self.offset_s
    }

    /// Moves it to `offset_s` seconds from the computer's time; false where that is more than ten years.
    pub(crate) fn set_offset_s(&mut self, offset_s: i64) -> bool {
        let allowed = (-MAX_OFFSET_S..=MAX_OFFSET_S).contains(&offset_s);
        if allowed {
            self.offset_s = offset_s;
        }
        allowed
    }
}

fn timestamp(at: Millis) -> Timestamp {
    Timestamp::from_millisecond(at).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// ISO 8601 with milliseconds, as Monei's dates.
pub(crate) fn iso(at: Millis) -> String {
    timestamp(at).strftime("%Y-%m-%dT%H:%M:%S.000Z").to_string()
}

/// The day alone, `2026-11-22`.
pub(crate) fn day(at: Millis) -> String {
    timestamp(at).strftime("%Y-%m-%d").to_string()
}

/// For a person: `22 Nov 2026, 14:05 UTC`.
pub(crate) fn readable(at: Millis) -> String {
    timestamp(at).strftime("%-d %b %Y, %H:%M UTC").to_string()
}

/// The time alone, `14:05:09`.
pub(crate) fn time_of_day(at: Millis) -> String {
    timestamp(at).strftime("%H:%M:%S").to_string()
}

/// A span of time for a person, in its largest unit: `12 minutes`.
pub(crate) fn span(time: Millis) -> String {
    let time = time.max(0);
    let (count, unit) = match time {
        _ if time < MINUTE => (time / SECOND, "second"),
        _ if time < HOUR => (time / MINUTE, "minute"),
        _ if time < DAY => (time / HOUR, "hour"),
        _ => (time / DAY, "day"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

/// An HTTP date (RFC 9110 §5.6.7).
pub(crate) fn http_date(at: Millis) -> String {
    timestamp(at).strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_offset_moves_the_time_and_is_bounded() {
        let mut clock = Clock::default();
        let before = clock.now();
        assert!(clock.set_offset_s(3_600));
        assert!(clock.now() >= before + HOUR);
        assert!(!clock.set_offset_s(i64::MAX));
        assert_eq!(clock.offset_s(), 3_600);
    }

    #[test]
    fn a_standing_clock_moves_by_its_offset_alone() {
        let mut clock = Clock::standing_at(Some(5 * DAY));
        assert_eq!(clock.now(), 5 * DAY);
        assert!(clock.set_offset_s(60));
        assert_eq!(clock.now(), 5 * DAY + MINUTE);
    }

    #[test]
    fn dates_are_written_as_the_formats_demand() {
        assert_eq!(iso(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(http_date(0), "Thu, 01 Jan 1970 00:00:00 GMT");
        assert_eq!(day(DAY), "1970-01-02");
        for (time, shown) in [(999, "0 seconds"), (MINUTE, "1 minute"), (DAY - 1, "23 hours"), (3 * DAY, "3 days")] {
            assert_eq!(span(time), shown);
        }
    }
}
