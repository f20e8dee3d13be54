//! What is kept when the program ends.

use anyhow::{Result, ensure};
use e2e::{Setup, World};

/// What this program's links begin with.
const SCHEME: &str = "org.moneiconnections.manager.sandbox:";

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
async fn quit_while_waiting_the_link_at_the_end_starts_the_program_and_the_account_is_there() -> Result<()> {
    World::with("cold-start", Setup { apart: true, ..Setup::default() }, async |world| {
        world.ask(&["profile", "wallet"]).await?;
        world.browser.next_tab().await?;
        world.window()?.click("browser-error").await?;
        world.browser.next_tab().await?;
        world.browser.reach_consent("ada").await?;
        world.browser.allow(&["profile:read", "wallet:read"]).await?;
        let link = world.browser.link(SCHEME).await?;
        world.quit().await?;
        let waiting = world.keychain()?;
        ensure!(waiting.len() == 1 && waiting[0].username.starts_with("pending."), "{} items", waiting.len());

        // Started without the link, the program shows nothing of it and keeps it.
        world.open().await?;
        ensure!(!world.window()?.has("transaction-bar").await?);
        world.quit().await?;
        world.open_by(&link).await?;
        world.finish().await?;
        world.features(&[("profile", "enabled"), ("wallet", "enabled"), ("kyc", "not_asked")]).await?;
        world.window()?.shows("naira-balance").await?;
        let kept = world.keychain()?;
        ensure!(kept.len() == 1 && !kept[0].username.starts_with("pending."), "{} items", kept.len());

        // In the next run the same link is of an earlier one, and says so, with a way to start again.
        world.quit().await?;
        world.open_by(&link).await?;
        world.window()?.shows("problem-run_ended").await?;
        world.window()?.click("try-again").await?;
        world.window()?.shows("choose").await?;
        ensure!(world.sandbox.state().await?.counters.code_exchanges == 1);
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
