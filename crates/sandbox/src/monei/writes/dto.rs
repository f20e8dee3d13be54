//! A body, checked field by field as NestJS's ValidationPipe does: every complaint is collected and told at once.

use std::collections::BTreeSet;

use rust_decimal::Decimal;
use serde_json::{Map, Value};

use crate::model::switches::UnknownFields;
use crate::web::nest::NestError;

/// Most naira of one order: a hundred billion.
const MOST_NAIRA: i64 = 100_000_000_000;

/// A body under examination. Each reader gives a harmless value where the field is wrong, and [`Dto::finish`] then refuses.
pub(crate) struct Dto {
    fields: Map<String, Value>,
    seen: BTreeSet<&'static str>,
    wrong: Vec<String>,
    unknown: UnknownFields,
}

impl Dto {
    pub(crate) fn new(fields: Map<String, Value>, unknown: UnknownFields) -> Self {
        Self { fields, seen: BTreeSet::new(), wrong: Vec::new(), unknown }
    }

    /// A text that must be there, of at most `longest` characters.
    pub(crate) fn text(&mut self, name: &'static str, longest: usize) -> String {
        match self.optional_text(name, longest) {
            Some(text) if !text.trim().is_empty() => text,
            Some(_) => self.complain(format!("{name} should not be empty")),
            None if self.fields.get(name).is_none_or(Value::is_null) => self.complain(format!("{name} should not be empty")),
            None => String::new(),
        }
    }

    /// A text that may be left out.
    pub(crate) fn optional_text(&mut self, name: &'static str, longest: usize) -> Option<String> {
        match self.take(name) {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) if text.chars().count() <= longest => Some(text),
            Some(Value::String(_)) => {
                self.wrong.push(format!("{name} must be shorter than or equal to {longest} characters"));
                None
            }
            Some(_) => {
                self.wrong.push(format!("{name} must be a string"));
                None
            }
        }
    }

    /// A text that must be there, or a whole number, which is written with at least `digits` digits.
    pub(crate) fn text_or_number(&mut self, name: &'static str, longest: usize, digits: usize) -> String {
        if let Some(number) = self.fields.get(name).and_then(Value::as_u64) {
            self.fields.insert(name.to_owned(), Value::from(format!("{number:0digits$}")));
        }
        self.text(name, longest)
    }

    /// One of these texts.
    pub(crate) fn one_of(&mut self, name: &'static str, values: &[&'static str]) -> &'static str {
        let given = self.text(name, 64);
        match values.iter().find(|value| value.eq_ignore_ascii_case(&given)) {
            Some(value) => value,
            None => {
                if !given.is_empty() {
                    self.wrong.push(format!("{name} must be one of the following values: {}", values.join(", ")));
                }
                values.first().copied().unwrap_or_default()
            }
        }
    }

    /// One of these texts, in any case of letters; the first where it is left out.
    pub(crate) fn optional_one_of(&mut self, name: &'static str, values: &[&'static str]) -> &'static str {
        match self.fields.get(name) {
            None | Some(Value::Null) => {
                self.seen.insert(name);
                values.first().copied().unwrap_or_default()
            }
            Some(_) => self.one_of(name, values),
        }
    }

    /// Whether a field is there.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.fields.get(name).is_some_and(|value| !value.is_null())
    }

    /// A field that fits `fits`, which the complaint describes.
    pub(crate) fn matching(&mut self, name: &'static str, fits: fn(&str) -> bool, described: &str) -> String {
        let text = self.text(name, 128);
        if !text.is_empty() && !fits(&text) {
            self.wrong.push(format!("{name} must be {described}"));
        }
        text
    }

    /// Naira, as a number or a numeric text, in kobo. At most two decimal places.
    pub(crate) fn kobo(&mut self, name: &'static str) -> i64 {
        let Some(naira) = self.number(name) else { return 0 };
        let kobo = naira.checked_mul(Decimal::ONE_HUNDRED).filter(|kobo| kobo.fract().is_zero() && naira <= Decimal::from(MOST_NAIRA));
        match kobo.and_then(|kobo| i64::try_from(kobo).ok()) {
            Some(kobo) => kobo,
            None => {
                self.wrong.push(format!("{name} must be a number conforming to the specified constraints"));
                0
            }
        }
    }

    /// An amount of a coin, as a number or a numeric text.
    pub(crate) fn coins(&mut self, name: &'static str) -> Decimal {
        self.number(name).unwrap_or_default()
    }

    /// An amount that must be a text.
    pub(crate) fn coins_text(&mut self, name: &'static str) -> Decimal {
        if self.fields.get(name).is_some_and(|value| !value.is_string()) {
            self.seen.insert(name);
            self.wrong.push(format!("{name} must be a string"));
            return Decimal::ZERO;
        }
        self.coins(name)
    }

    /// A whole number that must be there.
    pub(crate) fn whole(&mut self, name: &'static str) -> u64 {
        match self.take(name).as_ref().and_then(Value::as_u64) {
            Some(number) => number,
            None => {
                self.wrong.push(format!("{name} must be an integer number"));
                0
            }
        }
    }

    /// A whole number that may be left out.
    pub(crate) fn optional_whole(&mut self, name: &'static str) -> Option<u64> {
        if self.has(name) { Some(self.whole(name)) } else { self.seen.insert(name).then_some(0).and(None) }
    }

    /// An object that may be left out; the complaints about its fields carry its name.
    pub(crate) fn object(&mut self, name: &'static str) -> Option<Map<String, Value>> {
        match self.take(name) {
            None | Some(Value::Null) => None,
            Some(Value::Object(object)) => Some(object),
            Some(_) => {
                self.wrong.push(format!("{name} must be an object"));
                None
            }
        }
    }

    /// Fields that Monei takes and that change nothing here.
    pub(crate) fn ignore(&mut self, names: &[&'static str]) {
        self.seen.extend(names);
    }

    /// Adds a complaint.
    pub(crate) fn complain(&mut self, text: impl Into<String>) -> String {
        self.wrong.push(text.into());
        String::new()
    }

    /// Refuses the body where anything was wrong with it.
    ///
    /// # Errors
    /// 400 with every complaint.
    pub(crate) fn finish(mut self) -> Result<(), NestError> {
        if self.unknown == UnknownFields::Rejected {
            let strange = self.fields.keys().filter(|name| !self.seen.contains(name.as_str()));
            let complaints: Vec<String> =
                strange.map(|name| format!("property {} should not exist", name.chars().take(40).collect::<String>())).collect();
            self.wrong.extend(complaints);
        }
        if self.wrong.is_empty() { Ok(()) } else { Err(NestError::invalid(self.wrong)) }
    }

    fn number(&mut self, name: &'static str) -> Option<Decimal> {
        let value = self.take(name);
        let read = match &value {
            // As it was written: exact, where a float would round.
            Some(Value::Number(number)) => number.to_string().parse::<Decimal>().ok(),
            Some(Value::String(text)) => text.parse::<Decimal>().ok(),
            _ => None,
        };
        match read {
            Some(number) if number > Decimal::ZERO => Some(number),
            Some(_) => {
                self.wrong.push(format!("{name} must be a positive number"));
                None
            }
            None => {
                self.wrong.push(format!("{name} must be a number conforming to the specified constraints"));
                None
            }
        }
    }

    fn take(&mut self, name: &'static str) -> Option<Value> {
        self.seen.insert(name);
        self.fields.get(name).cloned()
    }
}

/// `length` digits.
pub(crate) fn is_digits(text: &str, length: std::ops::RangeInclusive<usize>) -> bool {
    length.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use serde_json::json;

    use super::*;

    fn dto(body: Value) -> Dto {
        Dto::new(body.as_object().unwrap().clone(), UnknownFields::Rejected)
    }

    #[test]
    fn amounts_are_read_exactly_from_numbers_and_texts() {
        for (value, kobo) in [(json!(1805.05), 180_505), (json!("0.01"), 1), (json!(2), 200)] {
            let mut body = dto(json!({"amount": value}));
            assert_eq!(body.kobo("amount"), kobo);
            body.finish().unwrap();
        }
        for wrong in [json!(0), json!(-5), json!("1.005"), json!("a lot"), json!(null), json!([1]), json!(1e30), json!("1e400")] {
            let mut body = dto(json!({"amount": wrong}));
            body.kobo("amount");
            assert!(body.finish().is_err(), "{wrong}");
        }
    }

    #[test]
    fn every_complaint_is_told_at_once() {
        let mut body = dto(json!({"name": 5, "extra": 1}));
        body.text("name", 10);
        body.text("bank", 10);
        let message = body.finish().unwrap_err().message;
        assert_eq!(message, "name must be a string; bank should not be empty; property extra should not exist");
    }

    proptest! {
        #[test]
        fn naira_become_kobo_exactly_or_not_at_all(
            value in prop_oneof![
                (0_i64..1_000_000_000_000).prop_map(|kobo| Value::from(format!("{}.{:02}", kobo / 100, kobo % 100))),
                any::<i64>().prop_map(Value::from),
                any::<f64>().prop_map(Value::from),
                ".{0,12}".prop_map(Value::from),
                "-?[0-9]{0,30}(\\.[0-9]{0,30})?(e[0-9]{1,3})?".prop_map(Value::from),
                Just(Value::Null),
            ],
        ) {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let mut dto = Dto::new(Map::from_iter([("amount".to_owned(), value)]), UnknownFields::Rejected);
            let kobo = dto.kobo("amount");
            prop_assert!((0..=MOST_NAIRA * 100).contains(&kobo));
            if dto.finish().is_ok() {
                let exact = text.parse::<Decimal>().or_else(|_| Decimal::from_scientific(&text)).unwrap();
                prop_assert_eq!(Decimal::new(kobo, 2), exact);
            } else {
                prop_assert_eq!(kobo, 0);
            }
        }
    }
}
