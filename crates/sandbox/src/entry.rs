//! What every request passes first: who may ask at all, how long an address may be, the record, and the faults.

use std::net::IpAddr;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::uri::Authority;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};

use crate::clock::http_date;
use crate::faults::{Dropped, Kind};
use crate::journal::Told;
use crate::nest::{Holder, NestError, Why};
use crate::page;
use crate::sandbox::Sandbox;
use crate::scenario::When;
use crate::script;

/// Where a request came from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) IpAddr);

impl std::fmt::Display for Peer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// Longest path and query, in bytes.
const MAX_TARGET: usize = 4_096;
/// Longest body, in bytes.
pub(crate) const MAX_BODY: usize = 64 * 1024;

/// Checks that no page of another site stands behind the request, records it, and dates the answer by the sandbox's clock.
pub(crate) async fn door(State(sandbox): State<Sandbox>, request: Request, next: Next) -> Response {
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let query = request.uri().query().map(str::to_owned);
    let mut response = match refuse(&request) {
        Some(refusal) => refusal,
        None => next.run(request).await,
    };
    let mut store = sandbox.store();
    let now = store.now();
    if let Ok(date) = HeaderValue::from_str(&http_date(now)) {
        response.headers_mut().insert(header::DATE, date);
    }
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // Not `no-referrer`: with it browsers send `Origin: null` with the sandbox's own forms.
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin"));
    if !path.starts_with("/sandbox") {
        let extensions = response.extensions();
        let told = Told {
            query: query.as_deref(),
            status: extensions.get::<Dropped>().is_none().then(|| response.status().as_u16()),
            holder: extensions.get::<Holder>().map(|Holder(holder)| holder.clone()),
            why: extensions.get::<Why>().map(|Why(why)| why.clone()),
        };
        let called = path.strip_prefix("/api/v1").filter(|_| response.status().is_success()).filter(|path| !path.starts_with("/connect/"));
        store.journal.record(now, method.as_str(), &path, told);
        if let Some(path) = called {
            script::happened(&mut store, When::Call, Some(path));
        }
    }
    response
}

/// Lets an armed fault happen to a call of the API.
pub(crate) async fn faults(State(sandbox): State<Sandbox>, request: Request, next: Next) -> Response {
    let Some(path) = request.uri().path().strip_prefix("/api/v1") else { return next.run(request).await };
    let fault = {
        let mut store = sandbox.store();
        // Counted here, so that a call that a fault swallows is counted too.
        match (request.method(), path) {
            (&Method::POST, "/connect/token") => store.journal.counters.token_calls += 1,
            (&Method::POST, "/connect/token/revoke") => store.journal.counters.revokes += 1,
            _ => {}
        }
        store.take_fault(path)
    };
    let Some(fault) = fault else { return next.run(request).await };
    let what = fault.describe();
    if let Kind::Delay(delay) = fault.kind {
        tokio::time::sleep(delay).await;
    }
    let mut response = match fault.kind.instead() {
        Some(response) => response,
        None => fault.kind.afterwards(next.run(request).await),
    };
    response.extensions_mut().insert(Why(format!("An armed fault: {what}")));
    response
}

fn refuse(request: &Request) -> Option<Response> {
    let uri = request.uri();
    let refusal = |status: StatusCode, text: &str| {
        Some(if uri.path().starts_with("/api/") || uri.path().starts_with("/sandbox/api/") {
            NestError::new(status, text).into_response()
        } else {
            page::problem(status, "This request was refused", text)
        })
    };
    if uri.path_and_query().map_or(0, |target| target.as_str().len()) > MAX_TARGET {
        return refusal(StatusCode::URI_TOO_LONG, "The address is longer than 4096 bytes");
    }
    // A name that an attacker points at 127.0.0.1 shows in the Host header (DNS rebinding).
    if !is_loopback_host(request.headers(), uri) {
        return refusal(StatusCode::MISDIRECTED_REQUEST, "The sandbox answers only to 127.0.0.1, [::1] and localhost");
    }
    if uri.path().starts_with("/sandbox") && is_foreign(request.method(), request.headers()) {
        return refusal(StatusCode::FORBIDDEN, "The control page and its API can't be used from another site");
    }
    None
}

fn is_loopback_host(headers: &HeaderMap, uri: &Uri) -> bool {
    let mut hosts = headers.get_all(header::HOST).iter();
    let named = match (hosts.next(), hosts.next()) {
        (Some(host), None) => host.to_str().ok().and_then(|host| host.parse::<Authority>().ok()),
        (None, _) => uri.authority().cloned(),
        _ => None,
    };
    named.is_some_and(|authority| {
        !authority.as_str().contains('@') && matches!(authority.host().to_ascii_lowercase().as_str(), "127.0.0.1" | "[::1]" | "localhost")
    })
}

/// A browser says where a request comes from. Links from elsewhere may open the control page, but not act.
fn is_foreign(method: &Method, headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let own_origin = text("host").map(|host| format!("http://{host}"));
    if headers.get_all(header::ORIGIN).iter().count() > 1 || text("origin").is_some_and(|origin| Some(origin) != own_origin.as_deref()) {
        return true;
    }
    let opened_by_person =
        *method == Method::GET && text("sec-fetch-mode") == Some("navigate") && text("sec-fetch-dest") == Some("document");
    !opened_by_person && text("sec-fetch-site").is_some_and(|site| !matches!(site, "same-origin" | "none"))
}

/// `http://` and the host the request was sent to: the sandbox's own address.
pub(crate) fn own_address(headers: &HeaderMap) -> String {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("127.0.0.1");
    format!("http://{host}")
}

/// No such path: as Monei's API says it, or as a page.
pub(crate) async fn not_found(method: Method, uri: Uri) -> Response {
    if uri.path().starts_with("/api/") {
        return cannot(&method, &uri).into_response();
    }
    page::problem(StatusCode::NOT_FOUND, "Nothing is here", "The sandbox has no page at this address.")
}

/// No such method: Monei's API answers 404 then.
pub(crate) async fn wrong_method(method: Method, uri: Uri) -> Response {
    if uri.path().starts_with("/api/") {
        return cannot(&method, &uri).into_response();
    }
    page::problem(StatusCode::METHOD_NOT_ALLOWED, "This page can't be used that way", "The sandbox does not know this method here.")
}

/// What Monei's API says of a path or method that it doesn't have.
pub(crate) fn cannot(method: &Method, uri: &Uri) -> NestError {
    NestError::not_found(format!("Cannot {method} {}", uri.path()))
}
