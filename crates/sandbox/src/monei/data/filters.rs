//! The filters that the list endpoints share, as Monei documents them: values of a list, least and most amounts, first and last days.

use rust_decimal::Decimal;

use crate::model::clock::{Millis, day};
use crate::model::fields::Fields;
use crate::web::nest::NestError;

/// `minAmount`, `maxAmount`, `startDate` and `endDate`.
#[derive(Debug)]
pub(crate) struct Bounds {
    least: Option<Decimal>,
    most: Option<Decimal>,
    first: Option<String>,
    last: Option<String>,
}

impl Bounds {
    /// Reads them; each may be absent.
    pub(crate) fn read(query: &Fields) -> Result<Bounds, NestError> {
        let amount = |name: &str| match query.get(name) {
            None => Ok(None),
            Some(text) => match text.parse::<Decimal>() {
                Ok(number) if !number.is_sign_negative() => Ok(Some(number)),
                _ => Err(NestError::bad_request(format!("{name} must be a number"))),
            },
        };
        let date = |name: &str| match query.get(name) {
            None => Ok(None),
            Some(text) if text.parse::<jiff::civil::Date>().is_ok() => Ok(Some(text.to_owned())),
            Some(_) => Err(NestError::bad_request(format!("{name} must be a valid ISO 8601 date"))),
        };
        Ok(Bounds { least: amount("minAmount")?, most: amount("maxAmount")?, first: date("startDate")?, last: date("endDate")? })
    }

    /// Whether something of this time and amount is within them.
    pub(crate) fn hold(&self, at: Millis, amount: Decimal) -> bool {
        self.least.is_none_or(|least| amount >= least)
            && self.most.is_none_or(|most| amount <= most)
            && self.first.as_ref().is_none_or(|first| day(at) >= *first)
            && self.last.as_ref().is_none_or(|last| day(at) <= *last)
    }
}

/// A filter whose value is one of a list; anything else is refused.
pub(crate) fn one_of<'a>(query: &'a Fields, name: &str, values: &[&str]) -> Result<Option<&'a str>, NestError> {
    match query.get(name) {
        Some(value) if !values.contains(&value) => {
            Err(NestError::bad_request(format!("{name} must be one of the following values: {}", values.join(", "))))
        }
        value => Ok(value),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn whatever_is_read_as_bounds_holds_what_lies_between(
            least in prop_oneof!["[0-9]{0,12}(\\.[0-9]{0,4})?", ".{0,8}"], first in prop_oneof!["[0-9]{4}-[0-9]{2}-[0-9]{2}", ".{0,12}"], amount in 0_i64..1_000_000,
        ) {
            let query = crate::model::fields::encode([("minAmount", least.as_str()), ("startDate", first.as_str())]);
            if let Ok(fields) = Fields::parse(query.as_bytes())
                && let Ok(bounds) = Bounds::read(&fields)
            {
                let amount = Decimal::from(amount);
                let wanted = bounds.least.is_none_or(|least| amount >= least) && first.is_empty();
                prop_assert!(!wanted || bounds.hold(0, amount));
                prop_assert!(bounds.least.is_none_or(|least| !bounds.hold(0, least - Decimal::ONE)));
            }
        }
    }
}
