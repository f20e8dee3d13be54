//! Which service there is, and whether it works.

use std::sync::Arc;
use std::time::{Duration, Instant};

use connect_core::Caller;
use connect_core::problem::ProblemCode;
use connect_core::snapshot::{Health, KeychainState, Section};
use connect_core::vault::{KeychainVault, Vault, VaultError, probe};
use rustix::process::{Signal, kill_process};

use crate::entries::connected;
use crate::session::{SERVICE, unlock, until};
use crate::support::World;

/// Nothing that a person waits for takes longer.
const SOON: Duration = Duration::from_secs(1);

pub async fn restarted() {
    let first = unlock();
    let (world, account) = connected().await;
    world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap();
    drop(first);
    let _second = unlock();
    world.core.load(&Caller::Window, &account, Section::Profile).await.expect("the first call after a restart works");
    assert_eq!((&world.core.view().accounts[0].health, world.core.view().keychain), (&Health::Connected, KeychainState::Ready));
}

pub async fn hangs() {
    let keyring = unlock();
    let (world, account) = connected().await;
    kill_process(keyring.pid(), Signal::STOP).unwrap();
    let core = world.core.clone();
    let began = Instant::now();
    let probing = tokio::spawn(async move { core.probe().await });
    world.until("the keychain takes its time", |view| view.keychain == KeychainState::Timeout).await;
    assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
    probing.await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(25), "{:?}", began.elapsed());
    kill_process(keyring.pid(), Signal::CONT).unwrap();
    world.core.look().await;
    world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap();
    assert_eq!(world.core.view().keychain, KeychainState::Ready);
    let vault = KeychainVault::new(SERVICE).unwrap();
    let names = vault.list().await.unwrap();
    assert_eq!(names.len(), 1, "{names:?}");
}

pub async fn broken() {
    // It has the name, and no object of the Secret Service.
    let service = zbus::blocking::connection::Builder::session().unwrap().serve_at("/", Nothing).unwrap();
    let service = service.name("org.freedesktop.secrets").unwrap().build().unwrap();
    let vault = KeychainVault::new(SERVICE).unwrap();
    assert_eq!(probe(&vault).await, Err(VaultError::Failed));
    assert_eq!(vault.look().await, Err(VaultError::Failed));
    drop(service);
    let _keyring = unlock();
    vault.look().await.expect("a service that works is used at once");
}

struct Nothing;

#[zbus::interface(name = "test.Nothing")]
impl Nothing {}

pub async fn started_by_name() {
    let vault = KeychainVault::new(SERVICE).unwrap();
    // Without a password it has no default keyring.
    assert_eq!(vault.look().await, Err(VaultError::NotSetUp));
    until("it runs", || crate::session::has_owner("org.freedesktop.secrets"));
}

pub async fn absent(error: VaultError) {
    let began = Instant::now();
    let vault = KeychainVault::new(SERVICE).unwrap();
    assert_eq!(probe(&vault).await, Err(error));
    assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
    let mut world = World::new().await;
    world.restart_with(Arc::new(vault)).await;
    let (state, code) = match error {
        VaultError::Absent => (KeychainState::Absent, ProblemCode::KeychainAbsent),
        _ => (KeychainState::NoBus, ProblemCode::KeychainNoBus),
    };
    assert_eq!(world.core.view().keychain, state);
    world.core.connect(&Caller::Window, vec!["profile:read".into()]).await.unwrap();
    assert_eq!(world.failed().await.code, code);
    // On the person's choice it goes on without, and ends with the run.
    world.core.keep_in_memory().await;
    assert!(world.core.view().in_memory);
    let account = world.connect("ada", &["profile:read"], &["profile:read"]).await;
    world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap();
    world.clock.advance(Duration::from_secs(3500));
    world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap();
    world.core.shutdown().await;
    let state = world.sandbox_state().await;
    assert!(state["grants"].as_array().unwrap().iter().all(|grant| grant["alive"] == false), "left alive");
    let again = world.second().await;
    assert!(again.view().accounts.is_empty());
}
