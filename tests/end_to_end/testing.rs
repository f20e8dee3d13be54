//! The tester's panel: what is ordered in the window happens at the sandbox, and the dashboard shows what came of it.

use anyhow::{Result, ensure};
use e2e::{Setup, World};

#[tokio::test]
async fn the_testers_panel_opens_consent_as_somebody_breaks_calls_and_takes_access_back() -> Result<()> {
    World::with("tester", Setup::default(), async |world| {
        let window = world.window()?;
        window.click("confirm-backend").await?;
        window.shows("connect-account").await?;
        window.click("tester-panel-open").await?;
        window.shows("tester-nothing-planned").await?;
        window.pick("tester-person", "tunde").await?;
        window.choose("tester-feature-wallet", true).await?;
        window.choose("tester-ask-deposit", false).await?;
        window.click("tester-open").await?;

        // Nobody signs in, and nothing is switched by hand: the page opens as was planned.
        world.browser.next_tab().await?;
        world.browser.wait_for("[data-testid=planned]").await?;
        ensure!(world.browser.page().await?.1.contains("Tunde Bello"));
        ensure!(world.browser.offered().await? == ["profile:read", "kyc:read", "wallet:read"]);
        ensure!(world.browser.ticked().await? == ["profile:read", "wallet:read"]);
        world.picture_of_browser("consent-as-planned").await?;
        world.browser.click("button[name=decision][value=allow]").await?;
        world.finish().await?;
        world.features(&[("profile", "enabled"), ("wallet", "enabled"), ("kyc", "declined"), ("deposit", "not_asked")]).await?;
        ensure!(world.sandbox.state().await?.granted_by("tunde") == ["profile:read", "wallet:read"]);

        let window = world.window()?;
        window.click("tester-panel-open").await?;
        window.shows("tester-nothing-planned").await?;
        window.shows("tester-nothing-armed").await?;
        window.pick("tester-fault", "429").await?;
        window.click("tester-arm").await?;
        window.shows("tester-disarm-1").await?;
        window.pick("tester-target", "token").await?;
        window.pick("tester-fault", "drop_after").await?;
        window.click("tester-arm").await?;
        window.shows("tester-disarm-2").await?;
        let armed = window.text("tester-armed").await?;
        ensure!(armed.contains("Answers 429, come again in 8 s") && armed.contains("Done, but no answer"), "{armed}");
        window.script("document.getElementById('tester-faults').scrollIntoView()").await?;
        world.picture_of_window("tester-panel-faults").await?;
        window.click("tester-disarm-1").await?;
        window.lacks("tester-disarm-1").await?;
        window.click("tester-clear-faults").await?;
        window.shows("tester-nothing-armed").await?;

        for (place, fragment) in [("switches", "#switches"), ("clock", "#time"), ("scenario", "#scenario"), ("log", "/sandbox/log")] {
            world.window()?.click(&format!("tester-open-{place}")).await?;
            world.browser.next_tab().await?;
            world.browser.wait_for("main").await?;
            let (address, _) = world.browser.page().await?;
            ensure!(address.ends_with(fragment), "{place}: {address}");
        }

        let window = world.window()?;
        window.pick("tester-whose", "tunde").await?;
        window.click("tester-revoke").await?;
        window.shows("notice").await?;
        ensure!(world.sandbox.state().await?.granted_by("tunde").is_empty());
        window.click("account-0").await?;
        window.click("refresh").await?;
        window.attribute("account-health", "data-kind", "needs_reconnect").await?;
        world.features(&[("profile", "lost"), ("wallet", "lost"), ("kyc", "declined")]).await
    })
    .await
}

#[tokio::test]
async fn everything_is_checked_from_the_window_and_the_report_is_saved_without_a_secret() -> Result<()> {
    World::with("diagnose", Setup::default(), async |world| {
        world.connect("ada", &["profile"], &["profile:read"]).await?;
        let window = world.window()?;
        window.click("nav-settings").await?;
        window.click("diagnose").await?;
        window.shows("diagnose-results").await?;
        for check in ["keychain", "loopback_listener", "browser", "backend", "monei", "clock"] {
            window.attribute(&format!("check-{check}"), "data-ok", "true").await?;
        }
        window.click("copy-report").await?;
        window.shows("notice").await?;

        // Where the system names no Downloads folder, it goes to the home folder.
        window.click("save-report").await?;
        let in_home = world.session.folder().join("home/monei-connections-report.txt");
        e2e::until("the report in the home folder", async || Ok(in_home.is_file().then_some(()))).await?;
        window.lacks("problem-report_unsaved").await?;
        let downloads = world.session.folder().join("downloads");
        std::fs::create_dir(&downloads)?;
        let named = format!("XDG_DOWNLOAD_DIR=\"{}\"\n", downloads.display());
        std::fs::write(world.session.folder().join("config/user-dirs.dirs"), named)?;
        window.click("save-report").await?;
        let saved = downloads.join("monei-connections-report.txt");
        e2e::until("the report in the Downloads folder", async || Ok(saved.is_file().then_some(()))).await?;
        window.lacks("problem-report_unsaved").await?;
        let report = std::fs::read_to_string(saved)?;
        ensure!(report.contains("ok     Keeping approvals in the keychain") && report.ends_with("Connections can be made.\n"), "{report}");
        for secret in ["CNRY", "mct_", "mcr_", "Ada", "okafor"] {
            ensure!(!report.contains(secret), "{secret} is in the report: {report}");
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn everything_is_checked_from_the_command_line_for_people_and_for_programs() -> Result<()> {
    World::with("command-line", Setup::default(), async |world| {
        world.connect("ada", &["profile"], &["profile:read"]).await?;
        let all = ["keychain", "loopback_listener", "link_handler", "browser", "backend", "monei", "clock"];
        // For people: a line each. The keychain's entry was seen by a second process, too.
        let said = world.run(&["diagnose"])?;
        let text = String::from_utf8(said.stdout)?;
        ensure!(said.status.success(), "{text}");
        ensure!(text.starts_with("Monei Connections ") && text.lines().count() == 2 + all.len(), "{text}");
        ensure!(text.lines().filter(|line| line.starts_with("  ok ")).count() == all.len(), "{text}");
        // For programs.
        let said = world.run(&["diagnose", "--json"])?;
        let told: serde_json::Value = serde_json::from_slice(&said.stdout)?;
        ensure!(said.status.success() && told["ok"] == true && told["environment"] == "sandbox", "{told}");
        let names: Vec<&str> = told["checks"].as_array().into_iter().flatten().filter_map(|check| check["name"].as_str()).collect();
        ensure!(names == all, "{told}");

        // Something isn't there: it is named, and a script sees it by the exit code.
        let bus = "unix:path=/nonexistent/bus";
        let said = world.session.command(&world.program()?).arg("diagnose").env("DBUS_SESSION_BUS_ADDRESS", bus).output()?;
        let text = String::from_utf8(said.stdout)?;
        ensure!(
            said.status.code() == Some(1) && text.contains("NOT OK Keeping approvals") && text.contains("The keychain can’t be reached"),
            "{text}"
        );
        let json = ["diagnose", "--json"];
        let said = world.session.command(&world.program()?).args(json).env("DBUS_SESSION_BUS_ADDRESS", bus).output()?;
        let told: serde_json::Value = serde_json::from_slice(&said.stdout)?;
        ensure!(said.status.code() == Some(1) && told["ok"] == false && told["checks"][0]["problem"] == "keychain_no_bus", "{told}");
        for secret in ["CNRY", "mct_", "mcr_", "Ada", "okafor"] {
            ensure!(!text.contains(secret) && !told.to_string().contains(secret), "{secret} is in the report");
        }
        // A setting that can't be used is one sentence, and an answer for programs.
        let program = world.program()?;
        let wrong = |words: &[&str]| world.session.command(&program).args(words).env("CONNECT_BACKEND_URL", "nonsense").output();
        let said = wrong(&["diagnose"])?;
        let line = String::from_utf8(said.stderr)?;
        ensure!(said.status.code() == Some(2) && said.stdout.is_empty() && line.lines().count() == 1, "{line}");
        let said = wrong(&["diagnose", "--json"])?;
        let told: serde_json::Value = serde_json::from_slice(&said.stdout)?;
        ensure!(said.status.code() == Some(2) && told["ok"] == false && told["error"].as_str().is_some(), "{told}");
        // Words that aren't known open no window.
        for words in [&["diagnos"][..], &["--json", "diagnose"], &["--foo"]] {
            let said = world.run(words)?;
            ensure!(said.status.code() == Some(2) && String::from_utf8(said.stderr)?.lines().count() == 1, "{words:?}");
        }
        ensure!(world.run(&["help"])?.status.success());
        // A witness that finds nothing says so.
        let said = world.run(&["keychain-witness"])?;
        ensure!(said.status.code() == Some(1) && said.stdout.is_empty(), "{said:?}");
        Ok(())
    })
    .await
}
