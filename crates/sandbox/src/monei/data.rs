//! Made-up data of the made-up people, in the shapes that Monei's read endpoints have.

pub(crate) mod banks;
pub(crate) mod billers;
pub(crate) mod bills;
pub(crate) mod crypto;
pub(crate) mod filters;
pub(crate) mod offramp;
pub(crate) mod offramp_market;
pub(crate) mod paging;
pub(crate) mod profile;
pub(crate) mod swap;
pub(crate) mod transactions;
pub(crate) mod wallet;

use serde_json::{Value, json};

pub(crate) use crate::model::money::naira;
use crate::model::switches::{MoneyTypes, Switches};

/// How Monei writes an amount at a place where both types were observed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Usually {
    Text,
    Number,
}

/// An amount, as text or as a number.
pub(crate) fn amount(text: &str, usually: Usually, switches: &Switches) -> Value {
    let as_text = match switches.money_types {
        MoneyTypes::Mixed => usually == Usually::Text,
        MoneyTypes::Strings => true,
        MoneyTypes::Numbers => false,
    };
    if as_text {
        return json!(text);
    }
    match (text.split_once('.'), text.parse::<f64>()) {
        (Some((whole, fraction)), _) if fraction.bytes().all(|byte| byte == b'0') => {
            whole.parse::<i64>().map_or_else(|_| json!(text), |whole| json!(whole))
        }
        (None, _) if text.parse::<i64>().is_ok() => text.parse::<i64>().map_or_else(|_| json!(text), |whole| json!(whole)),
        (_, Ok(number)) => json!(number),
        (_, Err(_)) => json!(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::money::readable_naira;

    #[test]
    fn amounts_keep_their_value_in_either_type() {
        let mut switches = Switches::default();
        assert_eq!(amount("1805.00", Usually::Text, &switches), json!("1805.00"));
        assert_eq!(amount("1805.00", Usually::Number, &switches), json!(1805));
        assert_eq!(amount("0.25", Usually::Number, &switches), json!(0.25));
        switches.set("money_types", "strings").unwrap();
        assert_eq!(amount("7", Usually::Number, &switches), json!("7"));
        switches.set("money_types", "numbers").unwrap();
        assert_eq!(amount("7.50", Usually::Text, &switches), json!(7.5));
        assert_eq!(naira(180_505), "1805.05");
        for (kobo, shown) in [(180_505, "₦1,805.05"), (1, "₦0.01"), (99_999_999_999, "₦999,999,999.99"), (-12_345_600, "₦-123,456.00")]
        {
            assert_eq!(readable_naira(kobo), shown);
        }
    }
}
