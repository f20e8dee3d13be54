//! The keychains that a session can have.

use std::fs;
use std::io::Write;

use anyhow::{Context, Result, ensure};

use crate::process::Process;
use crate::session::Session;
use crate::until;

/// The keychain's password; a keyring without one would lie on the disk unencrypted.
pub const PASSWORD: &str = "end to end";

/// What keeps secrets in a session, and the state that it is in at first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Keychain {
    /// gnome-keyring with its login collection unlocked.
    #[default]
    Unlocked,
    /// gnome-keyring with its login collection locked.
    Locked,
    /// gnome-keyring without any collection, as before the first graphical login.
    NeverSetUp,
    /// KWallet, installed and not running, never set up; no other program is the Secret Service.
    KWallet,
    /// KeePassXC with a database that is locked and offered to other programs.
    KeePassXc,
    /// No keychain is installed.
    Absent,
}

impl Keychain {
    pub(crate) async fn start(self, session: &mut Session) -> Result<()> {
        match self {
            Self::Unlocked => start_gnome_keyring(session, true).await,
            Self::Locked => {
                start_gnome_keyring(session, true).await?;
                lock(session)
            }
            Self::NeverSetUp => start_gnome_keyring(session, false).await,
            Self::KeePassXc => start_keepassxc(session).await,
            Self::KWallet | Self::Absent => Ok(()),
        }
    }

    /// The services that the session bus can start by itself, where not all that are installed: names of their files.
    pub(crate) fn services(self) -> Option<&'static [&'static str]> {
        match self {
            Self::KWallet => Some(&["org.a11y.Bus.service", "org.kde.kwalletd5.service"]),
            Self::KeePassXc | Self::Absent => Some(&["org.a11y.Bus.service"]),
            Self::Unlocked | Self::Locked | Self::NeverSetUp => None,
        }
    }
}

/// Starts gnome-keyring once more in place of the one that runs, unlocked again.
pub async fn restart_gnome_keyring(session: &mut Session) -> Result<()> {
    start_gnome_keyring(session, true).await
}

fn lock(session: &Session) -> Result<()> {
    let words = [
        "--session",
        "--print-reply",
        "--dest=org.freedesktop.secrets",
        "/org/freedesktop/secrets",
        "org.freedesktop.Secret.Service.Lock",
        "array:objpath:/org/freedesktop/secrets/collection/login",
    ];
    let said = session.run("dbus-send", &words)?;
    ensure!(said.status.success(), "the keyring can't be locked: {}", String::from_utf8_lossy(&said.stderr));
    Ok(())
}

async fn start_gnome_keyring(session: &mut Session, unlocked: bool) -> Result<()> {
    let before = owner(session)?;
    let mut command = session.command("gnome-keyring-daemon");
    command.args(["--foreground", "--replace", "--components=secrets"]);
    if unlocked {
        command.arg("--unlock");
    }
    let mut daemon = Process::spawn_piped("gnome-keyring", &mut command, &session.logs())?;
    let mut input = daemon.0.stdin.take().context("gnome-keyring has no standard input")?;
    if unlocked {
        input.write_all(PASSWORD.as_bytes())?;
    }
    drop(input);
    session.keep(daemon);
    until("the keychain", async || Ok(owner(session)?.filter(|now| Some(now) != before.as_ref()).map(drop))).await
}

/// Settings of somebody who lets other programs use KeePassXC.
const KEEPASSXC: &str =
    "[General]\nConfigVersion=2\n[GUI]\nCheckForUpdates=false\nShowTrayIcon=false\n[FdoSecrets]\nEnabled=true\nConfirmDeleteItem=false\n";
/// A database in KeePass's XML form. Its root group, named by its UUID, is the one that other programs see.
const DATABASE: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<KeePassFile><Meta><DatabaseName>Places</DatabaseName><CustomData><Item><Key>FDO_SECRETS_EXPOSED_GROUP</Key>
<Value>{8c6f2a10-5b3d-4e7f-9a01-c2d4e6f80123}</Value></Item></CustomData></Meta>
<Root><Group><UUID>jG8qEFs9Tn+aAcLU5vgBIw==</UUID><Name>Root</Name></Group></Root></KeePassFile>"#;

async fn start_keepassxc(session: &mut Session) -> Result<()> {
    let folder = session.folder().join("config/keepassxc");
    fs::create_dir_all(&folder)?;
    let (xml, database) = (folder.join("database.xml"), folder.join("database.kdbx"));
    fs::write(folder.join("keepassxc.ini"), KEEPASSXC)?;
    fs::write(&xml, DATABASE)?;
    let mut command = session.command("keepassxc-cli");
    command.args(["import", "-p"]).args([&xml, &database]);
    let mut import = Process::spawn_piped("keepassxc-cli", &mut command, &session.logs())?;
    let mut input = import.0.stdin.take().context("keepassxc-cli has no standard input")?;
    write!(input, "{PASSWORD}\n{PASSWORD}\n")?;
    drop(input);
    ensure!(import.0.wait()?.success(), "keepassxc-cli made no database");
    let mut command = session.command("keepassxc");
    command.arg(&database).env("QT_QPA_PLATFORM", "xcb");
    let program = Process::spawn("keepassxc", &mut command, &session.logs())?;
    session.keep(program);
    until("KeePassXC to be the Secret Service", async || Ok(owner(session)?.map(drop))).await
}

/// Who is the Secret Service now, by its name at the bus.
fn owner(session: &Session) -> Result<Option<String>> {
    let words = ["--session", "--print-reply=literal", "--dest=org.freedesktop.DBus", "/", "org.freedesktop.DBus.GetNameOwner"];
    let said = session.run("dbus-send", &[&words[..], &["string:org.freedesktop.secrets"]].concat())?;
    Ok(said.status.success().then(|| String::from_utf8_lossy(&said.stdout).trim().to_owned()))
}
