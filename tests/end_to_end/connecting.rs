//! Connecting an account.

use anyhow::{Result, ensure};
use e2e::{Setup, World, until};

const FOUR: [&str; 4] = ["profile", "kyc", "wallet", "deposit"];

#[tokio::test]
async fn the_program_opens_the_backend_in_the_system_browser_and_never_leaves_its_own_page() -> Result<()> {
    World::with("browser", Setup::default(), async |world| {
        let before = world.window()?.script("return location.origin").await?;
        world.connect("ada", &["profile"], &["profile:read"]).await?;
        let opened = world.browser.opened()?;
        ensure!(opened.len() == 1 && opened[0].contains("/v1/start?"), "{opened:?}");
        ensure!(world.window()?.script("return location.origin").await? == before);
        // What the browser ends on is the program's own page, cleaned of the handoff.
        let (address, text) = world.browser.page().await?;
        ensure!(address.starts_with("http://127.0.0.1:") && !address.contains("handoff"), "{address}");
        ensure!(!text.is_empty());
        Ok(())
    })
    .await
}

#[tokio::test]
async fn denying_everything_says_so_and_stores_nothing() -> Result<()> {
    World::with("denied", Setup::default(), async |world| {
        world.ask(&FOUR).await?;
        world.browser.next_tab().await?;
        world.browser.reach_consent("tunde").await?;
        world.browser.deny().await?;
        let window = world.window()?;
        window.shows("stage-failed").await?;
        window.shows("problem-declined").await?;
        window.click("dismiss").await?;
        window.lacks("stage-failed").await?;
        ensure!(!window.has("account-0").await?);
        // The transaction's own entry goes once the outcome is shown.
        until("the keychain to be empty", async || Ok(world.keychain()?.is_empty().then_some(()))).await?;
        ensure!(world.sandbox.state().await?.counters.code_exchanges == 0);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn cancelling_ends_the_waiting_and_a_late_approval_changes_nothing() -> Result<()> {
    World::with("cancelled", Setup::default(), async |world| {
        world.ask(&["profile"]).await?;
        world.browser.next_tab().await?;
        world.browser.reach_consent("ada").await?;
        let window = world.window()?;
        window.click("cancel-connect").await?;
        window.lacks("stage-waiting").await?;
        world.browser.allow(&["profile:read"]).await?;
        // The late answer meets a closed port; the program can be used at once for another try.
        world.connect("ada", &["wallet"], &["wallet:read"]).await?;
        world.features(&[("wallet", "enabled")]).await?;
        ensure!(world.sandbox.state().await?.counters.code_exchanges == 1);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn two_people_are_two_accounts_side_by_side() -> Result<()> {
    World::with("two", Setup::default(), async |world| {
        world.connect("ada", &["profile", "wallet"], &["profile:read", "wallet:read"]).await?;
        world.ask(&["profile"]).await?;
        world.browser.next_tab().await?;
        world.browser.reach_consent("ada").await?;
        world.browser.switch_user("tunde").await?;
        world.browser.allow(&["profile:read"]).await?;
        world.finish().await?;

        let window = world.window()?;
        window.shows("account-1").await?;
        window.click("account-0").await?;
        world.features(&[("profile", "enabled"), ("wallet", "enabled")]).await?;
        window.click("account-1").await?;
        world.features(&[("profile", "enabled"), ("wallet", "not_asked")]).await?;
        ensure!(window.text("account-0").await? != window.text("account-1").await?);
        ensure!(world.keychain()?.len() == 2);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn markup_in_a_name_is_shown_as_text() -> Result<()> {
    World::with("markup", Setup::default(), async |world| {
        world.connect("markup", &["profile"], &["profile:read"]).await?;
        let window = world.window()?;
        window.shows("account-0").await?;
        let name = window.text("account-0").await?;
        ensure!(name.contains('<'), "the name lost its markup: {name}");
        let made = window.script("return document.querySelectorAll('main img, nav img, aside img, script:not([src])').length").await?;
        ensure!(made == 0, "the name became {made} elements");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn where_the_browser_cannot_reach_the_program_an_app_link_completes_the_connection() -> Result<()> {
    World::with("app-link", Setup::default(), async |world| {
        // As strict as Monei's page may be: the browser follows its form to the backend, and drops the way on to the program.
        world.sandbox.switch("consent_form_action", "app_only").await?;
        world.ask(&["profile"]).await?;
        world.browser.next_tab().await?;
        world.browser.reach_consent("ada").await?;
        world.browser.allow(&["profile:read"]).await?;
        e2e::until("the approval", async || Ok((world.sandbox.state().await?.answers("/connect/authorize", 303) >= 2).then_some(())))
            .await?;
        let (address, _) = world.browser.page().await?;
        ensure!(address.contains("/connect/authorize?"), "the browser went on to {address}");
        world.window()?.click("browser-error").await?;
        world.browser.next_tab().await?;
        world.browser.reach_consent("ada").await?;
        ensure!(world.browser.offered().await?.is_empty(), "it was allowed already");
        world.browser.click("button[name=decision][value=allow]").await?;
        let link = world.browser.link("org.moneiconnections.manager.sandbox:").await?;
        // What the browser does once the person agrees: the system starts the program a second time, which hands the link to the first.
        let opened = world.session.run("xdg-open", &[&link])?;
        ensure!(opened.status.success(), "{}", String::from_utf8_lossy(&opened.stderr));
        world.finish().await?;
        world.features(&[("profile", "enabled")]).await?;

        // The same link again changes nothing, and one that was never asked for only says so.
        world.session.run("xdg-open", &[&link])?;
        world.session.run("xdg-open", &["org.moneiconnections.manager.sandbox:/callback?tx=AAAAAAAAAAAAAAAAAAAAAA&handoff=AAAA"])?;
        let window = world.window()?;
        window.shows("problem-run_ended").await?;
        window.click("dismiss").await?;
        window.attribute("account-health", "data-kind", "connected").await?;
        ensure!(!window.has("account-1").await? && !window.has("transaction-bar").await?);
        ensure!(world.sandbox.state().await?.counters.code_exchanges == 1);
        Ok(())
    })
    .await
}
