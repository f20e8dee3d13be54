//! However a run or the program ends: no token stays alive at Monei that belongs to nobody.

#![allow(clippy::unwrap_used, reason = "a step of a test that fails is a failed test")]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use connect_core::problem::ProblemCode;
use connect_core::snapshot::{ActivityEvent, ActivityItem, Conflict, Decision, DisconnectOutcome, LeaveOutcome, Section, Stage, Unrevoked};
use connect_core::vault::{MemoryVault, Vault as _};
use connect_core::{Caller, PassThrough};
use monei::Method;
use serde_json::json;
use support::proxy::Cut;
use support::watched_vault::WatchedVault;
use support::{SCHEME, World, is_new, person, scopes, stage};

const PROFILE: &[&str] = &["profile:read"];
const TWO: &[&str] = &["profile:read", "kyc:read"];

async fn alive(world: &World) -> usize {
    world.sandbox_state().await["grants"].as_array().unwrap().iter().filter(|grant| grant["alive"] == true).count()
}

/// An account whose refresh Monei has carried out and nobody here has the answer to: the pair that is here is dead, another one lives.
async fn unanswered() -> (World, String) {
    let world = World::proxied().await;
    let account = world.connect("ada", PROFILE, PROFILE).await;
    world.clock.advance(Duration::from_secs(3_700));
    world.proxy.as_ref().unwrap().plan(&[Cut::After, Cut::After]);
    assert!(world.core.load(&Caller::Window, &account, Section::Profile).await.is_err());
    (world, account)
}

/// Every grant that lives at Monei is in an account here.
async fn nobody_is_left_over(world: &World) {
    assert_eq!(alive(world).await, world.records().len());
    let view = world.core.view();
    let in_accounts = view.accounts.len();
    assert_eq!(world.records().len(), in_accounts, "{:?}", view.accounts);
}

#[tokio::test]
async fn closed_while_an_approval_is_redeemed_it_survives_or_is_taken_back() {
    for (allowed, known) in [(PROFILE, false), (TWO, true)] {
        let mut world = World::new().await;
        let account = if known { Some(world.connect("ada", PROFILE, PROFILE).await) } else { None };
        match &account {
            Some(account) => world.core.reconnect(&Caller::Window, account, scopes(TWO)).await.unwrap(),
            None => world.core.connect(&Caller::Window, scopes(TWO)).await.unwrap(),
        }
        world.waiting().await;
        world.control("fault", json!({"target": "token", "kind": "delay", "delay_ms": 1_500, "times": 1})).await;
        let asked: &[&str] = if known { &["kyc:read"] } else { allowed };
        world.approve("ada", asked).await;
        world.until("finishing", |view| matches!(stage(view), Some(Stage::Finishing { .. }))).await;
        world.restart().await;
        world.core.look().await;
        if known {
            // Whichever way: what lives is what the keychain has, and all of it is the account's.
            let records = world.records().len();
            assert_eq!(
                world.core.disconnect(&Caller::Window, account.as_deref().unwrap(), Unrevoked::Keep).await,
                Ok(DisconnectOutcome::Revoked)
            );
            assert_eq!((alive(&world).await, world.records().len()), (0, 0), "{records} records");
        } else {
            nobody_is_left_over(&world).await;
        }
    }
}

#[tokio::test]
async fn closed_while_a_person_decides_or_a_discard_is_under_way_nothing_is_left_over() {
    let mut world = World::new().await;
    world.core.connect(&Caller::Window, scopes(TWO)).await.unwrap();
    world.approve("ada", TWO).await;
    world.until("whose it is", is_new).await;
    world.control("fault", json!({"target": "revoke", "kind": "delay", "delay_ms": 1_500, "times": 1})).await;
    let core = world.core.clone();
    let discarding = tokio::spawn(async move { core.decide(Decision::Discard).await });
    world.until("it is carried out", |view| !is_new(view)).await;
    world.core.shutdown().await;
    assert_eq!(alive(&world).await, 0, "the program ended before Monei had heard");
    discarding.await.unwrap().unwrap();
    world.restart().await;
    nobody_is_left_over(&world).await;
}

#[tokio::test]
async fn a_discard_that_monei_does_not_confirm_is_kept_told_and_tried_again() {
    for fault in [json!({"kind": "status", "status": 500}), json!({"kind": "drop_before"})] {
        let world = World::new().await;
        world.core.connect(&Caller::Window, scopes(TWO)).await.unwrap();
        world.approve("ada", TWO).await;
        world.until("whose it is", is_new).await;
        let mut body = json!({"target": "revoke", "times": 2});
        body.as_object_mut().unwrap().extend(fault.as_object().unwrap().clone());
        world.control("fault", body).await;
        world.core.decide(Decision::Discard).await.unwrap();
        assert_eq!(world.failed().await.code, ProblemCode::RevocationPending, "{fault}");
        assert_eq!((world.records().len(), alive(&world).await), (1, 1), "{fault}: what could end it is gone");
        world.core.poll().await;
        assert_eq!((world.records().len(), alive(&world).await), (0, 0), "{fault}: it isn't tried again");
    }
}

#[tokio::test]
async fn what_was_kept_in_memory_ends_though_one_revocation_is_slow() {
    let world = World::new().await;
    world.core.keep_in_memory().await;
    for user in ["ada", "tunde", "markup"] {
        world.connect(user, PROFILE, PROFILE).await;
    }
    assert_eq!(alive(&world).await, 3);
    world.control("fault", json!({"target": "revoke", "kind": "delay", "delay_ms": 20_000, "times": 1})).await;
    let began = Instant::now();
    world.core.shutdown().await;
    assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
    assert!(alive(&world).await <= 1, "one slow answer keeps the others alive");
}

#[tokio::test]
async fn what_was_kept_in_memory_and_ended_with_the_program_is_not_told_as_lost() {
    let mut world = World::new().await;
    world.core.keep_in_memory().await;
    world.core.connect(&Caller::Window, scopes(TWO)).await.unwrap();
    world.approve("ada", TWO).await;
    world.until("whose it is", is_new).await;
    world.restart().await;
    assert_eq!(alive(&world).await, 0);
    world.core.look().await;
    assert!(world.core.view().transaction.is_none() && failures(&world).await.is_empty());
}

#[tokio::test]
async fn what_is_in_the_memory_of_a_living_process_is_not_told_as_lost_by_another_one() {
    let world = World::new().await;
    world.core.keep_in_memory().await;
    world.core.connect(&Caller::Window, scopes(TWO)).await.unwrap();
    world.approve("ada", TWO).await;
    world.until("whose it is", is_new).await;
    world.control("fault", json!({"target": "revoke", "kind": "status", "status": 500, "times": 50})).await;
    world.core.decide(Decision::Discard).await.unwrap();
    assert_eq!(world.failed().await.code, ProblemCode::RevocationPending);
    world.core.dismiss().await;
    let other = world.second().await;
    other.poll().await;
    other.look().await;
    assert!(other.view().transaction.is_none() && failures(&world).await.is_empty());
    // Whoever has it still tries.
    world.control("reset", json!({"what": "faults"})).await;
    world.core.poll().await;
    assert_eq!((alive(&world).await, failures(&world).await.len()), (0, 0));
    other.shutdown().await;
}

#[tokio::test]
async fn what_was_in_the_memory_of_a_process_that_has_ended_is_told_as_lost() {
    let mut world = World::new().await;
    world.core.keep_in_memory().await;
    world.core.connect(&Caller::Window, scopes(TWO)).await.unwrap();
    world.approve("ada", TWO).await;
    world.until("whose it is", is_new).await;
    world.control("fault", json!({"target": "revoke", "kind": "status", "status": 500, "times": 50})).await;
    world.core.decide(Decision::Discard).await.unwrap();
    world.restart().await;
    world.core.look().await;
    assert_eq!((world.failed().await.code, failures(&world).await), (ProblemCode::ApprovalLost, vec!["approval_lost".to_owned()]));
    let marks =
        std::fs::read_dir(world.data_dir().join("locks")).unwrap().filter(|entry| entry.as_ref().unwrap().path().extension().is_some());
    assert_eq!(marks.count(), 0);
}

#[tokio::test]
async fn disconnecting_with_a_refresh_unanswered_revokes_the_pair_that_lives() {
    let (world, account) = unanswered().await;
    assert_eq!(world.core.disconnect(&Caller::Window, &account, Unrevoked::Keep).await, Ok(DisconnectOutcome::Revoked));
    assert_eq!((alive(&world).await, world.records().len()), (0, 0));
}

/// The backend doesn't replay the answer any more, and Monei knows the pair that is here no longer: that says nothing of the one that lives.
#[tokio::test]
async fn a_pair_that_nobody_can_end_any_more_is_not_said_to_have_ended() {
    let (world, account) = unanswered().await;
    world.clock.advance(Duration::from_secs(130));
    // Asked again a moment later the answer is the same.
    for time in ["first", "second"] {
        let outcome = world.core.disconnect(&Caller::Window, &account, Unrevoked::Keep).await;
        assert_eq!((outcome, alive(&world).await), (Ok(DisconnectOutcome::Unrevocable), 1), "{time}");
    }
    let outcome = world.core.take_back(&Caller::Window, &account, &scopes(PROFILE)).await;
    assert_eq!(outcome, Ok(DisconnectOutcome::Unrevocable));
    let left = world.core.leave(&Caller::Window, Unrevoked::Keep).await.unwrap();
    assert_eq!((left.complete, &left.accounts[0].outcome), (false, &LeaveOutcome::Unrevocable));
    let outcome = world.core.disconnect(&Caller::Window, &account, Unrevoked::Remove).await;
    assert_eq!((outcome, world.records().len(), world.core.view().accounts.len()), (Ok(DisconnectOutcome::Removed), 0, 0));
}

#[tokio::test]
async fn a_refresh_that_never_reached_monei_keeps_nothing_from_being_ended_later() {
    let world = World::proxied().await;
    let account = world.connect("ada", PROFILE, PROFILE).await;
    world.clock.advance(Duration::from_secs(3_700));
    world.proxy.as_ref().unwrap().plan(&[Cut::Before, Cut::Before]);
    assert!(world.core.load(&Caller::Window, &account, Section::Profile).await.is_err());
    world.clock.advance(Duration::from_secs(130));
    assert_eq!(world.core.disconnect(&Caller::Window, &account, Unrevoked::Keep).await, Ok(DisconnectOutcome::Revoked));
    assert_eq!((alive(&world).await, world.records().len()), (0, 0));
}

#[tokio::test]
async fn what_was_kept_in_memory_ends_with_the_program_though_a_refresh_had_no_answer() {
    let world = World::proxied().await;
    world.core.keep_in_memory().await;
    let account = world.connect("ada", PROFILE, PROFILE).await;
    world.clock.advance(Duration::from_secs(3_700));
    world.proxy.as_ref().unwrap().plan(&[Cut::After, Cut::After]);
    assert!(world.core.load(&Caller::Window, &account, Section::Profile).await.is_err());
    assert_eq!(world.core.shutdown().await, []);
    assert_eq!(alive(&world).await, 0, "the pair that lives is another one");
}

#[tokio::test]
async fn the_end_waits_for_a_call_that_does_more_than_read_and_none_begins_after_it() {
    const DEPOSIT: &[&str] = &["wallet:deposit"];
    let world = World::new().await;
    let account = world.connect("ada", DEPOSIT, DEPOSIT).await;
    let body = json!({"amount": 500, "currency": "NGN"}).to_string();
    let call = || PassThrough {
        method: Method::Post,
        path: "/wallet/deposit",
        query: &[("method", "BANK_TRANSFER")],
        body: Some(body.clone().into()),
    };
    world.control("fault", json!({"target": "/wallet/deposit", "kind": "delay", "delay_ms": 1_500, "times": 1})).await;
    let answered = AtomicBool::new(false);
    let under_way = async {
        let passed = world.core.pass_through(&Caller::CommandLine, &account, call()).await;
        answered.store(true, Ordering::SeqCst);
        passed
    };
    let end = async {
        world.core.shutdown().await;
        assert!(answered.load(Ordering::SeqCst), "the program ended before Monei had answered");
    };
    let (passed, ()) = tokio::join!(under_way, end);
    assert!((200..300).contains(&passed.unwrap().status));
    let late = world.core.pass_through(&Caller::CommandLine, &account, call()).await;
    assert_eq!(late.err().map(|problem| problem.code), Some(ProblemCode::ProgramEnding));
    assert_eq!(world.calls("/wallet/deposit").await, 1);
}

#[tokio::test]
async fn cancelled_while_an_approval_is_redeemed_what_comes_of_it_is_taken_back() {
    for known in [false, true] {
        let world = World::new().await;
        // Into an account of the same person it would go unasked.
        let account = if known { Some(world.connect("ada", PROFILE, PROFILE).await) } else { None };
        match &account {
            Some(account) => world.core.reconnect(&Caller::Window, account, scopes(TWO)).await.unwrap(),
            None => world.core.connect(&Caller::Window, scopes(TWO)).await.unwrap(),
        }
        world.waiting().await;
        world.control("fault", json!({"target": "token", "kind": "delay", "delay_ms": 1_500, "times": 1})).await;
        world.approve("ada", if known { &["kyc:read"] } else { PROFILE }).await;
        world.until("finishing", |view| matches!(stage(view), Some(Stage::Finishing { cancellable: true }))).await;
        world.core.cancel().await;
        assert!(world.core.view().transaction.is_none());
        // The end of the program waits for what was sent.
        world.core.shutdown().await;
        assert_eq!(world.count("code_exchanges").await, if known { 2 } else { 1 });
        let view = world.core.view();
        assert!(view.transaction.is_none());
        assert!(view.accounts.iter().all(|row| support::feature(&view, &row.id, "kyc:read") != "enabled"), "{:?}", view.accounts);
        let left = usize::from(known);
        assert_eq!((alive(&world).await, world.records().len(), view.accounts.len()), (left, left, left));
    }
}

#[tokio::test]
async fn what_came_after_cancelling_and_monei_does_not_take_back_is_told_and_tried_again() {
    let world = World::new().await;
    world.core.connect(&Caller::Window, scopes(TWO)).await.unwrap();
    world.waiting().await;
    world.control("fault", json!({"target": "token", "kind": "delay", "delay_ms": 1_500, "times": 1})).await;
    world.control("fault", json!({"target": "revoke", "times": 2, "kind": "status", "status": 500})).await;
    world.approve("ada", TWO).await;
    world.until("finishing", |view| matches!(stage(view), Some(Stage::Finishing { cancellable: true }))).await;
    world.core.cancel().await;
    assert_eq!(world.failed().await.code, ProblemCode::RevocationPending);
    assert_eq!((world.records().len(), alive(&world).await), (1, 1));
    world.core.poll().await;
    assert_eq!((world.records().len(), alive(&world).await), (0, 0));
}

#[tokio::test]
async fn what_was_cancelled_is_taken_back_also_where_another_backend_is_chosen_meanwhile() {
    let world = World::proxied().await;
    world.core.connect(&Caller::Window, scopes(TWO)).await.unwrap();
    world.waiting().await;
    // Exchanged, and nobody here knows yet.
    world.proxy.as_ref().unwrap().fail_redeems(1);
    world.approve("ada", TWO).await;
    world.until("finishing", |view| matches!(stage(view), Some(Stage::Finishing { cancellable: true }))).await;
    while alive(&world).await == 0 {
        tokio::task::yield_now().await;
    }
    world.core.cancel().await;
    drop(world.core.set_backend(world.sandbox.as_str()).await);
    world.core.shutdown().await;
    assert_eq!((alive(&world).await, world.records().len()), (0, 0));
}

#[tokio::test]
async fn the_backend_is_not_changed_while_an_approval_is_checked_redeemed_or_decided_about() {
    let world = World::new().await;
    let other = world.sandbox.clone();
    world.core.connect(&Caller::Window, scopes(TWO)).await.unwrap();
    // Being checked, or in the browser already.
    assert_eq!(world.core.set_backend(other.as_str()).await.unwrap_err().code, ProblemCode::AnotherInProgress);
    world.waiting().await;
    world.control("fault", json!({"target": "token", "kind": "delay", "delay_ms": 1_000, "times": 1})).await;
    world.approve("ada", TWO).await;
    world.until("finishing", |view| matches!(stage(view), Some(Stage::Finishing { .. }))).await;
    assert_eq!(world.core.set_backend(other.as_str()).await.unwrap_err().code, ProblemCode::AnotherInProgress);
    world.until("whose it is", is_new).await;
    assert_eq!(world.core.set_backend(other.as_str()).await.unwrap_err().code, ProblemCode::AnotherInProgress);
    world.core.decide(Decision::AddAsAccount).await.unwrap();
    world.done().await;
    // And then it is.
    drop(world.core.set_backend(other.as_str()).await);
    assert_eq!(world.core.view().backend.address, Some(other.origin().ascii_serialization()));
}

#[tokio::test]
async fn what_was_fetched_is_shown_though_the_index_cannot_be_written() {
    let world = World::new().await;
    let account = world.connect("ada", TWO, TWO).await;
    let holder = rusqlite::Connection::open(world.data_dir().join("index.sqlite")).unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    for section in [Section::Profile, Section::Kyc] {
        world.core.load(&Caller::Window, &account, section).await.unwrap();
    }
    // Nor does reading the history wait.
    assert!(!world.core.activity(Some(&account)).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_monei_that_is_down_costs_a_few_calls_and_shows_on_every_account() {
    let world = World::new().await;
    let users = ["ada", "tunde", "markup"];
    for user in users {
        world.connect(user, PROFILE, PROFILE).await;
    }
    // The same people again, as accounts that nobody can tell apart.
    world.control("switch", json!({"name": "upgrade_scopes", "value": "only_new"})).await;
    for user in users {
        world.connect(user, &["kyc:read"], &["kyc:read"]).await;
    }
    assert_eq!(world.core.view().accounts.len(), 6);
    let before = world.calls("/user/me").await + world.calls("/kyc/status").await;
    world.control("fault", json!({"target": "api", "kind": "status", "status": 503, "times": 100})).await;
    world.core.look().await;
    let asked = world.calls("/user/me").await + world.calls("/kyc/status").await - before;
    assert!(asked <= 3, "{asked} calls");
    let down =
        |account: &connect_core::snapshot::AccountSnapshot| matches!(&account.health, connect_core::snapshot::Health::Unreachable { .. });
    assert!(world.core.view().accounts.iter().all(down), "{:#?}", world.core.view().accounts);
}

#[tokio::test]
async fn an_account_whose_record_is_gone_tells_nothing_of_monei() {
    let world = World::new().await;
    world.connect("ada", PROFILE, PROFILE).await;
    let [record] = &*world.records() else { panic!("one record") };
    world.vault.delete(record).await.unwrap();
    world.control("switch", json!({"name": "upgrade_scopes", "value": "only_new"})).await;
    const KYC: &[&str] = &["kyc:read"];
    for (user, scopes) in [("tunde", KYC), ("markup", KYC), ("ada", KYC), ("tunde", PROFILE), ("markup", PROFILE)] {
        world.clock.advance(Duration::from_secs(1));
        world.connect(user, scopes, scopes).await;
    }
    assert_eq!(world.core.view().accounts.len(), 6);
    let before = world.calls("/user/me").await + world.calls("/kyc/status").await;
    world.control("fault", json!({"target": "api", "kind": "status", "status": 503, "times": 100})).await;
    world.core.look().await;
    let asked = world.calls("/user/me").await + world.calls("/kyc/status").await - before;
    assert!((1..=3).contains(&asked), "{asked} calls");
}

#[tokio::test]
async fn lock_files_of_grants_that_are_gone_are_removed() {
    let world = World::new().await;
    let locks = || std::fs::read_dir(world.data_dir().join("locks")).map_or(0, Iterator::count);
    let account = world.connect("ada", PROFILE, PROFILE).await;
    std::fs::write(world.data_dir().join("locks").join("of-a-grant-that-is-gone"), b"").unwrap();
    world.core.poll().await;
    assert_eq!(locks(), 1);
    world.core.disconnect(&Caller::Window, &account, Unrevoked::Keep).await.unwrap();
    assert_eq!(locks(), 0);
    world.core.connect(&Caller::Window, scopes(TWO)).await.unwrap();
    world.approve("ada", TWO).await;
    let view = world.until("whose it is", is_new).await;
    assert!(matches!(stage(&view), Some(Stage::Decide { conflict: Conflict::NewUser { .. } })));
    world.core.decide(Decision::Discard).await.unwrap();
    assert_eq!(locks(), 0);
}

/// What the history tells of approvals that came to nothing.
async fn failures(world: &World) -> Vec<String> {
    let rows = world.core.activity(None).await.unwrap();
    let failed = |item: ActivityItem| if let ActivityEvent::Failed { code } = item.event { Some(code) } else { None };
    rows.into_iter().filter_map(failed).collect()
}

#[tokio::test]
async fn an_approval_that_is_neither_kept_nor_taken_back_is_told_also_after_a_cancel() {
    for cancelled in [false, true] {
        let mut world = World::new().await;
        let vault = WatchedVault::over(&world.vault);
        world.restart_with(vault.clone()).await;
        world.core.connect(&Caller::Window, scopes(TWO)).await.unwrap();
        world.waiting().await;
        world.control("fault", json!({"target": "token", "kind": "delay", "delay_ms": 1_500, "times": 1})).await;
        world.control("fault", json!({"target": "revoke", "kind": "status", "status": 500, "times": 20})).await;
        vault.locked.store(true, Ordering::SeqCst);
        world.approve("ada", TWO).await;
        world.until("finishing", |view| matches!(stage(view), Some(Stage::Finishing { cancellable: true }))).await;
        if cancelled {
            world.core.cancel().await;
        }
        assert_eq!(world.failed().await.code, ProblemCode::ApprovalLost, "cancelled: {cancelled}");
        assert_eq!((world.records().len(), alive(&world).await), (0, 1), "cancelled: {cancelled}");
        // It stays to be read once it is off the screen.
        let told = async {
            while failures(&world).await != ["approval_lost"] {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), told).await.expect("the history doesn't tell");
        // Once: a look that finds no entry tells nothing more.
        vault.locked.store(false, Ordering::SeqCst);
        world.core.poll().await;
        world.core.look().await;
        assert!(world.core.view().transaction.is_none(), "cancelled: {cancelled}");
        assert_eq!(failures(&world).await.len(), 1, "cancelled: {cancelled}");
    }
}

#[tokio::test]
async fn an_approval_that_could_not_be_kept_and_was_taken_back_is_not_told_as_lost() {
    let mut world = World::new().await;
    let vault = WatchedVault::over(&world.vault);
    world.restart_with(vault.clone()).await;
    world.core.connect(&Caller::Window, scopes(TWO)).await.unwrap();
    world.waiting().await;
    world.control("fault", json!({"target": "token", "kind": "delay", "delay_ms": 1_500, "times": 1})).await;
    world.approve("ada", TWO).await;
    world.until("finishing", |view| matches!(stage(view), Some(Stage::Finishing { cancellable: true }))).await;
    vault.locked.store(true, Ordering::SeqCst);
    assert_eq!(world.failed().await.code, ProblemCode::KeychainLocked);
    assert_eq!((world.records().len(), alive(&world).await), (0, 0));
    vault.locked.store(false, Ordering::SeqCst);
    world.restart_with(vault.clone()).await;
    world.core.look().await;
    assert!(world.core.view().transaction.is_none());
    assert!(!failures(&world).await.contains(&"approval_lost".to_owned()));
}

/// Two people approve by one start link, and both answers are being redeemed. `second_late_ms`: how much later the second one is answered.
async fn approved_twice(world: &World, second_late_ms: u64) {
    world.core.connect(&Caller::Window, scopes(PROFILE)).await.unwrap();
    world.waiting().await;
    world.core.use_deep_link().await.unwrap();
    let mut links = Vec::new();
    for user in ["ada", "tunde"] {
        let end = person::walk(&world.opened(), user, Some(PROFILE)).await;
        links.push(person::deep_link(&end.page, SCHEME));
    }
    for delay_ms in [1_500, 1_500 + second_late_ms] {
        world.control("fault", json!({"target": "token", "kind": "delay", "delay_ms": delay_ms, "times": 1})).await;
    }
    for link in &links {
        world.core.deep_link(link).await;
    }
    world.until("whose it is", is_new).await;
}

/// Waits until `wanted`.
async fn eventually(what: &str, wanted: impl AsyncFn() -> bool) {
    let waited = async {
        while !wanted().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    assert!(tokio::time::timeout(Duration::from_secs(10), waited).await.is_ok(), "{what}");
}

#[tokio::test]
async fn a_second_approval_that_monei_does_not_take_back_is_kept_told_and_tried_again() {
    let mut world = World::new().await;
    world.control("fault", json!({"target": "revoke", "kind": "status", "status": 500, "times": 50})).await;
    approved_twice(&world, 0).await;
    eventually("what could end the second approval is gone", async || world.records().len() == 2).await;
    eventually("the history tells nothing", async || !failures(&world).await.is_empty()).await;
    assert_eq!((alive(&world).await, failures(&world).await), (2, vec!["revocation_pending".to_owned()]));
    world.core.decide(Decision::AddAsAccount).await.unwrap();
    let account = world.done().await;
    // Also by the next run.
    world.restart().await;
    assert_eq!((world.records().len(), alive(&world).await), (2, 2));
    world.control("reset", json!({"what": "faults"})).await;
    world.core.poll().await;
    assert_eq!((world.records().len(), alive(&world).await), (1, 1), "it isn't tried again");
    world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap();
    assert_eq!((world.core.view().accounts.len(), failures(&world).await.len()), (1, 1));
}

#[tokio::test]
async fn a_second_approval_that_monei_takes_back_leaves_nothing_and_tells_nothing() {
    let world = World::new().await;
    approved_twice(&world, 0).await;
    eventually("the second approval lives on", async || alive(&world).await == 1 && world.records().len() == 1).await;
    world.done().await;
    nobody_is_left_over(&world).await;
    assert!(failures(&world).await.is_empty());
}

#[tokio::test]
async fn a_second_approval_that_is_neither_kept_nor_taken_back_is_told_as_lost() {
    let mut world = World::new().await;
    let vault = WatchedVault::over(&world.vault);
    world.restart_with(vault.clone()).await;
    world.control("fault", json!({"target": "revoke", "kind": "status", "status": 500, "times": 50})).await;
    approved_twice(&world, 1_500).await;
    vault.locked.store(true, Ordering::SeqCst);
    eventually("the history tells nothing", async || failures(&world).await == ["approval_lost"]).await;
    assert_eq!((world.records().len(), alive(&world).await), (1, 2));
}

/// An approval that the person discarded and Monei didn't end.
async fn discarded() -> World {
    let world = World::new().await;
    world.core.connect(&Caller::Window, scopes(TWO)).await.unwrap();
    world.approve("ada", TWO).await;
    world.until("whose it is", is_new).await;
    world.control("fault", json!({"target": "revoke", "kind": "status", "status": 500, "times": 2})).await;
    world.core.decide(Decision::Discard).await.unwrap();
    assert_eq!(world.failed().await.code, ProblemCode::RevocationPending);
    world
}

/// The same, whose record says `text` by now.
async fn discarded_and_then(text: &str) -> World {
    let world = discarded().await;
    world.vault.write(&world.records()[0], text.to_owned().into()).await.unwrap();
    world
}

#[tokio::test]
async fn a_missing_record_of_an_approval_that_monei_has_not_ended_is_told_once() {
    for another_keychain in [false, true] {
        let mut world = discarded().await;
        if another_keychain {
            world.restart_with(Arc::new(MemoryVault::default())).await;
        } else {
            world.vault.delete(&world.records()[0]).await.unwrap();
        }
        world.core.look().await;
        assert_eq!(world.failed().await.code, ProblemCode::ApprovalLost, "another keychain: {another_keychain}");
        assert_eq!((alive(&world).await, failures(&world).await), (1, vec!["approval_lost".to_owned()]));
        world.core.poll().await;
        world.clock.advance(Duration::from_secs(600));
        world.core.look().await;
        assert!(world.core.view().transaction.is_none());
        assert_eq!(failures(&world).await.len(), 1);
    }
}

#[tokio::test]
async fn a_grant_that_may_live_on_after_a_refresh_without_an_answer_is_told() {
    // In no account: what the person discarded.
    let world = World::proxied().await;
    world.core.connect(&Caller::Window, scopes(TWO)).await.unwrap();
    world.approve("ada", TWO).await;
    world.until("whose it is", is_new).await;
    world.control("fault", json!({"target": "revoke", "kind": "status", "status": 500, "times": 2})).await;
    world.proxy.as_ref().unwrap().plan(&[Cut::After, Cut::After]);
    world.core.decide(Decision::Discard).await.unwrap();
    assert_eq!(world.failed().await.code, ProblemCode::RevocationPending);
    world.clock.advance(Duration::from_secs(130));
    world.core.look().await;
    assert_eq!(world.failed().await.code, ProblemCode::ApprovalLost);
    assert_eq!((alive(&world).await, world.records().len(), failures(&world).await), (1, 0, vec!["approval_lost".to_owned()]));

    // In an account: it asks to be reconnected, and the history says that an approval may live on.
    let (world, account) = unanswered().await;
    world.clock.advance(Duration::from_secs(130));
    let refused = world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap_err();
    assert_eq!((refused.code, alive(&world).await, world.records().len()), (ProblemCode::AccessRevoked, 1, 0));
    let told = world.core.activity(None).await.unwrap();
    let is_lost = |item: &&ActivityItem| item.event == ActivityEvent::Failed { code: "approval_lost".to_owned() };
    assert!(told.iter().find(is_lost).is_some_and(|item| item.account_name.is_some()), "{told:?}");

    // Ended at Monei by the person, who knows.
    let world = World::new().await;
    let account = world.connect("ada", PROFILE, PROFILE).await;
    world.control("revoke", json!({"user": "ada"})).await;
    world.clock.advance(Duration::from_secs(3_700));
    let refused = world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap_err();
    assert_eq!((refused.code, failures(&world).await), (ProblemCode::AccessRevoked, vec![]));
}

#[tokio::test]
async fn a_refresh_that_never_left_this_computer_puts_no_grant_in_doubt() {
    let world = World::proxied().await;
    let account = world.connect("ada", PROFILE, PROFILE).await;
    let proxy = world.proxy.clone().unwrap();
    world.clock.advance(Duration::from_secs(3_700));
    proxy.close().await;
    let unsent = world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap_err();
    assert_eq!(unsent.code, ProblemCode::BackendUnreachable);
    world.control("revoke", json!({"user": "ada"})).await;
    world.clock.advance(Duration::from_secs(600));
    proxy.open().await;
    let refused = world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap_err();
    assert_eq!((refused.code, alive(&world).await, failures(&world).await), (ProblemCode::AccessRevoked, 0, vec![]));

    // One that was sent before it is still in doubt.
    let (world, account) = unanswered().await;
    let proxy = world.proxy.clone().unwrap();
    proxy.close().await;
    for seconds in [10, 120] {
        world.clock.advance(Duration::from_secs(seconds));
        world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap_err();
    }
    proxy.open().await;
    world.clock.advance(Duration::from_secs(600));
    let refused = world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap_err();
    assert_eq!(
        (refused.code, alive(&world).await, failures(&world).await),
        (ProblemCode::AccessRevoked, 1, vec!["approval_lost".to_owned()])
    );
}

#[tokio::test]
async fn a_damaged_record_of_an_approval_that_nobody_uses_is_told_and_then_goes() {
    let world = discarded_and_then("damaged").await;
    world.core.look().await;
    assert_eq!(world.failed().await.code, ProblemCode::ApprovalLost);
    assert_eq!((world.records().len(), failures(&world).await), (0, vec!["approval_lost".to_owned()]));
    // Once.
    world.core.poll().await;
    world.clock.advance(Duration::from_secs(600));
    world.core.look().await;
    assert!(world.core.view().transaction.is_none());
    assert_eq!(failures(&world).await.len(), 1);
}

#[tokio::test]
async fn a_record_of_a_newer_version_of_an_approval_that_nobody_uses_stays() {
    let world = discarded_and_then(r#"{"v":2,"newer":true}"#).await;
    world.core.look().await;
    assert!(world.core.view().transaction.is_none());
    assert_eq!((world.records().len(), failures(&world).await), (1, Vec::new()));
}

#[tokio::test]
async fn leaving_counts_an_approval_whose_record_is_damaged_before_it_removes_everything() {
    let world = discarded_and_then("damaged").await;
    let left = world.core.leave(&Caller::Window, Unrevoked::Keep).await.unwrap();
    assert_eq!((left.complete, left.unassigned), (false, 1));
    let left = world.core.leave(&Caller::Window, Unrevoked::Keep).await.unwrap();
    assert_eq!((left.complete, left.unassigned, world.vault.names().len()), (true, 0, 0));
}
