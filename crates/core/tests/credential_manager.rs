//! Real entries in the Credential Manager of Windows, or of Wine.

#![cfg(windows)]
#![allow(clippy::unwrap_used, reason = "a step of a test that fails is a failed test")]

use std::collections::{BTreeSet, HashMap};

use connect_core::vault::{KeychainVault, MAX_ENTRY_LEN, Vault as _, VaultError};
use keyring_core::api::CredentialStoreApi as _;
use secrecy::{ExposeSecret as _, SecretString};

/// There is one store for all of a person's programs, and the list of its entries is read in two calls: one test at a time writes to it.
static STORE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// The environments' namespaces begin alike, as the program's do. Those of a test are its own.
fn namespace(test: &str) -> String {
    format!("org.moneiconnections.test.{test}.p{}", std::process::id())
}

fn vault(namespace: &str) -> KeychainVault {
    KeychainVault::new(namespace).unwrap()
}

async fn read(vault: &KeychainVault, name: &str) -> Option<String> {
    vault.read(name).await.unwrap().map(|value| value.expose_secret().to_owned())
}

async fn names(vault: &KeychainVault) -> BTreeSet<String> {
    vault.list().await.unwrap().into_iter().collect()
}

fn set<const N: usize>(names: [&str; N]) -> BTreeSet<String> {
    names.map(str::to_owned).into()
}

#[tokio::test]
async fn an_entry_is_read_replaced_and_deleted_also_by_another_start() {
    let _alone = STORE.lock().await;
    let namespace = namespace("entry");
    let first = vault(&namespace);
    assert_eq!(read(&first, "AbC-_9").await, None);
    first.write("AbC-_9", SecretString::from("one and a half")).await.unwrap();
    let second = vault(&namespace);
    assert_eq!(read(&second, "AbC-_9").await.as_deref(), Some("one and a half"));
    second.write("AbC-_9", SecretString::from("twos")).await.unwrap();
    assert_eq!(read(&first, "AbC-_9").await.as_deref(), Some("twos"));
    second.delete("AbC-_9").await.unwrap();
    // What is gone already is no error.
    second.delete("AbC-_9").await.unwrap();
    assert_eq!(read(&first, "AbC-_9").await, None);
}

#[tokio::test]
async fn the_entries_of_an_environment_are_listed_and_no_others() {
    let _alone = STORE.lock().await;
    let namespace = namespace("list");
    let (production, sandbox) = (vault(&namespace), vault(&format!("{namespace}.sandbox")));
    assert_eq!(names(&production).await, set([]));
    for name in ["AbC-_9", "probe.xY", "pending.zz"] {
        production.write(name, SecretString::from("even")).await.unwrap();
    }
    sandbox.write("of-it", SecretString::from("even")).await.unwrap();
    assert_eq!(names(&production).await, set(["AbC-_9", "probe.xY", "pending.zz"]));
    assert_eq!(names(&sandbox).await, set(["of-it"]));
    // Another start finds them too.
    assert_eq!(names(&vault(&namespace)).await, set(["AbC-_9", "probe.xY", "pending.zz"]));
    for name in ["AbC-_9", "probe.xY", "pending.zz"] {
        production.delete(name).await.unwrap();
    }
    sandbox.delete("of-it").await.unwrap();
    assert_eq!((names(&production).await, names(&sandbox).await), (set([]), set([])));
}

#[tokio::test]
async fn an_entry_stays_on_this_computer() {
    let _alone = STORE.lock().await;
    let namespace = namespace("local");
    let vault = vault(&namespace);
    vault.write("AbC-_9", SecretString::from("even")).await.unwrap();
    let stored = windows_native_keyring_store::Store::new().unwrap().build(&namespace, "AbC-_9", None).unwrap();
    let attributes: HashMap<String, String> = stored.get_attributes().unwrap();
    vault.delete("AbC-_9").await.unwrap();
    assert_eq!(attributes.get("persistence").map(String::as_str), Some("Local"), "{attributes:?}");
}

#[tokio::test]
async fn the_longest_entry_fits_and_a_longer_one_is_refused_whole() {
    let _alone = STORE.lock().await;
    let vault = vault(&namespace("long"));
    let longest = "x".repeat(MAX_ENTRY_LEN);
    vault.write("AbC-_9", SecretString::from(longest.as_str())).await.unwrap();
    let longer = SecretString::from("y".repeat(MAX_ENTRY_LEN + 1));
    assert_eq!(vault.write("AbC-_9", longer).await, Err(VaultError::TooLong));
    assert_eq!(read(&vault, "AbC-_9").await, Some(longest));
    vault.delete("AbC-_9").await.unwrap();
}
