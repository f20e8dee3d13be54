//! Other programs of the person: each may call what it was given, and nothing else. Monei's answers reach them as they came; what moves
//! money is never sent.

#![allow(clippy::unwrap_used, reason = "a step of a test that fails is a failed test")]

mod support;

use std::collections::HashSet;
use std::time::Duration;

use connect_core::problem::{Problem, ProblemCode};
use connect_core::snapshot::{ActivityEvent, Unrevoked};
use connect_core::{App, AppKey, Caller, NewApp, PassThrough, Passed};
use monei::Method;
use monei::permission::{Effect, PERMISSIONS};
use serde_json::{Value, json};
use support::{START, World, scopes};

const TWO: &[&str] = &["profile:read", "wallet:read"];

fn new(name: &str, account: &str, given: &[&str]) -> NewApp {
    NewApp { name: name.into(), account: account.into(), scopes: scopes(given), until: None }
}

async fn allow(world: &World, account: &str, given: &[&str]) -> (App, AppKey) {
    world.core.allow_app(&Caller::Window, new("Budget sheet", account, given)).await.unwrap()
}

async fn call(
    world: &World,
    app: &App,
    method: Method,
    path: &str,
    query: &[(&str, &str)],
    body: Option<Value>,
) -> Result<Passed, Problem> {
    let body = body.map(|body| body.to_string().into_bytes().into());
    world.core.pass_through(&Caller::App(app.id.clone()), &app.account, PassThrough { method, path, query, body }).await
}

async fn get(world: &World, app: &App, path: &str) -> Result<Passed, Problem> {
    call(world, app, Method::Get, path, &[], None).await
}

fn code<T>(outcome: Result<T, Problem>) -> ProblemCode {
    outcome.err().unwrap().code
}

async fn log(world: &World, app: &App) -> Vec<(String, String, u64)> {
    let rows = world.core.app_log(&app.id).await.unwrap();
    let mut told: Vec<_> = rows.into_iter().map(|row| (row.endpoint, row.outcome, row.count)).collect();
    told.sort();
    told
}

#[tokio::test]
async fn an_app_calls_what_it_was_given_and_nothing_else_and_both_are_recorded() {
    let world = World::new().await;
    let account = world.connect("ada", TWO, TWO).await;
    let (app, _key) = allow(&world, &account, &["wallet:read"]).await;
    for _ in 0..2 {
        let passed = get(&world, &app, "/wallet/me").await.unwrap();
        assert_eq!(passed.status, 200);
        assert!(serde_json::from_slice::<Value>(&passed.body).unwrap().is_object());
    }
    let before = world.calls("/user/me").await;
    assert_eq!(code(get(&world, &app, "/user/me").await), ProblemCode::PermissionNotGiven);
    assert_eq!(code(get(&world, &app, "/kyc/status").await), ProblemCode::PermissionNotGiven);
    assert_eq!(code(get(&world, &app, "/wallet/utils/banks").await), ProblemCode::InvalidInput);
    assert_eq!((world.calls("/user/me").await, world.calls("/kyc/status").await, world.calls("/banks").await), (before, 0, 0));
    let expected =
        [("GET /kyc/status", "permission_not_given", 1), ("GET /user/me", "permission_not_given", 1), ("GET /wallet/me", "ok", 2)];
    assert_eq!(log(&world, &app).await, expected.map(|(what, outcome, count)| (what.to_owned(), outcome.to_owned(), count)));
    let listed = world.core.apps().await.unwrap();
    assert_eq!((listed[0].uses, listed[0].last_used_at), (4, Some(START)));
}

#[tokio::test]
async fn another_account_is_out_of_an_apps_reach() {
    let world = World::new().await;
    let (ada, tunde) = (world.connect("ada", TWO, TWO).await, world.connect("tunde", TWO, TWO).await);
    let (app, _key) = allow(&world, &ada, TWO).await;
    let call = PassThrough { method: Method::Get, path: "/user/me", query: &[], body: None };
    let before = world.calls("/user/me").await;
    let other = world.core.pass_through(&Caller::App(app.id), &tunde, call).await;
    assert_eq!(code(other), ProblemCode::NoSuchApp);
    assert_eq!(world.calls("/user/me").await, before);
}

#[tokio::test]
async fn what_is_narrowed_extended_or_taken_back_counts_at_once_in_every_process() {
    let world = World::new().await;
    let account = world.connect("ada", TWO, TWO).await;
    let (app, key) = allow(&world, &account, TWO).await;
    let other = world.second().await;
    let works = async |path| get(&world, &app, path).await.map(|passed| passed.status);
    assert_eq!((works("/user/me").await.unwrap(), works("/wallet/me").await.unwrap()), (200, 200));
    other.narrow_app(&app.id, &scopes(&["wallet:read"])).await.unwrap();
    assert_eq!(code(works("/user/me").await), ProblemCode::PermissionNotGiven);
    other.extend_app(&Caller::Window, &app.id, &scopes(&["profile:read"]), Some(START + 1_000)).await.unwrap();
    assert_eq!(works("/user/me").await.unwrap(), 200);
    world.clock.advance(Duration::from_millis(1_000));
    assert_eq!(code(works("/user/me").await), ProblemCode::NoSuchApp);
    assert_eq!(world.core.app_of_key(key.expose(), false).await.unwrap(), None);
    other.extend_app(&Caller::Window, &app.id, &[], None).await.unwrap();
    assert_eq!(works("/user/me").await.unwrap(), 200);
    assert_eq!(world.core.app_of_key(key.expose(), false).await.unwrap().map(|app| app.name), Some("Budget sheet".into()));
    other.take_back_app(&app.id).await.unwrap();
    assert_eq!(code(works("/wallet/me").await), ProblemCode::NoSuchApp);
    assert_eq!(world.core.app_of_key(key.expose(), false).await.unwrap(), None);
    for gone in [other.take_back_app(&app.id).await, other.extend_app(&Caller::Window, &app.id, &[], None).await] {
        assert_eq!(code(gone), ProblemCode::NoSuchApp);
    }
    let kinds = |events: Vec<connect_core::snapshot::ActivityItem>| -> Vec<ActivityEvent> {
        events.into_iter().map(|item| item.event).filter(|event| format!("{event:?}").starts_with("App")).collect()
    };
    let name = || "Budget sheet".to_owned();
    let told = [
        ActivityEvent::AppTakenBack { app: name() },
        ActivityEvent::AppExtended { app: name(), scopes: vec![] },
        ActivityEvent::AppExtended { app: name(), scopes: scopes(&["profile:read"]) },
        ActivityEvent::AppNarrowed { app: name(), scopes: scopes(&["profile:read"]) },
        ActivityEvent::AppAllowed { app: name(), scopes: scopes(TWO) },
    ];
    assert_eq!(kinds(world.core.activity(Some(&account)).await.unwrap()), told);
}

#[tokio::test]
async fn only_what_the_account_has_can_be_given_under_a_name_of_its_own_and_a_terminal_gives_nothing_that_spends() {
    let world = World::new().await;
    let all = ["profile:read", "wallet:read", "wallet:send"];
    let account = world.connect("ada", &all, &all).await;
    let by = |caller: Caller, new: NewApp| {
        let core = world.core.clone();
        async move { core.allow_app(&caller, new).await.map(|(app, _)| app) }
    };
    let (window, terminal) = (Caller::Window, Caller::CommandLine);
    assert_eq!(code(by(window.clone(), new("Sheet", &account, &["kyc:read"])).await), ProblemCode::ScopeMissing);
    assert_eq!(code(by(window.clone(), new("Sheet", &account, &[])).await), ProblemCode::InvalidInput);
    assert_eq!(code(by(window.clone(), new("Sheet", &account, &["cards:freeze"])).await), ProblemCode::InvalidInput);
    assert_eq!(code(by(window.clone(), new("\u{202e}\u{200b}", &account, TWO)).await), ProblemCode::InvalidInput);
    assert_eq!(code(by(window.clone(), new("Sheet", "nobody", TWO)).await), ProblemCode::NoSuchAccount);
    assert_eq!(code(by(window.clone(), NewApp { until: Some(START), ..new("Sheet", &account, TWO) }).await), ProblemCode::InvalidInput);
    let sheet = by(window.clone(), new("Sheet", &account, TWO)).await.unwrap();
    for alike in ["sheet", "Shееt", " S h e e t", "SHEET\u{200b}"] {
        assert_eq!(code(by(window.clone(), new(alike, &account, TWO)).await), ProblemCode::AppNameTaken, "{alike:?}");
    }
    world.core.take_back_app(&sheet.id).await.unwrap();
    by(window.clone(), new("Sheet", &account, TWO)).await.unwrap();
    assert_eq!(code(by(terminal.clone(), new("Script", &account, &["wallet:send"])).await), ProblemCode::InvalidInput);
    for other in [Caller::Monitor, Caller::App(sheet.id.clone())] {
        assert_eq!(code(by(other, new("Script", &account, TWO)).await), ProblemCode::InvalidInput);
    }
    let script = by(terminal.clone(), new("Script", &account, TWO)).await.unwrap();
    assert_eq!(code(world.core.extend_app(&terminal, &script.id, &scopes(&["wallet:send"]), None).await), ProblemCode::InvalidInput);
    world.core.extend_app(&window, &script.id, &scopes(&["wallet:send"]), None).await.unwrap();
    assert_eq!(code(world.core.extend_app(&terminal, &script.id, &[], None).await), ProblemCode::InvalidInput);
}

#[tokio::test]
async fn an_app_is_the_command_line_by_how_it_was_allowed_and_by_no_name() {
    let world = World::new().await;
    let account = world.connect("ada", TWO, TWO).await;
    for name in ["moneictl for Ada", "MONEICTL", "M\u{43e}neictl"] {
        for caller in [Caller::Window, Caller::CommandLine] {
            assert_eq!(code(world.core.allow_app(&caller, new(name, &account, TWO)).await), ProblemCode::AppNameTaken, "{name}");
        }
    }
    let sheet = world.core.allow_command_line(&Caller::CommandLine, new("Sheet", &account, TWO)).await;
    assert_eq!(code(sheet), ProblemCode::AppNameTaken, "the command line has names of its own");
    allow(&world, &account, TWO).await;
    let own = async || world.core.command_line_apps().await.unwrap().into_iter().map(|app| app.id).collect::<HashSet<_>>();
    assert_eq!(own().await, HashSet::new());
    let (one, _) = world.core.allow_command_line(&Caller::CommandLine, new("moneictl for Ada", &account, TWO)).await.unwrap();
    let (two, _) = world.core.allow_command_line(&Caller::Window, new("moneictl (one payment)", &account, TWO)).await.unwrap();
    assert_eq!(own().await, HashSet::from([one.id.clone(), two.id.clone()]));
    world.core.take_back_app(&one.id).await.unwrap();
    assert_eq!(own().await, HashSet::from([two.id.clone()]));
    let (three, _) = world.core.allow_command_line(&Caller::CommandLine, new("moneictl for Ada", &account, TWO)).await.unwrap();
    assert_eq!(own().await, HashSet::from([two.id, three.id]));
}

#[tokio::test]
async fn disconnecting_an_account_takes_back_its_apps() {
    let world = World::new().await;
    let account = world.connect("ada", TWO, TWO).await;
    let (app, key) = allow(&world, &account, TWO).await;
    world.core.disconnect(&Caller::Window, &account, Unrevoked::Keep).await.unwrap();
    assert_eq!(world.core.app_of_key(key.expose(), false).await.unwrap(), None);
    assert!(world.core.apps().await.unwrap()[0].taken_back_at.is_some());
    assert_eq!(code(get(&world, &app, "/user/me").await), ProblemCode::NoSuchApp);
}

#[tokio::test]
async fn a_key_is_kept_as_a_hash_and_one_used_over_tcp_ends_with_its_port() {
    let world = World::new().await;
    let account = world.connect("ada", TWO, TWO).await;
    let (over_tcp, key) = allow(&world, &account, TWO).await;
    let (_, by_socket) = world.core.allow_app(&Caller::Window, new("By socket", &account, TWO)).await.unwrap();
    assert_eq!(world.core.set_api_port(20_000).await.unwrap(), 0);
    assert!(world.core.app_of_key(key.expose(), true).await.unwrap().is_some());
    assert!(world.core.app_of_key(by_socket.expose(), false).await.unwrap().is_some());
    assert_eq!(world.core.set_api_port(20_000).await.unwrap(), 0);
    assert_eq!(world.core.set_api_port(20_001).await.unwrap(), 1);
    assert_eq!(world.core.api_port().await.unwrap(), Some(20_001));
    assert_eq!(world.core.app_of_key(key.expose(), true).await.unwrap(), None);
    assert!(world.core.app_of_key(by_socket.expose(), false).await.unwrap().is_some());
    assert_eq!(code(get(&world, &over_tcp, "/user/me").await), ProblemCode::NoSuchApp);
    for entry in std::fs::read_dir(world.data_dir()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap_or_default();
        assert!(!bytes.windows(20).any(|part| part == &key.expose().as_bytes()[..20]), "the key is on disk");
    }
}

#[tokio::test]
async fn moneis_status_and_body_come_as_they_are_and_what_is_no_answer_is_not_passed_on() {
    let world = World::new().await;
    let account = world.connect("ada", TWO, TWO).await;
    let (app, _key) = allow(&world, &account, TWO).await;
    let fault = async |fault: Value| {
        world.control("fault", fault).await;
        get(&world, &app, "/wallet/me").await
    };
    for status in [400, 403, 404, 409, 422, 500, 503] {
        let passed = fault(json!({"target": "/wallet/me", "kind": "status", "status": status, "times": 1})).await.unwrap();
        assert_eq!(passed.status, status);
        assert_eq!(serde_json::from_slice::<Value>(&passed.body).unwrap()["statusCode"], status);
    }
    let unusable = [
        json!({"target": "/wallet/me", "kind": "redirect", "location": "http://127.0.0.1:9/", "times": 1}),
        json!({"target": "/wallet/me", "kind": "huge_body", "times": 1}),
    ];
    for kind in unusable {
        assert_eq!(code(fault(kind).await), ProblemCode::AnswerUnreadable);
    }
    let busy = fault(json!({"target": "/wallet/me", "kind": "status", "status": 429, "retry_after": "7", "times": 1})).await.unwrap();
    assert_eq!(busy.status, 429);
    let before = world.calls("/wallet/me").await;
    // What is left of the seven seconds.
    let waits = get(&world, &app, "/wallet/me").await.err().unwrap();
    assert!((1..=7).any(|seconds| waits == Problem::busy(seconds)), "{waits:?}");
    assert_eq!(world.calls("/wallet/me").await, before);
}

#[tokio::test]
async fn a_refused_token_is_refreshed_once_and_then_the_account_needs_to_be_connected_again() {
    let world = World::new().await;
    let account = world.connect("ada", TWO, TWO).await;
    let (app, _key) = allow(&world, &account, TWO).await;
    world.control("expire", json!({})).await;
    let before = world.calls("/wallet/me").await;
    assert_eq!(get(&world, &app, "/wallet/me").await.unwrap().status, 200);
    assert_eq!(world.calls("/wallet/me").await, before + 2);
    // Refused also after a refresh: Monei's trouble, and the person's account stays as it is.
    world.control("fault", json!({"target": "/wallet/me", "kind": "status", "status": 401, "times": 2})).await;
    assert_eq!(code(get(&world, &app, "/wallet/me").await), ProblemCode::AccessRevoked);
    assert_eq!(world.calls("/wallet/me").await, before + 4);
    assert_eq!(get(&world, &app, "/wallet/me").await.unwrap().status, 200);
    world.control("revoke", json!({"user": "ada"})).await;
    assert_eq!(code(get(&world, &app, "/wallet/me").await), ProblemCode::AccessRevoked);
}

#[tokio::test]
async fn what_moves_money_is_never_sent() {
    let world = World::new().await;
    let all: Vec<&str> = PERMISSIONS.iter().map(|row| row.scope.as_str()).collect();
    let account = world.connect("ada", &all, &all).await;
    let (app, _key) = allow(&world, &account, &all).await;
    for endpoint in PERMISSIONS.iter().flat_map(|row| row.endpoints).filter(|endpoint| endpoint.effect == Effect::Spends) {
        let outcome = call(&world, &app, endpoint.method, endpoint.path, &[], Some(json!({"amount": 1}))).await;
        assert_eq!(code(outcome), ProblemCode::ConfirmationNeeded, "{}", endpoint.path);
        assert_eq!(world.calls(endpoint.path).await, 0, "{}", endpoint.path);
    }
    let deposits: [(&[(&str, &str)], Value); 8] = [
        (&[], json!({"amount": 5000})),
        (&[("method", "CARD")], json!({"amount": 5000})),
        (&[("method", "card")], json!({"amount": 5000})),
        (&[("Method", "CARD"), ("method", "USSD")], json!({"amount": 5000})),
        (&[("method", "USSD"), ("method", "CARD")], json!({"amount": 5000})),
        (&[("method[]", "CARD"), ("method", "USSD")], json!({"amount": 5000})),
        (&[("method", "BANK_TRANSFER")], json!({"amount": 5000, "card": {"cardNumber": "4111111111111111"}})),
        (&[("method", "BANK_TRANSFER")], json!([])),
    ];
    for (query, body) in deposits {
        let outcome = call(&world, &app, Method::Post, "/wallet/deposit", query, Some(body)).await;
        assert_eq!(code(outcome), ProblemCode::ConfirmationNeeded, "{query:?}");
    }
    assert_eq!(world.calls("/wallet/deposit").await, 0);
    let by_bank = call(&world, &app, Method::Post, "/wallet/deposit", &[("method", "BANK_TRANSFER")], Some(json!({"amount": 5000}))).await;
    assert!(matches!(by_bank.unwrap().status, 200 | 201));
    assert_eq!(world.calls("/wallet/deposit").await, 1);
}

#[tokio::test]
async fn a_deposit_whose_answer_is_lost_has_an_unknown_outcome_and_is_not_repeated() {
    let world = World::new().await;
    let given = ["wallet:deposit"];
    let account = world.connect("ada", &given, &given).await;
    let (app, _key) = allow(&world, &account, &given).await;
    let path = "/wallet/deposit/payment-link";
    for kind in ["drop_after", "drop_before"] {
        let before = world.calls(path).await;
        world.control("fault", json!({"target": path, "kind": kind, "times": 1})).await;
        let outcome = call(&world, &app, Method::Post, path, &[], Some(json!({"amount": 5000}))).await;
        assert_eq!(code(outcome), ProblemCode::OutcomeUnknown, "{kind}");
        assert_eq!(world.calls(path).await, before + 1, "{kind}");
    }
}
