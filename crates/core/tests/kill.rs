//! The kill matrix: a process is killed (SIGKILL) at every step of a refresh, a connection and a disconnection, or the network is cut on
//! either hop, and what a new process then finds is counted. The tables are in `docs/token-life-cycle.md`; this test fails when they differ,
//! and `UPDATE_DOCS=1 cargo test -p connect-core --test kill` writes them anew.

// Failpoints are in development builds only.
#![cfg(debug_assertions)]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a step of a test that fails is a failed test")]

mod support;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use connect_core::Caller;
use connect_core::Connections;
use connect_core::snapshot::{ActivityEvent, Decision, DisconnectOutcome, Section, Unrevoked};
use serde_json::json;
use support::file_vault::FileVault;
use support::process::{go_on, line, ours, run, start, wait_for_word};
use support::proxy::Cut;
use support::{World, feature, is_new, is_settled};
use url::Url;

/// How often each step is tried.
const TIMES: usize = 3;
/// How many tasks of one process ask at the same time.
const CROWD: usize = 50;

/// Not a test of its own: the process that is killed, or that starts after it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child() {
    let Some((job, core)) = ours().await else { return };
    match job.split_once(' ') {
        Some(("crowd", account)) => println!("\noutcome {}", crowd(&core, account).await),
        Some(("load", account)) => {
            let outcome = core.load(&Caller::Window, account, Section::Profile).await;
            println!("\noutcome {}", outcome.err().map_or("working".into(), |problem| problem.code.name()));
        }
        Some(("use", account)) => {
            core.load(&Caller::Window, account, Section::Profile).await.unwrap();
            println!("\nused");
            wait_for_word().await;
        }
        Some(("disconnect", account)) => println!("\noutcome {:?}", core.disconnect(&Caller::Window, account, Unrevoked::Keep).await),
        _ => {
            core.connect(&Caller::Window, vec!["profile:read".into()]).await.unwrap();
            let mut views = core.subscribe();
            let view = views.wait_for(|view| is_settled(view)).await.unwrap().clone();
            if is_new(&view) {
                core.decide(if job == "discard" { Decision::Discard } else { Decision::AddAsAccount }).await.unwrap();
            }
            println!("\noutcome {:?}", support::stage(&view));
        }
    }
}

/// Many tasks at once; how many of them got what they asked for.
async fn crowd(core: &Connections, account: &str) -> usize {
    println!("\nready");
    wait_for_word().await;
    let calls = (0..CROWD).map(|_| {
        let (core, account) = (core.clone(), account.to_owned());
        tokio::spawn(async move { core.load(&Caller::Window, &account, Section::Profile).await })
    });
    let mut working = 0;
    for call in calls.collect::<Vec<_>>() {
        working += usize::from(call.await.unwrap().is_ok());
    }
    working
}

async fn kill_at(world: &World, job: &str, after: Duration, failpoint: &str) {
    let mut child = start(world, job, after, Some(failpoint));
    assert_eq!(line(&mut child, "reached").await.as_deref(), Some(failpoint));
    child.kill().unwrap();
    child.wait().unwrap();
}

/// A killed process has no orderly shutdown that could still write what is only in memory.
#[tokio::test]
async fn a_use_that_was_answered_is_in_the_record_though_the_process_is_killed() {
    let (mut world, account, vault) = due().await;
    let mut child = start(&world, &format!("use {account}"), Duration::ZERO, None);
    assert!(line(&mut child, "used").await.is_some());
    child.kill().unwrap();
    child.wait().unwrap();
    world.restart_with(Arc::new(vault)).await;
    let uses = world.core.uses(&account).await.unwrap();
    let told: Vec<_> = uses.iter().map(|row| (row.caller.as_str(), row.endpoint.as_str(), row.outcome.as_str(), row.count)).collect();
    assert_eq!(told, [("window", "GET /user/me", "ok", 1)]);
}

/// A connected account whose token is due, with the keychain in files, and a Monei that ends a family at the first reuse.
async fn due() -> (World, String, FileVault) {
    let mut world = World::proxied().await;
    let folder = world.data_dir().parent().unwrap().join("keychain");
    world.restart_with(Arc::new(FileVault::new(&folder))).await;
    world.control("switch", json!({"name": "reuse_revokes_family", "value": "on"})).await;
    let account = world.connect("ada", &["profile:read"], &["profile:read"]).await;
    world.core.shutdown().await;
    (world, account, FileVault::new(&folder))
}

/// Past the token's end, so that nothing but a refresh helps.
const DUE: Duration = Duration::from_secs(3700);
const SOON: Duration = Duration::from_secs(3710);
const LATE: Duration = Duration::from_secs(3825);

/// What a new process finds, in the words of the table. Loads twice, so that a loop would show.
async fn found(world: &World, account: &str, vault: &FileVault, after: Duration) -> String {
    let job = format!("load {account}");
    let first = run(world, &job, after).await;
    let (refreshes, calls) = (world.count("refreshes").await, world.count("token_calls").await);
    let second = run(world, &job, after + Duration::from_secs(1)).await;
    assert_eq!(world.count("token_calls").await, calls, "no token call follows by itself");
    let alive = world.sandbox_state().await["grants"].as_array().unwrap().iter().filter(|grant| grant["alive"] == true).count();
    match first.as_str() {
        "working" => {
            assert_eq!((second.as_str(), alive, vault.records().len()), ("working", 1, 1));
            format!("one working pair, {refreshes} refresh at Monei")
        }
        "access_revoked" => {
            assert_eq!((second.as_str(), vault.records().len()), ("scope_missing", 0));
            format!("asks to reconnect, {refreshes} refreshes at Monei")
        }
        other => panic!("neither working nor reconnect: {other}"),
    }
}

/// Steps with what is done at them, `TIMES` times each, as rows of a table.
#[derive(Default)]
struct Table(Vec<(String, BTreeMap<String, usize>)>);

impl Table {
    fn count(&mut self, step: &str, outcome: String) {
        if self.0.last().is_none_or(|(last, _)| last != step) {
            self.0.push((step.to_owned(), BTreeMap::new()));
        }
        *self.0.last_mut().unwrap().1.entry(outcome).or_default() += 1;
    }

    /// Compares with the document, or writes it.
    fn check(&self, name: &str) {
        let mut text = String::from("| step | outcome | of runs |\n|---|---|---|\n");
        for (step, outcomes) in &self.0 {
            let total: usize = outcomes.values().sum();
            for (outcome, count) in outcomes {
                text.push_str(&format!("| {step} | {outcome} | {count} of {total} |\n"));
            }
        }
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/token-life-cycle.md");
        let document = std::fs::read_to_string(&path).unwrap();
        let (opening, closing) = (format!("<!-- {name} -->\n"), format!("<!-- end of {name} -->"));
        let from = document.find(&opening).unwrap_or_else(|| panic!("no table {name}")) + opening.len();
        let to = document.find(&closing).unwrap();
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(&path, format!("{}{text}{}", &document[..from], &document[to..])).unwrap();
        } else {
            assert_eq!(&document[from..to], text, "docs/token-life-cycle.md tells otherwise; see this test's first lines");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_or_cut_refresh_ends_in_one_working_pair_or_a_clean_reconnect() {
    let mut table = Table::default();
    for (failpoint, step) in [
        ("refresh.unmarked", "killed before anything is written"),
        ("refresh.marked", "killed after the pending mark, before sending"),
        ("refresh.answered", "killed after the answer, before the keychain"),
        ("keychain.writing", "killed inside of the keychain's write"),
        ("refresh.kept", "killed after the keychain, before the index"),
        ("refresh.told", "killed after the index, before the first use"),
    ] {
        for _ in 0..TIMES {
            let (world, account, vault) = due().await;
            kill_at(&world, &format!("load {account}"), DUE, failpoint).await;
            table.count(step, found(&world, &account, &vault, SOON).await);
        }
    }
    for (cut, after, step) in [
        (Cut::HoldBefore, SOON, "killed after sending, the backend never saw it"),
        (Cut::HoldAfter, SOON, "killed after sending, the answer on its way"),
        (Cut::HoldBefore, LATE, "the same two, started again after 120 seconds: never seen"),
    ] {
        for _ in 0..TIMES {
            let (world, account, vault) = due().await;
            let proxy = world.proxy.clone().unwrap();
            proxy.plan(&[cut]);
            let mut child = start(&world, &format!("load {account}"), DUE, None);
            proxy.holding().await;
            child.kill().unwrap();
            child.wait().unwrap();
            table.count(step, found(&world, &account, &vault, after).await);
        }
    }
    for _ in 0..TIMES {
        let (world, account, vault) = due().await;
        let proxy = world.proxy.clone().unwrap();
        proxy.plan(&[Cut::HoldAfter]);
        let mut child = start(&world, &format!("load {account}"), DUE, None);
        proxy.holding().await;
        child.kill().unwrap();
        child.wait().unwrap();
        let step = "the same two, started again after 120 seconds: Monei had rotated";
        table.count(step, found(&world, &account, &vault, LATE).await);
    }
    for (cuts, step) in [
        (&[Cut::Before][..], "core–backend cut before the backend got it"),
        (&[Cut::After], "core–backend cut before the answer came"),
        (&[Cut::After, Cut::After], "the same twice in a row"),
    ] {
        for _ in 0..TIMES {
            let (world, account, vault) = due().await;
            world.proxy.clone().unwrap().plan(cuts);
            let first = run(&world, &format!("load {account}"), DUE).await;
            assert!(["working", "backend_unreachable"].contains(&first.as_str()), "{first}");
            table.count(step, found(&world, &account, &vault, SOON).await);
        }
    }
    for (kind, after, step) in [
        ("drop_before", LATE, "backend–Monei cut before Monei processed it"),
        ("drop_after", LATE, "backend–Monei cut after Monei processed it: the new pair never left Monei"),
    ] {
        for _ in 0..TIMES {
            let (world, account, vault) = due().await;
            world.control("fault", json!({"target": "token", "kind": kind, "times": 1})).await;
            assert_eq!(run(&world, &format!("load {account}"), DUE).await, "provider_unavailable", "{kind}");
            // Within two minutes it is the same question, and Monei is not asked again.
            let asked = world.count("token_calls").await;
            assert_eq!(run(&world, &format!("load {account}"), SOON).await, "provider_unavailable", "{kind}");
            assert_eq!((world.count("token_calls").await, vault.records().len()), (asked, 1), "{kind}");
            table.count(step, found(&world, &account, &vault, after).await);
        }
    }
    table.check("kill matrix");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_with_fifty_tasks_each_refresh_once() {
    let (world, account, vault) = due().await;
    let mut both = [(); 2].map(|()| start(&world, &format!("crowd {account}"), DUE, None));
    for child in &mut both {
        line(child, "ready").await.expect("it waits for the word");
    }
    both.iter_mut().for_each(go_on);
    for child in &mut both {
        assert_eq!(line(child, "outcome").await.as_deref(), Some("50"));
        child.wait().unwrap();
    }
    assert_eq!(world.count("refreshes").await, 1);
    assert_eq!(found(&world, &account, &vault, SOON).await, "one working pair, 1 refresh at Monei");
}

/// Monei would take 40 seconds: longer than anybody waits, and longer than the backend's own call may take. The backend hangs up before.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_takes_forty_seconds_ends_cleanly() {
    let (world, account, vault) = due().await;
    world.control("fault", json!({"target": "token", "kind": "delay", "delay_ms": 40_000, "times": 1})).await;
    assert_eq!(run(&world, &format!("load {account}"), DUE).await, "provider_unavailable");
    // Within two minutes it is the same question, and Monei is not asked again.
    let asked = world.count("token_calls").await;
    assert_eq!(run(&world, &format!("load {account}"), SOON).await, "provider_unavailable");
    assert_eq!((world.count("token_calls").await, vault.records().len()), (asked, 1));
    assert_eq!(found(&world, &account, &vault, LATE).await, "one working pair, 1 refresh at Monei");
}

/// Longer than the backend waits for Monei, and longer than its own call to Monei may take.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_takes_long_is_fetched_later_under_the_same_key() {
    let (world, account, vault) = due().await;
    world.control("fault", json!({"target": "token", "kind": "delay", "delay_ms": 15_000, "times": 1})).await;
    assert_eq!(run(&world, &format!("load {account}"), DUE).await, "provider_unavailable");
    assert_eq!(found(&world, &account, &vault, SOON).await, "one working pair, 1 refresh at Monei");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_dies_with_the_lock_holds_up_nobody() {
    let (world, account, vault) = due().await;
    let job = format!("load {account}");
    let mut holder = start(&world, &job, DUE, Some("refresh.marked"));
    line(&mut holder, "reached").await.expect("it has the lock");
    let mut waiting = start(&world, &job, DUE, None);
    // It gets as far as the lock, and no further while the other lives.
    tokio::time::timeout(Duration::from_millis(700), async {
        while waiting.try_wait().unwrap().is_none() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await
    .expect_err("the lock was not held");
    holder.kill().unwrap();
    holder.wait().unwrap();
    let outcome = tokio::time::timeout(Duration::from_secs(10), line(&mut waiting, "outcome")).await.expect("a deadlock");
    assert_eq!(outcome.as_deref(), Some("working"));
    waiting.wait().unwrap();
    assert_eq!(found(&world, &account, &vault, SOON).await, "one working pair, 1 refresh at Monei");
}

/// Whether the person is told that an approval may live on at Monei.
async fn is_told_as_lost(world: &World) -> bool {
    let told = world.core.activity(None).await.unwrap();
    told.iter().any(|item| matches!(&item.event, ActivityEvent::Failed { code } if code == "approval_lost"))
}

/// What was being redeemed when the process was killed goes on in the next one, to the person's decision, which is yes. False where nothing
/// goes on.
async fn goes_on(world: &World) -> bool {
    if world.core.view().transaction.is_none() {
        return false;
    }
    let view = world.until("the person is asked, or it is over", is_settled).await;
    if is_new(&view) {
        world.done().await;
    }
    is_new(&view)
}

/// How many pairs live at Monei, how many entries the keychain has, how many accounts there are.
async fn standing(world: &mut World, vault: &FileVault) -> (usize, usize, usize) {
    world.restart_with(Arc::new(FileVault::new(&world.data_dir().parent().unwrap().join("keychain")))).await;
    let alive = world.sandbox_state().await["grants"].as_array().unwrap().iter().filter(|grant| grant["alive"] == true).count();
    (alive, vault.records().len(), world.core.view().accounts.len())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_connection_or_disconnection_leaves_nothing_that_nobody_knows_of() {
    let mut table = Table::default();
    for (job, failpoint, step) in [
        ("connect", "connect.answered", "connecting: killed with the browser's answer in hand, before it is redeemed"),
        ("connect", "connect.redeemed", "connecting: killed with the tokens in hand"),
        ("connect", "connect.noted", "connecting: killed before the keychain"),
        ("connect", "keychain.writing", "connecting: killed inside of the keychain's write"),
        ("connect", "connect.kept", "connecting: killed before the account is known"),
        ("connect", "connect.assigned", "connecting: killed after the index, before the record names the account"),
        ("discard", "discard.revoked", "discarding: killed after Monei's yes, before the keychain"),
        ("discard", "discard.removed", "discarding: killed after the keychain, before the index"),
    ] {
        for _ in 0..TIMES {
            let mut world = World::proxied().await;
            let vault = FileVault::new(&world.data_dir().parent().unwrap().join("keychain"));
            world.core.shutdown().await;
            let mut child = start(&world, job, Duration::ZERO, Some(failpoint));
            let link: Url = line(&mut child, "browser").await.unwrap().parse().unwrap();
            // The page at the end of the walk may never come: its server is stopped.
            let person = tokio::spawn(async move { support::person::walk(&link, "ada", Some(&["profile:read"])).await });
            assert_eq!(line(&mut child, "reached").await.as_deref(), Some(failpoint));
            person.abort();
            child.kill().unwrap();
            child.wait().unwrap();
            standing(&mut world, &vault).await;
            let went_on = goes_on(&world).await;
            let outcome = match (standing(&mut world, &vault).await, is_told_as_lost(&world).await) {
                ((1, 1, 1), false) if went_on => {
                    "the next start goes on: the person is asked, and it is one account, with its pair".to_owned()
                }
                ((0, 0, 0), false) => "no account, no entry, and the approval revoked at Monei".to_owned(),
                ((1, 1, 1), false) => "one account, with its pair".to_owned(),
                ((1, 0, 0), true) => "no account, no entry, the tokens are nowhere; the person is told (`approval_lost`)".to_owned(),
                other => format!("{other:?}"),
            };
            table.count(step, outcome);
        }
    }
    for (failpoint, step) in [
        ("disconnect.revoked", "disconnecting: killed after Monei's yes, before the keychain"),
        ("disconnect.removed", "disconnecting: killed after the keychain, before the index"),
    ] {
        for _ in 0..TIMES {
            let (mut world, account, vault) = due().await;
            kill_at(&world, &format!("disconnect {account}"), Duration::ZERO, failpoint).await;
            let (alive, _, accounts) = standing(&mut world, &vault).await;
            assert_eq!((alive, accounts), (0, 1));
            let looked = world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap_err();
            world.core.disconnect(&Caller::Window, &account, Unrevoked::Keep).await.unwrap();
            assert_eq!(standing(&mut world, &vault).await, (0, 0, 0));
            table.count(step, format!("the account says `{}`; disconnecting again removes it", looked.code.name()));
        }
    }
    for _ in 0..TIMES {
        let (mut world, account, vault) = due().await;
        world.control("revoke", json!({"user": "ada"})).await;
        kill_at(&world, &format!("load {account}"), DUE, "revoked.removed").await;
        standing(&mut world, &vault).await;
        let looked = world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap_err();
        assert_eq!(feature(&world.core.view(), &account, "profile:read"), "lost");
        table.count(
            "revoked at Monei: killed after the keychain, before the index",
            format!("asks to reconnect (`{}`)", looked.code.name()),
        );
    }
    for _ in 0..TIMES {
        let (mut world, account, vault) = due().await;
        world.proxy.as_ref().unwrap().plan(&[Cut::After, Cut::After]);
        run(&world, &format!("load {account}"), DUE).await;
        kill_at(&world, &format!("load {account}"), LATE, "revoked.removed").await;
        standing(&mut world, &vault).await;
        let looked = world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap_err();
        let ended = world.core.disconnect(&Caller::Window, &account, Unrevoked::Keep).await.unwrap();
        assert_eq!(ended, DisconnectOutcome::Unrevocable, "Monei may have another pair of it");
        table.count(
            "a refresh without an answer, and refused when it was sent again: killed after the keychain, before the index",
            format!("the account says `{}`; disconnecting says that it can't be ended from here", looked.code.name()),
        );
    }
    table.check("connecting and disconnecting");
}
