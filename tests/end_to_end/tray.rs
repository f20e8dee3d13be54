//! The program in the tray of a real panel, and its notifications at a real server.

use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use e2e::process::{self, Process};
use e2e::{Panel, Setup, World, until};

use crate::apps::{ask, call};

const ENTRY: &str = "config/autostart/org.moneiconnections.manager.sandbox.desktop";

/// In Settings: closing the window keeps the program in the tray.
async fn keep_in_tray(world: &World) -> Result<()> {
    let window = world.window()?;
    window.click("nav-settings").await?;
    window.choose("close-to-tray", true).await
}

#[tokio::test]
async fn the_program_stays_in_a_tray_that_is_there_and_never_runs_where_nobody_could_reach_it() -> Result<()> {
    World::with("tray", Setup::default(), async |world| {
        let session = &world.session;
        let window = world.window()?;
        window.click("nav-settings").await?;
        window.shows("no-tray").await?;
        ensure!(window.script("return document.querySelector('[data-testid=close-to-tray]').disabled").await? == true);
        let panel = Panel::start(session).await?;
        // The page looks again when the window gets the focus.
        window.script("window.dispatchEvent(new Event('focus'))").await?;
        window.lacks("no-tray").await?;
        keep_in_tray(world).await?;
        session.tray_says("Monei Connections: No account is connected").await?;

        // It comes back where it was.
        let first = window.geometry(session)?;
        session.run("xdotool", &["windowmove", "--sync", &window.id(session)?, "251", "173"])?;
        let place = until("the window to move", async || Ok(Some(window.geometry(session)?).filter(|place| *place != first))).await?;
        window.close_to_tray(session).await?;
        world.picture_of_screen("tray")?;
        session.press_tray(window.pid()?).await?;
        until("the window's place", async || Ok((window.geometry(session)? == place).then_some(()))).await?;

        // Another start brings the window back, too; one at login doesn't.
        window.close_to_tray(session).await?;
        ensure!(world.run(&["--hidden"])?.status.success());
        window.stays_away(session).await.context("a start at login showed the window")?;
        ensure!(world.run(&[])?.status.success());
        window.comes_back(session).await?;

        // Where the tray goes, the window comes back, and then closing it ends the program.
        window.close_to_tray(session).await?;
        drop(panel);
        window.comes_back(session).await?;
        world.quit().await
    })
    .await
}

#[tokio::test]
async fn a_start_at_login_shows_no_window_where_a_tray_does() -> Result<()> {
    World::with("at-login", Setup::default(), async |world| {
        let entry = world.session.folder().join(ENTRY);
        let _panel = Panel::start(&world.session).await?;
        keep_in_tray(world).await?;
        world.window()?.choose("start-at-login", true).await?;
        let text = until("the entry for the login", async || Ok(fs::read_to_string(&entry).ok())).await?;
        let exec = text.lines().find_map(|line| line.strip_prefix("Exec=")).context("no Exec")?;
        ensure!(exec == format!("env MONEI_ENVIRONMENT=sandbox \"{}\" --hidden", world.program()?), "{exec}");
        let valid = world.session.run("desktop-file-validate", &[&entry.display().to_string()])?;
        ensure!(valid.status.success(), "{}", String::from_utf8_lossy(&valid.stdout));
        world.session.tray_says("Monei Connections: No account is connected").await?;
        world.end_by_signal().await?;
        until("the icon to go", async || Ok(world.session.tray_title()?.is_none().then_some(()))).await?;

        // As the desktop does at login.
        let mut command = world.session.command("sh");
        command.args(["-c", &format!("exec {exec}")]);
        let mut started = Process::spawn("at-login", &mut command, &world.session.logs())?;
        world.session.tray_says("Monei Connections: No account is connected").await?;
        let visible = || world.session.run("xdotool", &["search", "--onlyvisible", "--pid", &started.0.id().to_string()]);
        ensure!(visible()?.stdout.trim_ascii().is_empty(), "a window is shown");
        // No page yet, and so none of its processes: the window is made when somebody wants it.
        let family = process::family(world.session.mark());
        let pages = process::all_pids().into_iter().filter(|pid| family.contains(pid)).filter_map(process::Living::read);
        ensure!(!pages.map(|found| found.program()).any(|name| name.contains("WebKitWebProcess")), "a page was made");
        world.session.press_tray(started.0.id()).await?;
        process::signal("TERM", &[started.0.id()]);
        let ended = until("the program to end", async || Ok(started.0.try_wait()?)).await?;
        ensure!(ended.success(), "{ended}");

        world.open().await?;
        world.window()?.click("nav-settings").await?;
        // Read from the desktop, a moment after the page is there.
        world.window()?.sees("[data-testid=start-at-login]:checked").await?;
        world.window()?.choose("start-at-login", false).await?;
        until("the entry to go", async || Ok((!entry.exists()).then_some(()))).await?;
        world.end_by_signal().await
    })
    .await
}

#[tokio::test]
async fn a_program_that_asks_is_seen_after_a_start_at_login_by_who_wants_no_notifications() -> Result<()> {
    World::with("at-login-asked", Setup::default(), async |world| {
        let _panel = Panel::start(&world.session).await?;
        keep_in_tray(world).await?;
        world.window()?.choose("notifications", false).await?;
        world.session.tray_says("Monei Connections: No account is connected").await?;
        world.end_by_signal().await?;
        until("the icon to go", async || Ok(world.session.tray_title()?.is_none().then_some(()))).await?;

        let mut command = world.session.command("env");
        command.args(["MONEI_ENVIRONMENT=sandbox", &world.program()?, "--hidden"]);
        let mut started = Process::spawn("at-login-asked", &mut command, &world.session.logs())?;
        world.session.tray_says("Monei Connections: No account is connected").await?;
        let visible = || -> Result<bool> {
            let found = world.session.run("xdotool", &["search", "--onlyvisible", "--pid", &started.0.id().to_string()])?;
            Ok(!found.stdout.trim_ascii().is_empty())
        };
        ensure!(!visible()?, "a window is shown");
        ask(world, "Budget sheet", &["profile:read"]).await?;
        until("the window with the question", async || Ok(visible()?.then_some(()))).await?;
        process::signal("TERM", &[started.0.id()]);
        let ended = until("the program to end", async || Ok(started.0.try_wait()?)).await?;
        ensure!(ended.success(), "{ended}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn an_approval_that_was_being_redeemed_opens_the_window_after_a_start_at_login() -> Result<()> {
    World::with("at-login-approving", Setup { apart: true, ..Setup::default() }, async |world| {
        let _panel = Panel::start(&world.session).await?;
        world.connect("ada", &["profile"], &["profile:read"]).await?;
        keep_in_tray(world).await?;
        world.window()?.click("account-0").await?;
        world.ask_more("wallet").await?;
        world.browser.reach_consent("ada").await?;
        // Longer than it takes to kill the program, and to start it again.
        world.sandbox.delay("token", 8_000).await?;
        world.browser.allow(&["wallet:read"]).await?;
        world.window()?.shows("stage-finishing").await?;
        world.kill().await?;

        let mut command = world.session.command("env");
        command.args(["MONEI_ENVIRONMENT=sandbox", &world.program()?, "--hidden"]);
        let mut started = Process::spawn("at-login-approving", &mut command, &world.session.logs())?;
        let visible = || world.session.run("xdotool", &["search", "--onlyvisible", "--pid", &started.0.id().to_string()]);
        until("the window with the approval", async || Ok((!visible()?.stdout.trim_ascii().is_empty()).then_some(()))).await?;
        until("the transaction's entry to go", async || {
            Ok((!world.keychain()?.iter().any(|item| item.username.starts_with("pending."))).then_some(()))
        })
        .await?;
        process::signal("TERM", &[started.0.id()]);
        let ended = until("the program to end", async || Ok(started.0.try_wait()?)).await?;
        ensure!(ended.success(), "{ended}");

        world.open().await?;
        world.features(&[("profile", "enabled"), ("wallet", "enabled")]).await?;
        ensure!(world.sandbox.state().await?.counters.code_exchanges == 2);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn whoever_must_act_is_notified_once_and_led_there_and_nobody_else_is() -> Result<()> {
    World::with("notified", Setup::default(), async |world| {
        let notifications = world.session.show_notifications().await?;
        let _panel = Panel::start(&world.session).await?;
        world.connect("ada", &["profile", "wallet"], &["profile:read", "wallet:read"]).await?;
        keep_in_tray(world).await?;
        let (session, window) = (&world.session, world.window()?);
        session.tray_says("Monei Connections: No account needs you").await?;
        window.close_to_tray(session).await?;

        // A program asks. Once a window has the focus, the notification is taken back.
        ask(world, "Nosy", &["profile:read"]).await?;
        let first = notifications.called(session, "Notify", 1).await?;
        ensure!(first.contains("A program asks to be allowed") && !first.contains("Nosy"), "{first}");
        ensure!(world.run(&[])?.status.success());
        window.comes_back(session).await?;
        notifications.called(session, "CloseNotification", 1).await?;
        until("the notification to go", async || Ok(notifications.visible(session)?.is_none().then_some(()))).await?;
        window.click("deny-request").await?;

        // Pressed, it leads to the question.
        window.close_to_tray(session).await?;
        let pairing = ask(world, "Budget sheet", &["profile:read"]).await?;
        notifications.called(session, "Notify", 2).await?;
        world.picture_of_screen("notification")?;
        notifications.press(session).await?;
        window.comes_back(session).await?;
        window.choose("give-profile", true).await?;
        window.click("allow-request").await?;
        let (status, given) = call(world, None, "GET", &pairing, None)?;
        ensure!(status == 200, "{status}: {given}");
        let key = given["key"].as_str().context("a key")?.to_owned();

        // An access that has ended, found out by a program's call while nobody looked.
        window.click("nav-settings").await?;
        window.close_to_tray(session).await?;
        world.sandbox.revoke("ada").await?;
        let (status, refused) = call(world, Some(&key), "GET", "/api/v1/user/me", None)?;
        ensure!(status >= 400, "{refused}");
        let third = notifications.called(session, "Notify", 3).await?;
        ensure!(third.contains("An account must be connected again") && !third.contains("Okafor"), "{third}");
        session.tray_says("Monei Connections: 1 account needs you").await?;
        world.picture_of_screen("notification-reconnect")?;
        notifications.press(session).await?;
        window.comes_back(session).await?;
        window.attribute("account-health", "data-kind", "needs_reconnect").await?;

        // Seen is seen.
        window.close_to_tray(session).await?;
        let balance = call(world, Some(&key), "GET", "/api/v1/user/me", None)?;
        ensure!(balance.0 >= 400, "{balance:?}");
        // One would come a second after its cause.
        let answered = Instant::now();
        while answered.elapsed() < Duration::from_secs(3) {
            ensure!(notifications.count(session, "Notify")? == 3, "{}", notifications.calls(session)?);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        for private in ["Ada", "Okafor", "ada.okafor", "Budget", "₦"] {
            ensure!(!notifications.calls(session)?.contains(private), "{private} is in a notification");
        }
        world.end_by_signal().await
    })
    .await
}
