//! Monei's error body (Monei: errors): `{"statusCode":401,"message":"…","error":"Unauthorized"}`, NestJS style.

use serde::Deserialize;

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
            status_code: Option<serde_json::Value>,
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
            status_code: raw.status_code.as_ref().and_then(serde_json::Value::as_u64).and_then(|code| u16::try_from(code).ok()),
            message: text(raw.message),
            error: text(raw.error),
        }
    }
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
    fn anything_else_is_an_empty_body() {
        for bytes in [&b"<html>"[..], b"", b"[]", b"null", b"\xff"] {
            assert_eq!(ErrorBody::parse(bytes), ErrorBody::default());
        }
    }
}
