//! The other keyrings that are the Secret Service: KWallet, and KeePassXC with its own ideas of what must be confirmed.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use connect_core::Caller;
use connect_core::problem::ProblemCode;
use connect_core::snapshot::{Health, KeychainState, Section, Unrevoked};
use connect_core::vault::KeychainVault;

use crate::session::{Calls, Desktop, Running, SERVICE, has_owner, until};
use crate::support::World;

/// Whether it is so within this time.
fn within(time: Duration, mut so: impl FnMut() -> bool) -> bool {
    let began = std::time::Instant::now();
    while !so() && began.elapsed() < time {
        std::thread::sleep(Duration::from_millis(20));
    }
    so()
}

/// A KWallet that was never set up, and that nothing starts but its own name.
pub async fn kwallet() {
    let desktop = Desktop::of_the_bus();
    let calls = Calls::listen();
    let mut world = World::new().await;
    world.restart_unasked(Arc::new(KeychainVault::new(SERVICE).unwrap())).await;
    assert!(has_owner("org.kde.kwalletd5"), "it is started by its own name");
    assert_eq!((world.core.view().keychain, calls.prompts()), (KeychainState::NotSetUp, 0));
    let connecting = world.connect("ada", &["profile:read"], &["profile:read"]);
    let setting_up = async {
        tokio::task::block_in_place(|| {
            // A busy KWallet may miss a click or a key: then a person does it again. Its wizard goes, and another window asks for a password.
            let wizard = desktop.window("kwalletd");
            until("the wizard is through", || {
                // Its first page asks for the kind; "Classic" needs no key of GnuPG. Back to it, if it went on without.
                desktop.type_into(&wizard, "", &["alt+b"]);
                desktop.click(&wizard, 109, 167);
                desktop.type_into(&wizard, "", &["Return"]);
                within(AGAIN, || desktop.has_window("kwalletd") && desktop.window("kwalletd") != wizard)
            });
            let dialog = desktop.window("kwalletd");
            until("the wallet is set up", || {
                // The field below, and from there the one above it.
                desktop.type_into(&dialog, "", &["alt+v", "shift+Tab", "ctrl+a"]);
                desktop.type_into(&dialog, "pw", &["alt+v", "ctrl+a"]);
                desktop.type_into(&dialog, "pw", &["Return"]);
                within(AGAIN, || !desktop.has_window("kwalletd"))
            });
        });
    };
    let (account, ()) = tokio::join!(connecting, setting_up);
    world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap();
    assert_eq!(world.core.view().keychain, KeychainState::Ready);
    world.core.disconnect(&Caller::Window, &account, Unrevoked::Keep).await.unwrap();
}

/// What KeePassXC's dialog for a locked database is called, beside its main window.
const UNLOCK_DIALOG: &str = "^Unlock Database";
/// How long something may take before a person does it again.
const AGAIN: Duration = Duration::from_secs(4);

/// As somebody sets it up who lets programs use it. It asks about each entry that a program of another run made (the default).
const KEEPASSXC: &str =
    "[General]\nConfigVersion=2\n[GUI]\nCheckForUpdates=false\nShowTrayIcon=false\n[FdoSecrets]\nEnabled=true\nConfirmDeleteItem=false\n";
/// A database whose root group is offered to other programs.
const DATABASE: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<KeePassFile><Meta><DatabaseName>Mine</DatabaseName><CustomData><Item><Key>FDO_SECRETS_EXPOSED_GROUP</Key>
<Value>{00112233-4455-6677-8899-aabbccddeeff}</Value></Item></CustomData></Meta>
<Root><Group><UUID>ABEiM0RVZneImaq7zN3u/w==</UUID><Name>Root</Name></Group></Root></KeePassFile>"#;

fn keepassxc(desktop: &Desktop) -> Running {
    let folder = PathBuf::from(std::env::var("XDG_CONFIG_HOME").unwrap()).join("keepassxc");
    let database = folder.join("mine.kdbx");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("keepassxc.ini"), KEEPASSXC).unwrap();
    let xml = folder.join("mine.xml");
    std::fs::write(&xml, DATABASE).unwrap();
    let mut command = Command::new("keepassxc-cli");
    command.args(["import", "-p"]).args([&xml, &database]).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut making = command.spawn().expect("keepassxc is installed");
    std::io::Write::write_all(&mut making.stdin.take().unwrap(), b"pw\npw\n").unwrap();
    assert!(making.wait().unwrap().success());
    let running = desktop.start("keepassxc", &[database.to_str().unwrap()]);
    until("KeePassXC is the Secret Service", || has_owner("org.freedesktop.secrets"));
    desktop.window("keepassxc");
    running
}

/// Its database is locked at first, and each entry of a former run must be allowed again.
pub async fn keepassxc_asks() {
    let desktop = Desktop::open();
    let _running = keepassxc(&desktop);
    let calls = Calls::listen();
    let mut world = World::new().await;
    world.restart_unasked(Arc::new(KeychainVault::new(SERVICE).unwrap())).await;
    assert_eq!((world.core.view().keychain, calls.prompts()), (KeychainState::Locked, 0));
    let connecting = world.connect("ada", &["profile:read"], &["profile:read"]);
    let typing = async {
        world.until("it asks", |view| view.keychain == KeychainState::Asking).await;
        // Its dialog may open between two keys, and take the second alone: then a person types once more.
        let asks = || world.core.view().keychain == KeychainState::Asking;
        tokio::task::block_in_place(|| {
            until("the database is unlocked", || {
                let dialog = desktop.has_window_named(UNLOCK_DIALOG);
                let window = if dialog { desktop.window_named(UNLOCK_DIALOG) } else { desktop.window("keepassxc") };
                desktop.type_into(&window, "", &["ctrl+a"]);
                desktop.type_into(&window, "pw", &["Return"]);
                within(AGAIN, || !asks())
            });
        });
    };
    let (account, ()) = tokio::join!(connecting, typing);
    world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap();
    // The program starts anew: it is another one to KeePassXC.
    world.restart_unasked(Arc::new(KeychainVault::new(SERVICE).unwrap())).await;
    let asked_before = calls.prompts();
    assert_eq!(world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap_err().code, ProblemCode::KeychainLocked);
    assert_eq!(calls.prompts(), asked_before, "it asked about an entry that nobody wanted");
    let core = world.core.clone();
    let of = account.clone();
    let asked = tokio::spawn(async move { core.check(&Caller::Window, &of).await });
    world.until("it asks", |view| view.keychain == KeychainState::Asking).await;
    tokio::task::block_in_place(|| {
        let dialog = desktop.window_named("KeePassXC.*(Access|Browser|request)|Access Request");
        desktop.type_into(&dialog, "", &["Return"]);
    });
    asked.await.unwrap().unwrap();
    assert_eq!(world.core.view().accounts[0].health, Health::Connected);
}
