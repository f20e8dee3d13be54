//! What is kept in an open keyring.

use std::sync::Arc;
use std::time::Duration;

use connect_core::Caller;
use connect_core::problem::ProblemCode;
use connect_core::snapshot::{Health, Section};
use connect_core::vault::{KeychainVault, MAX_ENTRY_LEN, Vault, VaultError, probe};
use secrecy::{ExposeSecret as _, SecretString};

use crate::session::{SERVICE, from_outside, unlock};
use crate::support::{START, World, feature};

fn text(value: &str) -> SecretString {
    SecretString::from(value.to_owned())
}

/// A person with one account, whose tokens are in the real keychain.
pub async fn connected() -> (World, String) {
    let mut world = World::new().await;
    world.restart_with(Arc::new(KeychainVault::new(SERVICE).unwrap())).await;
    let account = world.connect("ada", &["profile:read"], &["profile:read"]).await;
    (world, account)
}

pub async fn unlocked() {
    let _keyring = unlock();
    let vault = KeychainVault::new(SERVICE).unwrap();
    probe(&vault).await.unwrap();
    vault.write("one", text("first")).await.unwrap();
    vault.write("one", text("second")).await.unwrap();
    vault.write("two", text("other")).await.unwrap();
    assert_eq!(from_outside(&["lookup"], "one", ""), "second", "the system's own keychain has it");
    let mut names = vault.list().await.unwrap();
    names.sort();
    assert_eq!(names, ["one", "two"]);
    vault.delete("one").await.unwrap();
    vault.delete("one").await.unwrap();
    assert!(vault.read("one").await.unwrap().is_none());
    let long = "x".repeat(MAX_ENTRY_LEN);
    vault.write("two", text(&long)).await.unwrap();
    assert_eq!(vault.write("two", text(&(long.clone() + "x"))).await, Err(VaultError::TooLong));
    assert_eq!(vault.read("two").await.unwrap().unwrap().expose_secret(), long, "the shorter one stays whole");
}

pub async fn touched_from_outside() {
    let _keyring = unlock();
    let (world, account) = connected().await;
    let name = KeychainVault::new(SERVICE).unwrap().list().await.unwrap().remove(0);
    from_outside(&["store", "--label=x"], &name, "damaged");
    assert_eq!(world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap_err().code, ProblemCode::RecordUnreadable);
    assert!(matches!(world.core.view().accounts[0].health, Health::NeedsReconnect { .. }));
    from_outside(&["clear"], &name, "");
    assert_eq!(world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap_err().code, ProblemCode::RecordMissing);
    assert_eq!(feature(&world.core.view(), &account, "profile:read"), "lost");
    // Other accounts go on.
    let other = world.connect("tunde", &["profile:read"], &["profile:read"]).await;
    world.core.load(&Caller::Window, &other, Section::Profile).await.unwrap();
    // And this one comes back by approving again.
    world.core.reconnect(&Caller::Window, &account, vec!["profile:read".into()]).await.unwrap();
    // Monei remembers the approval, and offers no switch for it.
    world.approve("ada", &[]).await;
    assert_eq!(world.settle_upgrade().await, account);
    world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap();
    assert_eq!(world.core.view().accounts[0].health, Health::Connected);
}

pub async fn swept() {
    let _keyring = unlock();
    let vault = Arc::new(KeychainVault::new(SERVICE).unwrap());
    for name in ["probe.old", "not-a-probe"] {
        vault.write(name, text("x")).await.unwrap();
    }
    let mut world = World::new().await;
    let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap();
    let ahead = now.saturating_sub(Duration::from_millis(START.unsigned_abs()));
    // An hour old as of now.
    world.clock.advance(ahead + Duration::from_secs(3600));
    // Ten minutes more are needed for this one.
    world.restart_unasked(Arc::clone(&vault) as Arc<dyn Vault>).await;
    assert_eq!(vault.list().await.unwrap(), ["not-a-probe"]);
    vault.write("probe.young", text("x")).await.unwrap();
    world.clock.back(Duration::from_secs(3300));
    world.restart_unasked(Arc::clone(&vault) as Arc<dyn Vault>).await;
    let mut names = vault.list().await.unwrap();
    names.sort();
    assert_eq!(names, ["not-a-probe", "probe.young"], "another process may still need it");
}
