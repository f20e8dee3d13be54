//! What is left of tokens in the memory of a process that has disconnected (T-19).

#![cfg(all(target_os = "linux", debug_assertions))]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a step of a test that fails is a failed test")]

#[path = "support/held.rs"]
mod held;
mod support;

use std::time::{Duration, Instant};

use connect_core::Caller;
use connect_core::snapshot::{Decision, DisconnectOutcome, Section, Unrevoked};
use held::{copies, tokens};
use serde_json::json;
use support::file_vault::FileVault;
use support::process::{go_on, line, ours, start, wait_for_word};
use support::{World, person};

const SCOPES: [&str; 3] = ["profile:read", "kyc:read", "wallet:read"];

/// Longest time until a connection that nobody uses is closed, and with it the buffers of what went over it. The program keeps one for a
/// second; the rest is for a busy machine.
const CLOSED_WITHIN: Duration = Duration::from_secs(60);

/// Not a test of its own: a process that lives a whole life, and then waits to be looked at.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child() {
    let Some((_, core)) = ours().await else { return };
    core.connect(&Caller::Window, SCOPES.map(str::to_owned).to_vec()).await.unwrap();
    let mut views = core.subscribe();
    views.wait_for(|view| support::is_new(view)).await.unwrap();
    core.decide(Decision::AddAsAccount).await.unwrap();
    let account = core.view().accounts[0].id.clone();
    core.dismiss().await;
    println!("\nconnected");
    wait_for_word().await;
    for section in [Section::Profile, Section::Kyc, Section::Wallet, Section::Transactions] {
        core.load(&Caller::Window, &account, section).await.unwrap();
    }
    println!("\nrefreshed");
    wait_for_word().await;
    assert_eq!(core.disconnect(&Caller::Window, &account, Unrevoked::Keep).await, Ok(DisconnectOutcome::Revoked));
    println!("\ndisconnected");
    wait_for_word().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn seconds_after_disconnecting_no_copy_of_a_token_is_left() {
    let world = World::proxied().await;
    world.core.shutdown().await;
    let place = world.data_dir().parent().unwrap().join("keychain");
    let vault = FileVault::new(&place);
    let mut child = start(&world, "life", Duration::ZERO, None);
    let link = line(&mut child, "browser").await.unwrap().parse().unwrap();
    person::walk(&link, "ada", Some(&SCOPES)).await;
    line(&mut child, "connected").await.unwrap();
    let first = tokens(&vault, &place);
    world.control("expire", json!({})).await;
    go_on(&mut child);
    line(&mut child, "refreshed").await.unwrap();
    let second = tokens(&vault, &place);
    assert_eq!(world.count("refreshes").await, 1);
    go_on(&mut child);
    line(&mut child, "disconnected").await.unwrap();
    let marker = format!("CNRY{}", world.run);
    // What is known to be there is found, so the search works.
    let control = world.backend.as_str().trim_end_matches('/');
    let secrets = [control, &marker, &first[0], &first[1], &second[0], &second[1]];
    let began = Instant::now();
    let counts = loop {
        let counts = copies(&child, &secrets);
        println!("copies {counts:?} after {:?}", began.elapsed());
        if counts[1..].iter().all(|count| *count == 0) || began.elapsed() > CLOSED_WITHIN {
            break counts;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    };
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(counts[0] > 0, "the search finds nothing at all");
    assert!(first[0].contains(&marker) && second[0].contains(&marker));
    for (secret, count) in ["marker", "first access", "first refresh", "second access", "second refresh"].iter().zip(&counts[1..]) {
        assert_eq!(*count, 0, "copies of the {secret} token are left");
    }
}
