//! The states of a real keychain: gnome-keyring on a session bus of its own, for each test (T-02, T-03, T-06).
//!
//! Needs `gnome-keyring`, `libsecret-tools` and `dbus`, which `cargo xtask` installs.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a step of a test that fails is a failed test")]

mod support;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use connect_core::problem::ProblemCode;
use connect_core::vault::{KeychainVault, MAX_ENTRY_LEN, Vault, VaultError, probe};
use connect_core::view::{Health, KeychainState, Section, Unrevoked};
use secrecy::{ExposeSecret as _, SecretString};
use support::{World, feature};

const SERVICE: &str = "org.moneiconnections.manager.test";
const STATE: &str = "CONNECT_TEST_KEYCHAIN";
/// Nothing that a person waits for takes longer.
const SOON: Duration = Duration::from_secs(1);

/// A bus that starts nothing by itself, so that each test decides what is there.
const BUS: &str = r#"<busconfig><type>session</type><listen>unix:tmpdir=/tmp</listen>
<policy context="default"><allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/></policy></busconfig>"#;

/// Runs the child test `state` in a session of its own.
fn in_session(state: &str, bus: bool) {
    let home = tempfile::tempdir().unwrap();
    let config = home.path().join("bus.conf");
    std::fs::write(&config, BUS).unwrap();
    let program = std::env::current_exe().unwrap();
    let mut command = if bus {
        let mut command = Command::new("dbus-run-session");
        command.arg("--config-file").arg(&config).arg("--").arg(program);
        command
    } else {
        Command::new(program)
    };
    for (name, folder) in [("HOME", "home"), ("XDG_DATA_HOME", "data"), ("XDG_RUNTIME_DIR", "run"), ("XDG_CONFIG_HOME", "config")] {
        let folder = home.path().join(folder);
        std::fs::create_dir(&folder).unwrap();
        std::os::unix::fs::PermissionsExt::set_mode(&mut std::fs::metadata(&folder).unwrap().permissions(), 0o700);
        command.env(name, folder);
    }
    command.env_remove("DBUS_SESSION_BUS_ADDRESS").env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY").env(STATE, state);
    let output = command.args(["--exact", "child", "--nocapture"]).output().expect("dbus-run-session is installed");
    assert!(output.status.success(), "{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
}

/// Starts gnome-keyring with its login keyring unlocked, or unlocks it again.
fn unlock() {
    let mut daemon = Command::new("gnome-keyring-daemon")
        .args(["--replace", "--unlock", "--components=secrets"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("gnome-keyring is installed");
    daemon.stdin.take().unwrap().write_all(b"a password").unwrap();
    daemon.wait().unwrap();
    // It goes into the background before it can be found on the bus.
    let session = zbus::blocking::Connection::session().unwrap();
    let bus = zbus::blocking::fdo::DBusProxy::new(&session).unwrap();
    let began = Instant::now();
    while !bus.name_has_owner("org.freedesktop.secrets".try_into().unwrap()).unwrap() {
        assert!(began.elapsed() < Duration::from_secs(20), "gnome-keyring never came to the bus");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn lock() {
    let locked = Command::new("dbus-send")
        .args(["--session", "--print-reply", "--dest=org.freedesktop.secrets", "/org/freedesktop/secrets"])
        .args(["org.freedesktop.Secret.Service.Lock", "array:objpath:/org/freedesktop/secrets/collection/login"])
        .output()
        .unwrap();
    assert!(locked.status.success(), "{}", String::from_utf8_lossy(&locked.stderr));
}

/// `secret-tool` as somebody else's program; tells what it printed.
fn from_outside(words: &[&str], name: &str, input: &str) -> String {
    let mut command = Command::new("secret-tool");
    // An entry's name may begin with a hyphen.
    command.args(words).args(["--", "service", SERVICE, "username", name]);
    let mut tool = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("secret-tool is installed");
    tool.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    String::from_utf8(tool.wait_with_output().unwrap().stdout).unwrap()
}

fn text(value: &str) -> SecretString {
    SecretString::from(value.to_owned())
}

/// A person with one account, whose tokens are in the real keychain.
async fn connected() -> (World, String) {
    let mut world = World::new().await;
    world.restart_with(Arc::new(KeychainVault::new(SERVICE).unwrap())).await;
    let account = world.connect("ada", &["profile:read"], &["profile:read"]).await;
    (world, account)
}

/// Not a test of its own: what each state does within its session.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child() {
    match std::env::var(STATE).as_deref() {
        Ok("unlocked") => unlocked().await,
        Ok("touched") => touched_from_outside().await,
        Ok("locked") => locked().await,
        Ok("unanswered") => unanswered().await,
        Ok("absent") => absent().await,
        Ok("overheard") => overheard().await,
        _ => {}
    }
}

async fn unlocked() {
    unlock();
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

async fn touched_from_outside() {
    unlock();
    let (world, account) = connected().await;
    let name = KeychainVault::new(SERVICE).unwrap().list().await.unwrap().remove(0);
    from_outside(&["store", "--label=x"], &name, "damaged");
    assert_eq!(world.core.load(&account, Section::Profile).await.unwrap_err().code, ProblemCode::RecordUnreadable);
    assert!(matches!(world.core.view().accounts[0].health, Health::NeedsReconnect { .. }));
    from_outside(&["clear"], &name, "");
    assert_eq!(world.core.load(&account, Section::Profile).await.unwrap_err().code, ProblemCode::RecordMissing);
    assert_eq!(feature(&world.core.view(), &account, "profile:read"), "lost");
    // Other accounts go on.
    let other = world.connect("tunde", &["profile:read"], &["profile:read"]).await;
    world.core.load(&other, Section::Profile).await.unwrap();
    // And this one comes back by approving again.
    world.core.reconnect(&account, vec!["profile:read".into()]).await.unwrap();
    // Monei remembers the approval, and offers no switch for it.
    world.approve("ada", &[]).await;
    assert_eq!(world.settle_upgrade().await, account);
    world.core.load(&account, Section::Profile).await.unwrap();
    assert_eq!(world.core.view().accounts[0].health, Health::Connected);
}

async fn locked() {
    unlock();
    let (world, account) = connected().await;
    lock();
    let began = Instant::now();
    assert_eq!(world.core.load(&account, Section::Profile).await.unwrap_err().code, ProblemCode::KeychainLocked);
    assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
    assert_eq!(world.core.view().keychain, KeychainState::Locked);
    let health = world.core.view().accounts[0].health.clone();
    assert!(matches!(&health, Health::Locked { reason } if reason.code == ProblemCode::KeychainLocked), "{health:?}");
    assert_eq!(feature(&world.core.view(), &account, "profile:read"), "enabled", "locked is not signed out");
    assert_eq!(world.core.disconnect(&account, Unrevoked::Keep).await.unwrap_err().code, ProblemCode::KeychainLocked);
    // Nobody approves in vain.
    world.core.connect(vec!["profile:read".into()]).await.unwrap();
    assert_eq!(world.failed().await.code, ProblemCode::KeychainLocked);
    unlock();
    world.core.load(&account, Section::Profile).await.unwrap();
    assert_eq!((&world.core.view().accounts[0].health, world.core.view().keychain), (&Health::Connected, KeychainState::Ready));
}

async fn unanswered() {
    unlock();
    let (world, account) = connected().await;
    lock();
    // A prompter that takes every question and answers none.
    let prompter = zbus::blocking::Connection::session().unwrap();
    prompter.request_name("org.gnome.keyring.SystemPrompter").unwrap();
    // Whatever it is that the keychain is needed for, the window is told within a second.
    let (core, of) = (world.core.clone(), account.clone());
    let first = tokio::spawn(async move { core.load(&of, Section::Profile).await });
    let began = Instant::now();
    world.until("the keychain takes its time", |view| view.keychain == KeychainState::Timeout).await;
    assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
    assert_eq!(first.await.unwrap().unwrap_err().code, ProblemCode::KeychainTimeout);
    for _ in 0..3 {
        let began = Instant::now();
        assert_eq!(world.core.load(&account, Section::Profile).await.unwrap_err().code, ProblemCode::KeychainTimeout);
        assert!(began.elapsed() < SOON, "waited behind the stuck one: {:?}", began.elapsed());
    }
    assert!(matches!(world.core.view().accounts[0].health, Health::Locked { .. }));
    // The dialog goes away, and the keyring is unlocked.
    drop(prompter);
    unlock();
    let healed = async {
        while world.core.load(&account, Section::Profile).await.is_err() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), healed).await.expect("retrying works after unlocking");
    assert_eq!(world.core.view().accounts[0].health, Health::Connected);
}

async fn absent() {
    let began = Instant::now();
    let vault = KeychainVault::new(SERVICE).unwrap();
    assert_eq!(probe(&vault).await, Err(VaultError::Absent));
    assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
    let mut world = World::new().await;
    world.restart_with(Arc::new(vault)).await;
    assert_eq!(world.core.view().keychain, KeychainState::Absent);
    world.core.connect(vec!["profile:read".into()]).await.unwrap();
    assert_eq!(world.failed().await.code, ProblemCode::KeychainAbsent);
    // On the person's choice it goes on without, and ends with the run.
    world.core.keep_in_memory().await;
    assert!(world.core.view().in_memory);
    let account = world.connect("ada", &["profile:read"], &["profile:read"]).await;
    world.core.load(&account, Section::Profile).await.unwrap();
    world.clock.advance(Duration::from_secs(3500));
    world.core.load(&account, Section::Profile).await.unwrap();
    world.core.shutdown().await;
    let state = world.sandbox_state().await;
    assert!(state["grants"].as_array().unwrap().iter().all(|grant| grant["alive"] == false), "left alive");
    let again = world.second().await;
    assert!(again.view().accounts.is_empty());
}

/// Somebody listens to everything on the session bus.
struct Ear {
    monitor: Child,
    heard: PathBuf,
}

impl Ear {
    async fn open() -> Self {
        let heard = PathBuf::from(std::env::var("XDG_RUNTIME_DIR").unwrap()).join("heard");
        let monitor = Command::new("dbus-monitor")
            .args(["--session", "--pcap"])
            .stdout(std::fs::File::create(&heard).unwrap())
            .spawn()
            .expect("dbus is installed");
        let ear = Self { monitor, heard };
        ear.hears("it listens").await;
        ear
    }

    /// Sends `words` over the bus until they are heard, and with them all that was sent before.
    async fn hears(&self, words: &str) {
        let heard = async {
            while !self.has(words) {
                let sent =
                    Command::new("dbus-send").args(["--session", "/", "test.Words.Said", &format!("string:{words}")]).status().unwrap();
                assert!(sent.success());
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), heard).await.expect("nothing is heard on the bus");
    }

    fn has(&self, words: &str) -> bool {
        let heard = std::fs::read(&self.heard).unwrap();
        heard.windows(words.len()).any(|window| window == words.as_bytes())
    }
}

impl Drop for Ear {
    fn drop(&mut self) {
        drop(self.monitor.kill());
        drop(self.monitor.wait());
    }
}

async fn overheard() {
    unlock();
    let ear = Ear::open().await;
    let mut world = World::new().await;
    let vault = Arc::new(KeychainVault::new(SERVICE).unwrap());
    world.restart_with(Arc::clone(&vault) as Arc<dyn Vault>).await;
    let account = world.connect("ada", &["profile:read"], &["profile:read"]).await;
    world.core.rename(&account, Some("Market stall".into())).await.unwrap();
    let name = vault.list().await.unwrap().remove(0);
    let first = vault.read(&name).await.unwrap().unwrap();
    // Replaced by a refresh, read, and removed.
    world.clock.advance(Duration::from_secs(3700));
    world.core.load(&account, Section::Profile).await.unwrap();
    let second = vault.read(&name).await.unwrap().unwrap();
    world.core.disconnect(&account, Unrevoked::Keep).await.unwrap();
    ear.hears("that was all").await;
    // The calls themselves were heard, with labels and attributes, and the entry by its name.
    for call in ["CreateItem", "SearchItems", "GetSecret", "Delete", "OpenSession", SERVICE, &name] {
        assert!(ear.has(call), "{call} was not heard");
    }
    let marker = format!("CNRY{}", world.run);
    let mut secrets: Vec<&str> =
        vec![&marker, "mct_", "mcr_", "CNRY", "ada@", "Ada", "Okafor", "okafor", "Market stall", "profile:read", &account];
    for record in [&first, &second] {
        assert!(record.expose_secret().contains(&marker), "the record has no marker to look for");
        // The sealed token has no marker: any part of it would do.
        secrets.extend(
            record.expose_secret().as_bytes().chunks(24).filter(|chunk| chunk.len() == 24).map(|chunk| std::str::from_utf8(chunk).unwrap()),
        );
    }
    for secret in secrets {
        assert!(!ear.has(secret), "{secret} passed over the bus");
    }
}

#[test]
fn whoever_listens_on_the_bus_hears_no_token_and_no_name() {
    in_session("overheard", true);
}

#[test]
fn an_unlocked_keychain_keeps_replaces_lists_and_removes_and_never_truncates() {
    in_session("unlocked", true);
}

#[test]
fn an_entry_removed_or_damaged_from_outside_is_told_and_approving_again_helps() {
    in_session("touched", true);
}

#[test]
fn a_locked_keychain_without_a_prompter_is_told_at_once_and_works_after_unlocking() {
    in_session("locked", true);
}

#[test]
fn a_dialog_that_nobody_answers_holds_up_nothing_else() {
    in_session("unanswered", true);
}

#[test]
fn without_a_keychain_nothing_is_kept_but_in_memory_on_the_persons_choice() {
    in_session("absent", true);
}

#[test]
fn without_a_session_bus_it_is_the_same() {
    in_session("absent", false);
}
