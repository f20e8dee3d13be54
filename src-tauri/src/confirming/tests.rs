#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a step of a test that fails is a failed test")]

#[path = "../../../crates/core/tests/support/mod.rs"]
mod support;

use std::time::Duration;

use connect_core::{Caller, NewApp};
use connect_local_api::{LocalApi, Place, Reach, Role};
use secrecy::SecretString;
use serde_json::json;
use support::{World, scopes};

use super::*;

const PATH: &str = "/wallet/payout/transfer";

#[test]
fn a_pin_is_four_to_six_digits() {
    for (pin, sound) in [("1234", true), ("123456", true), ("123", false), ("1234567", false), ("12a4", false), ("", false)] {
        assert_eq!(is_pin(&SecretString::from(pin)), sound, "{pin}");
    }
}

/// The page of a window tells that it is there. This one's hasn't yet when the person closes it.
#[tokio::test(flavor = "multi_thread")]
async fn a_window_that_is_closed_before_its_page_came_denies() {
    let world = World::new().await;
    let account = world.connect("ada", &["wallet:send"], &["wallet:send"]).await;
    let new = NewApp { name: "Bill payer".into(), account, scopes: scopes(&["wallet:send"]), until: None };
    let (_, key) = world.core.allow_app(&Caller::Window, new).await.unwrap();
    let api = LocalApi::start(world.core.clone(), Place { socket: None, locks: world.data_dir() }, Role::Window);
    let confirming = Confirming::default();
    confirming.begin(api.confirmations().clone(), world.core.clone());
    let mut questions = api.confirmations().subscribe();
    let mut status = api.status();
    let open = tokio::time::timeout(Duration::from_secs(20), status.wait_for(|status| status.tcp == Reach::Open));
    let port = open.await.unwrap().unwrap().port.unwrap();
    let call = tokio::spawn(async move {
        let body = json!({"receiver": "tunde.bello@example.net", "amount": 500});
        let call = support::http().post(format!("http://127.0.0.1:{port}/api/v1{PATH}")).header("x-api-key", key.expose()).json(&body);
        let answer = call.send().await.unwrap();
        answer.headers()["connect-reason"].to_str().unwrap().to_owned()
    });
    tokio::time::timeout(Duration::from_secs(20), questions.wait_for(Option::is_some)).await.unwrap().unwrap();
    // An earlier window, which is still closing, has no say.
    confirming.closed(7);
    assert!(questions.borrow().is_some());
    confirming.closed(0);
    assert!(questions.borrow_and_update().is_none(), "it still waits, and nobody can answer");
    assert_eq!(call.await.unwrap(), "confirmation_denied");
    assert_eq!(world.calls(PATH).await, 0);
    api.shutdown().await;
}
