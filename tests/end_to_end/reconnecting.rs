//! Asking again for what is missing.

use anyhow::{Result, ensure};
use e2e::{Setup, World};

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
