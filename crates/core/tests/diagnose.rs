//! What `diagnose` finds where all is well, and where something isn't.

mod support;

use std::sync::atomic::Ordering;
use std::time::Duration;

use connect_core::CheckName;
use connect_core::problem::ProblemCode;
use connect_core::snapshot::{BackendStatus, Channel, KeychainState, Preferences};
use connect_core::vault::{finds, probe};
use support::World;

#[tokio::test]
async fn all_is_well_and_the_clock_is_measured() {
    let world = World::new().await;
    let checks = world.core.diagnose(async |_| Some(true)).await;
    let names: Vec<_> = checks.iter().map(|check| check.name.word()).collect();
    assert_eq!(names, ["keychain", "loopback_listener", "link_handler", "browser", "backend", "monei", "clock"]);
    // The test's clock stands in another month than the servers': all but that is well.
    assert!(checks.iter().all(|check| check.ok != (check.name == CheckName::Clock)), "{checks:?}");
    let skew = checks.last().unwrap().skew_s.unwrap();
    world.clock.advance(Duration::from_secs(skew.unsigned_abs()));
    let checks = world.core.diagnose(async |_| Some(true)).await;
    assert!(checks.iter().all(|check| check.ok), "{checks:?}");
    assert!(checks.last().unwrap().skew_s.unwrap().abs() <= 2);
    world.clock.advance(Duration::from_secs(600));
    let clock = world.core.diagnose(async |_| Some(true)).await.pop().unwrap();
    assert!(!clock.ok && (-602..=-598).contains(&clock.skew_s.unwrap()), "{clock:?}");
}

#[tokio::test]
async fn a_check_has_the_same_name_in_a_report_and_for_programs() {
    for check in World::new().await.core.diagnose(async |_| Some(true)).await {
        assert_eq!(serde_json::to_value(check.name).unwrap(), check.name.word());
    }
}

#[tokio::test]
async fn a_missing_fallback_is_no_obstacle_and_two_missing_ways_back_are() {
    let world = World::new().await;
    let needed = async |name: CheckName| {
        let checks = world.core.diagnose(async |_| Some(true)).await;
        let check = checks.into_iter().find(|check| check.name == name).unwrap();
        (check.ok, check.needed)
    };
    assert_eq!(needed(CheckName::LoopbackListener).await, (true, false));
    world.browser.no_links.store(true, Ordering::SeqCst);
    assert_eq!(needed(CheckName::LinkHandler).await, (false, false));
    assert_eq!(needed(CheckName::LoopbackListener).await, (true, true));
    assert_eq!(needed(CheckName::Clock).await, (false, false));
    // Chosen in Settings, an app link that doesn't come back is no way, and the other one serves.
    world.core.set_preferences(Preferences { channel: Channel::DeepLink, ..world.core.view().preferences }).await.unwrap();
    assert_eq!(needed(CheckName::LinkHandler).await, (false, false));
    assert_eq!(needed(CheckName::LoopbackListener).await, (true, true));
    assert_eq!(needed(CheckName::Backend).await, (true, true));
}

#[tokio::test]
async fn what_does_not_work_is_named() {
    let world = World::proxied().await;
    world.browser.no_links.store(true, Ordering::SeqCst);
    world.proxy.as_ref().unwrap().page(Some("HTTP/1.1 200 OK\r\ncontent-length: 6\r\nconnection: close\r\n\r\n<html>".into()));
    let checks = world.core.diagnose(async |_| Some(true)).await;
    let problem = |name: &str| checks.iter().find(|check| check.name.word() == name).unwrap().problem;
    assert_eq!(problem("link_handler"), Some(ProblemCode::DeepLinkUnavailable));
    assert_eq!(problem("backend"), Some(ProblemCode::NetworkIntercepted));
    assert_eq!(problem("keychain"), None);
    // Elsewhere in the window it reads the same.
    let status = world.core.view().backend.status.clone();
    assert_eq!(status, BackendStatus::Problem { problem: ProblemCode::NetworkIntercepted.into() });
}

/// A keychain that keeps to itself what it takes, as a mock does.
#[tokio::test]
async fn a_keychain_that_no_other_process_sees_is_told_as_such() {
    let world = World::new().await;
    let other = connect_core::vault::MemoryVault::default();
    let checks = world.core.diagnose(async |name| finds(&other, name).await.ok()).await;
    assert_eq!(checks[0].problem, Some(ProblemCode::KeychainForgets), "{checks:?}");
    // It answers here all the same: what is in it can be used.
    assert_eq!(world.core.view().keychain, KeychainState::Ready);
    // The same one from elsewhere is well, and nothing is left behind.
    let same = std::sync::Arc::clone(&world.vault);
    let checks = world.core.diagnose(async |name| finds(same.as_ref(), name).await.ok()).await;
    assert_eq!(checks[0].problem, None, "{checks:?}");
    assert!(world.records().is_empty());
}

/// After an upgrade, say, the running program may be unable to start itself once more.
#[tokio::test]
async fn without_a_witness_nothing_is_said_against_the_keychain() {
    let world = World::new().await;
    let checks = world.core.diagnose(async |_| None).await;
    assert_eq!((checks[0].ok, checks[0].problem), (true, None), "{checks:?}");
}

#[tokio::test]
async fn several_probes_at_once_do_not_disturb_each_other() {
    let world = World::new().await;
    let vault = std::sync::Arc::clone(&world.vault);
    let checks = world
        .core
        .diagnose(async |name| {
            world.core.probe().await;
            probe(vault.as_ref()).await.unwrap();
            finds(vault.as_ref(), name).await.ok()
        })
        .await;
    assert_eq!(checks[0].problem, None, "{checks:?}");
    assert!(world.records().is_empty());
}

#[tokio::test]
async fn a_witness_that_takes_its_time_is_not_shown_as_the_keychains_doing() {
    let world = World::new().await;
    let slow = async |_: &str| {
        tokio::time::pause();
        tokio::time::advance(Duration::from_secs(5)).await;
        // Whoever measures the keychain finds out now.
        tokio::task::yield_now().await;
        tokio::time::resume();
        Some(world.core.view().keychain == KeychainState::Ready)
    };
    let checks = world.core.diagnose(slow).await;
    assert_eq!(checks[0].problem, None, "shown as slow: {checks:?}");
}
