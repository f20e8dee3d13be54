//! What every request passes before a route sees it, and every answer afterwards: method, size, browsers, addresses, time; headers, log.

pub(crate) mod address;
pub(crate) mod caller;

use std::time::{Duration, Instant};

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{self, HeaderName};
use http::{HeaderMap, HeaderValue, Method};

use crate::Backend;
use crate::metrics::Counter;
use crate::pages;
use crate::problem::{Code, Problem};
use crate::routes::{Audience, ROUTES, Route, START};

/// Longest path and query, in bytes (C-12).
const MAX_URL: usize = 4096;
/// How long an answer may take (C-12).
const TOTAL: Duration = Duration::from_secs(15);

/// Wraps the public router.
pub(crate) async fn guard(State(backend): State<Backend>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let route = ROUTES.iter().find(|route| route.path == request.uri().path());
    let mut response = match refusal(&backend, route, &request) {
        Some(problem) => refuse(route, problem),
        None => match tokio::time::timeout(TOTAL, next.run(request)).await {
            Ok(response) => response,
            Err(_) => refuse(route, Code::ServiceUnavailable.into()),
        },
    };
    harden(response.headers_mut());
    let code = response.extensions().get::<Code>().map_or_else(|| class(&response), |code| code.as_str());
    let name = route.map_or("unknown", |route| route.path);
    backend.inner().metrics.count(Counter::Request(name, code));
    tracing::info!(
        event = "request",
        route = name,
        status = response.status().as_u16(),
        result = code,
        ms = began.elapsed().as_millis() as u64
    );
    response
}

fn class(response: &Response) -> &'static str {
    match response.status().as_u16() {
        200..=299 => "ok",
        300..=399 => "redirect",
        _ => "refused",
    }
}

/// Why the request goes no further, if it doesn't.
fn refusal(backend: &Backend, route: Option<&Route>, request: &Request) -> Option<Problem> {
    let uri = request.uri();
    if uri.path_and_query().map_or(0, |text| text.as_str().len()) > MAX_URL {
        return Some(Code::PayloadTooLarge.into());
    }
    let route = route?;
    if *request.method() != route.method {
        return Some(Code::MethodNotAllowed.into());
    }
    if route.audience != Audience::Browser && uri.query().is_some() {
        return Some(Code::InvalidRequest.into());
    }
    if route.audience == Audience::App && from_browser(request.headers()) {
        return Some(Code::BrowserRefused.into());
    }
    if !route.limited {
        return None;
    }
    let inner = backend.inner();
    let caller = caller::caller(request, &inner.config.trusted_proxies);
    // On this computer there is nobody to share with.
    let starts = route.path == START && !caller.is_loopback();
    let refused = inner.address_limit.check(caller).and_then(|()| if starts { inner.start_limit.check(caller) } else { Ok(()) });
    refused.err().map(|seconds| Problem::from(Code::RateLimited).retry_after(seconds))
}

/// A browser says so itself, and a page can't make it keep silent (Fetch: forbidden request-headers).
fn from_browser(headers: &HeaderMap) -> bool {
    headers.contains_key(header::ORIGIN) || headers.contains_key("sec-fetch-site")
}

/// A refusal in the form that the route's callers read: a page for people, a problem for programs.
pub(crate) fn refuse(route: Option<&Route>, problem: Problem) -> Response {
    let mut response = match route {
        Some(route) if route.audience == Audience::Browser => pages::refused(problem),
        _ => problem.into_response(),
    };
    if problem.code == Code::MethodNotAllowed
        && let Some(route) = route
    {
        let allow = if route.method == Method::GET { "GET" } else { "POST" };
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allow));
    }
    response
}

/// The headers of every answer (C-11). A page brings its own content policy.
pub(crate) fn harden(headers: &mut HeaderMap) {
    const ALWAYS: [(HeaderName, &str); 6] = [
        (header::CACHE_CONTROL, "no-store"),
        (header::STRICT_TRANSPORT_SECURITY, "max-age=63072000; includeSubDomains"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    for (name, value) in ALWAYS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers
        .entry(header::CONTENT_SECURITY_POLICY)
        .or_insert(HeaderValue::from_static("default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"));
}
