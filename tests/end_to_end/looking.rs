//! The program asks while somebody can see what it shows, and leaves everybody alone while nobody can.

use std::time::Duration;

use anyhow::{Result, ensure};
use e2e::{Setup, World, until};

/// More than twice as long as a visible window takes from one look to the next while something is wrong.
const LONG_ENOUGH: Duration = Duration::from_secs(35);

#[tokio::test]
async fn trouble_is_looked_after_while_the_window_can_be_seen_and_nobody_is_asked_while_it_cannot() -> Result<()> {
    World::with("looking", Setup::default(), async |world| {
        world.connect("ada", &["profile"], &["profile:read"]).await?;
        let window = world.window()?;
        window.attribute("account-health", "data-kind", "connected").await?;
        world.sandbox.fail("api", 503, 1000).await?;
        window.click("refresh").await?;
        window.attribute("account-health", "data-kind", "unreachable").await?;
        let asked = async || anyhow::Ok(world.sandbox.state().await?.asked("/user/me"));

        // In sight: it looks again by itself.
        let before = asked().await?;
        // Two of them, for the first may have been the page's own.
        until("looks of its own", async || Ok((asked().await? > before + 1).then_some(()))).await?;

        // Out of sight: whatever was on its way has come to its end, and then there is silence.
        let id = window.id(&world.session)?;
        world.session.run("xdotool", &["windowminimize", "--sync", &id])?;
        tokio::time::sleep(Duration::from_secs(2)).await;
        let before = asked().await?;
        tokio::time::sleep(LONG_ENOUGH).await;
        ensure!(asked().await? == before, "Monei was asked though nobody looked");

        // Back in sight it is right within seconds, without a click.
        world.sandbox.mend().await?;
        world.session.run("xdotool", &["windowmap", "--sync", &id, "windowactivate", "--sync", &id])?;
        world.window()?.attribute("account-health", "data-kind", "connected").await
    })
    .await
}
