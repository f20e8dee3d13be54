//! Every point that Monei leaves open (the switches of the sandbox), either way: a connection, an upgrade, a refresh, a revocation and a
//! disconnection come out right whichever way Monei does it.

#![allow(clippy::unwrap_used, reason = "a step of a test that fails is a failed test")]

mod support;

use std::time::Duration;

use connect_core::problem::ProblemCode;
use connect_core::view::{DisconnectOutcome, Health, Section};
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
    let world = switched(switches).await;
    let account = world.connect("ada", BOTH, BOTH).await;
    for section in [Section::Profile, Section::Wallet, Section::Transactions] {
        world.core.load(&account, section).await.unwrap_or_else(|problem| panic!("{switches:?} {section:?}: {problem:?}"));
    }
    world.clock.advance(Duration::from_secs(3400));
    world.core.load(&account, Section::Wallet).await.unwrap_or_else(|problem| panic!("{switches:?} refresh: {problem:?}"));
    assert_eq!(world.count("refreshes").await, 1, "{switches:?}");
    for scope in BOTH {
        assert_eq!(feature(&world.core.view(), &account, scope), "enabled", "{switches:?}");
    }
    assert_eq!(world.count("forbidden").await, 0, "{switches:?}");
    let told = world.core.disconnect(&account).await.unwrap();
    let misleading = switches.contains(&("revoke_response", "404"));
    assert_eq!(told, if misleading { DisconnectOutcome::Unconfirmed } else { DisconnectOutcome::Revoked }, "{switches:?}");
    assert!(world.vault.names().is_empty());
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

#[tokio::test]
async fn the_limits_of_the_tier_are_read_in_either_shape() {
    for shape in ["flat", "nested"] {
        let world = switched(&[("kyc_limits_shape", shape)]).await;
        let account = world.connect("ada", &["kyc:read"], &["kyc:read"]).await;
        world.core.load(&account, Section::Kyc).await.unwrap();
    }
}

#[tokio::test]
async fn nothing_granted_is_said_whether_monei_sends_an_error_or_an_empty_list() {
    for (way, expected) in [("error", ProblemCode::Declined), ("empty", ProblemCode::NothingGranted)] {
        let world = switched(&[("none_granted", way)]).await;
        world.core.connect(scopes(BOTH)).await.unwrap();
        world.approve("ada", &[]).await;
        assert_eq!(world.failed().await.code, expected, "{way}");
        assert!(world.core.view().accounts.is_empty() && world.vault.names().is_empty());
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
        assert_eq!(world.core.load(&account, Section::Profile).await.unwrap_err().code, ProblemCode::AccessRevoked, "{status}");
        assert!(world.vault.names().is_empty(), "{status}");
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
            world.core.reconnect(&account, scopes(&["wallet:read"])).await.unwrap();
            world.approve("ada", &["wallet:read"]).await;
            // Only the new scope tells little of who approved: the person says that it is the same one.
            world.settle_upgrade().await;
            world.core.load(&account, Section::Wallet).await.unwrap_or_else(|problem| panic!("{name}: {problem:?}"));
            let profile = world.core.load(&account, Section::Profile).await;
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
                    world.core.load(&account, section).await.unwrap();
                }
                assert_eq!(world.count("refreshes").await, 1, "{name}");
            }
            assert!(world.core.disconnect(&account).await.is_ok(), "{name}");
            assert!(world.vault.names().is_empty(), "{name}");
        }
    }
}

#[tokio::test]
async fn a_dead_grant_that_a_live_one_covers_goes_without_a_word() {
    let world = switched(&[("upgrade_scopes", "cumulative"), ("old_pair_after_upgrade", "dead")]).await;
    let account = world.connect("ada", &["profile:read"], &["profile:read"]).await;
    world.core.reconnect(&account, scopes(&["wallet:read"])).await.unwrap();
    world.approve("ada", &["wallet:read"]).await;
    world.settle_upgrade().await;
    world.core.load(&account, Section::Profile).await.unwrap();
    let told = world.core.activity(Some(&account)).await.unwrap();
    assert!(!told.iter().any(|item| matches!(item.event, connect_core::view::ActivityEvent::Revoked { .. })), "{told:?}");
    assert_eq!(world.core.view().accounts[0].health, Health::Connected);
}
