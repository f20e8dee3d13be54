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
    world.connect().await;
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
