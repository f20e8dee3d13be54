//! What is kept when the program ends.

use anyhow::{Result, ensure};
use e2e::{Setup, World};

#[tokio::test]
async fn after_quitting_and_starting_again_the_account_is_there_and_its_balance_is_live() -> Result<()> {
    World::with("again", Setup::default(), async |world| {
        world.connect("ada", &["profile", "wallet"], &["profile:read", "wallet:read"]).await?;
        let balance = world.window()?.text("naira-balance").await?;
        world.quit().await?;
        world.open().await?;
        world.features(&[("profile", "enabled"), ("wallet", "enabled"), ("kyc", "not_asked")]).await?;
        world.window()?.attribute("account-health", "data-kind", "connected").await?;
        ensure!(world.window()?.text("naira-balance").await? == balance);
        // The counters belong to this run of the sandbox: the balance was fetched, not remembered.
        ensure!(world.sandbox.state().await?.answered("/wallet/me") >= 1);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn an_expired_access_token_is_refreshed_without_anybody_noticing() -> Result<()> {
    World::with("expired", Setup::default(), async |world| {
        world.connect("ada", &["profile", "wallet"], &["profile:read", "wallet:read"]).await?;
        world.window()?.shows("naira-balance").await?;
        let before: Vec<String> = world.keychain()?.into_iter().map(|item| item.secret).collect();
        world.sandbox.expire("ada").await?;
        world.quit().await?;
        world.open().await?;
        world.window()?.shows("naira-balance").await?;
        world.window()?.attribute("account-health", "data-kind", "connected").await?;
        let after: Vec<String> = world.keychain()?.into_iter().map(|item| item.secret).collect();
        ensure!(after.len() == 1 && after != before, "the new pair is not in the keychain");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn the_stored_item_can_be_read_from_outside_and_names_nobody() -> Result<()> {
    World::with("stored", Setup::default(), async |world| {
        world.connect("ada", &["profile"], &["profile:read"]).await?;
        let items = world.keychain()?;
        ensure!(items.len() == 1, "{} items", items.len());
        ensure!(items[0].secret.contains("mct_sim_"), "the access token is not in the item");
        ensure!(!items[0].secret.contains("mcr_"), "a bare refresh token is in the item");
        ensure!(items[0].secret.len() <= 2560, "too long for Windows: {}", items[0].secret.len());
        ensure!(!items[0].username.to_lowercase().contains("ada"), "the attributes name the person: {}", items[0].username);
        Ok(())
    })
    .await
}
