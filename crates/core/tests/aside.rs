//! A permission that the person sets aside: nobody uses it here any more, and it ends at Monei where it was approved alone.

#![allow(clippy::unwrap_used, reason = "a step of a test that fails is a failed test")]

mod support;

use std::time::Duration;

use connect_core::feature::FeatureId;
use connect_core::problem::{Problem, ProblemCode};
use connect_core::snapshot::{ActivityEvent, DisconnectOutcome, Health, PermissionEvent, Section, SetAsideOutcome};
use connect_core::vault::Vault as _;
use connect_core::{App, Caller, NewApp, PassThrough};
use monei::Method;
use serde_json::json;
use support::proxy::Proxy;
use support::{World, feature, scopes};

const TWO: &[&str] = &["profile:read", "wallet:read"];

fn id(scope: &str) -> FeatureId {
    FeatureId::of(&scope.parse().unwrap()).unwrap()
}

fn code<T>(outcome: Result<T, Problem>) -> ProblemCode {
    outcome.err().unwrap().code
}

fn here(along: &[&str]) -> SetAsideOutcome {
    SetAsideOutcome::Here { along: scopes(along) }
}

async fn allow(world: &World, account: &str, given: &[&str]) -> Result<App, Problem> {
    let new = NewApp { name: format!("Sheet {}", given.len()), account: account.into(), scopes: scopes(given), until: None };
    world.core.allow_app(&Caller::Window, new).await.map(|(app, _)| app)
}

async fn get(world: &World, app: &App, path: &str) -> Result<u16, Problem> {
    let call = PassThrough { method: Method::Get, path, query: &[], body: None };
    world.core.pass_through(&Caller::App(app.id.clone()), &app.account, call).await.map(|passed| passed.status)
}

/// An account with two approvals: of `TWO`, and of `kyc:read` alone.
async fn two_approvals(world: &World) -> String {
    world.control("switch", json!({"name": "upgrade_scopes", "value": "only_new"})).await;
    let account = world.connect("ada", TWO, TWO).await;
    world.core.reconnect(&Caller::Window, &account, scopes(&["kyc:read"])).await.unwrap();
    world.waiting().await;
    world.approve("ada", &["kyc:read"]).await;
    world.settle_upgrade().await
}

#[tokio::test]
async fn what_is_set_aside_is_used_by_no_app_and_no_window_in_any_process_until_it_is_switched_on_again() {
    let mut world = World::new().await;
    let account = world.connect("ada", TWO, TWO).await;
    let app = allow(&world, &account, TWO).await.unwrap();
    assert_eq!(get(&world, &app, "/wallet/me").await.unwrap(), 200);
    let other = world.second().await;
    other.poll().await;
    assert_eq!(other.set_aside(&Caller::CommandLine, &account, id("wallet:read")).await.unwrap(), here(&["profile:read"]));
    let before = (world.calls("/wallet/me").await, world.calls("/transactions").await);
    assert_eq!(code(get(&world, &app, "/wallet/me").await), ProblemCode::PermissionSetAside);
    assert_eq!(code(get(&world, &app, "/transactions").await), ProblemCode::PermissionSetAside);
    for section in [Section::Wallet, Section::Transactions] {
        assert_eq!(code(world.core.load(&Caller::Window, &account, section).await), ProblemCode::PermissionSetAside);
    }
    assert_eq!((world.calls("/wallet/me").await, world.calls("/transactions").await), before, "Monei was called all the same");
    assert_eq!(get(&world, &app, "/user/me").await.unwrap(), 200, "the rest works");
    assert_eq!(code(allow(&world, &account, &["wallet:read"]).await), ProblemCode::PermissionSetAside);

    // It outlives the program, says nothing against the connection, and is in the history with who did it.
    world.restart().await;
    let view = world.core.view();
    assert_eq!(feature(&view, &account, "wallet:read"), "set_aside");
    assert_eq!(view.accounts[0].health, Health::Connected);
    assert_eq!(code(get(&world, &app, "/wallet/me").await), ProblemCode::PermissionSetAside);
    assert_eq!(code(world.core.switch_on(&Caller::Window, &account, id("profile:read")).await), ProblemCode::InvalidInput);
    world.core.switch_on(&Caller::Window, &account, id("wallet:read")).await.unwrap();
    assert_eq!(get(&world, &app, "/wallet/me").await.unwrap(), 200);
    let events: Vec<ActivityEvent> = world.core.activity(Some(&account)).await.unwrap().into_iter().map(|item| item.event).collect();
    let wallet = || scopes(&["wallet:read"]);
    assert_eq!(events[0], ActivityEvent::SwitchedOn { scopes: wallet(), by: "window".into() });
    assert_eq!(events[1], ActivityEvent::SetAside { scopes: wallet(), by: "command_line".into() });
    let moments: Vec<PermissionEvent> =
        world.core.permission(&account, id("wallet:read")).await.unwrap().history.into_iter().map(|moment| moment.event).collect();
    assert_eq!(moments, [PermissionEvent::SwitchedOn, PermissionEvent::SetAside, PermissionEvent::Granted]);
}

#[tokio::test]
async fn what_was_approved_alone_ends_at_monei_and_what_was_approved_with_more_says_with_what() {
    let world = World::new().await;
    let account = two_approvals(&world).await;
    assert_eq!(world.records().len(), 2);
    assert_eq!(world.core.permission(&account, id("kyc:read")).await.unwrap().along, scopes(&[]));
    assert_eq!(world.core.permission(&account, id("wallet:read")).await.unwrap().along, scopes(&["profile:read"]));
    assert_eq!(world.core.set_aside(&Caller::Window, &account, id("kyc:read")).await.unwrap(), SetAsideOutcome::Ended);
    assert_eq!((feature(&world.core.view(), &account, "kyc:read"), world.records().len()), ("declined".to_owned(), 1));
    assert_eq!(code(world.core.set_aside(&Caller::Window, &account, id("kyc:read")).await), ProblemCode::ScopeMissing);

    // The other approval holds two. Once both are set aside nothing of it is in use, and it ends.
    assert_eq!(world.core.set_aside(&Caller::Window, &account, id("wallet:read")).await.unwrap(), here(&["profile:read"]));
    assert_eq!(world.count("revokes").await, 1);
    assert_eq!(world.core.set_aside(&Caller::Window, &account, id("profile:read")).await.unwrap(), SetAsideOutcome::Ended);
    assert_eq!((world.records().len(), world.count("revokes").await), (0, 2));
    let view = world.core.view();
    assert_eq!((feature(&view, &account, "wallet:read"), feature(&view, &account, "profile:read")), ("declined".into(), "declined".into()));
    let line = world.core.activity(Some(&account)).await.unwrap().remove(0);
    assert_eq!(
        line.event,
        ActivityEvent::TakenBack { scopes: scopes(TWO), along: vec![], by: Some("window".into()) },
        "both were taken back by the person"
    );
}

#[tokio::test]
async fn what_else_only_another_backends_approval_allows_does_not_end_unsaid() {
    let world = World::new().await;
    world.control("switch", json!({"name": "upgrade_scopes", "value": "cumulative"})).await;
    world.control("switch", json!({"name": "old_pair_after_upgrade", "value": "alive"})).await;
    let account = world.connect("ada", &["profile:read"], &["profile:read"]).await;
    let other = Proxy::start(tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap(), &world.backend);
    world.core.set_backend(other.url.as_str()).await.unwrap();
    world.core.confirm_backend(other.url.as_str(), Some("Sandbox operator")).await.unwrap();
    world.core.reconnect(&Caller::Window, &account, scopes(TWO)).await.unwrap();
    world.approve("ada", &["wallet:read"]).await;
    assert_eq!(world.settle_upgrade().await, account);
    assert_eq!(world.records().len(), 2);
    assert_eq!(world.core.permission(&account, id("wallet:read")).await.unwrap().along, scopes(&["profile:read"]));
    assert_eq!(world.core.set_aside(&Caller::Window, &account, id("wallet:read")).await.unwrap(), here(&["profile:read"]));
    assert_eq!((world.records().len(), world.count("revokes").await), (2, 0));
    world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap();
}

#[tokio::test]
async fn where_monei_does_not_confirm_it_is_switched_off_here_all_the_same_and_can_be_tried_again() {
    let world = World::new().await;
    let account = two_approvals(&world).await;
    let app = allow(&world, &account, &["kyc:read"]).await.unwrap();
    world.control("fault", json!({"target": "revoke", "kind": "status", "status": 500, "times": 20})).await;
    let why = SetAsideOutcome::Unconfirmed { problem: ProblemCode::ProviderUnavailable.into() };
    assert_eq!(world.core.set_aside(&Caller::Window, &account, id("kyc:read")).await, Ok(why));
    assert_eq!(feature(&world.core.view(), &account, "kyc:read"), "set_aside");
    assert_eq!(code(get(&world, &app, "/kyc/status").await), ProblemCode::PermissionSetAside);
    world.control("reset", json!({"what": "faults"})).await;
    assert_eq!(world.core.set_aside(&Caller::Window, &account, id("kyc:read")).await.unwrap(), SetAsideOutcome::Ended);
}

#[tokio::test]
async fn without_the_tokens_it_is_switched_off_here_and_nothing_says_that_trying_again_ends_it() {
    let world = World::new().await;
    let account = world.connect("ada", &["kyc:read"], &["kyc:read"]).await;
    let only = world.records().remove(0);
    world.vault.delete(&only).await.unwrap();
    assert_eq!(world.core.set_aside(&Caller::Window, &account, id("kyc:read")).await, Ok(SetAsideOutcome::Unrevocable));
    assert_eq!((feature(&world.core.view(), &account, "kyc:read"), world.count("revokes").await), ("set_aside".to_owned(), 0));
}

#[tokio::test]
async fn what_another_approval_brings_along_unasked_stays_set_aside() {
    let world = World::new().await;
    world.control("switch", json!({"name": "upgrade_scopes", "value": "cumulative"})).await;
    let account = world.connect("ada", TWO, TWO).await;
    world.core.set_aside(&Caller::Window, &account, id("wallet:read")).await.unwrap();
    world.core.reconnect(&Caller::Window, &account, scopes(&["kyc:read"])).await.unwrap();
    world.waiting().await;
    world.approve("ada", &["kyc:read"]).await;
    world.settle_upgrade().await;
    let view = world.core.view();
    assert_eq!((feature(&view, &account, "kyc:read"), feature(&view, &account, "wallet:read")), ("enabled".into(), "set_aside".into()));
}

#[tokio::test]
async fn everything_of_an_approval_ends_on_the_persons_choice_and_what_is_asked_for_again_is_switched_on() {
    let world = World::new().await;
    let account = world.connect("ada", TWO, TWO).await;
    let SetAsideOutcome::Here { along } = world.core.set_aside(&Caller::Window, &account, id("wallet:read")).await.unwrap() else {
        panic!()
    };
    assert_eq!(world.core.take_back(&Caller::Window, &account, &scopes(&["wallet:read"])).await, Ok(DisconnectOutcome::Revoked));
    world.core.reconnect(&Caller::Window, &account, along).await.unwrap();
    world.waiting().await;
    world.approve("ada", &["profile:read"]).await;
    world.settle_upgrade().await;
    let view = world.core.view();
    assert_eq!((feature(&view, &account, "profile:read"), feature(&view, &account, "wallet:read")), ("enabled".into(), "declined".into()));
    // Asked for and allowed again, it isn't set aside any more.
    world.core.dismiss().await;
    world.core.reconnect(&Caller::Window, &account, scopes(&["wallet:read"])).await.unwrap();
    world.waiting().await;
    world.approve("ada", &["wallet:read"]).await;
    world.settle_upgrade().await;
    assert_eq!(feature(&world.core.view(), &account, "wallet:read"), "enabled");
}

#[tokio::test]
async fn a_check_uses_nothing_that_is_set_aside() {
    let world = World::new().await;
    let account = world.connect("ada", TWO, TWO).await;
    world.core.set_aside(&Caller::Window, &account, id("profile:read")).await.unwrap();
    let before = (world.calls("/user/me").await, world.calls("/wallet/me").await);
    world.core.check(&Caller::Window, &account).await.unwrap();
    world.core.look().await;
    assert_eq!(world.calls("/user/me").await, before.0);
    assert!(world.calls("/wallet/me").await > before.1);
    assert!(world.core.view().accounts[0].checkable);
    world.core.set_aside(&Caller::Window, &account, id("wallet:read")).await.unwrap();
    assert!(!world.core.view().accounts[0].checkable);
}

#[tokio::test]
async fn a_check_while_nobody_looks_uses_nothing_that_is_set_aside() {
    let world = World::new().await;
    let account = world.connect("ada", TWO, TWO).await;
    // Through another process, a moment ago.
    let other = world.second().await;
    other.poll().await;
    other.set_aside(&Caller::CommandLine, &account, id("profile:read")).await.unwrap();
    world.clock.advance(Duration::from_secs(46 * 60));
    let before = (world.calls("/user/me").await, world.calls("/wallet/me").await);
    world.core.look_unseen().await;
    assert_eq!((world.calls("/user/me").await, world.calls("/wallet/me").await), (before.0, before.1 + 1));

    let world = World::new().await;
    let account = world.connect("ada", &["profile:read", "wallet:deposit"], &["profile:read", "wallet:deposit"]).await;
    world.core.set_aside(&Caller::Window, &account, id("profile:read")).await.unwrap();
    world.clock.advance(Duration::from_secs(46 * 60));
    let before = world.calls("/user/me").await;
    world.core.look_unseen().await;
    assert_eq!(world.calls("/user/me").await, before);
}

#[tokio::test]
async fn what_is_set_aside_when_monei_ends_the_grant_is_not_lost_and_comes_back_only_by_being_asked_for() {
    let world = World::new().await;
    let account = world.connect("ada", TWO, TWO).await;
    world.core.set_aside(&Caller::Window, &account, id("wallet:read")).await.unwrap();
    world.control("revoke", json!({"user": "ada"})).await;
    world.clock.advance(Duration::from_secs(6 * 60));
    world.core.look().await;
    let view = world.core.view();
    assert_eq!((feature(&view, &account, "profile:read"), feature(&view, &account, "wallet:read")), ("lost".into(), "declined".into()));
    assert!(!view.accounts[0].is_given_up(), "Monei ended what was wanted");
    assert_eq!(code(world.core.switch_on(&Caller::Window, &account, id("wallet:read")).await), ProblemCode::ScopeMissing);

    // Asked for by name it is switched on again, and that is written down.
    world.core.reconnect(&Caller::CommandLine, &account, scopes(TWO)).await.unwrap();
    world.waiting().await;
    world.approve("ada", TWO).await;
    world.settle_upgrade().await;
    assert_eq!(feature(&world.core.view(), &account, "wallet:read"), "enabled");
    let events: Vec<ActivityEvent> = world.core.activity(Some(&account)).await.unwrap().into_iter().map(|item| item.event).collect();
    assert!(matches!(&events[0], ActivityEvent::Reconnected { .. }), "{events:?}");
    assert_eq!(events[1], ActivityEvent::SwitchedOn { scopes: scopes(&["wallet:read"]), by: "command_line".into() });
}

#[tokio::test]
async fn what_ends_for_good_with_a_permission_is_told_also_where_it_is_set_aside() {
    let world = World::new().await;
    let account = world.connect("ada", TWO, TWO).await;
    world.core.set_aside(&Caller::Window, &account, id("wallet:read")).await.unwrap();
    assert_eq!(world.core.permission(&account, id("profile:read")).await.unwrap().along, scopes(&["wallet:read"]));
}

#[tokio::test]
async fn an_account_whose_permissions_the_person_took_back_is_given_up_and_not_ended_by_monei() {
    for take_back in [true, false] {
        let world = World::new().await;
        let account = world.connect("ada", TWO, TWO).await;
        if take_back {
            world.core.take_back(&Caller::Window, &account, &scopes(TWO)).await.unwrap();
        } else {
            world.core.set_aside(&Caller::Window, &account, id("wallet:read")).await.unwrap();
            world.core.set_aside(&Caller::Window, &account, id("profile:read")).await.unwrap();
        }
        let view = world.core.view();
        assert!(view.accounts[0].is_given_up(), "{:?}", view.accounts[0]);
    }
    let world = World::new().await;
    let account = world.connect("ada", TWO, TWO).await;
    assert!(!world.core.view().accounts[0].is_given_up(), "it works");
    // What ended with it is lost.
    world.core.take_back(&Caller::Window, &account, &scopes(&["wallet:read"])).await.unwrap();
    assert!(!world.core.view().accounts[0].is_given_up());
}
