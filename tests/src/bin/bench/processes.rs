//! What the system tells of a process and all that it started.

use std::collections::HashSet;
use std::fs;
use std::io;

use anyhow::{Result, bail};

/// Clock ticks a second, in which Linux counts CPU time for programs (`USER_HZ`).
const TICKS: f64 = 100.0;

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

/// CPU time that a process and all its descendants have taken so far, in milliseconds.
///
/// # Errors
/// When there is no such process.
pub fn cpu(root: u32) -> Result<f64> {
    let mut ticks = 0.0;
    for pid in tree(root)? {
        let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else { continue };
        // Fields 14 and 15: in the program and in the kernel.
        let Some((_, rest)) = stat.rsplit_once(')') else { continue };
        ticks += rest.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<f64>().ok()).sum::<f64>();
    }
    if ticks == 0.0 {
        bail!("the process is gone");
    }
    Ok(ticks / TICKS * 1000.0)
}
