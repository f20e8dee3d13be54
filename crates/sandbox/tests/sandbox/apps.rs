//! Another app of the same person: the two don't disturb each other.

use monei_sandbox::{Client, Options};
use serde_json::{Value, json};

use crate::kit::{self, Browser, CALLBACK, CLIENT_ID, SECRET, Tokens, World, nest_error, parameter};

const OTHER: &str = "mc_sim_other";

async fn two_apps() -> World {
    let other = Client { client_id: OTHER.into(), name: "Another app".into(), ..kit::client() };
    let world = World::with(Options { clients: vec![kit::client(), other], run: Some("R1".into()), ..Options::default() }).await;
    world.switch("token_calls_per_minute", "0").await;
    world
}

#[expect(clippy::unwrap_used, reason = "a test's own plumbing: a panic is its way to fail")]
async fn connect(world: &World, client: &str, scope: &str) -> Tokens {
    let url = world.authorize_with(&[("client_id", client), ("redirect_uri", CALLBACK), ("scope", scope)]);
    let location = world.control("approve", json!({"url": url, "user": "ada"})).await["location"].as_str().unwrap().to_owned();
    let code = parameter(&location.parse().unwrap(), "code").unwrap();
    let body =
        json!({"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "client_id": client, "client_secret": SECRET});
    Tokens::of(world.token(body).await).await
}

#[tokio::test]
async fn nothing_that_one_app_or_its_person_does_touches_the_other_app() {
    // What is done to the first app, and whether its own tokens survive it.
    let mut tried = 0;
    for (what, switches) in [
        ("refresh", vec![]),
        ("upgrade", vec![("old_pair_after_upgrade", "dead"), ("upgrade_scopes", "cumulative")]),
        ("again", vec![("single_grant", "on")]),
        ("reuse", vec![("reuse_revokes_family", "on")]),
        ("revoke", vec![]),
        ("disconnect", vec![]),
        ("deny", vec![]),
        ("secret", vec![("secret_overlap", "off")]),
    ] {
        let world = two_apps().await;
        for (name, value) in switches {
            world.switch(name, value).await;
        }
        let mine = connect(&world, CLIENT_ID, "profile:read").await;
        let other = connect(&world, OTHER, "profile:read").await;
        match what {
            "refresh" => drop(world.refresh(&mine.refresh).await),
            "upgrade" => drop(connect(&world, CLIENT_ID, "wallet:read").await),
            "again" => drop(connect(&world, CLIENT_ID, "profile:read").await),
            "reuse" => {
                world.refresh(&mine.refresh).await;
                world.refresh(&mine.refresh).await;
            }
            "revoke" => drop(world.revoke(&mine.access).await),
            "disconnect" => drop(world.control("revoke", json!({"user": "ada", "client_id": CLIENT_ID})).await),
            "deny" => drop(world.decide("ada", "wallet:read", json!([])).await),
            _ => drop(world.control("secret", json!({"client_id": CLIENT_ID, "client_secret": "mcs_sim_next"})).await),
        }
        assert_eq!(world.get("/user/me", &other.access).await.status(), 200, "{what}");
        assert_eq!(world.refresh(&other.refresh).await.status(), 200, "{what}");
        let again = world.authorize_with(&[("client_id", OTHER), ("redirect_uri", CALLBACK), ("scope", "profile:read wallet:read")]);
        assert_eq!(Browser::new().consent(&again, "ada").await.offered(), ["wallet:read"], "{what}: what it was allowed is remembered");
        tried += 1;
    }
    assert_eq!(tried, 8);
}

#[tokio::test]
async fn a_code_or_a_refresh_token_is_of_no_use_to_the_other_app() {
    let world = two_apps().await;
    let code = world.code("ada", "profile:read").await;
    let body =
        json!({"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "client_id": OTHER, "client_secret": SECRET});
    nest_error(world.token(body).await, 400).await;
    assert_eq!(world.exchange(&code).await.status(), 200, "and its own app can still exchange it");
    let mine = connect(&world, CLIENT_ID, "profile:read").await;
    world.switch("refresh_secret", "required").await;
    let body = json!({"grant_type": "refresh_token", "refresh_token": mine.refresh, "client_id": OTHER, "client_secret": SECRET});
    nest_error(world.token(body).await, 401).await;
    assert_eq!(world.get("/user/me", &mine.access).await.status(), 200);
}

#[tokio::test]
async fn quotas_timeline_and_connected_apps_tell_the_apps_apart() {
    let world = two_apps().await;
    connect(&world, CLIENT_ID, "profile:read").await;
    let other = connect(&world, OTHER, "kyc:read").await;
    world.switch("token_calls_per_minute", "1").await;
    assert_eq!(world.refresh(&other.refresh).await.status(), 429, "one call was made already");
    world.control("reset", json!({"what": "quotas"})).await;
    let mut browser = Browser::new();
    let login = browser.open(&format!("{}/settings/apps", world.base)).await;
    browser.submit(&login, &[("user", "ada")]).await;
    let page = browser.open(&format!("{}/settings/apps", world.base)).await;
    assert_eq!(page.text.matches("data-testid=\"app\"").count(), 2);
    let told: Value = world.http.get(format!("{}/sandbox/api/timeline", world.base)).send().await.unwrap().json().await.unwrap();
    let of =
        |client: &str| told.as_array().unwrap().iter().filter(|entry| entry["step"] == "token" && entry["client_id"] == client).count();
    assert_eq!((of(CLIENT_ID), of(OTHER)), (1, 1));
    let page = Browser::new().open(&format!("{}/sandbox/timeline?client={OTHER}", world.base)).await;
    assert!(page.text.contains("gets kyc:read") && !page.text.contains("gets profile:read"));
    let control = Browser::new().open(&format!("{}/sandbox", world.base)).await;
    assert!(control.text.contains(OTHER), "whose grant it is");
}

#[tokio::test]
async fn moving_the_clock_ends_what_should_end_and_nothing_else() {
    let world = World::new().await;
    world.switch("token_calls_per_minute", "0").await;
    let mut browser = Browser::new();
    let consent = browser.consent(&world.authorize_url("profile:read"), "ada").await;
    let tokens = world.connect("ada", "profile:read wallet:read wallet:deposit").await;
    let code = world.code("tunde", "profile:read").await;
    let deposit = json!({"amount": 500});
    let link = world.http.post(format!("{}/api/v1/wallet/deposit/payment-link", world.base)).bearer_auth(&tokens.access).json(&deposit);
    let link: Value = link.send().await.unwrap().json().await.unwrap();
    let reference = link["data"]["link"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    let by = async |seconds: i64| world.control("clock", json!({"by_s": seconds})).await;
    let status = async |access: &str| {
        let path = format!("/wallet/deposit/status/{reference}");
        world.get(&path, access).await.json::<Value>().await.unwrap()["data"]["status"].clone()
    };

    by(9 * 60).await;
    assert_eq!(world.get("/user/me", &tokens.access).await.status(), 200);
    by(2 * 60).await;
    nest_error(world.exchange(&code).await, 400).await;
    assert_eq!(world.get("/user/me", &tokens.access).await.status(), 200, "a code dies after ten minutes, an access token doesn't");
    assert_eq!(status(&tokens.access).await, "PENDING");
    by(50 * 60).await;
    nest_error(world.get("/user/me", &tokens.access).await, 401).await;
    let answer = browser.submit(&consent, &[("scope", "profile:read"), ("decision", "allow")]).await;
    assert_eq!(answer.status, 401, "a session at Monei lasts for an hour");
    by(30 * 86_400).await;
    let tokens = Tokens::of(world.refresh(&tokens.refresh).await).await;
    assert_eq!(world.get("/user/me", &tokens.access).await.status(), 200, "a refresh token has no end");
    assert_eq!(status(&tokens.access).await, "FAILED", "a link that nobody paid within its day");
    assert_eq!(world.control("settle", json!({})).await["settled"], 0);
    by(-30 * 86_400).await;
    assert_eq!(world.get("/user/me", &tokens.access).await.status(), 200, "back in time nothing dies");
}

#[tokio::test]
async fn the_consent_page_remembers_who_is_logged_in_and_what_was_allowed_and_nothing_else() {
    let world = World::new().await;
    let mut browser = Browser::new();
    let url = world.authorize_url("profile:read wallet:read kyc:read");
    let consent = browser.consent(&url, "ada").await;
    assert!(
        !consent.text.contains(" checked") && consent.text.contains("autocomplete=\"off\""),
        "nothing is switched on, by a reload neither"
    );
    // Declined, ticked without deciding, and denied: none of it is remembered.
    browser.submit(&consent, &[("scope", "profile:read"), ("decision", "allow")]).await;
    let again = browser.open(&url).await;
    assert_eq!(again.offered(), ["kyc:read", "wallet:read"]);
    assert!(again.text.contains("You allowed 1 of its requests before") && !again.text.contains(" checked"));
    browser.submit(&again, &[("scope", "kyc:read"), ("decision", "deny")]).await;
    let again = browser.open(&url).await;
    assert_eq!(again.offered(), ["kyc:read", "wallet:read"]);
    assert!(again.text.contains("Ada Okafor") && !again.text.contains(" checked"));
    // A plan is for one decision, and says that it is there.
    world.control("next", json!({"allow": "all"})).await;
    let planned = browser.open(&url).await;
    assert!(planned.text.contains("data-testid=\"planned\"") && planned.text.matches(" checked").count() == 2);
    browser.submit(&planned, &[("decision", "deny")]).await;
    assert!(!browser.open(&url).await.text.contains(" checked"));
}
