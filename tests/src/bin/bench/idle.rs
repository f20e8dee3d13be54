//! What the program takes while nobody touches it, beside the empty window at the same time.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use e2e::process::Process;
use e2e::{Session, until};

use crate::processes::cpu;
use crate::starts::pid;

/// How long each state is watched.
pub const TIME: Duration = Duration::from_secs(60);
/// How long after a start, or after being minimised, nothing is counted.
const SETTLED: Duration = Duration::from_secs(15);

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
    let all = || -> Result<[f64; 2]> { Ok([cpu(pid(empty)?)?, cpu(pid(program)?)?]) };
    let before = all()?;
    tokio::time::sleep(TIME).await;
    let after = all()?;
    Ok([after[0] - before[0], after[1] - before[1]])
}
