//! Every point that Monei leaves open (the switches of the sandbox), either way: a connection, an upgrade, a refresh, a revocation and a
//! disconnection come out right whichever way Monei does it.

#![allow(clippy::unwrap_used, reason = "a step of a test that fails is a failed test")]

mod support;

use std::time::Duration;

use connect_core::Caller;
use connect_core::problem::ProblemCode;
use connect_core::snapshot::{DisconnectOutcome, Health, MoneyAmount, Section, SectionData, Unrevoked};
use serde_json::json;
use support::{World, feature, scopes};

const BOTH: &[&str] = &["profile:read", "wallet:read"];

async fn switched(switches: &[(&str, &str)]) -> World {
    let world = World::new().await;
    for (name, value) in switches {
        world.control("switch", json!({"name": name, "value": value})).await;
    }
    world
}

/// A whole life with a Monei as `switches` have it.
async fn lives(switches: &[(&str, &str)]) {
    lives_in(switched(switches).await, switches).await;
}

/// Of Ada, as the sandbox makes her up: whatever the shape of the answer, what a person reads is the same.
fn says_what_monei_has(shown: &SectionData, balance_kobo: i64, switches: &[(&str, &str)]) {
    let naira = |money: &Option<MoneyAmount>| {
        let money = money.as_ref().unwrap_or_else(|| panic!("{switches:?}: no amount"));
        assert_eq!(money.currency, "NGN", "{switches:?}");
        money.amount.parse::<rust_decimal::Decimal>().unwrap()
    };
    match shown {
        SectionData::Profile(profile) => {
            assert!(profile.name.as_deref().is_some_and(|name| name.starts_with("Ada")), "{switches:?}: {profile:?}");
            assert_eq!(profile.email.as_deref(), Some("ada.okafor@example.com"), "{switches:?}");
        }
        SectionData::Wallet(wallet) => {
            assert_eq!(naira(&wallet.naira), rust_decimal::Decimal::new(balance_kobo, 2), "{switches:?}: {wallet:?}");
        }
        SectionData::Transactions(list) => {
            assert!(!list.items.is_empty() && list.total.is_some_and(|total| total > 0), "{switches:?}: {list:?}");
            assert!(list.items.iter().all(|item| item.amount.is_some() && item.at.is_some()), "{switches:?}: {list:?}");
            assert_eq!(naira(&list.items[0].amount), rust_decimal::Decimal::new(750_050, 2), "{switches:?}: {list:?}");
        }
        SectionData::Kyc(kyc) => panic!("{switches:?}: {kyc:?} was not asked for"),
    }
}

async fn lives_in(world: World, switches: &[(&str, &str)]) {
    let account = world.connect("ada", BOTH, BOTH).await;
    let balance = world.sandbox_state().await["balances_kobo"]["ada"].as_i64().unwrap();
    for section in [Section::Profile, Section::Wallet, Section::Transactions] {
        let shown = world
            .core
            .load(&Caller::Window, &account, section)
            .await
            .unwrap_or_else(|problem| panic!("{switches:?} {section:?}: {problem:?}"));
        says_what_monei_has(&shown, balance, switches);
    }
    world.clock.advance(Duration::from_secs(3400));
    world.core.load(&Caller::Window, &account, Section::Wallet).await.unwrap_or_else(|problem| panic!("{switches:?} refresh: {problem:?}"));
    assert_eq!(world.count("refreshes").await, 1, "{switches:?}");
    for scope in BOTH {
        assert_eq!(feature(&world.core.view(), &account, scope), "enabled", "{switches:?}");
    }
    assert_eq!(world.count("forbidden").await, 0, "{switches:?}");
    let told = world.core.disconnect(&Caller::Window, &account, Unrevoked::Keep).await.unwrap();
    // Whatever Monei answers to it: that a refresh is refused proves the end.
    assert_eq!(told, DisconnectOutcome::Revoked, "{switches:?}");
    assert!(world.records().is_empty());
    let state = world.sandbox_state().await;
    assert!(state["grants"].as_array().unwrap().iter().all(|grant| grant["alive"] == false), "{switches:?}");
}

#[tokio::test]
async fn every_open_point_comes_out_right_either_way() {
    lives(&[]).await;
    for switch in [
        ("denial_description", "on"),
        ("iss", "present"),
        ("exchange_encoding", "form_too"),
        ("token_status", "201"),
        ("unknown_fields", "rejected"),
        ("refresh_secret", "rejected"),
        ("refresh_scopes", "absent"),
        ("single_grant", "on"),
        ("reuse_revokes_family", "on"),
        ("revoke_response", "204"),
        ("revoke_response", "404"),
        ("revoke_by_refresh_token", "404"),
        ("revoke_expired", "404"),
        ("revoke_forgets_consent", "off"),
        ("transactions_path", "transactions"),
        ("transactions_path", "user"),
        ("profile_shape", "guide"),
        ("profile_shape", "minimal"),
        ("money_types", "strings"),
        ("money_types", "numbers"),
        ("envelope", "with_errors"),
        ("envelope", "capital"),
        ("envelope", "bare"),
        ("token_length", "900"),
    ] {
        lives(&[switch]).await;
    }
}

/// A backend that is set up as this Monei wants it works; one that isn't is told as such, and nobody loses anything.
#[tokio::test]
async fn a_refresh_with_or_without_the_client_secret_works_where_the_backend_is_set_up_for_it() {
    for (monei, backend, fits) in [
        ("ignored", "none", true),
        ("ignored", "secret", true),
        ("required", "secret", true),
        ("rejected", "none", true),
        ("required", "none", false),
        ("rejected", "secret", false),
    ] {
        let world = World::with_backend(&[("MONEI_REFRESH_AUTH", backend)]).await;
        world.control("switch", json!({"name": "refresh_secret", "value": monei})).await;
        if fits {
            lives_in(world, &[("refresh_secret", monei), ("backend", backend)]).await;
            continue;
        }
        let account = world.connect("ada", BOTH, BOTH).await;
        world.clock.advance(Duration::from_secs(3400));
        // The token is good for some minutes still, so what can be seen is seen.
        world
            .core
            .load(&Caller::Window, &account, Section::Wallet)
            .await
            .unwrap_or_else(|problem| panic!("{monei} {backend}: {problem:?}"));
        world.clock.advance(Duration::from_secs(600));
        let code = world.core.load(&Caller::Window, &account, Section::Wallet).await.unwrap_err().code;
        assert_eq!(code, ProblemCode::ServiceUnavailable, "{monei} {backend}");
        assert_eq!(world.records().len(), 1, "{monei} {backend}: tokens were cleared");
        assert_eq!(feature(&world.core.view(), &account, "wallet:read"), "enabled", "{monei} {backend}");
        // Set right at either side, the same connection goes on.
        world.control("switch", json!({"name": "refresh_secret", "value": "ignored"})).await;
        world.clock.advance(Duration::from_secs(121));
        world
            .core
            .load(&Caller::Window, &account, Section::Wallet)
            .await
            .unwrap_or_else(|problem| panic!("{monei} {backend}: {problem:?}"));
        assert_eq!(world.core.view().accounts[0].health, Health::Connected, "{monei} {backend}");
    }
}

/// Somebody else than Monei has answered, as far as RFC 9207 can tell: the code is not exchanged.
#[tokio::test]
async fn an_answer_that_names_another_issuer_connects_nobody() {
    let world = switched(&[("iss", "wrong")]).await;
    world.core.connect(&Caller::Window, scopes(BOTH)).await.unwrap();
    world.waiting().await;
    let end = support::person::walk(&world.opened(), "ada", Some(BOTH)).await;
    assert_eq!((end.status, end.url.path()), (400, "/v1/callback"));
    assert!(end.page.contains("<h1") && !end.page.contains("CNRY"), "{}", end.page);
    assert_eq!((world.count("code_exchanges").await, world.core.view().accounts.len(), world.records().len()), (0, 0, 0));
    // The person sees it in the browser, and ends or repeats it here.
    world.core.cancel().await;
    assert_eq!(world.core.view().transaction, None);
    world.control("switch", json!({"name": "iss", "value": "present"})).await;
    world.browser.opened.lock().unwrap().clear();
    world.connect("tunde", BOTH, BOTH).await;
}

/// The redirect address is the backend's own page, never this program's scheme: whether Monei takes such is no matter, in either channel.
#[tokio::test]
async fn whether_monei_takes_redirects_to_an_apps_own_scheme_changes_nothing() {
    for value in ["accepted", "rejected"] {
        lives(&[("custom_scheme_redirect", value)]).await;
        let world = switched(&[("custom_scheme_redirect", value)]).await;
        world.core.connect(&Caller::Window, scopes(BOTH)).await.unwrap();
        world.waiting().await;
        world.core.use_deep_link().await.unwrap();
        let end = support::person::walk(&world.opened(), "ada", Some(BOTH)).await;
        world.core.deep_link(&support::person::deep_link(&end.page, support::SCHEME)).await;
        let account = world.done().await;
        world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap();
    }
}

/// Longer than the smallest keychain holds: refused before anything is kept, and taken back at Monei. What was there before stays.
#[tokio::test]
async fn tokens_that_no_keychain_holds_are_refused_whole_and_taken_back() {
    let world = World::new().await;
    let account = world.connect("ada", &["profile:read"], &["profile:read"]).await;
    world.control("switch", json!({"name": "token_length", "value": "1500"})).await;
    world.core.connect(&Caller::Window, scopes(BOTH)).await.unwrap();
    world.approve("tunde", BOTH).await;
    assert_eq!(world.failed().await.code, ProblemCode::KeychainTooLong);
    let alive = |state: &serde_json::Value, user: &str| {
        state["grants"].as_array().unwrap().iter().filter(|grant| grant["alive"] == true && grant["user"] == user).count()
    };
    assert_eq!(alive(&world.sandbox_state().await, "tunde"), 0, "an approval that nobody keeps stays alive");
    assert_eq!((world.core.view().accounts.len(), world.records().len()), (1, 1), "half an account");
    // A refresh whose answer doesn't fit: the old pair is dead at Monei, the new one waits in memory and is used by nobody.
    world.clock.advance(Duration::from_secs(3700));
    assert_eq!(world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap_err().code, ProblemCode::KeychainTooLong);
    assert_eq!(world.records().len(), 1);
    let health = world.core.view().accounts[0].health.clone();
    assert!(matches!(&health, Health::Locked { reason } if reason.code == ProblemCode::KeychainTooLong), "{health:?}");
    // Disconnecting takes back what waits, too.
    assert_eq!(alive(&world.sandbox_state().await, "ada"), 1);
    assert_eq!(world.core.disconnect(&Caller::Window, &account, Unrevoked::Keep).await, Ok(DisconnectOutcome::Revoked));
    assert_eq!(alive(&world.sandbox_state().await, "ada"), 0);
    assert!(world.core.view().accounts.is_empty() && world.records().is_empty());
}

#[tokio::test]
async fn the_limits_of_the_tier_are_read_in_either_shape() {
    let mut read = Vec::new();
    for shape in ["flat", "nested"] {
        let world = switched(&[("kyc_limits_shape", shape)]).await;
        let account = world.connect("ada", &["kyc:read"], &["kyc:read"]).await;
        let Ok(SectionData::Kyc(kyc)) = world.core.load(&Caller::Window, &account, Section::Kyc).await else { panic!("{shape}") };
        assert!(kyc.tier.is_some() && !kyc.limits.is_empty(), "{shape}: {kyc:?}");
        assert!(kyc.limits.iter().any(|limit| limit.amount.is_some()), "{shape}: {kyc:?}");
        read.push(kyc);
    }
    assert_eq!(read[0], read[1]);
}

#[tokio::test]
async fn nothing_granted_is_said_whether_monei_sends_an_error_or_an_empty_list() {
    for (way, expected) in [("error", ProblemCode::Declined), ("empty", ProblemCode::NothingGranted)] {
        let world = switched(&[("none_granted", way)]).await;
        world.core.connect(&Caller::Window, scopes(BOTH)).await.unwrap();
        world.approve("ada", &[]).await;
        assert_eq!(world.failed().await.code, expected, "{way}");
        assert!(world.core.view().accounts.is_empty() && world.records().is_empty());
        let state = world.sandbox_state().await;
        assert!(state["grants"].as_array().unwrap().iter().all(|grant| grant["alive"] == false), "{way}: left alive");
    }
}

#[tokio::test]
async fn a_refused_refresh_is_a_revocation_with_any_of_its_statuses() {
    for status in ["401", "404", "400"] {
        let world = switched(&[("bad_refresh_status", status)]).await;
        let account = world.connect("ada", BOTH, BOTH).await;
        world.control("revoke", json!({"user": "ada"})).await;
        assert_eq!(
            world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap_err().code,
            ProblemCode::AccessRevoked,
            "{status}"
        );
        assert!(world.records().is_empty(), "{status}");
    }
}

/// Asked for one more scope: what works afterwards, whatever the answer covers and whatever became of the old pair.
#[tokio::test]
async fn one_more_scope_keeps_all_that_monei_lets_live() {
    for upgrade in ["cumulative", "only_new"] {
        for old in ["alive", "dead"] {
            let name = format!("{upgrade}, old pair {old}");
            let world = switched(&[("upgrade_scopes", upgrade), ("old_pair_after_upgrade", old)]).await;
            let account = world.connect("ada", &["profile:read"], &["profile:read"]).await;
            world.core.reconnect(&Caller::Window, &account, scopes(&["wallet:read"])).await.unwrap();
            world.approve("ada", &["wallet:read"]).await;
            // Only the new scope tells little of who approved: the person says that it is the same one.
            world.settle_upgrade().await;
            world.core.load(&Caller::Window, &account, Section::Wallet).await.unwrap_or_else(|problem| panic!("{name}: {problem:?}"));
            let profile = world.core.load(&Caller::Window, &account, Section::Profile).await;
            let state = |scope| feature(&world.core.view(), &account, scope);
            if (upgrade, old) == ("only_new", "dead") {
                // Monei ended it and nothing else holds its scope: only that is lost.
                assert_eq!(profile.unwrap_err().code, ProblemCode::AccessRevoked, "{name}");
                assert_eq!((state("profile:read").as_str(), state("wallet:read").as_str()), ("lost", "enabled"), "{name}");
            } else {
                profile.unwrap_or_else(|problem| panic!("{name}: {problem:?}"));
                assert_eq!((state("profile:read").as_str(), state("wallet:read").as_str()), ("enabled", "enabled"), "{name}");
            }
            assert_eq!(world.core.view().accounts[0].health, Health::Connected, "{name}");
            // A covered grant is not refreshed.
            if upgrade == "cumulative" {
                world.clock.advance(Duration::from_secs(3400));
                for section in [Section::Profile, Section::Wallet] {
                    world.core.load(&Caller::Window, &account, section).await.unwrap();
                }
                assert_eq!(world.count("refreshes").await, 1, "{name}");
            }
            assert_eq!(world.core.disconnect(&Caller::Window, &account, Unrevoked::Keep).await, Ok(DisconnectOutcome::Revoked), "{name}");
            assert!(world.records().is_empty(), "{name}");
        }
    }
}

#[tokio::test]
async fn a_dead_grant_that_a_live_one_covers_goes_without_a_word() {
    let world = switched(&[("upgrade_scopes", "cumulative"), ("old_pair_after_upgrade", "dead")]).await;
    let account = world.connect("ada", &["profile:read"], &["profile:read"]).await;
    world.core.reconnect(&Caller::Window, &account, scopes(&["wallet:read"])).await.unwrap();
    world.approve("ada", &["wallet:read"]).await;
    world.settle_upgrade().await;
    world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap();
    let told = world.core.activity(Some(&account)).await.unwrap();
    assert!(!told.iter().any(|item| matches!(item.event, connect_core::snapshot::ActivityEvent::Revoked { .. })), "{told:?}");
    assert_eq!(world.core.view().accounts[0].health, Health::Connected);
}
