//! How the person wants things shown: the order of their accounts, the colours, whether amounts are hidden. It outlives the program.

#![allow(clippy::unwrap_used, reason = "a step of a test that fails is a failed test")]

mod support;

use std::time::Duration;

use connect_core::problem::ProblemCode;
use connect_core::snapshot::{Channel, Preferences, Theme, Unrevoked};
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
    world.core.disconnect(&ngozi, Unrevoked::Keep).await.unwrap();
    assert_eq!(world.core.move_account(&ada, Some(&ngozi)).await.unwrap_err().code, ProblemCode::NoSuchAccount);
    assert_eq!(world.core.move_account(&ngozi, None).await.unwrap_err().code, ProblemCode::NoSuchAccount);
    assert_eq!(order(&world), [ada, tunde]);
}

#[tokio::test]
async fn the_colours_and_hidden_amounts_are_kept() {
    let mut world = World::new().await;
    let first = Preferences { channel: Channel::Loopback, theme: Theme::System, hide_amounts: false, reminders: true, keep_alive: false };
    assert_eq!(world.core.view().preferences, first);
    let chosen = Preferences { channel: Channel::DeepLink, theme: Theme::Dark, hide_amounts: true, reminders: false, keep_alive: true };
    world.core.set_preferences(chosen).await.unwrap();
    assert_eq!(world.core.view().preferences, chosen);
    world.restart().await;
    assert_eq!(world.core.view().preferences, chosen);
    world.core.set_preferences(first).await.unwrap();
    world.restart().await;
    assert_eq!(world.core.view().preferences, first);
}
