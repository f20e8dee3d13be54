//! A program that a person runs in a terminal: `script` of util-linux gives it one, and what is typed comes through a pipe.

use std::io::{Read as _, Write as _};
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result, ensure};

use crate::Session;
use crate::process::Process;
use crate::wait::until;

/// A program in a terminal.
pub struct Terminal {
    process: Process,
    said: Arc<Mutex<String>>,
}

impl Terminal {
    /// Starts `program` with `words`, none of which may have a character that is special to a shell.
    pub fn start(session: &Session, program: &str, words: &[&str]) -> Result<Self> {
        let line = std::iter::once(program).chain(words.iter().copied()).collect::<Vec<_>>().join(" ");
        ensure!(
            line.chars().all(|c| c.is_ascii_alphanumeric() || " -_/.:,@=".contains(c)),
            "a shell would take something of {line} for its own"
        );
        // In the shell's place: a shell that waits gets Ctrl-C too, and may end with 130 whatever the program ends with.
        let line = format!("exec {line}");
        let mut command = session.command("script");
        command
            .args(["--quiet", "--return", "--command", &line, "/dev/null"])
            .env("TERM", "dumb")
            .env("NO_COLOR", "1")
            .stdin(Stdio::piped());
        let mut process = Process::spawn_piped("terminal", &mut command, &session.logs())?;
        let mut out = process.0.stdout.take().context("a terminal has no output")?;
        let said = Arc::new(Mutex::new(String::new()));
        let into = Arc::clone(&said);
        std::thread::spawn(move || {
            let mut part = [0; 4096];
            while let Ok(length @ 1..) = out.read(&mut part) {
                into.lock().unwrap_or_else(PoisonError::into_inner).push_str(&String::from_utf8_lossy(&part[..length]));
            }
        });
        Ok(Self { process, said })
    }

    /// What it has shown so far.
    pub fn said(&self) -> String {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until it has shown `text`.
    pub async fn shows(&self, text: &str) -> Result<()> {
        let shown = async || Ok(self.said().contains(text).then_some(()));
        until(&format!("{text:?} in the terminal"), shown).await.with_context(|| self.said())
    }

    /// Types a line.
    pub fn types(&mut self, line: &str) -> Result<()> {
        let stdin = self.process.0.stdin.as_mut().context("a terminal has no input")?;
        writeln!(stdin, "{line}")?;
        Ok(stdin.flush()?)
    }

    /// Waits for the program's end, and gives its exit code.
    pub async fn ends(&mut self) -> Result<i32> {
        let process = &mut self.process.0;
        let status = until("the end of the program in the terminal", async || Ok(process.try_wait()?)).await;
        status.with_context(|| self.said())?.code().context("the terminal was ended by a signal")
    }

    /// Waits for the program's end, which must be with `code`.
    pub async fn ends_with(&mut self, code: i32) -> Result<()> {
        let ended = self.ends().await?;
        ensure!(ended == code, "ended with {ended} and not with {code}: {}", self.said());
        Ok(())
    }
}
