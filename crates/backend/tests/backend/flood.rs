//! Case 4 of the threat model: a flood from many addresses, while a login and a refresh run.

use std::time::{Duration, Instant};

use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};

use crate::fleet::*;
use crate::support::*;

/// Sends again as long as it is told to wait, like the app does.
async fn patiently<R: Future<Output = Response>>(send: impl Fn() -> R) -> Response {
    loop {
        let response = send().await;
        if response.status() != StatusCode::TOO_MANY_REQUESTS {
            return response;
        }
        tokio::time::sleep(Duration::from_secs(header(&response, "retry-after").parse().unwrap())).await;
    }
}

#[tokio::test]
async fn a_login_and_a_refresh_get_through_a_flood_and_monei_sees_ten_calls_a_minute() {
    let world = World::new().await;
    let values =
        [("CONNECT_TRUSTED_PROXIES", "127.0.0.1"), ("CONNECT_PER_ADDRESS_PER_MINUTE", "120"), ("CONNECT_CONNECTIONS_PER_ADDRESS", "64")];
    let instance = Instance::start(&world, &values).await;
    let at = world.at(&instance.base);
    let tokens = at.connect().await;
    // Counted by the sandbox as Monei counts, by the same clock.
    world.switch("token_calls_per_minute", 10).await;

    let (told, mut answered) = tokio::sync::watch::channel(0);
    let flood = tokio::spawn({
        let at = at.clone();
        async move {
            let verifier = Proof::new().verifier;
            for round in 0_u32.. {
                let from = format!("198.51.{}.{}", round / 250 % 250, round % 250);
                let body = match round % 3 {
                    0 => ("/v1/redeem", json!({"handoff": format!("{round:0>120}"), "code_verifier": verifier})),
                    1 => ("/v1/refresh", json!({"refresh_token": format!("{round:0>120}")})),
                    _ => ("/v1/revoke", json!({"access_token": "mct_x", "refresh_token": format!("{round:0>120}")})),
                };
                let request = at.request(Method::POST, format!("{}{}", at.backend, body.0)).header("x-forwarded-for", from);
                let response = request.header("idempotency-key", "0123456789abcdef").json(&body.1).send().await.unwrap();
                assert!(response.status().is_client_error());
                told.send_replace(round);
            }
        }
    });
    // One who walks the whole way with made-up codes as fast as it may: each redeem would be a call, and with the others' too many for Monei.
    let mut statuses = Vec::new();
    for round in 0..10 {
        let proof = Proof::new();
        let visit = |url: String| at.request(Method::GET, url).header("x-forwarded-for", "203.0.113.1");
        let response = visit(at.start_url(&proof.challenge, RETURN, "profile:read")).send().await.unwrap();
        let cookie = header(&response, "set-cookie").split(';').next().unwrap().to_owned();
        let state = parameter(&header(&response, "location"), "state").unwrap();
        let response = visit(at.callback_url(&format!("mcc_made_up_{round}"), &state)).header("cookie", cookie).send().await.unwrap();
        let body = json!({"handoff": handoff_of(&header(&response, "location")), "code_verifier": proof.verifier});
        let request = at.request(Method::POST, format!("{}/v1/redeem", at.backend)).header("x-forwarded-for", "203.0.113.1");
        statuses.push(request.json(&body).send().await.unwrap().status());
    }
    let count = |status| statuses.iter().filter(|other| **other == status).count();
    assert_eq!((count(StatusCode::BAD_REQUEST), count(StatusCode::TOO_MANY_REQUESTS)), (2, 8), "two go as they come: {statuses:?}");
    answered.wait_for(|round| *round > 500).await.unwrap();
    let began = Instant::now();
    let login = async {
        let proof = Proof::new();
        let handoff = at.handoff(&proof).await;
        patiently(|| at.redeem(&handoff, &proof.verifier)).await
    };
    let sealed = tokens["refresh_token"].as_str().unwrap();
    let (login, refresh) = tokio::join!(login, patiently(|| at.refresh(sealed, "key-of-one-refresh_1")));
    assert_eq!((login.status(), refresh.status()), (StatusCode::OK, StatusCode::OK));
    assert!(began.elapsed() < Duration::from_secs(60));
    assert!(!flood.is_finished(), "the flood went on all the time");
    flood.abort();
    let requests = world.state().await["counters"]["requests"].as_array().unwrap().clone();
    let busy: Vec<&Value> = requests.iter().filter(|request| request["status"] == 429).collect();
    assert!(busy.is_empty(), "Monei was asked too often: {busy:?}");
    assert_eq!(world.token_calls().await, 5, "the two logins, the refresh, and two of the walks");
}
