//! A disk that is full: nothing is lost, the person is told, and it goes on once there is room again.
//!
//! The limit on the size of files (`RLIMIT_FSIZE`) stands in for the disk: it needs no rights, and is for one process, so each case runs
//! in one of its own.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a step of a test that fails is a failed test")]

mod support;

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use connect_core::Caller;
use connect_core::Connections;
use connect_core::problem::ProblemCode;
use connect_core::snapshot::{Channel, DisconnectOutcome, Health, Preferences, Section, Unrevoked};
use connect_core::vault::{MemoryVault, Vault, VaultFuture};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use secrecy::SecretString;
use support::{World, scopes};

const CASE: &str = "CONNECT_TEST_DISK";
const PROFILE: &[&str] = &["profile:read"];

/// No file grows any more. What was there already can be read.
fn full() {
    setrlimit(Resource::Fsize, Rlimit { current: Some(0), maximum: getrlimit(Resource::Fsize).maximum }).unwrap();
}

fn room() {
    let maximum = getrlimit(Resource::Fsize).maximum;
    setrlimit(Resource::Fsize, Rlimit { current: maximum, maximum }).unwrap();
}

fn in_process(case: &str) {
    // Ignored, the signal that comes with the limit is an error of the write, as on a full disk.
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""]).arg(std::env::current_exe().unwrap());
    let output = command.args(["--exact", "child", "--nocapture"]).env(CASE, case).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("case done"), "{said}{}", String::from_utf8_lossy(&output.stderr));
}

/// Not a test of its own: what each case does within its process.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child() {
    match std::env::var(CASE).as_deref() {
        Ok("unmarked") => unmarked().await,
        Ok("untold") => untold().await,
        Ok("connecting") => connecting().await,
        Ok("choosing") => choosing().await,
        _ => return,
    }
    // Into a pipe, which no limit is for.
    println!("case done");
}

/// A keychain on another disk. The index's becomes full when a rotated pair has been written.
#[derive(Default)]
struct FillsUp {
    entries: MemoryVault,
    armed: AtomicBool,
}

impl Vault for FillsUp {
    fn read<'a>(&'a self, name: &'a str) -> VaultFuture<'a, Option<SecretString>> {
        self.entries.read(name)
    }

    fn write<'a>(&'a self, name: &'a str, value: SecretString) -> VaultFuture<'a, ()> {
        Box::pin(async move {
            self.entries.write(name, value).await?;
            if self.armed.load(Ordering::SeqCst) && !name.contains('.') {
                full();
            }
            Ok(())
        })
    }

    fn delete<'a>(&'a self, name: &'a str) -> VaultFuture<'a, ()> {
        self.entries.delete(name)
    }
}

/// Without a durable mark nothing is sent.
async fn unmarked() {
    let world = World::new().await;
    let account = world.connect("ada", PROFILE, PROFILE).await;
    world.clock.advance(Duration::from_secs(3700));
    full();
    assert_eq!(world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap_err().code, ProblemCode::IndexUnavailable);
    assert_eq!((world.count("refreshes").await, world.records().len(), world.core.view().accounts.len()), (0, 1, 1));
    room();
    world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap();
    assert_eq!((world.count("refreshes").await, &world.core.view().accounts[0].health), (1, &Health::Connected));
}

/// The pair is in the keychain and the index can't be told: the next look makes up for it, in this process or another.
async fn untold() {
    let mut world = World::new().await;
    let vault = Arc::new(FillsUp::default());
    world.restart_with(Arc::clone(&vault) as Arc<dyn Vault>).await;
    world.control("switch", serde_json::json!({"name": "reuse_revokes_family", "value": "on"})).await;
    let account = world.connect("ada", PROFILE, PROFILE).await;
    world.clock.advance(Duration::from_secs(3700));
    vault.armed.store(true, Ordering::SeqCst);
    assert_eq!(world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap_err().code, ProblemCode::IndexUnavailable);
    assert_eq!(world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap_err().code, ProblemCode::IndexUnavailable);
    vault.armed.store(false, Ordering::SeqCst);
    room();
    world.restart_with(Arc::clone(&vault) as Arc<dyn Vault>).await;
    world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap();
    assert_eq!((world.count("refreshes").await, &world.core.view().accounts[0].health), (1, &Health::Connected));
}

/// Whether the result can be stored is checked before the browser is opened.
async fn connecting() {
    let world = World::new().await;
    full();
    world.core.connect(&Caller::Window, scopes(PROFILE)).await.unwrap();
    assert_eq!(world.failed().await.code, ProblemCode::IndexUnavailable);
    assert!(world.browser.opened.lock().unwrap().is_empty(), "the browser was opened, though the approval could not be stored");
    room();
    // Full while the person was away: what can't be kept does not stay alive at Monei.
    world.core.connect(&Caller::Window, scopes(PROFILE)).await.unwrap();
    world.waiting().await;
    full();
    world.approve("ada", PROFILE).await;
    assert_eq!(world.failed().await.code, ProblemCode::IndexUnavailable);
    let alive = |state: serde_json::Value| state["grants"].as_array().unwrap().iter().filter(|grant| grant["alive"] == true).count();
    assert_eq!((alive(world.sandbox_state().await), world.records().len(), world.core.view().accounts.len()), (0, 0, 0));
    room();
    let account = world.connect("ada", PROFILE, PROFILE).await;
    full();
    assert_eq!(world.core.disconnect(&Caller::Window, &account, Unrevoked::Keep).await.unwrap_err().code, ProblemCode::IndexUnavailable);
    room();
    // Monei's yes is remembered: doing it again needs no tokens any more.
    assert_eq!(world.core.disconnect(&Caller::Window, &account, Unrevoked::Keep).await, Ok(DisconnectOutcome::Revoked));
    assert_eq!((alive(world.sandbox_state().await), world.records().len(), world.core.view().accounts.len()), (0, 0, 0));
}

/// A choice that can't be stored isn't shown as made.
async fn choosing() {
    let mut world = World::new().await;
    full();
    let chosen = Preferences { channel: Channel::DeepLink, ..world.core.view().preferences };
    assert_eq!(world.core.set_preferences(chosen).await.unwrap_err().code, ProblemCode::IndexUnavailable);
    assert_eq!(world.core.view().preferences.channel, Channel::Loopback);
    assert_eq!(world.core.set_backend("https://other.example.org").await.unwrap_err().code, ProblemCode::IndexUnavailable);
    assert_eq!(world.core.view().backend.address.as_deref(), Some(world.backend.as_str().trim_end_matches('/')));
    // What is there can be opened and shown; a first start is refused with the same sentence.
    assert!(world.try_second().await.is_ok());
    let fresh = tempfile::tempdir().unwrap();
    let first = || {
        let (clock, browser) = (Arc::new(support::TestClock::at(support::START)), Arc::new(support::TestBrowser::default()));
        Connections::start(support::options(fresh.path(), &world.backend, clock, browser, Arc::new(MemoryVault::default())))
    };
    assert_eq!(first().await.err().map(|problem| problem.code), Some(ProblemCode::IndexUnavailable));
    room();
    assert!(first().await.is_ok());
    world.core.set_preferences(chosen).await.unwrap();
    world.restart().await;
    assert_eq!(world.core.view().preferences.channel, Channel::DeepLink);
}

#[test]
fn a_refresh_that_cannot_be_marked_is_not_sent() {
    in_process("unmarked");
}

#[test]
fn a_rotated_pair_that_the_index_cannot_be_told_of_is_not_lost() {
    in_process("untold");
}

#[test]
fn nobody_approves_for_a_full_disk_and_nothing_half_done_stays() {
    in_process("connecting");
}

#[test]
fn a_choice_that_cannot_be_stored_is_not_shown_as_made() {
    in_process("choosing");
}
