//! What reaches the listener on 127.0.0.1 while a transaction waits: everything on this computer can send there, and whoever reads the
//! launcher's arguments knows the address. None of it ends the wait but an approval.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a step of a test that fails is a failed test")]

mod support;

use connect_core::Caller;
use connect_core::problem::ProblemCode;
use connect_core::snapshot::{ActivityEvent, Snapshot, Stage};
use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use support::{World, http, person, scopes, stage};
use url::Url;

const BOTH: &[&str] = &["profile:read", "wallet:read"];

/// Begins to connect. Gives the start link, and the listener's address in it.
async fn waiting(world: &World) -> (Url, Url) {
    world.core.connect(&Caller::Window, scopes(BOTH)).await.unwrap();
    world.waiting().await;
    let start = world.opened();
    let listener = start.query_pairs().find(|(name, _)| name == "return").unwrap().1.parse().unwrap();
    (start, listener)
}

fn with_query(listener: &Url, query: &str) -> Url {
    let mut url = listener.clone();
    url.set_query(Some(query));
    url
}

fn failed(view: &Snapshot, code: ProblemCode) -> bool {
    matches!(stage(view), Some(Stage::Failed { problem }) if problem.code == code)
}

async fn finishes(world: &World, start: &Url) {
    person::walk(start, "ada", Some(BOTH)).await;
    world.done().await;
    assert_eq!(world.core.view().accounts.len(), 1);
    world.nothing_pending().await;
}

#[tokio::test]
async fn a_refusal_in_the_clear_changes_nothing() {
    let world = World::new().await;
    let (start, listener) = waiting(&world).await;
    for error in ["access_denied", "invalid_scope", "server_error"] {
        let response = http().get(with_query(&listener, &format!("error={error}"))).send().await.unwrap();
        assert_eq!(response.status(), 400);
    }
    assert!(matches!(stage(&world.core.view()), Some(Stage::Waiting { .. })));
    finishes(&world, &start).await;
}

#[tokio::test]
async fn an_answer_that_the_backend_cannot_open_leaves_the_listener_waiting() {
    let world = World::new().await;
    let (start, listener) = waiting(&world).await;
    let mut views = world.core.subscribe();
    for handoff in ["x", "made-up", "AAAAAAAAAAAAAAAAAAAAAA"] {
        let response = http().get(with_query(&listener, &format!("handoff={handoff}"))).send().await.unwrap();
        assert_eq!(response.status(), 303);
        views.wait_for(|view| matches!(stage(view), Some(Stage::Finishing { .. }))).await.unwrap();
        views.wait_for(|view| matches!(stage(view), Some(Stage::Waiting { .. }))).await.unwrap();
    }
    finishes(&world, &start).await;
}

#[tokio::test]
async fn a_sealed_refusal_is_shown_while_the_listener_waits_and_an_approval_still_completes() {
    let world = World::new().await;
    let (start, _) = waiting(&world).await;
    // Anybody who has the start link can follow it in a browser of their own, and say no there.
    for _ in 0..2 {
        person::walk(&start, "tunde", None).await;
        world.until("the refusal", |view| failed(view, ProblemCode::Declined)).await;
    }
    let refusals = |event: &ActivityEvent| matches!(event, ActivityEvent::Failed { code } if code == "declined");
    let activity = world.core.activity(None).await.unwrap();
    assert_eq!(activity.iter().filter(|item| refusals(&item.event)).count(), 1, "told once");
    finishes(&world, &start).await;
}

#[tokio::test]
async fn a_made_up_code_under_the_backends_seal_does_not_end_the_wait() {
    let world = World::new().await;
    let (start, _) = waiting(&world).await;
    let begun = http().get(start.clone()).send().await.unwrap();
    let cookie = begun.headers()[SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
    let consent: Url = begun.headers()[LOCATION].to_str().unwrap().parse().unwrap();
    let state = consent.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
    let mut callback = world.backend.join("/v1/callback").unwrap();
    callback.query_pairs_mut().append_pair("code", "mcc_sim_made_up").append_pair("state", &state);
    let response = http().get(callback).header(COOKIE, cookie).send().await.unwrap();
    http().get(response.headers()[LOCATION].to_str().unwrap()).send().await.unwrap();
    world.until("the refusal", |view| failed(view, ProblemCode::ApprovalExpired)).await;
    finishes(&world, &start).await;
}

#[tokio::test]
async fn closing_what_a_refusal_showed_ends_the_wait() {
    let world = World::new().await;
    let (start, _) = waiting(&world).await;
    person::walk(&start, "ada", None).await;
    world.until("the refusal", |view| failed(view, ProblemCode::Declined)).await;
    world.core.dismiss().await;
    world.nothing_pending().await;
    assert!(world.core.start_link().is_none() && world.core.view().transaction.is_none());
}

/// Needs two users, and so runs as root alone; `a_connection_of_another_user_is_dropped_without_a_word` in the crate holds for everybody.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn another_user_of_this_computer_gets_no_answer_in() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let world = World::new().await;
    let (start, listener) = waiting(&world).await;
    let ask = |as_other: bool| {
        let (port, path) = (listener.port().unwrap(), listener.path().to_owned());
        let request = format!("GET {path}?handoff=x HTTP/1.1\\r\\nHost: 127.0.0.1:{port}\\r\\n\\r\\n");
        let script = format!("exec 3<>/dev/tcp/127.0.0.1/{port}; printf '{request}' >&3; cat <&3");
        let mut command = tokio::process::Command::new(if as_other { "setpriv" } else { "bash" });
        if as_other {
            command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "bash"]);
        }
        command.args(["-c", &script]);
        async move { String::from_utf8(command.output().await.unwrap().stdout).unwrap() }
    };
    assert_eq!(ask(true).await, "", "another user was answered");
    assert!(matches!(stage(&world.core.view()), Some(Stage::Waiting { .. })));
    assert!(ask(false).await.starts_with("HTTP/1.1 303"), "the same by the own user is answered");
    finishes(&world, &start).await;
}
