//! Scenarios: strict to read, played without a person, and exported from what was done by hand.

use crate::kit::{self, Browser, World, nest_error, parameter};
use monei_sandbox::Scenario;
use reqwest::StatusCode;
use serde_json::{Value, json};
use url::Url;

#[expect(clippy::unwrap_used, reason = "a test's own plumbing: a panic is its way to fail")]
fn sample(name: &str) -> String {
    std::fs::read_to_string(format!("{}/scenarios/{name}.toml", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// Opens the address and gives where it leads at once.
#[expect(clippy::unwrap_used, reason = "a test's own plumbing: a panic is its way to fail")]
async fn asked(world: &World, scope: &str) -> Url {
    let answer = world.http.get(world.authorize_url(scope)).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{}", answer.text().await.unwrap());
    Url::parse(answer.headers()["location"].to_str().unwrap()).unwrap()
}

#[expect(clippy::unwrap_used, reason = "a test's own plumbing: a panic is its way to fail")]
async fn granted(world: &World, scope: &str) -> kit::Tokens {
    let code = parameter(&asked(world, scope).await, "code").unwrap();
    kit::Tokens::of(world.exchange(&code).await).await
}

async fn playing(name: &str) -> World {
    let world = World::new().await;
    world.control("scenario", json!({"toml": sample(name), "auto_approve": true})).await;
    world
}

#[tokio::test]
async fn partial_grant_is_a_part_and_then_the_rest() {
    let world = playing("partial-grant").await;
    assert_eq!(granted(&world, "profile:read wallet:read wallet:send").await.scopes, ["profile:read", "wallet:read"]);
    assert_eq!(granted(&world, "wallet:send").await.scopes, ["profile:read", "wallet:read", "wallet:send"]);
    let after = world.http.get(world.authorize_url("kyc:read")).send().await.unwrap();
    assert_eq!(after.status(), 409, "no round is left, and nobody is there");
}

#[tokio::test]
async fn declined_denies_in_both_ways_and_in_the_end_for_good() {
    let world = playing("declined").await;
    for _ in 0..2 {
        assert_eq!(parameter(&asked(&world, "profile:read").await, "error").unwrap(), "access_denied");
    }
    assert_eq!(granted(&world, "profile:read wallet:send").await.scopes, ["profile:read"]);
    assert!(parameter(&asked(&world, "kyc:read").await, "error").is_some());
}

#[tokio::test]
async fn wrong_person_approves_as_somebody_else() {
    let world = playing("wrong-person").await;
    for name in ["Ada", "Tunde"] {
        let access = granted(&world, "profile:read").await.access;
        let me: Value = world.get("/user/me", &access).await.json().await.unwrap();
        assert_eq!(me["data"]["firstName"], name);
    }
}

#[tokio::test]
async fn revoked_at_monei_ends_the_grant_after_the_second_read() {
    let world = playing("revoked-at-monei").await;
    let tokens = granted(&world, "profile:read kyc:read").await;
    for (path, status) in [("/user/me", 200), ("/kyc/status", 200), ("/user/me", 200), ("/user/me", 401)] {
        assert_eq!(world.get(path, &tokens.access).await.status(), status, "{path}");
    }
    nest_error(world.refresh(&tokens.refresh).await, 401).await;
    let again = granted(&world, "profile:read").await;
    assert_eq!(world.get("/user/me", &again.access).await.status(), 200);
}

#[tokio::test]
async fn busy_and_outage_come_one_after_the_other() {
    let world = playing("busy-and-outage").await;
    let tokens = granted(&world, "profile:read").await;
    nest_error(world.get("/user/me", &tokens.access).await, 401).await;
    assert_eq!(world.refresh(&tokens.refresh).await.status(), 429);
    let tokens = kit::Tokens::of(world.refresh(&tokens.refresh).await).await;
    for status in [503, 503, 503, 200] {
        assert_eq!(world.get("/user/me", &tokens.access).await.status(), status);
    }
}

#[tokio::test]
async fn separate_tokens_expects_exact_requests_and_loses_a_refresh() {
    let world = playing("separate-tokens").await;
    let wrong = world.http.get(world.authorize_url("kyc:read")).send().await.unwrap();
    assert_eq!(wrong.status(), 409);
    assert!(wrong.text().await.unwrap().contains("expects the app to ask for profile:read"));
    granted(&world, "profile:read").await;
    let second = granted(&world, "wallet:read").await;
    assert_eq!(second.scopes, ["wallet:read"]);
    let body = json!({"grant_type": "refresh_token", "refresh_token": second.refresh});
    assert!(world.http.post(format!("{}/api/v1/connect/token", world.base)).json(&body).send().await.is_err(), "dropped");
    nest_error(world.refresh(&second.refresh).await, 401).await;
}

#[tokio::test]
async fn without_auto_approve_the_page_opens_as_the_person_with_the_scopes_switched_on() {
    let world = World::new().await;
    world.control("scenario", json!({"toml": sample("partial-grant")})).await;
    let mut browser = Browser::new();
    let page = browser.open(&world.authorize_url("profile:read wallet:read wallet:send")).await;
    assert!(page.text.contains("Ada Okafor"));
    assert_eq!(page.text.matches(" checked").count(), 2, "{}", page.text);
    let switched = browser.open(&format!("{}&sandbox_switch_user=1", page.url)).await;
    assert!(switched.text.contains("Who do you want to be?"));
    let other = browser.consent(&format!("{}&sandbox_switch_user=1", page.url), "markup").await;
    assert!(other.text.contains("&lt;img"), "whoever was chosen by hand stays");
    let decided = browser.submit(&other, &[("scope", "profile:read"), ("decision", "allow")]).await;
    assert_eq!(decided.status, 303);
    assert_eq!(world.state().await["next"].as_array().unwrap().len(), 1);
}

#[test]
fn a_wrong_scenario_is_refused_with_the_place_and_the_reason() {
    for (text, said) in [
        ("", "name"),
        ("name = 1", "line 1"),
        ("name = \"x\"\ncolour = 1", "unknown field `colour`"),
        ("name = \"x\"\n[[round]]\nuser = \"bob\"\nallow = \"all\"", "round 1: user"),
        ("name = \"x\"\n[[round]]\nuser = \"ada\"\nallow = \"some\"", "round 1: allow"),
        ("name = \"x\"\n[[round]]\nuser = \"ada\"\nallow = 7", "allow: \"all\""),
        ("name = \"x\"\n[[round]]\nuser = \"ada\"\nallow = [\"wallet:rob\"]", "\"wallet:rob\" is no scope"),
        ("name = \"x\"\n[[round]]\nuser = \"ada\"\nasks = [\"kyc:read\"]\nallow = [\"profile:read\"]", "in asks"),
        ("name = \"x\"\n[[event]]\nwhen = \"start\"", "event 1: exactly one of"),
        ("name = \"x\"\n[[event]]\nwhen = \"start\"\nexpire = \"all\"\nrevoke = \"all\"", "exactly one of"),
        ("name = \"x\"\n[[event]]\nwhen = \"later\"\nexpire = \"all\"", "later"),
        ("name = \"x\"\n[[event]]\nwhen = \"start\"\nnumber = 0\nexpire = \"all\"", "counts from 1"),
        ("name = \"x\"\n[[event]]\nwhen = \"start\"\npath = \"/a\"\nexpire = \"all\"", "path"),
        ("name = \"x\"\n[[event]]\nwhen = \"start\"\nfault = { target = \"api\", kind = \"status\" }", "status: a number"),
        ("name = \"x\"\n[[event]]\nwhen = \"start\"\ndisarm = 0", "disarm: ordinal of a fault"),
        ("name = \"x\"\n[[event]]\nwhen = \"start\"\nreset = \"all\"", "neither \"all\" nor \"next\""),
        ("name = \"x\"\n[[event]]\nwhen = \"start\"\nfault = { target = \"api\", kind = \"delay\" }", "event 1: delay_ms"),
        ("name = \"x\"\n[switches]\nno_such = \"on\"", "no switch"),
        ("name = \"x\"\n[switches]\nnone_granted = \"perhaps\"", "none_granted"),
        ("name = \"x\"\nclock_offset_s = 999999999999", "ten years"),
    ] {
        let error = Scenario::parse(text).unwrap_err().to_string();
        assert!(error.contains(said), "{text}\n{error}");
    }
}

#[tokio::test]
async fn what_was_done_by_hand_is_exported_and_plays_again() {
    let world = World::new().await;
    world.switch("upgrade_scopes", "only_new").await;
    let mut browser = Browser::new();
    let page = browser.consent(&world.authorize_url("profile:read wallet:send"), "tunde").await;
    let back = browser.submit(&page, &[("scope", "profile:read"), ("decision", "allow")]).await;
    world.exchange(&parameter(&back.location(), "code").unwrap()).await;
    world.control("fault", json!({"target": "api", "kind": "status", "status": 503, "times": 1})).await;
    world.control("revoke", json!({"user": "tunde"})).await;
    let page = browser.open(&world.authorize_url("kyc:read")).await;
    browser.submit(&page, &[("decision", "deny")]).await;
    let exported = world.http.get(format!("{}/sandbox/api/scenario", world.base)).send().await.unwrap();
    assert_eq!(exported.headers()["content-type"], "application/toml");
    let text = exported.text().await.unwrap();
    assert!(!text.contains("CNRY"));
    let scenario = Scenario::parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    assert_eq!(scenario.rounds(), 2, "{text}");

    let again = World::new().await;
    again.control("scenario", json!({"toml": text, "auto_approve": true})).await;
    assert_eq!(again.state().await["switches"]["upgrade_scopes"], "only_new");
    let tokens = granted(&again, "profile:read wallet:send").await;
    assert_eq!(tokens.scopes, ["profile:read"]);
    assert_eq!(again.get("/user/me", &tokens.access).await.status(), 503);
    assert_eq!(again.get("/user/me", &tokens.access).await.status(), 401);
    assert!(parameter(&asked(&again, "kyc:read").await, "error").is_some());
}

/// What a person and an app do, by hand or by a scenario: what each step came to.
#[expect(clippy::unwrap_used, reason = "a test's own plumbing: a panic is its way to fail")]
async fn session(world: &World, by_hand: bool) -> Vec<String> {
    let mut seen = Vec::new();
    let order = async |what: &str, order: serde_json::Value| {
        if by_hand {
            world.control(what, order).await;
        }
    };
    let mut browser = Browser::new();
    let mut approve = async |scope: &str, user: &str, allow: &[(&str, &str)]| -> Url {
        let url = world.authorize_url(scope);
        if !by_hand {
            return asked(world, scope).await;
        }
        let page = browser.consent(&format!("{url}&sandbox_switch_user=1"), user).await;
        browser.submit(&page, allow).await.location()
    };
    order("switch", json!({"name": "refresh_scopes", "value": "absent"})).await;
    order("preset", json!({"name": "outage"})).await;
    order("preset", json!({"name": "normal"})).await;
    order("switch", json!({"name": "upgrade_scopes", "value": "only_new"})).await;
    let allow = [("scope", "profile:read"), ("scope", "wallet:read"), ("decision", "allow")];
    let back = approve("profile:read wallet:read wallet:send", "ada", &allow).await;
    let first = kit::Tokens::of(world.exchange(&parameter(&back, "code").unwrap()).await).await;
    seen.push(format!("{:?}", first.scopes));
    let read = async |access: &str| world.get("/user/me", access).await.status().as_u16().to_string();
    seen.push(read(&first.access).await);
    order("expire", json!({"user": "ada"})).await;
    seen.push(read(&first.access).await);
    let second = kit::Tokens::of(world.refresh(&first.refresh).await).await;
    seen.push(format!("{:?}", second.scopes));
    seen.push(read(&second.access).await);
    // Armed between two reads, and one of them taken back.
    order("fault", json!({"target": "api", "kind": "status", "status": 503})).await;
    order("fault", json!({"target": "/user/me", "kind": "status", "status": 500, "times": 5})).await;
    order("fault", json!({"target": "/user/me", "kind": "wrong_content_type", "times": 5})).await;
    let number = world.state().await["faults"][1]["number"].clone();
    order("disarm", json!({"number": number})).await;
    seen.push(read(&second.access).await);
    let mislabelled = world.get("/user/me", &second.access).await;
    seen.push(mislabelled.headers()["content-type"].to_str().unwrap().to_owned());
    order("reset", json!({"what": "faults"})).await;
    let as_it_should = world.get("/user/me", &second.access).await;
    seen.push(as_it_should.headers()["content-type"].to_str().unwrap().to_owned());
    let back = approve("wallet:send", "ada", &[("decision", "deny")]).await;
    seen.push(parameter(&back, "error").unwrap());
    order("reset", json!({"what": "switches"})).await;
    let back = approve("kyc:read", "ada", &[("scope", "kyc:read"), ("decision", "allow")]).await;
    let third = kit::Tokens::of(world.exchange(&parameter(&back, "code").unwrap()).await).await;
    seen.push(format!("{:?}", third.scopes));
    seen.push(read(&third.access).await);
    order("revoke", json!({"user": "ada"})).await;
    seen.push(read(&third.access).await);
    seen.push(world.refresh(&third.refresh).await.status().as_u16().to_string());
    seen
}

#[tokio::test]
async fn an_exported_session_plays_again_step_by_step_with_the_same_outcome() {
    let world = World::new().await;
    let by_hand = session(&world, true).await;
    assert_eq!(by_hand[..3], ["[\"profile:read\", \"wallet:read\"]", "200", "401"], "{by_hand:?}");
    let text = world.http.get(format!("{}/sandbox/api/scenario", world.base)).send().await.unwrap().text().await.unwrap();

    let again = World::new().await;
    again.control("scenario", json!({"toml": text, "auto_approve": true})).await;
    assert_eq!(session(&again, false).await, by_hand, "{text}");
    let (was, is) = (world.state().await, again.state().await);
    for what in ["switches", "faults", "clock_offset_s", "next"] {
        assert_eq!(is[what], was[what], "{what}\n{text}");
    }
    let alive = |state: &serde_json::Value| {
        state["grants"].as_array().unwrap().iter().map(|grant| (grant["scopes"].clone(), grant["alive"].clone())).collect::<Vec<_>>()
    };
    assert_eq!(alive(&is), alive(&was));
}
