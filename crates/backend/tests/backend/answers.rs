//! C-01: the client secret and the sealing key are in no answer, however Monei and callers behave.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::support::*;

/// Whole answers, head and body, as they came.
struct Answers(Vec<String>);

impl Answers {
    async fn take(&mut self, request: RequestBuilder) -> String {
        let response = request.send().await.unwrap();
        let head = format!("{} {:?}", response.status(), response.headers());
        let body = response.bytes().await.unwrap();
        let body = String::from_utf8_lossy(&body).into_owned();
        self.0.push(format!("{head}\n{body}"));
        body
    }
}

/// Every route and every way it fails at `world`, whose Monei behaves in one way.
async fn sweep(world: &World, answers: &mut Answers, tokens: &Value) {
    for route in connect_backend::routes() {
        for method in [Method::GET, Method::POST, Method::OPTIONS] {
            let url = format!("{}{}", world.backend, route.path);
            answers.take(world.request(method.clone(), url.clone())).await;
            answers.take(world.request(method, format!("{url}?{CLIENT_SECRET}"))).await;
        }
    }
    for path in ["/nowhere", "/v1/callback?state=x&code=mcc_sim_code_1", "/v1/callback?state=x&error=access_denied"] {
        answers.take(world.request(Method::GET, format!("{}{path}", world.backend))).await;
    }
    for target in [RETURN, "deep-link"] {
        let proof = Proof::new();
        let started = world.start(&proof, target).await;
        answers.take(world.request(Method::GET, world.start_url(&proof.challenge, target, "wallet:read"))).await;
        let url = world.callback_url(&format!("mcc_sim_{}", &proof.verifier[..16]), &started.state);
        answers.take(world.request(Method::GET, url.clone())).await;
        answers.take(world.request(Method::GET, url.clone()).header("cookie", &started.cookie)).await;
        answers.take(world.request(Method::GET, url).header("cookie", &started.cookie)).await;
    }
    let post = |path: &str| world.request(Method::POST, format!("{}{path}", world.backend));
    let proof = Proof::new();
    let started = world.start(&proof, RETURN).await;
    let url = world.callback_url(&format!("mcc_sim_{}", &proof.verifier[..16]), &started.state);
    let handoff = handoff_of(&header(&world.visit(&url, Some(&started.cookie)).await, "location"));
    for verifier in [&Proof::new().verifier, &proof.verifier] {
        answers.take(post("/v1/redeem").json(&json!({"handoff": handoff, "code_verifier": verifier}))).await;
    }
    for (at, token) in [&tokens["refresh_token"], &json!("x")].into_iter().enumerate() {
        let key = format!("{at}{}", &proof.verifier[..20]);
        answers.take(post("/v1/refresh").header("idempotency-key", key).json(&json!({"refresh_token": token}))).await;
        answers.take(post("/v1/revoke").json(&json!({"refresh_token": token, "access_token": tokens["access_token"]}))).await;
    }
    for path in ["/healthz", "/readyz", "/metrics", "/nowhere"] {
        answers.take(world.request(Method::GET, format!("{}{path}", world.private))).await;
    }
}

#[tokio::test]
async fn the_client_secret_and_the_sealing_key_are_in_no_answer() {
    let mut answers = Answers(Vec::new());
    let sandbox = World::new().await;
    let tokens = sandbox.connect().await;
    let values = [("MONEI_REFRESH_AUTH", "secret"), ("MONEI_TOKEN_CALLS_PER_MINUTE", "600"), ("MONEI_AUTHORIZE_CALLS_PER_MINUTE", "0")];
    // A Monei that says back what it was sent, in every kind of answer that it gives.
    let echo = format!("client_secret {CLIENT_SECRET} of {CLIENT_ID}");
    for status in [200, 201, 302, 400, 401, 403, 404, 408, 422, 429, 500, 503] {
        for message in [echo.as_str(), CLIENT_SECRET] {
            let monei = monei_that_says(status, message).await;
            let world = World::with(&[&values[..], &[("MONEI_SANDBOX_URL", &monei)]].concat()).await;
            sweep(&world, &mut answers, &tokens).await;
        }
    }
    // One that is not there, and the real thing.
    let gone = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let world = World::with(&[&values[..], &[("MONEI_SANDBOX_URL", &format!("http://{gone}"))]].concat()).await;
    sweep(&world, &mut answers, &tokens).await;
    sweep(&sandbox, &mut answers, &tokens).await;
    let proof = Proof::new();
    let handoff = sandbox.handoff(&proof).await;
    let redeem = sandbox.request(Method::POST, format!("{}/v1/redeem", sandbox.backend));
    let body = answers.take(redeem.json(&json!({"handoff": handoff, "code_verifier": proof.verifier}))).await;
    assert!(body.contains("mct_sim_"), "tokens are answers too: {body}");

    assert!(answers.0.len() > 1_000, "{} answers", answers.0.len());
    for code in [
        "service_unavailable",
        "approval_refused",
        "grant_refused",
        "provider_unavailable",
        "provider_busy",
        "outcome_unknown",
        "revoke_unconfirmed",
    ] {
        assert!(answers.0.iter().any(|answer| answer.contains(code)), "no {code} among them");
    }
    let key: Vec<u8> = (0..32).collect();
    let secrets = [
        CLIENT_SECRET.to_owned(),
        STANDARD.encode(CLIENT_SECRET),
        hex(CLIENT_SECRET.as_bytes()),
        SEALING_KEY.to_owned(),
        SEALING_KEY.to_uppercase(),
        STANDARD.encode(&key),
        URL_SAFE_NO_PAD.encode(&key),
    ];
    for answer in &answers.0 {
        for secret in &secrets {
            assert!(!answer.contains(secret), "{secret} is in {answer}");
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
