//! The app proves itself and gets tokens.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::*;

#[tokio::test]
async fn the_whole_flow_gives_what_was_granted_with_a_sealed_refresh_token() {
    let world = World::new().await;
    world.switch("unknown_fields", "rejected").await;
    let proof = Proof::new();
    let started = world.start(&proof, RETURN).await;
    let answer = world.decide(&started, Some(&["wallet:read"])).await;
    let response = world.visit(&answer, Some(&started.cookie)).await;
    let handoff = handoff_of(&header(&response, "location"));
    let response = world.redeem(&handoff, &proof.verifier).await;
    assert_eq!((response.status(), header(&response, "content-type").as_str()), (StatusCode::OK, "application/json"));
    let tokens: Value = response.json().await.unwrap();
    assert_eq!(tokens["scopes"], json!(["wallet:read"]), "what was granted, not what was asked for");
    assert_eq!((&tokens["token_type"], &tokens["expires_in"]), (&json!("Bearer"), &json!(3600)));
    assert!(tokens["access_token"].as_str().unwrap().starts_with("mct_sim_"));
    let sealed = tokens["refresh_token"].as_str().unwrap();
    assert!(sealed.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)) && sealed.len() < 200, "{sealed}");
    assert!(!sealed.contains("mcr_"));
    assert_eq!(tokens.as_object().unwrap().len(), 5);
    assert_eq!(world.token_calls().await, 1);
}

#[tokio::test]
async fn a_verifier_that_is_not_the_right_one_costs_nothing_and_spends_nothing() {
    let world = World::new().await;
    let (proof, other) = (Proof::new(), Proof::new());
    let handoff = world.handoff(&proof).await;
    let short = &proof.verifier[..42];
    for verifier in [short, &other.verifier, &proof.challenge, "", &proof.verifier.to_lowercase(), &format!("{} ", proof.verifier)] {
        problem(world.redeem(&handoff, verifier).await, 400, "invalid_handoff").await;
    }
    let bodies = [
        json!({"handoff": handoff}),
        json!({"code_verifier": proof.verifier}),
        json!({"handoff": handoff, "code_verifier": null}),
        json!({"handoff": handoff, "code_verifier": [proof.verifier]}),
        json!({"handoff": handoff, "code_verifier": proof.verifier, "redirect_uri": "https://evil.example"}),
        json!({"handoff": handoff, "code_verifier": proof.verifier, "code": "mcc_sim_code"}),
    ];
    for body in bodies {
        problem(world.post("/v1/redeem", &body).await, 400, "invalid_request").await;
    }
    assert_eq!(world.token_calls().await, 0);
    assert_eq!(world.redeem(&handoff, &proof.verifier).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn handoffs_that_were_tampered_with_or_are_something_else_are_refused() {
    let world = World::new().await;
    let proof = Proof::new();
    let started = world.start(&proof, RETURN).await;
    let handoff = world.handoff(&proof).await;
    let tokens = world.connect().await;
    let calls = world.token_calls().await;
    let sealed_token = tokens["refresh_token"].as_str().unwrap();
    for other in [started.state.as_str(), sealed_token, "", "x", "mcc_sim_a_raw_code", &handoff[1..], &format!("{handoff}A")] {
        problem(world.redeem(other, &proof.verifier).await, 400, "invalid_handoff").await;
    }
    for at in 0..handoff.len() {
        let mut changed = handoff.clone().into_bytes();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        problem(world.redeem(std::str::from_utf8(&changed).unwrap(), &proof.verifier).await, 400, "invalid_handoff").await;
    }
    assert_eq!(world.token_calls().await, calls);
}

#[tokio::test]
async fn a_handoff_dies_after_two_minutes() {
    let world = World::new().await;
    let proof = Proof::new();
    let handoff = world.handoff(&proof).await;
    world.later(120);
    problem(world.redeem(&handoff, &proof.verifier).await, 400, "invalid_handoff").await;
    assert_eq!(world.token_calls().await, 0);
}

#[tokio::test]
async fn a_lost_answer_can_be_had_again_for_two_minutes() {
    let world = World::new().await;
    let proof = Proof::new();
    let handoff = world.handoff(&proof).await;
    world.later(100);
    let first = world.redeem(&handoff, &proof.verifier).await.text().await.unwrap();
    world.later(119);
    let again = world.redeem(&handoff, &proof.verifier).await.text().await.unwrap();
    assert_eq!(first, again);
    problem(world.redeem(&handoff, &Proof::new().verifier).await, 400, "invalid_handoff").await;
    world.later(2);
    problem(world.redeem(&handoff, &proof.verifier).await, 400, "handoff_used").await;
    assert_eq!(world.token_calls().await, 1);
}

/// One whose turn comes later lives longer than its answer is kept.
#[tokio::test]
async fn a_handoff_that_outlives_its_answer_is_exchanged_once() {
    let world = World::with(&[("MONEI_AUTHORIZE_CALLS_PER_MINUTE", "0")]).await;
    // Those before it never come, and so it is redeemed before its turn.
    for _ in 0..16 {
        world.handoff(&Proof::new()).await;
    }
    let proof = Proof::new();
    let handoff = world.handoff(&proof).await;
    world.later(73);
    assert_eq!(world.redeem(&handoff, &proof.verifier).await.status(), StatusCode::OK);
    world.later(121);
    problem(world.redeem(&handoff, &proof.verifier).await, 400, "handoff_used").await;
    assert_eq!(world.token_calls().await, 1);
}

#[tokio::test]
async fn fifty_requests_at_once_are_one_exchange() {
    let world = World::new().await;
    let proof = Proof::new();
    let handoff = world.handoff(&proof).await;
    world.fault(json!({"target": "token", "kind": "delay", "delay_ms": 300})).await;
    let bodies = tokio::task::JoinSet::from_iter((0..50).map(|_| {
        let body = json!({"handoff": handoff, "code_verifier": proof.verifier});
        let request = world.request(reqwest::Method::POST, format!("{}/v1/redeem", world.backend)).json(&body);
        async move { request.send().await.unwrap().text().await.unwrap() }
    }))
    .join_all()
    .await;
    assert!(bodies[0].contains("mct_sim_") && bodies.iter().all(|body| *body == bodies[0]));
    assert_eq!(world.token_calls().await, 1);
}

#[tokio::test]
async fn moneis_refusal_of_a_code_is_final_and_not_about_the_backend() {
    for status in [400, 410, 422] {
        let world = World::new().await;
        world.fault(json!({"target": "token", "kind": "status", "status": status})).await;
        let proof = Proof::new();
        let handoff = world.handoff(&proof).await;
        for _ in 0..2 {
            problem(world.redeem(&handoff, &proof.verifier).await, 400, "approval_refused").await;
        }
        assert_eq!(world.token_calls().await, 1);
    }
}

#[tokio::test]
async fn what_is_about_no_code_is_trouble_with_the_service_and_can_be_tried_again() {
    for status in [403, 404, 405, 408] {
        let world = World::with(&[("MONEI_CLIENT_SECRET_PREVIOUS", "mcs_sim_CNRYan_older_secret")]).await;
        let proof = Proof::new();
        let handoff = world.handoff(&proof).await;
        world.fault(json!({"target": "token", "kind": "status", "status": status})).await;
        let wait = problem(world.redeem(&handoff, &proof.verifier).await, 503, "service_unavailable").await;
        assert!(wait.is_some_and(|wait| (2..=5).contains(&wait)), "{status}: an app is told to ask again: {wait:?}");
        assert_eq!(world.token_calls().await, 1, "{status} is nothing that another secret would mend");
        assert_eq!(world.metric("connect_refusals_not_believed_total").await, Some(1), "{status}");
        assert_eq!(world.metric("connect_credentials_refused").await, Some(0), "{status}");
        assert_eq!(world.redeem(&handoff, &proof.verifier).await.status(), StatusCode::OK, "{status}");
    }
}

#[tokio::test]
async fn a_complaint_about_the_client_is_not_told_as_a_refusal_of_the_approval() {
    for (message, code, refused) in
        [("client_secret is not valid", (503, "service_unavailable"), 1), ("Invalid or expired code", (400, "approval_refused"), 0)]
    {
        let monei = monei_that_says(400, message).await;
        let world = World::with(&[("MONEI_SANDBOX_URL", &monei)]).await;
        let proof = Proof::new();
        let started = world.start(&proof, RETURN).await;
        let response = world.visit(&world.callback_url("mcc_sim_a_code", &started.state), Some(&started.cookie)).await;
        let handoff = handoff_of(&header(&response, "location"));
        problem(world.redeem(&handoff, &proof.verifier).await, code.0, code.1).await;
        assert_eq!(world.metric("connect_credentials_refused").await, Some(refused), "{message}");
    }
}

#[tokio::test]
async fn refused_credentials_are_the_backends_own_fault_and_can_be_mended() {
    let world = World::new().await;
    world.switch("secret_overlap", "off").await;
    world.change_secret("mcs_sim_CNRYanother_secret").await;
    let proof = Proof::new();
    let handoff = world.handoff(&proof).await;
    let wait = problem(world.redeem(&handoff, &proof.verifier).await, 503, "service_unavailable").await;
    assert_eq!(wait, None, "nothing that is over in a moment");
    // A balancer must go on sending people here: only their exchanges can show that the credentials are accepted again.
    let ready = world.private("/readyz").await;
    assert_eq!(ready.status(), StatusCode::OK);
    assert!(ready.text().await.unwrap().contains("refused this backend's credentials"));
    assert_eq!(world.metric("connect_credentials_refused").await, Some(1));
    world.change_secret(CLIENT_SECRET).await;
    assert_eq!(world.redeem(&handoff, &proof.verifier).await.status(), StatusCode::OK);
    assert_eq!(world.private("/readyz").await.text().await.unwrap(), "ready\n");
    assert_eq!(world.metric("connect_credentials_refused").await, Some(0));
}

#[tokio::test]
async fn the_previous_secret_is_tried_once_when_the_present_one_is_refused() {
    let world = World::with(&[("MONEI_CLIENT_SECRET", "mcs_sim_CNRYnot_yet_known"), ("MONEI_CLIENT_SECRET_PREVIOUS", CLIENT_SECRET)]).await;
    assert_eq!(world.metric("connect_previous_secret_used_total").await, Some(0));
    world.connect().await;
    assert_eq!(world.token_calls().await, 2);
    assert_eq!(world.metric("connect_previous_secret_used_total").await, Some(1), "a new secret that isn't valid can be seen");
    world.switch("secret_overlap", "on").await;
    world.change_secret("mcs_sim_CNRYnot_yet_known").await;
    world.connect().await;
    assert_eq!(world.metric("connect_previous_secret_used_total").await, Some(1), "and so can one that is");
}

#[tokio::test]
async fn what_was_not_done_can_be_tried_again() {
    let world = World::new().await;
    let proof = Proof::new();
    let handoff = world.handoff(&proof).await;
    world.fault(json!({"target": "token", "kind": "status", "status": 429, "retry_after": 7})).await;
    let wait = problem(world.redeem(&handoff, &proof.verifier).await, 429, "provider_busy").await.unwrap();
    assert!((7..=8).contains(&wait));
    // Monei asked for a pause, and gets it.
    let wait = problem(world.redeem(&handoff, &proof.verifier).await, 429, "provider_busy").await.unwrap();
    assert!((1..=8).contains(&wait));
    assert_eq!(world.token_calls().await, 1);
    world.later(8);
    assert_eq!(world.redeem(&handoff, &proof.verifier).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn what_may_have_been_done_is_not_tried_again() {
    let faults = [
        (json!({"target": "token", "kind": "drop_before"}), 504, "outcome_unknown"),
        (json!({"target": "token", "kind": "drop_after"}), 504, "outcome_unknown"),
        (json!({"target": "token", "kind": "huge_body"}), 504, "outcome_unknown"),
        (json!({"target": "token", "kind": "status", "status": 200}), 504, "outcome_unknown"),
        (json!({"target": "token", "kind": "status", "status": 500}), 502, "provider_unavailable"),
        (json!({"target": "token", "kind": "status", "status": 503}), 502, "provider_unavailable"),
        (json!({"target": "token", "kind": "redirect", "location": "http://127.0.0.1:9/canary"}), 502, "provider_unavailable"),
    ];
    for (fault, status, code) in faults {
        let world = World::new().await;
        let proof = Proof::new();
        let handoff = world.handoff(&proof).await;
        world.fault(fault.clone()).await;
        for _ in 0..2 {
            problem(world.redeem(&handoff, &proof.verifier).await, status, code).await;
        }
        assert_eq!(world.token_calls().await, 1, "{fault}");
    }
}

/// The exchange may have been done and isn't repeated, but Monei's word about others is kept.
#[tokio::test]
async fn a_503_that_says_how_long_is_honoured_and_passed_on() {
    let world = World::new().await;
    let (proof, next) = (Proof::new(), Proof::new());
    let (handoff, other) = (world.handoff(&proof).await, world.handoff(&next).await);
    world.fault(json!({"target": "token", "kind": "status", "status": 503, "retry_after": 20})).await;
    for _ in 0..2 {
        let wait = problem(world.redeem(&handoff, &proof.verifier).await, 502, "provider_unavailable").await;
        assert!(wait.is_some_and(|wait| (20..=22).contains(&wait)), "{wait:?}");
    }
    assert!(world.metric("connect_provider_pause_seconds").await.is_some_and(|left| (1..=22).contains(&left)));
    assert_eq!(world.metric("connect_budget_left{lane=\"redeem\"}").await, Some(0));
    let wait = problem(world.redeem(&other, &next.verifier).await, 429, "provider_busy").await.unwrap();
    assert_eq!(world.token_calls().await, 1, "no further call to Monei");
    world.later(wait);
    assert_eq!(world.redeem(&other, &next.verifier).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_call_that_outlasts_the_app_goes_on_and_its_answer_is_kept() {
    let world = World::new().await;
    let proof = Proof::new();
    let handoff = world.handoff(&proof).await;
    world.fault(json!({"target": "token", "kind": "delay", "delay_ms": 500})).await;
    let body = json!({"handoff": handoff, "code_verifier": proof.verifier});
    let impatient = world.request(reqwest::Method::POST, format!("{}/v1/redeem", world.backend)).json(&body);
    let cut = impatient.timeout(std::time::Duration::from_millis(100)).send().await;
    assert!(cut.is_err_and(|error| error.is_timeout()));
    assert_eq!(world.redeem(&handoff, &proof.verifier).await.status(), StatusCode::OK);
    assert_eq!(world.token_calls().await, 1);
}

#[tokio::test]
async fn the_budget_is_never_exceeded_and_a_refusal_spends_no_handoff() {
    let world = World::new().await;
    world.switch("token_calls_per_minute", 10).await;
    let mut waiting = None;
    for round in 0..9 {
        let proof = Proof::new();
        let handoff = world.handoff(&proof).await;
        let response = world.redeem(&handoff, &proof.verifier).await;
        if round < 8 {
            assert_eq!(response.status(), StatusCode::OK, "{round}");
        } else {
            let wait = problem(response, 429, "rate_limited").await.unwrap();
            assert!((1..=62).contains(&wait));
            waiting = Some((handoff, proof, wait));
        }
    }
    assert_eq!(world.token_calls().await, 8, "the other two are kept for refreshes");
    let (handoff, proof, wait) = waiting.unwrap();
    world.later(wait);
    world.switch("token_calls_per_minute", 0).await;
    assert_eq!(world.redeem(&handoff, &proof.verifier).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn long_tokens_and_a_created_status_are_fine() {
    let world = World::new().await;
    world.switch("token_length", "1500").await;
    world.switch("token_status", "201").await;
    let tokens = world.connect().await;
    let response = world.refresh(tokens["refresh_token"].as_str().unwrap(), "0123456789abcdef").await;
    assert_eq!(response.status(), StatusCode::OK);
}

#[tokio::test]
async fn an_answer_with_another_content_type_is_still_read() {
    let world = World::new().await;
    world.fault(json!({"target": "token", "kind": "wrong_content_type"})).await;
    world.connect().await;
}
