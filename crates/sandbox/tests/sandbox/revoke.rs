//! Revocation by the app and by the person (Monei: tokens).

use crate::kit::{Browser, World, nest_error};
use serde_json::{Value, json};

#[tokio::test]
async fn revoking_an_access_token_kills_it_and_its_refresh_token_at_once() {
    let world = World::new().await;
    let tokens = world.connect("ada", "profile:read").await;
    let other = world.connect("tunde", "profile:read").await;
    let answer = world.revoke(&tokens.access).await;
    assert_eq!(answer.status(), 200);
    assert!(answer.json::<Value>().await.unwrap()["message"].is_string());
    nest_error(world.get("/user/me", &tokens.access).await, 401).await;
    nest_error(world.refresh(&tokens.refresh).await, 401).await;
    assert_eq!(world.get("/user/me", &other.access).await.status(), 200);
    assert_eq!(world.refresh(&other.refresh).await.status(), 200);
}

#[tokio::test]
async fn an_unknown_token_is_404_and_a_missing_one_400() {
    let world = World::new().await;
    let tokens = world.connect("ada", "profile:read").await;
    nest_error(world.revoke("mct_sim_unknown").await, 404).await;
    nest_error(world.revoke("").await, 400).await;
    assert_eq!(world.revoke(&tokens.access).await.status(), 200);
    nest_error(world.revoke(&tokens.access).await, 404).await;
    let url = format!("{}/api/v1/connect/token/revoke", world.base);
    for body in ["{", "[]", "null", r#"{"token":1}"#] {
        nest_error(world.http.post(&url).header("content-type", "application/json").body(body).send().await.unwrap(), 400).await;
    }
    nest_error(world.http.post(&url).header("content-type", "text/plain").body(r#"{"token":"x"}"#).send().await.unwrap(), 400).await;
}

#[tokio::test]
async fn after_revoking_everything_is_asked_anew_unless_switched() {
    for (value, offered) in [("on", vec!["profile:read"]), ("off", vec![])] {
        let world = World::new().await;
        world.switch("revoke_forgets_consent", value).await;
        let tokens = world.connect("ada", "profile:read").await;
        world.revoke(&tokens.access).await;
        let consent = Browser::new().consent(&world.authorize_url("profile:read"), "ada").await;
        assert_eq!(consent.offered(), offered, "{value}");
    }
}

#[tokio::test]
async fn a_person_sees_connected_apps_and_takes_access_away() {
    let world = World::new().await;
    let tokens = world.connect("ada", "profile:read wallet:read").await;
    let mut browser = Browser::new();
    let settings = format!("{}/settings/apps", world.base);
    let login = browser.open(&settings).await;
    browser.submit(&login, &[("user", "ada")]).await;
    let apps = browser.open(&settings).await;
    assert!(apps.text.contains("Test &amp; &lt;App&gt;") && apps.text.contains("wallet:read"));
    assert!(apps.text.contains(r#"name="revoke""#));
    assert_eq!(browser.post(&apps.url, "form_token=wrong&revoke=mc_sim_test".into()).await.status, 403);
    assert_eq!(world.get("/user/me", &tokens.access).await.status(), 200);
    assert_eq!(browser.submit(&apps, &[("revoke", "mc_sim_test")]).await.status, 303);
    assert!(browser.open(&settings).await.text.contains(r#"data-testid="no-apps""#));
    nest_error(world.get("/user/me", &tokens.access).await, 401).await;
    nest_error(world.refresh(&tokens.refresh).await, 401).await;
}

#[tokio::test]
async fn the_control_api_revokes_as_the_person_does() {
    let world = World::new().await;
    let (ada, tunde) = (world.connect("ada", "profile:read").await, world.connect("tunde", "profile:read").await);
    let code = world.code("ada", "wallet:read").await;
    assert_eq!(world.control("revoke", json!({"user": "ada"})).await["ended"], 1);
    nest_error(world.get("/user/me", &ada.access).await, 401).await;
    nest_error(world.exchange(&code).await, 400).await;
    assert_eq!(world.get("/user/me", &tunde.access).await.status(), 200);
    assert_eq!(world.control("revoke", json!({})).await["ended"], 1);
    nest_error(world.get("/user/me", &tunde.access).await, 401).await;
}
