//! Taking access away again.

use anyhow::{Result, ensure};
use e2e::{Setup, World};

#[tokio::test]
async fn disconnecting_revokes_at_monei_and_empties_the_keychain() -> Result<()> {
    World::with("disconnect", Setup::default(), async |world| {
        world.connect("ada", &["profile", "wallet"], &["profile:read", "wallet:read"]).await?;
        ensure!(world.keychain()?.len() == 1);
        world.disconnect(0).await?;
        let state = world.sandbox.state().await?;
        ensure!(state.granted_by("ada").is_empty(), "{:?}", state.grants);
        ensure!(state.counters.revokes >= 1);
        ensure!(world.keychain()?.is_empty(), "something is left in the keychain");
        world.quit().await?;
        world.open().await?;
        ensure!(!world.window()?.has("account-0").await?, "the account came back");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_revocation_that_monei_does_not_answer_can_be_tried_again_or_given_up() -> Result<()> {
    World::with("disconnect-unconfirmed", Setup::default(), async |world| {
        world.connect("ada", &["profile"], &["profile:read"]).await?;
        world.sandbox.fail("revoke", 500, 20).await?;
        world.window()?.click("disconnect").await?;
        world.window()?.click("confirm-disconnect").await?;
        world.window()?.shows("disconnect-unconfirmed").await?;
        ensure!(world.keychain()?.len() == 1, "what could still revoke is gone");
        world.window()?.click("disconnect-again").await?;
        world.window()?.shows("disconnect-unconfirmed").await?;
        ensure!(world.keychain()?.len() == 1, "what could still revoke is gone");
        world.window()?.click("remove-anyway").await?;
        world.window()?.shows("disconnect-removed").await?;
        ensure!(world.keychain()?.is_empty());
        ensure!(world.sandbox.state().await?.granted_by("ada") == ["profile:read"], "the sandbox was told not to revoke");
        Ok(())
    })
    .await
}
