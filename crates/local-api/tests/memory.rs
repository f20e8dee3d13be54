//! What is left of an app's key and of tokens in the memory of a process that served the local API (T-19, L-01).

#![cfg(all(target_os = "linux", debug_assertions))]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a step of a test that fails is a failed test")]

#[path = "../../core/tests/support/held.rs"]
mod held;
#[path = "../../core/tests/support/mod.rs"]
mod support;

use std::time::{Duration, Instant};

use connect_core::snapshot::{Decision, DisconnectOutcome, Unrevoked};
use connect_core::{Caller, NewApp};
use connect_local_api::{LocalApi, Place, Reach, Role};
use held::{copies, tokens};
use support::file_vault::FileVault;
use support::process::{go_on, line, ours, start, wait_for_word};
use support::{World, person};

const SCOPES: [&str; 2] = ["profile:read", "wallet:read"];
/// How often the app calls each of three endpoints: it may call sixty times a minute.
const CALLS: usize = 19;
/// Longest time until every connection is closed, and with it the buffers of what went over it.
const CLOSED_WITHIN: Duration = Duration::from_secs(30);

/// Not a test of its own: a process that serves an app, and then waits to be looked at.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child() {
    let Some((place, core)) = ours().await else { return };
    core.connect(&Caller::Window, SCOPES.map(str::to_owned).to_vec()).await.unwrap();
    let mut views = core.subscribe();
    views.wait_for(|view| support::is_new(view)).await.unwrap();
    core.decide(Decision::AddAsAccount).await.unwrap();
    let account = core.view().accounts[0].id.clone();
    core.dismiss().await;
    let new = NewApp { name: "Sheet".into(), account: account.clone(), scopes: SCOPES.map(str::to_owned).to_vec(), until: None };
    let (app, key) = core.allow_app(&Caller::Window, new).await.unwrap();
    // Not by what prints, which has a buffer.
    let place = std::path::PathBuf::from(place);
    std::fs::write(place.join("key"), key.expose()).unwrap();
    drop(key);
    let api = LocalApi::start(core.clone(), Place { socket: None, locks: place }, Role::Window);
    let mut status = api.status();
    let port = status.wait_for(|status| status.tcp == Reach::Open).await.unwrap().port.unwrap();
    println!("\nport {port}");
    wait_for_word().await;
    core.take_back_app(&app.id).await.unwrap();
    assert_eq!(core.disconnect(&Caller::Window, &account, Unrevoked::Keep).await, Ok(DisconnectOutcome::Revoked));
    api.shutdown().await;
    println!("\nended");
    wait_for_word().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn seconds_after_serving_no_copy_of_an_apps_key_or_of_a_token_is_left() {
    let world = World::proxied().await;
    world.core.shutdown().await;
    let folder = tempfile::tempdir().unwrap();
    let place = world.data_dir().parent().unwrap().join("keychain");
    let vault = FileVault::new(&place);
    let mut child = start(&world, folder.path().to_str().unwrap(), Duration::ZERO, None);
    let link = line(&mut child, "browser").await.unwrap().parse().unwrap();
    person::walk(&link, "ada", Some(&SCOPES)).await;
    let base = format!("http://127.0.0.1:{}/api/v1", line(&mut child, "port").await.unwrap());
    let key = std::fs::read_to_string(folder.path().join("key")).unwrap();
    let [access, refresh] = tokens(&vault, &place);
    for _ in 0..CALLS {
        for (path, expected) in [("/wallet/me", 200), ("/user/me", 200), ("/kyc/status", 403)] {
            let answer = support::http().get(format!("{base}{path}")).header("x-api-key", &key).send().await.unwrap();
            assert_eq!(answer.status(), expected, "{path}");
        }
    }
    go_on(&mut child);
    line(&mut child, "ended").await.unwrap();
    let marker = format!("CNRY{}", world.run);
    // What is known to be there is found, so the search works.
    let control = world.backend.as_str().trim_end_matches('/');
    let began = Instant::now();
    let counts = loop {
        let counts = copies(&child, &[control, &key, &access, &refresh, &marker]);
        println!("copies {counts:?} after {:?}", began.elapsed());
        if counts[1..].iter().all(|count| *count == 0) || began.elapsed() > CLOSED_WITHIN {
            break counts;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    };
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(counts[0] > 0, "the search finds nothing at all");
    assert!(access.contains(&marker) && key.starts_with("mcl_"));
    for (secret, count) in ["key", "access token", "refresh token", "marker"].iter().zip(&counts[1..]) {
        assert_eq!(*count, 0, "copies of the {secret} are left");
    }
}
