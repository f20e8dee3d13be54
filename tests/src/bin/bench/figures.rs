//! What is told of a list of measurements.

/// The value that at least this share of the measurements don't exceed.
pub fn quantile(list: &[f64], share: f64) -> f64 {
    let mut sorted = list.to_vec();
    sorted.sort_by(f64::total_cmp);
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few dozen measurements")]
    let rank = (share * sorted.len() as f64).ceil() as usize;
    sorted[rank.clamp(1, sorted.len()) - 1]
}

/// The value in the middle.
pub fn median(list: &[f64]) -> f64 {
    quantile(list, 0.5)
}

/// The values between which the middle half lies.
pub fn quartiles(list: &[f64]) -> (f64, f64) {
    (quantile(list, 0.25), quantile(list, 0.75))
}
