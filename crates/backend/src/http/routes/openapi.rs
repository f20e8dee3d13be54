//! `GET /openapi.json`: the interface, from the handlers themselves.

use std::fmt::Write;
use std::sync::LazyLock;

use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use utoipa::{OpenApi, ToResponse};
use utoipa_axum::router::OpenApiRouter;

use crate::domain::problem::Code;

/// A refusal, for programs.
#[derive(ToResponse)]
#[response(description = "Refused, for one of the closed list of codes", content_type = "application/problem+json")]
pub(super) struct Refused(#[allow(dead_code, reason = "names the schema")] crate::http::problem::Body);

/// A refusal, for people.
#[derive(ToResponse)]
#[response(description = "Refused: a page that says why and what to do", content_type = "text/html")]
pub(super) struct Page(#[allow(dead_code, reason = "names the schema")] String);

#[derive(OpenApi)]
#[openapi(
    info(title = "Monei Connections backend", license(name = "MIT OR Apache-2.0")),
    components(schemas(crate::http::problem::Body, crate::domain::tokens::Body), responses(Refused, Page))
)]
struct Interface;

static DOCUMENT: LazyLock<String> = LazyLock::new(|| {
    let (_, mut document) = OpenApiRouter::with_openapi(Interface::openapi()).merge(super::all()).split_for_parts();
    document.info.version = env!("CARGO_PKG_VERSION").to_owned();
    document.info.description = Some(description());
    // Made of strings and numbers alone, it always serialises.
    document.to_json().unwrap_or_default()
});

/// What holds for every route, and what each code means.
fn description() -> String {
    let mut text = String::from(
        "Bodies are `application/json` of at most 8 KiB; unknown and doubled fields are refused. Routes with a body refuse browsers. \
         Refusals are RFC 9457 problems; act on `code`, and where there is a `Retry-After`, wait for so many seconds.\n\n\
         | code | status | |\n|---|---|---|\n",
    );
    for code in Code::ALL {
        let _ = writeln!(text, "| `{}` | {} | {} |", code.as_str(), code.status().as_u16(), code.title());
    }
    text
}

/// This document.
#[utoipa::path(get, path = "/openapi.json", operation_id = "openapi", responses((status = 200, description = "OpenAPI 3.1", content_type = "application/json"), (status = "default", response = Refused)))]
pub(super) async fn document() -> Response {
    ([(CONTENT_TYPE, "application/json")], DOCUMENT.as_str()).into_response()
}
