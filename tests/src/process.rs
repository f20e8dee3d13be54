//! Processes that a world started, and no others: each carries the world's mark in its environment, and so do its children.

use std::collections::HashSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};

/// The environment variable that marks every process of a world, whoever started it.
pub const MARK: &str = "E2E_WORLD";

/// A process of ours that ends with this value.
pub struct Process(pub Child);

impl Process {
    /// Starts `command` with both outputs in `<logs>/<name>.log`; standard input and output can be set before by the caller.
    pub fn spawn(name: &str, command: &mut Command, logs: &Path) -> Result<Self> {
        let log = log_file(name, logs)?;
        command.stdout(log.try_clone()?).stderr(log);
        Ok(Self(command.spawn().with_context(|| format!("{name} can't be started"))?))
    }

    /// The same, with standard input and output as pipes.
    pub fn spawn_piped(name: &str, command: &mut Command, logs: &Path) -> Result<Self> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(log_file(name, logs)?);
        Ok(Self(command.spawn().with_context(|| format!("{name} can't be started"))?))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself: both calls may fail then, and nothing is left to do.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn log_file(name: &str, logs: &Path) -> Result<File> {
    let path = logs.join(format!("{name}.log"));
    File::options().create(true).append(true).open(&path).with_context(|| path.display().to_string())
}

/// One living process of a world.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Living {
    /// Its id.
    pub pid: u32,
    /// Arguments, separated by zero bytes as the kernel gives them.
    pub cmdline: Vec<u8>,
    /// Environment, likewise.
    pub environ: Vec<u8>,
}

impl Living {
    /// Reads process `pid`; `None` when it is gone, a zombie or somebody else's.
    pub fn read(pid: u32) -> Option<Self> {
        let environ = fs::read(format!("/proc/{pid}/environ")).ok()?;
        let cmdline = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        Some(Self { pid, cmdline, environ })
    }

    /// Whether the process belongs to the world with this mark.
    pub fn belongs_to(&self, mark: &str) -> bool {
        let wanted = format!("{MARK}={mark}");
        self.environ.split(|byte| *byte == 0).any(|entry| entry == wanted.as_bytes())
    }

    /// The program's file name.
    pub fn program(&self) -> String {
        let first = self.cmdline.split(|byte| *byte == 0).next().unwrap_or_default();
        let path = String::from_utf8_lossy(first).into_owned();
        path.rsplit('/').next().unwrap_or_default().to_owned()
    }
}

/// Ids of all processes there are.
pub fn all_pids() -> Vec<u32> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect()
}

/// The living processes of the world with this mark.
pub fn living(mark: &str) -> Vec<Living> {
    all_pids().into_iter().filter_map(Living::read).filter(|process| process.belongs_to(mark)).collect()
}

/// The same and all their descendants: Chromium's helpers overwrite their environment, so that the mark is gone.
pub fn family(mark: &str) -> HashSet<u32> {
    let mut family: HashSet<u32> = living(mark).into_iter().map(|found| found.pid).collect();
    let parents: Vec<(u32, u32)> = all_pids().into_iter().filter_map(|pid| Some((pid, parent(pid)?))).collect();
    loop {
        let before = family.len();
        family.extend(parents.iter().filter(|(_, parent)| family.contains(parent)).map(|(pid, _)| *pid).collect::<Vec<_>>());
        if family.len() == before {
            return family;
        }
    }
}

/// The parent of a process that runs; `None` for one that is gone or a zombie.
pub fn parent(pid: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name, in parentheses, may hold anything.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    if fields.next()? == "Z" {
        return None;
    }
    fields.next()?.parse().ok()
}

/// Sends `signal` (such as `TERM`) to these processes.
pub fn signal(signal: &str, pids: &[u32]) {
    if !pids.is_empty() {
        // A process that ended in the meantime makes `kill` complain; that is what was wanted.
        let _ = Command::new("kill").arg(format!("-{signal}")).args(pids.iter().map(u32::to_string)).stderr(Stdio::null()).status();
    }
}

/// Cargo's output folder, found from the running test or program (`target/debug/deps/…`).
pub fn target_dir() -> Result<PathBuf> {
    let exe = std::env::current_exe()?;
    let profile = exe.ancestors().find(|folder| folder.join(".fingerprint").is_dir());
    Ok(profile.and_then(Path::parent).context("not run by cargo: no target folder above this program")?.to_owned())
}
