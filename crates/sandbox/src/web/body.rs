//! Bodies of requests: bounded, and read strictly.

use axum::body::{Body, Bytes, to_bytes};
use http::{HeaderMap, StatusCode, header};

use serde_json::{Map, Value};

use crate::model::fields::Fields;
use crate::web::nest::NestError;

/// Longest body, in bytes.
pub(crate) const MAX_BODY: usize = 64 * 1024;

/// What the Content-Type says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Media {
    Json,
    Form,
    Other,
}

impl Media {
    /// What to say of a body that isn't JSON and therefore isn't read.
    pub(crate) fn unread(self, headers: &HeaderMap) -> Option<String> {
        if self == Media::Json {
            return None;
        }
        let given =
            headers.get(header::CONTENT_TYPE).map(|value| String::from_utf8_lossy(value.as_bytes()).chars().take(80).collect::<String>());
        Some(match given {
            Some(given) => format!("the Content-Type is {given}, so the body wasn't read: application/json is"),
            None => "there is no Content-Type, so the body wasn't read: application/json is".to_owned(),
        })
    }
}

/// Reads a JSON object.
///
/// # Errors
/// 400; the log says where it goes wrong.
pub(crate) fn object(body: &[u8]) -> Result<Map<String, Value>, NestError> {
    serde_json::from_slice(body).map_err(|error| {
        // Its messages name what was expected and where, and quote nothing of the body but the kind of a value.
        let kind = if error.is_data() { "it is JSON, but no object".to_owned() } else { error.to_string() };
        NestError::bad_request("The body is not a JSON object").because(kind)
    })
}

/// The media type without its parameters.
pub(crate) fn media(headers: &HeaderMap) -> Media {
    let mut values = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return Media::Other };
    let essence = value.to_str().ok().and_then(|text| text.split(';').next()).unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/json") {
        Media::Json
    } else if essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        Media::Form
    } else {
        Media::Other
    }
}

/// Reads the whole body.
///
/// # Errors
/// 413 above 64 KiB.
pub(crate) async fn read(body: Body) -> Result<Bytes, NestError> {
    read_up_to(body, MAX_BODY).await
}

/// Reads the whole body.
///
/// # Errors
/// 413 above `longest` bytes.
pub(crate) async fn read_up_to(body: Body, longest: usize) -> Result<Bytes, NestError> {
    to_bytes(body, longest).await.map_err(|_| NestError::new(StatusCode::PAYLOAD_TOO_LARGE, "request entity too large"))
}

/// Longest form of the scenario editor, in bytes.
const MAX_LONG_FORM: usize = 512 * 1024;
/// Most fields in it.
const MOST_LONG_FIELDS: usize = 4_000;

/// Reads the form of the scenario editor, in which each name occurs once.
///
/// # Errors
/// The status to answer.
pub(crate) async fn long_form(headers: &HeaderMap, body: Body) -> Result<Fields, StatusCode> {
    if media(headers) != Media::Form {
        return Err(StatusCode::UNSUPPORTED_MEDIA_TYPE);
    }
    let bytes = to_bytes(body, MAX_LONG_FORM).await.map_err(|_| StatusCode::PAYLOAD_TOO_LARGE)?;
    Fields::parse_up_to(&bytes, MOST_LONG_FIELDS).and_then(|fields| fields.each_once_but(&[])).map_err(|_| StatusCode::BAD_REQUEST)
}

/// Reads the form of one of the sandbox's own pages; `repeatable` names may occur more than once.
///
/// # Errors
/// The status to answer.
pub(crate) async fn form(headers: &HeaderMap, body: Body, repeatable: &[&str]) -> Result<Fields, StatusCode> {
    if media(headers) != Media::Form {
        return Err(StatusCode::UNSUPPORTED_MEDIA_TYPE);
    }
    let bytes = to_bytes(body, MAX_BODY).await.map_err(|_| StatusCode::PAYLOAD_TOO_LARGE)?;
    Fields::parse(&bytes).and_then(|fields| fields.each_once_but(repeatable)).map_err(|_| StatusCode::BAD_REQUEST)
}
