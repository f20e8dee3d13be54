//! Connecting, partial grants, reconnecting, and every way in which an approval ends without effect.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a step of a test that fails is a failed test")]

mod support;

use std::sync::atomic::Ordering;
use std::time::Duration;

use connect_core::Caller;
use connect_core::problem::ProblemCode;
use connect_core::snapshot::{
    Channel, Conflict, Decision, DisconnectOutcome, Health, Preferences, Section, SectionData, Snapshot, Stage, Unrevoked,
};
use serde_json::json;
use support::{SCHEME, World, feature, is_new, person, scopes, stage};

const FOUR: [&str; 4] = ["profile:read", "kyc:read", "wallet:read", "wallet:send"];

#[tokio::test]
async fn asked_for_four_granted_two() {
    let world = World::new().await;
    let account = world.connect("ada", &FOUR, &["profile:read", "wallet:read"]).await;
    let view = world.core.view();
    for (scope, expected) in [
        ("profile:read", "enabled"),
        ("wallet:read", "enabled"),
        ("kyc:read", "declined"),
        ("wallet:send", "declined"),
        ("wallet:deposit", "not_asked"),
        ("bills:pay", "not_asked"),
    ] {
        assert_eq!(feature(&view, &account, scope), expected, "{scope}");
    }
    assert_eq!(view.accounts[0].health, Health::Connected);
    assert!(view.accounts[0].name.as_deref().is_some_and(|name| name.starts_with("Ada")));
    assert_eq!(world.count("forbidden").await, 0);
}

#[tokio::test]
async fn reconnecting_asks_for_the_missing_scope_alone() {
    let world = World::new().await;
    let account = world.connect("ada", &FOUR, &["profile:read", "wallet:read"]).await;
    world.core.reconnect(&Caller::Window, &account, scopes(&["kyc:read"])).await.unwrap();
    world.waiting().await;
    let asked: Vec<String> =
        world.opened().query_pairs().filter(|(name, _)| name == "scope").map(|(_, value)| value.into_owned()).collect();
    assert_eq!(asked, ["kyc:read"]);
    world.approve("ada", &["kyc:read"]).await;
    assert_eq!(world.done().await, account);
    let view = world.core.view();
    assert_eq!(view.accounts.len(), 1);
    for scope in ["profile:read", "wallet:read", "kyc:read"] {
        assert_eq!(feature(&view, &account, scope), "enabled", "{scope}");
    }
    assert_eq!(feature(&view, &account, "wallet:send"), "declined");
    assert!(matches!(world.core.load(&Caller::Window, &account, Section::Kyc).await, Ok(SectionData::Kyc(_))));
}

#[tokio::test]
async fn an_upgrade_that_answers_with_the_new_scope_only_keeps_both_grants() {
    let world = World::new().await;
    world.control("switch", json!({"name": "upgrade_scopes", "value": "only_new"})).await;
    let account = world.connect("ada", &["profile:read", "wallet:read"], &["wallet:read", "profile:read"]).await;
    world.core.reconnect(&Caller::Window, &account, scopes(&["kyc:read"])).await.unwrap();
    world.approve("ada", &["kyc:read"]).await;
    // Nothing in the new token tells whose it is, so the person is asked.
    world.until("a decision", |view| matches!(stage(view), Some(Stage::Decide { conflict: Conflict::UnknownUser { .. } }))).await;
    world.core.decide(Decision::Merge).await.unwrap();
    assert_eq!(world.done().await, account);
    for section in [Section::Profile, Section::Wallet, Section::Kyc] {
        world.core.load(&Caller::Window, &account, section).await.unwrap();
    }
    assert_eq!(world.records().len(), 2);
    assert_eq!(world.count("forbidden").await, 0);
    assert_eq!(world.core.disconnect(&Caller::Window, &account, Unrevoked::Keep).await, Ok(DisconnectOutcome::Revoked));
    assert!(world.records().is_empty());
}

#[tokio::test]
async fn denying_leaves_everything_and_is_remembered() {
    let world = World::new().await;
    world.core.connect(&Caller::Window, scopes(&FOUR)).await.unwrap();
    world.deny("ada").await;
    assert_eq!(world.failed().await.code, ProblemCode::Declined);
    assert!(world.core.view().accounts.is_empty() && world.records().is_empty());

    let account = world.connect("ada", &["profile:read"], &["profile:read"]).await;
    let before = world.core.view().accounts[0].clone();
    world.core.reconnect(&Caller::Window, &account, scopes(&["kyc:read"])).await.unwrap();
    world.deny("ada").await;
    assert_eq!(world.failed().await.code, ProblemCode::Declined);
    world.until("the declined scope", |view| feature(view, &account, "kyc:read") == "declined").await;
    let after = world.core.view().accounts[0].clone();
    assert_eq!((after.health, after.expires_at), (before.health, before.expires_at));
    assert_eq!(feature(&world.core.view(), &account, "profile:read"), "enabled");
}

#[tokio::test]
async fn approving_nothing_is_told_whichever_way_monei_answers() {
    for switch in ["error", "empty"] {
        let world = World::new().await;
        world.control("switch", json!({"name": "none_granted", "value": switch})).await;
        world.core.connect(&Caller::Window, scopes(&FOUR)).await.unwrap();
        world.approve("ada", &[]).await;
        let code = world.failed().await.code;
        assert!(matches!(code, ProblemCode::Declined | ProblemCode::NothingGranted), "{switch}: {code:?}");
        assert!(world.core.view().accounts.is_empty() && world.records().is_empty(), "{switch}");
        let alive = world.sandbox_state().await["grants"].as_array().unwrap().iter().filter(|grant| grant["alive"] == true).count();
        assert_eq!(alive, 0, "{switch}: an empty grant stays alive at Monei");
    }
}

#[tokio::test]
async fn another_user_approving_a_reconnect_changes_nothing_until_the_person_decides() {
    let world = World::new().await;
    let account = world.connect("ada", &["profile:read", "wallet:read"], &["profile:read", "wallet:read"]).await;
    let before = world.core.view().accounts.clone();
    for decision in [Decision::Discard, Decision::AddAsAccount] {
        world.clock.advance(Duration::from_secs(60));
        world.core.reconnect(&Caller::Window, &account, scopes(&["profile:read", "kyc:read"])).await.unwrap();
        world.approve("tunde", &["profile:read", "kyc:read"]).await;
        let view = world.until("a decision", |view| matches!(stage(view), Some(Stage::Decide { .. }))).await;
        match stage(&view) {
            Some(Stage::Decide { conflict: Conflict::OtherUser { expected, approved_by, existing } }) => {
                assert!(expected.as_deref().is_some_and(|name| name.starts_with("Ada")));
                assert!(approved_by.as_deref().is_some_and(|name| name.starts_with("Tunde")), "{approved_by:?}");
                assert_eq!(*existing, None);
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(world.core.view().accounts, before);
        assert_eq!(world.core.decide(Decision::Merge).await.unwrap_err().code, ProblemCode::InvalidInput, "merged with a stranger");
        world.core.decide(decision).await.unwrap();
        if decision == Decision::Discard {
            assert_eq!(world.core.view().accounts, before);
            assert_eq!(world.records().len(), 1);
        }
    }
    let added = world.done().await;
    let view = world.core.view();
    assert_eq!(view.accounts.len(), 2);
    assert_eq!(view.accounts[0], before[0]);
    assert_eq!(feature(&view, &added, "kyc:read"), "enabled");
    // Each goes on by itself.
    world.core.load(&Caller::Window, &account, Section::Wallet).await.unwrap();
    world.core.load(&Caller::Window, &added, Section::Kyc).await.unwrap();
    assert_eq!(world.core.disconnect(&Caller::Window, &added, Unrevoked::Keep).await, Ok(DisconnectOutcome::Revoked));
    world.core.load(&Caller::Window, &account, Section::Wallet).await.unwrap();
}

/// Anybody who has the start link can approve as somebody else: what is asked for a new account is kept once the person knows who it was.
#[tokio::test]
async fn a_new_account_is_shown_with_who_approved_and_kept_after_this_is_me() {
    let world = World::new().await;
    for (allowed, named) in [(&["profile:read"][..], true), (&["wallet:read"], false)] {
        world.core.connect(&Caller::Window, scopes(&["profile:read", "wallet:read"])).await.unwrap();
        world.approve("tunde", allowed).await;
        let view = world.until("whose it is", support::is_new).await;
        let Some(Stage::Decide { conflict: Conflict::NewUser { approved_by, email } }) = stage(&view) else { unreachable!() };
        assert_eq!(approved_by.as_deref().is_some_and(|name| name.starts_with("Tunde")), named, "{approved_by:?}");
        assert_eq!(email.is_some(), named);
        assert!(view.accounts.is_empty());
        assert_eq!(world.core.decide(Decision::Merge).await.unwrap_err().code, ProblemCode::InvalidInput);
        // Not me.
        world.core.decide(Decision::Discard).await.unwrap();
        assert!(world.core.view().accounts.is_empty() && world.records().is_empty());
        let state = world.sandbox_state().await;
        assert!(state["grants"].as_array().unwrap().iter().all(|grant| grant["alive"] == false), "it stays alive at Monei");
    }
    world.core.connect(&Caller::Window, scopes(&["profile:read"])).await.unwrap();
    world.approve("ada", &["profile:read"]).await;
    world.until("whose it is", support::is_new).await;
    world.core.decide(Decision::AddAsAccount).await.unwrap();
    world.until("done", |view| matches!(stage(view), Some(Stage::Done { .. }))).await;
    assert_eq!(world.core.view().accounts.len(), 1);
}

#[tokio::test]
async fn the_same_user_twice_is_recognised() {
    let world = World::new().await;
    let account = world.connect("ada", &["profile:read"], &["profile:read"]).await;
    world.core.connect(&Caller::Window, scopes(&["profile:read", "wallet:read"])).await.unwrap();
    world.approve("ada", &["wallet:read"]).await;
    let view = world.until("a decision", |view| matches!(stage(view), Some(Stage::Decide { .. }))).await;
    assert!(matches!(stage(&view), Some(Stage::Decide { conflict: Conflict::AlreadyConnected { existing, .. } }) if *existing == account));
    world.core.decide(Decision::Merge).await.unwrap();
    assert_eq!(world.done().await, account);
    assert_eq!(world.core.view().accounts.len(), 1);
}

/// Without `profile:read` the wallet tells who approved, and where that isn't allowed either the person is asked.
#[tokio::test]
async fn without_a_profile_the_wallet_tells_who_approved_and_else_the_person_does() {
    let world = World::new().await;
    let ada = world.connect("ada", &["wallet:read"], &["wallet:read"]).await;
    let before = world.core.view().accounts.clone();
    let conflict = async |user: &str, asked: &[&str], switches: &[&str]| {
        world.core.reconnect(&Caller::Window, &ada, scopes(asked)).await.unwrap();
        world.approve(user, switches).await;
        let ended = |view: &connect_core::snapshot::Snapshot| matches!(stage(view), Some(Stage::Decide { .. } | Stage::Done { .. }));
        match stage(&*world.until("a decision, or none", ended).await) {
            Some(Stage::Decide { conflict }) => Some(conflict.clone()),
            _ => None,
        }
    };
    // Another wallet is another person, and nothing changes.
    let other = conflict("tunde", &["wallet:read", "kyc:read"], &["wallet:read", "kyc:read"]).await;
    assert!(matches!(other, Some(Conflict::OtherUser { existing: None, .. })), "{other:?}");
    world.core.decide(Decision::Discard).await.unwrap();
    assert_eq!((&world.core.view().accounts, world.records().len()), (&before, 1));
    // One that is connected already is named.
    let tunde = world.connect("tunde", &["wallet:read"], &["wallet:read"]).await;
    let known = conflict("tunde", &["wallet:read", "wallet:deposit"], &["wallet:deposit"]).await;
    assert!(matches!(&known, Some(Conflict::OtherUser { existing: Some(name), .. }) if *name == tunde), "{known:?}");
    world.core.decide(Decision::Discard).await.unwrap();
    // Nothing tells: the person does.
    world.control("switch", json!({"name": "upgrade_scopes", "value": "only_new"})).await;
    let unknown = conflict("ada", &["kyc:read"], &["kyc:read"]).await;
    assert!(matches!(unknown, Some(Conflict::UnknownUser { .. })), "{unknown:?}");
    world.core.decide(Decision::Merge).await.unwrap();
    assert_eq!(world.done().await, ada);
    assert_eq!(feature(&world.core.view(), &ada, "kyc:read"), "enabled");
}

#[tokio::test]
async fn an_approval_that_waits_for_a_decision_is_discarded_at_the_next_start() {
    let mut world = World::new().await;
    let account = world.connect("ada", &["profile:read"], &["profile:read"]).await;
    world.core.reconnect(&Caller::Window, &account, scopes(&["profile:read", "kyc:read"])).await.unwrap();
    world.approve("tunde", &["profile:read", "kyc:read"]).await;
    world.until("a decision", |view| matches!(stage(view), Some(Stage::Decide { .. }))).await;
    assert_eq!(world.records().len(), 2);
    world.restart().await;
    assert_eq!(world.records().len(), 1);
    let state = world.sandbox_state().await;
    let tunde = state["grants"].as_array().unwrap().iter().find(|grant| grant["user"] == "tunde").unwrap();
    assert_eq!(tunde["alive"], false, "an undecided grant stays alive at Monei");
}

#[tokio::test]
async fn the_deep_link_is_the_other_way_back() {
    let world = World::new().await;
    world.core.connect(&Caller::Window, scopes(&["profile:read"])).await.unwrap();
    world.waiting().await;
    world.core.use_deep_link().await.unwrap();
    let start = world.opened();
    assert!(start.query_pairs().any(|(name, value)| name == "return" && value == "deep-link"), "{start}");
    let end = person::walk(&start, "ada", Some(&["profile:read"])).await;
    assert_eq!(end.status, 200);
    let link = person::deep_link(&end.page, support::SCHEME);
    // Links that nobody asked for have no effect, and do not end the wait.
    for junk in ["", "https://evil.test", "org.moneiconnections.manager.sandbox:/callback?tx=AAAAAAAAAAAAAAAAAAAAAA&handoff=abc"] {
        world.core.deep_link(junk).await;
    }
    assert!(matches!(stage(&world.core.view()), Some(Stage::Waiting { .. })));
    world.core.deep_link(&link).await;
    world.done().await;
    assert_eq!(world.core.view().accounts.len(), 1);
    // The same link again finds nothing that waits.
    world.core.deep_link(&link).await;
    assert_eq!(world.core.view().accounts.len(), 1);
}

/// A foreign program has taken the scheme: it gets nothing, and the person is told.
#[tokio::test]
async fn chosen_links_that_go_elsewhere_are_told_and_the_answer_comes_through_this_computer() {
    let world = World::new().await;
    world.core.set_preferences(Preferences { channel: Channel::DeepLink, ..world.core.view().preferences }).await.unwrap();
    for elsewhere in [true, false] {
        world.browser.no_links.store(elsewhere, Ordering::SeqCst);
        world.core.connect(&Caller::Window, scopes(&["profile:read"])).await.unwrap();
        let told = |view: &Snapshot| matches!(stage(view), Some(Stage::Waiting { links_elsewhere, .. }) if *links_elsewhere == elsewhere);
        world.until("the browser", told).await;
        let link = world.core.start_link().unwrap();
        assert_eq!(link.as_str().contains("return=deep-link"), !elsewhere, "{link}");
        if elsewhere {
            person::walk(&link, "ada", Some(&["profile:read"])).await;
            world.done().await;
        }
    }
}

#[tokio::test]
async fn a_browser_that_does_not_open_still_leaves_the_link_to_copy() {
    let world = World::new().await;
    world.browser.broken.store(true, Ordering::SeqCst);
    world.core.connect(&Caller::Window, scopes(&["profile:read"])).await.unwrap();
    world.until("the failure", |view| matches!(stage(view), Some(Stage::Waiting { browser_failed: true, .. }))).await;
    let link = world.core.start_link().unwrap();
    person::walk(&link, "ada", Some(&["profile:read"])).await;
    world.done().await;
}

#[tokio::test]
async fn cancelling_closes_the_way_back() {
    let world = World::new().await;
    world.core.connect(&Caller::Window, scopes(&["profile:read"])).await.unwrap();
    world.waiting().await;
    let start = world.opened();
    world.core.cancel().await;
    assert!(world.core.view().transaction.is_none());
    assert!(world.core.start_link().is_none());
    let target = start.query_pairs().find(|(name, _)| name == "return").unwrap().1.into_owned();
    let target = url::Url::parse(&target).unwrap();
    let address = format!("127.0.0.1:{}", target.port().unwrap());
    tokio::time::timeout(Duration::from_secs(5), async {
        while tokio::net::TcpStream::connect(&address).await.is_ok() {
            tokio::task::yield_now().await;
        }
    })
    .await
    .expect("the port stayed open");
}

#[tokio::test]
async fn a_new_start_replaces_the_one_that_waits() {
    let world = World::new().await;
    world.core.connect(&Caller::Window, scopes(&["profile:read"])).await.unwrap();
    world.waiting().await;
    let first = world.core.start_link().unwrap();
    world.browser.opened.lock().unwrap().clear();
    world.core.connect(&Caller::Window, scopes(&["wallet:read"])).await.unwrap();
    world.waiting().await;
    assert_ne!(world.core.start_link().unwrap(), first);
    world.approve("ada", &["wallet:read"]).await;
    world.done().await;
}

#[tokio::test]
async fn nobody_is_sent_to_the_browser_in_vain() {
    let world = World::unconfirmed().await;
    let refused = world.core.connect(&Caller::Window, scopes(&["profile:read"])).await.unwrap_err();
    assert_eq!(refused.code, ProblemCode::BackendUnconfirmed);
    // Not the one that was shown.
    assert_eq!(
        world.core.confirm_backend("https://other.example.org", Some("Sandbox operator")).await.unwrap_err().code,
        ProblemCode::InvalidInput
    );
    world.core.confirm_backend(world.backend.as_str(), Some("Sandbox operator")).await.unwrap();
    for bad in [scopes(&[]), scopes(&["profile read"]), (0..17).map(|n| format!("x:{n}")).collect()] {
        assert_eq!(world.core.connect(&Caller::Window, bad).await.unwrap_err().code, ProblemCode::InvalidInput);
    }
    assert_eq!(
        world.core.reconnect(&Caller::Window, "nobody", scopes(&["profile:read"])).await.unwrap_err().code,
        ProblemCode::NoSuchAccount
    );
    // A scope that the backend doesn't allow.
    world.core.connect(&Caller::Window, scopes(&["cards:freeze"])).await.unwrap();
    assert_eq!(world.failed().await.code, ProblemCode::RequestRefused);
    assert!(world.browser.opened.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_changed_backend_needs_agreement_and_never_gets_what_the_other_gave() {
    let world = World::new().await;
    let other = World::unconfirmed().await;
    let account = world.connect("ada", &["profile:read"], &["profile:read"]).await;
    world.core.set_backend(other.backend.as_str()).await.unwrap();
    let view = world.core.view();
    assert!(!view.backend.confirmed);
    assert_eq!(view.accounts[0].other_backend.as_deref(), Some(world.backend.as_str().trim_end_matches('/')));
    assert_eq!(world.core.connect(&Caller::Window, scopes(&["profile:read"])).await.unwrap_err().code, ProblemCode::BackendUnconfirmed);
    world.core.confirm_backend(other.backend.as_str(), Some("Sandbox operator")).await.unwrap();
    world.clock.advance(Duration::from_secs(7200));
    assert!(world.core.load(&Caller::Window, &account, Section::Profile).await.is_err());
    let (token_calls, revokes) = (other.count("token_calls").await, other.count("revokes").await);
    assert_eq!((token_calls, revokes), (0, 0), "the other backend was given something");
    // Taking access away goes to the backend that gave it.
    assert_eq!(world.core.disconnect(&Caller::Window, &account, Unrevoked::Keep).await, Ok(DisconnectOutcome::Revoked));
    assert_eq!(other.count("revokes").await, 0);
    for unsafe_address in ["http://connect.example.org", "https://user@host", "file:///etc/passwd"] {
        assert_eq!(world.core.set_backend(unsafe_address).await.unwrap_err().code, ProblemCode::BackendAddress);
    }
}

#[tokio::test]
async fn an_approval_that_monei_no_longer_takes_leaves_everything_as_it_was() {
    let world = World::new().await;
    let account = world.connect("ada", &["profile:read"], &["profile:read"]).await;
    let before = world.core.view().accounts.clone();
    // What Monei answers for a code that is too old or used (Monei: errors).
    world.control("fault", json!({"target": "token", "kind": "status", "status": 400, "times": 1})).await;
    world.core.reconnect(&Caller::Window, &account, scopes(&["kyc:read"])).await.unwrap();
    world.approve("ada", &["kyc:read"]).await;
    assert_eq!(world.failed().await.code, ProblemCode::ApprovalExpired);
    assert_eq!(world.core.view().accounts, before);
    world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap();
}

#[tokio::test]
async fn nobody_answering_for_ten_minutes_ends_the_wait() {
    let world = World::new().await;
    world.core.connect(&Caller::Window, scopes(&["profile:read"])).await.unwrap();
    world.waiting().await;
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(599)).await;
    assert!(matches!(stage(&world.core.view()), Some(Stage::Waiting { .. })));
    tokio::time::advance(Duration::from_secs(2)).await;
    tokio::time::resume();
    assert_eq!(world.failed().await.code, ProblemCode::TimedOut);
    assert!(world.core.start_link().is_none());
}

/// Under load the backend answers that this approval's turn comes in some minutes. Gives its link.
async fn put_off(world: &World) -> String {
    offer_while(world, "retry-after: 300\r\n", r#"{"code":"provider_busy"}"#).await
}

/// The approval is offered to a backend that answers 503 in these words once. Gives its link.
async fn offer_while(world: &World, head: &str, body: &str) -> String {
    let proxy = world.proxy.as_ref().unwrap();
    world.core.connect(&Caller::Window, scopes(&["profile:read"])).await.unwrap();
    world.waiting().await;
    world.core.use_deep_link().await.unwrap();
    let end = person::walk(&world.opened(), "ada", Some(&["profile:read"])).await;
    let busy = format!("HTTP/1.1 503 Busy\r\n{head}content-length: {}\r\nconnection: close\r\n\r\n{body}", body.len());
    proxy.page(Some(busy));
    let link = person::deep_link(&end.page, SCHEME);
    world.core.deep_link(&link).await;
    while proxy.paged() == 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    proxy.page(None);
    link
}

/// A moment without the backend's store ended the approval, in words about the service's registration.
#[tokio::test]
async fn a_backend_that_says_when_it_serves_again_is_asked_again_and_the_approval_is_not_lost() {
    let world = World::proxied().await;
    offer_while(&world, "retry-after: 3\r\n", r#"{"code":"service_unavailable"}"#).await;
    let time = async {
        loop {
            tokio::time::sleep(Duration::from_millis(100)).await;
            world.clock.advance(Duration::from_secs(1));
        }
    };
    tokio::select! {
        _ = world.until("whose it is", is_new) => {}
        () = time => {}
    }
    world.done().await;
    assert_eq!((world.core.view().accounts.len(), world.count("code_exchanges").await), (1, 1));
}

/// As a backend does whose registration Monei refuses, and one of version 0.1 without its store.
#[tokio::test]
async fn a_backend_that_cannot_serve_and_says_no_time_ends_the_approval() {
    let world = World::proxied().await;
    offer_while(&world, "", r#"{"code":"service_unavailable"}"#).await;
    assert_eq!(world.failed().await.code, ProblemCode::ServiceUnavailable);
    assert_eq!(world.count("code_exchanges").await, 0);
}

#[tokio::test]
async fn an_approval_that_waits_for_its_turn_can_be_cancelled_and_nothing_is_exchanged() {
    let world = World::proxied().await;
    let link = put_off(&world).await;
    assert_eq!(stage(&world.core.view()), Some(&Stage::Finishing { cancellable: true }));
    world.core.cancel().await;
    assert!(world.core.view().transaction.is_none());
    // Its turn comes, and the browser brings the answer once more.
    world.clock.advance(Duration::from_secs(301));
    world.core.deep_link(&link).await;
    world.browser.opened.lock().unwrap().clear();
    world.core.connect(&Caller::Window, scopes(&["wallet:read"])).await.unwrap();
    world.waiting().await;
    // Somebody else: at Monei what was approved before counts for the same person.
    world.approve("tunde", &["wallet:read"]).await;
    let account = world.done().await;
    world.core.shutdown().await;
    assert_eq!((world.count("code_exchanges").await, world.core.view().accounts.len()), (1, 1));
    assert_eq!(support::feature(&world.core.view(), &account, "profile:read"), "not_asked");
}

#[tokio::test]
async fn an_approval_whose_turn_comes_in_some_minutes_is_waited_for_and_not_lost() {
    let world = World::proxied().await;
    put_off(&world).await;
    let time = async {
        loop {
            tokio::time::sleep(Duration::from_millis(100)).await;
            world.clock.advance(Duration::from_secs(10));
        }
    };
    tokio::select! {
        _ = world.until("whose it is", is_new) => {}
        () = time => {}
    }
    world.done().await;
    assert_eq!((world.core.view().accounts.len(), world.count("code_exchanges").await), (1, 1));
}
