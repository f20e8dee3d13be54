//! An answer of the browser that was being redeemed when the program ended, however it ended: the next start goes on with it, takes it back,
//! or tells that an approval may live on at Monei.

// Failpoints are in development builds only.
#![cfg(debug_assertions)]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a step of a test that fails is a failed test")]

mod support;

use std::process::Child;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use connect_core::Caller;
use connect_core::problem::ProblemCode;
use connect_core::snapshot::{ActivityEvent, Snapshot, Stage};
use connect_core::vault::{PENDING, Vault, VaultError, VaultFuture};
use secrecy::SecretString;
use support::file_vault::FileVault;
use support::process::{line, ours, start, wait_for_word};
use support::{SCHEME, World, feature, is_new, scopes, stage};
use url::Url;

const PROFILE: &[&str] = &["profile:read"];

fn is_finishing(view: &Snapshot) -> bool {
    matches!(stage(view), Some(Stage::Finishing { cancellable: true }))
}

/// Not a test of its own: the process that ends with an answer in hand.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child() {
    let Some((job, core)) = ours().await else { return };
    match job.split_once(' ') {
        Some(("reconnect", account)) => core.reconnect(&Caller::Window, account, scopes(&["kyc:read"])).await.unwrap(),
        _ => core.connect(&Caller::Window, scopes(PROFILE)).await.unwrap(),
    }
    let mut views = core.subscribe();
    views.wait_for(|view| is_finishing(view)).await.unwrap();
    println!("\nfinishing");
    wait_for_word().await;
    match job.as_str() {
        "cancel" => {
            core.cancel().await;
            println!("\ncancelled");
            wait_for_word().await;
        }
        "quit" => {
            core.shutdown().await;
            println!("\nquit");
        }
        _ => {}
    }
}

fn keychain(world: &World) -> FileVault {
    FileVault::new(&world.data_dir().parent().unwrap().join("keychain"))
}

/// A program that has quit, with its keychain in files.
async fn quit() -> World {
    let mut world = World::proxied().await;
    world.restart_with(Arc::new(keychain(&world))).await;
    world.core.shutdown().await;
    world
}

async fn restart(world: &mut World) {
    world.restart_with(Arc::new(keychain(world))).await;
}

/// A child that does `job`, and whose browser the person has approved `allowed` in.
async fn approving(world: &World, job: &str, failpoint: Option<&str>, allowed: &'static [&'static str]) -> Child {
    let mut child = start(world, job, Duration::ZERO, failpoint);
    let link: Url = line(&mut child, "browser").await.unwrap().parse().unwrap();
    // The page at the end of the walk may never come: its server is stopped.
    tokio::spawn(async move { support::person::walk(&link, "ada", Some(allowed)).await });
    child
}

fn kill(child: &mut Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

/// A keychain in files that can be locked, and that can refuse to replace what a transaction has in it.
struct FragileVault {
    inside: FileVault,
    locked: AtomicBool,
    keeps_no_answers: bool,
    written: Mutex<Vec<String>>,
}

impl FragileVault {
    fn of(world: &World, locked: bool, keeps_no_answers: bool) -> Arc<Self> {
        Arc::new(Self { inside: keychain(world), locked: AtomicBool::new(locked), keeps_no_answers, written: Mutex::default() })
    }

    fn answers(&self) -> Result<(), VaultError> {
        if self.locked.load(Ordering::SeqCst) { Err(VaultError::Locked) } else { Ok(()) }
    }
}

impl Vault for FragileVault {
    fn look(&self) -> VaultFuture<'_, ()> {
        Box::pin(async move { self.answers() })
    }

    fn read<'a>(&'a self, name: &'a str) -> VaultFuture<'a, Option<SecretString>> {
        Box::pin(async move {
            self.answers()?;
            self.inside.read(name).await
        })
    }

    fn write<'a>(&'a self, name: &'a str, value: SecretString) -> VaultFuture<'a, ()> {
        Box::pin(async move {
            self.answers()?;
            self.written.lock().unwrap().push(name.to_owned());
            if self.keeps_no_answers && name.starts_with(PENDING) && self.inside.read(name).await?.is_some() {
                return Err(VaultError::Refused);
            }
            self.inside.write(name, value).await
        })
    }

    fn delete<'a>(&'a self, name: &'a str) -> VaultFuture<'a, ()> {
        Box::pin(async move {
            self.answers()?;
            self.inside.delete(name).await
        })
    }

    fn list(&self) -> VaultFuture<'_, Vec<String>> {
        Box::pin(async move {
            self.answers()?;
            self.inside.list().await
        })
    }
}

/// A process was killed at `failpoint` of a new connection.
async fn killed_at(failpoint: &str) -> World {
    let world = quit().await;
    let mut child = approving(&world, "connect", Some(failpoint), PROFILE).await;
    assert_eq!(line(&mut child, "reached").await.as_deref(), Some(failpoint));
    kill(&mut child);
    world
}

/// Tokens were given for the answer of a child that does `job`, and don't get through to it.
async fn unanswered(job: &str) -> (World, Child) {
    let world = quit().await;
    world.proxy.as_ref().unwrap().keep_redeemed(true);
    let mut child = approving(&world, job, None, PROFILE).await;
    line(&mut child, "finishing").await.unwrap();
    eventually("nothing is exchanged", async || alive(&world).await == 1).await;
    (world, child)
}

async fn alive(world: &World) -> usize {
    world.sandbox_state().await["grants"].as_array().unwrap().iter().filter(|grant| grant["alive"] == true).count()
}

async fn failures(world: &World) -> Vec<String> {
    let rows = world.core.activity(None).await.unwrap();
    rows.into_iter().filter_map(|item| if let ActivityEvent::Failed { code } = item.event { Some(code) } else { None }).collect()
}

async fn eventually(what: &str, wanted: impl AsyncFn() -> bool) {
    let waited = async {
        while !wanted().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    assert!(tokio::time::timeout(Duration::from_secs(20), waited).await.is_ok(), "{what}");
}

/// The person is asked whose the approval is, and takes it in: nothing else is left of it, also for the next start.
async fn becomes_an_account(world: &mut World) {
    world.until("whose it is", is_new).await;
    world.done().await;
    eventually("something is left in the keychain", async || keychain(world).names().len() == 1).await;
    restart(world).await;
    world.core.look().await;
    assert!(world.core.view().transaction.is_none());
    let accounts = world.core.view().accounts.len();
    assert_eq!((accounts, alive(world).await, world.count("code_exchanges").await, failures(world).await), (1, 1, 1, vec![]));
}

/// The person is told on the screen and by the history that an approval may live on, and not again.
async fn is_told_as_lost_once(world: &mut World) {
    assert_eq!(world.failed().await.code, ProblemCode::ApprovalLost);
    world.core.look().await;
    world.core.poll().await;
    restart(world).await;
    world.core.look().await;
    assert!(world.core.view().transaction.is_none());
    assert_eq!((failures(world).await, world.core.view().accounts.len()), (vec!["approval_lost".to_owned()], 0));
    // At the latest with the next thing that the person asks for.
    world.connect("tunde", PROFILE, PROFILE).await;
    eventually("something is left in the keychain", async || keychain(world).names().len() == 1).await;
}

/// It was revoked, and nobody is told of it.
async fn is_taken_back(world: &World) {
    eventually("it lives on", async || alive(world).await == 0).await;
    eventually("something is left in the keychain", async || keychain(world).names().is_empty()).await;
    assert!(world.core.view().transaction.is_none());
    assert_eq!((world.core.view().accounts.len(), failures(world).await), (0, vec![]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_approval_for_an_account_goes_into_it_in_the_next_run_after_a_kill() {
    let mut world = quit().await;
    restart(&mut world).await;
    let account = world.connect("ada", PROFILE, PROFILE).await;
    world.core.shutdown().await;
    let mut child = approving(&world, &format!("reconnect {account}"), Some("connect.redeemed"), &["kyc:read"]).await;
    line(&mut child, "reached").await.unwrap();
    kill(&mut child);
    restart(&mut world).await;
    assert_eq!(world.done().await, account);
    assert_eq!((feature(&world.core.view(), &account, "kyc:read"), alive(&world).await), ("enabled".into(), 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_approval_survives_quitting_though_the_backend_stays_silent() {
    let (mut world, mut child) = unanswered("quit").await;
    support::process::go_on(&mut child);
    line(&mut child, "quit").await.unwrap();
    child.wait().unwrap();
    world.proxy.as_ref().unwrap().keep_redeemed(false);
    restart(&mut world).await;
    becomes_an_account(&mut world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_approval_that_was_cancelled_before_a_kill_is_taken_back() {
    let (mut world, mut child) = unanswered("cancel").await;
    support::process::go_on(&mut child);
    line(&mut child, "cancelled").await.unwrap();
    kill(&mut child);
    world.proxy.as_ref().unwrap().keep_redeemed(false);
    restart(&mut world).await;
    is_taken_back(&world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_approval_that_the_next_start_is_too_late_for_is_told_once() {
    for failpoint in ["connect.redeemed", "connect.noted"] {
        let mut world = killed_at(failpoint).await;
        world.clock.advance(Duration::from_secs(121));
        restart(&mut world).await;
        world.core.look().await;
        is_told_as_lost_once(&mut world).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_approval_waits_for_a_backend_that_cannot_be_reached_while_there_is_time() {
    for returns in [true, false] {
        let mut world = killed_at("connect.redeemed").await;
        let proxy = world.proxy.clone().unwrap();
        proxy.close().await;
        restart(&mut world).await;
        world.until("finishing", is_finishing).await;
        if returns {
            proxy.open().await;
            becomes_an_account(&mut world).await;
        } else {
            world.clock.advance(Duration::from_secs(121));
            world.until("told", |view| matches!(stage(view), Some(Stage::Failed { .. }))).await;
            proxy.open().await;
            is_told_as_lost_once(&mut world).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_the_backend_does_not_know_any_more_is_told_as_lost() {
    let mut world = killed_at("connect.redeemed").await;
    // As after its own restart with other keys.
    let refusal = r#"{"code":"invalid_handoff"}"#;
    let head = format!("HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", refusal.len());
    world.proxy.as_ref().unwrap().refuse_redeems(Some(head + refusal));
    restart(&mut world).await;
    world.until("told", |view| matches!(stage(view), Some(Stage::Failed { .. }))).await;
    world.proxy.as_ref().unwrap().refuse_redeems(None);
    is_told_as_lost_once(&mut world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_a_living_process_redeems_is_taken_up_by_no_other_one() {
    let mut world = quit().await;
    let mut child = approving(&world, "connect", Some("connect.redeemed"), PROFILE).await;
    line(&mut child, "reached").await.unwrap();
    let proxy = world.proxy.clone().unwrap();
    let redeemed = proxy.redeemed();
    restart(&mut world).await;
    world.core.look().await;
    world.core.poll().await;
    // What nothing comes of can't be waited for: what was begun above would be seen by now.
    assert!(world.core.view().transaction.is_none());
    assert_eq!((proxy.redeemed(), alive(&world).await), (redeemed, 1));
    world.clock.advance(Duration::from_secs(121));
    world.core.look().await;
    assert!(world.core.view().transaction.is_none(), "it isn't lost while that process lives");
    world.clock.back(Duration::from_secs(121));
    kill(&mut child);
    let mut fresh = world;
    restart(&mut fresh).await;
    assert!(fresh.core.view().transaction.is_some() || !failures(&fresh).await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_nobody_can_be_asked_it_is_taken_back() {
    let mut world = killed_at("connect.redeemed").await;
    // What a command without a window does.
    world.core = world.second_with(Arc::new(keychain(&world))).await;
    world.core.poll().await;
    is_taken_back(&world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_run_ends_what_an_earlier_one_left() {
    let mut world = killed_at("connect.redeemed").await;
    world.core = world.second_with(Arc::new(keychain(&world))).await;
    world.core.connect(&Caller::Window, scopes(PROFILE)).await.unwrap();
    world.waiting().await;
    eventually("it lives on", async || alive(&world).await == 0).await;
    assert!(matches!(stage(&world.core.view()), Some(Stage::Waiting { .. })));
    world.approve("ada", PROFILE).await;
    world.done().await;
    assert_eq!((alive(&world).await, failures(&world).await), (1, vec![]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_locked_keychain_is_waited_for_while_there_is_time_and_then_it_is_told() {
    for is_opened in [true, false] {
        let mut world = killed_at("connect.redeemed").await;
        let vault = FragileVault::of(&world, true, false);
        world.restart_unasked(vault.clone()).await;
        assert!(world.core.view().transaction.is_none());
        if is_opened {
            vault.locked.store(false, Ordering::SeqCst);
            world.core.look().await;
            becomes_an_account(&mut world).await;
        } else {
            world.clock.advance(Duration::from_secs(121));
            world.core.look().await;
            vault.locked.store(false, Ordering::SeqCst);
            is_told_as_lost_once(&mut world).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_another_keychain_does_not_have_is_told_as_lost() {
    let mut world = killed_at("connect.redeemed").await;
    for name in keychain(&world).names() {
        keychain(&world).delete(&name).await.unwrap();
    }
    restart(&mut world).await;
    is_told_as_lost_once(&mut world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_approval_succeeds_though_the_keychain_does_not_keep_its_answer() {
    let mut world = quit().await;
    let vault = FragileVault::of(&world, false, true);
    world.restart_with(vault).await;
    world.connect("ada", PROFILE, PROFILE).await;
    assert_eq!((alive(&world).await, failures(&world).await), (1, vec![]));
    restart(&mut world).await;
    assert!(world.core.view().transaction.is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_memory_alone_no_answer_is_kept_in_the_keychain() {
    let mut world = quit().await;
    let vault = FragileVault::of(&world, false, false);
    world.restart_unasked(vault.clone()).await;
    world.core.keep_in_memory().await;
    world.connect("ada", PROFILE, PROFILE).await;
    assert!(vault.written.lock().unwrap().is_empty(), "{:?}", vault.written);
    world.core.shutdown().await;
    restart(&mut world).await;
    assert!(world.core.view().transaction.is_none());
    assert_eq!((alive(&world).await, failures(&world).await), (0, vec![]));
}

/// The browser brings the same answer once more by a link, which starts the program.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_and_what_was_kept_of_its_answer_make_one_account() {
    for link_first in [true, false] {
        let mut world = killed_at("connect.redeemed").await;
        let name = keychain(&world).names().into_iter().find(|name| name.starts_with(PENDING)).unwrap();
        let kept = std::fs::read_to_string(world.data_dir().parent().unwrap().join("keychain").join(&name)).unwrap();
        let kept: serde_json::Value = serde_json::from_str(&kept).unwrap();
        let link = format!("{SCHEME}:/callback?tx={}&handoff={}", &name[PENDING.len()..], kept["h"][0].as_str().unwrap());
        world.core = world.second_with(Arc::new(keychain(&world))).await;
        if link_first {
            tokio::join!(world.core.deep_link(&link), world.core.look());
        } else {
            tokio::join!(world.core.look(), world.core.deep_link(&link));
        }
        becomes_an_account(&mut world).await;
    }
}

/// Where two people approve by one start link, the second approval is taken back, also where a kill came in between.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_answers_one_becomes_an_account_and_the_other_is_taken_back() {
    let mut world = quit().await;
    world.proxy.as_ref().unwrap().keep_redeemed(true);
    let mut child = start(&world, "connect", Duration::ZERO, None);
    let link: Url = line(&mut child, "browser").await.unwrap().parse().unwrap();
    for user in ["ada", "tunde"] {
        let link = link.clone();
        tokio::spawn(async move { support::person::walk(&link, user, Some(PROFILE)).await });
    }
    eventually("not both are exchanged", async || alive(&world).await == 2).await;
    kill(&mut child);
    world.proxy.as_ref().unwrap().keep_redeemed(false);
    restart(&mut world).await;
    world.until("whose it is", is_new).await;
    eventually("both live on", async || alive(&world).await == 1).await;
    world.done().await;
    eventually("something is left in the keychain", async || keychain(&world).names().len() == 1).await;
    assert_eq!((world.core.view().accounts.len(), failures(&world).await), (1, vec![]));
}
