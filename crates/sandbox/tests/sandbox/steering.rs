//! Planning ahead: the next authorization, presets, the OpenAPI document, the log, and the control page's forms for them.

use crate::kit::{self, Browser, World, nest_error, parameter};
use serde_json::{Value, json};
use url::Url;

#[expect(clippy::unwrap_used, reason = "a test's own plumbing: a panic is its way to fail")]
async fn get(world: &World, path: &str) -> Value {
    world.http.get(format!("{}/sandbox/api/{path}", world.base)).send().await.unwrap().json().await.unwrap()
}

#[tokio::test]
async fn the_next_consent_opens_as_planned_and_only_once() {
    let world = World::new().await;
    world.control("next", json!({"user": "tunde", "allow": ["wallet:read"]})).await;
    assert_eq!(get(&world, "next").await[0]["user"], "tunde");
    let mut browser = Browser::new();
    browser.consent(&world.authorize_url("profile:read"), "ada").await;
    let page = browser.open(&world.authorize_url("profile:read wallet:read")).await;
    assert!(!page.text.contains("Ada Okafor") || page.text.contains("planned"));
    world.control("reset", json!({"what": "next"})).await;
    world.control("next", json!({"user": "tunde", "allow": ["wallet:read"]})).await;
    let page = browser.open(&world.authorize_url("profile:read wallet:read")).await;
    assert!(page.text.contains("Tunde Bello") && page.text.matches(" checked").count() == 1);
    assert_eq!(page.text.matches("data-testid=\"planned\"").count(), 1);
    let back = browser.submit(&page, &[("scope", "wallet:read"), ("decision", "allow")]).await;
    assert!(parameter(&back.location(), "code").is_some());
    let later = browser.open(&world.authorize_url("profile:read")).await;
    assert!(later.text.contains("Tunde Bello") && !later.text.contains(" checked"), "the session stays, the plan is used up");
}

#[tokio::test]
async fn an_automatic_answer_needs_no_page_and_ignores_what_was_not_asked() {
    let world = World::new().await;
    world.control("next", json!({"user": "ada", "allow": ["profile:read", "kyc:read"], "auto": true, "times": 2})).await;
    for _ in 0..2 {
        let answer = world.http.get(world.authorize_url("profile:read")).send().await.unwrap();
        let location = Url::parse(answer.headers()["location"].to_str().unwrap()).unwrap();
        let tokens = kit::Tokens::of(world.exchange(&parameter(&location, "code").unwrap()).await).await;
        assert_eq!(tokens.scopes, ["profile:read"]);
    }
    assert_eq!(world.http.get(world.authorize_url("profile:read")).send().await.unwrap().status(), 200);
    for wrong in [
        json!({"auto": true}),
        json!({"user": "bob"}),
        json!({"allow": "some"}),
        json!({"allow": ["x:y"]}),
        json!({"times": 0}),
        json!({"colour": 1}),
    ] {
        let answer = world.http.post(format!("{}/sandbox/api/next", world.base)).json(&wrong).send().await.unwrap();
        nest_error(answer, 400).await;
    }
}

#[tokio::test]
async fn each_preset_does_what_it_says_and_normal_takes_it_back() {
    let world = World::new().await;
    let names: Vec<String> =
        get(&world, "presets").await.as_array().unwrap().iter().map(|preset| preset["name"].as_str().unwrap().to_owned()).collect();
    for name in &names {
        world.control("preset", json!({"name": name})).await;
    }
    world.control("preset", json!({"name": "normal"})).await;
    let state = world.state().await;
    assert_eq!((&state["faults"], &state["next"], &state["switches"]["envelope"]), (&json!([]), &json!([]), &json!("plain")));

    let tokens = world.connect("ada", "profile:read").await;
    let preset = async |name: &str| world.control("preset", json!({"name": name})).await;
    preset("busy").await;
    let busy = world.get("/user/me", &tokens.access).await;
    assert_eq!((busy.status().as_u16(), &busy.headers()["retry-after"]), (429, &"8".parse().unwrap()));
    preset("normal").await;
    preset("outage").await;
    for _ in 0..5 {
        assert_eq!(world.get("/user/me", &tokens.access).await.status(), 503);
    }
    preset("normal").await;
    preset("lost_refresh").await;
    let body = json!({"grant_type": "refresh_token", "refresh_token": tokens.refresh});
    assert!(world.http.post(format!("{}/api/v1/connect/token", world.base)).json(&body).send().await.is_err());
    preset("declines_sensitive").await;
    let page = Browser::new().consent(&world.authorize_url("kyc:read wallet:read wallet:send"), "tunde").await;
    assert_eq!(page.text.matches(" checked").count(), 2);
    let again = world.connect("blocked", "profile:read").await;
    preset("expired").await;
    nest_error(world.get("/user/me", &again.access).await, 401).await;
    let again = kit::Tokens::of(world.refresh(&again.refresh).await).await;
    preset("revoked").await;
    nest_error(world.refresh(&again.refresh).await, 401).await;
    let wrong = world.http.post(format!("{}/sandbox/api/preset", world.base)).json(&json!({"name": "x"})).send().await.unwrap();
    assert!(nest_error(wrong, 400).await.contains("busy"));
}

#[tokio::test]
async fn every_example_of_the_openapi_document_is_taken_and_every_unknown_field_refused() {
    let world = World::new().await;
    let document = get(&world, "openapi.json").await;
    for (path, item) in document["paths"].as_object().unwrap() {
        if let Some(body) = item.get("post").map(|post| &post["requestBody"]["content"]["application/json"]) {
            let url = format!("{}{path}", world.base);
            let answer = world.http.post(&url).json(&body["example"]).send().await.unwrap();
            assert_eq!(answer.status(), 200, "{path}: {}", answer.text().await.unwrap());
            let mut strange = body["example"].clone();
            strange["no_such_field"] = json!(1);
            nest_error(world.http.post(&url).json(&strange).send().await.unwrap(), 400).await;
            let schema = body["schema"]["$ref"].as_str().unwrap().trim_start_matches('#');
            for field in document.pointer(schema).unwrap()["required"].as_array().into_iter().flatten() {
                let mut without = body["example"].clone();
                without.as_object_mut().unwrap().remove(field.as_str().unwrap());
                nest_error(world.http.post(&url).json(&without).send().await.unwrap(), 400).await;
            }
        }
        if item.get("get").is_some() {
            assert_eq!(world.http.get(format!("{}{path}", world.base)).send().await.unwrap().status(), 200, "{path}");
        }
    }
    let state = world.state().await;
    for field in document["components"]["schemas"]["State"]["required"].as_array().unwrap() {
        assert!(state.get(field.as_str().unwrap()).is_some(), "{field}");
    }
}

#[tokio::test]
async fn the_log_says_what_was_wrong_and_shows_no_secret() {
    let world = World::new().await;
    let tokens = world.connect("ada", "profile:read").await;
    world.get("/user/me", &tokens.access).await;
    world.get("/wallet/me", &tokens.access).await;
    world.get(&format!("/nothing/{}", tokens.access), &tokens.access).await;
    world.refresh("mcr_sim_CNRYR1_wrong").await;
    world.exchange(&world.code("ada", "kyc:read").await.replace("mcc", "mcx")).await;
    world.http.get(world.authorize_url("profile:read nonsense")).send().await.unwrap();
    let log = get(&world, "log").await;
    let why = |path: &str, status: u16| {
        let found = log.as_array().unwrap().iter().find(|seen| seen["path"] == path && seen["status"] == status);
        found.unwrap_or_else(|| panic!("{path} {status} in {log}"))["why"].clone()
    };
    assert_eq!(why("/api/v1/user/me", 200), Value::Null);
    assert_eq!(why("/api/v1/wallet/me", 403), "Insufficient scope: wallet:read is required: grant-1 carries profile:read");
    let unknown =
        "Invalid or expired refresh token: no such refresh token is known: it was never issued here, or everything was reset since";
    assert_eq!(why("/api/v1/connect/token", 401), unknown);
    let unknown = "Invalid authorization code: no such code is known: it was never issued here, or it is older than a day";
    assert_eq!(why("/api/v1/connect/token", 400), unknown);
    assert!(why("/connect/authorize", 400).as_str().unwrap().contains("nonsense"));
    let reader = log.as_array().unwrap().iter().find(|seen| seen["path"] == "/api/v1/user/me").unwrap();
    assert_eq!(reader["holder"], "ada, grant-1");
    let refused = log.as_array().unwrap().iter().find(|seen| seen["status"] == 403).unwrap();
    assert_eq!(refused["holder"], "ada, grant-1", "a refused call too");
    let pages = [world.base.clone() + "/sandbox", world.base.clone() + "/sandbox/log"];
    let mut shown = log.to_string();
    for page in pages {
        let page = Browser::new().open(&page).await;
        assert_eq!(page.status, 200);
        assert!(page.text.contains("wallet:read is required"));
        shown.push_str(&page.text);
    }
    assert!(!shown.contains("CNRY"));
    assert!(Browser::new().open(&format!("{}/sandbox/log", world.base)).await.text.contains("http-equiv=\"refresh\""));
}

#[tokio::test]
async fn the_control_page_plans_presets_plays_and_settles() {
    let world = World::new().await;
    let mut browser = Browser::new();
    let url = format!("{}/sandbox", world.base);
    let page = browser.open(&url).await;
    assert!(page.text.contains("2468"));
    let form = [("action", "next"), ("next_user", "tunde"), ("allow", "these"), ("scope", "kyc:read"), ("scope", "wallet:read")];
    assert_eq!(browser.submit(&page, &form).await.status, 303);
    assert_eq!(world.state().await["next"][0]["allow"], json!(["kyc:read", "wallet:read"]));
    assert!(browser.open(&url).await.text.contains("kyc:read, wallet:read"));
    browser.submit(&page, &[("action", "clear_next")]).await;
    browser.submit(&page, &[("action", "preset"), ("preset", "outage")]).await;
    let state = world.state().await;
    assert_eq!((state["next"].as_array().unwrap().len(), state["faults"].as_array().unwrap().len()), (0, 3));
    let toml = "name = \"By form\"\n[[round]]\nuser = \"ada\"\nallow = \"all\"\n";
    assert_eq!(browser.submit(&page, &[("action", "play"), ("toml", toml)]).await.status, 303);
    assert_eq!(world.state().await["scenario"], "By form");
    let page = browser.open(&url).await;
    let refused = browser.submit(&page, &[("action", "play"), ("toml", "name = 1")]).await;
    assert_eq!(refused.status, 400);
    assert!(refused.text.contains("line 1"));
    assert_eq!(browser.submit(&page, &[("action", "settle")]).await.status, 303);
    assert_eq!(browser.submit(&page, &[("action", "next"), ("auto", "1")]).await.status, 400, "nobody to answer as");
}
