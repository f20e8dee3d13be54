//! Each use of a connection is recorded: who, under which permission, for what, with what outcome, when.

#![allow(clippy::unwrap_used, reason = "a step of a test that fails is a failed test")]

mod support;

use connect_core::Caller;
use connect_core::UseRow;
use connect_core::problem::ProblemCode;
use connect_core::snapshot::Section;
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
