//! What the system tells of a process and all that it started.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io;

use anyhow::{Result, bail};

/// Has the system give this session's processes the most CPU of all that want it. Needs a session of its own (`setsid`), and root.
///
/// # Errors
/// The system's, where it doesn't allow that.
pub fn take_priority() -> io::Result<()> {
    fs::write("/proc/self/autogroup", "-18")
}

/// A process and all its descendants.
fn tree(root: u32) -> Result<HashSet<u32>> {
    let mut tree = HashSet::from([root]);
    loop {
        let before = tree.len();
        for entry in fs::read_dir("/proc")? {
            let Some(pid) = entry?.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
            let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else { continue };
            // pid (name, which may hold anything) state parent …
            let parent = stat.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().nth(1)?.parse::<u32>().ok());
            if parent.is_some_and(|parent| tree.contains(&parent)) {
                tree.insert(pid);
            }
        }
        if tree.len() == before {
            break;
        }
    }
    Ok(tree)
}

/// Proportional set size of a process and all its descendants, in MiB.
///
/// # Errors
/// When there is no such process.
pub fn memory(root: u32) -> Result<f64> {
    let mut kib = 0.0;
    for pid in tree(root)? {
        let Ok(rollup) = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")) else { continue };
        let pss =
            rollup.lines().find_map(|line| line.strip_prefix("Pss:")).and_then(|rest| rest.split_whitespace().next()?.parse::<f64>().ok());
        kib += pss.unwrap_or(0.0);
    }
    if kib == 0.0 {
        bail!("the process is gone");
    }
    Ok(kib / 1024.0)
}

/// CPU time in milliseconds that each thread of a process and of all its descendants has taken so far, as it is read again and again: the kernel tells
/// a thread's to the nanosecond, and only while the thread is there.
#[derive(Default)]
pub struct CpuTime(HashMap<(u32, u32), f64>);

impl CpuTime {
    /// Reads it once more.
    ///
    /// # Errors
    /// When there is no such process.
    pub fn read(&mut self, root: u32) -> Result<()> {
        let mut found = false;
        for pid in tree(root)? {
            let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else { continue };
            for thread in threads.flatten() {
                let Some(id) = thread.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
                let Ok(stat) = fs::read_to_string(thread.path().join("schedstat")) else { continue };
                // The first number is the time on a processor, in nanoseconds.
                let Some(nanoseconds) = stat.split_whitespace().next().and_then(|first| first.parse::<f64>().ok()) else { continue };
                found |= nanoseconds > 0.0;
                self.0.insert((pid, id), nanoseconds / 1e6);
            }
        }
        if !found {
            bail!("the process is gone");
        }
        Ok(())
    }

    /// What all threads have taken together.
    pub fn total(&self) -> f64 {
        self.0.values().sum()
    }
}
