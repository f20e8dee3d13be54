//! What other programs of the person pay: a read passed through the local API beside the same call made directly, in turn; the memory of what
//! serves; and how long the command line takes to start and answer what it knows without the keychain.

use std::path::Path;
use std::process::Stdio;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use e2e::{Session, Terminal, until};
use reqwest::Client;
use serde_json::Value;

use crate::figures::{median, quantile};
use crate::processes::memory;
use crate::servers::http;
use crate::way_back::walk;

/// Apps: each may call sixty times a minute.
const APPS: usize = 12;
/// Calls of each app, and as many direct ones.
const CALLS: usize = 50;
/// Starts of the command line.
const STARTS: usize = 55;
/// A read that takes Monei itself little.
const PATH: &str = "/api/v1/wallet/me";
/// Where the program keeps its entries.
const KEYCHAIN_SERVICE: &str = "org.moneiconnections.manager.sandbox";

/// Measures, and prints what was found.
pub async fn measure(session: &mut Session, sandbox: &str, moneictl: &Path) -> Result<()> {
    let moneictl = moneictl.to_str().context("a path")?.to_owned();
    ensure!(Path::new(&moneictl).exists(), "{moneictl} is missing: use cargo xtask bench programs");
    connect(session, &moneictl).await?;
    let mut serving = session.command(&moneictl).arg("serve").stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let outcome = calls(session, sandbox, &moneictl, serving.id()).await;
    serving.kill()?;
    serving.wait()?;
    outcome?;
    starts(session, &moneictl)
}

/// One account that lets its wallet be read, approved by a scripted browser.
async fn connect(session: &Session, moneictl: &str) -> Result<()> {
    let mut terminal = Terminal::start(session, moneictl, &["connect", "--no-browser", "--scopes", "wallet:read"])?;
    terminal.shows("Use it?").await?;
    terminal.types("y")?;
    let link = until("the link in the terminal", async || {
        let said = terminal.said();
        let link = said.lines().find(|line| line.starts_with("http://")).map(|line| line.trim().to_owned());
        Ok(link.filter(|link| said.contains(&format!("{link}\r\n\r\n"))))
    })
    .await?;
    walk(&link, &["wallet:read"]).await?;
    terminal.shows("Is that you?").await?;
    terminal.types("y")?;
    terminal.ends_with(0).await?;
    Ok(())
}

async fn calls(session: &Session, sandbox: &str, moneictl: &str, serving: u32) -> Result<()> {
    let mut keys = Vec::new();
    for number in 0..APPS {
        let added = session.run(moneictl, &["app", "add", &format!("Bench {number}"), "--scopes", "wallet:read"])?;
        ensure!(added.status.success(), "{added:?}");
        keys.push(String::from_utf8(added.stdout)?.trim().to_owned());
    }
    let address = until("the local API", async || {
        let url = String::from_utf8(session.run(moneictl, &["app", "url"])?.stdout)?.trim().to_owned();
        let reached = !url.is_empty() && http()?.get(format!("{url}{PATH}")).send().await.is_ok();
        Ok(reached.then_some(url))
    })
    .await?;
    let token = token(session)?;
    let client = http()?;
    let direct = || client.get(format!("{sandbox}{PATH}")).bearer_auth(&token);
    let through = |key: &str| client.get(format!("{address}{PATH}")).header("x-api-key", key);
    // The first calls open connections, and read the keychain.
    timed(&client, direct()).await?;
    timed(&client, through(&keys[0])).await?;
    let before = memory(serving)?;
    let (mut straight, mut passed) = (Vec::new(), Vec::new());
    for key in &keys {
        for _ in 1..CALLS {
            straight.push(timed(&client, direct()).await?);
            passed.push(timed(&client, through(key)).await?);
        }
    }
    let above: Vec<f64> = passed.iter().zip(&straight).map(|(passed, straight)| passed - straight).collect();
    println!("a read of the wallet, ms, {} times in turn", passed.len());
    for (what, list) in [("made directly", &straight), ("through the local API", &passed), ("the one above the other", &above)] {
        println!("{what:<48}median {:>6.2}   19 of 20 within {:>6.2}", median(list), quantile(list, 0.95));
    }
    println!("{:<48}before {before:>5.1}   after {:>5.1}", "memory of `moneictl serve` (PSS), MiB", memory(serving)?);
    Ok(())
}

/// Milliseconds from the request to the end of its answer.
async fn timed(client: &Client, request: reqwest::RequestBuilder) -> Result<f64> {
    let request = request.build()?;
    let began = Instant::now();
    let answer = client.execute(request).await?;
    let status = answer.status();
    let body = answer.bytes().await?;
    let taken = began.elapsed().as_secs_f64() * 1000.0;
    ensure!(status.is_success(), "{status}: {}", String::from_utf8_lossy(&body));
    Ok(taken)
}

/// The access token, as the keychain has it for the program.
fn token(session: &Session) -> Result<String> {
    let said = session.run("secret-tool", &["search", "--all", "service", KEYCHAIN_SERVICE])?;
    let attributes = String::from_utf8_lossy(&said.stderr).into_owned();
    for name in attributes.lines().filter_map(|line| line.strip_prefix("attribute.username = ")) {
        let entry = session.run("secret-tool", &["lookup", "--", "service", KEYCHAIN_SERVICE, "username", name])?;
        let record: Value = serde_json::from_slice(&entry.stdout).unwrap_or_default();
        if let Some(token) = record["t"].as_str() {
            return Ok(token.to_owned());
        }
    }
    anyhow::bail!("the keychain has no token")
}

/// Without a session bus there is no keychain to be asked: the answer comes all the same.
fn starts(session: &mut Session, moneictl: &str) -> Result<()> {
    session.set("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent");
    let mut taken = Vec::new();
    for _ in 0..=STARTS {
        let mut command = session.command(moneictl);
        command.args(["accounts", "--json"]);
        let began = Instant::now();
        let output = command.output()?;
        taken.push(began.elapsed().as_secs_f64() * 1000.0);
        ensure!(output.status.success() && output.stdout.starts_with(b"{"), "{output:?}");
    }
    // The first one reads the program from the disk.
    taken.remove(0);
    println!(
        "{:<48}median {:>6.2}   19 of 20 within {:>6.2}",
        "`moneictl accounts --json`, no keychain, ms",
        median(&taken),
        quantile(&taken, 0.95)
    );
    Ok(())
}
