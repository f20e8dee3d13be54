//! The desktop program as it is packaged, run as a person runs it: nothing drives it.

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use e2e::process::{self, Process};
use e2e::{Session, until};

/// What the web view's own process is called.
const WEB_PROCESS: &str = "WebKitWebProcess";

/// The running program.
pub struct Program {
    process: Process,
    pid: u32,
    /// When it was started.
    pub started: Instant,
}

impl Program {
    /// Starts it by this command.
    pub fn start(session: &Session, mut command: Command) -> Result<Self> {
        let started = Instant::now();
        let process = Process::spawn("desktop", &mut command, &session.logs())?;
        let pid = process.0.id();
        Ok(Self { process, pid, started })
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Ids of its web processes: one where all is well, none where the page is gone.
    pub fn web_processes(&self, session: &Session) -> Vec<u32> {
        let living = process::living(session.mark()).into_iter();
        living.filter(|found| found.program() == WEB_PROCESS && process::parent(found.pid).is_some()).map(|found| found.pid).collect()
    }

    /// Whether it still runs.
    pub fn runs(&mut self) -> Result<bool> {
        Ok(self.process.0.try_wait()?.is_none())
    }

    /// Waits until it has ended by itself, and gives its exit code.
    pub async fn wait_for_end(&mut self) -> Result<i32> {
        let status = until("the program to end", async || Ok(self.process.0.try_wait()?)).await?;
        status.code().with_context(|| format!("it was ended by {status}"))
    }

    /// How long the main threads of it and of its web process have waited for a processor that something else had. What a busy machine
    /// costs; a program that waits for itself waits for no processor.
    pub fn queued(&self, session: &Session) -> Duration {
        let waited = |pid: u32| -> Option<u64> {
            // Kernel: scheduler statistics; time on a processor, time waiting for one (both ns), times scheduled.
            let line = std::fs::read_to_string(format!("/proc/{pid}/schedstat")).ok()?;
            line.split_whitespace().nth(1)?.parse().ok()
        };
        let pids = self.web_processes(session).into_iter().chain([self.pid]);
        Duration::from_nanos(pids.filter_map(waited).sum())
    }
}
