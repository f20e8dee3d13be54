//! What every request passes before a route sees it, and every answer afterwards: method, size, browsers, addresses, time; headers, log.

pub(crate) mod address;
pub(crate) mod caller;
mod fetch;

use std::net::IpAddr;
use std::time::{Duration, Instant};

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{self, HeaderName};
use http::{HeaderMap, HeaderValue, Method};

use tracing::Instrument;

use crate::domain::network::Network;
use crate::domain::problem::{Code, Problem};
use crate::domain::settings::Environment;
use crate::http::language::Language;
use crate::http::routes::{Audience, READ_TIMEOUT, Route, routes};
use crate::http::{Service, pages};
use crate::metrics::Counter;

/// Longest path and query, in bytes (C-12).
const MAX_URL: usize = 4096;
/// How long an answer may take once the request is there (C-12). Longer than a route waits for Monei, so that the route itself says what came of it.
const TOTAL: Duration = Duration::from_secs(15);

/// Whom the caller shares Monei's limits as: its network, or `None` where rules per network don't bind it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sharer(pub(crate) Option<Network>);

/// Seconds after which a request that took too long is worth another try.
const LATE_AGAIN: u64 = 3;

/// Wraps the public router. Every line that is logged for a request carries its id and route.
pub(crate) async fn guard(State(service): State<Service>, request: Request, next: Next) -> Response {
    let route = routes().iter().find(|route| route.path == request.uri().path());
    let name = route.map_or("unknown", |route| route.path);
    let span = tracing::error_span!("request", id = hex::encode(rand::random::<[u8; 6]>()), route = name);
    pass(service, route, name, request, next).instrument(span).await
}

async fn pass(service: Service, route: Option<&Route>, name: &'static str, mut request: Request, next: Next) -> Response {
    let began = Instant::now();
    let caller = caller::caller(&request, &service.trusted_proxies);
    // A sandbox is on its tester's own computer: there is nobody to share with. Elsewhere loopback is a proxy that wasn't listed.
    let shares = !(service.about.environment == Environment::Sandbox && caller.is_loopback());
    request.extensions_mut().insert(Sharer(shares.then(|| Network::of(caller))));
    let language = Language::of(request.headers());
    let mut response = match refusal(&service, route, caller, &request) {
        Some(problem) => refuse(route, language, problem),
        None => match tokio::time::timeout(limit(route), next.run(request)).await {
            Ok(response) => response,
            Err(_) => refuse(route, language, Problem::from(Code::ServiceUnavailable).retry_after(LATE_AGAIN)),
        },
    };
    harden(response.headers_mut());
    let code = response.extensions().get::<Code>().map_or_else(|| class(&response), |code| code.as_str());
    service.metrics.count(Counter::Request(name, code));
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

/// [`TOTAL`], and the time that a body may take to arrive where the route reads one.
fn limit(route: Option<&Route>) -> Duration {
    match route {
        Some(route) if route.method == Method::POST => READ_TIMEOUT + TOTAL,
        _ => TOTAL,
    }
}

/// Why the request goes no further, if it doesn't. Whatever it is, it is counted first: each leaves a line in the log.
fn refusal(service: &Service, route: Option<&Route>, caller: IpAddr, request: &Request) -> Option<Problem> {
    if let Err(seconds) = service.address_limit.check(caller) {
        return Some(Problem::from(Code::RateLimited).retry_after(seconds));
    }
    let uri = request.uri();
    if uri.path_and_query().map_or(0, |text| text.as_str().len()) > MAX_URL {
        return Some(Code::PayloadTooLarge.into());
    }
    let Some(route) = route else { return Some(Code::NotFound.into()) };
    if *request.method() != route.method {
        return Some(Code::MethodNotAllowed.into());
    }
    if !route.audience.reads_pages() && uri.query().is_some() {
        return Some(Code::InvalidRequest.into());
    }
    if route.audience == Audience::App && from_browser(request.headers()) {
        return Some(Code::BrowserRefused.into());
    }
    if route.audience.reads_pages() {
        return match fetch::Visit::of(request.headers()) {
            fetch::Visit::Unseen => Some(Code::BrowserRefused.into()),
            // Monei's own redirect to the callback is a visit from another site; a start is never opened by a link of another site.
            fetch::Visit::FromAnotherSite if route.audience == Audience::Browser => Some(Code::StartedElsewhere.into()),
            fetch::Visit::Opened | fetch::Visit::FromAnotherSite => None,
        };
    }
    None
}

/// A browser says so itself, and a page can't make it keep silent (Fetch: forbidden request-headers).
fn from_browser(headers: &HeaderMap) -> bool {
    headers.contains_key(header::ORIGIN) || headers.contains_key("sec-fetch-site")
}

/// A refusal in the form that the route's callers read: a page for people, a problem for programs.
pub(crate) fn refuse(route: Option<&Route>, language: Language, problem: Problem) -> Response {
    let mut response = match route {
        Some(route) if route.audience.reads_pages() => pages::refused(language, problem),
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
        (header::STRICT_TRANSPORT_SECURITY, "max-age=63072000"),
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

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use axum::Router;
    use axum::body::Body;
    use axum::extract::ConnectInfo;
    use axum::routing::get;
    use http::StatusCode;
    use tower::ServiceExt;

    use super::*;
    use crate::{Backend, Config};

    fn backend(environment: &'static str, per_address: &'static str) -> Backend {
        let (id, secret) = if environment == "sandbox" { ("mc_sim_app", "mcs_sim_secret") } else { ("mc_app", "mcs_0123456789ab") };
        let find = move |name: &str| {
            let value = match name {
                "MONEI_ENVIRONMENT" => environment,
                "MONEI_CLIENT_ID" => id,
                "MONEI_CLIENT_SECRET" => secret,
                "MONEI_REDIRECT_URI" if environment != "sandbox" => "https://connect.example.org/v1/callback",
                "CONNECT_OPERATOR_NAME" => "Test operator",
                "CONNECT_SEALING_KEY" => "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
                "CONNECT_PER_ADDRESS_PER_MINUTE" => per_address,
                _ => return None,
            };
            Some(value.to_owned())
        };
        Backend::new(Config::from_lookup(&find).unwrap()).unwrap()
    }

    async fn status(router: &Router, method: Method, path: &str) -> StatusCode {
        let mut request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
        request.extensions_mut().insert(ConnectInfo::<SocketAddr>("127.0.0.1:40000".parse().unwrap()));
        router.clone().oneshot(request).await.unwrap().status()
    }

    fn start() -> String {
        format!("/v1/start?challenge={}&return=deep-link&scope=wallet:read", "A".repeat(43))
    }

    #[tokio::test]
    async fn a_route_that_is_not_listed_does_not_work() {
        let backend = backend("sandbox", "0");
        let router = Router::new()
            .route("/v1/client", get(|| async { "served" }))
            .route("/v1/poll", get(|| async { "served" }))
            .layer(axum::middleware::from_fn_with_state(backend.service(), guard));
        assert_eq!(status(&router, Method::GET, "/v1/client").await, StatusCode::OK);
        assert_eq!(status(&router, Method::GET, "/v1/poll").await, StatusCode::NOT_FOUND);
        assert_eq!(status(&router, Method::HEAD, "/v1/client").await, StatusCode::METHOD_NOT_ALLOWED);
    }

    #[tokio::test]
    async fn whatever_an_address_asks_for_counts() {
        let asked = [
            (Method::GET, "/v1/client", StatusCode::OK),
            (Method::GET, "/openapi.json", StatusCode::OK),
            (Method::GET, "/nothing", StatusCode::NOT_FOUND),
            (Method::PUT, "/v1/redeem", StatusCode::METHOD_NOT_ALLOWED),
            (Method::GET, "/v1/client?a=b", StatusCode::BAD_REQUEST),
        ];
        for (method, path, expected) in asked {
            let router = backend("sandbox", "3").router();
            for _ in 0..3 {
                assert_eq!(status(&router, method.clone(), path).await, expected, "{method} {path}");
            }
            assert_eq!(status(&router, method.clone(), path).await, StatusCode::TOO_MANY_REQUESTS, "{method} {path}");
        }
    }

    /// Behind a proxy on the same host that nobody listed, everybody seems to be on loopback.
    #[tokio::test]
    async fn loopback_has_no_limit_of_starts_in_the_sandbox_alone() {
        for (environment, most) in [("production", 10), ("sandbox", 20)] {
            let router = backend(environment, "120").router();
            for _ in 0..most {
                assert_eq!(status(&router, Method::GET, &start()).await, StatusCode::SEE_OTHER, "{environment}");
            }
            assert_eq!(status(&router, Method::GET, &start()).await, StatusCode::TOO_MANY_REQUESTS, "{environment}");
        }
    }
}
