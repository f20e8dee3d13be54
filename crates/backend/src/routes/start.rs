//! `GET /v1/start`: a person's browser begins here and is sent to Monei's consent page.

use axum::Extension;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::{LOCATION, SET_COOKIE};
use http::{HeaderMap, HeaderValue, StatusCode};
use monei::{Scope, ScopeSet};

use crate::Backend;
use crate::cookie::MAX_COOKIES;
use crate::domain::budget::Op;
use crate::guard::Network;
use crate::metrics::Counter;
use crate::pages;
use crate::problem::{Code, Problem};
use crate::proof::Challenge;
use crate::query::{self, Unknown};
use crate::return_target::ReturnTarget;
use crate::transaction::{CookieHash, STATE_LIFETIME, State as Sealed, TransactionId};

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
    State(backend): State<Backend>,
    Extension(network): Extension<Network>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    match begin(&backend, network, query.as_deref(), &headers).await {
        Ok(response) => response,
        Err(problem) => pages::refused(problem),
    }
}

async fn begin(backend: &Backend, Network(network): Network, query: Option<&str>, headers: &HeaderMap) -> Result<Response, Problem> {
    let inner = backend.inner();
    let (challenge, target, scopes) = parameters(query).ok_or(Code::InvalidRequest)?;
    let now = inner.clock.unix();
    let id = TransactionId::new(now);
    backend.charge(Op::Start { id: id.number(), network }).await?;
    let cookie = URL_SAFE_NO_PAD.encode(rand::random::<[u8; 16]>());
    let state = Sealed { challenge, cookie: CookieHash::of(&cookie), id, expires: now + STATE_LIFETIME, scopes, target };

    let mut location = inner.config.authorize_url.clone();
    location
        .query_pairs_mut()
        .append_pair("client_id", &inner.config.client_id)
        .append_pair("redirect_uri", &inner.config.redirect_uri)
        .append_pair("scope", &state.scopes.to_string())
        .append_pair("state", &state.seal(&inner.sealer));
    let location = HeaderValue::try_from(String::from(location)).map_err(|_| Code::Internal)?;

    let mut response = (StatusCode::SEE_OTHER, [(LOCATION, location)]).into_response();
    let present = inner.cookies.present(headers);
    let surplus = (present.len() + 1).saturating_sub(MAX_COOKIES);
    for old in present.into_iter().take(surplus) {
        response.headers_mut().append(SET_COOKIE, inner.cookies.clear(old).ok_or(Code::Internal)?);
    }
    response.headers_mut().append(SET_COOKIE, inner.cookies.set(id, &cookie).ok_or(Code::Internal)?);
    inner.metrics.count(Counter::Login("started"));
    inner.metrics.count_scopes("asked", &state.scopes);
    tracing::info!(event = "start", tx = state.challenge.log_id(), scopes = state.scopes.len());
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
