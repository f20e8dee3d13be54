//! Money in major units (naira, not kobo), as Monei sends it: sometimes a JSON number, sometimes a string.

mod token_amount;

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer};

pub use token_amount::TokenAmount;

/// A decimal amount that may have come as `1805`, `1805.5` or `"1805.00"`. Anything else is "not available", never zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Amount(pub Decimal);

/// An amount with its currency code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Money {
    /// Major units.
    pub amount: Decimal,
    /// ISO 4217 for fiat (`NGN`), the token's symbol otherwise.
    pub currency: String,
}

impl Amount {
    /// Reads a JSON number or string; `None` for anything else (null, objects, `"NaN"`, numbers beyond 28 digits).
    pub fn from_json(value: &serde_json::Value) -> Option<Self> {
        let text = match value {
            serde_json::Value::String(text) => text.trim().to_owned(),
            serde_json::Value::Number(number) => number.to_string(),
            _ => return None,
        };
        if text.len() > 64 {
            return None;
        }
        text.parse::<Decimal>().or_else(|_| Decimal::from_scientific(&text)).ok().map(Self)
    }

    /// For `#[serde(default, deserialize_with = "Amount::lenient")]`: an unreadable amount is `None`, and the rest of the answer stays readable.
    ///
    /// # Errors
    /// Only if the input isn't JSON at all.
    pub fn lenient<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        Ok(Self::from_json(&serde_json::Value::deserialize(deserializer)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_strings_give_the_same_amount() {
        for value in [serde_json::json!(1805), serde_json::json!("1805.00"), serde_json::json!(1805.0), serde_json::json!(" 1805 ")] {
            assert_eq!(Amount::from_json(&value), Some(Amount(Decimal::from(1805))), "{value}");
        }
    }

    #[test]
    fn what_is_no_amount_is_not_zero() {
        for value in
            [serde_json::json!(null), serde_json::json!(""), serde_json::json!("NaN"), serde_json::json!({}), serde_json::json!("1,805.00")]
        {
            assert_eq!(Amount::from_json(&value), None, "{value}");
        }
    }
}
