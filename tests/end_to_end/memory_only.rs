//! `moneictl serve --memory` on a computer without a keychain: connected over a forwarded port, used by other commands and programs, and ended
//! at Monei with the process, by whichever signal. Nothing of it is on disk.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use e2e::canary::Canaries;
use e2e::process::{living, parent, signal};
use e2e::{Setup, Terminal, World, free_port, until};
use serde_json::Value;

const APART: Setup = Setup { trace: true, sample: false, apart: true, accessible: false };

/// The person on the server: no window, no keychain, and nothing of the program on the disk.
async fn server(world: &mut World) -> Result<PathBuf> {
    world.quit().await?;
    world.session.set("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent");
    let folder = data_folder(world)?;
    fs::remove_dir_all(&folder)?;
    Ok(folder)
}

/// Where the program keeps what it knows.
fn data_folder(world: &World) -> Result<PathBuf> {
    let holds = |folder: &PathBuf| folder.join("index.sqlite").exists();
    let found = below(&world.session.folder().join("data")).into_iter().find(holds);
    found.context("the program has no data folder")
}

/// Every file and folder below `folder`.
fn below(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    entries.flatten().flat_map(|entry| [vec![entry.path()], below(&entry.path())].concat()).collect()
}

/// Starts it and approves as `ada`.
async fn connect(world: &mut World) -> Result<Terminal> {
    let mut terminal = approve(world).await?;
    terminal.types("y")?;
    terminal.shows("Serving the local API").await?;
    Ok(terminal)
}

/// Starts it and approves as `ada`, over the link that it prints, up to the question whether that is the person.
async fn approve(world: &mut World) -> Result<Terminal> {
    let port = free_port()?.to_string();
    let mut terminal = world.terminal(&["serve", "--memory", "--no-browser", "--port", &port, "--scopes", "profile:read,wallet:read"])?;
    terminal.shows("Use it?").await?;
    terminal.types("y")?;
    let link = until("the link in the terminal", async || {
        let said = terminal.said();
        let link = said.lines().find(|line| line.starts_with("http://")).map(|line| line.trim().to_owned());
        Ok(link.filter(|link| said.contains(&format!("{link}\r\n\r\n"))))
    })
    .await?;
    ensure!(link.contains(&format!("127.0.0.1%3A{port}")), "{link}");
    // The person's own browser, which the terminal has nothing to do with.
    let mut opener = world.session.command("xdg-open").arg(&link).spawn()?;
    world.browser.next_tab().await?;
    world.browser.reach_consent("ada").await?;
    world.browser.allow(&["profile:read", "wallet:read"]).await?;
    terminal.shows("Is that you?").await?;
    opener.kill()?;
    opener.wait()?;
    Ok(terminal)
}

/// The one process that serves.
fn serving(world: &World) -> Result<u32> {
    let all = living(world.session.mark());
    let found = all.iter().find(|one| one.program() == "moneictl" && one.cmdline.windows(8).any(|part| part == b"--memory"));
    Ok(found.context("it doesn't run")?.pid)
}

#[tokio::test]
async fn accounts_in_memory_are_reached_by_other_commands_and_end_at_monei_with_the_process_and_nothing_is_on_disk() -> Result<()> {
    World::with("memory-only", APART, async |world| {
        let folder = server(world).await?;
        // Without it: no keychain, and the way that there is.
        let mut refused = world.terminal(&["connect", "--no-browser"])?;
        refused.shows("Use it?").await?;
        refused.types("y")?;
        ensure!(refused.ends().await? == 5 && refused.said().contains("moneictl serve --memory"), "{}", refused.said());
        fs::remove_dir_all(&folder)?;

        let mut terminal = connect(world).await?;
        let json = |words: &[&str]| -> Result<Value> {
            let output = world.command_line(words)?;
            ensure!(output.status.success(), "{words:?}: {output:?}");
            Ok(serde_json::from_slice(&output.stdout)?)
        };
        let told = json(&["accounts", "--json"])?;
        ensure!(told["accounts"][0]["name"] == "Ada Okafor", "{told:#}");
        let told = json(&["status", "--check", "--json"])?;
        ensure!(told["accounts"][0]["permissions"][0]["state"] == "granted", "{told:#}");
        let text = String::from_utf8(world.command_line(&["accounts"])?.stdout)?;
        ensure!(text.contains("Ada Okafor") && text.contains("2 of 9"), "{text}");

        // A question is asked where the command was typed; without a terminal nobody says yes.
        let nobody = world.command_line(&["api", "/wallet/me"])?;
        ensure!(nobody.status.code() == Some(7) && nobody.stdout.is_empty(), "{nobody:?}");
        let mut asked = world.terminal(&["api", "/wallet/me"])?;
        asked.shows("Let moneictl").await?;
        asked.types("y")?;
        asked.shows("balance").await?;
        asked.ends_with(0).await?;
        ensure!(world.command_line(&["api", "/wallet/me"])?.status.success(), "the yes lasts");
        let spends = world.command_line(&["api", "POST", "/wallet/payout/transfer", "--field", "amount=5"])?;
        ensure!(spends.status.code() == Some(4), "{spends:?}");

        // Other programs, too.
        let added = world.command_line(&["app", "add", "Budget sheet", "--scopes", "wallet:read"])?;
        let key = format!("X-API-KEY: {}", String::from_utf8(added.stdout)?.trim());
        let address = until("the address for programs", async || {
            let url = world.command_line(&["app", "url"])?;
            Ok(url.status.success().then(|| String::from_utf8_lossy(&url.stdout).trim().to_owned()))
        })
        .await?;
        let wallet = format!("{address}/api/v1/wallet/me");
        let called = until("a program's call", async || {
            let called = world.session.run("curl", &["--silent", "--noproxy", "*", "--header", &key, &wallet])?;
            Ok(called.status.success().then_some(called))
        })
        .await?;
        ensure!(String::from_utf8_lossy(&called.stdout).contains("balance"), "{called:?}");

        // What it can't do for others says what to do.
        for (words, word) in [
            (&["connect"][..], "connects in its own terminal"),
            (&["leave", "--yes"], "end it with Ctrl-C"),
            (&["serve"], "runs already"),
            (&["export", "--output", "x.csv"], "leave --output away"),
        ] {
            let refused = world.command_line(words)?;
            let said = String::from_utf8_lossy(&refused.stderr).into_owned();
            ensure!(refused.status.code() == Some(2) && said.contains(word), "{words:?}: {refused:?}");
        }
        let exported = world.command_line(&["export"])?;
        ensure!(exported.status.success() && String::from_utf8_lossy(&exported.stdout).starts_with("date,"), "{exported:?}");

        // What Ctrl-C, a service manager and the end of the session send: each ends the access at Monei.
        for name in ["INT", "TERM", "HUP"] {
            if name != "INT" {
                terminal = connect(world).await?;
            }
            ensure!(!world.sandbox.state().await?.granted_by("ada").is_empty());
            signal(name, &[serving(world)?]);
            ensure!(terminal.ends().await? == 0, "{name}: {}", terminal.said());
            ensure!(world.sandbox.state().await?.granted_by("ada").is_empty(), "the access lives on after SIG{name}");
        }
        ensure!(!folder.exists(), "something was written to {}: {:#?}", folder.display(), below(&folder));

        // The client's secret is the operator's, and is meant to be there.
        fs::remove_file(world.session.folder().join("client-secret"))?;
        let run = world.sandbox.state().await?.run;
        world.browser.quit().await?;
        let profile = world.browser.profile().to_owned();
        let findings = Canaries::new(&[run], &profile)?.sweep(world.session.folder(), &profile)?;
        ensure!(findings.is_empty(), "{} secrets found:\n{}", findings.len(), findings.join("\n"));
        Ok(())
    })
    .await
}

#[tokio::test]
async fn an_access_in_memory_whose_end_monei_does_not_confirm_is_told_with_what_to_do() -> Result<()> {
    World::with("memory-only-unconfirmed", Setup { trace: false, ..APART }, async |world| {
        server(world).await?;
        let mut terminal = connect(world).await?;
        world.sandbox.fail("revoke", 500, 20).await?;
        signal("INT", &[serving(world)?]);
        terminal.ends_with(7).await?;
        let said = terminal.said();
        ensure!(said.contains("Ada Okafor: Monei didn’t confirm") && said.contains("“Connected apps”"), "{said}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn an_approval_that_the_person_refuses_is_said_to_be_taken_back_only_where_monei_confirms_it() -> Result<()> {
    World::with("memory-only-refused", Setup { trace: false, ..APART }, async |world| {
        server(world).await?;
        let mut terminal = approve(world).await?;
        world.sandbox.fail("revoke", 500, 20).await?;
        terminal.types("n")?;
        ensure!(terminal.ends().await? != 0, "{}", terminal.said());
        let said = terminal.said();
        ensure!(!said.contains("taken back at Monei"), "{said}");
        ensure!(said.contains("An approval: Monei didn’t confirm") && said.contains("“Connected apps”"), "{said}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn it_connects_nothing_while_another_process_serves() -> Result<()> {
    World::with("memory-only-served", Setup { trace: false, ..APART }, async |world| {
        let mut terminal = world.terminal(&["serve", "--memory", "--no-browser"])?;
        ensure!(terminal.ends().await? == 2 && terminal.said().contains("runs already"), "{}", terminal.said());
        Ok(())
    })
    .await
}

#[tokio::test]
async fn the_window_says_as_it_ends_whose_access_in_memory_monei_has_not_confirmed_to_be_over() -> Result<()> {
    World::with("memory-window-unconfirmed", Setup { trace: false, ..APART }, async |world| {
        world.quit().await?;
        world.session.set("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent");
        world.open().await?;
        world.window()?.click("nav-settings").await?;
        world.window()?.click("keep-in-memory").await?;
        world.window()?.lacks("keep-in-memory").await?;
        world.ask(&["profile"]).await?;
        world.browser.next_tab().await?;
        world.browser.reach_consent("ada").await?;
        world.browser.allow(&["profile:read"]).await?;
        let window = world.window()?;
        window.click("decide-add_as_account").await?;
        window.shows("stage-done").await?;
        world.sandbox.fail("revoke", 500, 20).await?;
        let pid = window.pid()?;
        window.script("setTimeout(() => window.__TAURI_INTERNALS__.invoke('end_program'), 50)").await?;
        let told = "Monei hasn’t confirmed that the access has ended";
        world.dialog(told).await?;
        world.picture_of_screen("memory-unconfirmed")?;
        world.answer_dialog(told, "Return").await?;
        until("the program to end", async || Ok(parent(pid).is_none().then_some(()))).await?;
        world.end_by_signal().await
    })
    .await
}
