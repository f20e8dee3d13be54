//! What the program takes while nobody touches it, beside the empty window at the same time.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use e2e::process::Process;
use e2e::{Panel, Session, Window, until};

use crate::processes::CpuTime;
use crate::starts::pid;

/// How long each state is watched.
pub const TIME: Duration = Duration::from_secs(60);
/// How long after a start, or a change of state, nothing is counted.
const SETTLED: Duration = Duration::from_secs(15);

/// How often the threads' times are read.
const AGAIN: Duration = Duration::from_millis(500);

/// Milliseconds of CPU of the empty window and of the program, for each state. Nothing drives them. While the program is in the tray the empty
/// window is minimised.
///
/// # Errors
/// When one doesn't start, can't be minimised, or doesn't stay in the tray.
pub async fn measure(session: &Session, empty: &Path, program: &Path) -> Result<[(&'static str, [f64; 2]); 3]> {
    let _panel = Panel::start(session).await?;
    let driven = Window::open(session, program).await?;
    driven.click("nav-settings").await?;
    driven.choose("close-to-tray", true).await?;
    driven.end_by("TERM").await?;

    let mut running = Vec::new();
    let mut windows = Vec::new();
    for launcher in [empty, program] {
        let name = launcher.file_name().and_then(|name| name.to_str()).context("a name")?;
        let mut command = session.command(launcher.to_str().context("a path")?);
        running.push(Process::spawn(&format!("idle-{name}"), &mut command, &session.logs())?);
        windows.push(until("its window", async || Ok(visible(session, launcher)?.pop())).await?);
    }
    let seen = one(empty, program).await?;
    for window in &windows {
        session.run("xdotool", &["windowminimize", "--sync", window])?;
    }
    let minimised = one(empty, program).await?;
    let own = windows.last().context("the program's window")?;
    session.run("xdotool", &["windowactivate", "--sync", own, "key", "--clearmodifiers", "alt+F4"])?;
    until("the program to go into the tray", async || Ok(visible(session, program)?.is_empty().then_some(()))).await?;
    let in_tray = one(empty, program).await.context("in the tray")?;
    for launcher in [empty, program] {
        e2e::process::signal("TERM", &[pid(launcher)?]);
    }
    Ok([("visible", seen), ("minimised", minimised), ("in the tray", in_tray)])
}

/// The windows of the program that can be seen.
fn visible(session: &Session, launcher: &Path) -> Result<Vec<String>> {
    let found = session.run("xdotool", &["search", "--onlyvisible", "--pid", &pid(launcher)?.to_string()])?;
    Ok(String::from_utf8_lossy(&found.stdout).split_whitespace().map(str::to_owned).collect())
}

async fn one(empty: &Path, program: &Path) -> Result<[f64; 2]> {
    tokio::time::sleep(SETTLED).await;
    let roots = [pid(empty)?, pid(program)?];
    let mut taken = [CpuTime::default(), CpuTime::default()];
    for (taken, root) in taken.iter_mut().zip(roots) {
        taken.read(root)?;
    }
    let before = taken.each_ref().map(CpuTime::total);
    let end = Instant::now() + TIME;
    while Instant::now() < end {
        // A thread that ends counts with what it was last seen to have taken.
        tokio::time::sleep(AGAIN).await;
        for (taken, root) in taken.iter_mut().zip(roots) {
            taken.read(root)?;
        }
    }
    Ok([taken[0].total() - before[0], taken[1].total() - before[1]])
}
