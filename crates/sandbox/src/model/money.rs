//! Naira as texts.

/// Naira with two places, from kobo.
pub(crate) fn naira(kobo: i64) -> String {
    format!("{}{}.{:02}", if kobo < 0 { "-" } else { "" }, kobo.abs() / 100, kobo.abs() % 100)
}

/// Naira for a person to read: `₦1,805.05`.
pub(crate) fn readable_naira(kobo: i64) -> String {
    let plain = naira(kobo);
    let (whole, fraction) = plain.split_once('.').unwrap_or((&plain, "00"));
    let mut grouped = String::new();
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && digit != '-' && (whole.len() - place) % 3 == 0 && !grouped.ends_with('-') {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("₦{grouped}.{fraction}")
}
