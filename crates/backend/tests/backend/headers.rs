//! The headers of every answer.

use std::collections::BTreeMap;

use reqwest::{Method, Response};
use serde_json::json;

use crate::support::*;

/// Status and headers, without what differs from run to run.
fn summary(response: &Response) -> BTreeMap<String, String> {
    let mut all: BTreeMap<_, _> = response
        .headers()
        .iter()
        .filter(|(name, _)| !["date", "content-length", "location", "set-cookie"].contains(&name.as_str()))
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    all.insert(":status".into(), response.status().as_u16().to_string());
    all
}

#[tokio::test]
async fn every_route_answers_with_the_same_strict_headers() {
    let world = World::new().await;
    let proof = Proof::new();
    let tokens = world.connect().await;
    let started = world.start(&proof, "deep-link").await;
    let page = world.decide(&started, None).await;
    let start = world.start_url(&proof.challenge, RETURN, "wallet:read");
    let mut seen = BTreeMap::new();
    seen.insert("01 client", summary(&world.get("/v1/client").await));
    seen.insert("02 start", summary(&world.visit(&start, None).await));
    seen.insert("03 start, refused", summary(&world.get("/v1/start").await));
    seen.insert("04 callback, deep link", summary(&world.visit(&page, Some(&started.cookie)).await));
    seen.insert("05 callback, refused", summary(&world.get("/v1/callback").await));
    seen.insert("06 redeem, refused", summary(&world.redeem("x", &proof.verifier).await));
    let handoff = world.handoff(&proof).await;
    seen.insert("07 redeem", summary(&world.redeem(&handoff, &proof.verifier).await));
    seen.insert("08 refresh", summary(&world.refresh(tokens["refresh_token"].as_str().unwrap(), "0123456789abcdef").await));
    seen.insert("09 refresh, refused", summary(&world.refresh("x", "0123456789abcdef").await));
    seen.insert("10 revoke", summary(&world.revoke(&tokens).await));
    seen.insert("11 revoke, refused", summary(&world.post("/v1/revoke", &json!({})).await));
    seen.insert("12 no such route", summary(&world.get("/nothing").await));
    let trace = world.request(Method::TRACE, format!("{}/v1/redeem", world.backend)).send().await.unwrap();
    seen.insert("13 wrong method", summary(&trace));
    let origin = world.request(Method::POST, format!("{}/v1/redeem", world.backend)).header("origin", "null").send().await.unwrap();
    seen.insert("14 from a browser", summary(&origin));
    seen.insert("15 too long", summary(&world.get(&format!("/v1/start?{}", "x".repeat(5_000))).await));
    seen.insert("16 wrong method on a page", summary(&world.post("/v1/start", &json!({})).await));
    for path in ["healthz", "readyz", "metrics"] {
        let response = world.request(Method::GET, format!("{}/{path}", world.private)).send().await.unwrap();
        seen.insert(
            ["17 healthz", "18 readyz", "19 metrics"][["healthz", "readyz", "metrics"].iter().position(|known| *known == path).unwrap()],
            summary(&response),
        );
    }
    for (name, headers) in &seen {
        for (header, value) in [
            ("cache-control", "no-store"),
            ("strict-transport-security", "max-age=63072000"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-opener-policy", "same-origin"),
        ] {
            assert_eq!(headers.get(header).map(String::as_str), Some(value), "{name}: {header}");
        }
        let policy = &headers["content-security-policy"];
        assert!(policy.starts_with("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{name}: {policy}");
        for absent in ["server", "x-powered-by", "access-control-allow-origin"] {
            assert!(!headers.contains_key(absent), "{name}: {absent}");
        }
    }
    insta::assert_json_snapshot!(seen);
}
