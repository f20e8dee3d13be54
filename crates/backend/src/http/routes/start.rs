//! `GET /v1/start`: a person's browser begins here and is sent to Monei's consent page.

use axum::Extension;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use http::header::{LOCATION, SET_COOKIE};
use http::{HeaderMap, HeaderValue, StatusCode};
use monei::{Scope, ScopeSet};

use crate::domain::network::Network;
use crate::domain::problem::{Code, Problem};
use crate::domain::proof::Challenge;
use crate::domain::return_target::ReturnTarget;
use crate::flow::start::Input;
use crate::http::Service;
use crate::http::guard::Sharer;
use crate::http::language::Language;
use crate::http::pages;
use crate::http::query::{self, Unknown};

/// Opened in the person's browser: leads to Monei's consent page. Each parameter exactly once; refusals are pages.
#[utoipa::path(
    get,
    path = "/v1/start",
    operation_id = "start",
    params(
        ("challenge" = String, Query, description = "BASE64URL(SHA256(verifier)), 43 characters (RFC 7636 §4.2, S256)"),
        ("return" = String, Query, description = "`deep-link`, or `http://127.0.0.1:<port>/<nonce>` with a port from 1024 and 22 to 64 of [A-Za-z0-9_-]"),
        ("scope" = String, Query, description = "Known scopes, separated by spaces")
    ),
    responses((status = 303, description = "To Monei's consent page, with this transaction's cookie"), (status = "default", response = super::openapi::Page))
)]
pub(super) async fn start(
    State(service): State<Service>,
    Extension(Sharer(network)): Extension<Sharer>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let begun = begin(&service, network, query.as_deref(), &headers).await;
    begun.unwrap_or_else(|problem| pages::refused(Language::of(&headers), problem))
}

async fn begin(service: &Service, network: Option<Network>, query: Option<&str>, headers: &HeaderMap) -> Result<Response, Problem> {
    let (challenge, target, scopes) = parameters(query).ok_or(Code::InvalidRequest)?;
    let begun = service.start.run(Input { challenge, target, scopes, network }).await?;
    let location = HeaderValue::try_from(begun.location).map_err(|_| Code::Internal)?;
    let mut response = (StatusCode::SEE_OTHER, [(LOCATION, location)]).into_response();
    for cookie in service.cookies.replace_oldest(headers, begun.id, &begun.cookie).ok_or(Code::Internal)? {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    Ok(response)
}

fn parameters(query: Option<&str>) -> Option<(Challenge, ReturnTarget, ScopeSet)> {
    let [challenge, target, scope] = query::parse(query, ["challenge", "return", "scope"], Unknown::Refuse).ok()?;
    let scopes = ScopeSet::parse(&scope?).ok()?;
    // Unknown permissions are not asked for: nobody could explain them.
    if scopes.is_empty() || !scopes.iter().all(Scope::is_known) {
        return None;
    }
    Some((Challenge::parse(&challenge?)?, ReturnTarget::parse(&target?).ok()?, scopes))
}
