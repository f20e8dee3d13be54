//! What testers and apps get wrong: each face says in words which field it was, and so does the log.

use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::kit::{World, nest_error};

/// The message with which an order is refused.
#[expect(clippy::unwrap_used, reason = "a test's own plumbing: a panic is its way to fail")]
async fn refused(world: &World, name: &str, order: &Value) -> String {
    let answer = world.http.post(format!("{}/sandbox/api/{name}", world.base)).json(order).send().await.unwrap();
    nest_error(answer, 400).await
}

/// Why the newest step in the timeline is marked.
#[expect(clippy::unwrap_used, reason = "a test's own plumbing: a panic is its way to fail")]
async fn remark(world: &World) -> String {
    let timeline: Value = world.http.get(format!("{}/sandbox/api/timeline", world.base)).send().await.unwrap().json().await.unwrap();
    timeline.as_array().unwrap().last().unwrap()["why"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn a_fault_that_hits_nothing_or_has_an_idle_field_is_armed_with_a_remark_in_the_timeline() {
    let world = World::new().await;
    for (order, said) in [
        (json!({"target": "api", "kind": "delay", "delay_ms": 1, "status": 503}), "status has no effect: it belongs to the kind status"),
        (json!({"target": "api", "kind": "drop_after", "retry_after": 8}), "retry_after has no effect"),
        (
            json!({"target": "api", "kind": "status", "status": 503, "delay_ms": 100}),
            "delay_ms has no effect: it belongs to the kind delay",
        ),
        (json!({"target": "api", "kind": "status", "status": 503, "location": "/"}), "location has no effect"),
        (json!({"target": "token", "kind": "drop_after", "method": "GET"}), "Monei has no GET /connect/token, so that no call is hit"),
        (json!({"target": "revoke", "kind": "drop_after", "method": "PUT"}), "Monei has no PUT /connect/token/revoke"),
        (json!({"target": "/user/mee", "kind": "drop_before"}), "Monei has no /user/mee"),
        (json!({"target": "/user/me", "method": "POST", "kind": "drop_before"}), "Monei has no POST /user/me"),
        // What exists is armed without a word: with parameters, whatever the switches say, and closed to Connect tokens.
        (json!({"target": "/evm/portfolio/56", "method": "GET", "kind": "drop_before"}), ""),
        (json!({"target": "bills/history", "kind": "drop_before"}), ""),
        (json!({"target": "/wallet/utils/banks", "kind": "drop_before"}), ""),
        (json!({"target": "/bills/pay/airtime", "method": "POST", "kind": "status", "status": 503, "retry_after": 1}), ""),
    ] {
        world.control("fault", order.clone()).await;
        let remark = remark(&world).await;
        assert!(if said.is_empty() { remark.is_empty() } else { remark.contains(said) }, "{order}: {remark}");
    }
}

#[tokio::test]
async fn a_scenario_that_waits_for_what_does_not_exist_is_played_with_a_remark_in_the_timeline() {
    let world = World::new().await;
    for (text, said) in [
        ("[[event]]\nwhen = \"call\"\npath = \"/user/mee\"\nexpire = \"all\"", "event 1: path: Monei has no /user/mee"),
        (
            "[[event]]\nwhen = \"round\"\nfault = { target = \"/walet/me\", kind = \"drop_before\" }",
            "event 1: Monei has no /walet/me, so that no call is hit",
        ),
        ("[[round]]\nuser = \"ada\"\nclient = \"mc_nobody\"\nallow = \"all\"", "round 1: no app is registered as \"mc_nobody\""),
        ("[[event]]\nwhen = \"call\"\nrevoke = { client_id = \"mc_nobody\" }", "event 1: no app is registered as \"mc_nobody\""),
        ("[[event]]\nwhen = \"call\"\npath = \"/user/me\"\nexpire = \"all\"", ""),
    ] {
        world.control("scenario", json!({"toml": format!("name = \"x\"\n{text}")})).await;
        let remark = remark(&world).await;
        assert!(if said.is_empty() { remark.is_empty() } else { remark.contains(said) }, "{text}: {remark}");
    }
}

#[tokio::test]
async fn a_value_of_the_wrong_type_is_refused_with_the_name_of_its_field_and_no_types_of_rust() {
    let world = World::new().await;
    for (name, order, said) in [
        ("fault", json!({"target": "api", "kind": "status", "status": "503"}), "status: "),
        ("fault", json!({"target": "api", "kind": "status", "status": 99_999}), "status: "),
        ("clock", json!({"by_s": "1h"}), "by_s: "),
        ("disarm", json!({"number": -1}), "number: "),
        ("next", json!({"user": 5}), "user: "),
        ("approve", json!({"url": "?", "user": 5}), "user: "),
        ("approve", json!({"url": "?client_id=mc_nobody", "user": "ada"}), "No app is registered under this client_id."),
        ("approve", json!({"url": "?", "user": "ada"}), "The parameter client_id is missing."),
        ("scenario", json!({"toml": "name = \"x\"\n[[event]]\nwhen = \"call\"\nclock = { by_s = \"1h\" }"}), "event 1: clock: by_s: "),
        (
            "scenario",
            json!({"toml": "name = \"x\"\n[[event]]\nwhen = \"call\"\nexpired = \"all\""}),
            "\"expired\" is nothing that an event",
        ),
        (
            "scenario",
            json!({"toml": "name = \"x\"\n[[event]]\nwhen = \"call\"\nnext = { user = \"ada\" }"}),
            "\"next\" is nothing that an event",
        ),
    ] {
        let message = refused(&world, name, &order).await;
        assert!(message.contains(said), "{name} {order}: {message}");
        for jargon in ["u16", "u32", "i64", "UnknownClient", "Missing("] {
            assert!(!message.contains(jargon), "{message}");
        }
    }
    let text = world.http.post(format!("{}/sandbox/api/fault", world.base)).json(&json!([])).send().await.unwrap();
    assert!(nest_error(text, 400).await.starts_with("The body is not a JSON object: "));
    let revoke = world.http.post(format!("{}/api/v1/connect/token/revoke", world.base)).json(&json!({"token": 5})).send().await.unwrap();
    assert_eq!(nest_error(revoke, 400).await, "token must be a string");
}

#[tokio::test]
async fn a_switch_takes_true_and_false_in_the_api_in_events_and_in_scenarios_alike() {
    let world = World::new().await;
    let text = "name = \"x\"\n[switches]\ndenial_description = true\n[[event]]\nwhen = \"start\"\nswitch = { name = \"single_grant\", value = true }";
    world.control("scenario", json!({"toml": text})).await;
    let switches = world.state().await["switches"].clone();
    assert_eq!((&switches["denial_description"], &switches["single_grant"]), (&json!("on"), &json!("on")));
    world.control("switch", json!({"name": "single_grant", "value": false})).await;
    assert_eq!(world.state().await["switches"]["single_grant"], "off");
}

#[tokio::test]
async fn programs_get_json_at_every_path_of_the_control_api_whatever_the_method() {
    let world = World::new().await;
    for (method, path) in [("GET", "/fault"), ("DELETE", "/state"), ("GET", "/"), ("GET", ""), ("PUT", "/preset"), ("GET", "/nothing")] {
        let url = format!("{}/sandbox/api{path}", world.base);
        let answer = world.http.request(method.parse().unwrap(), url).send().await.unwrap();
        nest_error(answer, 404).await;
    }
}

/// What the program says when it doesn't start.
#[expect(clippy::unwrap_used, reason = "a test's own plumbing: a panic is its way to fail")]
fn stopped(arguments: &[&str], environment: &[(&str, &str)]) -> String {
    let state = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_monei-sandbox"));
    command.env("XDG_STATE_HOME", state.path()).env("RUST_BACKTRACE", "1").envs(environment.iter().copied()).args(arguments);
    let ended = command.stdout(Stdio::piped()).stderr(Stdio::piped()).output().unwrap();
    let text = String::from_utf8(ended.stderr).unwrap();
    assert!(!ended.status.success(), "{arguments:?}: {text}");
    text
}

#[test]
fn a_start_that_fails_says_why_in_one_line_that_names_the_option() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        std::fs::write(folder.path().join(name), text).unwrap();
        folder.path().join(name).display().to_string()
    };
    let (empty, short, typo) = (
        file("empty", ""),
        file("short", "short"),
        file("typo.toml", "name = \"x\"\n[[event]]\nwhen = \"call\"\npath = \"/user/mee\"\nexpire = \"all\"\n"),
    );
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for (arguments, said) in [
        (&["--listen", &address][..], "--listen"),
        (&["--client-secret-file", &empty], "--client-secret-file"),
        (&["--client-secret-file", "/"], "--client-secret-file"),
        (&["--scenario", "/no/such"], "--scenario"),
        (&["--check-scenario", &typo], "event 1: path: Monei has no /user/mee"),
        (&["--name", " "], "name of client"),
        (&["--second-client", "mc_sim_local"], "client id"),
        (&["--state-file", "/no/such/state"], "state file"),
        (&["serve", "--allow-remote", "--control-token-file", &short], "token of the control page"),
        (&["serve", "--allow-remote", "--allow-host", "sandbox:43118"], "allowed host \"sandbox:43118\""),
        (&["serve", "--allow-remote", "--allow-host", "http://sandbox/"], "allowed host"),
        (&["serve", "--allow-remote", "--allow-host", "*.example"], "allowed host"),
    ] {
        let text = stopped(arguments, &[]);
        assert!(text.contains(said) && text.trim_end().lines().count() == 1, "{arguments:?}: {text}");
    }
}

#[test]
fn a_misspelt_setting_in_the_environment_is_named_in_the_log_and_yes_and_1_mean_true() {
    // The start fails at its secret, after the settings were read.
    let named = [("MONEI_SANDBOX_SEDE", "7"), ("MONEI_SANDBOX_URL", "http://127.0.0.1:1"), ("MONEI_SANDBOX_PORT_43118_TCP", "x")];
    let text = stopped(&["serve", "--allow-remote", "--client-secret-file", "/"], &named);
    assert!(text.contains("MONEI_SANDBOX_SEDE is set"), "{text}");
    assert!(!text.contains("MONEI_SANDBOX_URL") && !text.contains("MONEI_SANDBOX_PORT") && !text.contains('\u{1b}'), "{text}");
    for yes in ["1", "yes", "true", "on"] {
        let text = stopped(&["serve", "--listen", "0.0.0.0:0", "--client-secret-file", "/"], &[("MONEI_SANDBOX_ALLOW_REMOTE", yes)]);
        assert!(text.contains("--client-secret-file"), "{yes}: {text}");
    }
    assert!(stopped(&["serve"], &[("MONEI_SANDBOX_ALLOW_REMOTE", "perhaps")]).contains("perhaps"));
}
