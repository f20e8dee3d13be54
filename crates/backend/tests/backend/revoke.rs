//! Taking a grant away.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::*;

async fn alive(world: &World) -> bool {
    world.state().await["grants"].as_array().unwrap().iter().any(|grant| grant["alive"] == true)
}

#[tokio::test]
async fn a_confirmed_revocation_is_204_and_the_grant_is_dead() {
    for answer in ["200", "204"] {
        let world = World::new().await;
        world.switch("revoke_response", answer).await;
        let tokens = world.connect().await;
        assert!(alive(&world).await);
        let response = world.revoke(&tokens).await;
        assert_eq!(response.status(), StatusCode::NO_CONTENT);
        assert!(response.bytes().await.unwrap().is_empty());
        assert!(!alive(&world).await);
        assert_eq!(world.counter("revokes").await, 1);
    }
}

#[tokio::test]
async fn where_the_access_token_is_no_longer_known_the_refresh_token_is_tried() {
    let world = World::new().await;
    world.switch("revoke_expired", "404").await;
    let tokens = world.connect().await;
    world.expire().await;
    assert_eq!(world.revoke(&tokens).await.status(), StatusCode::NO_CONTENT);
    assert!(!alive(&world).await);
    assert_eq!(world.counter("revokes").await, 2);
}

#[tokio::test]
async fn what_monei_does_not_confirm_is_said_to_be_unconfirmed() {
    let faults: [(Value, u64); 5] = [
        (json!({"target": "revoke", "kind": "status", "status": 404, "times": 2}), 2),
        (json!({"target": "revoke", "kind": "status", "status": 401, "times": 2}), 2),
        (json!({"target": "revoke", "kind": "status", "status": 500}), 1),
        (json!({"target": "revoke", "kind": "drop_before"}), 1),
        (json!({"target": "revoke", "kind": "redirect", "location": "http://127.0.0.1:9/"}), 1),
    ];
    for (fault, calls) in faults {
        let world = World::new().await;
        let tokens = world.connect().await;
        world.fault(fault.clone()).await;
        problem(world.revoke(&tokens).await, 502, "revoke_unconfirmed").await;
        assert_eq!(world.counter("revokes").await, calls, "{fault}");
    }
}

#[tokio::test]
async fn moneis_limit_is_passed_on() {
    let world = World::new().await;
    let tokens = world.connect().await;
    world.fault(json!({"target": "revoke", "kind": "status", "status": 429, "retry_after": 9})).await;
    let wait = problem(world.revoke(&tokens).await, 429, "provider_busy").await.unwrap();
    assert!((9..=10).contains(&wait));
    // It is another endpoint's limit: people can still connect.
    let other = world.connect().await;
    // Monei asked for a pause, and gets it.
    let wait = problem(world.revoke(&other).await, 429, "provider_busy").await.unwrap();
    assert_eq!(world.counter("revokes").await, 1);
    world.later(wait);
    for tokens in [tokens, other] {
        assert_eq!(world.revoke(&tokens).await.status(), StatusCode::NO_CONTENT);
    }
}

#[tokio::test]
async fn a_503_that_says_how_long_is_passed_on() {
    let world = World::new().await;
    let tokens = world.connect().await;
    world.fault(json!({"target": "revoke", "kind": "status", "status": 503, "retry_after": 9})).await;
    let wait = problem(world.revoke(&tokens).await, 502, "revoke_unconfirmed").await.unwrap();
    assert!((9..=10).contains(&wait));
    world.later(wait);
    assert_eq!(world.revoke(&tokens).await.status(), StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn one_token_of_ones_own_and_many_made_up_ones_are_one_revocation() {
    let world = World::new().await;
    let tokens = world.connect().await;
    let mut answers = Vec::new();
    for round in 0..60 {
        let made_up = json!({"access_token": format!("mct_sim_made_up_{round}"), "refresh_token": tokens["refresh_token"]});
        answers.push(world.revoke(&made_up).await.status().as_u16());
    }
    assert_eq!(answers[0], 204, "Monei knows the refresh token");
    assert!(answers[1..].iter().all(|status| *status == 502), "about another access token nothing is confirmed: {answers:?}");
    assert_eq!(world.counter("revokes").await, 2, "the first access token, then the refresh token");
}

#[tokio::test]
async fn a_lost_answer_can_be_had_again() {
    let world = World::new().await;
    let tokens = world.connect().await;
    for _ in 0..3 {
        assert_eq!(world.revoke(&tokens).await.status(), StatusCode::NO_CONTENT);
    }
    assert_eq!(world.counter("revokes").await, 1);
}

#[tokio::test]
async fn a_try_that_failed_may_be_made_again() {
    for fault in [json!({"target": "revoke", "kind": "drop_before"}), json!({"target": "revoke", "kind": "status", "status": 500})] {
        let world = World::new().await;
        let tokens = world.connect().await;
        world.fault(fault).await;
        problem(world.revoke(&tokens).await, 502, "revoke_unconfirmed").await;
        assert_eq!(world.revoke(&tokens).await.status(), StatusCode::NO_CONTENT);
        assert!(!alive(&world).await);
    }
}

#[tokio::test]
async fn at_most_thirty_calls_a_minute_and_none_of_the_token_budget() {
    let world = World::with(&[("MONEI_TOKEN_CALLS_PER_MINUTE", "20"), ("MONEI_AUTHORIZE_CALLS_PER_MINUTE", "0")]).await;
    let mut all = Vec::new();
    for _ in 0..16 {
        all.push(world.connect().await);
    }
    assert_eq!(world.metric("connect_budget_left{lane=\"redeem\"}").await, Some(0));
    for tokens in &all[..15] {
        let made_up = json!({"access_token": "mct_sim_made_up", "refresh_token": tokens["refresh_token"]});
        assert_eq!(world.revoke(&made_up).await.status(), StatusCode::NO_CONTENT, "with two calls, though token calls are used up");
    }
    assert_eq!(world.metric("connect_budget_left{lane=\"revoke\"}").await, Some(0));
    let wait = problem(world.revoke(&all[15]).await, 429, "rate_limited").await.unwrap();
    assert_eq!(world.counter("revokes").await, 30);
    assert_eq!(world.metric("connect_budget_left{lane=\"refresh\"}").await, Some(4), "revocations take nothing of it");
    world.later(wait);
    assert_eq!(world.revoke(&all[15]).await.status(), StatusCode::NO_CONTENT);
}

/// Revokes with a made-up access token, which takes two calls, as a caller of the address `from`.
async fn revoke_from(world: &World, from: &str, tokens: &Value) -> reqwest::Response {
    let body = json!({"access_token": "mct_sim_made_up", "refresh_token": tokens["refresh_token"]});
    let request = world.request(reqwest::Method::POST, format!("{}/v1/revoke", world.backend)).json(&body);
    request.header("x-forwarded-for", from).send().await.unwrap()
}

async fn with_callers() -> World {
    let values =
        [("MONEI_TOKEN_CALLS_PER_MINUTE", "20"), ("MONEI_AUTHORIZE_CALLS_PER_MINUTE", "0"), ("CONNECT_TRUSTED_PROXIES", "127.0.0.1")];
    World::with(&values).await
}

#[tokio::test]
async fn one_network_gets_a_third_of_the_revocations() {
    let world = with_callers().await;
    let mut all = Vec::new();
    for _ in 0..8 {
        all.push(world.connect().await);
    }
    for (at, tokens) in all[..5].iter().enumerate() {
        // The parts of a site share.
        let from = format!("2001:db8:1:{at}::1");
        assert_eq!(revoke_from(&world, &from, tokens).await.status(), StatusCode::NO_CONTENT, "{at}");
    }
    let wait = problem(revoke_from(&world, "2001:db8:1:9::1", &all[5]).await, 429, "rate_limited").await.unwrap();
    assert_eq!(world.counter("revokes").await, 10);
    assert_eq!(revoke_from(&world, "2001:db8:2::1", &all[6]).await.status(), StatusCode::NO_CONTENT, "others still can");
    assert_eq!(revoke_from(&world, "192.0.2.1", &all[7]).await.status(), StatusCode::NO_CONTENT, "others still can");
    assert!((1..=61).contains(&wait), "{wait}");
    world.later(wait);
    assert_eq!(revoke_from(&world, "2001:db8:1:9::1", &all[5]).await.status(), StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn one_connection_is_revoked_by_at_most_six_calls_a_minute_whoever_asks() {
    let world = with_callers().await;
    let (tokens, other) = (world.connect().await, world.connect().await);
    world.fault(json!({"target": "revoke", "kind": "status", "status": 500, "times": 100})).await;
    for caller in 0..6 {
        problem(revoke_from(&world, &format!("192.0.2.{caller}"), &tokens).await, 502, "revoke_unconfirmed").await;
    }
    let wait = problem(revoke_from(&world, "192.0.2.99", &tokens).await, 429, "rate_limited").await.unwrap();
    assert!((1..=61).contains(&wait), "{wait}");
    assert_eq!(world.counter("revokes").await, 6);
    problem(revoke_from(&world, "192.0.2.99", &other).await, 502, "revoke_unconfirmed").await;
}

#[tokio::test]
async fn nobody_revokes_without_a_sealed_token() {
    let world = World::new().await;
    let tokens = world.connect().await;
    for refresh_token in ["", "x", "mcr_sim_a_raw_token"] {
        let body = json!({"access_token": tokens["access_token"], "refresh_token": refresh_token});
        problem(world.post("/v1/revoke", &body).await, 400, "invalid_token").await;
    }
    for access_token in ["", "a b", "a\nb", &"x".repeat(3000)] {
        let body = json!({"access_token": access_token, "refresh_token": tokens["refresh_token"]});
        problem(world.post("/v1/revoke", &body).await, 400, "invalid_request").await;
    }
    problem(world.post("/v1/revoke", &json!({"access_token": tokens["access_token"]})).await, 400, "invalid_request").await;
    assert_eq!(world.counter("revokes").await, 0);
    assert!(alive(&world).await);
}
