//! A request's body: read within bounds of size and time, and JSON in which no object has a key twice, so that nobody reads it differently.

use std::collections::HashSet;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::Reason;
use crate::answer::Refusal;

/// Longest body, in bytes.
const LONGEST: usize = 64 * 1024;
/// Time for a whole body.
const TIME: Duration = Duration::from_secs(10);

/// The whole body.
pub(crate) async fn read(body: Incoming) -> Result<Bytes, Refusal> {
    let read = tokio::time::timeout(TIME, Limited::new(body, LONGEST).collect()).await;
    match read {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            Err(Refusal::new(Reason::TooLarge, "The request is too long: a body may have 64 KiB."))
        }
        Ok(Err(_)) => Err(Refusal::invalid("The request broke off.")),
        Err(_) => Err(Refusal::invalid("The request took longer than ten seconds to arrive.")),
    }
}

/// Whether `body` is one JSON object without a doubled key, at any depth.
pub(crate) fn is_plain_object(body: &[u8]) -> bool {
    body.trim_ascii_start().first() == Some(&b'{') && serde_json::from_slice::<Plain>(body).is_ok()
}

/// Any JSON without doubled keys.
struct Plain;

impl<'de> Deserialize<'de> for Plain {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Plain)
    }
}

impl<'de> Visitor<'de> for Plain {
    type Value = Plain;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON in which no object has a key twice")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Plain, A::Error> {
        let mut keys = HashSet::new();
        while let Some(key) = map.next_key::<String>()? {
            if !keys.insert(key) {
                return Err(A::Error::custom("a key twice"));
            }
            map.next_value::<Plain>()?;
        }
        Ok(Plain)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Plain, A::Error> {
        while items.next_element::<Plain>()?.is_some() {}
        Ok(Plain)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Plain, E> {
        Ok(Plain)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Plain, E> {
        Ok(Plain)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Plain, E> {
        Ok(Plain)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Plain, E> {
        Ok(Plain)
    }

    fn visit_str<E>(self, _: &str) -> Result<Plain, E> {
        Ok(Plain)
    }

    fn visit_unit<E>(self) -> Result<Plain, E> {
        Ok(Plain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_with_a_key_twice_is_refused_at_any_depth_and_in_any_spelling() {
        for body in [r#"{}"#, r#" {"a": [1, -2, 1.5, null, true, "x", {"a": {}}]}"#] {
            assert!(is_plain_object(body.as_bytes()), "{body}");
        }
        for body in [
            r#"{"a":1,"a":2}"#,
            r#"{"a":1,"\u0061":2}"#,
            r#"{"x":[{"a":1,"a":1}]}"#,
            "[]",
            "1",
            "",
            "{",
            "{}{}",
            r#"{"a":01}"#,
            "{\"a\":\"\u{0}\"}",
            &format!("{}{}", "[".repeat(500), "]".repeat(500)),
        ] {
            assert!(!is_plain_object(body.as_bytes()), "{body:.40}");
        }
        assert!(!is_plain_object(b"{\"a\":\"\xff\"}"));
    }
}
