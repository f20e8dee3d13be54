//! Each use of a connection is recorded: who, under which permission, for what, with what outcome, when.

#![allow(clippy::unwrap_used, reason = "a step of a test that fails is a failed test")]

mod support;

use connect_core::Caller;
use connect_core::UseRow;
use connect_core::feature::FeatureId;
use connect_core::problem::ProblemCode;
use connect_core::snapshot::{PermissionEvent, Section};
use serde_json::json;
use support::World;

const TWO: &[&str] = &["profile:read", "wallet:read"];

fn told(uses: &[UseRow]) -> Vec<(String, String, String, u64)> {
    let mut told: Vec<_> = uses
        .iter()
        .map(|row| (row.caller.clone(), format!("{} {}", row.permission, row.endpoint), row.outcome.clone(), row.count))
        .collect();
    told.sort();
    told
}

fn line(caller: &str, what: &str, outcome: &str, count: u64) -> (String, String, String, u64) {
    (caller.into(), what.into(), outcome.into(), count)
}

#[tokio::test]
async fn what_the_window_reads_and_what_the_monitor_checks_are_told_apart() {
    let world = World::new().await;
    let account = world.connect("ada", TWO, TWO).await;
    assert_eq!(world.core.uses(&account).await.unwrap(), []);
    for _ in 0..2 {
        world.core.load(&Caller::Window, &account, Section::Wallet).await.unwrap();
    }
    world.core.look().await;
    let uses = world.core.uses(&account).await.unwrap();
    assert_eq!(told(&uses), [line("monitor", "profile:read GET /user/me", "ok", 1), line("window", "wallet:read GET /wallet/me", "ok", 2)]);
    assert!(uses.iter().all(|row| row.first_at == support::START && row.last_at == support::START), "{uses:?}");
}

#[tokio::test]
async fn a_use_that_fails_is_recorded_with_its_reason_and_one_that_is_not_allowed_is_no_use() {
    let world = World::new().await;
    let account = world.connect("ada", TWO, &["wallet:read"]).await;
    world.control("fault", json!({"target": "/wallet/me", "kind": "status", "status": 503, "times": 1})).await;
    assert_eq!(world.core.load(&Caller::Window, &account, Section::Wallet).await.unwrap_err().code, ProblemCode::ProviderUnavailable);
    let before = world.calls("/user/me").await;
    assert_eq!(world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap_err().code, ProblemCode::ScopeMissing);
    assert_eq!(world.calls("/user/me").await, before);
    let uses = world.core.uses(&account).await.unwrap();
    assert_eq!(told(&uses), [line("window", "wallet:read GET /wallet/me", "provider_unavailable", 1)]);
}

#[tokio::test]
async fn a_permission_tells_what_became_of_it_and_what_it_was_used_for() {
    let world = World::new().await;
    let account = world.connect("ada", TWO, &["profile:read"]).await;
    world.clock.advance(std::time::Duration::from_secs(60));
    world.core.reconnect(&Caller::Window, &account, support::scopes(&["wallet:read"])).await.unwrap();
    world.approve("ada", &["wallet:read"]).await;
    world.done().await;
    world.core.dismiss().await;
    world.clock.advance(std::time::Duration::from_secs(60));
    for _ in 0..2 {
        world.core.load(&Caller::Window, &account, Section::Wallet).await.unwrap();
    }
    world.clock.advance(std::time::Duration::from_secs(60));
    world.control("fault", json!({"target": "/wallet/me", "kind": "status", "status": 503, "times": 1})).await;
    world.core.load(&Caller::Window, &account, Section::Wallet).await.unwrap_err();
    let wallet = FeatureId::of(&"wallet:read".parse().unwrap()).unwrap();
    let told = world.core.permission(&account, wallet).await.unwrap();
    let history: Vec<_> = told.history.iter().map(|moment| (moment.at - support::START, moment.event)).collect();
    assert_eq!(history, [(60_000, PermissionEvent::Granted), (0, PermissionEvent::Declined)]);
    let used = &told.uses[0];
    assert_eq!((used.caller.as_str(), used.call.as_str(), used.count, used.failed), ("window", "GET /wallet/me", 3, 1));
    assert_eq!((used.first_at - support::START, used.last_at - support::START, told.uses.len()), (120_000, 180_000, 1));
    assert!(told.endpoints.iter().any(|endpoint| endpoint.call == "GET /evm/portfolio/:chainId"), "{:?}", told.endpoints);
    // What is over at Monei is told, and of another permission nothing is.
    world.control("revoke", json!({"user": "ada"})).await;
    world.core.load(&Caller::Window, &account, Section::Wallet).await.unwrap_err();
    assert_eq!(world.core.permission(&account, wallet).await.unwrap().history[0].event, PermissionEvent::Lost);
    let send = FeatureId::of(&"wallet:send".parse().unwrap()).unwrap();
    let other = world.core.permission(&account, send).await.unwrap();
    assert_eq!((other.history, other.uses), (vec![], vec![]));
    assert_eq!(world.core.permission("gone", wallet).await.unwrap_err().code, ProblemCode::NoSuchAccount);
}
