//! The one stylesheet.

use axum::response::{IntoResponse, Response};
use http::header;

/// `GET /sandbox/style.css`
pub(crate) async fn sheet() -> Response {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], include_str!("style.css")).into_response()
}
