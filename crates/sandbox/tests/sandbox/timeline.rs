//! The timeline tells what happened in a run, and why something was refused.

use serde_json::{Value, json};

use crate::kit::{Browser, CALLBACK, CLIENT_ID, SECRET, World, exchange_body};

#[expect(clippy::unwrap_used, reason = "a test's own plumbing: a panic is its way to fail")]
async fn timeline(world: &World) -> Vec<Value> {
    let answer = world.http.get(format!("{}/sandbox/api/timeline", world.base)).send().await.unwrap();
    answer.json::<Value>().await.unwrap().as_array().unwrap().clone()
}

/// The reason of the last step of this kind.
#[expect(clippy::panic, reason = "a test's own plumbing: a panic is its way to fail")]
async fn last_why(world: &World, step: &str) -> String {
    let steps = timeline(world).await;
    let last = steps.iter().rev().find(|entry| entry["step"] == step).unwrap_or_else(|| panic!("no {step} in {steps:?}"));
    last["why"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn a_run_is_told_step_by_step_in_its_order() {
    let world = World::new().await;
    let mut browser = Browser::new();
    let consent = browser.consent(&world.authorize_url("profile:read wallet:read"), "ada").await;
    let code = browser.submit(&consent, &[("scope", "profile:read"), ("decision", "allow")]).await.location();
    let tokens = crate::kit::Tokens::of(world.exchange(&crate::kit::parameter(&code, "code").unwrap()).await).await;
    for _ in 0..2 {
        world.get("/user/me", &tokens.access).await;
    }
    world.get("/wallet/me", &tokens.access).await;
    let next = crate::kit::Tokens::of(world.refresh(&tokens.refresh).await).await;
    world.revoke(&next.access).await;
    world.get("/user/me", &next.access).await;
    let told: Vec<(String, String, u64)> = timeline(&world)
        .await
        .iter()
        .map(|entry| {
            (entry["step"].as_str().unwrap().to_owned(), entry["what"].as_str().unwrap().to_owned(), entry["times"].as_u64().unwrap())
        })
        .collect();
    let told: Vec<(&str, &str, u64)> = told.iter().map(|(step, what, times)| (step.as_str(), what.as_str(), *times)).collect();
    assert_eq!(
        told,
        [
            ("authorize", "asks for profile:read, wallet:read", 1),
            ("consent", "logs in", 1),
            ("authorize", "asks for profile:read, wallet:read", 1),
            ("consent", "allows profile:read; declines wallet:read", 1),
            ("token", "exchanges its code and gets profile:read", 1),
            ("call", "GET /user/me", 2),
            ("call", "GET /wallet/me", 1),
            ("refresh", "refreshes", 1),
            ("revocation", "revokes its tokens", 1),
            ("call", "GET /user/me", 1),
        ]
    );
    let refused = &timeline(&world).await[6];
    assert_eq!((&refused["status"], &refused["grant"], &refused["user"]), (&json!(403), &json!("grant-1"), &json!("ada")));
    assert_eq!(refused["why"], "Insufficient scope: wallet:read is required: grant-1 carries profile:read");
    assert!(last_why(&world, "call").await.ends_with("grant-1 has ended: the app revoked it"));
    let page = Browser::new().open(&format!("{}/sandbox/timeline", world.base)).await;
    for text in ["allows profile:read; declines wallet:read", "grant-1 carries profile:read", "× 2"] {
        assert!(page.text.contains(text), "{text}");
    }
    assert!(!page.text.contains("CNRY") && !timeline(&world).await.iter().any(|entry| entry.to_string().contains("CNRY")));
}

#[tokio::test]
async fn each_refusal_of_a_token_says_in_words_which_one_it_was() {
    let world = World::new().await;
    world.switch("token_calls_per_minute", "0").await;
    let tokens = world.connect("ada", "profile:read").await;
    let call = async |token: &str| {
        world.get("/user/me", token).await;
        last_why(&world, "call").await
    };
    assert!(call(&tokens.refresh).await.contains("this is a refresh token"));
    assert!(call("mct_sim_unknown").await.contains("no such access token is known"));
    let code = world.code("ada", "profile:read").await;
    assert!(call(&code).await.contains("this is a code"));
    let next = crate::kit::Tokens::of(world.refresh(&tokens.refresh).await).await;
    assert!(call(&tokens.access).await.contains("a refresh of grant-1 replaced this access token"));
    world.control("clock", json!({"by_s": 3 * 3_600})).await;
    assert!(call(&next.access).await.contains("the access token of grant-1 expired 2 hours ago"));
    world.http.get(format!("{}/api/v1/user/me", world.base)).send().await.unwrap();
    assert!(last_why(&world, "call").await.contains("there is no Authorization header"));
    world.http.get(format!("{}/api/v1/user/me", world.base)).header("x-api-key", &next.access).send().await.unwrap();
    assert!(last_why(&world, "call").await.contains("X-API-KEY is for API keys"));

    world.refresh(&tokens.refresh).await;
    assert!(last_why(&world, "refresh").await.contains("a later refresh of grant-1 replaced this refresh token"));
    world.refresh(&next.access).await;
    assert!(last_why(&world, "refresh").await.contains("this is an access token"));
    world.control("revoke", json!({"user": "ada"})).await;
    world.refresh(&next.refresh).await;
    assert!(last_why(&world, "refresh").await.contains("grant-1 has ended: the person took access away"));
    assert!(call(&next.access).await.contains("the person took access away"));

    world.exchange(&code).await;
    assert!(last_why(&world, "token").await.contains("no such code is known"), "the person took that back as well");
    let code = world.code("ada", "profile:read").await;
    let other = |name: &str, value: &str| {
        let mut body = exchange_body(&code);
        body[name] = json!(value);
        body
    };
    world.token(other("redirect_uri", "com.example.app:/callback")).await;
    assert!(last_why(&world, "token").await.contains(&format!("issued for {CALLBACK}, not for com.example.app:/callback")));
    world.token(other("client_secret", "wrong")).await;
    assert!(last_why(&world, "token").await.contains(&format!("this is not the secret of {CLIENT_ID}")));
    world.token(other("client_id", "mc_nobody")).await;
    assert!(last_why(&world, "token").await.contains("no app is registered under this client_id"));
    world.control("clock", json!({"by_s": 660})).await;
    world.exchange(&code).await;
    assert!(last_why(&world, "token").await.contains("issued 11 minutes ago, and a code lives for 10 minutes"));
    let code = world.code("ada", "profile:read").await;
    world.exchange(&code).await;
    world.exchange(&code).await;
    assert!(last_why(&world, "token").await.contains("it was used before; grant-2, which it gave, has been ended"));
    world.control("secret", json!({"client_id": CLIENT_ID, "client_secret": "mcs_sim_next"})).await;
    world.switch("secret_overlap", "off").await;
    world.exchange(&code).await;
    assert!(last_why(&world, "token").await.contains("this is the previous secret"));
    assert!(!timeline(&world).await.iter().any(|entry| entry.to_string().contains(SECRET)));
}

#[tokio::test]
async fn a_body_that_can_not_be_read_says_where_it_goes_wrong() {
    let world = World::new().await;
    let send = async |content_type: &str, body: &str| {
        let request = world.http.post(format!("{}/api/v1/connect/token", world.base)).header("content-type", content_type);
        request.body(body.to_owned()).send().await.unwrap();
        last_why(&world, "token").await
    };
    assert!(send("application/json", "{\"grant_type\": refresh}").await.contains("line 1 column 16"));
    assert!(send("application/json", "[1]").await.contains("it is JSON, but no object"));
    assert!(send("text/plain", "{}").await.contains("the Content-Type is text/plain"));
    world.switch("token_calls_per_minute", "3").await;
    for _ in 0..3 {
        send("application/json", "{}").await;
    }
    assert!(send("application/json", "{}").await.contains("more than 3 token calls within a minute, counted for mc_sim_test"));
}

#[tokio::test]
async fn what_the_tester_does_stands_in_the_timeline_and_a_reset_begins_a_new_one() {
    let world = World::new().await;
    world.control("preset", json!({"name": "busy"})).await;
    world.control("clock", json!({"by_s": 86_400})).await;
    world.control("revoke", json!({"user": "ada"})).await;
    let told: Vec<Value> = timeline(&world).await.iter().map(|entry| entry["what"].clone()).collect();
    assert_eq!(told, ["applies the preset \"busy\"", "moves the clock on by 1 day", "ada disconnects every app"]);
    world.control("reset", json!({})).await;
    let told: Vec<Value> = timeline(&world).await.iter().map(|entry| entry["what"].clone()).collect();
    assert_eq!(told, ["resets all"]);
}

#[tokio::test]
async fn while_the_timeline_loads_itself_anew_there_is_no_form_that_it_would_empty() {
    let world = World::new().await;
    world.connect("ada", "profile:read").await;
    let page = async |query: &str| Browser::new().open(&format!("{}/sandbox/timeline?{query}", world.base)).await.text;
    let (still, following) = (page("user=ada").await, page("user=ada&client=&follow=1").await);
    assert!(still.contains("name=\"follow\"") && !still.contains("http-equiv=\"refresh\""), "{still}");
    assert!(following.contains("http-equiv=\"refresh\"") && !following.contains("<form"), "{following}");
    assert!(following.contains("href=\"/sandbox/timeline?user=ada\""), "back to the same steps: {following}");
    assert!(following.contains("exchanges its code"), "{following}");
}
