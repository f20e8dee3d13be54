//! What happens to accounts when the index is damaged, of a newer version, or can't be written.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a step of a test that fails is a failed test")]

mod support;

use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use connect_core::Caller;
use connect_core::problem::ProblemCode;
use connect_core::snapshot::{Conflict, Section, Snapshot, Stage};
use connect_core::vault::Vault as _;
use support::{World, feature};

const BOTH: &[&str] = &["profile:read", "wallet:read"];

/// Removes a file, if there is one, as soon as nobody has it open: Windows refuses until then.
async fn remove(path: &Path) {
    let removed = async {
        while !matches!(std::fs::remove_file(path).map_err(|error| error.kind()), Ok(()) | Err(ErrorKind::NotFound)) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), removed).await.expect("a program that has quit has its index open");
}

/// The program ends, its index is damaged, and it starts again.
async fn damage(world: &mut World) {
    world.quit().await;
    for suffix in ["-wal", "-shm"] {
        remove(&world.data_dir().join(format!("index.sqlite{suffix}"))).await;
    }
    std::fs::write(world.data_dir().join("index.sqlite"), b"this is no database, and long enough to be looked at as one").unwrap();
    world.restart().await;
}

#[tokio::test]
async fn a_damaged_index_is_set_aside_by_name_and_its_accounts_are_found_in_the_keychain() {
    let mut world = World::new().await;
    let ada = world.connect("ada", BOTH, BOTH).await;
    let tunde = world.connect("tunde", BOTH, &["profile:read"]).await;
    // A process ended in mid-probe, some time ago.
    world.vault.write("probe.left", "probe.left".to_owned().into()).await.unwrap();
    damage(&mut world).await;
    assert_eq!(world.records().len(), 2, "what is no record is left in the keychain");
    let told = world.core.view().set_aside.clone().unwrap();
    assert_eq!((told.recovered, told.file.starts_with("index.damaged-")), (Some(2), true), "{told:?}");
    assert!(world.data_dir().join(&told.file).is_file());
    assert_eq!(world.core.view().accounts.len(), 2);
    // Who runs the backend is agreed to anew; then everything works as before.
    world.core.confirm_backend(world.backend.as_str(), Some("Sandbox operator")).await.unwrap();
    world.core.load(&Caller::Window, &ada, Section::Profile).await.unwrap();
    world.core.load(&Caller::Window, &ada, Section::Wallet).await.unwrap();
    world.core.load(&Caller::Window, &tunde, Section::Profile).await.unwrap();
    assert_eq!(feature(&world.core.view(), &tunde, "wallet:read"), "not_asked");
    assert!(world.core.view().accounts.iter().all(|account| account.name.is_some()));
    // Told once.
    world.restart().await;
    assert_eq!((world.core.view().set_aside.clone(), world.core.view().accounts.len()), (None, 2));
}

#[tokio::test]
async fn a_newer_index_is_refused_with_its_own_sentence_and_left_unchanged() {
    let world = World::new().await;
    world.core.shutdown().await;
    let path = world.data_dir().join("index.sqlite");
    rusqlite::Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let before = std::fs::read(&path).unwrap();
    assert_eq!(world.try_second().await.err().map(|problem| problem.code), Some(ProblemCode::IndexNewer));
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[tokio::test]
async fn an_index_that_cannot_be_written_loses_no_token() {
    let world = World::new().await;
    let account = world.connect("ada", BOTH, BOTH).await;
    // Somebody else holds the database for good.
    let holder = rusqlite::Connection::open(world.data_dir().join("index.sqlite")).unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    world.clock.advance(std::time::Duration::from_secs(3700));
    assert_eq!(world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap_err().code, ProblemCode::IndexUnavailable);
    // Without a durable mark nothing was sent.
    assert_eq!(world.count("refreshes").await, 0);
    holder.execute_batch("ROLLBACK").unwrap();
    world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap();
    assert_eq!(world.count("refreshes").await, 1);
}

#[tokio::test]
async fn whose_an_account_is_comes_back_by_looking() {
    for scopes in [&["profile:read"][..], &["wallet:read"]] {
        let mut world = World::new().await;
        world.connect("ada", scopes, scopes).await;
        damage(&mut world).await;
        world.core.confirm_backend(world.backend.as_str(), Some("Sandbox operator")).await.unwrap();
        world.core.look().await;
        // The same person again is noticed.
        world.core.connect(&Caller::Window, support::scopes(scopes)).await.unwrap();
        world.approve("ada", &[]).await;
        let decide = |view: &Snapshot| matches!(support::stage(view), Some(Stage::Decide { .. } | Stage::Done { .. }));
        let view = world.until("decide", decide).await;
        let Some(Stage::Decide { conflict }) = support::stage(&view) else { panic!("connected twice: {scopes:?}") };
        assert!(matches!(conflict, Conflict::AlreadyConnected { .. }), "{scopes:?} {conflict:?}");
    }
}
