//! The token endpoint, sentence by sentence (Monei: oauth-flow, tokens, errors).

use crate::kit::{CALLBACK, CLIENT_ID, SECRET, Tokens, World, exchange_body, nest_error};
use serde_json::{Value, json};

#[tokio::test]
async fn a_code_gives_a_bare_token_answer_with_a_scopes_array() {
    let world = World::new().await;
    let code = world.code("ada", "wallet:read profile:read").await;
    assert!(code.starts_with("mcc_sim_CNRYR1_"), "{code}");
    let answer = world.exchange(&code).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let body: Value = answer.json().await.unwrap();
    assert!(body["access_token"].as_str().unwrap().starts_with("mct_sim_CNRYR1_"));
    assert!(body["refresh_token"].as_str().unwrap().starts_with("mcr_sim_CNRYR1_"));
    assert_eq!(body["token_type"], "Bearer");
    assert_eq!(body["expires_in"], 3600);
    assert_eq!(body["scopes"], json!(["profile:read", "wallet:read"]));
    assert_eq!(body.as_object().unwrap().len(), 5);
}

#[tokio::test]
async fn a_code_lives_ten_minutes() {
    let world = World::new().await;
    let code = world.code("ada", "profile:read").await;
    world.control("clock", json!({"offset_s": 599 - 5})).await;
    assert_eq!(world.exchange(&code).await.status(), 200);
    let code = world.code("ada", "profile:read").await;
    world.control("clock", json!({"offset_s": 2 * 600})).await;
    assert_eq!(nest_error(world.exchange(&code).await, 400).await, "Authorization code expired");
}

#[tokio::test]
async fn a_code_used_twice_ends_what_it_first_gave() {
    let world = World::new().await;
    let code = world.code("ada", "profile:read").await;
    let tokens = Tokens::of(world.exchange(&code).await).await;
    assert_eq!(world.get("/user/me", &tokens.access).await.status(), 200);
    nest_error(world.exchange(&code).await, 400).await;
    assert_eq!(world.get("/user/me", &tokens.access).await.status(), 401);
    assert_eq!(world.refresh(&tokens.refresh).await.status(), 401);
}

#[tokio::test]
async fn the_redirect_uri_of_the_exchange_must_match_character_for_character() {
    let world = World::new().await;
    let code = world.code("ada", "profile:read").await;
    for wrong in [
        "http://127.0.0.1:43117/v1/callback/",
        "http://127.0.0.1:43117/v1/Callback",
        "http://localhost:43117/v1/callback",
        "https://app.example/cb?keep=1",
    ] {
        let mut body = exchange_body(&code);
        body["redirect_uri"] = json!(wrong);
        assert_eq!(nest_error(world.token(body).await, 400).await, "redirect_uri mismatch", "{wrong}");
    }
    assert_eq!(world.exchange(&code).await.status(), 200);
}

#[tokio::test]
async fn wrong_client_credentials_are_401_and_spend_nothing() {
    let world = World::new().await;
    let code = world.code("ada", "profile:read").await;
    for (id, secret) in [(CLIENT_ID, "mcs_sim_wrong"), ("mc_nobody", SECRET)] {
        let mut body = exchange_body(&code);
        body["client_id"] = json!(id);
        body["client_secret"] = json!(secret);
        nest_error(world.token(body).await, 401).await;
    }
    assert_eq!(world.exchange(&code).await.status(), 200);
}

#[tokio::test]
async fn missing_and_malformed_parameters_are_400() {
    let world = World::new().await;
    world.switch("token_calls_per_minute", "0").await;
    let code = world.code("ada", "profile:read").await;
    for field in ["grant_type", "code", "redirect_uri", "client_id", "client_secret"] {
        for value in [None, Some(json!("")), Some(json!(7)), Some(json!(["x"])), Some(Value::Null)] {
            let mut body = exchange_body(&code);
            match value {
                Some(value) => body[field] = value,
                None => drop(body.as_object_mut().unwrap().remove(field)),
            }
            nest_error(world.token(body).await, 400).await;
        }
    }
    for body in [json!([]), json!("x"), json!({"grant_type": "password"}), json!({"grant_type": "refresh_token"})] {
        nest_error(world.token(body).await, 400).await;
    }
    nest_error(world.exchange("mcc_sim_unknown").await, 400).await;
    assert_eq!(world.exchange(&code).await.status(), 200);
}

#[tokio::test]
async fn unknown_fields_are_ignored_unless_switched() {
    let world = World::new().await;
    let mut body = exchange_body(&world.code("ada", "profile:read").await);
    body["code_verifier"] = json!("v");
    world.switch("unknown_fields", "rejected").await;
    assert!(nest_error(world.token(body.clone()).await, 400).await.contains("code_verifier"));
    world.switch("unknown_fields", "ignored").await;
    assert_eq!(world.token(body).await.status(), 200);
}

#[tokio::test]
async fn a_refresh_takes_the_two_documented_fields_and_kills_the_old_pair_at_once() {
    let world = World::new().await;
    let old = world.connect("ada", "profile:read wallet:read").await;
    let new = Tokens::of(world.refresh(&old.refresh).await).await;
    assert_ne!((&old.access, &old.refresh), (&new.access, &new.refresh));
    assert_eq!(new.scopes, ["profile:read", "wallet:read"]);
    assert_eq!(nest_error(world.get("/user/me", &old.access).await, 401).await, "Invalid or expired token");
    assert_eq!(world.refresh(&old.refresh).await.status(), 401);
    assert_eq!(world.get("/user/me", &new.access).await.status(), 200);
    assert_eq!(world.refresh(&new.refresh).await.status(), 200);
}

#[tokio::test]
async fn an_access_token_lives_an_hour_and_the_refresh_token_outlives_it() {
    let world = World::new().await;
    let tokens = world.connect("ada", "profile:read").await;
    world.control("clock", json!({"offset_s": 3590})).await;
    assert_eq!(world.get("/user/me", &tokens.access).await.status(), 200);
    world.control("clock", json!({"offset_s": 3601})).await;
    nest_error(world.get("/user/me", &tokens.access).await, 401).await;
    world.control("clock", json!({"offset_s": 400 * 24 * 3600})).await;
    assert_eq!(world.refresh(&tokens.refresh).await.status(), 200);
}

#[tokio::test]
async fn ten_token_calls_a_minute_then_429_with_retry_after() {
    let world = World::new().await;
    let tokens = world.connect("ada", "profile:read").await;
    for _ in 0..9 {
        nest_error(world.refresh("mcr_sim_junk").await, 401).await;
    }
    let refused = world.refresh(&tokens.refresh).await;
    let seconds: u64 = refused.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=60).contains(&seconds), "{seconds}");
    nest_error(refused, 429).await;
    world.control("clock", json!({"offset_s": 61})).await;
    assert_eq!(world.refresh(&tokens.refresh).await.status(), 200);
}

#[tokio::test]
async fn only_the_redirect_uri_of_the_request_counts_not_any_registered_one() {
    let world = World::new().await;
    let url = world.authorize_with(&[("client_id", CLIENT_ID), ("redirect_uri", "com.example.app:/callback"), ("scope", "profile:read")]);
    let location = world.control("approve", json!({"url": url, "user": "ada"})).await["location"].as_str().unwrap().to_owned();
    assert!(location.starts_with("com.example.app:/callback?code=mcc_sim_"), "{location}");
    let code = location.split_once("code=").unwrap().1;
    let mut body = exchange_body(code);
    body["redirect_uri"] = json!(CALLBACK);
    nest_error(world.token(body.clone()).await, 400).await;
    body["redirect_uri"] = json!("com.example.app:/callback");
    assert_eq!(world.token(body).await.status(), 200);
}
