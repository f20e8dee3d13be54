//! `GET /v1/callback`: Monei's redirect arrives here. The only place where a code enters, and only with its own state and cookie.

use axum::Extension;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use http::header::LOCATION;
use http::{HeaderMap, HeaderValue, StatusCode};

use crate::domain::problem::{Code, Problem};
use crate::flow::callback::{Input, Landing};
use crate::http::Service;
use crate::http::guard::Sharer;
use crate::http::language::Language;
use crate::http::pages;
use crate::http::query::{self, Unknown};

/// The redirect URI registered at Monei, opened by its consent page. Leads back to the app; refusals are pages. Each parameter at most once;
/// others are ignored (RFC 6749 §4.1.2).
#[utoipa::path(
    get,
    path = "/v1/callback",
    operation_id = "callback",
    params(
        ("state" = String, Query, description = "As Monei was given it"),
        ("code" = Option<String>, Query, description = "Monei's code; either this or `error`"),
        ("error" = Option<String>, Query, description = "Why Monei gives none (RFC 6749 §4.1.2.1)"),
        ("iss" = Option<String>, Query, description = "Who answers (RFC 9207); compared where it is there")
    ),
    responses(
        (status = 200, description = "A page that leads to the app's link, with `handoff`: the code or the refusal, sealed", content_type = "text/html"),
        (status = 303, description = "To the app's listener, with `handoff`: the code or the refusal, sealed"),
        (status = "default", response = super::openapi::Page)
    )
)]
pub(super) async fn callback(
    State(service): State<Service>,
    Extension(sharer): Extension<Sharer>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let received = receive(&service, sharer, query.as_deref(), &headers).await;
    received.unwrap_or_else(|problem| pages::refused(Language::of(&headers), problem))
}

async fn receive(service: &Service, Sharer(network): Sharer, query: Option<&str>, headers: &HeaderMap) -> Result<Response, Problem> {
    let names = ["state", "code", "error", "iss"];
    let [state, code, error, issuer] = query::parse(query, names, Unknown::Ignore).map_err(|_| Code::InvalidRequest)?;
    let state = state.ok_or(Code::InvalidRequest)?;
    let cookie = |id| service.cookies.value(headers, id);
    Ok(match service.callback.run(Input { state, code, error, issuer, cookie: &cookie, network }).await? {
        Landing::Page { link, approved } => pages::deep_link(Language::of(headers), &link, approved),
        Landing::Redirect(location) => {
            let location = HeaderValue::try_from(location).map_err(|_| Code::Internal)?;
            (StatusCode::SEE_OTHER, [(LOCATION, location)]).into_response()
        }
    })
}
