//! A program of the person that uses a connection: a Python script with `monei-sdk` from PyPI, from asking to be allowed to the end of its key.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::process::Process;
use crate::{PATIENCE, World, target_dir};

/// The running script.
struct Assistant {
    process: Process,
    answers: mpsc::UnboundedReceiver<String>,
}

/// Python with `monei-sdk` 0.1.3 from PyPI, in an environment of its own that is kept below `target/`.
fn python() -> Result<PathBuf> {
    let folder = target_dir()?.join("tmp/monei-sdk-0.1.3");
    let python = folder.join("bin/python");
    if !folder.join("installed").exists() {
        let run = |command: &mut Command| -> Result<()> {
            ensure!(command.status()?.success(), "{command:?}: python3-venv is needed");
            Ok(())
        };
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
        run(Command::new(&python).args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "monei-sdk==0.1.3"]))?;
        std::fs::write(folder.join("installed"), "")?;
    }
    Ok(python)
}

impl Assistant {
    fn start(world: &World) -> Result<Self> {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/clients/assistant.py");
        let mut command = world.session.command(&python()?.display().to_string());
        command.arg(script).env("MONEI_SOCKET", world.session.folder().join("run/monei-connections/api.sandbox.sock"));
        command.env("NO_PROXY", "127.0.0.1,localhost").stdin(Stdio::piped());
        let mut process = Process::spawn_piped("assistant", &mut command, &world.session.logs())?;
        let out = process.0.stdout.take().context("the script has no output")?;
        let (into, answers) = mpsc::unbounded_channel();
        std::thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                if into.send(line).is_err() {
                    break;
                }
            }
        });
        Ok(Self { process, answers })
    }

    fn told(&mut self, line: &str) -> Result<()> {
        let stdin = self.process.0.stdin.as_mut().context("the script has no input")?;
        writeln!(stdin, "{line}")?;
        Ok(stdin.flush()?)
    }

    async fn answer(&mut self) -> Result<Value> {
        let line = timeout(PATIENCE, self.answers.recv()).await?.context("the script has ended")?;
        serde_json::from_str(&line).with_context(|| line.clone())
    }

    async fn does(&mut self, line: &str) -> Result<Value> {
        self.told(line)?;
        self.answer().await
    }
}

/// The sentence that a call was refused with.
fn refused(answer: &Value, status: u16) -> Result<&str> {
    ensure!(answer["status"] == status, "{answer}");
    answer["message"].as_str().context("a sentence")
}

/// The whole story, from the account's page, which has balance and sending: the script asks, is allowed, reads the balance, is refused what it
/// wasn't given, pays once with the person's yes, and has its key taken back. Before each step that shows something, `shown` is told what.
pub async fn story(world: &World, mut shown: impl AsyncFnMut(&World, &str, &str) -> Result<()>) -> Result<()> {
    let window = world.window()?;
    let mut script = Assistant::start(world)?;
    ensure!(script.does("ask wallet:read wallet:send").await?["status"] == 202);
    window.shows("pairing").await?;
    window.choose("give-wallet", true).await?;
    window.choose("give-send", true).await?;
    shown(world, "a program asks", "what it calls itself, what it asks for, and what runs; nothing is given by pressing Enter").await?;
    window.click("allow-request").await?;
    let given = script.does("fetch").await?;
    ensure!(given["permissions"] == serde_json::json!(["wallet:read", "wallet:send"]), "{given}");
    let address = crate::until("the address for programs", async || {
        let url = world.command_line(&["app", "url"])?;
        Ok(url.status.success().then(|| String::from_utf8_lossy(&url.stdout).trim().to_owned()))
    })
    .await?;
    script.does(&format!("address {address}")).await?;

    let balance = script.does("balance").await?;
    ensure!(balance["answer"].as_str().is_some_and(|answer| answer.contains("balance")), "{balance}");
    let profile = script.does("profile").await?;
    ensure!(refused(&profile, 403)?.contains("wasn't given the permission profile:read"), "{profile}");

    let sent = async || -> Result<u64> {
        let rows = world.sandbox.state().await?.counters.requests;
        Ok(rows.iter().filter(|row| row.path.ends_with("/wallet/payout/transfer")).map(|row| row.count).sum())
    };
    script.told("pay 250")?;
    window.to_confirmation().await?;
    window.types("confirm-pin", "2468").await?;
    shown(
        world,
        "a program wants to pay",
        "a window of its own says who, what, how much, to whom and from which account; the PIN is typed here",
    )
    .await?;
    window.click_last("confirm-allow").await?;
    window.back().await?;
    let mut paid = script.answer().await?;
    // A slow window's yes comes after the call has ended: then the program asks for the same again.
    if paid["status"] == 403 {
        paid = script.does("pay 250").await?;
    }
    ensure!(paid["answer"].is_string(), "{paid}");
    let again = script.does("pay 250").await?;
    ensure!(again == paid && sent().await? == 1, "paid {} times; {again}", sent().await?);

    window.click("nav-apps").await?;
    window.click("app-log").await?;
    crate::until("the program's calls in the window", async || Ok((!window.text("app-log-lines").await?.is_empty()).then_some(()))).await?;
    shown(world, "apps", "each program with its account, its permissions and what it did").await?;
    window.click("change-app").await?;
    window.click("take-back").await?;
    // No port is open while no app is allowed: with another one left, the program is told why.
    let other = world.command_line(&["app", "add", "Budget sheet", "--scopes", "wallet:read"])?;
    ensure!(other.status.success(), "{other:?}");
    window.click("take-back-now").await?;
    crate::until("the end of the key", async || {
        let over = script.does("balance").await?;
        Ok((over["status"] == 401 && refused(&over, 401)?.contains("Allow the app again in Monei Connections")).then_some(()))
    })
    .await
}
