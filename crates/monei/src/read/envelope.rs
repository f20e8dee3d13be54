//! The common wrapping of Monei's answers, and lenient access to single fields.

use serde_json::{Map, Value};

use super::{MAX_ID_BYTES, MAX_TEXT_CHARS, ReadError};
use crate::money::Amount;

pub(super) type Object = Map<String, Value>;

/// Keys that stand beside `data` in an envelope; `StatusCode` is Monei's own variation.
const ENVELOPE_KEYS: [&str; 6] = ["statusCode", "StatusCode", "message", "errors", "meta", "success"];

/// A body without its envelope.
pub(super) struct Body {
    pub payload: Value,
    /// `meta` or `pagination` beside `data`, where some lists keep their count.
    pub beside: Object,
}

impl Body {
    /// Takes `data` out of `{statusCode, message, data, errors}`; a bare answer stays as it is.
    pub fn parse(bytes: &[u8]) -> Result<Self, ReadError> {
        let value: Value = serde_json::from_slice(bytes).map_err(|_| ReadError::NotJson)?;
        let Value::Object(mut object) = value else { return Ok(Self { payload: value, beside: Object::new() }) };
        let enveloped = object.contains_key("data") && (object.len() == 1 || ENVELOPE_KEYS.iter().any(|key| object.contains_key(*key)));
        if !enveloped {
            return Ok(Self { payload: Value::Object(object), beside: Object::new() });
        }
        let payload = object.remove("data").unwrap_or_default();
        object.retain(|key, _| matches!(key.as_str(), "meta" | "pagination"));
        Ok(Self { payload, beside: object })
    }

    /// The payload as an object that has at least one of `keys`.
    pub fn object_with(self, keys: &[&str]) -> Result<Object, ReadError> {
        match self.payload {
            Value::Object(object) if keys.iter().any(|key| object.contains_key(*key)) => Ok(object),
            _ => Err(ReadError::NotThisShape),
        }
    }
}

/// The first of `keys` that has a value other than null.
pub(super) fn first<'a>(object: &'a Object, keys: &[&str]) -> Option<&'a Value> {
    keys.iter().filter_map(|key| object.get(*key)).find(|value| !value.is_null())
}

/// A display string: without control characters, trimmed, cut to [`MAX_TEXT_CHARS`]; an empty one is not available.
pub(super) fn text(object: &Object, keys: &[&str]) -> Option<String> {
    let clean: String = first(object, keys)?.as_str()?.chars().filter(|c| !c.is_control()).collect();
    let cut: String = clean.trim().chars().take(MAX_TEXT_CHARS).collect();
    (!cut.is_empty()).then_some(cut)
}

/// An identifier, exactly as it came.
pub(super) fn id(object: &Object, keys: &[&str]) -> Option<String> {
    let text = first(object, keys)?.as_str()?;
    (!text.is_empty() && text.len() <= MAX_ID_BYTES).then(|| text.to_owned())
}

pub(super) fn flag(object: &Object, keys: &[&str]) -> Option<bool> {
    first(object, keys)?.as_bool()
}

pub(super) fn amount(object: &Object, keys: &[&str]) -> Option<Amount> {
    Amount::from_json(first(object, keys)?)
}

pub(super) fn nested<'a>(object: &'a Object, keys: &[&str]) -> Option<&'a Object> {
    first(object, keys)?.as_object()
}

/// A count, as a number or as a string of digits (`"1"` was observed where a query parameter is echoed).
pub(super) fn count(object: &Object, keys: &[&str]) -> Option<u64> {
    let value = first(object, keys)?;
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

/// An ISO 8601 instant.
pub(super) fn instant(object: &Object, keys: &[&str]) -> Option<jiff::Timestamp> {
    first(object, keys)?.as_str()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(value: Value) -> Object {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn an_envelope_is_taken_off_and_a_bare_answer_left_unchanged() {
        for wrapped in [
            json!({"statusCode": 200, "message": "ok", "data": {"id": "u"}, "errors": {}}),
            json!({"StatusCode": 200, "data": {"id": "u"}}),
            json!({"data": {"id": "u"}}),
            json!({"id": "u"}),
        ] {
            let body = Body::parse(wrapped.to_string().as_bytes()).unwrap();
            assert_eq!(body.payload, json!({"id": "u"}), "{wrapped}");
        }
    }

    #[test]
    fn a_field_called_data_in_a_bare_answer_is_no_envelope() {
        let body = Body::parse(br#"{"id":"u","data":"x"}"#).unwrap();
        assert_eq!(body.payload, json!({"id": "u", "data": "x"}));
    }

    #[test]
    fn long_text_is_cut_between_characters() {
        let long = "é".repeat(MAX_TEXT_CHARS + 50);
        assert_eq!(text(&object(json!({ "name": long })), &["name"]).unwrap(), "é".repeat(MAX_TEXT_CHARS));
    }

    #[test]
    fn text_has_no_control_characters_and_is_never_empty() {
        assert_eq!(text(&object(json!({"name": " A\u{0}d\u{1b}a\n"})), &["name"]).as_deref(), Some("Ada"));
        assert_eq!(text(&object(json!({"name": " \n "})), &["name"]), None);
    }

    #[test]
    fn an_identifier_is_never_cut() {
        assert_eq!(id(&object(json!({"id": "x".repeat(MAX_ID_BYTES)})), &["id"]).unwrap().len(), MAX_ID_BYTES);
        assert_eq!(id(&object(json!({"id": "x".repeat(MAX_ID_BYTES + 1)})), &["id"]), None);
    }

    #[test]
    fn a_null_does_not_hide_the_other_spelling() {
        let found = text(&object(json!({"phone": null, "phoneNumber": "+234"})), &["phone", "phoneNumber"]);
        assert_eq!(found.as_deref(), Some("+234"));
    }
}
