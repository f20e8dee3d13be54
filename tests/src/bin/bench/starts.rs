//! Starts of programs in turn: time to the second frame, and memory.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use e2e::{Session, Window};

use crate::processes::memory;

/// Starts of each. Odd, so that the median is a start.
pub const RUNS: usize = 25;

/// What one start came to. Times are milliseconds after exec.
pub struct Start {
    /// The web view began to load the page.
    pub began: f64,
    /// The page's script had arrived and been run as far as its first question to the program; the empty window has none.
    pub asked: Option<f64>,
    /// The page had been put together; the empty window puts nothing together.
    pub dashboard: Option<f64>,
    /// Milliseconds from exec to the second animation frame.
    pub painted: f64,
    /// Proportional set size of the process tree, in MiB.
    pub memory: f64,
}

/// Moments of a page in milliseconds since the Unix epoch.
const MARKS: &str = "
const at = (name) => { const mark = performance.getEntriesByName(name)[0]; return mark && performance.timeOrigin + mark.startTime; };
return { began: performance.timeOrigin, asked: at('asked'), dashboard: at('dashboard'), painted: at('painted') };
";

/// Starts them one after the other again and again. The first of each pays for cold caches, and isn't counted.
///
/// # Errors
/// When one doesn't start.
pub async fn in_turn<const N: usize>(session: &Session, programs: [&Path; N]) -> Result<[Vec<Start>; N]> {
    for program in programs {
        start(session, program).await?;
    }
    let mut starts = [const { Vec::new() }; N];
    for run in 1..=RUNS {
        for (program, starts) in programs.into_iter().zip(&mut starts) {
            starts.push(start(session, program).await?);
        }
        eprintln!("start {run} of {RUNS}");
    }
    Ok(starts)
}

/// Starts `program` once and measures it.
async fn start(session: &Session, program: &Path) -> Result<Start> {
    let window = Window::open(session, program).await?;
    let marks = window.script(MARKS).await?;
    let launched: f64 = fs::read_to_string(stamp(program))?.trim().parse::<f64>()? / 1e6;
    let after_exec = |mark: &str| marks[mark].as_f64().map(|at| at - launched);
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
    Ok(Start {
        began: after_exec("began").context("no page")?,
        asked: after_exec("asked"),
        dashboard: after_exec("dashboard"),
        painted: after_exec("painted").context("no second frame")?,
        memory: reading,
    })
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
    fs::create_dir_all(path.parent().unwrap_or(session.folder()))?;
    fs::write(&path, format!("#!/bin/sh\n{body}\n"))?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
    Ok(path)
}
