//! How long the record of uses and payments goes back.

/// Days since the Unix epoch at `at_ms`, UTC.
pub(super) fn day(at_ms: i64) -> i64 {
    at_ms.div_euclid(86_400_000)
}

/// Two years.
pub(super) const KEPT_DAYS: i64 = 730;
