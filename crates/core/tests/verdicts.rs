//! What a refusal means: one test per row of the table in `docs/token-life-cycle.md`. Only a real revocation clears tokens (T-12, T-13).

#![allow(clippy::unwrap_used, reason = "a step of a test that fails is a failed test")]

mod support;

use std::time::Duration;

use connect_core::problem::ProblemCode;
use connect_core::snapshot::{ActivityEvent, Health, Section};
use connect_core::{Caller, NewApp, PassThrough, PaymentOutcome};
use monei::{Method, Payment};
use serde_json::json;
use support::{World, feature, scopes};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

const PROFILE: &[&str] = &["profile:read"];

/// The account's tokens are still there, and so is what they allow.
fn kept(world: &World, account: &str) {
    assert_eq!(world.records().len(), 1, "tokens were cleared");
    assert_eq!(feature(&world.core.view(), account, "profile:read"), "enabled");
    assert!(!matches!(world.core.view().accounts[0].health, Health::NeedsReconnect { .. }));
}

#[tokio::test]
async fn an_expired_token_is_refreshed_and_nobody_notices() {
    let world = World::new().await;
    let account = world.connect("ada", PROFILE, PROFILE).await;
    world.control("expire", json!({})).await;
    world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap();
    assert_eq!((world.count("refreshes").await, world.calls("/user/me").await), (1, 3));
    kept(&world, &account);
}

#[tokio::test]
async fn a_stale_token_gives_way_to_the_newer_one_in_the_keychain_without_a_refresh_of_its_own() {
    let world = World::new().await;
    let account = world.connect("ada", PROFILE, PROFILE).await;
    // Another program has refreshed: its pair is in the keychain, ours is dead.
    let other = world.second().await;
    world.clock.advance(Duration::from_secs(3400));
    other.load(&Caller::Window, &account, Section::Profile).await.unwrap();
    world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap();
    assert_eq!(world.count("refreshes").await, 1);
    kept(&world, &account);
}

#[tokio::test]
async fn revoked_at_monei_clears_the_tokens() {
    let world = World::new().await;
    let account = world.connect("ada", PROFILE, PROFILE).await;
    world.control("revoke", json!({"user": "ada"})).await;
    assert_eq!(world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap_err().code, ProblemCode::AccessRevoked);
    assert!(world.records().is_empty());
    assert_eq!(feature(&world.core.view(), &account, "profile:read"), "lost");
    assert!(matches!(world.core.view().accounts[0].health, Health::NeedsReconnect { .. }));
}

#[tokio::test]
async fn a_backend_whose_secret_is_refused_signs_nobody_out() {
    let world = World::new().await;
    let account = world.connect("ada", PROFILE, PROFILE).await;
    world.control("secret", json!({"client_id": "mc_sim_test", "client_secret": "mcs_sim_CNRYanother_secret"})).await;
    world.control("switch", json!({"name": "secret_overlap", "value": "off"})).await;
    world.core.reconnect(&Caller::Window, &account, scopes(&["kyc:read"])).await.unwrap();
    world.approve("ada", &["kyc:read"]).await;
    assert_eq!(world.failed().await.code, ProblemCode::ServiceUnavailable);
    world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap();
    kept(&world, &account);
}

#[tokio::test]
async fn an_outage_of_monei_keeps_everything() {
    let world = World::new().await;
    let account = world.connect("ada", PROFILE, PROFILE).await;
    for (target, status) in [("api", 500), ("api", 503), ("token", 500), ("token", 503)] {
        world.clock.advance(Duration::from_secs(3700));
        world.control("fault", json!({"target": target, "kind": "status", "status": status, "times": 1})).await;
        let code = world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap_err().code;
        assert_eq!(code, ProblemCode::ProviderUnavailable, "{target} {status}");
        kept(&world, &account);
        world.clock.advance(Duration::from_secs(121));
        world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap();
    }
}

#[tokio::test]
async fn an_unreachable_backend_keeps_everything() {
    let world = World::proxied().await;
    let account = world.connect("ada", PROFILE, PROFILE).await;
    world.clock.advance(Duration::from_secs(3700));
    world.proxy.as_ref().unwrap().plan(&[support::proxy::Cut::Before; 2]);
    assert_eq!(world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap_err().code, ProblemCode::BackendUnreachable);
    kept(&world, &account);
    world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap();
}

#[tokio::test]
async fn a_page_in_place_of_monei_is_the_network_and_not_a_refusal() {
    let world = World::proxied().await;
    let account = world.connect("ada", PROFILE, PROFILE).await;
    for status in [
        "200 OK",
        "302 Found",
        "307 Temporary Redirect",
        "400 Bad Request",
        "401 Unauthorized",
        "403 Forbidden",
        "404 Not Found",
        "407 Proxy Authentication Required",
        "511 Network Authentication Required",
    ] {
        // The backend tells where the sandbox is; here that leads to the portal.
        world.proxy.as_ref().unwrap().rewrite(world.sandbox.authority(), portal(page(status)).await.authority());
        world.core.probe().await;
        let code = world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap_err().code;
        assert_eq!(code, ProblemCode::NetworkIntercepted, "{status}");
        assert_eq!(world.core.check(&Caller::Window, &account).await, Err(ProblemCode::NetworkIntercepted.into()), "{status}");
        kept(&world, &account);
    }
    assert_eq!(world.count("refreshes").await, 0, "a page is no reason to rotate a token");
}

/// The same for a program of the person, which gets Monei's answers as they are.
#[tokio::test]
async fn a_page_that_says_401_is_no_refusal_of_a_programs_call_either() {
    let world = World::proxied().await;
    let account = world.connect("ada", PROFILE, PROFILE).await;
    let new = NewApp { name: "Budget".into(), account: account.clone(), scopes: scopes(PROFILE), until: None };
    let (app, _) = world.core.allow_app(&Caller::Window, new).await.unwrap();
    world.proxy.as_ref().unwrap().rewrite(world.sandbox.authority(), portal(page("401 Unauthorized")).await.authority());
    world.core.probe().await;
    let call = PassThrough { method: Method::Get, path: "/user/me", query: &[], body: None };
    let refused = world.core.pass_through(&Caller::App(app.id.clone()), &app.account, call).await;
    assert_eq!(refused.err().map(|problem| problem.code), Some(ProblemCode::NetworkIntercepted));
    assert_eq!(world.count("refreshes").await, 0, "a page is no reason to rotate a token");
    kept(&world, &account);
}

#[tokio::test]
async fn anybody_elses_answer_in_place_of_monei_is_no_sign_of_life() {
    let world = World::proxied().await;
    let account = world.connect("ada", PROFILE, PROFILE).await;
    let before = world.core.view().accounts[0].checked_at;
    world.clock.advance(Duration::from_secs(60));
    for (status, body) in [("200 OK", "{}"), ("200 OK", r#"{"login":"required"}"#), ("200 OK", ""), ("404 Not Found", "{}")] {
        world.proxy.as_ref().unwrap().rewrite(world.sandbox.authority(), portal(answer(status, body)).await.authority());
        world.core.probe().await;
        assert_eq!(world.core.check(&Caller::Window, &account).await, Err(ProblemCode::AnswerUnreadable.into()), "{status} {body}");
        kept(&world, &account);
        assert_eq!(world.core.view().accounts[0].checked_at, before, "{status} {body}");
    }
}

#[tokio::test]
async fn a_page_in_place_of_the_backend_is_the_network_and_not_a_refusal() {
    for status in [
        "200 OK",
        "302 Found",
        "401 Unauthorized",
        "403 Forbidden",
        "404 Not Found",
        "407 Proxy Authentication Required",
        "511 Network Authentication Required",
    ] {
        // A grant of its own for each: the backend bounds the refreshes of one.
        let world = World::proxied().await;
        let account = world.connect("ada", PROFILE, PROFILE).await;
        world.clock.advance(Duration::from_secs(3700));
        world.proxy.as_ref().unwrap().page(Some(page(status)));
        let code = world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap_err().code;
        assert_eq!(code, ProblemCode::NetworkIntercepted, "{status}");
        kept(&world, &account);
        world.proxy.as_ref().unwrap().page(None);
        world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap();
    }
}

#[tokio::test]
async fn a_limit_of_the_tier_keeps_everything_and_is_not_retried() {
    let world = World::new().await;
    world.control("switch", json!({"name": "kyc_blocks", "value": "wallet_reads"})).await;
    let account = world.connect("blocked", &["profile:read", "wallet:read"], &["profile:read", "wallet:read"]).await;
    let before = world.calls("/wallet/me").await;
    assert_eq!(world.core.load(&Caller::Window, &account, Section::Wallet).await.unwrap_err().code, ProblemCode::LimitReached);
    assert_eq!(world.calls("/wallet/me").await, before + 1);
    assert_eq!(feature(&world.core.view(), &account, "wallet:read"), "enabled");
    kept(&world, &account);
    assert_eq!(world.core.view().accounts[0].health, Health::Connected);
}

#[tokio::test]
async fn a_token_refused_right_after_it_was_given_is_moneis_trouble() {
    let world = World::new().await;
    let account = world.connect("ada", PROFILE, PROFILE).await;
    world.control("fault", json!({"target": "api", "kind": "status", "status": 401, "times": 2})).await;
    assert_eq!(world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap_err().code, ProblemCode::ProviderUnavailable);
    assert_eq!(world.count("refreshes").await, 1, "one refresh, and no more");
    kept(&world, &account);
}

const TRANSFER: &str = "/wallet/payout/transfer";

/// A PIN that is wrong may be answered with 401 as well: each try of it counts at Monei.
#[tokio::test]
async fn a_payment_that_monei_answers_with_401_is_sent_again_only_with_a_new_token_and_never_with_another_grant() {
    let (first, second) = (&["profile:read", "wallet:send"], &["wallet:read"]);
    let world = World::new().await;
    for (name, value) in [("upgrade_scopes", "cumulative"), ("old_pair_after_upgrade", "alive")] {
        world.control("switch", json!({"name": name, "value": value})).await;
    }
    let account = world.connect("ada", first, first).await;
    world.core.reconnect(&Caller::Window, &account, scopes(second)).await.unwrap();
    world.approve("ada", second).await;
    world.settle_upgrade().await;
    let new = NewApp { name: "Bill payer".into(), account: account.clone(), scopes: scopes(&["wallet:send"]), until: None };
    let (app, _) = world.core.allow_app(&Caller::Window, new).await.unwrap();
    world.control("fault", json!({"target": TRANSFER, "kind": "status", "status": 401, "times": 20})).await;
    let pay = async || {
        let before = (world.calls(TRANSFER).await, world.count("refreshes").await);
        let payment = Payment::read(TRANSFER, br#"{"receiver": "tunde.bello@example.net", "amount": 500}"#).unwrap();
        let status = world.core.pay(&app, payment, Some("0000".into())).await.map(|passed| passed.status);
        (status, world.calls(TRANSFER).await - before.0, world.count("refreshes").await - before.1)
    };
    // Nobody knows whether the token is any good.
    world.clock.advance(Duration::from_secs(120));
    assert_eq!(pay().await, (Ok(400), 2, 1));
    // Monei took it a moment ago.
    world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap();
    world.clock.advance(Duration::from_secs(50));
    assert_eq!(pay().await, (Ok(400), 1, 0));
    let paid = world.core.activity(Some(&account)).await.unwrap().into_iter().filter_map(|item| match item.event {
        ActivityEvent::Payment { outcome, .. } => Some(outcome),
        _ => None,
    });
    assert_eq!(paid.collect::<Vec<_>>(), [PaymentOutcome::Refused, PaymentOutcome::Refused]);
    assert_eq!(world.core.view().accounts[0].health, Health::Connected);
}

/// The grant is gone: nothing was carried out with it, and another one may have the permission.
#[tokio::test]
async fn a_payment_goes_out_with_a_new_token_where_the_old_one_has_ended() {
    const SEND: &[&str] = &["wallet:send"];
    let world = World::new().await;
    let account = world.connect("ada", SEND, SEND).await;
    let new = NewApp { name: "Bill payer".into(), account, scopes: scopes(SEND), until: None };
    let (app, _) = world.core.allow_app(&Caller::Window, new).await.unwrap();
    world.control("expire", json!({})).await;
    let payment = Payment::read(TRANSFER, br#"{"receiver": "tunde.bello@example.net", "amount": 500}"#).unwrap();
    let paid = world.core.pay(&app, payment, Some("2468".into())).await.unwrap();
    assert!((200..300).contains(&paid.status));
    assert_eq!((world.calls(TRANSFER).await, world.count("refreshes").await), (2, 1));
}

#[tokio::test]
async fn a_grant_that_lost_a_scope_makes_room_for_another_that_has_it() {
    let world = World::proxied().await;
    for (name, value) in [("upgrade_scopes", "cumulative"), ("old_pair_after_upgrade", "alive")] {
        world.control("switch", json!({"name": name, "value": value})).await;
    }
    let account = world.connect("ada", PROFILE, PROFILE).await;
    world.core.reconnect(&Caller::Window, &account, scopes(&["wallet:read"])).await.unwrap();
    world.approve("ada", &["wallet:read"]).await;
    world.settle_upgrade().await;
    // The next refresh of the newer grant leaves it without the profile.
    world.proxy.as_ref().unwrap().rewrite(r#"["profile:read","wallet:read"]"#, r#"["wallet:read"               ]"#);
    world.clock.advance(Duration::from_secs(3400));
    world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap();
    assert_eq!(world.count("refreshes").await, 2, "one by each grant");
    assert_eq!(feature(&world.core.view(), &account, "profile:read"), "enabled");
    assert_eq!(feature(&world.core.view(), &account, "wallet:read"), "enabled");
}

#[tokio::test]
async fn a_refresh_that_leaves_no_scope_at_all_is_the_end() {
    let world = World::proxied().await;
    let account = world.connect("ada", PROFILE, PROFILE).await;
    world.proxy.as_ref().unwrap().rewrite(r#"["profile:read"]"#, "[              ]");
    world.clock.advance(Duration::from_secs(3400));
    assert_eq!(world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap_err().code, ProblemCode::ScopeMissing);
    assert_eq!(feature(&world.core.view(), &account, "profile:read"), "lost");
    let health = world.core.view().accounts[0].health.clone();
    assert!(matches!(&health, Health::NeedsReconnect { reason } if reason.code == ProblemCode::AccessRevoked), "{health:?}");
}

fn page(status: &str) -> String {
    answer(status, "\u{feff}<!doctype html><title>Sign in to the network</title>")
}

fn answer(status: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
}

/// Somebody who answers everything in the same way: a captive portal, say.
async fn portal(answer: String) -> url::Url {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = url::Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 8192];
            drop(stream.read(&mut request).await);
            drop(stream.write_all(answer.as_bytes()).await);
        }
    });
    url
}
