use std::sync::mpsc;

use super::super::asked::{Dialogs, asked};
use super::platform::{WINDOWS_MODIFIERS, macos_meaning};
use super::*;

const NAMESPACE: &str = "org.moneiconnections.manager";

fn none() -> Result<Arc<CredentialStore>, Error> {
    Err(Error::NoDefaultStore)
}

/// A mock that says of itself that it lasts would be used; this one doesn't.
fn mock() -> Result<Arc<CredentialStore>, Error> {
    let store: Arc<CredentialStore> = keyring_core::mock::Store::new()?;
    Ok(store)
}

fn hangs() -> Result<Arc<CredentialStore>, Error> {
    // Nobody ever sends.
    let (_kept, never) = mpsc::channel::<String>();
    never.recv().map_or(Err(Error::NoDefaultStore), |_| none())
}

fn platform(open: fn() -> Result<Arc<CredentialStore>, Error>) -> Platform {
    Platform { open, modifiers: &[], status: |_| None, meaning: |_| None, by_target: false }
}

fn windows() -> Platform {
    Platform { modifiers: WINDOWS_MODIFIERS, by_target: true, ..platform(none) }
}

#[test]
fn a_store_that_forgets_is_refused() {
    assert_eq!(lasting(mock().unwrap()).err(), Some(VaultError::Forgets));
}

#[test]
fn macos_locked_denied_and_missing_are_different_answers() {
    let failure = |_: &Error| Some(-25308);
    let macos = Platform { status: failure, meaning: macos_meaning, ..platform(none) };
    assert_eq!(macos.classify(&Error::PlatformFailure("interaction not allowed".into())), VaultError::Locked);
    let expected = [
        (-25308, VaultError::Locked),
        (-128, VaultError::Dismissed),
        (-25293, VaultError::Dismissed),
        (-25307, VaultError::NotSetUp),
        (-25294, VaultError::NotSetUp),
        (-25291, VaultError::Absent),
        (-25295, VaultError::Failed),
        (-25292, VaultError::Refused),
    ];
    for (status, meaning) in expected {
        assert_eq!(macos_meaning(status), Some(meaning), "{status}");
    }
    // Any other number is told as the crate tells it.
    assert_eq!(macos_meaning(-1), None);
}

#[test]
fn windows_entries_stay_on_this_computer_and_are_found_again() {
    let windows = windows();
    assert_eq!(windows.modifiers, [("persistence", "Local")]);
    assert_eq!(windows.search(NAMESPACE), [("pattern", r"\.org\.moneiconnections\.manager$".to_owned())]);
    // As the store splits `AbC-_9.org.moneiconnections.manager`, at its last dot.
    let split = |target: &str| target.rsplit_once('.').map(|(user, service)| (service.to_owned(), user.to_owned())).unwrap();
    let name = |target: &str| windows.name(NAMESPACE, &split(target));
    assert_eq!(name("AbC-_9.org.moneiconnections.manager").as_deref(), Some("AbC-_9"));
    assert_eq!(name("probe.AbC.org.moneiconnections.manager").as_deref(), Some("probe.AbC"));
    assert_eq!(name("AbC.org.moneiconnections.manager.sandbox"), None);
    assert_eq!(name("git:https://example.org"), None);
}

#[test]
fn macos_entries_of_another_environment_are_not_ours() {
    let macos = platform(none);
    let found = |service: &str| macos.name(NAMESPACE, &(service.to_owned(), "AbC".to_owned()));
    assert_eq!(found(NAMESPACE).as_deref(), Some("AbC"));
    assert_eq!(found("org.moneiconnections.manager.sandbox"), None);
}

#[tokio::test]
async fn a_mock_is_never_written_to() {
    let vault = KeychainVault::on(platform(mock), NAMESPACE);
    assert_eq!(vault.write("x", SecretString::from("y")).await, Err(VaultError::Forgets));
}

#[tokio::test(start_paused = true)]
async fn a_call_that_does_not_end_is_given_up_and_the_next_one_gets_another_thread() {
    let vault = KeychainVault::on(platform(hangs), NAMESPACE);
    assert_eq!(vault.read("x").await.err(), Some(VaultError::Timeout));
    assert!(vault.thread.lock().unwrap().is_none(), "the next call would wait behind it");
}

#[tokio::test]
async fn what_a_person_asked_for_is_waited_for_until_it_is_cancelled() {
    let vault = KeychainVault::on(platform(hangs), NAMESPACE);
    let dialogs: Arc<Dialogs> = Arc::default();
    let mut open = dialogs.subscribe();
    let read = asked(&dialogs, vault.read("x"));
    let cancels = async {
        open.wait_for(|open| *open == 1).await.unwrap();
        dialogs.close();
    };
    let (outcome, ()) = tokio::join!(read, cancels);
    assert_eq!(outcome.err(), Some(VaultError::Dismissed));
    assert!(vault.thread.lock().unwrap().is_none());
}
