//! Clocks that jump, computers that sleep, people who look: no early end, no missed refresh, no storm (T-11).

#![allow(clippy::unwrap_used, reason = "a step of a test that fails is a failed test")]

mod support;

use std::sync::atomic::Ordering;
use std::time::Duration;

use connect_core::Caller;
use connect_core::clock::Clock as _;
use connect_core::problem::{Problem, ProblemCode};
use connect_core::snapshot::{AccountSnapshot, Health, KeychainState, Section, Stage, Unrevoked};
use connect_core::vault::Vault as _;
use serde_json::json;
use support::proxy::Cut;
use support::watched_vault::WatchedVault;
use support::{World, feature, scopes};

const PROFILE: &[&str] = &["profile:read"];

#[tokio::test]
async fn a_clock_set_back_or_forth_costs_one_refresh_and_nothing_else() {
    for jump in [Duration::from_secs(3600), Duration::from_secs(86_400 * 400)] {
        let world = World::new().await;
        let account = world.connect("ada", PROFILE, PROFILE).await;
        world.clock.forth(jump);
        for _ in 0..3 {
            world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap();
        }
        assert_eq!(world.count("refreshes").await, 1, "forth by {jump:?}");
        world.clock.back(jump);
        for _ in 0..3 {
            world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap();
        }
        assert_eq!(world.count("refreshes").await, 2, "back by {jump:?}");
        assert_eq!(world.core.view().accounts[0].health, Health::Connected);
    }
}

#[tokio::test]
async fn a_clock_that_is_ten_minutes_off_changes_nothing() {
    for skew in [-600, 600] {
        let world = World::new().await;
        // Monei's clock, and with it when it takes a token for expired.
        world.control("clock", json!({"offset_s": skew})).await;
        let account = world.connect("ada", PROFILE, PROFILE).await;
        world.clock.advance(Duration::from_secs(3299));
        world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap();
        assert_eq!(world.count("refreshes").await, 0, "{skew}");
        world.clock.advance(Duration::from_secs(2));
        world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap();
        assert_eq!(world.count("refreshes").await, 1, "{skew}");
    }
}

#[tokio::test]
async fn a_clock_set_back_during_an_unanswered_refresh_asks_the_same_question_again() {
    let world = unanswered().await;
    world.clock.back(Duration::from_secs(30));
    world.core.load(&Caller::Window, &world.account(), Section::Profile).await.unwrap();
    assert_eq!(world.count("refreshes").await, 1);
}

/// One account, whose refresh Monei has done and whose answer never came.
async fn unanswered() -> World {
    let world = World::proxied().await;
    let account = world.connect("ada", PROFILE, PROFILE).await;
    world.control("switch", json!({"name": "reuse_revokes_family", "value": "on"})).await;
    world.clock.advance(Duration::from_secs(3700));
    world.proxy.as_ref().unwrap().plan(&[Cut::After; 2]);
    assert_eq!(world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap_err().code, ProblemCode::BackendUnreachable);
    world
}

#[tokio::test]
async fn a_clock_set_forth_during_an_unanswered_refresh_asks_the_same_question_again() {
    for jump in [Duration::from_secs(121), Duration::from_secs(86_400)] {
        let world = unanswered().await;
        world.clock.forth(jump);
        world.core.load(&Caller::Window, &world.account(), Section::Profile).await.unwrap();
        assert_eq!(world.count("refreshes").await, 1, "{jump:?}");
    }
}

#[tokio::test]
async fn after_a_restart_of_the_computer_an_unanswered_refresh_is_as_old_as_the_wall_clock_says() {
    // Within two minutes it is the same question, whose answer is fetched.
    let world = unanswered().await;
    world.clock.reboot();
    world.clock.advance(Duration::from_secs(60));
    world.core.load(&Caller::Window, &world.account(), Section::Profile).await.unwrap();
    assert_eq!(world.count("refreshes").await, 1);
    // Later it is a new one, and Monei had rotated: a clean end.
    let world = unanswered().await;
    world.clock.reboot();
    world.clock.advance(Duration::from_secs(121));
    assert_eq!(world.core.load(&Caller::Window, &world.account(), Section::Profile).await.unwrap_err().code, ProblemCode::AccessRevoked);
}

#[tokio::test]
async fn waking_up_refreshes_each_account_once() {
    let world = World::new().await;
    let ada = world.connect("ada", PROFILE, PROFILE).await;
    world.connect("tunde", PROFILE, PROFILE).await;
    world.core.look().await;
    // The lid was closed for a night; then everything asks at once.
    world.clock.advance(Duration::from_secs(8 * 3600));
    let looks = (0..10).map(|n| {
        let (core, ada) = (world.core.clone(), ada.clone());
        tokio::spawn(
            async move { if n % 2 == 0 { core.look().await } else { drop(core.load(&Caller::Window, &ada, Section::Profile).await) } },
        )
    });
    for look in looks.collect::<Vec<_>>() {
        look.await.unwrap();
    }
    assert_eq!(world.count("refreshes").await, 2);
}

#[tokio::test]
async fn a_revocation_is_noticed_when_somebody_looks_and_at_most_every_five_minutes() {
    let world = World::new().await;
    world.connect("ada", PROFILE, PROFILE).await;
    world.core.look().await;
    let calls = world.calls("/user/me").await;
    world.control("revoke", json!({"user": "ada"})).await;
    for _ in 0..5 {
        world.clock.advance(Duration::from_secs(59));
        world.core.look().await;
    }
    assert_eq!(world.calls("/user/me").await, calls, "looked again within five minutes");
    assert_eq!(world.core.view().accounts[0].health, Health::Connected);
    world.clock.advance(Duration::from_secs(6));
    world.core.look().await;
    assert!(
        matches!(&world.core.view().accounts[0].health, Health::NeedsReconnect { reason } if reason.code == ProblemCode::AccessRevoked)
    );
}

#[tokio::test]
async fn an_account_with_only_spending_scopes_says_that_it_cannot_be_checked() {
    let world = World::new().await;
    world.connect("ada", &["wallet:send"], &["wallet:send"]).await;
    assert!(!world.core.view().accounts[0].checkable);
    let before = world.sandbox_state().await["counters"]["requests"].clone();
    world.core.look().await;
    let after = world.sandbox_state().await["counters"]["requests"].clone();
    let api = |requests: &serde_json::Value| {
        requests.as_array().unwrap().iter().filter(|row| !row["path"].as_str().unwrap().contains("/sandbox")).count()
    };
    assert_eq!(api(&before), api(&after), "it was called all the same");
    let world = World::new().await;
    world.connect("ada", PROFILE, PROFILE).await;
    assert!(world.core.view().accounts[0].checkable);
}

#[tokio::test]
async fn offline_at_the_start_and_back_online_is_seen_within_seconds_of_looking() {
    let world = World::proxied().await;
    let account = world.connect("ada", PROFILE, PROFILE).await;
    let proxy = world.proxy.clone().unwrap();
    proxy.page(Some(String::new()));
    world.clock.advance(Duration::from_secs(3700));
    let again = world.second().await;
    again.look().await;
    let health = again.view().accounts[0].health.clone();
    assert!(matches!(&health, Health::Unreachable { reason } if reason.code == ProblemCode::BackendUnreachable), "{health:?}");
    // No transaction starts either, so no approval is lost.
    again.connect(&Caller::Window, scopes(PROFILE)).await.unwrap();
    let mut views = again.subscribe();
    let failed = |view: &std::sync::Arc<connect_core::snapshot::Snapshot>| {
        matches!(support::stage(view), Some(connect_core::snapshot::Stage::Failed { .. }))
    };
    tokio::time::timeout(Duration::from_secs(10), views.wait_for(failed)).await.unwrap().unwrap();
    proxy.page(None);
    world.clock.advance(Duration::from_secs(10));
    again.look().await;
    assert_eq!(again.view().accounts[0].health, Health::Connected);
    again.load(&Caller::Window, &account, Section::Profile).await.unwrap();
}

#[tokio::test]
async fn trouble_that_a_load_found_is_looked_after_within_seconds_too() {
    let world = World::new().await;
    let account = world.connect("ada", PROFILE, PROFILE).await;
    world.core.look().await;
    world.control("fault", json!({"target": "api", "kind": "status", "status": 503, "times": 1})).await;
    world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap_err();
    assert!(matches!(world.core.view().accounts[0].health, Health::Unreachable { .. }));
    world.clock.advance(Duration::from_secs(10));
    world.core.look().await;
    assert_eq!(world.core.view().accounts[0].health, Health::Connected);
    // All is well: nobody is asked for a while.
    let calls = world.calls("/user/me").await;
    world.clock.advance(Duration::from_secs(60));
    world.core.look().await;
    assert_eq!(world.calls("/user/me").await, calls);
}

#[tokio::test]
async fn offline_in_mid_flow_is_ridden_out_while_the_approval_lasts() {
    let world = World::proxied().await;
    let proxy = world.proxy.clone().unwrap();
    world.core.connect(&Caller::Window, scopes(PROFILE)).await.unwrap();
    world.waiting().await;
    proxy.fail_redeems(2);
    world.approve("ada", PROFILE).await;
    let account = world.done().await;
    world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap();
    assert_eq!(world.count("code_exchanges").await, 1);
}

#[tokio::test]
async fn a_monei_that_refuses_every_token_costs_one_refresh_however_often_somebody_looks() {
    let world = World::new().await;
    let account = world.connect("ada", PROFILE, PROFILE).await;
    // The first look is refused twice, each further one once.
    world.control("fault", json!({"target": "api", "kind": "status", "status": 401, "times": 5})).await;
    for _ in 0..4 {
        world.core.look().await;
        let health = world.core.view().accounts[0].health.clone();
        assert!(matches!(&health, Health::Unreachable { reason } if reason.code == ProblemCode::ProviderUnavailable), "{health:?}");
        world.clock.advance(Duration::from_secs(10));
    }
    assert_eq!(world.count("refreshes").await, 1);
    world.core.look().await;
    assert_eq!(world.core.view().accounts[0].health, Health::Connected);
    assert_eq!(world.count("refreshes").await, 1);
    // Once a token was taken, the next refusal means something again.
    world.control("expire", json!({})).await;
    world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap();
    assert_eq!(world.count("refreshes").await, 2);
}

/// What four come to that ask for the same account at once, and wait for one refresh.
async fn four_at_once(world: &mut World, account: &str) -> Vec<ProblemCode> {
    let vault = WatchedVault::over(&world.vault);
    world.restart_with(vault.clone()).await;
    world.clock.advance(Duration::from_secs(3700));
    // Another program is at this grant, so everybody waits.
    let locks = world.data_dir().join("locks");
    std::fs::create_dir_all(&locks).unwrap();
    let busy = std::fs::File::create(locks.join(&world.records()[0])).unwrap();
    busy.lock().unwrap();
    let before = vault.reads.load(Ordering::SeqCst);
    let calls: Vec<_> = (0..4)
        .map(|_| {
            let (core, account) = (world.core.clone(), account.to_owned());
            tokio::spawn(async move { core.load(&Caller::Window, &account, Section::Profile).await })
        })
        .collect();
    let all_wait = async {
        while vault.reads.load(Ordering::SeqCst) < before + 4 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), all_wait).await.unwrap();
    // As it ends: it holds the lock as long as it has the file open.
    drop(busy);
    let mut codes = Vec::new();
    for call in calls {
        codes.push(call.await.unwrap().unwrap_err().code);
    }
    codes
}

#[tokio::test]
async fn whoever_waited_for_a_refresh_that_failed_fails_with_it() {
    let mut world = World::proxied().await;
    let account = world.connect("ada", PROFILE, PROFILE).await;
    // One attempt is two requests; a second attempt would get through.
    world.proxy.as_ref().unwrap().plan(&[Cut::Before; 2]);
    assert_eq!(four_at_once(&mut world, &account).await, [ProblemCode::BackendUnreachable; 4]);
    assert_eq!(world.count("refreshes").await, 0);
    // Whoever asks anew is tried anew.
    world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap();
    assert_eq!(world.count("refreshes").await, 1);
}

#[tokio::test]
async fn a_refresh_is_kept_though_whoever_asked_for_it_went_away() {
    let world = World::new().await;
    let account = world.connect("ada", PROFILE, PROFILE).await;
    world.clock.advance(Duration::from_secs(3400));
    world.control("fault", json!({"target": "token", "kind": "delay", "delay_ms": 1_500, "times": 1})).await;
    let asked = world.core.load(&Caller::Window, &account, Section::Profile);
    assert!(tokio::time::timeout(Duration::from_millis(500), asked).await.is_err(), "the refresh is on its way");
    let refreshed = async {
        while world.count("refreshes").await == 0 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), refreshed).await.expect("Monei gave a new token");
    // Longer than the backend would give the same answer again.
    world.clock.advance(Duration::from_secs(130));
    world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap();
    assert_eq!(world.count("refreshes").await, 1, "the new token was there");
}

#[tokio::test]
async fn whoever_waited_for_a_refresh_is_told_of_a_revocation_and_not_of_a_missing_record() {
    let mut world = World::new().await;
    let account = world.connect("ada", PROFILE, PROFILE).await;
    world.control("revoke", json!({"user": "ada"})).await;
    assert_eq!(four_at_once(&mut world, &account).await, [ProblemCode::AccessRevoked; 4]);
    let health = world.core.view().accounts[0].health.clone();
    assert!(matches!(&health, Health::NeedsReconnect { reason } if reason.code == ProblemCode::AccessRevoked), "{health:?}");
}

#[tokio::test]
async fn a_refresh_that_failed_is_not_tried_at_each_call_while_the_token_is_good() {
    let world = World::proxied().await;
    let account = world.connect("ada", PROFILE, PROFILE).await;
    world.clock.advance(Duration::from_secs(3400));
    world.proxy.as_ref().unwrap().plan(&[Cut::Before; 4]);
    for _ in 0..2 {
        world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap();
    }
    // The first one took two of the four; now the token has ended, and the other two are met.
    world.clock.advance(Duration::from_secs(300));
    assert_eq!(world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap_err().code, ProblemCode::BackendUnreachable);
    world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap();
}

#[tokio::test]
async fn a_refresh_that_was_told_to_wait_waits() {
    let world = World::new().await;
    let account = world.connect("ada", PROFILE, PROFILE).await;
    world.clock.advance(Duration::from_secs(3400));
    world.control("fault", json!({"target": "token", "kind": "status", "status": 429, "retry_after": "300", "times": 1})).await;
    world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap();
    world.clock.advance(Duration::from_secs(210));
    let problem = world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap_err();
    assert!(problem.code == ProblemCode::Busy && (60..=90).contains(&problem.retry_after_s.unwrap()), "{problem:?}");
    assert_eq!(world.count("refreshes").await, 0);
    // The rest passes while the computer sleeps. The backend, which didn't sleep, keeps to Monei's wish by its own clock.
    world.clock.advance(Duration::from_secs(90));
    let problem = world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap_err();
    assert!(problem.code == ProblemCode::Busy && problem.retry_after_s > Some(100), "{problem:?}");
}

#[tokio::test]
async fn a_rate_limit_is_over_after_a_sleep_and_no_sooner_by_a_clock_that_was_set() {
    let world = World::new().await;
    let account = world.connect("ada", PROFILE, PROFILE).await;
    world.control("fault", json!({"target": "api", "kind": "status", "status": 429, "retry_after": "300", "times": 1})).await;
    assert_eq!(world.core.check(&Caller::Window, &account).await, Err(Problem::busy(300)));
    let calls = world.calls("/user/me").await;
    world.clock.forth(Duration::from_secs(600));
    assert!(world.core.load(&Caller::Window, &account, Section::Profile).await.is_err_and(|problem| problem.code == ProblemCode::Busy));
    world.clock.back(Duration::from_secs(1200));
    assert!(world.core.load(&Caller::Window, &account, Section::Profile).await.is_err_and(|problem| problem.code == ProblemCode::Busy));
    assert_eq!(world.calls("/user/me").await, calls);
    world.clock.advance(Duration::from_secs(301));
    world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap();
}

#[tokio::test]
async fn an_approval_that_nobody_answered_has_ended_when_the_computer_wakes_up() {
    let world = World::new().await;
    world.core.connect(&Caller::Window, scopes(PROFILE)).await.unwrap();
    world.waiting().await;
    world.clock.advance(Duration::from_secs(601));
    assert_eq!(world.failed().await.code, ProblemCode::TimedOut);
    assert!(world.core.start_link().is_none());
}

#[tokio::test]
async fn a_clock_set_while_somebody_approves_changes_what_is_shown_and_not_how_long_they_have() {
    let world = World::new().await;
    world.core.connect(&Caller::Window, scopes(PROFILE)).await.unwrap();
    world.waiting().await;
    let left = |world: &World, view: &connect_core::snapshot::Snapshot| match support::stage(view) {
        Some(Stage::Waiting { expires_at, .. }) => expires_at - world.clock.now_ms(),
        other => panic!("{other:?}"),
    };
    for jump in [3600, -7200] {
        let by = Duration::from_secs(i64::unsigned_abs(jump));
        if jump > 0 {
            world.clock.forth(by)
        } else {
            world.clock.back(by)
        };
        let shown = world.until("the time left", |view| (500_000..=600_000).contains(&left(&world, view))).await;
        assert!(left(&world, &shown) <= 600_000);
    }
    world.approve("ada", PROFILE).await;
    world.done().await;
}

#[tokio::test]
async fn a_token_that_lives_for_minutes_is_used_for_half_of_them() {
    let world = World::proxied().await;
    world.proxy.as_ref().unwrap().rewrite(r#""expires_in":3600"#, r#""expires_in": 240"#);
    let account = world.connect("ada", PROFILE, PROFILE).await;
    world.clock.advance(Duration::from_secs(119));
    world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap();
    assert_eq!(world.count("refreshes").await, 0);
    world.clock.advance(Duration::from_secs(2));
    for _ in 0..3 {
        world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap();
    }
    assert_eq!(world.count("refreshes").await, 1);
}

fn account_of(world: &World, account: &str) -> AccountSnapshot {
    world.core.view().accounts.iter().find(|row| row.id == account).cloned().unwrap()
}

#[tokio::test]
async fn an_account_of_which_one_record_is_gone_works_by_the_others_and_is_not_asked_about_more_often() {
    let world = World::new().await;
    world.control("switch", json!({"name": "upgrade_scopes", "value": "only_new"})).await;
    world.control("switch", json!({"name": "old_pair_after_upgrade", "value": "alive"})).await;
    let account = world.connect("ada", PROFILE, PROFILE).await;
    let profile = world.records().remove(0);
    world.core.reconnect(&Caller::Window, &account, scopes(&["wallet:read"])).await.unwrap();
    world.approve("ada", &["wallet:read"]).await;
    assert_eq!(world.settle_upgrade().await, account);
    let wallet = world.records().into_iter().find(|name| *name != profile).unwrap();
    world.vault.delete(&profile).await.unwrap();
    world.core.look().await;
    assert_eq!(account_of(&world, &account).health, Health::Connected);
    let view = world.core.view();
    assert_eq!((feature(&view, &account, "profile:read"), feature(&view, &account, "wallet:read")), ("lost".into(), "enabled".into()));
    let calls = world.calls("/wallet/me").await;
    world.clock.advance(Duration::from_secs(60));
    assert_eq!(world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap_err().code, ProblemCode::RecordMissing);
    world.core.look().await;
    assert_eq!(world.calls("/wallet/me").await, calls, "looked again within five minutes");
    assert_eq!(account_of(&world, &account).health, Health::Connected);
    // Without the other one nothing is left.
    world.vault.delete(&wallet).await.unwrap();
    assert_eq!(world.core.check(&Caller::Window, &account).await, Err(ProblemCode::RecordMissing.into()));
    assert!(matches!(account_of(&world, &account).health, Health::NeedsReconnect { .. }));
}

#[tokio::test]
async fn a_rate_limited_account_holds_up_no_other_and_is_checked_again_in_time() {
    let world = World::new().await;
    let ada = world.connect("ada", PROFILE, PROFILE).await;
    let tunde = world.connect("tunde", &["wallet:read"], &["wallet:read"]).await;
    let busy = |account: &AccountSnapshot| matches!(&account.health, Health::Unreachable { reason } if reason.code == ProblemCode::Busy);
    let fault = async |seconds: u64| {
        let fault = json!({"target": "/user/me", "kind": "status", "status": 429, "retry_after": seconds, "times": 1});
        world.control("fault", fault).await;
    };
    let calls = async || (world.calls("/user/me").await, world.calls("/wallet/me").await);
    let before = calls().await;
    fault(1).await;
    world.core.look().await;
    assert!(busy(&account_of(&world, &ada)));
    assert_eq!(account_of(&world, &tunde).health, Health::Connected);
    assert_eq!(calls().await, (before.0 + 1, before.1 + 1), "the others are checked all the same");
    // No time passes but Monei's own.
    let healed = async {
        while account_of(&world, &ada).health != Health::Connected {
            world.core.look().await;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), healed).await.unwrap();
    assert_eq!(calls().await, (before.0 + 2, before.1 + 1), "asked when the time was over, and the others not at all");
    world.clock.advance(Duration::from_secs(300));
    fault(300).await;
    world.core.look().await;
    assert_eq!(calls().await, (before.0 + 3, before.1 + 2));
    world.clock.advance(Duration::from_secs(250));
    world.core.look().await;
    assert!(busy(&account_of(&world, &ada)));
    assert_eq!(calls().await, (before.0 + 3, before.1 + 2));
    // The other is due again, and this one's wait is over.
    world.clock.advance(Duration::from_secs(50));
    world.core.look().await;
    assert_eq!(account_of(&world, &ada).health, Health::Connected);
    assert_eq!(calls().await, (before.0 + 4, before.1 + 3));
}

#[tokio::test]
async fn what_another_copy_of_the_program_did_is_seen_by_looking() {
    let world = World::new().await;
    let account = world.connect("ada", PROFILE, PROFILE).await;
    let other = world.second().await;
    other.look().await;
    assert_eq!(other.view().accounts.len(), 1);
    world.core.disconnect(&Caller::Window, &account, Unrevoked::Keep).await.unwrap();
    other.look().await;
    assert_eq!(other.view().accounts.len(), 0);
}

#[tokio::test]
async fn a_look_at_a_locked_keychain_asks_it_once() {
    let mut world = World::new().await;
    let account = world.connect("ada", PROFILE, PROFILE).await;
    world.connect("tunde", PROFILE, PROFILE).await;
    let vault = WatchedVault::over(&world.vault);
    world.restart_with(vault.clone()).await;
    vault.locked.store(true, Ordering::SeqCst);
    let before = vault.asked.load(Ordering::SeqCst);
    world.core.look().await;
    assert_eq!(vault.asked.load(Ordering::SeqCst), before + 1);
    assert_eq!(world.core.view().keychain, KeychainState::Locked);
    assert!(world.core.view().accounts.iter().all(|account| matches!(account.health, Health::Locked { .. })));
    vault.locked.store(false, Ordering::SeqCst);
    world.clock.advance(Duration::from_secs(300));
    world.core.look().await;
    assert_eq!(account_of(&world, &account).health, Health::Connected);
}
