//! Leaving this computer: what ends at Monei, what goes from keychain and index, and what stays where something couldn't be ended.

#![allow(clippy::unwrap_used, reason = "a step of a test that fails is a failed test")]

mod support;

use std::path::Path;
use std::sync::atomic::Ordering;

use connect_core::problem::ProblemCode;
use connect_core::snapshot::{Decision, LeaveOutcome, Stage, Unrevoked};
use connect_core::vault::Vault as _;
use connect_core::{Caller, NewApp};
use serde_json::json;
use support::watched_vault::WatchedVault;
use support::{World, scopes, stage};

const TWO: &[&str] = &["profile:read", "wallet:read"];

async fn living(world: &World) -> usize {
    let state = world.sandbox_state().await;
    state["grants"].as_array().unwrap().iter().filter(|grant| grant["alive"] == true).count()
}

/// Every file below `folder`, in one.
fn bytes(folder: &Path) -> Vec<u8> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        all.extend(if path.is_dir() { bytes(&path) } else { std::fs::read(path).unwrap() });
    }
    all
}

fn holds(folder: &Path, word: &str) -> bool {
    bytes(folder).windows(word.len()).any(|window| window == word.as_bytes())
}

#[tokio::test]
async fn leaving_ends_every_access_and_empties_keychain_and_index() {
    let world = World::new().await;
    let ada = world.connect("ada", TWO, TWO).await;
    world.connect("tunde", TWO, TWO).await;
    let new = NewApp { name: "Budget sheet".into(), account: ada, scopes: scopes(&["wallet:read"]), until: None };
    world.core.allow_app(&Caller::Window, new).await.unwrap();
    // An approval that waits in the browser, and an entry that nobody knows of any more.
    world.core.connect(&Caller::Window, scopes(TWO)).await.unwrap();
    world.waiting().await;
    world.vault.write("probe.left-over", "x".into()).await.unwrap();
    assert_eq!((living(&world).await, world.vault.names().len()), (2, 4));
    assert!(holds(&world.data_dir(), "Budget sheet") && holds(&world.data_dir(), "Ada Okafor"));

    let left = world.core.leave(&Caller::Window, Unrevoked::Keep).await.unwrap();
    assert!(left.complete && left.unassigned == 0);
    // Both were connected at the same time of this test's clock: in no order.
    let mut outcomes: Vec<_> = left.accounts.iter().map(|account| (account.name.as_deref().unwrap(), &account.outcome)).collect();
    outcomes.sort_by_key(|(name, _)| *name);
    assert_eq!(outcomes, [("Ada Okafor", &LeaveOutcome::Ended), ("Tunde Bello", &LeaveOutcome::Ended)]);
    assert_eq!((living(&world).await, world.vault.names()), (0, Vec::new()));
    for word in ["Budget sheet", "Ada Okafor", "Tunde Bello", "ada.okafor"] {
        assert!(!holds(&world.data_dir(), word), "{word} is still on the disk");
    }
    let view = world.core.view();
    assert!(view.accounts.is_empty() && view.transaction.is_none() && view.left.as_ref() == Some(&left));
    assert!(world.core.apps().await.unwrap().is_empty() && world.core.activity(None).await.unwrap().is_empty());
    // In this run nothing is begun that would be stored.
    world.core.connect(&Caller::Window, scopes(TWO)).await.unwrap_err();
    // The files can be removed, and the next start is a first one.
    world.core.release_index();
    std::fs::remove_dir_all(world.data_dir()).unwrap();
    let fresh = world.second().await;
    assert!(fresh.view().accounts.is_empty() && fresh.view().left.is_none());
}

#[tokio::test]
async fn what_monei_does_not_confirm_stays_until_the_person_leaves_anyway() {
    let world = World::new().await;
    world.connect("ada", TWO, TWO).await;
    world.control("fault", json!({"target": "revoke", "kind": "status", "status": 500, "times": 20})).await;
    let left = world.core.leave(&Caller::Window, Unrevoked::Keep).await.unwrap();
    assert!(!left.complete && world.core.view().left.is_none());
    assert_eq!(left.accounts[0].outcome, LeaveOutcome::Unconfirmed { problem: ProblemCode::ProviderUnavailable.into() });
    assert_eq!((living(&world).await, world.records().len(), world.core.view().accounts.len()), (1, 1, 1));
    // The index is in use by others again.
    drop(world.second().await);
    let left = world.core.leave(&Caller::Window, Unrevoked::Remove).await.unwrap();
    assert!(left.complete);
    assert_eq!(left.accounts[0].outcome, LeaveOutcome::Removed);
    assert_eq!((living(&world).await, world.vault.names().len()), (1, 0));
    assert!(!holds(&world.data_dir(), "Ada Okafor"));
}

#[tokio::test]
async fn an_approval_that_was_not_kept_counts_as_something_to_end() {
    let world = World::new().await;
    world.core.connect(&Caller::Window, scopes(TWO)).await.unwrap();
    world.waiting().await;
    world.approve("ada", TWO).await;
    world.until("who it was", |view| matches!(stage(view), Some(Stage::Decide { .. }))).await;
    world.control("fault", json!({"target": "revoke", "kind": "status", "status": 500, "times": 20})).await;
    world.core.decide(Decision::Discard).await.unwrap();
    let left = world.core.leave(&Caller::Window, Unrevoked::Keep).await.unwrap();
    assert_eq!((left.complete, left.unassigned, world.records().len()), (false, 1, 1));
    world.control("reset", json!({"what": "faults"})).await;
    let left = world.core.leave(&Caller::Window, Unrevoked::Keep).await.unwrap();
    assert_eq!((left.complete, left.unassigned, living(&world).await, world.vault.names().len()), (true, 0, 0, 0));
}

#[tokio::test]
async fn nothing_ends_while_another_process_has_the_index_open_or_the_keychain_stays_locked() {
    let mut world = World::new().await;
    world.connect("ada", TWO, TWO).await;
    let other = world.second().await;
    assert_eq!(world.core.leave(&Caller::Window, Unrevoked::Remove).await.unwrap_err().code, ProblemCode::OthersRunning);
    assert_eq!((living(&world).await, world.records().len(), other.view().accounts.len()), (1, 1, 1));
    other.shutdown().await;
    drop(other);

    let vault = WatchedVault::over(&world.vault);
    world.restart_with(vault.clone()).await;
    vault.locked.store(true, Ordering::SeqCst);
    assert_eq!(world.core.leave(&Caller::Window, Unrevoked::Remove).await.unwrap_err().code, ProblemCode::KeychainLocked);
    assert_eq!((living(&world).await, world.records().len(), world.core.view().accounts.len()), (1, 1, 1));
    vault.locked.store(false, Ordering::SeqCst);
    assert!(world.core.leave(&Caller::Window, Unrevoked::Remove).await.unwrap().complete);
    assert_eq!((living(&world).await, world.vault.names().len()), (0, 0));
}

#[tokio::test]
async fn no_other_process_begins_on_an_index_whose_files_are_still_to_be_removed() {
    let world = World::new().await;
    world.connect("ada", TWO, TWO).await;
    assert!(world.core.leave(&Caller::Window, Unrevoked::Keep).await.unwrap().complete);
    assert_eq!(world.try_second().await.err().unwrap().code, ProblemCode::OthersRunning);
    world.core.release_index();
    assert!(world.try_second().await.unwrap().view().accounts.is_empty());
}

#[tokio::test]
async fn nothing_of_an_approval_that_is_just_being_redeemed_stays_behind() {
    let world = World::new().await;
    world.core.connect(&Caller::Window, scopes(TWO)).await.unwrap();
    world.waiting().await;
    world.control("fault", json!({"target": "token", "kind": "delay", "delay_ms": 1_500, "times": 1})).await;
    // Nobody would know of it any more who could try again.
    world.control("fault", json!({"target": "revoke", "kind": "status", "status": 500, "times": 2})).await;
    world.approve("ada", TWO).await;
    world.until("finishing", |view| matches!(stage(view), Some(Stage::Finishing { cancellable: true }))).await;
    let left = world.core.leave(&Caller::Window, Unrevoked::Keep).await.unwrap();
    world.core.shutdown().await;
    assert_eq!((left.complete, left.unassigned, living(&world).await, world.vault.names()), (true, 0, 0, Vec::new()));
}
