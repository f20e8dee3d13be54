//! What a person is told where no backend is set, and where one says something else of itself than it did when they agreed.

#![allow(clippy::unwrap_used, reason = "a step of a test that fails is a failed test")]

mod support;

use std::sync::Arc;

use connect_core::Caller;
use connect_core::Connections;
use connect_core::clock::Clock;
use connect_core::problem::ProblemCode;
use connect_core::snapshot::{BackendStatus, Decision, DisconnectOutcome, Health, Link, Section, Unrevoked};
use connect_core::{Browser, CheckName};
use serde_json::json;
use support::proxy::Cut;
use support::{World, scopes};
use url::Url;

/// A core of `world` with no address but what its index holds.
async fn without_address(world: &World) -> Connections {
    let (clock, browser) = (Arc::clone(&world.clock) as Arc<dyn Clock>, Arc::clone(&world.browser) as Arc<dyn Browser>);
    let mut options = support::options(&world.data_dir(), &world.backend, clock, browser, Arc::clone(&world.vault) as _);
    options.backend = None;
    options.guide = Some(Url::parse("https://docs.example.org/operating").unwrap());
    Connections::start(options).await.unwrap()
}

#[tokio::test]
async fn without_an_address_nobody_is_asked_and_the_missing_one_is_named() {
    let world = World::new().await;
    let core = without_address(&world).await;
    let view = core.view();
    let missing = BackendStatus::Problem { problem: ProblemCode::BackendMissing.into() };
    assert_eq!((&view.backend.address, &view.backend.status, view.backend.confirmed), (&None, &missing, false));
    assert!(!view.backend.on_this_computer && view.backend.guide);
    assert_eq!(core.link(Link::OperatorGuide).unwrap().as_str(), "https://docs.example.org/operating");
    core.look().await;
    core.probe().await;
    assert_eq!(core.view().backend.status, missing);
    assert_eq!(core.connect(&Caller::Window, scopes(&["profile:read"])).await.unwrap_err().code, ProblemCode::BackendMissing);
    let checks = core.diagnose(async |_| Some(true)).await;
    let backend = checks.iter().find(|check| check.name == CheckName::Backend).unwrap();
    assert_eq!((backend.ok, backend.problem), (false, Some(ProblemCode::BackendMissing)));
    // Entered, it is used like any other, and known at the next start.
    core.set_backend(world.backend.as_str()).await.unwrap();
    assert_eq!(core.view().backend.status, BackendStatus::Ready);
    core.shutdown().await;
    let again = without_address(&world).await;
    assert_eq!(again.view().backend.address.as_deref(), Some(world.backend.as_str().trim_end_matches('/')));
    assert!(again.view().backend.on_this_computer);
}

#[tokio::test]
async fn accounts_rest_where_the_address_is_gone_and_can_be_disconnected_all_the_same() {
    let world = World::new().await;
    let account = world.connect("ada", &["profile:read"], &["profile:read"]).await;
    world.core.shutdown().await;
    let core = without_address(&world).await;
    assert_eq!(core.view().accounts[0].other_backend.as_deref(), Some(world.backend.as_str().trim_end_matches('/')));
    assert!(core.load(&Caller::Window, &account, Section::Profile).await.is_err());
    core.disconnect(&Caller::Window, &account, Unrevoked::Keep).await.unwrap();
    assert!(core.view().accounts.is_empty() && world.records().is_empty());
}

#[tokio::test]
async fn another_name_behind_the_same_address_must_be_agreed_to() {
    let mut world = World::proxied().await;
    let account = world.connect("ada", &["profile:read"], &["profile:read"]).await;
    world.proxy.as_ref().unwrap().rewrite("Sandbox operator", "Another operator");
    // Nobody is sent to approve before the new name was seen.
    world.core.connect(&Caller::Window, scopes(&["profile:read"])).await.unwrap();
    assert_eq!(world.failed().await.code, ProblemCode::BackendUnconfirmed);
    let backend = world.core.view().backend.clone();
    let name = |view: Option<&connect_core::snapshot::OperatorClaim>| view.and_then(|view| view.name.clone());
    assert!(!backend.confirmed);
    assert_eq!(name(backend.operator.as_ref()).as_deref(), Some("Another operator"));
    assert_eq!(name(backend.formerly.as_ref()).as_deref(), Some("Sandbox operator"));
    // No refresh token goes there meanwhile.
    let refreshes = world.count("refreshes").await;
    world.clock.advance(std::time::Duration::from_secs(3700));
    assert_eq!(world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap_err().code, ProblemCode::BackendUnconfirmed);
    assert_eq!(world.count("refreshes").await, refreshes);
    // Agreeing to a name that isn't the present one is refused.
    let address = world.backend.to_string();
    assert_eq!(world.core.confirm_backend(&address, Some("Sandbox operator")).await.unwrap_err().code, ProblemCode::InvalidInput);
    world.core.confirm_backend(&address, Some("Another operator")).await.unwrap();
    world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap();
    let view = world.core.view();
    assert!(view.backend.confirmed && view.backend.formerly.is_none() && view.accounts[0].health == Health::Connected);
    // The agreement lasts, also over a restart.
    world.restart().await;
    world.core.probe().await;
    assert!(world.core.view().backend.confirmed);
}

/// As the desktop program starts without its window, or a program of the person calls just after the start: nobody has polled yet.
#[tokio::test]
async fn a_run_asks_who_runs_the_backend_before_the_first_refresh_token_goes_to_it() {
    let world = World::proxied().await;
    let proxy = world.proxy.as_ref().unwrap();
    let account = world.connect("ada", &["profile:read", "wallet:read"], &["profile:read", "wallet:read"]).await;
    let refreshes = world.count("refreshes").await;
    world.clock.advance(std::time::Duration::from_secs(3700));
    // Another name than the one agreed to.
    proxy.rewrite("Sandbox operator", "Another operator");
    let core = world.second().await;
    assert_eq!(core.load(&Caller::Window, &account, Section::Profile).await.unwrap_err().code, ProblemCode::BackendUnconfirmed);
    assert!(!core.view().backend.confirmed);
    core.shutdown().await;
    // It can't be told who runs it: that may pass, and nothing is lost.
    proxy.keep_quiet(true);
    let core = world.second().await;
    assert_eq!(core.load(&Caller::Window, &account, Section::Profile).await.unwrap_err().code, ProblemCode::BackendUnreachable);
    assert_eq!(world.count("refreshes").await, refreshes);
    // The same as ever.
    proxy.keep_quiet(false);
    proxy.rewrite("Another operator", "Another operator");
    core.load(&Caller::Window, &account, Section::Profile).await.unwrap();
    assert_eq!(world.count("refreshes").await, refreshes + 1);
    // Asked once in a run.
    let asked = proxy.asked();
    world.clock.advance(std::time::Duration::from_secs(3700));
    core.load(&Caller::Window, &account, Section::Wallet).await.unwrap();
    assert_eq!((world.count("refreshes").await, proxy.asked()), (refreshes + 2, asked));
    core.shutdown().await;
}

/// Each question waited twenty seconds: one for the poll, and one for each account.
#[tokio::test]
async fn a_backend_that_takes_requests_and_answers_none_is_waited_for_once_and_not_for_long() {
    let world = World::proxied().await;
    let proxy = world.proxy.as_ref().unwrap();
    let account = world.connect("ada", &["profile:read"], &["profile:read"]).await;
    world.clock.advance(std::time::Duration::from_secs(3700));
    proxy.hang(true);
    let core = world.second().await;
    let began = std::time::Instant::now();
    core.poll().await;
    for _ in 0..2 {
        assert_eq!(core.check(&Caller::CommandLine, &account).await.unwrap_err().code, ProblemCode::BackendUnreachable);
    }
    assert!(began.elapsed() < std::time::Duration::from_secs(12), "{:?}", began.elapsed());
    assert!(matches!(core.view().accounts[0].health, Health::Unreachable { .. }));
    // It answers again, and is asked again soon.
    proxy.hang(false);
    world.clock.advance(std::time::Duration::from_secs(11));
    core.check(&Caller::CommandLine, &account).await.unwrap();
    assert_eq!(core.view().accounts[0].health, Health::Connected);
    core.shutdown().await;
}

/// A person waits for this: one request's time limit, and what the rest takes on a busy computer.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(26);

/// Disconnects while the backend takes requests and answers none; then everything is still there, and ends once it answers.
async fn disconnect_from_a_silent_backend(world: &World, core: &connect_core::Connections, account: &str) {
    let proxy = world.proxy.as_ref().unwrap();
    let (grants, revoked) = (world.records().len(), world.count("revokes").await);
    proxy.hang(true);
    let began = std::time::Instant::now();
    let outcome = core.disconnect(&Caller::CommandLine, account, Unrevoked::Keep).await;
    assert_eq!(outcome, Ok(DisconnectOutcome::Unconfirmed { problem: ProblemCode::BackendUnreachable.into() }));
    assert!(began.elapsed() < PATIENCE, "{:?}", began.elapsed());
    assert_eq!((core.view().accounts.len(), world.records().len(), world.count("revokes").await), (1, grants, revoked));
    proxy.hang(false);
    world.clock.advance(std::time::Duration::from_secs(11));
    assert_eq!(core.disconnect(&Caller::CommandLine, account, Unrevoked::Keep).await, Ok(DisconnectOutcome::Revoked));
    assert!(world.records().is_empty());
}

#[tokio::test]
async fn disconnecting_waits_for_a_silent_backend_once_whatever_the_number_of_approvals() {
    let world = World::proxied().await;
    let account = world.connect("ada", &["profile:read"], &["profile:read"]).await;
    world.control("switch", json!({"name": "upgrade_scopes", "value": "only_new"})).await;
    world.core.reconnect(&Caller::Window, &account, scopes(&["kyc:read"])).await.unwrap();
    world.approve("ada", &["kyc:read"]).await;
    world.settle_upgrade().await;
    assert_eq!(world.records().len(), 2);
    disconnect_from_a_silent_backend(&world, &world.core, &account).await;
}

#[tokio::test]
async fn disconnecting_waits_for_a_silent_backend_once_though_a_refresh_is_unanswered() {
    for known in [true, false] {
        let world = World::proxied().await;
        let account = world.connect("ada", &["profile:read"], &["profile:read"]).await;
        world.clock.advance(std::time::Duration::from_secs(3700));
        world.proxy.as_ref().unwrap().plan(&[Cut::Before, Cut::Before]);
        let unanswered = world.core.check(&Caller::Window, &account).await.unwrap_err();
        assert_eq!(unanswered.code, ProblemCode::BackendUnreachable);
        let core = if known { world.core.clone() } else { world.second().await };
        disconnect_from_a_silent_backend(&world, &core, &account).await;
        if !known {
            core.shutdown().await;
        }
    }
}

#[tokio::test]
async fn taking_back_waits_for_a_silent_backend_once_whatever_the_number_of_approvals() {
    let world = World::proxied().await;
    let account = world.connect("ada", &["profile:read"], &["profile:read"]).await;
    world.control("switch", json!({"name": "upgrade_scopes", "value": "only_new"})).await;
    world.core.reconnect(&Caller::Window, &account, scopes(&["kyc:read"])).await.unwrap();
    world.approve("ada", &["kyc:read"]).await;
    world.settle_upgrade().await;
    let proxy = world.proxy.as_ref().unwrap();
    proxy.hang(true);
    let began = std::time::Instant::now();
    let outcome = world.core.take_back(&Caller::Window, &account, &scopes(&["profile:read", "kyc:read"])).await;
    assert_eq!(outcome, Ok(DisconnectOutcome::Unconfirmed { problem: ProblemCode::BackendUnreachable.into() }));
    assert!(began.elapsed() < PATIENCE, "{:?}", began.elapsed());
    assert_eq!(world.records().len(), 2);
}

#[tokio::test]
async fn discarding_an_approval_waits_for_a_silent_backend_once_and_it_is_taken_back_later() {
    let world = World::proxied().await;
    world.core.connect(&Caller::Window, scopes(&["profile:read"])).await.unwrap();
    world.approve("ada", &["profile:read"]).await;
    world.until("whose it is", support::is_new).await;
    let proxy = world.proxy.as_ref().unwrap();
    proxy.hang(true);
    let began = std::time::Instant::now();
    world.core.decide(Decision::Discard).await.unwrap();
    assert!(began.elapsed() < PATIENCE, "{:?}", began.elapsed());
    assert_eq!((world.failed().await.code, world.records().len()), (ProblemCode::RevocationPending, 1));
    proxy.hang(false);
    world.core.poll().await;
    assert_eq!((world.records().len(), world.count("revokes").await), (0, 1));
}

#[tokio::test]
async fn an_answer_that_takes_as_long_as_a_backend_may_is_waited_for() {
    let world = World::new().await;
    let account = world.connect("ada", &["profile:read"], &["profile:read"]).await;
    // Monei no longer knows the pair and says so slowly; a refresh tells whether the access has ended.
    world.control("revoke", json!({"user": "ada", "client_id": "mc_sim_test"})).await;
    world.control("fault", json!({"target": "revoke", "kind": "delay", "delay_ms": 9000, "times": 1})).await;
    assert_eq!(world.core.disconnect(&Caller::Window, &account, Unrevoked::Keep).await, Ok(DisconnectOutcome::Revoked));
}
