//! The life of a consent in the real window: its receipt in a file, the reminder, and a permission that is taken back.

use std::fs;
use std::path::PathBuf;

use anyhow::{Result, ensure};
use e2e::{Setup, World, until};

const RECEIPT: &str = "Save receipt";

/// The program is closed: all that was approved becomes older by so many days.
fn age(world: &World, days: i64) -> Result<()> {
    let index = world.session.folder().join("data/org.moneiconnections.manager/sandbox/index.sqlite");
    let changed = rusqlite::Connection::open(index)?.execute("UPDATE grants SET granted_at = granted_at - ?1", [days * 86_400_000])?;
    ensure!(changed > 0, "there is no grant");
    Ok(())
}

/// What is in the file `name` once the person has saved it through the dialog that the button opens.
async fn saved(world: &World, hook: &str, title: &str, name: &str) -> Result<String> {
    let file: PathBuf = world.session.folder().join("home").join(name);
    world.window()?.click(hook).await?;
    world.save_as(title, &file).await?;
    until(&format!("{name} to be there"), async || Ok(file.exists().then_some(()))).await?;
    let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&file)?.permissions());
    ensure!(mode & 0o777 == 0o600, "others can read it: {mode:o}");
    Ok(fs::read_to_string(file)?)
}

#[tokio::test]
async fn a_receipt_is_saved_where_the_person_wants_it_and_nowhere_when_they_cancel() -> Result<()> {
    World::with("receipt", Setup::default(), async |world| {
        world.connect("ada", &["profile", "wallet", "kyc"], &["profile:read", "wallet:read"]).await?;
        // What is above the button is there.
        world.window()?.shows("naira-balance").await?;
        world.window()?.shows("all-transactions").await?;
        world.window()?.click("see-receipts").await?;
        let shown = world.window()?.text("receipt-1").await?;
        for words in ["Ada Okafor", "Allowed", "Left off"] {
            ensure!(shown.contains(words), "{shown}");
        }
        let text = saved(world, "save-1-text", RECEIPT, "receipt.txt").await?;
        for words in ["Ada Okafor", "Allowed:", "(wallet:read)", "Left off:", "(kyc:read)", "“Connected apps”"] {
            ensure!(text.contains(words), "{text}");
        }
        ensure!(world.window()?.text("notice").await?.contains("receipt.txt"));
        let page = saved(world, "save-1-html", RECEIPT, "receipt.html").await?;
        ensure!(page.starts_with("<!doctype html>") && page.contains("Ada Okafor") && !page.contains("<script"), "{page}");
        let before = fs::read_dir(world.session.folder().join("home"))?.count();
        world.window()?.click("save-1-text").await?;
        world.answer_dialog(RECEIPT, "Escape").await?;
        ensure!(fs::read_dir(world.session.folder().join("home"))?.count() == before, "a file was made all the same");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn the_history_that_is_shown_is_saved() -> Result<()> {
    World::with("activity-file", Setup::default(), async |world| {
        world.connect("ada", &["profile", "wallet"], &["profile:read"]).await?;
        world.window()?.click("nav-activity").await?;
        world.window()?.pick("activity-about", "service").await?;
        world.window()?.sees("[data-testid=activity-item][data-kind=backend_changed]").await?;
        let service = saved(world, "save-activity-csv", "Save activity", "service.csv").await?;
        ensure!(service.lines().count() == 2 && service.contains(",backend_changed,"), "{service}");
        world.window()?.pick("activity-about", "").await?;
        world.window()?.sees("[data-testid=activity-item][data-kind=connected]").await?;
        let all = saved(world, "save-activity-json", "Save activity", "all.json").await?;
        let all: serde_json::Value = serde_json::from_str(&all)?;
        let connected = all.as_array().into_iter().flatten().find(|line| line["kind"] == "connected");
        ensure!(connected.is_some_and(|line| line["account"] == "Ada Okafor" && line["not_allowed"][0] == "wallet:read"), "{all:#}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn what_nobody_uses_is_shown_after_half_a_year_and_can_be_kept_or_taken_back() -> Result<()> {
    World::with("review", Setup { apart: true, ..Setup::default() }, async |world| {
        world.connect("ada", &["profile", "deposit"], &["profile:read", "wallet:deposit"]).await?;
        ensure!(!world.window()?.has("review").await?, "nothing is due yet");
        world.quit().await?;
        age(world, 200)?;
        world.open().await?;
        world.window()?.shows("unused-deposit").await?;
        world.window()?.click("keep-all").await?;
        world.window()?.lacks("keep-all").await?;
        world.window()?.click("take-back-deposit").await?;
        // Both came with one approval, and so both end.
        ensure!(world.window()?.text("take-back-along").await?.contains("Profile"));
        world.window()?.click("confirm-take-back").await?;
        world.window()?.lacks("review").await?;
        ensure!(world.sandbox.state().await?.granted_by("ada").is_empty() && world.keychain()?.is_empty());
        world.features(&[("deposit", "declined"), ("profile", "lost")]).await?;
        world.window()?.click("nav-activity").await?;
        world.window()?.sees("[data-testid=activity-item][data-kind=taken_back]").await
    })
    .await
}
