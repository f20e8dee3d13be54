//! Requests that no route should see: browsers, wrong methods, wrong bodies, too much of anything.

use reqwest::{Method, StatusCode};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::*;

const TOKEN_ROUTES: [&str; 3] = ["/v1/redeem", "/v1/refresh", "/v1/revoke"];

#[tokio::test]
async fn a_browsers_page_gets_nothing_from_the_token_routes() {
    let world = World::new().await;
    for path in TOKEN_ROUTES {
        for (name, value) in [
            ("origin", "https://evil.example"),
            ("origin", "null"),
            ("origin", ""),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-origin"),
            ("sec-fetch-site", "none"),
        ] {
            let request = world.request(Method::POST, format!("{}{path}", world.backend)).header(name, value).json(&json!({}));
            let response = request.send().await.unwrap();
            assert!(response.headers().keys().all(|name| !name.as_str().starts_with("access-control")));
            problem(response, 403, "browser_refused").await;
        }
    }
}

#[tokio::test]
async fn every_other_method_is_405_and_says_which_one_is_right() {
    let world = World::new().await;
    for route in connect_backend::routes() {
        for method in ["GET", "POST", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"] {
            if method == route.method.as_str() {
                continue;
            }
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            let response = world.request(method.clone(), format!("{}{}", world.backend, route.path)).send().await.unwrap();
            assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED, "{method} {}", route.path);
            assert_eq!(header(&response, "allow"), route.method.as_str());
        }
    }
}

#[tokio::test]
async fn unknown_paths_are_404() {
    let world = World::new().await;
    for path in [
        "/",
        "/v1",
        "/v1/",
        "/v1/redeem/",
        "/v1//redeem",
        "/V1/redeem",
        "/healthz",
        "/readyz",
        "/metrics",
        "/v1/%72edeem",
        "/../etc/passwd",
    ] {
        problem(world.get(path).await, 404, "not_found").await;
    }
}

#[tokio::test]
async fn only_json_is_taken() {
    let world = World::new().await;
    let url = format!("{}/v1/redeem", world.backend);
    let kinds = [
        None,
        Some("text/plain"),
        Some("application/x-www-form-urlencoded"),
        Some("application/jsonp"),
        Some("application/json; charset=utf-7"),
        Some("text/plain, application/json"),
        Some("application/problem+json"),
    ];
    for kind in kinds {
        let mut request = world.request(Method::POST, url.clone()).body("{}");
        if let Some(kind) = kind {
            request = request.header("content-type", kind);
        }
        problem(request.send().await.unwrap(), 415, "unsupported_media_type").await;
    }
    for kind in ["application/json", "Application/JSON; charset=UTF-8"] {
        let request = world.request(Method::POST, url.clone()).header("content-type", kind).body("{}");
        problem(request.send().await.unwrap(), 400, "invalid_request").await;
    }
}

#[tokio::test]
async fn malformed_unknown_and_doubled_fields_are_refused() {
    let world = World::new().await;
    let bodies = [
        "",
        "{",
        "[]",
        "null",
        "\"x\"",
        "{\"handoff\":1,\"code_verifier\":2}",
        "{\"handoff\":\"a\",\"handoff\":\"a\",\"code_verifier\":\"b\"}",
        "{\"handoff\":\"a\",\"code_verifier\":\"b\",\"url\":\"https://evil.example\"}",
        "{\"handoff\":\"a\",\"code_verifier\":\"b\"} trailing",
        "{\"handoff\":\"\\ud800\",\"code_verifier\":\"b\"}",
        "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
    ];
    for path in TOKEN_ROUTES {
        for body in bodies {
            let request = world
                .request(Method::POST, format!("{}{path}", world.backend))
                .header("content-type", "application/json")
                .header("idempotency-key", "0123456789abcdef")
                .body(body);
            problem(request.send().await.unwrap(), 400, "invalid_request").await;
        }
        let with_query = world.request(Method::POST, format!("{}{path}?a=b", world.backend)).json(&json!({}));
        problem(with_query.send().await.unwrap(), 400, "invalid_request").await;
    }
}

#[tokio::test]
async fn what_is_too_long_is_refused() {
    let world = World::new().await;
    for path in TOKEN_ROUTES {
        let long = json!({"handoff": "h".repeat(9_000), "code_verifier": "v"});
        problem(world.post(path, &long).await, 413, "payload_too_large").await;
        let chunked = format!("POST {path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n");
        let mut stream = TcpStream::connect(world.backend.strip_prefix("http://").unwrap()).await.unwrap();
        stream.write_all(chunked.as_bytes()).await.unwrap();
        for _ in 0..10 {
            stream.write_all(format!("3e8\r\n{}\r\n", "x".repeat(1_000)).as_bytes()).await.unwrap();
        }
        let mut status = [0; 12];
        stream.read_exact(&mut status).await.unwrap();
        assert_eq!(&status, b"HTTP/1.1 413", "of unknown length");
    }
    problem(world.get(&format!("/v1/client?{}", "x".repeat(5_000))).await, 413, "payload_too_large").await;
}

#[tokio::test]
async fn anybody_may_ask_who_runs_the_backend() {
    let world = World::with(&[("CONNECT_OPERATOR_URL", "https://example.org/")]).await;
    let client: serde_json::Value = world.get("/v1/client").await.json().await.unwrap();
    assert_eq!(
        client,
        json!({
            "environment": "sandbox",
            "operator": {"name": "Test operator", "url": "https://example.org/"},
            "scopes": ["profile:read", "kyc:read", "wallet:read", "wallet:deposit", "wallet:send", "wallet:withdraw", "bills:pay", "swap:execute", "offramp:execute"],
            "api_version": 1,
            "sandbox_url": world.sandbox,
        })
    );
}
