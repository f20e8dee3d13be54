//! Starts of the program and of the empty window, in turn: time to the second frame, and memory.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use e2e::{Session, Window};

use crate::processes::memory;

/// Starts of each. Odd, so that the median is a start.
const RUNS: usize = 25;

/// What one start came to.
pub struct Start {
    /// Milliseconds from exec to the second animation frame.
    pub painted: f64,
    /// Proportional set size of the process tree, in MiB.
    pub memory: f64,
}

/// Starts both one after the other again and again. The first of each pays for cold caches, and isn't counted.
///
/// # Errors
/// When one doesn't start.
pub async fn in_turn(session: &Session, empty: &Path, program: &Path) -> Result<(Vec<Start>, Vec<Start>)> {
    start(session, empty).await?;
    start(session, program).await?;
    let (mut empties, mut ours) = (Vec::new(), Vec::new());
    for run in 1..=RUNS {
        empties.push(start(session, empty).await?);
        ours.push(start(session, program).await?);
        eprintln!("start {run} of {RUNS}");
    }
    Ok((empties, ours))
}

/// Starts `program` once and measures it.
async fn start(session: &Session, program: &Path) -> Result<Start> {
    let window = Window::open(session, program).await?;
    let painted = window.script("return performance.timeOrigin + performance.getEntriesByName('painted')[0].startTime").await?;
    let launched: f64 = fs::read_to_string(stamp(program))?.trim().parse::<f64>()? / 1e6;
    let painted = painted.as_f64().context("no second frame")? - launched;
    let pid = pid(program)?;
    // Memory settles when the last of the page's work is done: two readings alike.
    let mut reading = memory(pid)?;
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let again = memory(pid)?;
        let settled = (again - reading).abs() < reading * 0.005;
        reading = again;
        if settled || Instant::now() > deadline {
            break;
        }
    }
    window.quit(session).await?;
    Ok(Start { painted, memory: reading })
}

/// The process that `launcher` became at its last start.
///
/// # Errors
/// When it was never started.
pub fn pid(launcher: &Path) -> Result<u32> {
    Ok(fs::read_to_string(launcher.with_extension("pid"))?.trim().parse()?)
}

/// A script that notes the time, and then becomes the program.
pub fn launcher(session: &Session, name: &str, program: &Path) -> Result<PathBuf> {
    ensure!(program.exists(), "{} is missing: use cargo xtask bench", program.display());
    let path = session.folder().join(name);
    let (stamp, pid) = (stamp(&path), path.with_extension("pid"));
    script(
        session,
        name,
        &format!("echo $$ > '{}'\ndate +%s%N > '{}'\nexec '{}' \"$@\"", pid.display(), stamp.display(), program.display()),
    )
}

fn stamp(launcher: &Path) -> PathBuf {
    launcher.with_extension("launched")
}

/// An executable script in the session's folder.
pub fn script(session: &Session, name: &str, body: &str) -> Result<PathBuf> {
    let path = session.folder().join(name);
    fs::write(&path, format!("#!/bin/sh\n{body}\n"))?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
    Ok(path)
}
