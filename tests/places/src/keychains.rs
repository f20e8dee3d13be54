//! The whole journey with each keychain: what it asks is answered in its own dialog, and where nothing can be kept the program says so
//! and goes on in memory if the person wants that.

use std::time::Duration;

use anyhow::{Result, ensure};
use e2e::keychain::{PASSWORD, restart_gnome_keyring};
use e2e::{process, until};

use crate::cases::another_size;
use crate::desk::Desk;
use crate::table::Secrets;
use crate::words;

/// Class of the windows of gnome-keyring's dialogs.
const GNOME_DIALOG: &str = "gcr-prompter";
/// Class of KWallet's.
const KWALLET_DIALOG: &str = "kwalletd";
/// Class of KeePassXC's windows, and name of the one in which it asks.
const KEEPASSXC_WINDOW: &str = "keepassxc";
const KEEPASSXC_DIALOG: &str = "Access Request";
/// How long the person of one place takes to answer: longer than any call to a keychain may take.
const LATE: Duration = Duration::from_secs(15);

/// After how long a person does again what had no effect.
const AGAIN: Duration = Duration::from_millis(1500);

/// How long Monei takes to end an approval in one place, in milliseconds: longer than the program waits for it.
const SLOW_REVOCATION: u32 = 8000;

/// Tries one keychain.
pub async fn try_keychain(desk: &mut Desk, secrets: Secrets) -> Result<()> {
    if secrets == Secrets::NoBus {
        let accessibility = desk.accessibility_bus().await?;
        desk.wrapper =
            ["env", "-u", "DBUS_SESSION_BUS_ADDRESS", &format!("AT_SPI_BUS_ADDRESS={accessibility}")].map(str::to_owned).to_vec();
    }
    desk.start()?;
    if secrets == Secrets::KeePassXc {
        // KeePassXC's own window is as large as the screen, and may come later.
        desk.dialog(KEEPASSXC_WINDOW).await?;
        desk.screen.wait_for_window(&desk.session, desk.program()?.pid()).await?;
        desk.raise()?;
    }
    desk.sees(words::WELCOME).await?;
    desk.leave_picture("first-run")?;
    desk.press(words::CONFIRM_SERVICE).await?;
    desk.press(words::CONNECT).await?;
    desk.ask().await?;
    let in_memory = match secrets {
        Secrets::Unlocked | Secrets::Restarted => false,
        Secrets::AnsweredLate => {
            let dialog = desk.dialog(GNOME_DIALOG).await?;
            desk.reads(words::KEYCHAIN_ASKS).await?;
            tokio::time::sleep(LATE).await;
            desk.type_into(dialog, &[PASSWORD], &["Return"])?;
            false
        }
        Secrets::NeverSetUp => {
            let dialog = desk.dialog(GNOME_DIALOG).await?;
            desk.type_into(dialog, &[PASSWORD, PASSWORD], &["Tab", "Return"])?;
            false
        }
        Secrets::KWallet => {
            set_up_kwallet(desk).await?;
            false
        }
        Secrets::KeePassXc => {
            let window = desk.dialog(KEEPASSXC_WINDOW).await?;
            desk.type_into(window, &[PASSWORD], &["Return"])?;
            false
        }
        Secrets::Cancelled => {
            let dialog = desk.dialog(GNOME_DIALOG).await?;
            desk.type_into(dialog, &[""], &["Escape"])?;
            desk.reads(words::KEYCHAIN_DISMISSED).await?;
            true
        }
        Secrets::Killed => {
            desk.dialog(GNOME_DIALOG).await?;
            let daemons = process::living(desk.session.mark()).into_iter().filter(|found| found.program() == "gnome-keyring-daemon");
            process::signal("KILL", &daemons.map(|found| found.pid).collect::<Vec<_>>());
            desk.reads(words::KEYCHAIN_STOPPED).await?;
            true
        }
        Secrets::Absent => {
            desk.reads(words::KEYCHAIN_ABSENT).await?;
            true
        }
        Secrets::NoBus => {
            desk.reads(words::KEYCHAIN_NO_BUS).await?;
            true
        }
    };
    if in_memory {
        desk.leave_picture("told")?;
        desk.press(words::KEEP_IN_MEMORY).await?;
        desk.ask_again().await?;
    }
    desk.approve_in_browser(words::PERSON).await?;
    desk.press(words::GO_TO_ACCOUNT).await?;
    desk.raise()?;
    desk.sees(words::PERSON_NAME).await?;
    desk.reads(words::BALANCE).await?;
    if secrets == Secrets::Restarted {
        restart_gnome_keyring(&mut desk.session).await?;
        let before = desk.services.api_calls().await?;
        desk.press(words::REFRESH).await?;
        // What is on the screen was there before: only Monei knows that it was asked again.
        until("Monei to be asked again", async || Ok((desk.services.api_calls().await? > before).then_some(()))).await?;
        desk.sees(words::PERSON_NAME).await?;
        desk.reads(words::BALANCE).await?;
    }
    let size = another_size(desk).await?;
    desk.resize(size, words::PERSON_NAME).await?;
    desk.leave_picture("")?;
    if secrets == Secrets::Killed {
        // Taking the access back takes long, and the person starts the program again meanwhile.
        desk.services.sandbox.delay("revoke", SLOW_REVOCATION).await?;
        let mut ending = desk.start_while_it_ends().await?;
        desk.screen.wait_for_window(&desk.session, desk.program()?.pid()).await?;
        ensure!(ending.runs()?, "the program had ended before the second one had a window");
        desk.sees(words::NO_ACCOUNT).await?;
        // Monei's answer comes too late, and the program says so before it ends.
        let dialog = desk.dialog_named(words::END_NOT_CONFIRMED).await?;
        desk.type_into(dialog, &[""], &["Return"])?;
        let code = ending.wait_for_end().await?;
        ensure!(code == 0, "the program ended with exit code {code}");
        let alive = desk.services.sandbox.state().await?.granted_by(words::PERSON);
        ensure!(alive.is_empty(), "after the end, Monei still allows {alive:?}");
        desk.quit().await?;
        return desk.check_log();
    }
    match secrets {
        Secrets::Cancelled => desk.end_by("INT").await?,
        Secrets::Absent => desk.end_by("TERM").await?,
        Secrets::NoBus => desk.end_by("HUP").await?,
        _ => desk.quit().await?,
    }
    let alive = desk.services.sandbox.state().await?.granted_by(words::PERSON);
    ensure!(alive.is_empty() == in_memory, "after the end, Monei still allows {alive:?}");
    desk.start()?;
    if in_memory {
        // Nothing is left of it, and the service stays trusted.
        desk.sees(words::NO_ACCOUNT).await?;
    } else {
        if secrets == Secrets::KeePassXc {
            // The program that starts anew is another one to KeePassXC. Nothing is asked before the person wants something.
            desk.press(words::REFRESH).await?;
            let dialog = desk.dialog_named(KEEPASSXC_DIALOG).await?;
            desk.type_into(dialog, &[""], &["Return"])?;
            desk.raise()?;
        }
        desk.sees(words::PERSON_NAME).await?;
        desk.reads(words::BALANCE).await?;
    }
    desk.quit().await?;
    desk.check_log()
}

/// Sets KWallet up. A busy KWallet may miss a click or a key: then a person does it again.
async fn set_up_kwallet(desk: &Desk) -> Result<()> {
    let wizard = desk.dialog(KWALLET_DIALOG).await?;
    // The wizard asks for the kind, and goes; another window asks for a password, twice.
    let dialog = until("KWallet to ask for a password", async || {
        if let Some(other) = desk.windows(KWALLET_DIALOG)?.into_iter().find(|window| *window != wizard) {
            return Ok(Some(other));
        }
        // The classic kind needs no key of GnuPG. Back to the first page, if it went on without.
        desk.type_into(wizard, &[""], &["alt+b"])?;
        desk.click(wizard, 109, 167)?;
        desk.type_into(wizard, &[""], &["Return"])?;
        tokio::time::sleep(AGAIN).await;
        Ok(None)
    })
    .await?;
    until("KWallet to be set up", async || {
        if desk.windows(KWALLET_DIALOG)?.is_empty() {
            return Ok(Some(()));
        }
        // The field below, and from there the one above it.
        desk.type_into(dialog, &["", "", ""], &["alt+v", "shift+Tab", "ctrl+a"])?;
        desk.type_into(dialog, &[PASSWORD, "", PASSWORD], &["alt+v", "ctrl+a", "Return"])?;
        tokio::time::sleep(AGAIN).await;
        Ok(None)
    })
    .await
}
