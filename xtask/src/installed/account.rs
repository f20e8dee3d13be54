//! What becomes of a connected account: the installed `moneictl.exe` connects it, with a sandbox and a backend of this computer.

use std::fs;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::{START, Trial, said};
use crate::wine::how;

/// What the account is asked for first, and what it grants of that.
const ASKED: &str = "profile:read,wallet:read,kyc:read";
const ALLOWED: [&str; 2] = ["profile:read", "wallet:read"];
/// What it is asked for later.
const MORE: &str = "kyc:read";
const ALL: [&str; 3] = ["kyc:read", "profile:read", "wallet:read"];
/// Which byte of an SQLite file is the last one of its `user_version`, and a version that no program has yet.
const VERSION: usize = 63;
const LATER: u8 = 99;
/// What `moneictl` ends with where it can't read the index.
const OTHER: i32 = 1;

impl Trial<'_> {
    /// Connects an account, asks it for one more permission, and reads with it.
    pub(super) fn connect(&self) -> Result<()> {
        said("moneictl connects an account, and asks it for one more permission");
        self.service.plan("ada", &ALLOWED)?;
        self.approve(&["connect", "--no-browser", "--scopes", ASKED], &["Use it?", "Is that you?"])?;
        self.service.plan("ada", &[MORE])?;
        self.approve(&["reconnect", "1", "--no-browser", "--scopes", MORE], &[])?;
        ensure!(!self.credentials()?.is_empty(), "nothing of it is in the Credential Manager");
        ensure!(self.service.grants()? > 0, "nothing was granted");
        self.is_connected()
    }

    /// The account is there, has what was granted, and Monei answers it.
    pub(super) fn is_connected(&self) -> Result<()> {
        let (code, out, err) = self.with_service(&["status", "--check", "--json"])?;
        let told: Value = serde_json::from_str(&out).with_context(|| format!("status: {code:?} {out} {err}"))?;
        let accounts = told["accounts"].as_array().context("no accounts")?;
        ensure!(code == Some(0) && accounts.len() == 1 && accounts[0]["health"] == "connected", "status: {code:?} {told:#} {err}");
        let granted = accounts[0]["granted"].as_array().context("no list of what is granted")?;
        let mut granted: Vec<&str> = granted.iter().filter_map(Value::as_str).collect();
        granted.sort_unstable();
        ensure!(granted == ALL, "granted is {granted:?}");
        Ok(())
    }

    /// As an older version finds what a newer one has written.
    pub(super) fn refuses_later_index(&self) -> Result<()> {
        said("an index of a later version is refused, and stays as it is");
        let path = self.index()?;
        let own = fs::read(&path).with_context(|| path.display().to_string())?;
        let mut later = own.clone();
        *later.get_mut(VERSION).context("an empty index")? = LATER;
        fs::write(&path, &later)?;
        let (code, out, err) = self.with_service(&["accounts"])?;
        ensure!(code == Some(OTHER) && out.is_empty() && err.contains("newer version"), "accounts: {code:?} {out} {err}");
        ensure!(fs::read(&path)? == later, "the index of a later version was changed");
        fs::write(&path, own)?;
        self.is_connected()
    }

    /// Disconnects the account, and leaves the computer.
    pub(super) fn leave(&self) -> Result<()> {
        said("disconnected and left, nothing of the account stays");
        let (code, out, err) = self.with_service(&["disconnect", "--all", "--yes"])?;
        ensure!(code == Some(0), "disconnect: {code:?} {out} {err}");
        let left = self.service.grants()?;
        ensure!(left == 0, "{left} accesses have not ended");
        let (code, out, err) = self.with_service(&["leave", "--yes"])?;
        ensure!(code == Some(0), "leave: {code:?} {out} {err}");
        let left = self.credentials()?;
        ensure!(left.is_empty(), "left in the Credential Manager: {left:?}");
        let index = self.index()?;
        ensure!(!index.exists(), "{} is still there", index.display());
        Ok(())
    }

    fn index(&self) -> Result<PathBuf> {
        Ok(self.wine.home()?.join("AppData/Local").join(&self.product.identifier).join("sandbox/index.sqlite"))
    }

    /// The program's entries in the Credential Manager.
    fn credentials(&self) -> Result<Vec<String>> {
        let mut entries = self.wine.credentials()?;
        entries.retain(|entry| entry.contains(&self.product.identifier));
        Ok(entries)
    }

    fn with_service(&self, words: &[&str]) -> Result<(Option<i32>, String, String)> {
        self.wine.say_with(&self.folder.join("moneictl.exe"), words, &self.service.environment())
    }

    /// Runs `moneictl` in a terminal, says yes to its questions, in this order, and approves what it asks for.
    fn approve(&self, words: &[&str], questions: &[&str]) -> Result<()> {
        let mut terminal = self.wine.terminal(&self.folder.join("moneictl.exe"), words)?;
        terminal.envs(self.service.environment()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut open = terminal.spawn().context("script")?;
        let (mut keys, mut screen) = (open.stdin.take().context("no input")?, open.stdout.take().context("no output")?);
        let (sender, parts) = mpsc::channel();
        std::thread::spawn(move || {
            let mut part = [0; 4096];
            while let Ok(length @ 1..) = screen.read(&mut part) {
                if sender.send(part[..length].to_vec()).is_err() {
                    break;
                }
            }
        });
        let (mut shown, mut answered, mut followed, began) = (Vec::new(), 0, false, Instant::now());
        loop {
            match parts.recv_timeout(Duration::from_millis(200)) {
                Ok(part) => shown.extend(part),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            let text = String::from_utf8_lossy(&shown);
            if began.elapsed() > START {
                open.kill()?;
                open.wait()?;
                anyhow::bail!("moneictl {}: no end; it shows {text:?}", words[0]);
            }
            // Every question ends in this.
            if let Some(question) = questions.get(answered)
                && text.contains(question)
                && text.matches("[y/N]").count() > answered
            {
                // Enter, as a terminal has it that passes every key on.
                keys.write_all(b"y\r")?;
                answered += 1;
            }
            if !followed && let Some(link) = self.service.link(&text) {
                self.service.follow(link)?;
                followed = true;
            }
        }
        let (ended, text) = (open.wait()?, String::from_utf8_lossy(&shown));
        ensure!(ended.success(), "moneictl {} ended with {}; it shows {text:?}", words[0], how(ended));
        ensure!(followed && answered == questions.len(), "moneictl {} didn't ask what it should: {text:?}", words[0]);
        Ok(())
    }
}
