//! The canary sweep over a full life of an account, with everything logged that can be (security.md K1).

use std::collections::BTreeSet;

use anyhow::{Result, ensure};
use e2e::canary::{Canaries, secrets_of};
use e2e::{Setup, World, until};

/// What the keychain keeps for the program now.
fn in_keychain(world: &World) -> Result<BTreeSet<String>> {
    Ok(world.keychain()?.iter().flat_map(|item| secrets_of(&item.secret)).collect())
}

#[tokio::test]
async fn no_secret_is_found_outside_the_keychain() -> Result<()> {
    World::with("secrets", Setup { trace: true, sample: true, ..Setup::default() }, async |world| {
        world.ask(&["profile", "kyc", "wallet"]).await?;
        world.browser.next_tab().await?;
        world.browser.reach_consent("ada").await?;
        // The verifier, while the transaction waits.
        let mut stored = in_keychain(world)?;
        ensure!(stored.len() == 1, "{} secrets in the keychain while it waits", stored.len());
        world.browser.allow(&["profile:read", "wallet:read"]).await?;
        world.finish().await?;
        let mut runs = vec![world.sandbox.state().await?.run];
        world.window()?.shows("naira-balance").await?;
        let marker = format!("mct_sim_CNRY{}", runs[0]);
        ensure!(world.keychain()?.iter().all(|item| item.secret.contains(&marker)), "the stored token does not carry the marker");
        world.ask_more("kyc").await?;
        world.browser.reach_consent("ada").await?;
        stored.extend(in_keychain(world)?);
        world.browser.allow(&["kyc:read"]).await?;
        world.finish().await?;
        let before = in_keychain(world)?;
        stored.extend(before.iter().cloned());
        world.sandbox.expire("ada").await?;
        world.window()?.click("refresh").await?;
        until("refreshed tokens in the keychain", async || Ok((in_keychain(world)? != before).then_some(()))).await?;
        // An app's key: told once on standard output, and sent by the app.
        let added = world.command_line(&["app", "add", "Budget sheet", "--scopes", "wallet:read"])?;
        let key = String::from_utf8(added.stdout)?.trim().to_owned();
        ensure!(key.starts_with("mcl_"), "no key was told: {:?}", String::from_utf8_lossy(&added.stderr));
        let http = reqwest::Client::builder().no_proxy().build()?;
        let read = async || -> Result<Option<u16>> {
            let address = String::from_utf8(world.command_line(&["app", "url"])?.stdout)?.trim().to_owned();
            let call = http.get(format!("{address}/api/v1/wallet/me")).header("x-api-key", &key);
            Ok(call.send().await.ok().map(|answer| answer.status().as_u16()))
        };
        ensure!(until("an answer of the local API", read).await? == 200, "the key was refused");
        stored.insert(key);
        let first = world.window()?.messages().await?;
        ensure!(first.len() > 10, "the recorder saw {} messages", first.len());
        let held = world
            .window()?
            .script("return JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie, document.documentElement.outerHTML])")
            .await?;

        world.quit().await?;
        world.open().await?;
        runs.push(world.sandbox.state().await?.run);
        world.window()?.shows("naira-balance").await?;
        stored.extend(in_keychain(world)?);
        // Two verifiers, an app's key, and an access and a refresh token of each of two grants, one of them refreshed at least.
        ensure!(stored.len() >= 9, "{} secrets were in the keychain", stored.len());
        let held_again = world.window()?.script("return document.documentElement.outerHTML").await?;
        world.disconnect("Ada Okafor", 0).await?;
        let second = world.window()?.messages().await?;
        world.quit().await?;
        // It writes its history every few seconds.
        until("both handoffs in the browser's history", async || {
            Ok((Canaries::new(&runs, world.browser.profile())?.handoffs() == 2).then_some(()))
        })
        .await?;
        world.browser.quit().await?;
        let samples = world.samples()?;
        ensure!(samples.texts.iter().any(|(_, text)| text.contains("monei-connect")), "the sampler did not see the program");

        ensure!(samples.texts.iter().any(|(_, text)| text.contains("RUST_LOG=trace")), "the program was not asked to log all that it can");
        let log = world.session.folder().join("data/org.moneiconnections.manager/sandbox/desktop.log");
        ensure!(std::fs::read_to_string(log)?.contains("/v1/redeem"), "the program did not log");

        let profile = world.browser.profile().to_owned();
        let canaries = Canaries::new(&runs, &profile)?.with_stored(stored).with_nonces(&world.browser.opened()?);
        ensure!(canaries.handoffs() == 2, "{} handoffs in the browser's history", canaries.handoffs());
        ensure!(canaries.nonces() == 2, "{} nonces in the addresses that the browser was opened with", canaries.nonces());
        let mut findings = canaries.sweep(world.session.folder(), &profile)?;
        findings.extend(canaries.sweep_samples(&samples));
        findings.extend(canaries.sweep_messages(&first));
        findings.extend(canaries.sweep_messages(&second));
        findings.extend(canaries.sweep_messages(&[held.to_string(), held_again.to_string()]));
        ensure!(findings.is_empty(), "{} secrets found:\n{}", findings.len(), findings.join("\n"));
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_panic_in_the_middle_of_a_refresh_tells_where_and_no_secret() -> Result<()> {
    World::with("panic", Setup { trace: true, ..Setup::default() }, async |world| {
        world.quit().await?;
        // With the old pair and the new one in its hands, everything logged, and a whole backtrace.
        world.session.set("CONNECT_PANICPOINT", "refresh.answered");
        world.open().await?;
        world.connect("ada", &["profile", "wallet"], &["profile:read", "wallet:read"]).await?;
        let runs = [world.sandbox.state().await?.run];
        world.window()?.shows("naira-balance").await?;
        world.sandbox.expire("ada").await?;
        world.window()?.click("refresh").await?;
        let log = world.session.folder().join("data/org.moneiconnections.manager/sandbox/desktop.log");
        until("the panic", async || Ok(std::fs::read_to_string(&log)?.contains("a programming error").then_some(()))).await?;
        // The new pair isn't there yet.
        let stored = in_keychain(world)?;
        ensure!(stored.len() >= 2, "{} secrets in the keychain", stored.len());
        let messages = world.window()?.messages().await?;
        world.quit().await?;
        world.browser.quit().await?;

        let told = std::fs::read_to_string(&log)?;
        ensure!(told.contains("failpoint.rs"), "the log does not say where");
        ensure!(!told.contains("forced at"), "the panic's message is in the log");
        for word in ["the keychain is open", "refresh grant=", "outcome=", "took_ms=", "Monei answered caller=window", "path=\"/user/me\""]
        {
            ensure!(told.contains(word), "a supporter finds no {word:?} in the log");
        }
        let private = std::fs::metadata(&log)?.permissions();
        ensure!(std::os::unix::fs::PermissionsExt::mode(&private) & 0o777 == 0o600, "others can read the log: {private:?}");
        let profile = world.browser.profile().to_owned();
        let index = log.with_file_name("index.sqlite");
        let canaries =
            Canaries::new(&runs, &profile)?.with_stored(stored).with_nonces(&world.browser.opened()?).with_refresh_keys(&index)?;
        ensure!(canaries.refresh_keys() == 1, "{} refreshes without an answer in the index", canaries.refresh_keys());
        let mut findings = canaries.sweep(world.session.folder(), &profile)?;
        findings.extend(canaries.sweep_messages(&messages));
        ensure!(findings.is_empty(), "{} secrets found:\n{}", findings.len(), findings.join("\n"));
        Ok(())
    })
    .await
}
