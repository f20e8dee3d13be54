//! The canary sweep over a full life of an account, with everything logged that can be (security.md K1).

use anyhow::{Result, ensure};
use e2e::canary::Canaries;
use e2e::{Setup, World};

#[tokio::test]
async fn no_secret_is_found_outside_the_keychain() -> Result<()> {
    World::with("secrets", Setup { trace: true, sample: true }, async |world| {
        world.connect("ada", &["profile", "kyc", "wallet"], &["profile:read", "wallet:read"]).await?;
        let mut runs = vec![world.sandbox.state().await?.run];
        world.window()?.shows("naira-balance").await?;
        let marker = format!("mct_sim_CNRY{}", runs[0]);
        ensure!(world.keychain()?.iter().all(|item| item.secret.contains(&marker)), "the stored token does not carry the marker");
        world.ask_more("kyc").await?;
        world.browser.reach_consent("ada").await?;
        world.browser.allow(&["kyc:read"]).await?;
        world.finish().await?;
        world.sandbox.expire("ada").await?;
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
        let held_again = world.window()?.script("return document.documentElement.outerHTML").await?;
        world.disconnect(0).await?;
        let second = world.window()?.messages().await?;
        world.quit().await?;
        world.browser.quit().await?;
        let samples = world.samples()?;
        ensure!(samples.texts.iter().any(|(_, text)| text.contains("monei-connect")), "the sampler did not see the program");

        ensure!(samples.texts.iter().any(|(_, text)| text.contains("RUST_LOG=trace")), "the program was not asked to log all that it can");
        let log = world.session.folder().join("data/org.moneiconnections.manager/sandbox/desktop.log");
        ensure!(std::fs::read_to_string(log)?.contains("/v1/redeem"), "the program did not log");

        let profile = world.browser.profile().to_owned();
        let canaries = Canaries::new(&runs, &profile)?;
        ensure!(canaries.handoffs() == 2, "{} handoffs in the browser's history", canaries.handoffs());
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
