//! What the program takes while nobody touches it, beside the empty window at the same time.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use e2e::process::Process;
use e2e::{Session, until};

use crate::processes::CpuTime;
use crate::starts::pid;

/// How long each state is watched.
pub const TIME: Duration = Duration::from_secs(60);
/// How long after a start, or after being minimised, nothing is counted.
const SETTLED: Duration = Duration::from_secs(15);

/// How often the threads' times are read.
const AGAIN: Duration = Duration::from_millis(500);

/// Milliseconds of CPU of the empty window and of the program, for each state. Nothing drives them.
///
/// # Errors
/// When one doesn't start or can't be minimised.
pub async fn measure(session: &Session, empty: &Path, program: &Path) -> Result<[(&'static str, [f64; 2]); 2]> {
    let mut running = Vec::new();
    let mut windows = Vec::new();
    for launcher in [empty, program] {
        let name = launcher.file_name().and_then(|name| name.to_str()).context("a name")?;
        let mut command = session.command(launcher.to_str().context("a path")?);
        running.push(Process::spawn(&format!("idle-{name}"), &mut command, &session.logs())?);
        let window = until("its window", async || {
            let found = session.run("xdotool", &["search", "--onlyvisible", "--pid", &pid(launcher)?.to_string()])?;
            Ok(String::from_utf8_lossy(&found.stdout).split_whitespace().last().map(str::to_owned))
        });
        windows.push(window.await?);
    }
    let visible = one(empty, program).await?;
    for window in &windows {
        session.run("xdotool", &["windowminimize", "--sync", window])?;
    }
    let minimised = one(empty, program).await?;
    for launcher in [empty, program] {
        e2e::process::signal("TERM", &[pid(launcher)?]);
    }
    Ok([("visible", visible), ("minimised", minimised)])
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
