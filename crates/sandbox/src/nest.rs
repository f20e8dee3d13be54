//! Errors as Monei's API writes them: `{statusCode, message, error}`.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::json;

/// An error answer of the API.
#[derive(Debug)]
pub(crate) struct NestError {
    pub(crate) status: StatusCode,
    pub(crate) message: String,
    retry_after: Option<HeaderValue>,
}

impl NestError {
    pub(crate) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), retry_after: None }
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    pub(crate) fn unauthorized() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "Invalid or expired token")
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, message)
    }

    pub(crate) fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, message)
    }

    /// The state could not be written: nobody may rely on what was just done.
    pub(crate) fn not_saved() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "The sandbox could not write its state file")
    }

    pub(crate) fn too_many(retry_after: Option<HeaderValue>) -> Self {
        Self { status: StatusCode::TOO_MANY_REQUESTS, message: "ThrottlerException: Too Many Requests".into(), retry_after }
    }

    pub(crate) fn with_retry_after(mut self, retry_after: Option<HeaderValue>) -> Self {
        self.retry_after = retry_after;
        self
    }
}

impl IntoResponse for NestError {
    fn into_response(self) -> Response {
        let reason = self.status.canonical_reason().unwrap_or("Error");
        let body = json!({"statusCode": self.status.as_u16(), "message": self.message, "error": reason});
        let mut response = (self.status, Json(body)).into_response();
        if let Some(value) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, value);
        }
        response
    }
}
