//! The life of a consent in the real window: its receipt in a file, the reminder, and a permission that is taken back.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use e2e::{Setup, World, asks_to_end_all, until};

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
        // Nothing in use would be left: neither Escape at the program's own question nor what runs in the page ends it.
        let question = asks_to_end_all("Ada Okafor");
        let listed: serde_json::Value = serde_json::from_slice(&world.command_line(&["accounts", "--json"])?.stdout)?;
        let account = listed["accounts"][0]["id"].as_str().context("an account")?.to_owned();
        let calls = "window.answers = []; for (const scope of ['profile:read', 'wallet:deposit']) for (let n = 0; n < 50; n += 1)
            window.__TAURI_INTERNALS__.invoke('take_back', {account: ACCOUNT, scopes: [scope]})
                .then((told) => window.answers.push(told), (problem) => window.answers.push(problem.code));";
        world.window()?.script(&calls.replace("ACCOUNT", &format!("'{account}'"))).await?;
        world.dialog(&question).await?;
        until("all but one to be refused", async || {
            let refused = world.window()?.script("return window.answers.filter((told) => told === 'question_open').length").await?;
            Ok((refused == 99).then_some(()))
        })
        .await?;
        world.picture_of_screen("take-all-back-question")?;
        world.answer_dialog(&question, "Escape").await?;
        until("the answer of the one that asked", async || {
            let answers = world.window()?.script("return window.answers.length").await?;
            Ok((answers == 100).then_some(()))
        })
        .await?;
        ensure!(world.keychain()?.len() == 1 && world.sandbox.state().await?.counters.revokes == 0, "a script took everything back");
        world.window()?.click("take-back-all").await?;
        world.answer_dialog(&question, "alt+e").await?;
        // What ended along with it can be asked for again; the person doesn't want it.
        ensure!(world.window()?.text("take-back-ended").await?.contains("Profile"));
        world.window()?.shows("ask-rest").await?;
        world.window()?.click("close-take-back").await?;
        world.window()?.lacks("review").await?;
        ensure!(world.sandbox.state().await?.granted_by("ada").is_empty() && world.keychain()?.is_empty());
        world.features(&[("deposit", "declined"), ("profile", "lost")]).await?;
        world.window()?.click("nav-activity").await?;
        world.window()?.sees("[data-testid=activity-item][data-kind=taken_back]").await
    })
    .await
}

#[tokio::test]
async fn a_permission_that_is_set_aside_is_used_by_no_program_and_no_window_and_ends_at_monei_where_it_was_approved_alone() -> Result<()> {
    World::with("set-aside", Setup { apart: true, ..Setup::default() }, async |world| {
        world.connect("ada", &["profile", "wallet"], &["profile:read", "wallet:read"]).await?;
        world.sandbox.switch("upgrade_scopes", "only_new").await?;
        world.ask_more("kyc").await?;
        world.browser.reach_consent("ada").await?;
        world.browser.allow(&["kyc:read"]).await?;
        // The approval doesn't say whose it is.
        world.window()?.click("decide-merge").await?;
        world.window()?.lacks("stage-decide").await?;
        world.finish().await?;
        // What the window fetches by itself comes before what the app asks for.
        for section in ["section-wallet", "section-transactions", "section-kyc"] {
            world.window()?.attribute(section, "data-state", "ready").await?;
        }
        let added = world.command_line(&["app", "add", "Budget sheet", "--scopes", "wallet:read,kyc:read"])?;
        ensure!(added.status.success(), "{added:?}");
        let key = String::from_utf8(added.stdout)?.trim().to_owned();
        let socket = world.session.folder().join("run/monei-connections/api.sandbox.sock").display().to_string();
        let call = |path: &str| -> Result<(u16, String)> {
            let (key, address) = (format!("X-API-KEY: {key}"), format!("http://localhost/api/v1{path}"));
            let words = ["--silent", "--unix-socket", &socket, "--header", &key, "--write-out", "\n%{http_code}", &address];
            let said = String::from_utf8(world.session.run("curl", &words)?.stdout)?;
            let (body, status) = said.rsplit_once('\n').context("an answer")?;
            Ok((status.parse()?, body.to_owned()))
        };
        ensure!(call("/wallet/me")?.0 == 200 && call("/kyc/status")?.0 == 200);

        // Approved with another one: it is switched off here, and said to go on at Monei.
        let window = world.window()?;
        window.click("details-wallet").await?;
        ensure!(window.text("permission-apps").await?.contains("Budget sheet"));
        until("the last use with who it was", async || {
            Ok(window.text("permission-last-used").await?.contains("Budget sheet").then_some(()))
        })
        .await?;
        window.click("permission-take-back").await?;
        ensure!(window.text("take-back-along").await?.contains("no way to end a part of an approval"));
        world.picture_of_window("set-aside-question").await?;
        window.click("set-aside").await?;
        window.attribute("permission", "data-state", "set_aside").await?;
        world.picture_of_window("set-aside").await?;
        let (status, said) = call("/wallet/me")?;
        ensure!(status == 403 && said.contains("set the permission wallet:read"), "{status}: {said}");
        let terminal = world.command_line(&["api", "/wallet/me"])?;
        let said = String::from_utf8_lossy(&terminal.stderr).into_owned();
        ensure!(terminal.status.code() == Some(4) && said.contains("set this permission aside"), "{terminal:?}");
        ensure!(world.sandbox.state().await?.granted_by("ada").contains(&"wallet:read".to_owned()), "Monei goes on granting it");
        window.click("permission-back").await?;
        world.features(&[("wallet", "set_aside"), ("profile", "enabled")]).await?;
        ensure!(!window.has("naira-balance").await?, "the window shows what it may not fetch");

        // In a terminal: switched on again, and the one that was approved alone taken back at Monei.
        let on = world.command_line(&["set-aside", "1", "wallet:read", "--undo"])?;
        ensure!(on.status.success(), "{on:?}");
        ensure!(call("/wallet/me")?.0 == 200, "it is switched on again");
        let off = world.command_line(&["set-aside", "1", "kyc:read"])?;
        ensure!(off.status.success() && String::from_utf8_lossy(&off.stdout).contains("Monei confirmed"), "{off:?}");
        ensure!(!world.sandbox.state().await?.granted_by("ada").contains(&"kyc:read".to_owned()));
        world.features(&[("kyc", "declined"), ("wallet", "enabled")]).await?;
        let listed: serde_json::Value = serde_json::from_slice(&world.command_line(&["activity", "--json"])?.stdout)?;
        let kinds: Vec<(&str, &str)> = listed["activity"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|line| Some((line["kind"].as_str()?, line["by"].as_str()?)))
            .collect();
        let told =
            [("taken_back", "command_line"), ("set_aside", "command_line"), ("switched_on", "command_line"), ("set_aside", "window")];
        ensure!(kinds == told, "{kinds:?}");
        Ok(())
    })
    .await
}
