//! Whose a grant is: one person's never ends in another's account, whatever Monei answers meanwhile.

#![allow(clippy::unwrap_used, reason = "a step of a test that fails is a failed test")]

mod support;

use connect_core::Caller;
use connect_core::problem::ProblemCode;
use connect_core::snapshot::{ActivityEvent, Conflict, Decision, Health, Section, Snapshot, Stage, Unrevoked};
use connect_core::vault::Vault as _;
use secrecy::ExposeSecret as _;
use serde_json::json;
use support::{World, feature, is_settled, scopes, stage};

const PROFILE: &[&str] = &["profile:read"];
const TWO: &[&str] = &["profile:read", "kyc:read"];
const WALLET: &[&str] = &["wallet:read"];
const WALLET_TOO: &[&str] = &["profile:read", "wallet:read"];

async fn fault(world: &World, fault: serde_json::Value) {
    fault_at(world, "/user/me", fault).await;
}

async fn fault_at(world: &World, target: &str, fault: serde_json::Value) {
    let mut body = json!({"target": target});
    body.as_object_mut().unwrap().extend(fault.as_object().unwrap().clone());
    world.control("fault", body).await;
}

async fn conflict(world: &World) -> Conflict {
    let view = world.until("a decision", |view| matches!(stage(view), Some(Stage::Decide { .. } | Stage::Failed { .. }))).await;
    match stage(&view) {
        Some(Stage::Decide { conflict }) => conflict.clone(),
        other => panic!("{other:?}"),
    }
}

async fn alive(world: &World, user: &str) -> usize {
    let state = world.sandbox_state().await;
    state["grants"].as_array().unwrap().iter().filter(|grant| grant["user"] == user && grant["alive"] == true).count()
}

/// What keeps Monei from telling at first.
fn hiccups() -> Vec<serde_json::Value> {
    vec![
        json!({"kind": "status", "status": 500, "times": 1}),
        json!({"kind": "status", "status": 503, "times": 2}),
        json!({"kind": "status", "status": 429, "retry_after": "1", "times": 1}),
        json!({"kind": "drop_before", "times": 1}),
        json!({"kind": "drop_after", "times": 2}),
        // No answer that can be read.
        json!({"kind": "status", "status": 200, "times": 1}),
    ]
}

#[tokio::test]
async fn a_question_that_fails_at_first_makes_no_duplicate() {
    let world = World::new().await;
    let ada = world.connect("ada", PROFILE, PROFILE).await;
    for hiccup in hiccups() {
        world.core.connect(&Caller::Window, scopes(TWO)).await.unwrap();
        world.waiting().await;
        fault(&world, hiccup.clone()).await;
        world.approve("ada", &["kyc:read"]).await;
        let asked = conflict(&world).await;
        assert!(matches!(&asked, Conflict::AlreadyConnected { existing, .. } if *existing == ada), "{hiccup}: {asked:?}");
        world.core.decide(Decision::Discard).await.unwrap();
        world.control("reset", json!({"what": "faults"})).await;
    }
    assert_eq!(world.core.view().accounts.len(), 1);
}

#[tokio::test]
async fn a_question_that_fails_at_first_still_finds_out_that_somebody_else_approved() {
    let world = World::new().await;
    let ada = world.connect("ada", PROFILE, PROFILE).await;
    for hiccup in hiccups() {
        world.core.reconnect(&Caller::Window, &ada, scopes(TWO)).await.unwrap();
        world.waiting().await;
        fault(&world, hiccup.clone()).await;
        world.approve("tunde", TWO).await;
        let asked = conflict(&world).await;
        assert!(matches!(asked, Conflict::OtherUser { existing: None, .. }), "{hiccup}: {asked:?}");
        world.core.decide(Decision::Discard).await.unwrap();
        world.control("reset", json!({"what": "faults"})).await;
    }
}

#[tokio::test]
async fn an_approval_whose_owner_cannot_be_found_out_is_taken_back_and_told() {
    let world = World::new().await;
    world.connect("ada", PROFILE, PROFILE).await;
    world.core.connect(&Caller::Window, scopes(TWO)).await.unwrap();
    world.waiting().await;
    fault(&world, json!({"kind": "status", "status": 500, "times": 50})).await;
    world.approve("tunde", TWO).await;
    assert_eq!(world.failed().await.code, ProblemCode::ProviderUnavailable);
    assert_eq!((world.core.view().accounts.len(), world.records().len(), alive(&world, "tunde").await), (1, 1, 0));
}

/// Ada's account, with a grant of Tunde's that the person put there by mistake while Monei didn't say whose it was.
async fn mixed_up() -> (World, String) {
    let world = World::new().await;
    let ada = world.connect("ada", PROFILE, PROFILE).await;
    world.clock.advance(std::time::Duration::from_secs(60));
    world.core.reconnect(&Caller::Window, &ada, scopes(TWO)).await.unwrap();
    world.waiting().await;
    fault(&world, json!({"kind": "status", "status": 404, "times": 1})).await;
    world.approve("tunde", TWO).await;
    assert!(matches!(conflict(&world).await, Conflict::UnknownUser { .. }));
    world.core.decide(Decision::Merge).await.unwrap();
    assert_eq!(world.done().await, ada);
    (world, ada)
}

#[tokio::test]
async fn a_wallet_that_another_persons_grant_told_leaves_the_account_with_it() {
    let world = World::new().await;
    let ada = world.connect("ada", PROFILE, PROFILE).await;
    world.core.reconnect(&Caller::Window, &ada, scopes(WALLET_TOO)).await.unwrap();
    world.waiting().await;
    // Monei tells the wallet, and for a while not whose it is.
    fault(&world, json!({"kind": "status", "status": 500, "times": 50})).await;
    world.approve("tunde", WALLET_TOO).await;
    let asked = conflict(&world).await;
    assert!(matches!(asked, Conflict::UnknownUser { approved_by: None, .. }), "{asked:?}");
    world.core.decide(Decision::Merge).await.unwrap();
    assert_eq!(world.done().await, ada);
    world.control("reset", json!({"what": "faults"})).await;
    world.clock.advance(std::time::Duration::from_secs(600));
    world.core.check(&Caller::Window, &ada).await.unwrap();
    world.until("the person is asked", asks).await;
    world.core.decide(Decision::Discard).await.unwrap();
    // His next approval isn't taken for hers.
    world.core.reconnect(&Caller::Window, &ada, scopes(WALLET)).await.unwrap();
    world.approve("tunde", WALLET).await;
    let asked = conflict(&world).await;
    assert!(matches!(asked, Conflict::UnknownUser { .. } | Conflict::OtherUser { .. }), "{asked:?}");
}

#[tokio::test]
async fn who_approved_is_told_where_it_cannot_be_compared() {
    let world = World::new().await;
    let ada = world.connect("ada", WALLET, WALLET).await;
    world.core.reconnect(&Caller::Window, &ada, scopes(PROFILE)).await.unwrap();
    world.approve("tunde", PROFILE).await;
    let asked = conflict(&world).await;
    let Conflict::UnknownUser { approved_by: Some(name), .. } = &asked else { panic!("{asked:?}") };
    assert!(name.starts_with("Tunde"), "{name}");
}

fn asks(view: &Snapshot) -> bool {
    matches!(stage(view), Some(Stage::Decide { conflict: Conflict::OtherUser { .. } }))
}

#[tokio::test]
async fn an_answer_that_contradicts_the_account_overwrites_nothing_and_the_person_is_asked() {
    let (world, ada) = mixed_up().await;
    let before = world.core.view().accounts[0].clone();
    // Tunde's grant is the newer one, and answers first.
    world.core.load(&Caller::Window, &ada, Section::Profile).await.unwrap();
    let view = world.until("the person is asked", asks).await;
    let account = &view.accounts[0];
    assert_eq!((&account.name, &account.email, view.accounts.len()), (&before.name, &before.email, 1));
    assert_eq!((feature(&view, &ada, "profile:read"), feature(&view, &ada, "kyc:read")), ("enabled".into(), "lost".into()));
    assert_eq!(account.health, Health::Connected);
    let Some(Stage::Decide { conflict: Conflict::OtherUser { approved_by, .. } }) = stage(&view) else { unreachable!() };
    assert!(approved_by.as_deref().is_some_and(|name| name.starts_with("Tunde")), "{approved_by:?}");
    let lines = world.core.activity(Some(&ada)).await.unwrap();
    assert!(lines.iter().any(|line| line.event == ActivityEvent::Contradicted { scopes: vec!["kyc:read".into()] }));
    world.core.decide(Decision::AddAsAccount).await.unwrap();
    let tunde = world.done().await;
    let view = world.core.view();
    assert_eq!((view.accounts.len(), feature(&view, &tunde, "kyc:read")), (2, "enabled".into()));
    world.core.load(&Caller::Window, &tunde, Section::Kyc).await.unwrap();
    world.core.load(&Caller::Window, &ada, Section::Profile).await.unwrap();
    assert!(world.core.view().accounts[0].name.as_deref().is_some_and(|name| name.starts_with("Ada")));
}

#[tokio::test]
async fn what_was_set_apart_is_asked_about_after_a_restart_too_and_discarded_where_that_is_wanted() {
    let (mut world, ada) = mixed_up().await;
    world.core.check(&Caller::Window, &ada).await.unwrap();
    world.until("the person is asked", asks).await;
    world.restart().await;
    assert_eq!((alive(&world, "tunde").await, world.records().len()), (1, 2), "taken back unasked");
    world.core.look().await;
    world.until("the person is asked again", asks).await;
    world.core.decide(Decision::Discard).await.unwrap();
    assert_eq!((alive(&world, "tunde").await, alive(&world, "ada").await, world.records().len()), (0, 1, 1));
}

#[tokio::test]
async fn who_has_discarded_what_was_set_apart_is_not_asked_again_while_monei_does_not_confirm() {
    let (world, ada) = mixed_up().await;
    world.core.check(&Caller::Window, &ada).await.unwrap();
    world.until("the person is asked", asks).await;
    world.control("fault", json!({"target": "revoke", "kind": "status", "status": 500, "times": 50})).await;
    world.core.decide(Decision::Discard).await.unwrap();
    assert_eq!(world.failed().await.code, ProblemCode::RevocationPending);
    world.core.look().await;
    assert!(!asks(&world.core.view()), "the person has decided");
    world.control("reset", json!({"what": "faults"})).await;
    world.core.poll().await;
    assert_eq!((alive(&world, "tunde").await, alive(&world, "ada").await, world.records().len()), (0, 1, 1));
}

#[tokio::test]
async fn leaving_ends_what_was_set_apart_though_nobody_has_decided_about_it() {
    let (mut world, ada) = mixed_up().await;
    world.core.check(&Caller::Window, &ada).await.unwrap();
    world.until("the person is asked", asks).await;
    // In the next run nobody is asked yet.
    world.restart().await;
    world.control("fault", json!({"target": "revoke", "kind": "status", "status": 500, "times": 50})).await;
    let left = world.core.leave(&Caller::Window, Unrevoked::Keep).await.unwrap();
    assert_eq!((left.complete, left.unassigned, world.records().len()), (false, 1, 2));
    world.control("reset", json!({"what": "faults"})).await;
    let left = world.core.leave(&Caller::Window, Unrevoked::Keep).await.unwrap();
    assert_eq!((left.complete, left.unassigned, alive(&world, "tunde").await, alive(&world, "ada").await), (true, 0, 0, 0));
}

#[tokio::test]
async fn what_was_set_apart_and_has_a_damaged_record_or_none_by_now_is_told_and_gone() {
    for record in [Some("damaged"), None] {
        let (mut world, ada) = mixed_up().await;
        let before = world.records();
        world.core.check(&Caller::Window, &ada).await.unwrap();
        world.until("the person is asked", asks).await;
        world.restart().await;
        for name in &before {
            let text = world.vault.read(name).await.unwrap().unwrap();
            // The record of the one that is set apart names no account.
            if text.expose_secret().contains(r#""a":"","#) {
                match record {
                    Some(text) => world.vault.write(name, text.to_owned().into()).await.unwrap(),
                    None => world.vault.delete(name).await.unwrap(),
                }
            }
        }
        world.core.look().await;
        assert_eq!((world.failed().await.code, world.records().len()), (ProblemCode::ApprovalLost, 1), "{record:?}");
        world.clock.advance(std::time::Duration::from_secs(600));
        world.core.look().await;
        assert!(world.core.view().transaction.is_none(), "{record:?}");
        let told = world.core.activity(None).await.unwrap();
        let is_lost = |event: &ActivityEvent| matches!(event, ActivityEvent::Failed { code } if code == "approval_lost");
        assert_eq!(told.iter().filter(|item| is_lost(&item.event)).count(), 1, "{record:?}");
    }
}

#[tokio::test]
async fn two_accounts_of_one_user_are_noticed() {
    let world = World::new().await;
    let first = world.connect("ada", PROFILE, PROFILE).await;
    world.clock.advance(std::time::Duration::from_secs(60));
    world.core.connect(&Caller::Window, scopes(TWO)).await.unwrap();
    world.waiting().await;
    fault(&world, json!({"kind": "status", "status": 404, "times": 1})).await;
    world.approve("ada", &["kyc:read"]).await;
    world.until("whose it is", is_settled).await;
    world.core.decide(Decision::AddAsAccount).await.unwrap();
    let second = world.done().await;
    assert_ne!(first, second);
    world.core.check(&Caller::Window, &second).await.unwrap();
    let view = world.core.view();
    assert_eq!((view.accounts[0].same_user_as.clone(), view.accounts[1].same_user_as.clone()), (None, Some(first)));
}

/// What keeps Monei from telling who somebody is, though the wallet tells.
fn profile_untold() -> Vec<serde_json::Value> {
    vec![
        json!({"kind": "status", "status": 500, "times": 50}),
        json!({"kind": "status", "status": 403, "times": 50}),
        json!({"kind": "status", "status": 404, "times": 50}),
        // No answer that can be read.
        json!({"kind": "status", "status": 200, "times": 50}),
    ]
}

#[tokio::test]
async fn a_wallet_alone_makes_no_second_account_of_somebody_who_is_known_by_their_profile() {
    let world = World::new().await;
    world.connect("ada", PROFILE, PROFILE).await;
    for untold in profile_untold() {
        world.core.connect(&Caller::Window, scopes(WALLET_TOO)).await.unwrap();
        world.waiting().await;
        fault(&world, untold.clone()).await;
        world.approve("ada", &["wallet:read"]).await;
        let view = world.until("whose it is", is_settled).await;
        assert!(matches!(stage(&view), Some(Stage::Failed { .. })), "{untold}: {:?}", stage(&view));
        assert_eq!(world.failed().await.code, ProblemCode::ProviderUnavailable);
        assert_eq!((view.accounts.len(), world.records().len(), alive(&world, "ada").await), (1, 1, 1));
        world.control("reset", json!({"what": "faults"})).await;
    }
    // Once Monei tells, she is known.
    world.core.connect(&Caller::Window, scopes(WALLET_TOO)).await.unwrap();
    world.approve("ada", &["wallet:read"]).await;
    assert!(matches!(conflict(&world).await, Conflict::AlreadyConnected { .. }));
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_makes_no_second_account_of_somebody_who_may_be_there() {
    // With the profile alone, and with the wallet alone.
    for (known_by, asked, target) in [(PROFILE, TWO, "/user/me"), (WALLET, &["wallet:read", "kyc:read"], "/wallet/me")] {
        let world = World::new().await;
        // Nobody is there whom it could be.
        fault_at(&world, target, json!({"kind": "status", "status": 200, "times": 2})).await;
        let ada = world.connect("ada", known_by, known_by).await;
        world.control("reset", json!({"what": "faults"})).await;
        world.core.check(&Caller::Window, &ada).await.unwrap();
        let calls = world.calls(target).await;
        world.core.connect(&Caller::Window, scopes(asked)).await.unwrap();
        world.waiting().await;
        fault_at(&world, target, json!({"kind": "status", "status": 200, "times": 50})).await;
        world.approve("ada", &["kyc:read"]).await;
        let view = world.until("whose it is", is_settled).await;
        assert!(matches!(stage(&view), Some(Stage::Failed { .. })), "{target}: {:?}", stage(&view));
        assert_eq!((world.failed().await.code, world.calls(target).await - calls), (ProblemCode::ProviderUnavailable, 2), "{target}");
        assert_eq!((world.core.view().accounts.len(), world.records().len(), alive(&world, "ada").await), (1, 1, 1), "{target}");
        // For an account that is there, the person says whose it is.
        world.core.reconnect(&Caller::Window, &ada, scopes(asked)).await.unwrap();
        world.approve("ada", &["kyc:read"]).await;
        assert!(matches!(conflict(&world).await, Conflict::UnknownUser { .. }), "{target}");
        world.core.decide(Decision::Discard).await.unwrap();
        world.control("reset", json!({"what": "faults"})).await;
        // Once Monei tells, she is known.
        world.core.connect(&Caller::Window, scopes(asked)).await.unwrap();
        world.approve("ada", &["kyc:read"]).await;
        assert!(matches!(conflict(&world).await, Conflict::AlreadyConnected { .. }), "{target}");
    }
}

#[tokio::test]
async fn a_wallet_alone_is_enough_where_it_can_be_compared_or_there_is_nobody_to_compare_it_with() {
    let world = World::new().await;
    world.core.connect(&Caller::Window, scopes(WALLET_TOO)).await.unwrap();
    world.waiting().await;
    fault(&world, json!({"kind": "status", "status": 403, "times": 50})).await;
    world.approve("ada", WALLET_TOO).await;
    let ada = world.done().await;
    world.core.reconnect(&Caller::Window, &ada, scopes(TWO)).await.unwrap();
    world.approve("ada", &["kyc:read"]).await;
    assert_eq!(world.done().await, ada);
    world.core.connect(&Caller::Window, scopes(WALLET_TOO)).await.unwrap();
    world.approve("tunde", WALLET_TOO).await;
    world.until("whose it is", support::is_new).await;
    world.core.decide(Decision::Discard).await.unwrap();
    world.control("reset", json!({"what": "faults"})).await;
    world.core.check(&Caller::Window, &ada).await.unwrap();
    assert!(world.core.view().accounts[0].name.as_deref().is_some_and(|name| name.starts_with("Ada")));
}
