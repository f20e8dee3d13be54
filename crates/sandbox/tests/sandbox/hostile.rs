//! Input that nobody means well with: an answer each time, and a sandbox that goes on.

use crate::kit::{self, World, nest_error};
use monei_sandbox::{Options, Sandbox, serve};
use proptest::prelude::*;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

#[expect(clippy::unwrap_used, reason = "a test's own plumbing: a panic is its way to fail")]
async fn raw(world: &World, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(world.address).await.unwrap();
    // The server may have answered and closed before everything was written.
    let _ = stream.write_all(bytes).await;
    // Only where the server would wait for more: on Windows, hyper sees this end before it answers, and closes.
    if !String::from_utf8_lossy(bytes).contains("Connection: close") {
        let _ = stream.shutdown().await;
    }
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

fn status(answer: &str) -> u16 {
    answer.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0)
}

#[tokio::test]
async fn bodies_above_64_kib_and_addresses_above_4_kib_are_refused() {
    let world = World::new().await;
    let huge = "x".repeat(64 * 1024 + 1);
    nest_error(world.token(json!({"grant_type": huge})).await, 413).await;
    nest_error(world.revoke(&huge).await, 413).await;
    let long = world.http.get(format!("{}/api/v1/user/me?x={}", world.base, "y".repeat(4096))).send().await.unwrap();
    nest_error(long, 414).await;
    let page = world.http.get(format!("{}/connect/authorize?state={}", world.base, "y".repeat(4096))).send().await.unwrap();
    assert_eq!(page.status(), 414);
    assert_eq!(world.state().await["run"], "R1");
}

#[tokio::test]
async fn malformed_heads_and_bodies_are_answered_or_closed() {
    let world = World::new().await;
    let token = |content_type: &str, body: &str| {
        format!("POST /api/v1/connect/token HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len()).into_bytes()
    };
    for body in ["", "{", "[", "null", "\"\u{0}\"", r#"{"grant_type":{}}"#, &"[".repeat(60_000), r#"{"a":1e999999}"#, r#"{"a":"\ud800"}"#] {
        assert_eq!(status(&raw(&world, &token("application/json", body)).await), 400, "{}", body.chars().take(40).collect::<String>());
        world.control("reset", json!({"what": "quotas"})).await;
    }
    for kind in ["", "text/html", "application/x-www-form-urlencoded", "application/json, application/json", "\u{7f}"] {
        assert_eq!(status(&raw(&world, &token(kind, "grant_type=refresh_token")).await), 400, "{kind}");
    }
    for request in [
        "GET / HTTP/1.1\r\n\r\n".to_owned(),
        "GET / HTTP/1.1\r\nHost: a\r\nHost: 127.0.0.1\r\n\r\n".to_owned(),
        "GET //evil.example/ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".to_owned(),
        "GET http://evil.example/sandbox/api/state HTTP/1.1\r\nHost: evil.example\r\n\r\n".to_owned(),
        "\0\0\0\r\n\r\n".to_owned(),
        format!("GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: {}\r\n\r\n", "a".repeat(100_000)),
        format!("GET /{} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", "%ff".repeat(1_000)),
        "GET /api/v1/evm/portfolio/%ff%fe HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".to_owned(),
        "GET /connect/authorize?client_id=%ff HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".to_owned(),
    ] {
        let code = status(&raw(&world, request.as_bytes()).await);
        assert!(code == 0 || (400..500).contains(&code), "{code} {}", request.chars().take(60).collect::<String>());
    }
    assert_eq!(world.state().await["run"], "R1");
}

#[tokio::test]
async fn a_listener_that_others_could_reach_is_refused() {
    let listener = TcpListener::bind("0.0.0.0:0").await.unwrap();
    let sandbox = Sandbox::new(Options { clients: vec![kit::client()], ..Options::default() }).unwrap();
    let refused = serve(listener, sandbox, std::future::pending()).await.unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::PermissionDenied);
}

#[test]
fn no_query_of_any_shape_makes_the_consent_page_redirect_or_fail() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    // One for all requests, without a quota: they change nothing but the record, whose length is limited.
    let world = runtime.block_on(World::new());
    runtime.block_on(world.switch("authorize_per_minute", "0"));
    proptest!(|(query in "[ -~]{0,200}", state in "\\PC{0,40}")| {
        runtime.block_on(async {
            let encoded: String = url::form_urlencoded::byte_serialize(state.as_bytes()).collect();
            let answer = raw(&world, format!("GET /connect/authorize?{}&state={encoded} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n", query.replace(' ', "+")).as_bytes()).await;
            assert_eq!(status(&answer), 400, "{answer}");
        });
    });
}
