//! What every request passes first: who may ask at all, how long an address may be, and the record.

use std::net::IpAddr;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::uri::Authority;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};

use crate::access::Gate;
use crate::model::clock::http_date;
use crate::model::journal::Told;
use crate::model::sessions::Cookies;
use crate::model::timeline::{Entry, Step};
use crate::shared::Shared;
use crate::web::nest::{Dropped, NestError, Trace, Why};
use crate::web::page;
use tokio::sync::oneshot;

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

/// Checks that no page of another site stands behind the request, records it, and dates the answer by the sandbox's clock. A request is
/// processed to its end whether or not its caller waits for the answer, as a server far away would.
pub(crate) async fn door(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    let (answer, answered) = oneshot::channel();
    tokio::spawn(async move {
        let (method, uri) = (request.method().clone(), request.uri().clone());
        let response = match refuse(&request, shared.gate()) {
            Some(refusal) => refusal,
            None => next.run(request).await,
        };
        let response = recorded(&shared, &method, &uri, response, answer.is_closed());
        // Nobody is there where the caller hung up.
        drop(answer.send(response));
    });
    answered.await.unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}

fn recorded(shared: &Shared, method: &Method, uri: &Uri, mut response: Response, hung_up: bool) -> Response {
    let path = uri.path();
    let mut world = shared.world();
    let now = world.now();
    if let Ok(date) = HeaderValue::from_str(&http_date(now)) {
        response.headers_mut().insert(header::DATE, date);
    }
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // Not `no-referrer`: with it browsers send `Origin: null` with the sandbox's own forms.
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin"));
    if path.starts_with("/sandbox") || path == HEALTH {
        // What a tester ordered is no request of an app, but why it was refused stands in the log as well.
        if let Some(Why(why)) = response.extensions().get::<Why>() {
            tracing::info!(%method, path = %leaks::mask(path), status = response.status().as_u16(), why = %leaks::mask(why), "refused");
        }
        return response;
    }
    let extensions = response.extensions();
    let why = extensions.get::<Why>().map(|Why(why)| why.clone());
    let hung_up_why = || {
        let status = response.status().as_u16();
        Some(format!("The caller hung up before the answer ({status}); the request was processed all the same"))
    };
    let trace = extensions.get::<Trace>().cloned().unwrap_or_default();
    let status = (extensions.get::<Dropped>().is_none() && !hung_up).then(|| response.status().as_u16());
    let why = if hung_up { hung_up_why() } else { why };
    let party = &trace.party;
    if let Some(step) = trace.step.or_else(|| step_of(method, path))
        && !trace.told
    {
        let what = trace.what.unwrap_or_else(|| format!("{method} {}", below_api(path).unwrap_or(path)));
        let entry = Entry::new(now, step, party.clone(), what);
        world.timeline.add(Entry { status, why: why.clone(), ..entry });
    }
    let holder = (party.user.is_some() || party.grant.is_some()).then(|| party.to_string());
    let told = Told { query: uri.query(), status, holder, why };
    world.journal.record(now, method.as_str(), path, told);
    if let Some(path) = below_api(path) {
        let called = Some(path).filter(|path| response.status().is_success() && !path.starts_with("/connect/"));
        world.request_done(called);
    }
    response
}

/// Whether programs call this path, and want JSON.
fn is_api(path: &str) -> bool {
    path.starts_with("/api/") || path == "/sandbox/api" || path.starts_with("/sandbox/api/")
}

/// What kind of step a request is that didn't come far enough to say.
fn step_of(method: &Method, path: &str) -> Option<Step> {
    match below_api(path) {
        Some("/connect/token") => Some(Step::Token),
        Some("/connect/token/revoke") => Some(Step::Revocation),
        Some(_) => Some(Step::Call),
        None if path == "/connect/authorize" => Some(if method == Method::GET { Step::Authorize } else { Step::Consent }),
        None => None,
    }
}

/// A path below `/api/v1`, with its leading slash.
pub(crate) fn below_api(path: &str) -> Option<&str> {
    path.strip_prefix("/api/v1").filter(|path| path.starts_with('/'))
}

/// Says that the sandbox is there.
pub(crate) const HEALTH: &str = "/healthz";

/// What pages that anybody may see load from below `/sandbox`.
fn is_decoration(path: &str) -> bool {
    path == "/sandbox/style.css" || path.starts_with("/sandbox/coin/")
}

fn refuse(request: &Request, gate: &Gate) -> Option<Response> {
    let uri = request.uri();
    let refusal = |status: StatusCode, text: &str| {
        Some(if is_api(uri.path()) {
            NestError::new(status, text).into_response()
        } else {
            page::problem(status, "This request was refused", text)
        })
    };
    if uri.path_and_query().map_or(0, |target| target.as_str().len()) > MAX_TARGET {
        return refusal(StatusCode::URI_TOO_LONG, "The address is longer than 4096 bytes");
    }
    // Tells nothing, and is asked for by whatever name an address has.
    if uri.path() == HEALTH {
        return None;
    }
    if !named_host(request.headers(), uri).is_some_and(|host| gate.admits(&host)) {
        let text = "The sandbox answers only to 127.0.0.1, [::1], localhost, and the names of --allow-host";
        return refusal(StatusCode::MISDIRECTED_REQUEST, text);
    }
    if uri.path().starts_with("/sandbox") && !is_decoration(uri.path()) {
        if is_foreign(request.method(), request.headers()) {
            return refusal(StatusCode::FORBIDDEN, "The control page and its API can't be used from another site");
        }
        let mut given = request.headers().get_all(header::AUTHORIZATION).iter();
        let (first, second) = (given.next(), given.next());
        if second.is_some() || !gate.opens_control(first.and_then(|value| value.to_str().ok())) {
            let mut response = refusal(StatusCode::UNAUTHORIZED, "The control page and its API want the token of the control page");
            if let Some(response) = &mut response {
                let challenge = HeaderValue::from_static("Basic realm=\"Monei Sandbox: the token as password\", charset=\"UTF-8\"");
                response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
            }
            return response;
        }
    }
    None
}

/// The one host that a request names, without its port.
fn named_host(headers: &HeaderMap, uri: &Uri) -> Option<String> {
    let mut hosts = headers.get_all(header::HOST).iter();
    let named = match (hosts.next(), hosts.next()) {
        (Some(host), None) => host.to_str().ok().and_then(|host| host.parse::<Authority>().ok()),
        (None, _) => uri.authority().cloned(),
        _ => None,
    };
    named.filter(|authority| !authority.as_str().contains('@')).map(|authority| authority.host().to_owned())
}

/// The session cookie of a browser, under the name that belongs to the port it asked: cookies don't tell ports apart. Read byte by byte, for
/// other programs of this computer may have set anything.
pub(crate) fn cookies(headers: &HeaderMap) -> Cookies {
    let port = named_host_and_port(headers).unwrap_or(80);
    let name = format!("monei_sandbox_session_{port}");
    let pairs = headers.get_all(header::COOKIE).iter().flat_map(|value| value.as_bytes().split(|byte| *byte == b';'));
    let texts = pairs.filter_map(|pair| std::str::from_utf8(pair.trim_ascii()).ok()).filter_map(|pair| pair.split_once('='));
    let values = texts.filter(|(other, _)| *other == name).map(|(_, value)| value.to_owned()).collect();
    Cookies { name, values }
}

fn named_host_and_port(headers: &HeaderMap) -> Option<u16> {
    headers.get(header::HOST)?.to_str().ok()?.parse::<Authority>().ok()?.port_u16()
}

/// `GET /healthz`
pub(crate) async fn health() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], r#"{"status":"ok"}"#)
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
    if is_api(uri.path()) {
        return cannot(&method, &uri).into_response();
    }
    page::problem(StatusCode::NOT_FOUND, "Nothing is here", "The sandbox has no page at this address.")
}

/// No such method: Monei's API answers 404 then.
pub(crate) async fn wrong_method(method: Method, uri: Uri) -> Response {
    if is_api(uri.path()) {
        return cannot(&method, &uri).into_response();
    }
    page::problem(StatusCode::METHOD_NOT_ALLOWED, "This page can't be used that way", "The sandbox does not know this method here.")
}

/// What Monei's API says of a path or method that it doesn't have.
pub(crate) fn cannot(method: &Method, uri: &Uri) -> NestError {
    NestError::not_found(format!("Cannot {method} {}", uri.path()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn only_cookies_of_this_port_are_read_whatever_else_a_browser_sends(
            before in proptest::collection::vec(any::<u8>(), 0..20), value in "[0-9a-f]{1,16}", after in "(; ?[a-z_]{0,8}=[ -~&&[^;]]{0,8}){0,3}",
        ) {
            let mut bytes = before;
            bytes.extend(format!("; monei_sandbox_session_43118={value}; monei_sandbox_session_43119=other{after}").into_bytes());
            if let Ok(cookie) = HeaderValue::from_bytes(&bytes) {
                let mut headers = HeaderMap::new();
                headers.insert(header::HOST, HeaderValue::from_static("127.0.0.1:43118"));
                headers.insert(header::COOKIE, cookie);
                let read = cookies(&headers);
                prop_assert_eq!(read.name.as_str(), "monei_sandbox_session_43118");
                prop_assert!(read.values.contains(&value) && !read.values.iter().any(|value| value == "other"));
            }
        }

        #[test]
        fn a_host_is_read_without_its_port_and_never_with_a_user(host in prop_oneof!["[a-z0-9.-]{1,12}(:[0-9]{0,6})?", "\\[[0-9a-f:]{0,8}\\](:[0-9]{1,5})?", "[ -~]{0,16}"]) {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, host.parse().unwrap());
            if let Some(named) = named_host(&headers, &Uri::from_static("/")) {
                prop_assert!(host.starts_with(&named) && !host.contains('@'));
                prop_assert!(!named.contains('/') && !named.contains('?'));
            }
        }
    }
}
