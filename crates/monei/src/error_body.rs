//! Monei's error body (Monei: errors): `{"statusCode":401,"message":"…","error":"Unauthorized"}`, NestJS style.

use serde::Deserialize;
use serde_json::Value;

/// What could be read of an error answer. Every field may be missing; nothing of it is shown to a person as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ErrorBody {
    /// The status as the body tells it.
    pub status_code: Option<u16>,
    /// `message`: a string, or several joined with "; ".
    pub message: Option<String>,
    /// `error`: an HTTP phrase, when it is a string.
    pub error: Option<String>,
}

impl ErrorBody {
    /// Reads whatever is there. Anything that isn't JSON gives an empty body.
    pub fn parse(bytes: &[u8]) -> Self {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Text {
            One(String),
            Many(Vec<String>),
            Else(serde::de::IgnoredAny),
        }
        #[derive(Deserialize)]
        struct Raw {
            #[serde(rename = "statusCode", alias = "StatusCode")]
            status_code: Option<Value>,
            message: Option<Text>,
            error: Option<Text>,
        }
        fn text(value: Option<Text>) -> Option<String> {
            match value? {
                Text::One(one) => Some(one),
                Text::Many(many) => Some(many.join("; ")),
                Text::Else(_) => None,
            }
        }
        let Ok(raw) = serde_json::from_slice::<Raw>(bytes) else { return Self::default() };
        Self {
            status_code: raw.status_code.as_ref().and_then(Value::as_u64).and_then(|code| u16::try_from(code).ok()),
            message: text(raw.message),
            error: text(raw.error),
        }
    }
}

/// Whether the body of an answer with a good status tells an error all the same, however that is written. Monei's usual envelope has an
/// `errors` without anything in it.
pub fn tells_an_error(said: &Value) -> bool {
    let Some(said) = said.as_object() else { return false };
    said.iter().any(|(name, value)| match name.to_ascii_lowercase().as_str() {
        "statuscode" | "status_code" | "status" => {
            let code = value.as_u64().or_else(|| value.as_str()?.trim().parse().ok());
            code.is_some_and(|code| !(200..300).contains(&code)) || value == "error"
        }
        "success" | "ok" => *value == Value::Bool(false) || value == "false",
        "error" | "errors" => match value {
            Value::Null | Value::Bool(false) => false,
            Value::Array(all) => !all.is_empty(),
            Value::Object(all) => !all.is_empty(),
            Value::String(text) => !text.trim().is_empty(),
            _ => true,
        },
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_documented_body() {
        let body = ErrorBody::parse(br#"{"statusCode":401,"message":"Invalid or expired token","error":"Unauthorized"}"#);
        assert_eq!(body.status_code, Some(401));
        assert_eq!(body.message.as_deref(), Some("Invalid or expired token"));
        assert_eq!(body.error.as_deref(), Some("Unauthorized"));
    }

    #[test]
    fn reads_a_list_of_messages_and_an_error_object() {
        let body = ErrorBody::parse(br#"{"statusCode":400,"message":["a","b"],"error":{"details":{"required":1}}}"#);
        assert_eq!(body.message.as_deref(), Some("a; b"));
        assert_eq!(body.error, None);
    }

    #[test]
    fn an_error_under_a_good_status_is_told_from_the_usual_envelope() {
        for (body, expected) in [
            (r#"{"statusCode":200,"message":"ok","data":{"reference":"r"},"errors":{}}"#, false),
            (r#"{"StatusCode":201,"errors":null,"error":""}"#, false),
            (r#"{"success":true,"status":"SUCCESS"}"#, false),
            ("[]", false),
            (r#"{"statusCode":400,"message":"Insufficient balance","errors":{}}"#, true),
            (r#"{"errors":{"amount":"too much"}}"#, true),
            (r#"{"success":false,"message":"no","errorCode":"E1"}"#, true),
            (r#"{"error":"Bad Request"}"#, true),
        ] {
            assert_eq!(tells_an_error(&serde_json::from_str(body).unwrap()), expected, "{body}");
        }
    }

    #[test]
    fn anything_else_is_an_empty_body() {
        for bytes in [&b"<html>"[..], b"", b"[]", b"null", b"\xff"] {
            assert_eq!(ErrorBody::parse(bytes), ErrorBody::default());
        }
    }
}
