//! Taking access away again.

use anyhow::{Context as _, Result, ensure};
use e2e::{Setup, World, asks_to_disconnect, asks_to_remove, until};

#[tokio::test]
async fn disconnecting_revokes_at_monei_and_empties_the_keychain() -> Result<()> {
    World::with("disconnect", Setup { apart: true, ..Setup::default() }, async |world| {
        world.connect("ada", &["profile", "wallet"], &["profile:read", "wallet:read"]).await?;
        ensure!(world.keychain()?.len() == 1);
        // Neither Enter nor Escape at the program's own question, nor what runs in the page, ends anything.
        let question = asks_to_disconnect("Ada Okafor");
        world.window()?.click("disconnect").await?;
        for no in ["Return", "Escape"] {
            world.window()?.click("confirm-disconnect").await?;
            world.answer_dialog(&question, no).await?;
            world.window()?.attribute("confirm-disconnect", "aria-disabled", "false").await?;
            ensure!(world.keychain()?.len() == 1 && world.sandbox.state().await?.counters.revokes == 0, "ended by {no}");
        }
        let calls = "window.answers = []; const call = () => window.__TAURI_INTERNALS__.invoke('disconnect', {account: ACCOUNT, unrevoked: 'remove'})
            .then((told) => window.answers.push(told), (problem) => window.answers.push(problem.code));
            for (let n = 0; n < 100; n += 1) call();";
        let listed: serde_json::Value = serde_json::from_slice(&world.command_line(&["accounts", "--json"])?.stdout)?;
        let account = listed["accounts"][0]["id"].as_str().context("an account")?.to_owned();
        world.window()?.script(&calls.replace("ACCOUNT", &format!("'{account}'"))).await?;
        let removal = asks_to_remove("Ada Okafor");
        world.dialog(&removal).await?;
        until("all but one to be refused", async || {
            let refused = world.window()?.script("return window.answers.filter((told) => told === 'question_open').length").await?;
            Ok((refused == 99).then_some(()))
        })
        .await?;
        world.picture_of_screen("disconnect-question")?;
        world.answer_dialog(&removal, "Escape").await?;
        until("the answer of the one that asked", async || {
            let answers = world.window()?.script("return window.answers.length").await?;
            Ok((answers == 100).then_some(()))
        })
        .await?;
        ensure!(world.keychain()?.len() == 1 && world.sandbox.state().await?.counters.revokes == 0, "a script disconnected the account");
        world.window()?.click("confirm-disconnect").await?;
        world.answer_dialog(&question, "alt+d").await?;
        world.window()?.lacks("account-0").await?;
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
        let question = asks_to_disconnect("Ada Okafor");
        world.window()?.click("confirm-disconnect").await?;
        world.answer_dialog(&question, "alt+d").await?;
        world.window()?.shows("disconnect-unconfirmed").await?;
        ensure!(world.keychain()?.len() == 1, "what could still revoke is gone");
        world.window()?.click("disconnect-again").await?;
        world.answer_dialog(&question, "alt+d").await?;
        world.window()?.shows("disconnect-unconfirmed").await?;
        ensure!(world.keychain()?.len() == 1, "what could still revoke is gone");
        world.window()?.click("remove-anyway").await?;
        world.answer_dialog(&asks_to_remove("Ada Okafor"), "alt+r").await?;
        world.window()?.shows("disconnect-removed").await?;
        ensure!(world.keychain()?.is_empty());
        ensure!(world.sandbox.state().await?.granted_by("ada") == ["profile:read"], "the sandbox was told not to revoke");
        Ok(())
    })
    .await
}
