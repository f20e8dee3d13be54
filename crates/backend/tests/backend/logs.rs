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
