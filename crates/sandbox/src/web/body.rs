//! Bodies of requests: bounded, and read strictly.

use axum::body::{Body, Bytes, to_bytes};
use http::{HeaderMap, StatusCode, header};

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
