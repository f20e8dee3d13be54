//! Asking again for what is missing.

use anyhow::{Result, ensure};
use e2e::{Setup, World};

#[tokio::test]
async fn asking_for_one_missing_scope_offers_that_scope_alone_and_updates_the_dashboard() -> Result<()> {
    World::with("one-more", Setup::default(), async |world| {
        world.connect("ada", &["profile", "kyc"], &["profile:read"]).await?;
        world.features(&[("profile", "enabled"), ("kyc", "declined")]).await?;
        world.ask_more("kyc").await?;
        world.browser.reach_consent("ada").await?;
        ensure!(world.browser.offered().await? == ["kyc:read"]);
        world.browser.allow(&["kyc:read"]).await?;
        world.finish().await?;

        world.features(&[("profile", "enabled"), ("kyc", "enabled"), ("wallet", "not_asked")]).await?;
        ensure!(!world.window()?.has("account-1").await?, "it became another account");
        ensure!(world.sandbox.state().await?.counters.forbidden == 0);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn declining_one_more_scope_leaves_the_account_as_it_was() -> Result<()> {
    World::with("one-more-declined", Setup::default(), async |world| {
        world.connect("ada", &["profile"], &["profile:read"]).await?;
        let stored = world.keychain()?.into_iter().map(|item| item.secret).collect::<Vec<_>>();
        world.ask_more("wallet").await?;
        world.browser.reach_consent("ada").await?;
        world.browser.deny().await?;
        let window = world.window()?;
        window.shows("problem-declined").await?;
        window.click("dismiss").await?;
        world.features(&[("profile", "enabled"), ("wallet", "declined")]).await?;
        window.attribute("account-health", "data-kind", "connected").await?;
        let now = world.keychain()?.into_iter().map(|item| item.secret).collect::<Vec<_>>();
        ensure!(now == stored, "the stored grant changed");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn approval_by_somebody_else_is_asked_about_and_discarding_leaves_the_account_alone() -> Result<()> {
    World::with("somebody-else", Setup::default(), async |world| {
        world.connect("ada", &["profile"], &["profile:read"]).await?;
        world.ask_more("wallet").await?;
        world.browser.reach_consent("ada").await?;
        world.browser.switch_user("tunde").await?;
        let all = world.browser.offered().await?;
        world.browser.allow(&all.iter().map(String::as_str).collect::<Vec<_>>()).await?;
        let window = world.window()?;
        window.shows("stage-decide").await?;
        window.click("decide-discard").await?;
        window.lacks("stage-decide").await?;
        if window.has("dismiss").await? {
            window.click("dismiss").await?;
        }
        window.attribute("account-health", "data-kind", "connected").await?;
        world.features(&[("profile", "enabled")]).await?;
        ensure!(!window.has("feature-wallet").await? || !window.text("feature-wallet").await?.is_empty());
        ensure!(!window.has("account-1").await?);
        e2e::until("the other person's grant to be revoked", async || {
            Ok(world.sandbox.state().await?.granted_by("tunde").is_empty().then_some(()))
        })
        .await?;
        ensure!(world.sandbox.state().await?.granted_by("ada") == ["profile:read"]);
        ensure!(world.keychain()?.len() == 1);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn access_taken_back_at_monei_is_noticed_and_told() -> Result<()> {
    World::with("revoked", Setup::default(), async |world| {
        world.connect("ada", &["profile", "wallet"], &["profile:read", "wallet:read"]).await?;
        world.window()?.shows("naira-balance").await?;
        world.sandbox.revoke("ada").await?;
        world.quit().await?;
        world.open().await?;
        let window = world.window()?;
        window.attribute("account-health", "data-kind", "needs_reconnect").await?;
        world.features(&[("profile", "lost"), ("wallet", "lost")]).await?;
        ensure!(world.keychain()?.iter().all(|item| !item.secret.contains("mct_")), "revoked tokens are still stored");
        Ok(())
    })
    .await
}
