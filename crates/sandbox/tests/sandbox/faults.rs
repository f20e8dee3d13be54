//! Faults, quotas and browsers as they really are: hung-up callers, other methods, repeated forms, strange cookies.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::kit::{self, Browser, Tokens, World, nest_error, parameter};

/// Sends a refresh on a connection of its own and closes it without reading.
#[expect(clippy::unwrap_used, reason = "a test's own plumbing: a panic is its way to fail")]
async fn refresh_and_hang_up(world: &World, token: &str) {
    let body = json!({"grant_type": "refresh_token", "refresh_token": token}).to_string();
    let head = format!(
        "POST /api/v1/connect/token HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let mut stream = TcpStream::connect(world.address).await.unwrap();
    stream.write_all((head + &body).as_bytes()).await.unwrap();
    stream.flush().await.unwrap();
    // Received before the connection is closed: the counter says so.
    loop {
        if world.state().await["counters"]["token_calls"].as_u64().unwrap() >= 2 {
            break;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_delayed_call_is_processed_and_logged_though_its_caller_hangs_up() {
    let world = World::new().await;
    let tokens = world.connect("ada", "profile:read").await;
    world.control("fault", json!({"target": "token", "kind": "delay", "delay_ms": 300})).await;
    refresh_and_hang_up(&world, &tokens.refresh).await;
    let rotated = async {
        while world.get("/user/me", &tokens.access).await.status() == 200 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), rotated).await.expect("the pair rotates all the same");
    nest_error(world.refresh(&tokens.refresh).await, 401).await;
    let log: Value = world.http.get(format!("{}/sandbox/api/log", world.base)).send().await.unwrap().json().await.unwrap();
    let seen = log.as_array().unwrap().iter().find(|seen| seen["status"] == 0).unwrap_or_else(|| panic!("{log}"));
    assert!(seen["why"].as_str().unwrap().contains("hung up"), "{seen}");
}

#[tokio::test]
async fn a_fault_strikes_calls_that_monei_serves_and_no_others() {
    let world = World::new().await;
    let access = world.connect("ada", "profile:read wallet:deposit").await.access;
    let send = async |method: &str, path: &str| {
        let request = world.http.request(method.parse().unwrap(), format!("{}{path}", world.base)).bearer_auth(&access);
        request.json(&json!({})).send().await.unwrap().status().as_u16()
    };
    for target in ["token", "revoke", "api", "/user/me"] {
        world.control("fault", json!({"target": target, "kind": "status", "status": 503, "times": 1})).await;
    }
    let others = [
        ("GET", "/api/v1/connect/token"),
        ("DELETE", "/api/v1/connect/token/revoke"),
        ("GET", "/api/v1x/user/me"),
        ("GET", "/api/v1/user/me/"),
        ("POST", "/api/v1/user/me"),
        ("GET", "/api/v1/nothing"),
        ("GET", "/api/v1user/me"),
    ];
    for (method, path) in others {
        assert_eq!(send(method, path).await, 404, "{method} {path}");
    }
    assert_eq!(world.state().await["faults"].as_array().unwrap().len(), 4, "none was used up");
    for (method, path) in [
        ("POST", "/api/v1/connect/token"),
        ("POST", "/api/v1/connect/token/revoke"),
        ("GET", "/api/v1/kyc/status"),
        ("GET", "/api/v1/user/me"),
    ] {
        assert_eq!(send(method, path).await, 503, "{method} {path}");
    }
    world.control("fault", json!({"target": "api", "kind": "status", "status": 503, "method": "POST"})).await;
    assert_eq!(send("GET", "/api/v1/user/me").await, 200);
    assert_eq!(send("POST", "/api/v1/wallet/deposit").await, 503);
    let wrong = world.http.post(format!("{}/sandbox/api/fault", world.base));
    let wrong = wrong.json(&json!({"target": "api", "kind": "drop_before", "method": "BREW"})).send().await.unwrap();
    nest_error(wrong, 400).await;
}

#[tokio::test]
async fn a_call_that_a_fault_swallows_counts_in_the_quota() {
    for kind in [
        json!({"kind": "status", "status": 500}),
        json!({"kind": "drop_before"}),
        json!({"kind": "redirect", "location": "http://127.0.0.1:9/"}),
    ] {
        let world = World::new().await;
        world.switch("token_calls_per_minute", "2").await;
        let mut order = kind.clone();
        order["target"] = json!("token");
        order["times"] = json!(5);
        world.control("fault", order).await;
        let call = || {
            world
                .http
                .post(format!("{}/api/v1/connect/token", world.base))
                .json(&json!({"grant_type": "refresh_token", "refresh_token": "x"}))
                .send()
        };
        for _ in 0..2 {
            assert_ne!(call().await.map(|answer| answer.status().as_u16()).unwrap_or_default(), 429, "{kind}");
        }
        assert_eq!(call().await.unwrap().status(), 429, "{kind}");
        assert_eq!(world.state().await["faults"][0]["times"], 3, "a call over the quota reaches no fault");
    }
}

#[tokio::test]
async fn a_decision_that_is_posted_twice_is_one_decision() {
    let world = World::new().await;
    for allow in ["all", "deny"] {
        world.control("next", json!({"user": "ada", "allow": allow})).await;
    }
    let mut browser = Browser::new();
    let page = browser.open(&world.authorize_url("profile:read")).await;
    let form = [("scope", "profile:read"), ("decision", "allow")];
    let first = browser.submit(&page, &form).await.location();
    let again = browser.submit(&page, &form).await.location();
    assert_eq!(first, again);
    let other = browser.submit(&page, &[("decision", "deny")]).await.location();
    assert_eq!(first, other, "the first decision stands");
    assert_eq!(world.state().await["next"].as_array().unwrap().len(), 1, "one planned round is left");
    let exported = world.http.get(format!("{}/sandbox/api/scenario", world.base)).send().await.unwrap().text().await.unwrap();
    assert_eq!(exported.matches("[[round]]").count(), 2, "what was decided once, and what is planned: {exported}");
    let tokens = Tokens::of(world.exchange(&parameter(&first, "code").unwrap()).await).await;
    assert_eq!(tokens.scopes, ["profile:read"]);
}

#[tokio::test]
async fn two_sandboxes_on_one_computer_keep_their_sessions_apart() {
    let (one, other) = (World::new().await, World::new().await);
    let mut browser = Browser::new();
    browser.consent(&one.authorize_url("profile:read"), "ada").await;
    browser.consent(&other.authorize_url("profile:read"), "tunde").await;
    assert!(browser.open(&one.authorize_url("profile:read")).await.text.contains("Ada Okafor"), "{:?}", browser.cookies.keys());
    assert!(browser.open(&other.authorize_url("profile:read")).await.text.contains("Tunde Bello"));
}

#[tokio::test]
async fn a_cookie_of_any_bytes_in_the_same_browser_hinders_nobody() {
    let world = World::new().await;
    let mut browser = Browser::new();
    let page = browser.consent(&world.authorize_url("profile:read"), "ada").await;
    let own: Vec<String> = browser.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
    for strange in ["name=J\u{fc}rgen", "=", "x", "a=b=c; ;", "\u{fe}\u{ff}=1"] {
        let latin: Vec<u8> = format!("{strange}; {}", own.join("; ")).chars().map(|letter| letter as u8).collect();
        let header = reqwest::header::HeaderValue::from_bytes(&latin).unwrap();
        let answer = kit::http().get(page.url.as_str()).header("cookie", header).send().await.unwrap();
        assert!(answer.text().await.unwrap().contains("Ada Okafor"), "{strange}");
    }
}

#[tokio::test]
async fn a_consent_page_may_lead_to_a_redirect_uri_on_ipv6_loopback() {
    let mut client = kit::client();
    client.redirect_uris.push("http://[::1]:43117/v1/callback".into());
    let world = World::with(monei_sandbox::Options { clients: vec![client], ..Default::default() }).await;
    let asked = [("client_id", kit::CLIENT_ID), ("redirect_uri", "http://[::1]:43117/v1/callback"), ("scope", "wallet:read")];
    let page = Browser::new().open(&world.authorize_with(&asked)).await;
    let policy = page.header("content-security-policy");
    assert!(!policy.contains('['), "no host source has brackets: {policy}");
    assert!(policy.ends_with(" http:"), "{policy}");
}
