//! What the program does by itself while nobody asks it for anything: it opens no dialog, writes into no keychain, and says nothing twice.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Result, ensure};
use e2e::until;
use futures_util::StreamExt as _;
use zbus::connection::Builder;
use zbus::fdo::MonitoringProxy;

use crate::desk::Desk;
use crate::networks::take_network_away;
use crate::services::log_of;
use crate::table::Unasked;
use crate::words;

/// How long it is idle: as long as where unasked calls were found.
const WITH_DIALOGS: Duration = Duration::from_secs(120);
const WITH_ENTRIES: Duration = Duration::from_secs(95);
const OFFLINE: Duration = Duration::from_secs(65);

/// Tries one case.
pub async fn try_unasked(desk: &mut Desk, unasked: Unasked) -> Result<()> {
    match unasked {
        Unasked::LockedKeychain => locked(desk).await,
        Unasked::UnlockedKeychain => unlocked(desk).await,
        Unasked::Offline => offline(desk).await,
    }
}

/// The person cancels the keychain's dialog: it isn't opened again.
async fn locked(desk: &mut Desk) -> Result<()> {
    let calls = Calls::listen(&desk.session_bus()?).await?;
    desk.start()?;
    desk.sees(words::WELCOME).await?;
    desk.press(words::CONFIRM_SERVICE).await?;
    desk.press(words::CONNECT).await?;
    ensure!(calls.prompts() == 0, "{} dialogs before anything needed the keychain", calls.prompts());
    desk.ask().await?;
    let dialog = desk.dialog("gcr-prompter").await?;
    desk.type_into(dialog, &[""], &["Escape"])?;
    desk.reads(words::KEYCHAIN_DISMISSED).await?;
    desk.leave_picture("")?;
    tokio::time::sleep(WITH_DIALOGS).await;
    ensure!(calls.prompts() == 1, "{} dialogs and not one", calls.prompts());
    ensure!(calls.entries() == 0, "{} entries were written", calls.entries());
    desk.quit().await?;
    desk.check_log()
}

/// With an account: its approval is written once, and then nothing.
async fn unlocked(desk: &mut Desk) -> Result<()> {
    let calls = Calls::listen(&desk.session_bus()?).await?;
    desk.start()?;
    desk.sees(words::WELCOME).await?;
    desk.connect().await?;
    desk.sees(words::PERSON_NAME).await?;
    desk.reads(words::BALANCE).await?;
    let written = until("the approval to be in the keychain", async || Ok(Some(calls.entries()).filter(|count| *count > 0))).await?;
    desk.leave_picture("")?;
    tokio::time::sleep(WITH_ENTRIES).await;
    ensure!(calls.entries() == written, "{} entries were written unasked", calls.entries() - written);
    ensure!(calls.prompts() == 0, "{} dialogs", calls.prompts());
    desk.quit().await?;
    desk.check_log()
}

/// A network that is away is said once, and not at each look.
async fn offline(desk: &mut Desk) -> Result<()> {
    take_network_away(desk);
    desk.start()?;
    desk.reads(words::OFFLINE).await?;
    desk.leave_picture("")?;
    let before = log_of(&desk.session)?.lines().count();
    tokio::time::sleep(OFFLINE).await;
    let log = log_of(&desk.session)?;
    let more: Vec<_> = log.lines().skip(before).collect();
    ensure!(more.len() <= 1, "the log says again and again:\n{}", more.join("\n"));
    desk.quit().await?;
    desk.check_log()
}

/// Counts what is called on the session bus.
struct Calls {
    prompts: Arc<AtomicUsize>,
    entries: Arc<AtomicUsize>,
}

impl Calls {
    async fn listen(bus: &str) -> Result<Self> {
        let calls = Self { prompts: Arc::default(), entries: Arc::default() };
        let (prompts, entries) = (Arc::clone(&calls.prompts), Arc::clone(&calls.entries));
        let monitor = Builder::address(bus)?.build().await?;
        MonitoringProxy::new(&monitor).await?.become_monitor(&[], 0).await?;
        tokio::spawn(async move {
            let mut messages = zbus::MessageStream::from(monitor);
            while let Some(message) = messages.next().await {
                let Ok(message) = message else { continue };
                let header = message.header();
                match (header.interface().map(|name| name.as_str()), header.member().map(|name| name.as_str())) {
                    (Some("org.freedesktop.Secret.Prompt"), Some("Prompt")) => prompts.fetch_add(1, Ordering::SeqCst),
                    (Some("org.freedesktop.Secret.Collection"), Some("CreateItem")) => entries.fetch_add(1, Ordering::SeqCst),
                    _ => 0,
                };
            }
        });
        Ok(calls)
    }

    /// Dialogs that were asked for.
    fn prompts(&self) -> usize {
        self.prompts.load(Ordering::SeqCst)
    }

    /// Entries that were made or replaced.
    fn entries(&self) -> usize {
        self.entries.load(Ordering::SeqCst)
    }
}
