//! A new pair, at most once per key.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::*;

const KEY: &str = "key-of-one-refresh_1";

fn sealed(tokens: &Value) -> String {
    tokens["refresh_token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_refresh_gives_a_new_pair_with_the_documented_body() {
    let world = World::new().await;
    world.switch("unknown_fields", "rejected").await;
    world.switch("refresh_secret", "rejected").await;
    let tokens = world.connect().await;
    let response = world.refresh(&sealed(&tokens), KEY).await;
    assert_eq!(response.status(), StatusCode::OK);
    let fresh: Value = response.json().await.unwrap();
    assert_ne!(fresh["access_token"], tokens["access_token"]);
    assert_eq!(fresh["scopes"], json!(["profile:read", "wallet:read"]));
    // The rotated token works on.
    assert_eq!(world.refresh(&sealed(&fresh), "key-of-the-next-refresh").await.status(), StatusCode::OK);
}

#[tokio::test]
async fn scopes_that_monei_does_not_repeat_are_not_made_up() {
    let world = World::new().await;
    world.switch("refresh_scopes", "absent").await;
    let tokens = world.connect().await;
    let fresh: Value = world.refresh(&sealed(&tokens), KEY).await.json().await.unwrap();
    assert!(fresh.get("scopes").is_none(), "{fresh}");
}

#[tokio::test]
async fn with_credentials_where_configured() {
    let world = World::with(&[("MONEI_REFRESH_AUTH", "secret")]).await;
    world.switch("refresh_secret", "required").await;
    let tokens = world.connect().await;
    assert_eq!(world.refresh(&sealed(&tokens), KEY).await.status(), StatusCode::OK);
    assert_eq!(world.counter("refreshes").await, 1);
}

#[tokio::test]
async fn credentials_that_monei_wants_and_does_not_get_are_no_revocation() {
    let world = World::new().await;
    world.switch("refresh_secret", "required").await;
    let tokens = world.connect().await;
    problem(world.refresh(&sealed(&tokens), KEY).await, 503, "service_unavailable").await;
    assert_eq!(world.counter("refreshes").await, 1, "never both ways");
}

#[tokio::test]
async fn a_wrong_secret_signs_nobody_out() {
    let world = World::with(&[("MONEI_REFRESH_AUTH", "secret")]).await;
    world.switch("refresh_secret", "required").await;
    world.switch("secret_overlap", "off").await;
    let tokens = world.connect().await;
    world.change_secret("mcs_sim_CNRYanother_secret").await;
    problem(world.refresh(&sealed(&tokens), KEY).await, 503, "service_unavailable").await;
    world.change_secret(CLIENT_SECRET).await;
    assert_eq!(world.refresh(&sealed(&tokens), KEY).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_secret_that_only_refreshes_use_raises_the_alert_too() {
    let tokens = World::new().await.connect().await;
    for (status, message) in [(401, "Invalid client credentials"), (400, "client_secret is not valid")] {
        let monei = monei_that_says(status, message).await;
        let world = World::with(&[("MONEI_SANDBOX_URL", &monei), ("MONEI_REFRESH_AUTH", "secret")]).await;
        problem(world.refresh(&sealed(&tokens), KEY).await, 503, "service_unavailable").await;
        assert_eq!(world.metric("connect_credentials_refused").await, Some(1), "{status} {message}");
    }
}

#[tokio::test]
async fn the_previous_secret_is_tried_on_a_refresh_and_seen_to_be() {
    let values = [
        ("MONEI_REFRESH_AUTH", "secret"),
        ("MONEI_CLIENT_SECRET", "mcs_sim_CNRYnot_yet_known"),
        ("MONEI_CLIENT_SECRET_PREVIOUS", CLIENT_SECRET),
    ];
    let world = World::with(&values).await;
    world.switch("refresh_secret", "required").await;
    let tokens = world.connect().await;
    assert_eq!(world.refresh(&sealed(&tokens), KEY).await.status(), StatusCode::OK);
    assert_eq!(world.metric("connect_previous_secret_used_total").await, Some(2), "the exchange and the refresh");
}

#[tokio::test]
async fn the_same_key_and_token_give_the_same_pair_for_two_minutes() {
    let world = World::new().await;
    let tokens = world.connect().await;
    let first = world.refresh(&sealed(&tokens), KEY).await.text().await.unwrap();
    world.later(119);
    assert_eq!(world.refresh(&sealed(&tokens), KEY).await.text().await.unwrap(), first);
    assert_eq!(world.counter("refreshes").await, 1);
    world.later(2);
    // Now the old token is asked about again, and is gone.
    problem(world.refresh(&sealed(&tokens), KEY).await, 400, "grant_refused").await;
}

#[tokio::test]
async fn fifty_refreshes_at_once_are_one() {
    let world = World::new().await;
    let tokens = world.connect().await;
    world.fault(json!({"target": "token", "kind": "delay", "delay_ms": 300})).await;
    let bodies = tokio::task::JoinSet::from_iter((0..50).map(|_| {
        let request = world
            .request(reqwest::Method::POST, format!("{}/v1/refresh", world.backend))
            .header("idempotency-key", KEY)
            .json(&json!({"refresh_token": sealed(&tokens)}));
        async move { request.send().await.unwrap().text().await.unwrap() }
    }))
    .join_all()
    .await;
    assert!(bodies[0].contains("mct_sim_") && bodies.iter().all(|body| *body == bodies[0]));
    assert_eq!(world.counter("refreshes").await, 1);
}

#[tokio::test]
async fn another_token_under_the_same_key_is_a_conflict() {
    let world = World::new().await;
    let (one, two) = (world.connect().await, world.connect().await);
    assert_eq!(world.refresh(&sealed(&one), KEY).await.status(), StatusCode::OK);
    problem(world.refresh(&sealed(&two), KEY).await, 422, "idempotency_conflict").await;
    assert_eq!(world.counter("refreshes").await, 1);
}

#[tokio::test]
async fn keys_of_another_shape_are_refused() {
    let world = World::new().await;
    let tokens = world.connect().await;
    for key in ["", "short", "fifteen_charact", &"k".repeat(65), "has space in it 123", "has.dots.in.it.123"] {
        problem(world.refresh(&sealed(&tokens), key).await, 400, "invalid_request").await;
    }
    let url = format!("{}/v1/refresh", world.backend);
    let body = json!({"refresh_token": sealed(&tokens)});
    let none = world.request(reqwest::Method::POST, url.clone()).json(&body).send().await.unwrap();
    problem(none, 400, "invalid_request").await;
    let two = world.request(reqwest::Method::POST, url).header("idempotency-key", KEY).header("idempotency-key", KEY).json(&body);
    problem(two.send().await.unwrap(), 400, "invalid_request").await;
    assert_eq!(world.counter("refreshes").await, 0);
}

#[tokio::test]
async fn junk_never_reaches_monei() {
    let world = World::new().await;
    let proof = Proof::new();
    let (state, handoff) = (world.start(&proof, RETURN).await.state, world.handoff(&proof).await);
    for junk in ["", "x", "mcr_sim_a_raw_token", &state, &handoff, &"A".repeat(200)] {
        problem(world.refresh(junk, KEY).await, 400, "invalid_token").await;
    }
    for round in 0..500 {
        let response = world.refresh(&format!("{round:0>150}"), KEY).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    }
    assert_eq!(world.token_calls().await, 0);
}

#[tokio::test]
async fn a_token_sealed_by_another_backend_is_refused() {
    let world = World::new().await;
    let tokens = world.connect().await;
    let other_key = "ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    let other = World::with(&[("CONNECT_SEALING_KEY", other_key)]).await;
    problem(other.refresh(&sealed(&tokens), KEY).await, 400, "invalid_token").await;
    let rotating = World::with(&[("CONNECT_SEALING_KEY", other_key), ("CONNECT_SEALING_KEY_PREVIOUS", SEALING_KEY)]).await;
    problem(rotating.refresh(&sealed(&tokens), KEY).await, 400, "grant_refused").await;
}

#[tokio::test]
async fn a_grant_that_was_revoked_is_refused_however_monei_says_it() {
    for status in ["401", "404", "400"] {
        let world = World::new().await;
        world.switch("bad_refresh_status", status).await;
        let tokens = world.connect().await;
        world.person_revokes().await;
        for _ in 0..2 {
            problem(world.refresh(&sealed(&tokens), KEY).await, 400, "grant_refused").await;
        }
        assert_eq!(world.counter("refreshes").await, 1, "a definite answer is remembered");
    }
}

#[tokio::test]
async fn a_run_of_refusals_is_not_believed_until_a_success() {
    let world = World::with(&[("MONEI_TOKEN_CALLS_PER_MINUTE", "100")]).await;
    let mut all = Vec::new();
    for _ in 0..6 {
        all.push(world.connect().await);
    }
    world.person_revokes().await;
    for (at, tokens) in all.iter().take(5).enumerate() {
        let response = world.refresh(&sealed(tokens), &format!("{KEY}-{at}")).await;
        let (status, code) = if at < 4 { (400, "grant_refused") } else { (503, "service_unavailable") };
        problem(response, status, code).await;
    }
    // However long the run lasts.
    world.later(3 * 3_600);
    problem(world.refresh(&sealed(&all[5]), &format!("{KEY}-5")).await, 503, "service_unavailable").await;
    // One success ends it, and what was not believed is asked about again.
    let other = world.connect().await;
    assert_eq!(world.refresh(&sealed(&other), &format!("{KEY}-o")).await.status(), StatusCode::OK);
    world.later(1);
    assert_eq!(world.refresh(&sealed(&world.connect().await), &format!("{KEY}-p")).await.status(), StatusCode::OK);
    problem(world.refresh(&sealed(&all[5]), &format!("{KEY}-6")).await, 400, "grant_refused").await;
}

#[tokio::test]
async fn a_403_is_about_the_backend() {
    let world = World::new().await;
    let tokens = world.connect().await;
    world.fault(json!({"target": "token", "kind": "status", "status": 403})).await;
    problem(world.refresh(&sealed(&tokens), KEY).await, 503, "service_unavailable").await;
    assert_eq!(world.refresh(&sealed(&tokens), KEY).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn an_unknown_outcome_is_remembered_under_its_key_and_a_new_key_asks_again() {
    for kind in ["drop_before", "drop_after"] {
        let world = World::new().await;
        let tokens = world.connect().await;
        world.fault(json!({"target": "token", "kind": kind})).await;
        for _ in 0..2 {
            problem(world.refresh(&sealed(&tokens), KEY).await, 504, "outcome_unknown").await;
        }
        let calls = world.token_calls().await;
        assert_eq!(calls, 2, "one exchange, one refresh");
        world.later(121);
        let response = world.refresh(&sealed(&tokens), "a-key-of-the-second-try").await;
        if kind == "drop_before" {
            assert_eq!(response.status(), StatusCode::OK);
        } else {
            problem(response, 400, "grant_refused").await;
        }
    }
}

#[tokio::test]
async fn refreshes_leave_room_for_people_who_wait() {
    let world = World::new().await;
    let mut grants = Vec::new();
    for _ in 0..7 {
        grants.push(world.connect().await);
    }
    world.later(61);
    for (round, tokens) in grants[..6].iter().enumerate() {
        assert_eq!(world.refresh(&sealed(tokens), &format!("{KEY}-{round}")).await.status(), StatusCode::OK);
    }
    let wait = problem(world.refresh(&sealed(&grants[6]), &format!("{KEY}-6")).await, 429, "rate_limited").await.unwrap();
    assert!((1..=62).contains(&wait));
    for _ in 0..4 {
        world.connect().await;
    }
    assert_eq!(world.token_calls().await, 17);
    world.later(wait);
    assert_eq!(world.refresh(&sealed(&grants[6]), &format!("{KEY}-6")).await.status(), StatusCode::OK);
}

/// Each answer gave the next token, for ever.
#[tokio::test]
async fn a_live_token_in_a_loop_is_refreshed_five_times_in_ten_minutes() {
    let world = World::new().await;
    let mut tokens = world.connect().await;
    let mut refreshed = 0;
    for second in 0..600 {
        let response = world.refresh(&sealed(&tokens), &format!("{KEY}-{second}")).await;
        if response.status() == StatusCode::OK {
            refreshed += 1;
            tokens = response.json().await.unwrap();
        }
        world.later(1);
    }
    assert_eq!(refreshed, 5);
    assert_eq!(world.counter("refreshes").await, 5);
}

#[tokio::test]
async fn monei_out_of_reach_is_no_refusal() {
    let world = World::new().await;
    let tokens = world.connect().await;
    // Nobody listens there.
    let gone = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let cut_off = World::with(&[("MONEI_SANDBOX_URL", &format!("http://{gone}"))]).await;
    problem(cut_off.refresh(&sealed(&tokens), KEY).await, 503, "provider_unavailable").await;
}
