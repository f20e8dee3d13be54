//! The life of a consent: receipts, reminders, what nobody uses, taking single permissions back, keeping resting connections alive.

#![allow(clippy::unwrap_used, reason = "a step of a test that fails is a failed test")]

mod support;

use std::time::Duration;

use connect_core::Caller;
use connect_core::feature::FeatureId;
use connect_core::problem::ProblemCode;
use connect_core::snapshot::{ActivityEvent, DisconnectOutcome, Preferences, Receipt, Review, Section, Unrevoked};
use connect_core::vault::Vault as _;
use serde_json::json;
use support::proxy::Proxy;
use support::{START, World, feature, scopes};

const DAY: Duration = Duration::from_secs(86_400);
const ASKED: &[&str] = &["profile:read", "wallet:read", "kyc:read"];
const TWO: &[&str] = &["profile:read", "wallet:read"];

fn id(scope: &str) -> FeatureId {
    FeatureId::all().find(|id| id.scope().as_str() == scope).unwrap()
}

async fn only(world: &World) -> Option<Review> {
    let mut reviews = world.core.reviews().await.unwrap();
    assert!(reviews.len() < 2);
    reviews.pop()
}

fn unused(review: Option<Review>) -> Vec<FeatureId> {
    review.map(|review| review.unused.into_iter().map(|unused| unused.feature).collect()).unwrap_or_default()
}

#[tokio::test]
async fn each_approval_leaves_a_receipt_that_outlives_its_account() {
    let mut world = World::new().await;
    let account = world.connect("ada", ASKED, TWO).await;
    let first = Receipt {
        number: 1,
        at: START,
        account: Some(account.clone()),
        name: Some("Ada Okafor".into()),
        approved_by: Some("Ada Okafor".into()),
        email: world.core.view().accounts[0].email.clone(),
        service: world.backend.origin().ascii_serialization(),
        operator: Some("Sandbox operator".into()),
        allowed: scopes(TWO),
        left_off: scopes(&["kyc:read"]),
        extra: Vec::new(),
    };
    assert_eq!(world.core.receipts(Some(&account)).await.unwrap(), std::slice::from_ref(&first));
    world.clock.advance(DAY);
    world.core.rename(&account, Some("Shop".into())).await.unwrap();
    world.core.reconnect(&Caller::Window, &account, scopes(&["kyc:read"])).await.unwrap();
    world.waiting().await;
    world.approve("ada", &["kyc:read"]).await;
    world.done().await;
    let receipts = world.core.receipts(None).await.unwrap();
    assert_eq!((receipts.len(), receipts[0].number, receipts[0].name.as_deref()), (2, 2, Some("Shop")));
    assert_eq!((&receipts[0].allowed, &receipts[0].left_off), (&scopes(&["kyc:read"]), &Vec::new()));
    assert_eq!(receipts[1], first, "a receipt says what was so at the time");
    world.core.disconnect(&Caller::Window, &account, Unrevoked::Keep).await.unwrap();
    world.restart().await;
    let receipts = world.core.receipts(None).await.unwrap();
    assert_eq!(receipts.iter().map(|receipt| &receipt.account).collect::<Vec<_>>(), [&None, &None]);
    assert_eq!(receipts[1], Receipt { account: None, ..first });
}

#[tokio::test]
async fn a_person_is_reminded_after_ninety_days_and_again_ninety_days_after_keeping() {
    let world = World::new().await;
    let account = world.connect("ada", TWO, TWO).await;
    world.clock.advance(DAY * 89);
    assert_eq!(only(&world).await, None);
    world.clock.advance(DAY);
    let review = only(&world).await.unwrap();
    assert_eq!((review.account, review.unchanged_since), (account.clone(), Some(START)));
    world.core.keep(&account, None).await.unwrap();
    assert_eq!(only(&world).await, None);
    world.clock.advance(DAY * 89);
    assert_eq!(only(&world).await, None);
    world.clock.advance(DAY);
    assert_eq!(only(&world).await.unwrap().unchanged_since, Some(START + 90 * 86_400_000));
    let chosen = Preferences { reminders: false, ..world.core.view().preferences };
    world.core.set_preferences(chosen).await.unwrap();
    assert_eq!(only(&world).await, None, "switched off");
    assert_eq!(world.core.keep("nobody", None).await.unwrap_err().code, ProblemCode::NoSuchAccount);
}

#[tokio::test]
async fn what_nobody_used_for_half_a_year_is_listed_until_it_is_kept_for_a_year() {
    let world = World::new().await;
    let account = world.connect("ada", TWO, TWO).await;
    // The program's own check, by `profile:read`, is no use of it.
    world.core.look().await;
    world.clock.advance(DAY * 100);
    world.core.load(&Caller::Window, &account, Section::Wallet).await.unwrap();
    world.clock.advance(DAY * 79);
    assert_eq!(unused(only(&world).await), []);
    world.clock.advance(DAY);
    let review = only(&world).await.unwrap();
    assert_eq!((review.unused.len(), review.unused[0].feature), (1, id("profile:read")));
    assert_eq!((review.unused[0].since, review.unused[0].last_used_at), (START, None));
    assert_eq!(review.unused[0].along, ["wallet:read"], "they were approved together");
    world.core.keep(&account, Some(id("profile:read"))).await.unwrap();
    assert_eq!(unused(only(&world).await), []);
    world.clock.advance(DAY * 364);
    assert_eq!(unused(only(&world).await), [id("wallet:read")]);
    world.clock.advance(DAY);
    assert_eq!(unused(only(&world).await), [id("profile:read"), id("wallet:read")]);
}

#[tokio::test]
async fn a_permission_that_is_taken_back_ends_at_monei_with_what_was_approved_together_and_nothing_else() {
    let world = World::new().await;
    world.control("switch", json!({"name": "upgrade_scopes", "value": "only_new"})).await;
    let account = world.connect("ada", TWO, TWO).await;
    world.core.reconnect(&Caller::Window, &account, scopes(&["kyc:read"])).await.unwrap();
    world.waiting().await;
    world.approve("ada", &["kyc:read"]).await;
    world.settle_upgrade().await;
    assert_eq!(
        world.core.take_back(&Caller::Window, &account, &scopes(&["wallet:send"])).await.unwrap_err().code,
        ProblemCode::ScopeMissing
    );
    assert_eq!(world.core.take_back(&Caller::Window, &account, &["no scope".into()]).await.unwrap_err().code, ProblemCode::InvalidInput);

    world.control("fault", json!({"target": "revoke", "kind": "status", "status": 500, "times": 20})).await;
    let not_confirmed = DisconnectOutcome::Unconfirmed { problem: ProblemCode::ProviderUnavailable.into() };
    assert_eq!(world.core.take_back(&Caller::Window, &account, &scopes(&["wallet:read"])).await, Ok(not_confirmed));
    assert_eq!(feature(&world.core.view(), &account, "wallet:read"), "enabled", "what Monei hasn't ended isn't told as ended");
    world.control("reset", json!({"what": "faults"})).await;
    assert_eq!(world.core.take_back(&Caller::Window, &account, &scopes(&["wallet:read"])).await, Ok(DisconnectOutcome::Revoked));
    let view = world.core.view();
    assert_eq!(feature(&view, &account, "wallet:read"), "declined");
    let line = world.core.activity(Some(&account)).await.unwrap().remove(0);
    let ActivityEvent::TakenBack { scopes: taken, along, by } = line.event else { panic!("{line:?}") };
    assert_eq!((taken, along, by.as_deref()), (scopes(&["wallet:read"]), scopes(&["profile:read"]), Some("window")));
    assert_eq!((feature(&view, &account, "profile:read"), feature(&view, &account, "kyc:read")), ("lost".to_owned(), "enabled".to_owned()));
    assert_eq!(world.records().len(), 1);
}

#[tokio::test]
async fn a_resting_connection_is_refreshed_once_a_week_and_only_where_the_person_wants_it() {
    let world = World::new().await;
    world.connect("ada", TWO, TWO).await;
    let calls = world.count("token_calls").await;
    world.clock.advance(DAY * 30);
    world.core.keep_alive().await;
    assert_eq!(world.count("token_calls").await, calls, "nobody chose it");
    world.core.set_preferences(Preferences { keep_alive: true, ..world.core.view().preferences }).await.unwrap();
    world.core.keep_alive().await;
    assert_eq!(world.count("token_calls").await, calls + 1);
    for hour in 0..24 * 7 {
        world.core.keep_alive().await;
        assert_eq!(world.count("token_calls").await, calls + 1, "after {hour} hours");
        world.clock.advance(Duration::from_secs(3600));
    }
    world.clock.advance(Duration::from_secs(3600));
    world.core.keep_alive().await;
    assert_eq!(world.count("token_calls").await, calls + 2);
    // What Monei has ended is found out, and not asked for again.
    world.control("revoke", json!({"user": "ada"})).await;
    world.clock.advance(DAY * 8);
    world.core.keep_alive().await;
    let after = world.count("token_calls").await;
    assert!(matches!(world.core.view().accounts[0].health, connect_core::snapshot::Health::NeedsReconnect { .. }));
    world.clock.advance(DAY * 8);
    world.core.keep_alive().await;
    assert_eq!(world.count("token_calls").await, after);
}

#[tokio::test]
async fn a_resting_connection_is_kept_alive_where_the_younger_one_cannot_be_used() {
    for younger_is_missing in [true, false] {
        let world = World::new().await;
        world.control("switch", json!({"name": "upgrade_scopes", "value": "cumulative"})).await;
        world.control("switch", json!({"name": "old_pair_after_upgrade", "value": "alive"})).await;
        let account = world.connect("ada", &["profile:read"], &["profile:read"]).await;
        let older = world.records().remove(0);
        world.clock.advance(Duration::from_secs(60));
        let other = Proxy::start(tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap(), &world.backend);
        if !younger_is_missing {
            world.core.set_backend(other.url.as_str()).await.unwrap();
            world.core.confirm_backend(other.url.as_str(), Some("Sandbox operator")).await.unwrap();
        }
        world.core.reconnect(&Caller::Window, &account, scopes(TWO)).await.unwrap();
        world.approve("ada", &["wallet:read"]).await;
        assert_eq!(world.settle_upgrade().await, account);
        if younger_is_missing {
            let younger = world.records().into_iter().find(|name| *name != older).unwrap();
            world.vault.delete(&younger).await.unwrap();
            // Noticed here.
            world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap();
        } else {
            world.core.set_backend(world.backend.as_str()).await.unwrap();
        }
        world.core.set_preferences(Preferences { keep_alive: true, ..world.core.view().preferences }).await.unwrap();
        let calls = world.count("token_calls").await;
        world.clock.advance(DAY * 30);
        world.core.keep_alive().await;
        assert_eq!(world.count("token_calls").await, calls + 1, "missing: {younger_is_missing}");
    }
}
