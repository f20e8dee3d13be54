//! A run that keeps nothing on disk: what is approved in it is in memory alone, and ends with it.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a step of a test that fails is a failed test")]

mod support;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use connect_core::clock::Clock;
use connect_core::snapshot::Section;
use connect_core::vault::MemoryVault;
use connect_core::{Browser, Caller, Connections, NewApp, Options};
use serde_json::json;
use support::{World, scopes};

const TWO: &[&str] = &["profile:read", "wallet:read"];

/// A world whose program keeps nothing on disk, and whose folder is gone.
async fn world() -> World {
    let mut world = World::new().await;
    world.quit().await;
    let removed = async {
        // Windows refuses as long as anything in it is open.
        while std::fs::remove_dir_all(world.data_dir()).is_err() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), removed).await.expect("a program that has quit has its folder open");
    let (clock, browser) = (Arc::clone(&world.clock) as Arc<dyn Clock>, Arc::clone(&world.browser) as Arc<dyn Browser>);
    let options = support::options(Path::new(""), &world.backend, clock, browser, Arc::new(MemoryVault::default()));
    world.core = Connections::start(Options { data_dir: None, ..options }).await.unwrap();
    world.core.poll().await;
    let address = world.core.view().backend.address.clone().unwrap();
    let operator = world.core.view().backend.operator.clone().and_then(|operator| operator.name);
    world.core.confirm_backend(&address, operator.as_deref()).await.unwrap();
    world
}

#[tokio::test]
async fn it_works_without_a_disk_and_everything_of_it_ends_at_monei_with_it() {
    let world = world().await;
    let account = world.connect("ada", TWO, TWO).await;
    assert!(world.core.view().in_memory);
    world.core.load(&Caller::Window, &account, Section::Wallet).await.unwrap();
    world.control("expire", json!({})).await;
    world.core.load(&Caller::Window, &account, Section::Wallet).await.unwrap();
    assert_eq!(world.count("refreshes").await, 1);
    let new = NewApp { name: "Sheet".into(), account: account.clone(), scopes: scopes(&["wallet:read"]), until: None };
    let (app, key) = world.core.allow_app(&Caller::Window, new).await.unwrap();
    assert_eq!(world.core.app_of_key(key.expose(), true).await.unwrap().map(|found| found.id), Some(app.id));
    world.connect("tunde", TWO, TWO).await;
    assert_eq!(world.core.shutdown().await, [], "Monei confirmed both");
    assert!(world.sandbox_state().await["grants"].as_array().unwrap().iter().all(|grant| grant["alive"] == false));
    assert!(world.records().is_empty() && !world.data_dir().exists(), "something was kept");
}

/// What is read and written at the same time must not get into each other's way.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_may_read_and_write_it_at_the_same_time() {
    let world = world().await;
    let account = world.connect("ada", TWO, TWO).await;
    let tasks: Vec<_> = (0..8)
        .map(|n: usize| {
            let (core, account) = (world.core.clone(), account.clone());
            tokio::spawn(async move {
                for round in 0..50 {
                    if n.is_multiple_of(2) {
                        core.rename(&account, Some(format!("Shop {n} {round}"))).await.unwrap();
                    } else {
                        core.activity(Some(&account)).await.unwrap();
                        core.apps().await.unwrap();
                    }
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
}

#[tokio::test]
async fn an_access_whose_end_monei_does_not_confirm_is_told_by_its_name() {
    let world = world().await;
    world.connect("ada", TWO, TWO).await;
    world.control("fault", json!({"target": "revoke", "kind": "status", "status": 500, "times": 20})).await;
    assert_eq!(world.core.shutdown().await, [Some("Ada Okafor".to_owned())]);
}

#[tokio::test]
async fn an_approval_in_no_account_whose_end_monei_does_not_confirm_is_told_too() {
    let world = world().await;
    world.core.connect(&Caller::Window, scopes(TWO)).await.unwrap();
    world.waiting().await;
    world.approve("ada", TWO).await;
    world.until("decide", support::is_new).await;
    world.control("fault", json!({"target": "revoke", "kind": "status", "status": 500, "times": 20})).await;
    assert_eq!(world.core.shutdown().await, [None]);
}
