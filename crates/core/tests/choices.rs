//! How the person wants things shown: the order of their accounts, the colours, whether amounts are hidden. It outlives the program.

#![allow(clippy::unwrap_used, reason = "a step of a test that fails is a failed test")]

mod support;

use std::sync::Arc;
use std::time::Duration;

use connect_core::clock::Clock;
use connect_core::problem::ProblemCode;
use connect_core::snapshot::{Channel, Language, Preferences, Theme, Unrevoked};
use connect_core::vault::MemoryVault;
use connect_core::{Browser, Caller, Connections, Options};
use support::World;

const ONE: &[&str] = &["profile:read"];

fn order(world: &World) -> Vec<String> {
    world.core.view().accounts.iter().map(|account| account.id.clone()).collect()
}

#[tokio::test]
async fn accounts_stay_in_the_persons_order_and_a_new_one_comes_last() {
    let mut world = World::new().await;
    let ada = world.connect("ada", ONE, ONE).await;
    world.clock.advance(Duration::from_secs(1));
    let tunde = world.connect("tunde", ONE, ONE).await;
    assert_eq!(order(&world), [ada.clone(), tunde.clone()]);
    world.core.move_account(&tunde, Some(&ada)).await.unwrap();
    assert_eq!(order(&world), [tunde.clone(), ada.clone()]);
    // Before itself: nothing changes.
    world.core.move_account(&tunde, Some(&tunde)).await.unwrap();
    world.restart().await;
    assert_eq!(order(&world), [tunde.clone(), ada.clone()]);
    world.clock.advance(Duration::from_secs(1));
    let ngozi = world.connect("blocked", ONE, ONE).await;
    assert_eq!(order(&world), [tunde.clone(), ada.clone(), ngozi.clone()]);
    world.core.move_account(&tunde, None).await.unwrap();
    assert_eq!(order(&world), [ada.clone(), ngozi.clone(), tunde.clone()]);
    // One that has gone is no place to move to, and the others keep theirs.
    world.core.disconnect(&Caller::Window, &ngozi, Unrevoked::Keep).await.unwrap();
    assert_eq!(world.core.move_account(&ada, Some(&ngozi)).await.unwrap_err().code, ProblemCode::NoSuchAccount);
    assert_eq!(world.core.move_account(&ngozi, None).await.unwrap_err().code, ProblemCode::NoSuchAccount);
    assert_eq!(order(&world), [ada, tunde]);
}

#[tokio::test]
async fn what_the_person_chose_is_kept() {
    let mut world = World::new().await;
    let first = Preferences {
        channel: Channel::Loopback,
        theme: Theme::System,
        language: None,
        hide_amounts: false,
        reminders: true,
        keep_alive: false,
        close_to_tray: false,
        notifications: true,
    };
    assert_eq!(world.core.view().preferences, first);
    let chosen = Preferences {
        channel: Channel::DeepLink,
        theme: Theme::Dark,
        language: Some(Language::French),
        hide_amounts: true,
        reminders: false,
        keep_alive: true,
        close_to_tray: true,
        notifications: false,
    };
    world.core.set_preferences(chosen).await.unwrap();
    assert_eq!(world.core.view().preferences, chosen);
    world.restart().await;
    assert_eq!(world.core.view().preferences, chosen);
    world.core.set_preferences(first).await.unwrap();
    world.restart().await;
    assert_eq!(world.core.view().preferences, first);
}

#[tokio::test]
async fn the_program_speaks_the_desktops_language_until_the_person_chooses_one() {
    let world = World::new().await;
    let folder = world.data_dir();
    let started = async || {
        let (clock, browser) = (Arc::clone(&world.clock) as Arc<dyn Clock>, Arc::clone(&world.browser) as Arc<dyn Browser>);
        let options = support::options(&folder, &world.backend, clock, browser, Arc::new(MemoryVault::default()));
        Connections::start(Options { language: Language::French, ..options }).await.unwrap()
    };
    let core = started().await;
    assert_eq!(core.view().language, Language::French);
    let chosen = Preferences { language: Some(Language::English), ..core.view().preferences };
    core.set_preferences(chosen).await.unwrap();
    assert_eq!(core.view().language, Language::English);
    core.shutdown().await;
    let core = started().await;
    assert_eq!(core.view().language, Language::English);
    core.set_preferences(Preferences { language: None, ..chosen }).await.unwrap();
    assert_eq!(core.view().language, Language::French);
}
