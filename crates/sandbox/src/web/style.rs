//! The one stylesheet.

use axum::response::{IntoResponse, Response};
use http::header;

/// `GET /sandbox/style.css`
pub(crate) async fn sheet() -> Response {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], include_str!("style.css")).into_response()
}

/// `GET /sandbox/coin/:symbol`: a disc as the picture of any coin, so that no page has to look elsewhere for one.
pub(crate) async fn coin() -> impl IntoResponse {
    const DISC: &str =
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><circle cx="16" cy="16" r="15" fill="#0084A4"/></svg>"##;
    ([(header::CONTENT_TYPE, "image/svg+xml")], DISC)
}
