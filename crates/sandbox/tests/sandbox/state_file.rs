//! What survives a restart, and what the file must not hold.

use crate::kit::{self, World, nest_error};
use serde_json::json;

#[tokio::test]
async fn grants_codes_and_consents_survive_a_restart_and_the_file_holds_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.json");
    let world = World::kept_in(path.clone()).await;
    let first = world.connect("ada", "profile:read").await;
    let rotated = kit::Tokens::of(world.refresh(&first.refresh).await).await;
    let code = world.code("tunde", "wallet:read").await;
    let gone = world.connect("blocked", "profile:read").await;
    world.control("revoke", json!({"user": "blocked"})).await;
    world.stop().await;

    let text = std::fs::read_to_string(&path).unwrap();
    for secret in [&first.access, &first.refresh, &rotated.access, &rotated.refresh, &code, &gone.access, &kit::SECRET.to_owned()] {
        assert!(!text.contains(secret.as_str()));
    }
    for marker in ["CNRY", "mct_", "mcr_", "mcs_", "mcc_"] {
        assert!(!text.contains(marker), "{marker}");
    }

    let world = World::kept_in(path).await;
    assert_eq!(world.get("/user/me", &rotated.access).await.status(), 200);
    nest_error(world.get("/user/me", &first.access).await, 401).await;
    nest_error(world.get("/user/me", &gone.access).await, 401).await;
    assert_eq!(world.refresh(&rotated.refresh).await.status(), 200);
    assert_eq!(world.exchange(&code).await.status(), 200);
    nest_error(world.exchange(&code).await, 400).await;
    let consent = kit::Browser::new().consent(&world.authorize_url("profile:read wallet:read"), "ada").await;
    assert_eq!(consent.offered(), ["wallet:read"]);
}

#[tokio::test]
async fn grants_of_an_app_that_is_no_longer_registered_are_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.json");
    let world = World::kept_in(path.clone()).await;
    let tokens = world.connect("ada", "profile:read").await;
    world.stop().await;
    let mut other = kit::client();
    other.client_id = "mc_sim_other".into();
    let world = World::with(monei_sandbox::Options { clients: vec![other], state_file: Some(path), ..Default::default() }).await;
    nest_error(world.get("/user/me", &tokens.access).await, 401).await;
}

#[tokio::test]
async fn when_the_state_can_not_be_written_nobody_is_told_that_it_worked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep/state.json");
    std::fs::create_dir(folder.path().join("deep")).unwrap();
    let world = World::kept_in(path).await;
    let code = world.code("ada", "profile:read").await;
    std::fs::remove_dir_all(folder.path().join("deep")).unwrap();
    nest_error(world.exchange(&code).await, 500).await;
}
