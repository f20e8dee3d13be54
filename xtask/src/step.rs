//! Commands as numbered steps: what runs, how long it took, and how it ended.

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// Prints numbered headings.
pub struct Steps {
    done: usize,
    total: usize,
    taken: Vec<(String, Duration, bool)>,
}

impl Steps {
    /// For a run of `total` steps.
    pub fn new(total: usize) -> Self {
        Self { done: 0, total, taken: Vec::new() }
    }

    /// Runs one step under its heading. A failure is returned and remembered for the summary.
    pub fn step<T>(&mut self, name: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
        self.done += 1;
        eprintln!("\n\x1b[1m[{}/{}] {name}\x1b[0m", self.done, self.total);
        let began = Instant::now();
        let outcome = work();
        if let Err(error) = &outcome {
            eprintln!("failed: {error:#}");
        }
        self.taken.push((name.to_owned(), began.elapsed(), outcome.is_ok()));
        outcome
    }

    /// How many steps failed.
    pub fn failed(&self) -> usize {
        self.taken.iter().filter(|(_, _, passed)| !passed).count()
    }

    /// A table of what ran.
    pub fn print_summary(&self) {
        eprintln!();
        for (name, taken, passed) in &self.taken {
            eprintln!("{} {:>6.1} s  {name}", if *passed { "ok    " } else { "FAILED" }, taken.as_secs_f64());
        }
        let total: Duration = self.taken.iter().map(|(_, taken, _)| *taken).sum();
        eprintln!("       {:>6.1} s  in all", total.as_secs_f64());
    }
}

/// A command by its words.
pub fn command(program: &str, arguments: &[&str]) -> Command {
    // On Windows npm is a script that only a shell finds.
    let program = if cfg!(windows) && program == "npm" { "npm.cmd" } else { program };
    let mut command = Command::new(program);
    command.args(arguments);
    command
}

/// A command that gives way to every other process, where the system has `nice`.
pub fn giving_way(program: &str, arguments: &[&str]) -> Command {
    if cfg!(unix) { command("nice", &[&["-n", "19", program], arguments].concat()) } else { command(program, arguments) }
}

/// Runs a command and wants it to succeed.
pub fn succeed(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("{} can't be started", command.get_program().to_string_lossy()))?;
    if !status.success() {
        bail!("{} ended with {status}", describe(command));
    }
    Ok(())
}

/// Runs a command that must succeed, and gives what it printed.
pub fn output(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| describe(command))?;
    if !output.status.success() {
        bail!("{}: {}", describe(command), String::from_utf8_lossy(&output.stderr));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The command as one would type it.
pub fn describe(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
