//! The abuse cases of the threat model, acted out.

use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::support::*;

/// Case 1: a code was stolen on its way (a hijacked scheme, a browser's history). The thief walks it through a transaction of his own.
#[tokio::test]
async fn a_stolen_code_is_of_no_use_in_the_thiefs_own_transaction() {
    let world = World::new().await;
    let (victim_proof, thief_proof) = (Proof::new(), Proof::new());
    let victim = world.start(&victim_proof, RETURN).await;
    let code = world.code(&victim).await;
    let answer = world.callback_url(&code, &victim.state);
    let response = world.visit(&answer, Some(&victim.cookie)).await;
    let handoff = handoff_of(&header(&response, "location"));

    let thief = world.start(&thief_proof, RETURN).await;
    let response = world.visit(&world.callback_url(&code, &thief.state), Some(&thief.cookie)).await;
    assert_eq!(response.status(), StatusCode::BAD_REQUEST, "his own state and cookie, her code");
    for (state, cookie) in [(&victim.state, &thief.cookie), (&thief.state, &victim.cookie)] {
        let response = world.visit(&world.callback_url(&code, state), Some(cookie)).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST);
        assert!(response.headers().get("location").is_none());
    }
    problem(world.redeem(&handoff, &thief_proof.verifier).await, 400, "invalid_handoff").await;
    assert_eq!(world.token_calls().await, 0, "the thief cost nothing");
    assert_eq!(world.redeem(&handoff, &victim_proof.verifier).await.status(), StatusCode::OK, "and spoilt nothing");
}

/// A code enters through the callback alone.
#[tokio::test]
async fn a_raw_code_is_taken_by_no_other_route() {
    let world = World::new().await;
    let proof = Proof::new();
    let started = world.start(&proof, RETURN).await;
    let code = world.code(&started).await;
    for route in connect_backend::routes() {
        for method in [Method::GET, Method::POST, Method::PUT, Method::DELETE, Method::PATCH] {
            let url = format!("{}{}", world.backend, route.path);
            let body =
                json!({"code": code, "handoff": code, "code_verifier": proof.verifier, "state": started.state, "refresh_token": code});
            let response = world.request(method.clone(), url.clone()).header("cookie", &started.cookie).json(&body).send().await.unwrap();
            assert!(
                response.status() == StatusCode::OK && ["/v1/client", "/openapi.json"].contains(&route.path)
                    || response.status().is_client_error()
            );
            let response = world.request(method.clone(), format!("{url}?code={code}")).json(&json!({})).send().await.unwrap();
            assert!(response.status().is_client_error(), "{method} {url}");
        }
    }
    assert_eq!(world.token_calls().await, 0);
}

/// Case 2: an attacker starts and talks a victim into approving (RFC 10027). He holds the verifier; her browser gets the handoff.
#[tokio::test]
async fn an_attacker_who_started_gets_nothing_of_the_victims_approval() {
    let world = World::new().await;
    let attacker = Proof::new();
    // Her browser opens his link: start and callback are hers, the return target is her own machine.
    let victims_browser = world.start(&attacker, RETURN).await;
    let answer = world.decide(&victims_browser, None).await;
    let response = world.visit(&answer, Some(&victims_browser.cookie)).await;
    assert!(header(&response, "location").starts_with("http://127.0.0.1:"), "delivered on her machine, where nobody waits for it");

    // He knows verifier, challenge and his own link, and tries every route.
    let his = world.start(&attacker, RETURN).await;
    for handoff in ["", &attacker.challenge, &attacker.verifier, &his.state, &victims_browser.state] {
        problem(world.redeem(handoff, &attacker.verifier).await, 400, "invalid_handoff").await;
    }
    let guesses = [
        format!("/v1/start?challenge={}", attacker.challenge),
        format!("/v1/callback?state={}", his.state),
        format!("/v1/callback?state={}", victims_browser.state),
        format!("/v1/redeem?challenge={}", attacker.challenge),
        format!("/v1/poll?challenge={}", attacker.challenge),
        format!("/v1/status/{}", attacker.challenge),
        format!("/v1/handoff?tx={}", &attacker.challenge[..22]),
    ];
    for path in guesses {
        let response = world.visit(&format!("{}{path}", world.backend), Some(&his.cookie)).await;
        assert!(response.status().is_client_error(), "{path}");
        let text = response.text().await.unwrap();
        assert!(!text.contains("handoff=") && !text.contains("mct_"), "{path}: {text}");
    }
    assert_eq!(world.token_calls().await, 0);
}

/// There is no route to poll, to ask or to push. What isn't listed doesn't work: `guard.rs::a_route_that_is_not_listed_does_not_work`.
#[tokio::test]
async fn these_are_all_the_routes() {
    let routes: Vec<_> = connect_backend::routes().iter().map(|route| format!("{} {}", route.method, route.path)).collect();
    assert_eq!(
        routes,
        [
            "GET /v1/client",
            "GET /v1/start",
            "GET /v1/callback",
            "POST /v1/redeem",
            "POST /v1/refresh",
            "POST /v1/revoke",
            "GET /openapi.json"
        ]
    );
    let world = World::new().await;
    for route in connect_backend::routes() {
        let url = format!("{}{}", world.backend, route.path);
        let status = world.request(route.method.clone(), url).send().await.unwrap().status();
        assert!(![StatusCode::NOT_FOUND, StatusCode::METHOD_NOT_ALLOWED].contains(&status), "{} is listed and does not work", route.path);
    }
}

/// Case 3: the victim's app is fed the attacker's account: an answer of his transaction in her browser, or his handoff to her app.
#[tokio::test]
async fn an_attackers_approval_does_not_get_into_the_victims_app() {
    let world = World::new().await;
    let (attacker, victim) = (Proof::new(), Proof::new());
    let his = world.start(&attacker, RETURN).await;
    let hers = world.start(&victim, RETURN).await;
    let his_answer = world.decide(&his, None).await;
    // Her browser is led to his callback, with the cookies it has.
    let response = world.visit(&his_answer, Some(&hers.cookie)).await;
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    // His code under her state: he does not know it; were it so, the code was seen under his.
    let his_code = parameter(&his_answer, "code").unwrap();
    let response = world.visit(&world.callback_url(&his_code, &hers.state), Some(&hers.cookie)).await;
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    // His finished handoff, posted by her app with her verifier.
    let response = world.visit(&his_answer, Some(&his.cookie)).await;
    let his_handoff = handoff_of(&header(&response, "location"));
    problem(world.redeem(&his_handoff, &victim.verifier).await, 400, "invalid_handoff").await;
    assert_eq!(world.token_calls().await, 0);
}

/// Case 4: a flood of made-up requests, while two people connect.
#[tokio::test]
async fn junk_costs_no_call_to_monei() {
    let world = World::new().await;
    let proof = Proof::new();
    for round in 0..1_000 {
        let body = json!({"handoff": format!("{round:0>120}"), "code_verifier": proof.verifier});
        assert_eq!(world.post("/v1/redeem", &body).await.status(), StatusCode::BAD_REQUEST);
    }
    assert_eq!(world.token_calls().await, 0);
    world.connect().await;
}
