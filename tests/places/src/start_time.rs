//! How long a start takes, from `exec` to the painted page, with a saved size and with nothing that drives the program.
//!
//! A stall of half a second has been seen in half of the starts: in six starts it shows with a probability of 63 in 64. A busy machine is
//! told from a stall by the kernel: the time that the main threads of program and web process waited for a processor that something
//! else had is taken off. On a quiet machine that is nothing, and the second is a second.

use std::time::Duration;

use anyhow::{Result, ensure};
use e2e::until;

use crate::accessible::Rectangle;
use crate::desk::Desk;
use crate::words;

/// How many starts.
const STARTS: usize = 6;
/// Longest time from `exec` to the painted page.
const LONGEST: Duration = Duration::from_secs(1);
/// Height of a title bar, in pixels: above it is nothing of the page.
const TITLE: i32 = 40;
/// Share of ink that a painted page has at least.
const PAINTED: f64 = 0.005;

/// Starts it with a saved size, several times.
pub async fn try_starts(desk: &mut Desk) -> Result<()> {
    desk.start()?;
    desk.sees(words::WELCOME).await?;
    desk.resize((1000, 700), words::WELCOME).await?;
    desk.quit().await?;
    let mut all = Vec::new();
    for _ in 0..STARTS {
        until("the last window to be gone from the screen", async || {
            Ok(desk.screen.picture(&desk.session)?.windows().is_none().then_some(()))
        })
        .await?;
        desk.start()?;
        all.push(first_page(desk).await?);
        desk.sees(words::WELCOME).await?;
        desk.quit().await?;
    }
    eprintln!("starts, and how long they waited for a processor: {all:?}");
    let slow = all.iter().filter(|(took, queued)| took.saturating_sub(*queued) > LONGEST).count();
    ensure!(slow == 0, "{slow} of {STARTS} starts took over a second; all, with their wait for a processor: {all:?}");
    desk.check_log()
}

/// Time until the page is painted, and how much of it was spent waiting for a processor.
async fn first_page(desk: &Desk) -> Result<(Duration, Duration)> {
    let program = desk.program()?;
    loop {
        let shown = desk.screen.picture(&desk.session)?;
        let taken = program.started.elapsed();
        let page = shown.windows().filter(|window| window.height > 2 * TITLE);
        let page = page.map(|window| Rectangle { y: window.y + TITLE, height: window.height - TITLE - 10, ..window });
        if page.and_then(|page| shown.part(page)).is_some_and(|page| page.ink() > PAINTED) {
            return Ok((taken, program.queued(&desk.session)));
        }
        ensure!(program.started.elapsed() < e2e::PATIENCE, "nothing was painted");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
