//! What opens the keyring's own dialog, what is said meanwhile, and what comes of it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use connect_core::Caller;
use connect_core::problem::ProblemCode;
use connect_core::snapshot::{Health, KeychainState, Section, Stage, Unrevoked};
use connect_core::vault::{KeychainVault, Vault};

use crate::entries::connected;
use crate::session::{Calls, Desktop, SERVICE, lock, start_keyring, unanswering_prompter, unlock, until};
use crate::support::{World, feature};

/// Class of the windows of gnome-keyring's dialogs.
const GNOME_DIALOG: &str = "gcr-prompter";
/// Nothing that a person waits for takes longer.
const SOON: Duration = Duration::from_secs(1);
/// A service that answers nothing for ten seconds has hung; a person may take longer.
const LONGER_THAN_A_CALL: Duration = Duration::from_millis(10_500);

async fn keychain_is(world: &World, state: KeychainState) {
    world.until(&format!("the keychain is {state:?}"), |view| view.keychain == state).await;
}

async fn waits_for_the_browser(world: &World) {
    let waits = |stage: &Stage| matches!(stage, Stage::Waiting { .. });
    world.until("the browser is open", |view| view.transaction.as_ref().is_some_and(|run| waits(&run.stage))).await;
}

pub async fn locked() {
    let first = unlock();
    let (world, account) = connected().await;
    lock("login");
    let began = Instant::now();
    assert_eq!(world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap_err().code, ProblemCode::KeychainLocked);
    assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
    assert_eq!(world.core.view().keychain, KeychainState::Locked);
    let health = world.core.view().accounts[0].health.clone();
    assert!(matches!(&health, Health::Locked { reason } if reason.code == ProblemCode::KeychainLocked), "{health:?}");
    assert_eq!(feature(&world.core.view(), &account, "profile:read"), "enabled", "locked is not signed out");
    // For what the person asks for the dialog would open, and nothing here can show it.
    assert_eq!(world.core.disconnect(&Caller::Window, &account, Unrevoked::Keep).await.unwrap_err().code, ProblemCode::KeychainDismissed);
    // That nothing can be stored is found before the browser is opened.
    world.core.connect(&Caller::Window, vec!["profile:read".into()]).await.unwrap();
    assert_eq!(world.failed().await.code, ProblemCode::KeychainDismissed);
    drop(first);
    let _keyring = unlock();
    // Whoever unlocked it, the next look finds out.
    world.core.look().await;
    assert_eq!((&world.core.view().accounts[0].health, world.core.view().keychain), (&Health::Connected, KeychainState::Ready));
    world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap();
}

pub async fn unasked() {
    let _keyring = unlock();
    let (mut world, account) = connected().await;
    let calls = Calls::listen();
    // Looked at often, with a backend that answers and with one that can't be reached.
    for backend in [world.backend.as_str(), "http://127.0.0.1:9/", world.backend.as_str()] {
        world.core.set_backend(backend).await.unwrap();
        for _ in 0..3 {
            world.clock.advance(Duration::from_secs(301));
            world.core.look().await;
        }
    }
    assert_eq!((calls.prompts(), calls.creations()), (0, 0), "an unlocked keyring is read, and not written");
    lock("login");
    let prompter = unanswering_prompter();
    world.restart_unasked(Arc::new(KeychainVault::new(SERVICE).unwrap())).await;
    assert_eq!(world.core.view().keychain, KeychainState::Locked);
    for _ in 0..3 {
        world.clock.advance(Duration::from_secs(3601));
        world.core.look().await;
        world.core.poll().await;
        assert_eq!(world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap_err().code, ProblemCode::KeychainLocked);
    }
    assert!(matches!(world.core.view().accounts[0].health, Health::Locked { .. }));
    assert_eq!((calls.prompts(), calls.creations()), (0, 0), "a due check of an account opened a dialog");
    drop(prompter);
}

pub async fn answered_late() {
    let desktop = Desktop::of_the_bus();
    let _keyring = unlock();
    let (world, account) = connected().await;
    lock("login");
    world.core.connect(&Caller::Window, vec!["wallet:read".into()]).await.unwrap();
    keychain_is(&world, KeychainState::Asking).await;
    let window = desktop.window(GNOME_DIALOG);
    // Others are told meanwhile, and don't wait behind it.
    let began = Instant::now();
    assert_eq!(world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap_err().code, ProblemCode::KeychainLocked);
    assert!(began.elapsed() < SOON, "waited behind the dialog: {:?}", began.elapsed());
    tokio::time::sleep(LONGER_THAN_A_CALL).await;
    assert_eq!(world.core.view().keychain, KeychainState::Asking, "the person is still typing");
    desktop.type_into(&window, "a password", &["Return"]);
    waits_for_the_browser(&world).await;
    assert_eq!(world.core.view().keychain, KeychainState::Ready);
    let names = KeychainVault::new(SERVICE).unwrap().list().await.unwrap();
    assert!(!names.iter().any(|name| name.starts_with("probe.")), "{names:?}");
    world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap();
}

pub async fn cancelled() {
    let desktop = Desktop::of_the_bus();
    let _keyring = unlock();
    let (world, account) = connected().await;
    lock("login");
    let calls = Calls::listen();
    // Cancelled by the run's own button.
    world.core.connect(&Caller::Window, vec!["wallet:read".into()]).await.unwrap();
    keychain_is(&world, KeychainState::Asking).await;
    let dialog = desktop.window(GNOME_DIALOG);
    world.core.cancel().await;
    keychain_is(&world, KeychainState::Dismissed).await;
    assert!(world.core.view().transaction.is_none());
    // GNOME Keyring would end if it were dismissed: it stays, and the person closes it.
    assert_eq!(calls.closings(), 0);
    desktop.type_into(&dialog, "", &["Escape"]);
    until("the dialog is closed", || !desktop.has_window(GNOME_DIALOG));
    // And by that of the keychain's dialog.
    let (core, of) = (world.core.clone(), account.clone());
    let asked = tokio::spawn(async move { core.check(&Caller::Window, &of).await });
    let dialog = desktop.window(GNOME_DIALOG);
    world.core.close_keychain_dialog();
    assert_eq!(asked.await.unwrap().unwrap_err().code, ProblemCode::KeychainDismissed);
    desktop.type_into(&dialog, "", &["Escape"]);
    until("the dialog is closed", || !desktop.has_window(GNOME_DIALOG));
    // And in the dialog itself.
    let (core, of) = (world.core.clone(), account.clone());
    let asked = tokio::spawn(async move { core.disconnect(&Caller::Window, &of, Unrevoked::Keep).await });
    desktop.type_into(&desktop.window(GNOME_DIALOG), "", &["Escape"]);
    assert_eq!(asked.await.unwrap().unwrap_err().code, ProblemCode::KeychainDismissed);
    until("the dialog is closed", || !desktop.has_window(GNOME_DIALOG));
    assert_eq!((calls.prompts(), calls.closings()), (3, 0), "one dialog for each thing that was asked for");
    for _ in 0..3 {
        world.clock.advance(Duration::from_secs(3601));
        world.core.look().await;
    }
    assert_eq!(world.core.view().keychain, KeychainState::Dismissed, "it stays what the person did");
    assert_eq!(calls.prompts(), 3, "opened again unasked");
    // Asked for again, it opens again.
    let core = world.core.clone();
    let again = tokio::spawn(async move { core.probe().await });
    desktop.type_into(&desktop.window(GNOME_DIALOG), "a password", &["Return"]);
    again.await.unwrap();
    assert_eq!((world.core.view().keychain, calls.prompts()), (KeychainState::Ready, 4));
    assert_eq!(world.core.view().accounts[0].health, Health::Connected, "it goes on by itself");
}

pub async fn never_set_up() {
    let desktop = Desktop::of_the_bus();
    let _keyring = start_keyring();
    let calls = Calls::listen();
    let mut world = World::new().await;
    world.restart_unasked(Arc::new(KeychainVault::new(SERVICE).unwrap())).await;
    assert_eq!(world.core.view().keychain, KeychainState::NotSetUp);
    assert_eq!(calls.prompts(), 0);
    // Cancelled here first: this one can be closed.
    world.core.connect(&Caller::Window, vec!["profile:read".into()]).await.unwrap();
    keychain_is(&world, KeychainState::Asking).await;
    desktop.window(GNOME_DIALOG);
    world.core.cancel().await;
    keychain_is(&world, KeychainState::Dismissed).await;
    until("the dialog is closed", || !desktop.has_window(GNOME_DIALOG));
    assert_eq!(calls.closings(), 1);
    // Then in the dialog.
    world.core.connect(&Caller::Window, vec!["profile:read".into()]).await.unwrap();
    keychain_is(&world, KeychainState::Asking).await;
    let window = desktop.window(GNOME_DIALOG);
    desktop.type_into(&window, "", &["Escape"]);
    assert_eq!(world.failed().await.code, ProblemCode::KeychainDismissed);
    until("the dialog is closed", || !desktop.has_window(GNOME_DIALOG));
    world.core.dismiss().await;
    let connecting = world.connect("ada", &["profile:read"], &["profile:read"]);
    let typing = async {
        keychain_is(&world, KeychainState::Asking).await;
        tokio::task::block_in_place(|| {
            let window = desktop.window(GNOME_DIALOG);
            desktop.type_into(&window, "pw", &["Tab"]);
            desktop.type_into(&window, "pw", &["Return"]);
        });
    };
    let (account, ()) = tokio::join!(connecting, typing);
    world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap();
    assert_eq!(world.core.view().keychain, KeychainState::Ready);
}

pub async fn killed_while_asking() {
    let keyring = unlock();
    let (world, account) = connected().await;
    lock("login");
    let prompter = unanswering_prompter();
    let (core, of) = (world.core.clone(), account.clone());
    let asked = tokio::spawn(async move { core.check(&Caller::Window, &of).await });
    keychain_is(&world, KeychainState::Asking).await;
    drop(keyring);
    // Another one may answer by now, where the bus starts one; here there is none.
    assert_eq!(asked.await.unwrap().unwrap_err().code, ProblemCode::KeychainAbsent);
    assert_ne!(world.core.view().keychain, KeychainState::Asking);
    drop(prompter);
    let _keyring = unlock();
    let began = Instant::now();
    world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap();
    assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
    assert_eq!(world.core.view().keychain, KeychainState::Ready);
    let names = KeychainVault::new(SERVICE).unwrap().list().await.unwrap();
    assert_eq!(names.len(), 1, "{names:?}");
}
