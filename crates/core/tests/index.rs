//! What happens to accounts when the index is damaged, of a newer version, or can't be written.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a step of a test that fails is a failed test")]

mod support;

use std::io::{ErrorKind, Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use connect_core::problem::ProblemCode;
use connect_core::snapshot::{Conflict, Decision, Section, Snapshot, Stage, Unrevoked};
use connect_core::vault::{MemoryVault, Vault, VaultError, VaultFuture};
use connect_core::{Caller, NewApp, PassThrough};
use monei::Method;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;
use support::{World, feature};

const BOTH: &[&str] = &["profile:read", "wallet:read"];
const PROFILE: &[&str] = &["profile:read"];
const WITH_KYC: &[&str] = &["profile:read", "kyc:read"];

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

/// The same, where everything but `tables` can still be read.
async fn damage_in_part(world: &mut World, tables: &[&str]) {
    world.quit().await;
    let file = rusqlite::Connection::open(world.data_dir().join("index.sqlite")).unwrap();
    file.pragma_update(None, "foreign_keys", false).unwrap();
    for table in tables {
        file.execute_batch(&format!("DROP TABLE {table}")).unwrap();
    }
    drop(file);
    world.restart().await;
    assert!(world.core.view().set_aside.is_some());
}

/// A keychain that takes each entry once, and no change to it.
struct WritesOnce(Arc<MemoryVault>);

impl Vault for WritesOnce {
    fn read<'a>(&'a self, name: &'a str) -> VaultFuture<'a, Option<SecretString>> {
        self.0.read(name)
    }

    fn write<'a>(&'a self, name: &'a str, value: SecretString) -> VaultFuture<'a, ()> {
        Box::pin(async move { if self.0.read(name).await?.is_some() { Err(VaultError::Locked) } else { self.0.write(name, value).await } })
    }

    fn delete<'a>(&'a self, name: &'a str) -> VaultFuture<'a, ()> {
        self.0.delete(name)
    }
}

#[tokio::test]
async fn a_record_that_could_not_name_its_account_does_so_at_the_next_refresh() {
    let mut world = World::new().await;
    let vault = Arc::new(WritesOnce(Arc::clone(&world.vault)));
    world.restart_with(vault).await;
    let ada = world.connect("ada", PROFILE, PROFILE).await;
    world.core.load(&Caller::Window, &ada, Section::Profile).await.unwrap();
    world.restart().await;
    world.clock.advance(Duration::from_secs(3700));
    world.core.load(&Caller::Window, &ada, Section::Profile).await.unwrap();
    damage(&mut world).await;
    let found: Vec<String> = world.core.view().accounts.iter().map(|account| account.id.clone()).collect();
    assert_eq!((found, world.records().len()), (vec![ada], 1));
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

/// Bytes of one table are overwritten while the program has the index open. It goes on, since it has no need to read them.
fn damage_under_way(world: &World) {
    let path = world.data_dir().join("index.sqlite");
    let file = rusqlite::Connection::open(&path).unwrap();
    let busy: i64 = file.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0)).unwrap();
    let size: u32 = file.pragma_query_value(None, "page_size", |row| row.get(0)).unwrap();
    let page: u32 = file.query_row("SELECT rootpage FROM sqlite_schema WHERE name = 'kept'", [], |row| row.get(0)).unwrap();
    assert_eq!(busy, 0);
    let mut raw = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
    raw.seek(SeekFrom::Start(u64::from(page - 1) * u64::from(size))).unwrap();
    raw.write_all(&[0xff; 100]).unwrap();
}

fn set_aside(world: &World) -> usize {
    let names = std::fs::read_dir(world.data_dir()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.starts_with("index.damaged-") && name.ends_with(".sqlite")).count()
}

#[tokio::test]
async fn a_damaged_index_that_another_process_has_open_stays_where_it_is_until_nobody_has() {
    let mut world = World::new().await;
    let ada = world.connect("ada", BOTH, BOTH).await;
    damage_under_way(&world);
    assert_eq!(world.try_second().await.err().map(|problem| problem.code), Some(ProblemCode::OthersRunning));
    assert_eq!(set_aside(&world), 0, "the index was taken from under a process that runs");
    // What that one writes is still in the index.
    world.core.rename(&ada, Some("Shop".into())).await.unwrap();
    world.quit().await;
    let both = tokio::join!(world.try_second(), world.try_second());
    for second in [both.0.unwrap(), both.1.unwrap()] {
        let labels: Vec<_> = second.view().accounts.iter().map(|account| account.label.clone()).collect();
        assert_eq!(labels, [Some("Shop".to_owned())]);
    }
    assert_eq!(set_aside(&world), 1);
    world.restart().await;
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

/// Tunde approves what was asked for Ada's account, while Monei doesn't say whose that is.
async fn approved_by_somebody_else(world: &World) -> String {
    let ada = world.connect("ada", PROFILE, PROFILE).await;
    world.clock.advance(Duration::from_secs(60));
    world.core.reconnect(&Caller::Window, &ada, support::scopes(WITH_KYC)).await.unwrap();
    world.waiting().await;
    world.control("fault", json!({"target": "/user/me", "kind": "status", "status": 404, "times": 1})).await;
    world.approve("tunde", WITH_KYC).await;
    world.until("a decision", |view| matches!(support::stage(view), Some(Stage::Decide { .. }))).await;
    ada
}

/// The same, put into her account by mistake and found out.
async fn set_apart(world: &World) -> String {
    let ada = approved_by_somebody_else(world).await;
    world.core.decide(Decision::Merge).await.unwrap();
    world.done().await;
    world.core.check(&Caller::Window, &ada).await.unwrap();
    let asked = |view: &Snapshot| matches!(support::stage(view), Some(Stage::Decide { conflict: Conflict::OtherUser { .. } }));
    world.until("the person is asked", asked).await;
    ada
}

async fn revocation_fails(world: &World) {
    world.control("fault", json!({"target": "revoke", "kind": "status", "status": 500, "times": 100})).await;
}

async fn alive(world: &World, user: &str) -> usize {
    let state = world.sandbox_state().await;
    state["grants"].as_array().unwrap().iter().filter(|grant| grant["user"] == user && grant["alive"] == true).count()
}

/// Ada's account has her own grant alone.
async fn is_hers_alone(world: &World, ada: &str) {
    let view = world.core.view();
    assert_eq!(view.accounts.iter().map(|account| account.id.as_str()).collect::<Vec<_>>(), [ada]);
    assert_eq!((feature(&view, ada, "profile:read"), feature(&view, ada, "kyc:read")), ("enabled".into(), "not_asked".into()));
    world.core.confirm_backend(world.backend.as_str(), Some("Sandbox operator")).await.unwrap();
    assert_eq!(world.core.load(&Caller::Window, ada, Section::Kyc).await.unwrap_err().code, ProblemCode::ScopeMissing);
    world.core.load(&Caller::Window, ada, Section::Profile).await.unwrap();
    let name = world.core.view().accounts[0].name.clone();
    assert!(name.as_deref().is_some_and(|name| name.starts_with("Ada")), "{name:?}");
}

#[tokio::test]
async fn a_grant_that_was_set_apart_is_not_found_again_in_the_account_that_it_was_in() {
    let mut world = World::new().await;
    let ada = set_apart(&world).await;
    damage(&mut world).await;
    is_hers_alone(&world, &ada).await;
    assert_eq!((alive(&world, "ada").await, alive(&world, "tunde").await, world.records().len()), (1, 0, 1));
}

#[tokio::test]
async fn a_grant_that_was_discarded_and_may_live_on_is_not_found_again_in_an_account_either() {
    let mut world = World::new().await;
    let ada = set_apart(&world).await;
    revocation_fails(&world).await;
    world.core.decide(Decision::Discard).await.unwrap();
    assert_eq!(world.failed().await.code, ProblemCode::RevocationPending);
    damage(&mut world).await;
    is_hers_alone(&world, &ada).await;
    // It is still to be taken back.
    assert_eq!((alive(&world, "tunde").await, world.records().len()), (1, 2));
    world.control("reset", json!({"what": "faults"})).await;
    world.core.look().await;
    assert_eq!((alive(&world, "ada").await, alive(&world, "tunde").await, world.records().len()), (1, 0, 1));
}

#[tokio::test]
async fn a_grant_that_no_account_took_is_not_found_again_in_one() {
    let mut world = World::new().await;
    let ada = approved_by_somebody_else(&world).await;
    // Another process disconnects the account just then.
    let second = world.second().await;
    second.disconnect(&Caller::Window, &ada, Unrevoked::Keep).await.unwrap();
    second.shutdown().await;
    drop(second);
    revocation_fails(&world).await;
    world.core.decide(Decision::Merge).await.unwrap();
    assert_eq!(world.failed().await.code, ProblemCode::NoSuchAccount);
    damage(&mut world).await;
    assert_eq!((world.core.view().accounts.len(), world.records().len()), (0, 1));
    world.control("reset", json!({"what": "faults"})).await;
    world.core.look().await;
    assert_eq!((alive(&world, "tunde").await, world.records().len()), (0, 0));
}

#[tokio::test]
async fn what_the_damaged_index_still_tells_of_grants_in_no_account_counts() {
    let mut world = World::new().await;
    let ada = set_apart(&world).await;
    damage_in_part(&mut world, &["grants"]).await;
    assert_eq!(feature(&world.core.view(), &ada, "kyc:read"), "lost");
    // Nobody has decided about it: the person is asked, as before.
    world.core.look().await;
    let asked = |view: &Snapshot| matches!(support::stage(view), Some(Stage::Decide { conflict: Conflict::OtherUser { .. } }));
    world.until("the person is asked again", asked).await;
    assert_eq!((alive(&world, "tunde").await, world.records().len()), (1, 2));
    revocation_fails(&world).await;
    world.core.decide(Decision::Discard).await.unwrap();
    world.failed().await;
    // As an earlier version left it: the record names the account that the grant was in.
    for name in world.records() {
        let text = world.vault.read(&name).await.unwrap().unwrap();
        let text = text.expose_secret().replace("\"a\":\"\"", &format!("\"a\":\"{ada}\""));
        world.vault.write(&name, text.into()).await.unwrap();
    }
    damage_in_part(&mut world, &["grants"]).await;
    assert_eq!(feature(&world.core.view(), &ada, "kyc:read"), "lost");
    world.control("reset", json!({"what": "faults"})).await;
    world.core.look().await;
    assert_eq!((alive(&world, "ada").await, alive(&world, "tunde").await, world.records().len()), (1, 0, 1));
}

#[tokio::test]
async fn apps_their_keys_and_the_record_of_what_was_done_outlive_damage_to_other_parts() {
    let mut world = World::new().await;
    let ada = world.connect("ada", BOTH, BOTH).await;
    let before = world.records();
    let tunde = world.connect("tunde", BOTH, BOTH).await;
    let new = |name: &str, account: &str| NewApp {
        name: name.into(),
        account: account.into(),
        scopes: support::scopes(&["wallet:read"]),
        until: None,
    };
    let (kept, its_key) = world.core.allow_app(&Caller::Window, new("Budget sheet", &ada)).await.unwrap();
    let (gone, other_key) = world.core.allow_app(&Caller::Window, new("Till", &tunde)).await.unwrap();
    let (taken_back, old_key) = world.core.allow_app(&Caller::Window, new("Old sheet", &ada)).await.unwrap();
    world.core.take_back_app(&taken_back.id).await.unwrap();
    let call = || PassThrough { method: Method::Get, path: "/wallet/me", query: &[], body: None };
    world.core.pass_through(&Caller::App(kept.id.clone()), &kept.account, call()).await.unwrap();
    let done = world.core.app_log(&kept.id).await.unwrap();
    assert!(!done.is_empty());
    let paid = "INSERT INTO payments (id, app, account, endpoint, began_at) VALUES ('p', 'x', 'a', 'POST /wallet', 1)";
    rusqlite::Connection::open(world.data_dir().join("index.sqlite")).unwrap().execute(paid, []).unwrap();
    // Of Tunde's account nothing is found again.
    for name in world.records().into_iter().filter(|name| !before.contains(name)) {
        world.vault.delete(&name).await.unwrap();
    }
    damage_in_part(&mut world, &["grants", "accounts"]).await;
    assert_eq!(world.core.view().accounts.iter().map(|account| account.id.as_str()).collect::<Vec<_>>(), [ada.as_str()]);
    assert_eq!(world.core.app_log(&kept.id).await.unwrap(), done);
    let file = rusqlite::Connection::open(world.data_dir().join("index.sqlite")).unwrap();
    assert_eq!(file.query_row("SELECT count(*) FROM payments", [], |row| row.get::<_, u32>(0)).unwrap(), 1);
    drop(file);
    assert_eq!(world.core.app_of_key(its_key.expose(), false).await.unwrap().map(|app| app.id), Some(kept.id.clone()));
    for key in [other_key, old_key] {
        assert_eq!(world.core.app_of_key(key.expose(), false).await.unwrap(), None);
    }
    // It is still told what it did, as of one that was taken back.
    let apps = world.core.apps().await.unwrap();
    assert!(apps.iter().any(|app| app.id == gone.id && app.taken_back_at.is_some()), "{apps:?}");
    world.core.confirm_backend(world.backend.as_str(), Some("Sandbox operator")).await.unwrap();
    world.core.pass_through(&Caller::App(kept.id.clone()), &kept.account, call()).await.unwrap();
}

/// One text of the index is no text any more, and the program starts again.
async fn damage_a_text(world: &mut World, update: &str) {
    world.quit().await;
    let file = rusqlite::Connection::open(world.data_dir().join("index.sqlite")).unwrap();
    assert_eq!(file.execute(update, []).unwrap(), 1, "{update}");
    drop(file);
    world.restart().await;
    assert!(world.core.view().set_aside.is_none());
}

#[tokio::test]
async fn a_name_that_cannot_be_read_keeps_nobody_out_and_is_learnt_anew() {
    let mut world = World::new().await;
    let ada = world.connect("ada", BOTH, BOTH).await;
    for column in ["name", "email", "user_id", "wallet_id"] {
        let before = world.core.view().accounts[0].name.clone();
        damage_a_text(&mut world, &format!("UPDATE accounts SET {column} = CAST(x'ff' AS TEXT)")).await;
        world.core.load(&Caller::Window, &ada, Section::Profile).await.unwrap();
        world.core.load(&Caller::Window, &ada, Section::Wallet).await.unwrap();
        let view = world.core.view();
        assert_eq!((view.accounts.len(), &view.accounts[0].name), (1, &before), "{column}");
        assert_eq!(feature(&view, &ada, "wallet:read"), "enabled", "{column}");
    }
}

#[tokio::test]
async fn a_key_that_was_used_over_tcp_ends_where_its_port_cannot_be_read() {
    let mut world = World::new().await;
    let ada = world.connect("ada", BOTH, BOTH).await;
    world.core.set_api_port(45_000).await.unwrap();
    let new = NewApp { name: "Sheet".into(), account: ada.clone(), scopes: support::scopes(&["wallet:read"]), until: None };
    let (_, key) = world.core.allow_app(&Caller::Window, new).await.unwrap();
    assert!(world.core.app_of_key(key.expose(), true).await.unwrap().is_some());
    damage_a_text(&mut world, "UPDATE settings SET value = CAST(x'ff' AS TEXT) WHERE key = 'api_port'").await;
    // The next one is drawn.
    assert_eq!(world.core.set_api_port(45_001).await.unwrap(), 1);
    assert!(world.core.app_of_key(key.expose(), true).await.unwrap().is_none());
}

/// Whoever has the port by now could collect keys that come over TCP.
#[tokio::test]
async fn a_key_that_was_used_over_tcp_is_not_taken_over_without_its_port() {
    let mut world = World::new().await;
    let ada = world.connect("ada", BOTH, BOTH).await;
    for settings_are_lost in [false, true] {
        world.core.set_api_port(45_000).await.unwrap();
        let name = format!("Sheet {settings_are_lost}");
        let new = NewApp { name, account: ada.clone(), scopes: support::scopes(&["wallet:read"]), until: None };
        let (_, key) = world.core.allow_app(&Caller::Window, new).await.unwrap();
        assert!(world.core.app_of_key(key.expose(), true).await.unwrap().is_some());
        damage_in_part(&mut world, if settings_are_lost { &["grants", "settings"] } else { &["grants"] }).await;
        assert_eq!(world.core.app_of_key(key.expose(), true).await.unwrap().is_none(), settings_are_lost);
    }
}
