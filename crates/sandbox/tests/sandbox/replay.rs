//! What was done by hand plays again to the same state, whatever was done and however long.

use proptest::prelude::*;
use proptest::test_runner::{TestCaseError, TestRunner};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::kit::{World, parameter};

/// Something that happens: done to the sandbox by hand, or by the app.
#[derive(Clone, Debug)]
enum Step {
    /// `POST /sandbox/api/<name>`; not repeated when the record is played.
    Hand(&'static str, Value),
    /// A person decides: who, what is asked, what is allowed. Played by the record.
    Approve(&'static str, &'static str, Value),
    /// The app exchanges the last code.
    Exchange,
    /// The app refreshes its last pair.
    Refresh,
    /// The app reads.
    Read(&'static str),
    /// The app revokes its last pair.
    Revoke,
}

fn hand() -> impl Strategy<Value = Step> {
    let who = prop_oneof![Just(json!({})), Just(json!({"user": "ada"})), Just(json!({"user": "tunde"}))];
    let fault = ("token|revoke|api|/user/me", "status|drop_before|wrong_content_type", 1..4_u32)
        .prop_map(|(target, kind, times)| json!({"target": target, "kind": kind, "status": 503, "times": times}));
    let switch = prop_oneof![
        Just(("upgrade_scopes", "only_new")),
        Just(("upgrade_scopes", "cumulative")),
        Just(("refresh_scopes", "absent")),
        Just(("single_grant", "on")),
        Just(("bad_refresh_status", "404")),
    ];
    let what = prop_oneof![Just("faults"), Just("switches"), Just("quotas"), Just("money"), Just("counters"), Just("grants")];
    let preset =
        prop_oneof![Just("normal"), Just("revoked"), Just("expired"), Just("outage"), Just("lost_refresh"), Just("separate_tokens")];
    prop_oneof![
        who.clone().prop_map(|who| Step::Hand("expire", who)),
        who.prop_map(|who| Step::Hand("revoke", who)),
        fault.prop_map(|fault| Step::Hand("fault", fault)),
        (1..6_u32).prop_map(|number| Step::Hand("disarm", json!({"number": number}))),
        switch.prop_map(|(name, value)| Step::Hand("switch", json!({"name": name, "value": value}))),
        (-5_000..5_000_i64).prop_map(|by| Step::Hand("clock", json!({"by_s": by}))),
        what.prop_map(|what| Step::Hand("reset", json!({"what": what}))),
        preset.prop_map(|name| Step::Hand("preset", json!({"name": name}))),
        Just(Step::Hand("scenario", json!({"toml": SCENARIO}))),
    ]
}

/// Played in the middle: its events count from there.
const SCENARIO: &str = "name = \"Played in the middle\"\nclock_offset_s = 7\n[switches]\ntoken_status = \"201\"\n\
    [[event]]\nwhen = \"start\"\nfault = { target = \"api\", kind = \"status\", status = 502 }\n\
    [[event]]\nwhen = \"exchange\"\nexpire = \"all\"\n\
    [[event]]\nwhen = \"call\"\npath = \"/user/me\"\nnumber = 2\ndisarm = 1\n\
    [[event]]\nwhen = \"call\"\nnumber = 3\nfault = { target = \"token\", kind = \"drop_after\" }\n";

fn step() -> impl Strategy<Value = Step> {
    let scopes = prop_oneof![Just("profile:read"), Just("profile:read kyc:read"), Just("wallet:read profile:read")];
    let allow = prop_oneof![Just(Value::Null), Just(json!([])), Just(json!(["profile:read"]))];
    let user = prop_oneof![Just("ada"), Just("tunde")];
    prop_oneof![
        4 => hand(),
        2 => (user, scopes, allow).prop_map(|(user, scopes, allow)| Step::Approve(user, scopes, allow)),
        2 => Just(Step::Exchange),
        1 => Just(Step::Refresh),
        3 => prop_oneof![Just("/user/me"), Just("/kyc/status"), Just("/nothing")].prop_map(Step::Read),
        1 => Just(Step::Revoke),
    ]
}

/// What is left in the end, but for what a run has of its own.
fn left(state: &Value) -> Value {
    let grants: Vec<Value> = state["grants"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|grant| json!([grant["user"], grant["scopes"], grant["alive"], grant["access_expires_in_s"].as_i64().unwrap_or(0) > 0]))
        .collect();
    let faults: Vec<Value> =
        state["faults"].as_array().into_iter().flatten().map(|fault| json!([fault["target"], fault["kind"], fault["times"]])).collect();
    json!({"grants": grants, "faults": faults, "switches": state["switches"], "clock": state["clock_offset_s"], "next": state["next"],
           "balances": state["balances_kobo"]})
}

/// Takes the steps, and says what each of the app's came to.
#[expect(clippy::unwrap_used, reason = "a test's own plumbing: a panic is its way to fail")]
async fn take(world: &World, steps: &[Step], by_hand: bool) -> Vec<String> {
    let (mut code, mut access, mut refresh) = (String::from("none"), String::from("none"), String::from("none"));
    let mut seen = Vec::new();
    for step in steps {
        match step {
            Step::Hand(name, order) if by_hand => {
                world.control(name, order.clone()).await;
            }
            Step::Hand(..) => {}
            Step::Approve(user, scopes, allow) => {
                let location = if by_hand {
                    world.decide(user, scopes, allow.clone()).await
                } else {
                    let answer = world.http.get(world.authorize_url(scopes)).send().await.unwrap();
                    assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{}", answer.text().await.unwrap());
                    url::Url::parse(answer.headers()["location"].to_str().unwrap()).unwrap()
                };
                seen.push(format!("{:?}", parameter(&location, "error")));
                code = parameter(&location, "code").unwrap_or(code);
            }
            Step::Exchange | Step::Refresh => {
                let body = match step {
                    Step::Exchange => crate::kit::exchange_body(&code),
                    _ => json!({"grant_type": "refresh_token", "refresh_token": refresh}),
                };
                let sent = world.http.post(format!("{}/api/v1/connect/token", world.base)).json(&body).send().await;
                match sent {
                    Ok(answer) => {
                        seen.push(answer.status().to_string());
                        let body: Value = answer.json().await.unwrap();
                        if let (Some(one), Some(other)) = (body["access_token"].as_str(), body["refresh_token"].as_str()) {
                            (access, refresh) = (one.to_owned(), other.to_owned());
                        }
                    }
                    Err(_) => seen.push("dropped".to_owned()),
                }
            }
            Step::Read(path) => {
                let sent = world.http.get(format!("{}/api/v1{path}", world.base)).bearer_auth(&access).send().await;
                let told = |answer: reqwest::Response| format!("{} {:?}", answer.status(), answer.headers().get("content-type"));
                seen.push(sent.map_or_else(|_| "dropped".to_owned(), told));
            }
            Step::Revoke => {
                let sent =
                    world.http.post(format!("{}/api/v1/connect/token/revoke", world.base)).json(&json!({"token": access})).send().await;
                seen.push(sent.map_or_else(|_| "dropped".to_owned(), |answer| answer.status().to_string()));
            }
        }
    }
    seen
}

#[expect(clippy::unwrap_used, reason = "a test's own plumbing: a panic is its way to fail")]
async fn record(world: &World) -> String {
    let exported = world.http.get(format!("{}/sandbox/api/scenario", world.base)).send().await.unwrap();
    assert_eq!(exported.status(), 200);
    exported.text().await.unwrap()
}

/// A sandbox whose clock moves by orders alone. By the computer's, a token with a second left could end within one play and not within the other.
#[expect(clippy::unwrap_used, reason = "a test's own plumbing: a panic is its way to fail")]
async fn standing() -> World {
    let clock = Some("2026-11-25T12:00:00Z".parse().unwrap());
    World::with(monei_sandbox::Options { clients: vec![crate::kit::client()], clock, ..Default::default() }).await
}

async fn compare(steps: &[Step]) -> Result<(), TestCaseError> {
    let first = standing().await;
    let by_hand = take(&first, steps, true).await;
    let text = record(&first).await;
    let again = standing().await;
    again.control("scenario", json!({"toml": text, "auto_approve": true})).await;
    let played = take(&again, steps, false).await;
    prop_assert_eq!(played, by_hand, "{}", &text);
    prop_assert_eq!(left(&again.state().await), left(&first.state().await), "{}", &text);
    Ok(())
}

#[test]
fn whatever_was_done_by_hand_plays_again_to_the_same_state() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    // As many runs of 20 steps on average as take `PROPTEST_CASES` steps together, and at least 48. Not by `proptest!`, which takes that variable
    // for the number of runs, whatever its configuration says.
    let runs = prop::collection::vec(step(), 1..40);
    let cases = 48.max(ProptestConfig::default().cases.div_ceil(20));
    let mut runner = TestRunner::new(ProptestConfig { cases, source_file: Some(file!()), ..ProptestConfig::default() });
    let tried = runner.run(&runs, |steps| {
        // The quota would stop a long run.
        let mut all = vec![Step::Hand("switch", json!({"name": "token_calls_per_minute", "value": 0}))];
        let no_quota_again = |step: Step| {
            let brings_back = matches!(&step, Step::Hand("preset" | "reset" | "scenario", _));
            let off = Step::Hand("switch", json!({"name": "token_calls_per_minute", "value": 0}));
            if brings_back { vec![step, off] } else { vec![step] }
        };
        all.extend(steps.into_iter().flat_map(no_quota_again));
        runtime.block_on(compare(&all))
    });
    if let Err(error) = tried {
        panic!("{error}\n{runner}");
    }
}

#[tokio::test]
async fn a_record_of_two_thousand_acts_is_whole() {
    let mut steps = vec![
        Step::Hand("switch", json!({"name": "token_calls_per_minute", "value": 0})),
        Step::Approve("ada", "profile:read", Value::Null),
        Step::Exchange,
    ];
    for number in 0..1_000 {
        steps.push(Step::Hand("clock", json!({"offset_s": number})));
        steps.push(Step::Hand("switch", json!({"name": "state_max_len", "value": number})));
        if number % 50 == 0 {
            steps.push(Step::Read("/user/me"));
        }
    }
    compare(&steps).await.unwrap();
}

#[tokio::test]
async fn an_app_that_a_person_disconnects_in_the_settings_is_the_only_one_in_the_record() {
    let mut second = crate::kit::client();
    second.client_id = "mc_sim_second".into();
    let clients = vec![crate::kit::client(), second];
    let world = World::with(monei_sandbox::Options { clients, ..Default::default() }).await;
    world.connect("ada", "profile:read").await;
    world.control("revoke", json!({"user": "ada", "client_id": "mc_sim_second"})).await;
    assert_eq!(world.state().await["grants"][0]["alive"], true, "another app's is untouched");
    let text = record(&world).await;
    assert!(text.contains("client_id = \"mc_sim_second\"") && text.contains("client = \"mc_sim_test\""), "{text}");
    let unknown =
        world.http.post(format!("{}/sandbox/api/revoke", world.base)).json(&json!({"client_id": "mc_nobody"})).send().await.unwrap();
    assert_eq!(unknown.status(), 404);
}

#[tokio::test]
async fn the_same_seed_and_clock_give_the_same_tokens_letter_by_letter() {
    let run = async |seed: u64| {
        let clock = Some("2026-11-25T12:00:00Z".parse().unwrap());
        let options = monei_sandbox::Options { clients: vec![crate::kit::client()], seed: Some(seed), clock, ..Default::default() };
        let world = World::with(options).await;
        let tokens = world.connect("ada", "profile:read").await;
        let dated = world.get("/user/me", &tokens.access).await;
        assert_eq!(dated.headers()["date"], "Wed, 25 Nov 2026 12:00:00 GMT");
        (tokens.access, tokens.refresh)
    };
    assert_eq!(run(7).await, run(7).await);
    assert_ne!(run(7).await.0, run(8).await.0);
}
