//! While nobody looks at the window: what is checked, how often, and that nothing is refreshed for it.

#![allow(clippy::unwrap_used, reason = "a step of a test that fails is a failed test")]

mod support;

use std::time::Duration;

use connect_core::Caller;
use connect_core::problem::ProblemCode;
use connect_core::snapshot::{Health, Section};
use serde_json::json;
use support::{World, scopes};

const PROFILE: &[&str] = &["profile:read"];
const MINUTE: Duration = Duration::from_secs(60);

/// Nobody looks for so many minutes; each of them the program sees whether something is due.
async fn unseen_for(world: &World, minutes: u32) {
    for _ in 0..minutes {
        world.clock.advance(MINUTE);
        world.core.look_unseen().await;
    }
}

/// What Monei and the backend were asked: calls of the cheapest endpoint, and of the token endpoint.
async fn asked(world: &World) -> (u64, u64) {
    (world.calls("/user/me").await, world.count("token_calls").await)
}

#[tokio::test]
async fn an_account_is_checked_once_in_a_tokens_life_and_never_after_it() {
    let world = World::new().await;
    let account = world.connect("ada", PROFILE, PROFILE).await;
    let (calls, tokens) = asked(&world).await;
    unseen_for(&world, 44).await;
    assert_eq!(asked(&world).await, (calls, tokens), "checked long before the token's end");
    unseen_for(&world, 6).await;
    assert_eq!(asked(&world).await, (calls + 1, tokens));
    let checked_at = world.core.view().accounts[0].checked_at.unwrap();
    unseen_for(&world, 180).await;
    assert_eq!(asked(&world).await, (calls + 1, tokens), "checked again, or without a living token");
    assert_eq!(world.core.view().accounts[0].checked_at, Some(checked_at));
    // The person looks, which gives another token; it has a life of its own.
    world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap();
    let (calls, tokens) = asked(&world).await;
    unseen_for(&world, 120).await;
    assert_eq!(asked(&world).await, (calls + 1, tokens));
}

#[tokio::test]
async fn what_was_checked_in_an_earlier_run_or_by_somebody_who_looked_is_not_checked_again() {
    let mut world = World::new().await;
    world.connect("ada", PROFILE, PROFILE).await;
    unseen_for(&world, 46).await;
    world.core.shutdown().await;
    world.restart().await;
    let before = asked(&world).await;
    unseen_for(&world, 60).await;
    assert_eq!(asked(&world).await, before);

    let world = World::new().await;
    let account = world.connect("ada", PROFILE, PROFILE).await;
    world.clock.advance(MINUTE * 48);
    world.core.check(&Caller::Window, &account).await.unwrap();
    let before = asked(&world).await;
    unseen_for(&world, 60).await;
    assert_eq!(asked(&world).await, before);
}

#[tokio::test]
async fn a_refused_token_is_a_doubt_that_the_next_look_resolves_without_a_refresh_before() {
    let world = World::new().await;
    let account = world.connect("ada", PROFILE, PROFILE).await;
    world.clock.advance(MINUTE * 44);
    world.core.look().await;
    world.control("revoke", json!({"user": "ada"})).await;
    let (calls, tokens) = asked(&world).await;
    let doubtful = world.core.doubtful();
    unseen_for(&world, 2).await;
    assert_eq!(asked(&world).await, (calls + 1, tokens), "a refresh was tried while nobody looked");
    assert_eq!(doubtful.borrow().iter().map(|id| id.to_string()).collect::<Vec<_>>(), [account]);
    assert_eq!(world.core.view().accounts[0].health, Health::Connected, "one refused token isn't the end of the access");
    // Less than five minutes after the last look: the doubt makes it due.
    world.core.look().await;
    assert!(
        matches!(&world.core.view().accounts[0].health, Health::NeedsReconnect { reason } if reason.code == ProblemCode::AccessRevoked)
    );
    assert!(doubtful.borrow().is_empty());
    let before = asked(&world).await;
    unseen_for(&world, 120).await;
    assert_eq!(asked(&world).await, before, "an account that must be connected again is checked");
}

#[tokio::test]
async fn a_token_that_ended_early_is_a_doubt_that_the_next_look_clears() {
    let world = World::new().await;
    world.connect("ada", PROFILE, PROFILE).await;
    world.clock.advance(MINUTE * 46);
    world.control("expire", json!({})).await;
    let refreshes = world.count("refreshes").await;
    world.core.look_unseen().await;
    assert_eq!((world.core.doubtful().borrow().len(), world.count("refreshes").await), (1, refreshes));
    world.core.look().await;
    assert_eq!((world.core.doubtful().borrow().len(), world.count("refreshes").await), (0, refreshes + 1));
    assert_eq!(world.core.view().accounts[0].health, Health::Connected);
}

#[tokio::test]
async fn trouble_on_the_way_shows_and_is_not_tried_again_while_nobody_looks() {
    let world = World::new().await;
    world.connect("ada", PROFILE, PROFILE).await;
    let (calls, tokens) = asked(&world).await;
    world.control("fault", json!({"target": "api", "kind": "status", "status": 503, "times": 100})).await;
    unseen_for(&world, 120).await;
    assert_eq!(asked(&world).await, (calls + 1, tokens));
    assert!(matches!(&world.core.view().accounts[0].health, Health::Unreachable { .. }));
    assert!(world.core.doubtful().borrow().is_empty());
}

#[tokio::test]
async fn an_account_that_cannot_be_checked_without_spending_is_not_called() {
    let world = World::new().await;
    world.connect("ada", &["wallet:send"], &["wallet:send"]).await;
    let before = world.sandbox_state().await["counters"]["requests"].as_array().unwrap().clone();
    let api = |rows: &[serde_json::Value]| {
        rows.iter().filter(|row| !row["path"].as_str().unwrap().contains("/sandbox")).map(|row| row["count"].as_u64().unwrap()).sum::<u64>()
    };
    unseen_for(&world, 120).await;
    let after = world.sandbox_state().await["counters"]["requests"].as_array().unwrap().clone();
    assert_eq!(api(&after), api(&before));
}

/// An account whose living token Monei has just refused while nobody looked.
async fn doubted() -> (World, String) {
    let world = World::new().await;
    let account = world.connect("ada", PROFILE, PROFILE).await;
    world.clock.advance(MINUTE * 46);
    world.control("expire", json!({})).await;
    world.core.look_unseen().await;
    assert_eq!(world.core.doubtful().borrow().len(), 1);
    (world, account)
}

#[tokio::test]
async fn a_doubt_ends_with_whatever_proves_that_the_account_works() {
    let (world, account) = doubted().await;
    world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap();
    assert!(world.core.doubtful().borrow().is_empty(), "it was used");
    let (world, account) = doubted().await;
    world.core.check(&Caller::Window, &account).await.unwrap();
    assert!(world.core.doubtful().borrow().is_empty(), "it was checked");
    let (world, account) = doubted().await;
    world.second().await.check(&Caller::CommandLine, &account).await.unwrap();
    world.core.look_unseen().await;
    assert!(world.core.doubtful().borrow().is_empty(), "another process checked it");
}

#[tokio::test]
async fn a_doubt_ends_with_what_proves_that_the_account_works_also_where_the_clock_was_set_back() {
    let (world, account) = doubted().await;
    world.clock.back(MINUTE * 180);
    world.core.look_unseen().await;
    assert_eq!(world.core.doubtful().borrow().len(), 1, "nothing was found out");
    world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap();
    assert!(world.core.doubtful().borrow().is_empty(), "it was used");
    let (world, account) = doubted().await;
    world.clock.back(MINUTE * 180);
    world.core.reconnect(&Caller::Window, &account, scopes(&["wallet:send"])).await.unwrap();
    world.approve("ada", &["wallet:send"]).await;
    world.done().await;
    assert!(world.core.doubtful().borrow().is_empty(), "it was approved again");
}

#[tokio::test]
async fn a_look_that_could_check_nothing_leaves_the_doubt_and_a_doubt_makes_an_account_due_once() {
    let (world, _) = doubted().await;
    world.core.look().await;
    assert!(world.core.doubtful().borrow().is_empty());
    let (world, _) = doubted().await;
    world.control("fault", json!({"target": "api", "kind": "status", "status": 503, "times": 100})).await;
    world.core.look().await;
    assert_eq!(world.core.doubtful().borrow().len(), 1, "nothing was found out");
    let before = world.calls("/user/me").await;
    world.core.look().await;
    world.core.look().await;
    assert_eq!(world.calls("/user/me").await, before, "the doubt alone calls Monei again and again");
    world.control("reset", json!({"what": "faults"})).await;
    world.clock.advance(MINUTE);
    world.core.look().await;
    assert!(world.core.doubtful().borrow().is_empty());
}

#[tokio::test]
async fn a_mere_doubt_is_not_recorded_as_the_end_of_the_access() {
    let (world, account) = doubted().await;
    let uses = world.core.uses(&account).await.unwrap();
    assert!(uses.iter().all(|used| used.outcome != ProblemCode::AccessRevoked.to_string()), "{uses:?}");
    assert!(uses.iter().any(|used| used.caller == "monitor" && used.outcome == ProblemCode::ProviderUnavailable.to_string()), "{uses:?}");
}
