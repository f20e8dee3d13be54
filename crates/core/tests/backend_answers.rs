//! A backend of another environment or version, or something that is no backend at all: told before anybody is sent to the browser.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a failure here fails the test, and says where")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use connect_core::backend::{BackendClient, SealedRefreshToken};
use connect_core::problem::{Problem, ProblemCode};
use connect_core::snapshot::Environment;
use connect_core::{Http, SystemProxies};
use http::StatusCode;
use monei::AccessToken;
use serde_json::{Value, json};
use url::Url;

fn http() -> Arc<Http> {
    Arc::new(Http::new(Arc::new(SystemProxies)))
}

/// A server whose `/v1/client` answers `status` and `body`.
async fn backend(status: u16, body: String) -> BackendClient {
    let answer = move || {
        let body = body.clone();
        async move { Response::builder().status(status).header("retry-after", "9").body(body).unwrap().into_response() }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/v1/client", get(answer))).await.unwrap() });
    BackendClient::new(url, http())
}

fn good() -> Value {
    json!({
        "environment": "sandbox",
        "operator": {"name": "Somebody", "url": "https://somebody.example"},
        "scopes": ["profile:read", "wallet:read"],
        "api_version": 1,
        "sandbox_url": "http://127.0.0.1:43118",
    })
}

async fn asked(status: u16, body: String) -> Result<connect_core::backend::ClientInfo, Problem> {
    backend(status, body).await.client_info(Environment::Sandbox, 0).await
}

#[tokio::test]
async fn a_sound_answer_is_taken() {
    let info = asked(200, good().to_string()).await.unwrap();
    assert_eq!(info.operator.name, "Somebody");
    assert_eq!(info.scopes.to_string(), "profile:read wallet:read");
}

#[tokio::test]
async fn anything_else_has_its_own_name_and_changes_nothing() {
    use ProblemCode::{BackendEnvironment, BackendIncompatible, BackendUnreachable, NetworkIntercepted};
    let with = |field: &str, value: Value| {
        let mut body = good();
        body[field] = value;
        body.to_string()
    };
    let without = |field: &str| {
        let mut body = good();
        body.as_object_mut().unwrap().remove(field);
        body.to_string()
    };
    let cases = [
        (200, with("environment", json!("production")), BackendEnvironment),
        (200, with("environment", json!("moon")), BackendIncompatible),
        (200, with("api_version", json!(2)), BackendIncompatible),
        (200, with("scopes", json!("profile:read")), BackendIncompatible),
        (200, with("scopes", json!(["two words"])), BackendIncompatible),
        (200, with("operator", json!(null)), BackendIncompatible),
        (200, with("sandbox_url", json!("https://evil.test")), BackendEnvironment),
        (200, with("sandbox_url", json!("http://127.0.0.1.evil.test")), BackendEnvironment),
        (200, without("sandbox_url"), BackendIncompatible),
        (200, without("environment"), BackendIncompatible),
        (200, "<html>please log in to the network</html>".into(), NetworkIntercepted),
        (511, String::new(), NetworkIntercepted),
        (200, String::new(), BackendIncompatible),
        (200, "x".repeat(2 * 1024 * 1024), BackendIncompatible),
        (302, good().to_string(), NetworkIntercepted),
        (307, String::new(), NetworkIntercepted),
        (404, String::new(), BackendIncompatible),
        (500, String::new(), BackendUnreachable),
    ];
    for (status, body, expected) in cases {
        let problem = asked(status, body.clone()).await.unwrap_err();
        assert_eq!(problem.code, expected, "{status} {body:.80}");
    }
    assert_eq!(asked(StatusCode::TOO_MANY_REQUESTS.as_u16(), String::new()).await.unwrap_err(), Problem::busy(9));
}

#[tokio::test]
async fn an_operator_is_named_as_text_and_its_page_is_https_or_nothing() {
    let mut body = good();
    body["operator"] = json!({"name": format!("A\u{0}\n{}", "x".repeat(500)), "url": "javascript:alert(1)"});
    let info = asked(200, body.to_string()).await.unwrap();
    assert_eq!(info.operator.name.chars().count(), 80);
    assert!(!info.operator.name.contains(['\u{0}', '\n']));
    assert_eq!(info.operator_url, None);
}

#[tokio::test]
async fn a_claim_to_be_monei_is_neither_shown_nor_opened() {
    for (name, url) in [
        ("Monei", "https://operator.example.org"),
        ("M\u{200b}\u{43e}n\u{435}i", "https://operator.example.org"),
        ("Example", "https://monei.cc/"),
        ("Example", "https://www.m0nei.example.org/"),
    ] {
        let mut body = good();
        body["operator"] = json!({"name": name, "url": url});
        let info = asked(200, body.to_string()).await.unwrap();
        let claim = info.operator;
        let shown = (claim.shown_name(), claim.shown_host(), claim.poses_as_monei(), info.operator_url);
        assert_eq!(shown, (None, None, true, None), "{name} {url}");
    }
    let claim = asked(200, good().to_string()).await.unwrap().operator;
    assert_eq!((claim.shown_name(), claim.poses_as_monei()), (Some("Somebody"), false));
}

#[tokio::test]
async fn nobody_there_is_unreachable() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    drop(listener);
    let problem = BackendClient::new(url, http()).client_info(Environment::Sandbox, 0).await.unwrap_err();
    assert_eq!(problem.code, ProblemCode::BackendUnreachable);
}

/// Takes connections, counts them, and leaves each open for as long as the client does.
struct Counted(tokio::net::TcpListener, Arc<AtomicUsize>);

impl axum::serve::Listener for Counted {
    type Io = tokio::net::TcpStream;
    type Addr = std::net::SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        let accepted = self.0.accept().await.unwrap();
        self.1.fetch_add(1, Ordering::SeqCst);
        accepted
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        self.0.local_addr()
    }
}

#[tokio::test]
async fn reads_share_a_connection_and_a_token_call_has_one_of_its_own() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    let connections = Arc::new(AtomicUsize::new(0));
    let routes =
        Router::new().route("/v1/client", get(async || good().to_string())).route("/v1/revoke", post(async || StatusCode::NO_CONTENT));
    let counted = Counted(listener, Arc::clone(&connections));
    tokio::spawn(async move { axum::serve(counted, routes).await.unwrap() });
    let client = BackendClient::new(url, http());
    for _ in 0..5 {
        client.client_info(Environment::Sandbox, 0).await.unwrap();
    }
    assert_eq!(connections.load(Ordering::SeqCst), 1, "five reads, one after the other");
    // The one that is open may be closed by the other side at any moment, and nobody could tell what became of the call.
    for calls in 1..=3 {
        assert_eq!(client.revoke(&AccessToken::new("a"), &SealedRefreshToken::new("r"), 0).await, Ok(()));
        assert_eq!(connections.load(Ordering::SeqCst), 1 + calls);
    }
}

/// A person is told why nothing is confirmed.
#[tokio::test]
async fn a_revocation_that_is_not_confirmed_says_why() {
    for (status, wait, body, code) in [
        (502, "", r#"{"code":"revoke_unconfirmed"}"#, ProblemCode::ProviderUnavailable),
        (503, "", r#"{"code":"service_unavailable"}"#, ProblemCode::ServiceUnavailable),
        // Over in a moment, and nothing about its registration.
        (503, "3", r#"{"code":"service_unavailable"}"#, ProblemCode::BackendUnreachable),
        (429, "3", r#"{"code":"provider_busy"}"#, ProblemCode::Busy),
        (400, "", r#"{"code":"invalid_token"}"#, ProblemCode::ServiceUnavailable),
        (502, "", "<html>", ProblemCode::BackendUnreachable),
        (200, "", "{}", ProblemCode::BackendIncompatible),
    ] {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        let head = if wait.is_empty() { None } else { Some([("retry-after", wait)]) };
        let answer = async move || (StatusCode::from_u16(status).unwrap(), head, body).into_response();
        let routes = Router::new().route("/v1/revoke", post(answer));
        tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        let told = BackendClient::new(url, http()).revoke(&AccessToken::new("a"), &SealedRefreshToken::new("r"), 0).await;
        assert_eq!(told.unwrap_err().code, code, "{status} {body}");
    }
}
