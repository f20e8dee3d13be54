//! The program speaks the desktop's language, or the one that the person chose: in its window, in the desktop's dialogs, in files and in
//! the browser.

use std::fs;

use anyhow::{Result, ensure};
use e2e::{Setup, World, until};

const LEAVE: [(&str, &str); 2] = [("fr", "Quitter cet ordinateur\u{202f}?"), ("en", "Leave this computer?")];

/// Starts the program alone on a French desktop: this computer needn't have the locale, and without it a tool of the test can't read titles.
async fn open_in_french(world: &mut World) -> Result<()> {
    world.session.set("LANG", "fr_FR.UTF-8");
    world.open().await?;
    world.session.set("LANG", "C.UTF-8");
    Ok(())
}

/// Waits until the window speaks `tag` and says `heading`, and says no in the dialog that asks whether to leave.
async fn speaks(world: &World, tag: &str, heading: &str) -> Result<()> {
    let window = world.window()?;
    until(&format!("the window to speak {tag}"), async || {
        let said = window.script("return [document.documentElement.lang, document.querySelector('h1')?.innerText].join()").await?;
        Ok((said == format!("{tag},{heading}")).then_some(()))
    })
    .await?;
    window.click("leave").await?;
    for (language, question) in LEAVE {
        if language == tag {
            world.answer_dialog(question, "Escape").await?;
        }
    }
    window.attribute("leave", "aria-disabled", "false").await
}

#[tokio::test]
async fn the_program_speaks_the_desktops_language_until_the_person_chooses_another() -> Result<()> {
    World::with("language", Setup::default(), async |world| {
        world.quit().await?;
        open_in_french(world).await?;
        ensure!(world.window()?.text("first-run").await?.contains("Bienvenue dans Monei Connections"));
        world.ask(&["profile", "wallet"]).await?;
        world.browser.next_tab().await?;
        world.browser.reach_consent("ada").await?;
        world.browser.allow(&["profile:read", "wallet:read"]).await?;
        until("the browser's last page", async || Ok(world.browser.page().await?.1.contains("Votre réponse est arrivée").then_some(())))
            .await?;
        let window = world.window()?;
        window.click("decide-add_as_account").await?;
        window.shows("stage-done").await?;
        window.click("dismiss").await?;
        let balance = window.text("naira-balance").await?;
        ensure!(balance.ends_with("\u{a0}₦") && balance.contains(','), "{balance}");
        world.picture_of_window("french").await?;

        // A receipt is in the window's language.
        window.click("see-receipts").await?;
        window.click("save-1-text").await?;
        let file = world.session.folder().join("receipt.txt");
        world.save_as("Enregistrer le reçu", &file).await?;
        ensure!(fs::read_to_string(&file)?.starts_with("Reçu d’un accord\n"));

        window.click("nav-settings").await?;
        speaks(world, "fr", "Paramètres").await?;
        window.choose("language-en", true).await?;
        speaks(world, "en", "Settings").await?;
        world.quit().await?;
        open_in_french(world).await?;
        world.window()?.click("nav-settings").await?;
        speaks(world, "en", "Settings").await?;
        world.window()?.choose("language-system", true).await?;
        speaks(world, "fr", "Paramètres").await
    })
    .await
}
