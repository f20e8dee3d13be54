//! Nothing secret is logged, whatever the level.

use std::io::Write;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tracing::Level;

use crate::support::*;

#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn no_secret_is_logged_even_at_trace_level() {
    let captured = Captured::default();
    let writer = captured.clone();
    // Only what the backend's own process logs; the test's client and the sandbox in it are not the backend.
    let filter = "trace,hyper=info,hyper_util=info,reqwest=info";
    tracing_subscriber::fmt().json().with_max_level(Level::TRACE).with_env_filter(filter).with_writer(move || writer.clone()).init();

    let world = World::new().await;
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

    let log = String::from_utf8(captured.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("\"event\":\"redeem\"") && log.contains("\"event\":\"callback\""), "the log is captured: {log}");
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
    for line in log.lines() {
        serde_json::from_str::<Value>(line).unwrap_or_else(|_| panic!("not one JSON object a line: {line}"));
    }
}
