//! Nothing secret is logged, whatever the level.

use serde_json::{Value, json};

use crate::fleet::*;
use crate::support::*;

#[tokio::test]
async fn no_secret_is_logged_even_at_trace_level() {
    let sandbox = World::new().await;
    // With directives for the libraries too, which must not have their way.
    let wish = "trace,hyper=trace,hyper::proto=trace,hyper_util=trace,hyper_util::client=trace,reqwest=trace,rustls=trace,h2=trace";
    let instance = Instance::start(&sandbox, &[("RUST_LOG", wish)]).await;
    let world = sandbox.at(&instance.base);
    let proof = Proof::new();
    let started = world.start(&proof, RETURN).await;
    let code = world.code(&started).await;
    let response = world.visit(&world.callback_url(&code, &started.state), Some(&started.cookie)).await;
    let handoff = handoff_of(&header(&response, "location"));
    let tokens: Value = world.redeem(&handoff, &proof.verifier).await.json().await.unwrap();
    let sealed = tokens["refresh_token"].as_str().unwrap().to_owned();
    let key = "an-idempotency-key-1";
    let fresh: Value = world.refresh(&sealed, key).await.json().await.unwrap();
    // The failing ways, too.
    world.fault(json!({"target": "token", "kind": "drop_after"})).await;
    world.refresh(fresh["refresh_token"].as_str().unwrap(), "an-idempotency-key-2").await;
    world.visit(&world.callback_url(&code, &started.state), None).await;
    world.redeem(&handoff[1..], &proof.verifier).await;
    world.redeem(&handoff, &Proof::new().verifier).await;
    world.get("/v1/start?challenge=CNRY%0d%0aINJECTED&return=CNRY&scope=CNRY").await;
    world
        .request(reqwest::Method::GET, format!("{}/v1/client", world.backend))
        .header("user-agent", "CNRY\tINJECTED")
        .send()
        .await
        .unwrap();
    world.revoke(&fresh).await;

    // Told to end, it has logged all that it will.
    let lines = instance.stopped().await;
    let log: String = lines.iter().map(|line| format!("{line}\n")).collect();
    for event in ["callback", "redeem", "refresh", "revoke", "provider_call", "provider_unreachable"] {
        assert!(lines.iter().any(|line| line["fields"]["event"] == event), "no {event} in {log}");
    }
    for line in &lines {
        let (target, level) = (line["target"].as_str().unwrap(), line["level"].as_str().unwrap());
        assert!(target.starts_with("connect_backend") || !["DEBUG", "TRACE"].contains(&level), "a library was raised: {line}");
    }
    let cookie = started.cookie.split_once('=').unwrap().1;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let secrets = [
        "CNRY".to_owned(),
        "INJECTED".to_owned(),
        SEALING_KEY.to_owned(),
        CLIENT_SECRET.to_owned(),
        code,
        started.state.clone(),
        cookie.to_owned(),
        handoff,
        proof.verifier,
        proof.challenge,
        key.to_owned(),
        sealed,
        text(&tokens["access_token"]),
        text(&fresh["access_token"]),
        text(&fresh["refresh_token"]),
    ];
    for secret in secrets {
        assert!(!log.contains(&secret), "{secret} is in the log: {log}");
    }
}

/// C-18: whoever reads the log learns why, and of which transaction, without the transaction's own words.
#[tokio::test]
async fn every_refusal_leaves_its_reason() {
    let sandbox = World::new().await;
    let limits = [("MONEI_TOKEN_CALLS_PER_MINUTE", "1"), ("MONEI_AUTHORIZE_CALLS_PER_MINUTE", "0")];
    let instance = Instance::start(&sandbox, &limits).await;
    let world = sandbox.at(&instance.base);
    let callback = async |parameters: &str, state: &str, cookie: Option<&str>| {
        let url = format!("{}/v1/callback?{parameters}&state={state}", world.backend);
        world.visit(&url, cookie).await.status().as_u16()
    };
    // The one call of this minute.
    let mine = Proof::new();
    let handoff = world.handoff(&mine).await;
    let tokens: Value = world.redeem(&handoff, &mine.verifier).await.json().await.unwrap();

    let mut transactions = Vec::new();
    let start = async |all: &mut Vec<Proof>| {
        let proof = Proof::new();
        let started = world.start(&proof, RETURN).await;
        all.push(proof);
        (started.state, started.cookie)
    };

    let (state, cookie) = start(&mut transactions).await;
    assert_eq!(callback("code=mcc_sim_code_1", &format!("{state}A"), Some(&cookie)).await, 400);
    assert_eq!(callback("code=mcc_sim_code_1&error=access_denied", &state, Some(&cookie)).await, 400);
    assert_eq!(callback("code=mcc_sim_code_1&iss=https://evil.example", &state, Some(&cookie)).await, 400);
    assert_eq!(callback("code=mcc_sim_code_1", &state, None).await, 400);
    assert_eq!(callback("code=mcc_sim_code_1", &state, Some(&cookie)).await, 303);
    assert_eq!(callback("code=mcc_sim_code_7", &state, Some(&cookie)).await, 400);
    let (other, other_cookie) = start(&mut transactions).await;
    assert_eq!(callback("code=mcc_sim_code_1", &other, Some(&other_cookie)).await, 400);
    for round in 2..6 {
        callback(&format!("code=mcc_sim_code_{round}"), &other, None).await;
    }

    problem(world.redeem(&handoff[1..], &mine.verifier).await, 400, "invalid_handoff").await;
    problem(world.redeem(&handoff, &Proof::new().verifier).await, 400, "invalid_handoff").await;
    let late = Proof::new();
    problem(world.redeem(&world.handoff(&late).await, &late.verifier).await, 429, "rate_limited").await;
    problem(world.refresh("x", "an-idempotency-key-1").await, 400, "invalid_token").await;
    problem(world.refresh(tokens["refresh_token"].as_str().unwrap(), "an-idempotency-key-2").await, 429, "rate_limited").await;
    let unreadable = json!({"access_token": tokens["access_token"], "refresh_token": "x"});
    problem(world.post("/v1/revoke", &unreadable).await, 400, "invalid_token").await;

    let lines = instance.stopped().await;
    let has =
        |pairs: &[(&str, &str)]| lines.iter().any(|line| pairs.iter().all(|(name, value)| line["fields"][name].as_str() == Some(value)));
    for (event, reason) in [
        ("callback_refused", "state_unreadable_or_expired"),
        ("callback_refused", "neither_code_nor_error"),
        ("callback_refused", "another_issuer"),
        ("callback_refused", "cookie_missing_or_wrong"),
        ("callback_refused", "state_used"),
        ("callback_refused", "code_seen_under_another_state"),
        ("callback_refused", "too_many_codes_under_one_state"),
        ("redeem_refused", "handoff_unreadable"),
        ("redeem_refused", "wrong_verifier"),
        ("refresh_refused", "token_unreadable"),
        ("revoke_refused", "token_unreadable"),
    ] {
        assert!(has(&[("event", event), ("reason", reason)]), "{event} {reason} is missing: {lines:?}");
    }
    for (route, event) in [("/v1/redeem", "redeem"), ("/v1/refresh", "refresh")] {
        assert!(has(&[("event", "request"), ("route", route), ("result", "rate_limited")]), "{route}: {lines:?}");
        assert!(has(&[("event", event), ("outcome", "rate_limited")]), "{event}: {lines:?}");
    }
    let named: Vec<_> = lines.iter().filter_map(|line| line["fields"]["tx"].as_str()).collect();
    assert!(named.len() > 10, "{lines:?}");
    for proof in transactions.iter().chain([&mine, &late]) {
        assert!(
            named.iter().all(|tx| !proof.challenge.contains(tx) && !tx.contains(&proof.challenge[..8])),
            "a digest, not the transaction"
        );
    }

    let strict = Instance::start(&sandbox, &[("CONNECT_PER_ADDRESS_PER_MINUTE", "1")]).await;
    let world = sandbox.at(&strict.base);
    assert_eq!(world.get("/v1/client").await.status(), reqwest::StatusCode::OK);
    problem(world.get("/nowhere").await, 429, "rate_limited").await;
    let lines = strict.stopped().await;
    let limited = lines.iter().any(|line| line["fields"]["route"] == "unknown" && line["fields"]["result"] == "rate_limited");
    assert!(limited, "{lines:?}");
}

/// No id joined the lines of one request.
#[tokio::test]
async fn every_line_of_a_request_names_it_its_transaction_and_its_call() {
    let sandbox = World::new().await;
    let instance = Instance::start(&sandbox, &[]).await;
    let world = sandbox.at(&instance.base);
    let proof = Proof::new();
    let started = world.start(&proof, RETURN).await;
    let response = world.visit(&world.callback_url(&world.code(&started).await, &started.state), Some(&started.cookie)).await;
    let handoff = handoff_of(&header(&response, "location"));
    let tokens: Value = world.redeem(&handoff, &proof.verifier).await.json().await.unwrap();
    let fresh = world.refresh(tokens["refresh_token"].as_str().unwrap(), "an-idempotency-key-1").await;
    world.revoke(&fresh.json().await.unwrap()).await;
    let lines = instance.stopped().await;
    let event = |line: &Value| line["fields"]["event"].as_str().unwrap().to_owned();
    let span = |line: &Value, at: usize| line["spans"][at].clone();
    let of_requests: Vec<_> = lines.iter().filter(|line| !["listening", "stopped"].contains(&event(line).as_str())).collect();
    assert!(of_requests.len() >= 13, "{lines:?}");
    for line in &of_requests {
        let request = span(line, 0);
        assert_eq!(request["name"], "request", "{line}");
        assert!(request["id"].as_str().is_some_and(|id| id.len() == 12) && request["route"].is_string(), "{line}");
    }
    let calls: Vec<_> = of_requests.iter().filter(|line| event(line) == "provider_call").collect();
    assert_eq!(calls.len(), 3, "{lines:?}");
    for line in calls {
        let (flow, call) = (span(line, 1), span(line, 2));
        assert!(flow["flow"].is_string() && flow["tx"].as_str().is_some_and(|tx| tx.len() == 12), "{line}");
        assert_eq!(call["call"], line["fields"]["call"], "{line}");
    }
    // All lines of the login, from its start to its tokens, have one transaction.
    let of_login = ["start", "callback", "redeem"].map(|name| of_requests.iter().find(|line| event(line) == name).unwrap());
    assert!(of_login.iter().all(|line| span(line, 1)["tx"] == span(of_login[0], 1)["tx"]), "{lines:?}");
    let ids: std::collections::BTreeSet<_> = of_requests.iter().map(|line| span(line, 0)["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ids.len(), 5, "each request has an id of its own");
}
