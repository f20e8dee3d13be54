//! How long a start takes, from `exec` to the painted page, with a saved size and with nothing that drives the program.
//!
//! A stall of half a second has been seen in half of the starts: in six starts it shows with a probability of 63 in 64. A busy machine is
//! told from a stall by the kernel: from a start over a second, the time that the main threads of program and web process waited for a
//! processor that something else had is taken off, and one in which it was more than a third doesn't count. A machine on which too few
//! count is said to be too busy, which is a failure too.

use std::time::Duration;

use anyhow::{Result, ensure};
use e2e::until;

use crate::desk::Desk;
use crate::words;
use e2e::accessible::Rectangle;

/// How many starts count.
const STARTS: usize = 6;
/// How many are made at most until as many count.
const TRIES: usize = 18;
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
    let (mut counted, mut busy) = (Vec::new(), Vec::new());
    while counted.len() < STARTS && counted.len() + busy.len() < TRIES {
        until("the last window to be gone from the screen", async || {
            Ok(desk.screen.picture(&desk.session)?.windows().is_none().then_some(()))
        })
        .await?;
        desk.start()?;
        let (took, queued) = first_page(desk).await?;
        desk.sees(words::WELCOME).await?;
        desk.quit().await?;
        if took <= LONGEST {
            counted.push(took);
        } else if queued * 3 > took {
            busy.push((took, queued));
        } else {
            counted.push(took.saturating_sub(queued));
        }
    }
    eprintln!("starts: {counted:?}; not counted, with how long they waited for a processor: {busy:?}");
    ensure!(counted.len() == STARTS, "the machine is too busy to measure: {counted:?}, not counted {busy:?}");
    let slow = counted.iter().filter(|took| **took > LONGEST).count();
    ensure!(slow == 0, "{slow} of {STARTS} starts took over a second: {counted:?}");
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
