//! The keychains that a session can have.

use std::io::Write;

use anyhow::{Context, Result};

use crate::process::Process;
use crate::session::Session;
use crate::until;

/// The keychain's password; a keyring without one would lie on the disk unencrypted.
const PASSWORD: &str = "end to end";

/// What keeps secrets in a session, and the state that it is in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Keychain {
    /// gnome-keyring with its login collection unlocked.
    #[default]
    Unlocked,
}

impl Keychain {
    pub(crate) async fn start(self, session: &mut Session) -> Result<()> {
        match self {
            Self::Unlocked => start_gnome_keyring(session).await,
        }
    }
}

async fn start_gnome_keyring(session: &mut Session) -> Result<()> {
    let mut command = session.command("gnome-keyring-daemon");
    command.args(["--foreground", "--unlock", "--components=secrets"]);
    let mut daemon = Process::spawn_piped("gnome-keyring", &mut command, &session.logs())?;
    let mut input = daemon.0.stdin.take().context("gnome-keyring has no standard input")?;
    input.write_all(PASSWORD.as_bytes())?;
    drop(input);
    session.keep(daemon);
    let owner = ["--session", "--print-reply", "--dest=org.freedesktop.DBus", "/", "org.freedesktop.DBus.NameHasOwner"];
    until("the keychain", async || {
        let said = session.run("dbus-send", &[&owner[..], &["string:org.freedesktop.secrets"]].concat())?;
        Ok(String::from_utf8_lossy(&said.stdout).contains("true").then_some(()))
    })
    .await
}
