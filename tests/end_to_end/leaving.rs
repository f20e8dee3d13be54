//! Leaving this computer: confirmed in the program's own dialog, and nothing of it is found afterwards.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use e2e::canary::{Canaries, secrets_of};
use e2e::{Setup, World, until};

const APART: Setup = Setup { trace: true, sample: false, apart: true, accessible: false };
const QUESTION: &str = "Leave this computer?";
const ANYWAY: &str = "Leave without Monei’s confirmation?";

/// Every file and folder below `folder`.
fn below(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    entries.flatten().flat_map(|entry| [vec![entry.path()], below(&entry.path())].concat()).collect()
}

/// What is left of the program in the person's folders. The browser, the keyring and the desktop have theirs there too.
fn left_over(world: &World) -> Vec<PathBuf> {
    let folders = ["home", "data", "config", "cache", "state", "run", "tmp"].map(|name| world.session.folder().join(name));
    let own =
        |path: &PathBuf| path.to_string_lossy().to_lowercase().rsplit_once("monei-e2e-").is_some_and(|(_, own)| own.contains("monei"));
    folders.iter().flat_map(|folder| below(folder)).filter(own).collect()
}

/// What `secret-tool` finds of the program.
fn in_keychain(world: &World) -> Result<String> {
    let said = world.session.run("secret-tool", &["search", "--all", "service", "org.moneiconnections.manager.sandbox"])?;
    Ok(format!("{}{}", String::from_utf8_lossy(&said.stdout), String::from_utf8_lossy(&said.stderr)))
}

async fn settings(world: &World) -> Result<()> {
    world.window()?.click("nav-settings").await?;
    world.window()?.shows("leave").await
}

#[tokio::test]
async fn leaving_this_computer_ends_every_access_and_leaves_nothing_of_the_program() -> Result<()> {
    World::with("leave", APART, async |world| {
        world.connect("ada", &["profile", "wallet"], &["profile:read", "wallet:read"]).await?;
        world.ask(&["profile"]).await?;
        world.browser.next_tab().await?;
        world.browser.reach_consent("ada").await?;
        world.browser.switch_user("tunde").await?;
        world.browser.allow(&["profile:read"]).await?;
        world.finish().await?;
        let added = world.command_line(&["app", "add", "Budget sheet", "--account", "1", "--scopes", "wallet:read"])?;
        ensure!(added.status.success(), "{added:?}");
        let stored: std::collections::BTreeSet<String> = world.keychain()?.iter().flat_map(|item| secrets_of(&item.secret)).collect();
        ensure!(stored.len() >= 4 && !left_over(world).is_empty(), "there is something to remove: {stored:?}");

        // The page can't answer, and neither Enter nor Escape leaves.
        settings(world).await?;
        for no in ["Return", "Escape"] {
            world.window()?.click("leave").await?;
            world.answer_dialog(QUESTION, no).await?;
            world.window()?.attribute("leave", "aria-disabled", "false").await?;
            ensure!(world.keychain()?.len() == 2, "left by {no}");
        }
        world.window()?.click("leave").await?;
        world.dialog(QUESTION).await?;
        world.picture_of_screen("leave-question")?;
        world.answer_dialog(QUESTION, "alt+l").await?;
        world.window()?.shows("left").await?;
        world.picture_of_window("left").await?;
        for (row, name) in [(0, "Ada Okafor"), (1, "Tunde Bello")] {
            world.window()?.attribute(&format!("left-{row}"), "data-outcome", "ended").await?;
            ensure!(world.window()?.text(&format!("left-{row}")).await?.contains(name));
        }
        ensure!(!world.window()?.has("left-todo").await?, "there is nothing to do by hand");
        let state = world.sandbox.state().await?;
        ensure!(state.grants.iter().all(|grant| !grant.alive), "{:?}", state.grants);
        ensure!(in_keychain(world)?.is_empty(), "{}", in_keychain(world)?);
        world.end_by("end-program").await?;
        ensure!(left_over(world).is_empty(), "{:#?}", left_over(world));
        ensure!(in_keychain(world)?.is_empty(), "{}", in_keychain(world)?);

        // The client's secret is the operator's, and is meant to be there.
        fs::remove_file(world.session.folder().join("client-secret"))?;
        world.browser.quit().await?;
        let profile = world.browser.profile().to_owned();
        let findings = Canaries::new(&[state.run], &profile)?.with_stored(stored).sweep(world.session.folder(), &profile)?;
        ensure!(findings.is_empty(), "{} secrets found:\n{}", findings.len(), findings.join("\n"));
        Ok(())
    })
    .await
}

#[tokio::test]
async fn an_access_that_monei_does_not_confirm_stays_until_the_person_leaves_anyway() -> Result<()> {
    World::with("leave-anyway", Setup { trace: false, ..APART }, async |world| {
        world.connect("ada", &["profile"], &["profile:read"]).await?;
        world.sandbox.fail("revoke", 500, 40).await?;
        settings(world).await?;
        world.window()?.click("leave").await?;
        world.answer_dialog(QUESTION, "alt+l").await?;
        world.window()?.shows("not-left-yet").await?;
        world.window()?.attribute("left-0", "data-outcome", "unconfirmed").await?;
        ensure!(world.keychain()?.len() == 1, "what could still revoke is gone");
        // In a terminal neither, while the window is open.
        let refused = world.command_line(&["leave", "--yes", "--remove"])?;
        ensure!(refused.status.code() == Some(1) && world.keychain()?.len() == 1, "{refused:?}");
        world.window()?.click("leave-anyway").await?;
        world.answer_dialog(ANYWAY, "alt+l").await?;
        world.window()?.shows("left").await?;
        world.window()?.attribute("left-0", "data-outcome", "removed").await?;
        ensure!(world.window()?.text("left-todo").await?.contains("Connected apps"));
        ensure!(in_keychain(world)?.is_empty());
        ensure!(world.sandbox.state().await?.granted_by("ada") == ["profile:read"], "the sandbox was told not to revoke");
        world.quit().await?;
        ensure!(left_over(world).is_empty(), "{:#?}", left_over(world));
        Ok(())
    })
    .await
}

#[tokio::test]
async fn what_is_connected_in_a_terminal_after_leaving_outlasts_the_window_that_was_still_open() -> Result<()> {
    World::with("leave-begin-anew", Setup { trace: false, ..APART }, async |world| {
        world.connect("ada", &["profile"], &["profile:read"]).await?;
        settings(world).await?;
        world.window()?.click("leave").await?;
        world.answer_dialog(QUESTION, "alt+l").await?;
        world.window()?.shows("left").await?;
        let folder = world.session.folder().join("data/org.moneiconnections.manager/sandbox");
        let is_free = || !folder.join("index.sqlite").exists() && !folder.join("in-use.lock").exists();
        until("the files to be removed", async || Ok(is_free().then_some(()))).await?;

        let mut terminal = world.terminal(&["connect", "--scopes", "profile:read"])?;
        terminal.shows("Sandbox operator").await?;
        terminal.types("y")?;
        world.browser.next_tab().await?;
        world.browser.reach_consent("ada").await?;
        world.browser.allow(&["profile:read"]).await?;
        terminal.shows("Is that you?").await?;
        terminal.types("y")?;
        terminal.ends_with(0).await?;
        world.quit().await?;
        let told = world.command_line(&["status"])?;
        ensure!(String::from_utf8_lossy(&told.stdout).contains("Ada Okafor"), "the account is gone: {told:?}");
        ensure!(world.keychain()?.len() == 1 && world.sandbox.state().await?.granted_by("ada") == ["profile:read"]);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_terminal_can_leave_this_computer_once_the_window_is_closed() -> Result<()> {
    World::with("leave-command-line", Setup { trace: false, ..APART }, async |world| {
        world.connect("ada", &["profile"], &["profile:read"]).await?;
        world.quit().await?;
        let asked = world.command_line(&["leave"])?;
        ensure!(asked.status.code() == Some(7) && world.keychain()?.len() == 1, "without a terminal nobody says yes: {asked:?}");
        let mut terminal = world.terminal(&["leave"])?;
        terminal.shows("Leave this computer?").await?;
        terminal.types("y")?;
        terminal.shows("Ada Okafor: Monei confirmed").await?;
        terminal.ends_with(0).await?;
        ensure!(world.sandbox.state().await?.granted_by("ada").is_empty() && in_keychain(world)?.is_empty());
        // What made links come back is the window's, which registers itself in development builds alone.
        let left: Vec<PathBuf> =
            left_over(world).into_iter().filter(|path| !path.to_string_lossy().ends_with(".development.desktop")).collect();
        ensure!(left.is_empty(), "{left:#?}");
        Ok(())
    })
    .await
}
