//! A fault of the web process: the page is loaded anew once; after that a native message says what happened, and the person decides.

use anyhow::{Context, Result, ensure};
use atspi::Role;
use e2e::{process, until};

use crate::desk::Desk;
use crate::services::log_of;
use crate::words;

/// Ends the web process three times.
pub async fn try_faults(desk: &mut Desk) -> Result<()> {
    desk.start()?;
    desk.sees(words::WELCOME).await?;
    end_web_process(desk).await?;
    desk.sees(words::WELCOME).await?;
    logs(desk, words::LOADED_ANEW).await?;
    ensure!(!has_message(desk).await?, "a message, though the page is there again");

    end_web_process(desk).await?;
    until("the message", async || Ok(has_message(desk).await?.then_some(()))).await?;
    logs(desk, words::ENDED_AGAIN).await?;
    desk.leave_picture("message")?;
    desk.press(words::SHOW_AGAIN).await?;
    desk.sees(words::WELCOME).await?;
    desk.leave_picture("")?;

    end_web_process(desk).await?;
    until("the message", async || Ok(has_message(desk).await?.then_some(()))).await?;
    desk.press(words::QUIT).await?;
    desk.ends_by_itself().await
}

/// Ends it at once, as a crash or a system without memory does, and waits until it is gone.
async fn end_web_process(desk: &Desk) -> Result<()> {
    let program = desk.program()?;
    let [pid] = program.web_processes(&desk.session)[..] else { anyhow::bail!("there is no web process, or several") };
    process::signal("KILL", &[pid]);
    until("the web process to end", async || Ok((!program.web_processes(&desk.session).contains(&pid)).then_some(()))).await
}

async fn has_message(desk: &Desk) -> Result<bool> {
    let elements = desk.elements().await?;
    let told = |text: &str| elements.iter().any(|element| element.name.contains(text) || element.text.contains(text));
    let has_dialog = elements.iter().any(|element| matches!(element.role, Role::Dialog | Role::Alert));
    Ok(has_dialog && told(words::NO_PAGE) && told(words::NOTHING_LOST))
}

async fn logs(desk: &Desk, words: &str) -> Result<()> {
    until(&format!("the log to say {words:?}"), async || {
        let log = log_of(&desk.session)?;
        Ok(Some(log.lines().find(|line| line.contains(words)).map(drop).context("it doesn't")?))
    })
    .await
}
