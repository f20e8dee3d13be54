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
