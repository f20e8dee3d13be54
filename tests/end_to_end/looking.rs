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

#[tokio::test]
async fn what_was_there_stays_with_its_age_while_monei_cannot_be_reached_and_goes_on_at_a_retry() -> Result<()> {
    World::with("stale", Setup::default(), async |world| {
        world.connect("ada", &["wallet"], &["wallet:read"]).await?;
        let balance = world.window()?.text("naira-balance").await?;
        world.sandbox.fail("api", 503, 1000).await?;
        world.window()?.click("refresh").await?;
        ensure!(world.window()?.text("stale-wallet").await?.contains("just now"));
        ensure!(world.window()?.text("naira-balance").await? == balance);
        let digits: String = balance.chars().filter(char::is_ascii_digit).collect();
        ensure!(digits.len() > 6, "{balance}");
        // Tried again while Monei still fails, it stays as it is.
        world.window()?.click("retry-wallet").await?;
        world.window()?.shows("stale-wallet").await?;
        world.window()?.shows("retry-wallet").await?;
        world.sandbox.mend().await?;
        // Unless the account was checked again meanwhile: then the page has gone on by itself, and the button isn't there any more.
        world.window()?.script("document.querySelector('[data-testid=retry-wallet]')?.click()").await?;
        world.window()?.lacks("stale-wallet").await?;
        ensure!(world.window()?.text("naira-balance").await? == balance);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn the_command_palette_leads_everywhere_by_keyboard() -> Result<()> {
    World::with("palette", Setup::default(), async |world| {
        world.connect("ada", &["wallet"], &["wallet:read"]).await?;
        let id = world.window()?.id(&world.session)?;
        let keys =
            |keys: &[&str]| world.session.run("xdotool", &[&["windowactivate", "--sync", &id, "key", "--clearmodifiers"], keys].concat());
        keys(&["ctrl+k"])?;
        world.window()?.shows("palette").await?;
        world.session.run("xdotool", &["type", "--clearmodifiers", "activity"])?;
        until("the entry to be chosen", async || {
            let chosen = world.window()?.script("return document.querySelector('[role=option][aria-selected=true]')?.innerText").await?;
            Ok((chosen == "Activity").then_some(()))
        })
        .await?;
        keys(&["Return"])?;
        world.window()?.sees("[data-testid=activity-item][data-kind=connected]").await?;
        keys(&["ctrl+slash"])?;
        world.window()?.shows("shortcuts").await?;
        keys(&["Escape"])?;
        world.window()?.lacks("shortcuts").await
    })
    .await
}

#[tokio::test]
async fn each_part_of_a_wallet_is_fetched_when_it_is_opened_and_not_before() -> Result<()> {
    World::with("wallet-parts", Setup::default(), async |world| {
        world.connect("ada", &["wallet"], &["wallet:read"]).await?;
        let window = world.window()?;
        window.attribute("section-transactions", "data-state", "ready").await?;
        let asked = async |path: &str| anyhow::Ok(world.sandbox.state().await?.asked(path));
        let paths = ["/evm/portfolio/1", "/evm/portfolio/56", "/solana/portfolio", "/offramp/ledger/history", "/bills/records"];
        for path in paths {
            ensure!(asked(path).await? == 0, "{path} was called before anybody looked");
        }

        window.click("open-crypto").await?;
        window.attribute("section-portfolio-ethereum", "data-state", "ready").await?;
        ensure!(window.text("section-portfolio-ethereum").await?.contains("0.842"));
        window.click("network-solana").await?;
        window.attribute("section-portfolio-solana", "data-state", "ready").await?;
        for (path, calls) in [("/evm/portfolio/1", 1), ("/solana/portfolio", 1), ("/evm/portfolio/56", 0)] {
            ensure!(asked(path).await? == calls, "{path}");
        }

        window.click("tab-sales").await?;
        window.attribute("section-sales-1", "data-state", "ready").await?;
        window.click("sale-OFF-13572468").await?;
        window.attribute("section-sale", "data-state", "ready").await?;
        ensure!(window.text("section-sales-1").await?.contains("Look at your crypto balance to see whether the coins are back."));

        window.click("tab-bills").await?;
        window.attribute("section-bills-1", "data-state", "ready").await?;
        ensure!(window.text("section-bills-1").await?.contains("Ikeja Electric"));

        window.click("tab-deposits").await?;
        window.types("deposit-reference", "DEP-ada-2").await?;
        window.click("check-deposit").await?;
        window.attribute("deposit-status", "data-status", "pending").await?;

        // Once Monei has taken the access back, what was shown is gone and the way out is there.
        world.sandbox.revoke("ada").await?;
        window.click("again-deposit").await?;
        window.shows("wallet-missing").await?;
        window.shows("ask-wallet").await
    })
    .await
}
