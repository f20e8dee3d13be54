//! The tester's panel: what is ordered in the window happens at the sandbox, and the dashboard shows what came of it.

use anyhow::{Result, ensure};
use e2e::{Setup, World};

#[tokio::test]
async fn a_partial_grant_planned_in_the_testers_panel_and_a_revocation_from_it_show_on_the_dashboard() -> Result<()> {
    World::with("tester", Setup::default(), async |world| {
        let window = world.window()?;
        window.click("confirm-backend").await?;
        window.shows("connect-account").await?;
        window.click("tester-panel-open").await?;
        window.shows("tester-panel").await?;
        window.shows("tester-nothing-planned").await?;
        window.pick("tester-person", "tunde").await?;
        window.choose("tester-feature-profile", true).await?;
        window.choose("tester-feature-wallet", true).await?;
        window.choose("tester-auto", true).await?;
        window.click("tester-plan").await?;
        ensure!(window.text("tester-planned").await?.contains("Tunde Bello"));

        // Nobody decides in the browser: the sandbox answers as planned.
        world.ask(&["profile", "kyc", "wallet"]).await?;
        world.finish().await?;
        world.features(&[("profile", "enabled"), ("wallet", "enabled"), ("kyc", "declined"), ("deposit", "not_asked")]).await?;
        ensure!(world.sandbox.state().await?.granted_by("tunde") == ["profile:read", "wallet:read"]);

        let window = world.window()?;
        window.click("tester-panel-open").await?;
        window.shows("tester-nothing-planned").await?;
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

        // Where the system names no Downloads folder that can be written to, that is said.
        window.click("save-report").await?;
        window.shows("problem-report_unsaved").await?;
        let downloads = world.session.folder().join("downloads");
        std::fs::create_dir(&downloads)?;
        let named = format!("XDG_DOWNLOAD_DIR=\"{}\"\n", downloads.display());
        std::fs::write(world.session.folder().join("config/user-dirs.dirs"), named)?;
        window.click("save-report").await?;
        window.lacks("problem-report_unsaved").await?;
        window.shows("notice").await?;
        let report = std::fs::read_to_string(downloads.join("monei-connections-report.txt"))?;
        ensure!(report.lines().count() == 8 && report.contains("keychain           ok"), "{report}");
        for secret in ["CNRY", "mct_", "mcr_", "Ada", "okafor"] {
            ensure!(!report.contains(secret), "{secret} is in the report: {report}");
        }
        Ok(())
    })
    .await
}
