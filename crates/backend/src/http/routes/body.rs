//! JSON bodies, read strictly: `application/json` alone, at most 8 KiB, within ten seconds, no unknown or doubled field.

use std::time::Duration;

use axum::body::to_bytes;
use axum::extract::{FromRequest, Request};
use http::HeaderMap;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use crate::domain::problem::{Code, Problem};

/// Longest body, in bytes (C-12).
const MAX_BODY: usize = 8 * 1024;
/// How long a body may take to arrive.
pub(crate) const READ_TIMEOUT: Duration = Duration::from_secs(10);

/// A body of the expected shape. The type must `deny_unknown_fields`.
pub(super) struct Json<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        if !is_json(request.headers()) {
            return Err(Code::UnsupportedMediaType.into());
        }
        let declared = request.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
        if declared.is_some_and(|length| length > MAX_BODY) {
            return Err(Code::PayloadTooLarge.into());
        }
        let bytes = match tokio::time::timeout(READ_TIMEOUT, to_bytes(request.into_body(), MAX_BODY)).await {
            Ok(Ok(bytes)) => Zeroizing::new(bytes.to_vec()),
            Ok(Err(error)) if is_too_long(&error) => return Err(Code::PayloadTooLarge.into()),
            Ok(Err(_)) => return Err(Code::InvalidRequest.into()),
            Err(_) => return Err(Problem::from(Code::InvalidRequest).with_status(http::StatusCode::REQUEST_TIMEOUT)),
        };
        serde_json::from_slice(&bytes).map(Json).map_err(|_| Code::InvalidRequest.into())
    }
}

fn is_too_long(error: &axum::Error) -> bool {
    std::error::Error::source(error).is_some_and(|source| source.is::<http_body_util::LengthLimitError>())
}

/// `application/json`, perhaps with `charset=utf-8`, said once.
fn is_json(headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(CONTENT_TYPE).into_iter();
    let (Some(value), None) = (values.next(), values.next()) else { return false };
    let Ok(text) = value.to_str() else { return false };
    let (essence, parameter) = text.split_once(';').map_or((text, None), |(essence, parameter)| (essence, Some(parameter.trim())));
    essence.trim().eq_ignore_ascii_case("application/json") && parameter.is_none_or(|text| text.eq_ignore_ascii_case("charset=utf-8"))
}
