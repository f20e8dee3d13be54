//! An amount of a token. A token's maker chooses how many decimal places it has, and a contract counts in 256 bits: that is more digits than
//! [`rust_decimal::Decimal`] holds, so the digits themselves are kept.

use std::fmt;

use serde_json::Value;

/// Longest amount that is read and made, in digits. The largest number of 256 bits has 78.
const MAX_DIGITS: usize = 100;

/// An amount of a token in its major units, exact: digits with at most one point, without superfluous zeros. Never negative.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenAmount(String);

impl TokenAmount {
    /// Reads a JSON string or number such as `"0.5"`, `0.5` or `5e-1`. `None` for anything else: not available, never zero.
    ///
    /// A JSON number has at most 17 digits that count, by its own type: where the answer has the smallest units too, prefer
    /// [`TokenAmount::from_smallest_units`].
    pub fn from_json(value: &Value) -> Option<Self> {
        match value {
            Value::String(text) => Self::parse(text.trim()),
            Value::Number(number) => Self::parse(&number.to_string()),
            _ => None,
        }
    }

    /// From a whole number of the smallest units, of which 10 to the power of `decimals` make one.
    pub fn from_smallest_units(units: &str, decimals: u64) -> Option<Self> {
        let units = units.trim();
        if units.is_empty() || !units.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        Self::shifted(units, i64::try_from(decimals).ok()?.checked_neg()?)
    }

    /// Its digits, such as `12.5`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn parse(text: &str) -> Option<Self> {
        let (number, exponent) = match text.split_once(['e', 'E']) {
            Some((number, exponent)) => (number, exponent.parse::<i64>().ok()?),
            None => (text, 0),
        };
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let digits = [whole, fraction].concat();
        // "1." and ".5" are no amounts that anybody writes.
        let complete = !whole.is_empty() && (!number.contains('.') || !fraction.is_empty());
        if !complete || digits.len() > MAX_DIGITS || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        Self::shifted(&digits, exponent.checked_sub(i64::try_from(fraction.len()).ok()?)?)
    }

    /// `digits` times 10 to the power of `power`.
    fn shifted(digits: &str, power: i64) -> Option<Self> {
        let digits = digits.trim_start_matches('0');
        if digits.is_empty() {
            return Some(Self("0".to_owned()));
        }
        let distance = usize::try_from(power.unsigned_abs()).ok().filter(|distance| *distance <= MAX_DIGITS)?;
        let amount = if power >= 0 {
            format!("{digits}{}", "0".repeat(distance))
        } else {
            let padded = format!("{digits:0>width$}", width = distance + 1);
            let (whole, fraction) = padded.split_at(padded.len() - distance);
            let fraction = fraction.trim_end_matches('0');
            if fraction.is_empty() { whole.to_owned() } else { format!("{whole}.{fraction}") }
        };
        (amount.bytes().filter(u8::is_ascii_digit).count() <= MAX_DIGITS).then_some(Self(amount))
    }
}

impl fmt::Display for TokenAmount {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn read(value: &Value) -> Option<String> {
        TokenAmount::from_json(value).map(|amount| amount.to_string())
    }

    #[test]
    fn no_digit_is_lost_however_many_there_are() {
        let exact = "123456789012345678901234567890.123456789012345678";
        assert_eq!(read(&json!(exact)).as_deref(), Some(exact));
        let largest = "115792089237316195423570985008687907853269984665640564039457584007913129639935";
        let amount = TokenAmount::from_smallest_units(largest, 18).unwrap();
        assert_eq!(amount.as_str(), "115792089237316195423570985008687907853269984665640564039457.584007913129639935");
    }

    #[test]
    fn one_amount_has_one_form() {
        for value in [json!("0012.50"), json!(12.5), json!(" 12.5 "), json!("1.25e1"), json!("125E-1"), json!("12.500000")] {
            assert_eq!(read(&value).as_deref(), Some("12.5"), "{value}");
        }
        assert_eq!(read(&json!(0.0000001)).as_deref(), Some("0.0000001"));
        for value in [json!(0), json!("0.000"), json!("0e9"), json!(0.0)] {
            assert_eq!(read(&value).as_deref(), Some("0"), "{value}");
        }
    }

    #[test]
    fn smallest_units_and_decimals_make_the_amount() {
        for (units, decimals, amount) in [("455000000", 6, "455"), ("1", 18, "0.000000000000000001"), ("7", 0, "7"), ("0", 18, "0")] {
            assert_eq!(TokenAmount::from_smallest_units(units, decimals).unwrap().as_str(), amount);
        }
        for (units, decimals) in [("", 6), ("-1", 6), ("1.5", 6), ("0x10", 6), ("1", 10_000), ("1", u64::MAX)] {
            assert_eq!(TokenAmount::from_smallest_units(units, decimals), None, "{units} {decimals}");
        }
    }

    #[test]
    fn what_is_no_amount_is_not_available() {
        let long = "9".repeat(MAX_DIGITS + 1);
        for value in [
            json!(null),
            json!(""),
            json!("-1"),
            json!(-1),
            json!("NaN"),
            json!("1,000"),
            json!("1."),
            json!(".5"),
            json!("1.2.3"),
            json!("0x1"),
            json!("1e9999"),
            json!("1e-9999"),
            json!("٣"),
            json!({}),
            json!([1]),
            json!(long),
            json!("1000000000e91"),
            json!("1e-100"),
        ] {
            assert_eq!(TokenAmount::from_json(&value), None, "{value}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_read_is_plain_digits(text in ".{0,12}|[0-9]{0,40}(\\.[0-9]{0,40})?([eE]-?[0-9]{0,4})?") {
            if let Some(amount) = TokenAmount::from_json(&json!(text)) {
                let (whole, fraction) = amount.as_str().split_once('.').unwrap_or((amount.as_str(), "0"));
                prop_assert!(!whole.is_empty() && !fraction.is_empty());
                prop_assert!(whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit()), "{amount}");
                prop_assert_eq!(read(&json!(amount.as_str())), Some(amount.to_string()));
            }
        }
    }
}
