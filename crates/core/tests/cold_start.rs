//! Links that arrive when the run they are for has ended: by quitting, by a kill, or long ago; and links that belong to no approval of this program.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a step of a test that fails is a failed test")]

mod support;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use connect_core::Caller;
use connect_core::problem::ProblemCode;
use connect_core::snapshot::{Channel, Decision, Snapshot, Stage};
use connect_core::vault::Vault;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use support::watched_vault::WatchedVault;
use support::{SCHEME, START, World, feature, is_new, is_settled, person, scopes, stage};
use url::Url;

const BOTH: &[&str] = &["profile:read", "wallet:read"];

/// Begins to connect, and has the person approve in the browser. Gives the link at the end of the way, which nobody has followed yet.
async fn approved(world: &World) -> String {
    world.core.connect(&Caller::Window, scopes(BOTH)).await.unwrap();
    approve_by_link(world, "ada", BOTH).await
}

async fn approve_by_link(world: &World, user: &str, allowed: &[&str]) -> String {
    world.waiting().await;
    world.core.use_deep_link().await.unwrap();
    let end = person::walk(&world.opened(), user, Some(allowed)).await;
    world.browser.opened.lock().unwrap().clear();
    person::deep_link(&end.page, SCHEME)
}

fn ended(view: &Snapshot) -> bool {
    matches!(stage(view), Some(Stage::Failed { problem }) if problem.code == ProblemCode::RunEnded)
}

#[tokio::test]
async fn a_link_finishes_what_was_begun_before_the_program_was_quit() {
    let mut world = World::new().await;
    let link = approved(&world).await;
    assert_eq!(world.pending().len(), 1);
    world.restart().await;
    // Nothing is shown of it, and the keychain keeps it.
    assert_eq!((world.core.view().transaction.is_none(), world.pending().len()), (true, 1));
    world.core.deep_link(&link).await;
    let view = world.until("whose it is", is_new).await;
    let shown = view.transaction.as_ref().unwrap();
    assert_eq!((&shown.requested, shown.channel), (&scopes(BOTH), Channel::DeepLink));
    world.done().await;
    world.nothing_pending().await;
    let view = world.core.view();
    assert_eq!((view.accounts.len(), world.records().len()), (1, 1));
    assert!(view.accounts[0].name.as_deref().is_some_and(|name| name.starts_with("Ada")));
    // The browser may bring the link once more: it is finished, and nothing is said against it.
    world.core.deep_link(&link).await;
    assert_eq!((world.core.view().transaction.is_none(), world.count("code_exchanges").await), (true, 1));
    // In a run that doesn't know of it, it is of an earlier one.
    world.restart().await;
    world.core.deep_link(&link).await;
    world.until("the end of the run", ended).await;
    assert_eq!((world.count("code_exchanges").await, world.core.view().accounts.len()), (1, 1));
}

#[tokio::test]
async fn a_link_in_the_next_run_goes_to_nobody_but_the_operator_whom_the_person_agreed_to() {
    let mut world = World::proxied().await;
    let link = approved(&world).await;
    world.core.shutdown().await;
    let proxy = world.proxy.clone().unwrap();
    proxy.rewrite("Sandbox operator", "Another operator");
    // Nobody has asked yet in this run who runs the backend, and for a moment it doesn't tell.
    proxy.keep_quiet(true);
    world.core = world.second().await;
    let before = proxy.asked();
    world.core.deep_link(&link).await;
    let asked = async {
        while proxy.asked() < before + 2 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), asked).await.expect("nobody asks who runs it");
    proxy.keep_quiet(false);
    let refused =
        |view: &Snapshot| matches!(stage(view), Some(Stage::Failed { problem }) if problem.code == ProblemCode::BackendUnconfirmed);
    world.until("another operator", refused).await;
    assert_eq!((world.count("code_exchanges").await, world.pending().len()), (0, 1));
    // Agreed to, the same link finishes.
    world.core.confirm_backend(world.backend.as_str(), Some("Another operator")).await.unwrap();
    world.core.deep_link(&link).await;
    world.until("whose it is", is_new).await;
    world.done().await;
    world.nothing_pending().await;
    assert_eq!((world.count("code_exchanges").await, world.core.view().accounts.len()), (1, 1));
}

#[tokio::test]
async fn an_approval_for_an_account_goes_to_that_account_in_the_next_run_too() {
    let mut world = World::new().await;
    let account = world.connect("ada", BOTH, BOTH).await;
    world.core.reconnect(&Caller::Window, &account, scopes(&["kyc:read", "wallet:send"])).await.unwrap();
    let link = approve_by_link(&world, "ada", &["kyc:read"]).await;
    world.restart().await;
    world.core.deep_link(&link).await;
    assert_eq!(world.done().await, account);
    let view = world.core.view();
    assert_eq!((view.accounts.len(), feature(&view, &account, "kyc:read")), (1, "enabled".into()));
    assert_eq!(feature(&view, &account, "wallet:send"), "declined");
}

#[tokio::test]
async fn a_refusal_is_told_in_the_next_run_and_a_better_answer_still_counts() {
    let mut world = World::new().await;
    world.core.connect(&Caller::Window, scopes(BOTH)).await.unwrap();
    world.waiting().await;
    world.core.use_deep_link().await.unwrap();
    let start = world.opened();
    let no = person::deep_link(&person::walk(&start, "ada", None).await.page, SCHEME);
    let yes = person::deep_link(&person::walk(&start, "ada", Some(BOTH)).await.page, SCHEME);
    world.restart().await;
    world.core.deep_link(&no).await;
    world
        .until("the refusal", |view| matches!(stage(view), Some(Stage::Failed { problem }) if problem.code == ProblemCode::Declined))
        .await;
    world.core.deep_link(&yes).await;
    world.done().await;
    assert_eq!(world.core.view().accounts.len(), 1);
    world.nothing_pending().await;
}

#[tokio::test]
async fn a_link_of_a_listed_transaction_with_an_answer_of_somebody_elses_leaves_it_waiting() {
    let mut world = World::new().await;
    let link = approved(&world).await;
    world.restart().await;
    let (before, _) = link.split_once("handoff=").unwrap();
    world.core.deep_link(&format!("{before}handoff=made-up")).await;
    let view = world.until("waiting", |view| matches!(stage(view), Some(Stage::Waiting { .. }))).await;
    assert!(matches!(stage(&view), Some(Stage::Waiting { expires_at, .. }) if *expires_at == START + 600_000), "{:?}", stage(&view));
    assert!(world.core.start_link().is_some(), "the link can be copied as before");
    world.core.deep_link(&link).await;
    world.done().await;
}

#[tokio::test]
async fn cancelling_and_starting_another_end_the_earlier_one_for_good() {
    let mut world = World::new().await;
    let link = approved(&world).await;
    world.core.cancel().await;
    world.nothing_pending().await;
    world.core.deep_link(&link).await;
    world.until("the end of the run", ended).await;
    world.core.dismiss().await;

    world.core.connect(&Caller::Window, scopes(BOTH)).await.unwrap();
    let first = approve_by_link(&world, "tunde", BOTH).await;
    world.restart().await;
    world.core.connect(&Caller::Window, scopes(BOTH)).await.unwrap();
    world.waiting().await;
    assert_eq!(world.pending().len(), 1, "the earlier entry stays in the keychain");
    world.core.deep_link(&first).await;
    assert!(matches!(stage(&world.core.view()), Some(Stage::Waiting { .. })), "a link of an earlier run ended the present one");
    world.approve("markup", BOTH).await;
    world.done().await;
    assert_eq!(world.count("code_exchanges").await, 1);
}

#[tokio::test]
async fn an_expired_transaction_is_over_and_its_entry_is_swept_with_the_next_thing_that_is_asked_for() {
    let mut world = World::new().await;
    let account = world.connect("ada", BOTH, BOTH).await;
    world.core.reconnect(&Caller::Window, &account, scopes(&["kyc:read"])).await.unwrap();
    let link = approve_by_link(&world, "ada", &["kyc:read"]).await;
    let vault = WatchedVault::over(&world.vault);
    world.restart_with(Arc::clone(&vault) as Arc<dyn Vault>).await;
    world.clock.advance(Duration::from_secs(601));
    let asked = vault.asked.load(Ordering::SeqCst);
    world.core.deep_link(&link).await;
    world.until("the end of the run", ended).await;
    assert_eq!(vault.asked.load(Ordering::SeqCst), asked, "the keychain was asked for a transaction that is over");
    assert_eq!(world.pending().len(), 1);
    world.core.load(&Caller::Window, &account, connect_core::snapshot::Section::Profile).await.unwrap();
    world.nothing_pending().await;
    assert_eq!(world.records().len(), 1);
}

#[tokio::test]
async fn in_memory_alone_nothing_is_kept_for_a_link() {
    let mut world = World::new().await;
    world.core.keep_in_memory().await;
    let link = approved(&world).await;
    assert!(world.records().is_empty());
    world.restart().await;
    world.core.deep_link(&link).await;
    world.until("the end of the run", ended).await;
}

#[tokio::test]
async fn a_locked_keychain_is_told_and_the_same_link_works_once_it_is_open() {
    let mut world = World::new().await;
    let link = approved(&world).await;
    let vault = WatchedVault::over(&world.vault);
    world.restart_with(Arc::clone(&vault) as Arc<dyn Vault>).await;
    vault.locked.store(true, Ordering::SeqCst);
    world.core.deep_link(&link).await;
    let locked = |view: &Snapshot| matches!(stage(view), Some(Stage::Failed { problem }) if problem.code == ProblemCode::KeychainLocked);
    world.until("the lock", locked).await;
    vault.locked.store(false, Ordering::SeqCst);
    world.core.deep_link(&link).await;
    world.done().await;
}

#[tokio::test]
async fn another_backend_never_gets_the_proof() {
    let mut world = World::new().await;
    let link = approved(&world).await;
    world.restart().await;
    let (other, _keep) = {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        (Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap(), listener)
    };
    world.core.set_backend(other.as_str()).await.unwrap();
    world.core.deep_link(&link).await;
    assert_eq!(world.failed().await.code, ProblemCode::BackendUnconfirmed);
    // Back at the first one, it is finished.
    world.core.set_backend(world.backend.as_str()).await.unwrap();
    world.core.deep_link(&link).await;
    world.done().await;
}

/// Whatever a web page has the system open reads no keychain, stores nothing and ends nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn links_of_nobodys_asking_touch_no_keychain() {
    let mut world = World::new().await;
    let link = approved(&world).await;
    let vault = WatchedVault::over(&world.vault);
    world.restart_with(Arc::clone(&vault) as Arc<dyn Vault>).await;
    let asked = vault.asked.load(Ordering::SeqCst);
    let (own, handoff) = link.split_once("tx=").unwrap().1.split_once("&handoff=").unwrap();
    let part = |texts: &[&str]| proptest::sample::select(texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>());
    // Well-formed but for another transaction, and malformed in any one part, or in all.
    let scheme = prop_oneof![4 => part(&[SCHEME]), 1 => part(&["org.moneiconnections.manager.sandbox", "https", "", "ORG.moneiconnections.manager"])];
    let path = prop_oneof![4 => part(&["/callback"]), 1 => part(&["//callback", "/callback/", "/other", "", "//host/callback"])];
    let foreign = "[A-Za-z0-9_-]{22}".prop_filter("another one", |text| text != own);
    let transaction = prop_oneof![4 => foreign, 1 => ".{0,40}".prop_filter("another one", |text| text != own)];
    let rest = prop_oneof![
        4 => Just(format!("&handoff={handoff}")),
        1 => part(&["", "&error=access_denied", "&handoff=", "&handoff=a&handoff=b", "&handoff=a&code=b"]),
        1 => "&handoff=[A-Za-z0-9_-]{1,40}",
        1 => ".{0,60}",
    ];
    let links = (scheme, path, transaction, rest).prop_map(|(scheme, path, tx, rest)| format!("{scheme}:{path}?tx={tx}{rest}"));
    TestRunner::new(Config { cases: Config::default().cases.max(300), ..Config::default() })
        .run(&links, |text| {
            let core = world.core.clone();
            tokio::task::block_in_place(|| {
                tokio::runtime::Handle::current().block_on(async {
                    core.deep_link(&text).await;
                    let view = core.view();
                    prop_assert!(view.transaction.is_none() || ended(&view), "{text}: {:?}", stage(&view));
                    let well_formed = connect_core::parse_deep_link(&text, SCHEME).is_ok();
                    prop_assert_eq!(view.transaction.is_some(), well_formed, "{}", text);
                    core.dismiss().await;
                    Ok(())
                })
            })?;
            prop_assert_eq!(vault.asked.load(Ordering::SeqCst), asked);
            Ok(())
        })
        .unwrap();
    assert_eq!(world.pending().len(), 1);
    // The true one still finishes.
    world.core.deep_link(&link).await;
    world.done().await;
}

/// Not a test of its own: the process that is killed, or that the link starts.
#[cfg(debug_assertions)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child() {
    let Some((job, core)) = support::process::ours().await else { return };
    match job.split_once(' ') {
        Some(("link", link)) => core.deep_link(link).await,
        _ => core.connect(&Caller::Window, scopes(BOTH)).await.unwrap(),
    }
    let mut views = core.subscribe();
    let view = views.wait_for(|view| is_settled(view)).await.unwrap().clone();
    if is_new(&view) {
        core.decide(Decision::AddAsAccount).await.unwrap();
    }
    match stage(&view) {
        Some(Stage::Failed { problem }) => println!("\noutcome {}", problem.code.name()),
        _ => println!("\noutcome {} account", core.view().accounts.len()),
    }
}

#[cfg(debug_assertions)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_finishes_what_a_killed_process_waited_for() {
    use support::process::{line, run, start};
    let world = World::new().await;
    world.core.shutdown().await;
    let mut child = start(&world, "connect", Duration::ZERO, None);
    let opened = Url::parse(&line(&mut child, "browser").await.unwrap()).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    // The page that "Browser shows an error?" opens.
    let mut by_link = opened.clone();
    by_link.query_pairs_mut().clear();
    for (name, value) in opened.query_pairs() {
        by_link.query_pairs_mut().append_pair(&name, if name == "return" { "deep-link" } else { &value });
    }
    let end = person::walk(&by_link, "ada", Some(BOTH)).await;
    let job = format!("link {}", person::deep_link(&end.page, SCHEME));
    assert_eq!(run(&world, &job, Duration::from_secs(1)).await, "1 account");
    assert_eq!(run(&world, &job, Duration::from_secs(2)).await, "run_ended");
}
