//! What Monei's limits leave, told to operators; and the limit of approvals.

use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::support::*;

async fn metrics(world: &World) -> String {
    world.private("/metrics").await.text().await.unwrap()
}

/// A counter that appears with its first increase has none that an alert could see.
#[tokio::test]
async fn what_alerts_are_set_on_is_there_from_the_start() {
    let text = metrics(&World::new().await).await;
    let mut lines = vec!["connect_refusals_not_believed_total 0".to_owned(), "connect_previous_secret_used_total 0".to_owned()];
    for call in ["exchange", "refresh", "revoke"] {
        for result in ["success", "refused", "busy", "failed", "lost", "not_sent"] {
            lines.push(format!("connect_provider_calls_total{{call=\"{call}\",result=\"{result}\"}} 0"));
        }
    }
    lines.extend(
        ["started", "approved", "declined", "failed", "finished"].map(|stage| format!("connect_logins_total{{stage=\"{stage}\"}} 0")),
    );
    lines.push("connect_scopes_total{stage=\"granted\",scope=\"wallet:send\"} 0".to_owned());
    for line in lines {
        assert!(text.contains(&format!("{line}\n")), "{line} is missing: {text}");
    }
}

#[tokio::test]
async fn of_a_limit_that_is_off_nothing_is_said_to_be_left() {
    let text = metrics(&World::with(&[("MONEI_AUTHORIZE_CALLS_PER_MINUTE", "0")]).await).await;
    assert!(!text.contains("lane=\"authorize\"") && text.contains("connect_budget_left{lane=\"revoke\"} 30\n"), "{text}");
}

#[tokio::test]
async fn people_are_sent_to_the_consent_page_at_most_twenty_times_a_minute() {
    let world = World::new().await;
    let start = || async { world.visit(&world.start_url(&Proof::new().challenge, RETURN, "wallet:read"), None).await };
    for _ in 0..20 {
        assert_eq!(start().await.status(), StatusCode::SEE_OTHER);
    }
    let refused = start().await;
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!(header(&refused, "content-type").starts_with("text/html"));
    let wait = header(&refused, "retry-after").parse().unwrap();
    world.later(wait);
    assert_eq!(start().await.status(), StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn malformed_starts_use_up_nothing() {
    let world = World::new().await;
    for _ in 0..40 {
        assert_eq!(world.get("/v1/start?challenge=x").await.status(), StatusCode::BAD_REQUEST);
    }
    world.start(&Proof::new(), RETURN).await;
}

/// A limit with a burst let twice as many through in the first minute.
#[tokio::test]
async fn one_address_gets_half_of_the_starts_of_any_minute() {
    let world = World::with(&[("CONNECT_PER_ADDRESS_PER_MINUTE", "120"), ("CONNECT_TRUSTED_PROXIES", "127.0.0.1")]).await;
    let start = |from: &'static str| {
        let url = world.start_url(&Proof::new().challenge, RETURN, "wallet:read");
        let request = world.request(Method::GET, url).header("x-forwarded-for", from);
        async { request.send().await.unwrap().status() }
    };
    let mut granted = Vec::new();
    for second in (0_u64..180).step_by(3) {
        match start("192.0.2.1").await {
            StatusCode::SEE_OTHER => granted.push(second),
            status => assert_eq!(status, StatusCode::TOO_MANY_REQUESTS),
        }
        let of_this_minute = granted.iter().filter(|at| **at + 60 > second).count();
        assert!(of_this_minute <= 10, "{of_this_minute} in the minute before {second}: {granted:?}");
        if second == 30 {
            assert_eq!(start("192.0.2.2").await, StatusCode::SEE_OTHER, "somebody else still can");
        }
        world.later(3);
    }
    assert!(granted.len() >= 20, "and it does get them: {granted:?}");
}

#[tokio::test]
async fn the_metrics_answer_an_operators_questions() {
    let world = World::new().await;
    let tokens = world.connect().await;
    let declined = world.start(&Proof::new(), RETURN).await;
    let answer = world.decide(&declined, Some(&[])).await;
    world.visit(&answer, Some(&declined.cookie)).await;
    world.refresh(tokens["refresh_token"].as_str().unwrap(), "key-of-one-refresh_1").await;
    let text = metrics(&world).await;
    for line in [
        "connect_logins_total{stage=\"started\"} 2",
        "connect_logins_total{stage=\"approved\"} 1",
        "connect_logins_total{stage=\"declined\"} 1",
        "connect_logins_total{stage=\"finished\"} 1",
        "connect_scopes_total{stage=\"asked\",scope=\"wallet:read\"} 2",
        "connect_scopes_total{stage=\"granted\",scope=\"wallet:read\"} 1",
        "connect_budget_left{lane=\"redeem\"} 7",
        "connect_budget_left{lane=\"refresh\"} 5",
        "connect_budget_left{lane=\"authorize\"} 18",
        "connect_budget_left{lane=\"revoke\"} 30",
        "connect_provider_seconds_count{call=\"exchange\"} 1",
        "connect_provider_seconds_count{call=\"refresh\"} 1",
        "connect_refusals_not_believed_total 0",
        "connect_credentials_refused 0",
        "connect_store_up 1",
    ] {
        assert!(text.contains(&format!("{line}\n")), "{line} is missing: {text}");
    }
    for secret in ["CNRY", "mct_", "mcr_", "192.", "127."] {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
}

#[tokio::test]
async fn refusals_that_are_not_believed_and_refused_credentials_raise_an_alert() {
    let world = World::new().await;
    let tokens = world.connect().await;
    world.fault(json!({"target": "token", "kind": "status", "status": 403})).await;
    problem(world.refresh(tokens["refresh_token"].as_str().unwrap(), "key-of-one-refresh_1").await, 503, "service_unavailable").await;
    world.change_secret("mcs_sim_CNRYanother_secret").await;
    world.switch("secret_overlap", "off").await;
    let proof = Proof::new();
    let handoff = world.handoff(&proof).await;
    problem(world.redeem(&handoff, &proof.verifier).await, 503, "service_unavailable").await;
    let text = metrics(&world).await;
    assert!(text.contains("connect_refusals_not_believed_total 1\n"), "{text}");
    assert!(text.contains("connect_credentials_refused 1\n"), "{text}");
}
