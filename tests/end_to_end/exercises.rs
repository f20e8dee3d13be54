//! The five exercises of docs/testing-with-the-sandbox.md, step by step as a tester does them there: in the window, on the sandbox's
//! pages, and with what "must be seen" after each. Pictures of the way are in `target/exercises/`.

use std::time::Duration;

use anyhow::{Result, ensure};
use e2e::{Setup, World, until};

const BALANCE: &str = "₦1,842,500.75";
const READING: [&str; 2] = ["profile:read", "wallet:read"];

/// On the control page, which the window's banner opens: the preset's button.
async fn preset(world: &mut World, name: &str) -> Result<()> {
    control_page(world).await?;
    world.browser.click(&format!("button[name=preset][value={name}]")).await?;
    world.browser.wait_for("#issued").await
}

async fn control_page(world: &mut World) -> Result<()> {
    world.window()?.click("sandbox-control").await?;
    world.browser.next_tab().await?;
    world.browser.wait_for("#issued").await
}

/// The control page's "Expire access tokens".
async fn expire(world: &mut World) -> Result<()> {
    control_page(world).await?;
    world.browser.click("button[name=action][value=expire]").await?;
    until("the access tokens to expire", async || {
        Ok(world.sandbox.state().await?.grants.iter().all(|grant| !grant.alive || grant.access_expires_in_s == 0).then_some(()))
    })
    .await
}

/// Exercise 1, steps 1 and 2.
async fn connect_ada(world: &mut World) -> Result<()> {
    world.ask(&["profile", "wallet", "send"]).await?;
    world.window()?.click("confirm-ask").await?;
    world.browser.next_tab().await?;
    world.browser.reach_consent("ada").await?;
    world.browser.tick(&READING).await?;
    world.picture_of_browser("1-consent").await?;
    world.browser.click("button[name=decision][value=allow]").await?;
    world.finish().await?;
    world.window()?.shows("naira-balance").await
}

async fn balance(world: &World, wanted: &str) -> Result<()> {
    until(&format!("the balance {wanted}"), async || Ok((world.window()?.text("naira-balance").await? == wanted).then_some(()))).await
}

#[tokio::test]
async fn exercise_1_a_partial_grant() -> Result<()> {
    World::with("exercise-1", Setup::default(), async |world| {
        connect_ada(world).await?;

        let window = world.window()?;
        ensure!(window.text("account-0").await?.contains("Ada Okafor"));
        window.attribute("account-health", "data-kind", "connected").await?;
        world.features(&[("profile", "enabled"), ("wallet", "enabled"), ("send", "declined")]).await?;
        balance(world, BALANCE).await?;
        let declined = window.text("feature-send").await?;
        ensure!(declined.contains("Declined") && declined.contains("Ask again") && !declined.contains("Enabled"), "{declined}");
        let buttons = "return document.querySelectorAll(\"[data-testid='feature-send'] [data-testid^='ask-']\").length";
        ensure!(window.script(buttons).await? == 1, "one button changes it");
        for feature in ["kyc", "deposit", "withdraw", "bills", "swap", "offramp"] {
            world.features(&[(feature, "not_asked")]).await?;
            let text = world.window()?.text(&format!("feature-{feature}")).await?;
            ensure!(text.contains("Not asked for yet") && !text.contains("Declined"), "{text}");
        }
        let state = world.sandbox.state().await?;
        ensure!(state.granted_by("ada") == READING, "{:?}", state.grants);
        ensure!(state.counters.code_exchanges == 1, "{:?}", state.counters);
        ensure!(state.counters.forbidden == 0, "something was called without its scope: {:?}", state.counters);
        window.script("document.querySelector(\"[data-testid='feature-send']\").scrollIntoView({block: 'center'})").await?;
        world.picture_of_window("1-declined").await
    })
    .await
}

#[tokio::test]
async fn exercise_2_reconnect_for_one_scope() -> Result<()> {
    World::with("exercise-2", Setup::default(), async |world| {
        connect_ada(world).await?;
        preset(world, "separate_tokens").await?;
        world.ask_more("send").await?;
        world.browser.reach_consent("ada").await?;
        ensure!(world.browser.offered().await? == ["wallet:send"], "more than the one scope is shown");
        world.browser.wait_for("[data-testid=sensitive] .warning").await?;
        world.picture_of_browser("2-only-the-new-scope").await?;
        world.browser.allow(&["wallet:send"]).await?;
        // A token for this scope alone says nothing of whose it is.
        let window = world.window()?;
        ensure!(window.text("stage-decide").await?.contains("Who approved?"));
        window.click("decide-merge").await?;
        window.lacks("stage-decide").await?;
        world.finish().await?;

        world.features(&[("profile", "enabled"), ("wallet", "enabled"), ("send", "enabled")]).await?;
        ensure!(!world.window()?.has("account-1").await?, "it became another account");
        let alive = async |world: &World| -> Result<usize> {
            Ok(world.sandbox.state().await?.grants.into_iter().filter(|grant| grant.alive).count())
        };
        ensure!(alive(world).await? == 2, "each approval is a grant of its own");
        expire(world).await?;
        let refreshes = world.sandbox.state().await?.counters.refreshes;
        world.window()?.click("refresh").await?;
        until("a refresh", async || Ok((world.sandbox.state().await?.counters.refreshes > refreshes).then_some(()))).await?;
        balance(world, BALANCE).await?;
        world.window()?.attribute("account-health", "data-kind", "connected").await?;

        preset(world, "cumulative_tokens").await?;
        world.ask_more("kyc").await?;
        world.browser.reach_consent("ada").await?;
        ensure!(world.browser.offered().await? == ["kyc:read"]);
        world.browser.allow(&["kyc:read"]).await?;
        world.finish().await?;
        world.features(&[("profile", "enabled"), ("wallet", "enabled"), ("send", "enabled"), ("kyc", "enabled")]).await?;
        until("one grant to be left alive", async || Ok((alive(world).await? == 1).then_some(()))).await?;
        world.window()?.click("refresh").await?;
        balance(world, BALANCE).await?;
        control_page(world).await?;
        world.picture_of_browser("2-one-grant-is-left").await?;
        ensure!(world.sandbox.state().await?.counters.forbidden == 0);
        Ok(())
    })
    .await
}

/// The control page's plan: Tunde, everything.
async fn plan_tunde(world: &mut World) -> Result<()> {
    control_page(world).await?;
    world.browser.choose("select[name=next_user]", "tunde").await?;
    world.browser.choose("select[name=allow]", "all").await?;
    world.browser.click("button[name=action][value=next]").await?;
    world.browser.wait_for("ol.plan").await
}

/// Ada is the one who is signed in; the page opens as Tunde all the same.
async fn allow_as_tunde(world: &World) -> Result<()> {
    world.browser.wait_for("[data-testid=planned]").await?;
    ensure!(world.browser.page().await?.1.contains("Tunde Bello"));
    world.browser.click("button[name=decision][value=allow]").await
}

/// "Discard it": the account is alone again, and what Tunde granted is revoked.
async fn discard(world: &World) -> Result<()> {
    let window = world.window()?;
    window.click("decide-discard").await?;
    window.lacks("stage-decide").await?;
    if window.has("dismiss").await? {
        window.click("dismiss").await?;
    }
    window.shows("account-health").await?;
    ensure!(!window.has("account-1").await?);
    until("the other person's grant to be revoked", async || Ok(world.sandbox.state().await?.granted_by("tunde").is_empty().then_some(())))
        .await
}

#[tokio::test]
async fn exercise_3_the_wrong_person_approves() -> Result<()> {
    World::with("exercise-3", Setup::default(), async |world| {
        connect_ada(world).await?;
        let before = world.keychain()?.into_iter().map(|item| item.secret).collect::<Vec<_>>();
        plan_tunde(world).await?;
        world.ask_more("kyc").await?;
        allow_as_tunde(world).await?;
        let window = world.window()?;
        ensure!(window.text("stage-decide").await?.contains("Who approved?"), "the tier alone doesn't say whose it is");
        discard(world).await?;
        world.features(&[("profile", "enabled"), ("wallet", "enabled"), ("send", "declined"), ("kyc", "not_asked")]).await?;
        world.window()?.attribute("account-health", "data-kind", "connected").await?;
        control_page(world).await?;
        ensure!(world.browser.page().await?.1.contains("revoked by the app"));
        ensure!(world.sandbox.state().await?.granted_by("ada") == READING);
        let after = world.keychain()?.into_iter().map(|item| item.secret).collect::<Vec<_>>();
        ensure!(after == before, "the stored grant changed");

        preset(world, "revoked").await?;
        world.window()?.click("refresh").await?;
        world.window()?.attribute("account-health", "data-kind", "needs_reconnect").await?;
        plan_tunde(world).await?;
        world.window()?.click("reconnect").await?;
        world.browser.next_tab().await?;
        allow_as_tunde(world).await?;
        let window = world.window()?;
        let said = window.text("stage-decide").await?;
        ensure!(said.contains("Somebody else approved") && said.contains("Tunde Bello") && said.contains("Ada Okafor"), "{said}");
        window.shows("decide-add_as_account").await?;
        world.picture_of_window("3-somebody-else").await?;
        discard(world).await?;
        world.window()?.attribute("account-health", "data-kind", "needs_reconnect").await?;
        world.features(&[("profile", "lost"), ("wallet", "lost"), ("send", "declined")]).await
    })
    .await
}

#[tokio::test]
async fn exercise_4_revoked_at_monei() -> Result<()> {
    World::with("exercise-4", Setup::default(), async |world| {
        connect_ada(world).await?;
        let label = world.window()?.text("account-0").await?.lines().next().unwrap_or_default().to_owned();
        control_page(world).await?;
        world.browser.click("a[href='/settings/apps']").await?;
        world.picture_of_browser("4-connected-apps").await?;
        world.browser.click("button[name=revoke]").await?;
        world.browser.wait_for("[data-testid=no-apps]").await?;
        let calls = world.sandbox.state().await?;
        world.window()?.click("refresh").await?;

        let window = world.window()?;
        window.attribute("account-health", "data-kind", "needs_reconnect").await?;
        window.shows("problem-access_revoked").await?;
        world.features(&[("profile", "lost"), ("wallet", "lost"), ("send", "declined")]).await?;
        window.lacks("naira-balance").await?;
        world.picture_of_window("4-needs-reconnecting").await?;
        ensure!(world.keychain()?.iter().all(|item| !item.secret.contains("mct_")), "revoked tokens are still stored");
        let after = world.sandbox.state().await?;
        let more = |path: &str| after.answers(path, 401) - calls.answers(path, 401);
        ensure!((more("/connect/token"), more("/user/me") + more("/wallet/me") + more("/transactions")) == (1, 1), "{:?}", after.counters);

        window.click("reconnect").await?;
        world.browser.next_tab().await?;
        world.browser.reach_consent("ada").await?;
        let mut offered = world.browser.offered().await?;
        offered.sort();
        ensure!(offered == READING, "every scope anew: {offered:?}");
        world.browser.allow(&READING).await?;
        world.finish().await?;
        let window = world.window()?;
        window.attribute("account-health", "data-kind", "connected").await?;
        balance(world, BALANCE).await?;
        ensure!(window.text("account-0").await?.starts_with(&label) && !window.has("account-1").await?);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn exercise_5_monei_is_busy_then_down() -> Result<()> {
    World::with("exercise-5", Setup::default(), async |world| {
        connect_ada(world).await?;
        expire(world).await?;
        preset(world, "busy").await?;
        let busy = async |world: &World| -> Result<u64> {
            let state = world.sandbox.state().await?;
            Ok(["/user/me", "/wallet/me", "/transactions", "/connect/token"].iter().map(|path| state.answers(path, 429)).sum())
        };
        let asked = std::time::Instant::now();
        world.window()?.click("refresh").await?;
        let window = world.window()?;
        window.shows("problem-busy").await?;
        let said = window.text("problem-busy").await?;
        ensure!(said.lines().last().is_some_and(|line| line.starts_with("Try again in 0:0")), "{said}");
        let counted = busy(world).await?;
        ensure!(counted == 1, "{counted} calls were answered 429 by one look");
        window.click("refresh").await?;
        world.picture_of_window("5-busy").await?;
        // Monei's Retry-After is 8 seconds. After that the program may poll again by itself.
        let mut most = counted;
        while asked.elapsed() < Duration::from_secs(7) {
            most = busy(world).await?;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        ensure!(most == counted, "Monei was called before its Retry-After had passed: {most} and not {counted} calls were answered 429");
        until("the seconds to be over", async || Ok((!window.text("problem-busy").await?.contains("Try again in")).then_some(()))).await?;

        preset(world, "normal").await?;
        world.window()?.click("refresh").await?;
        world.window()?.lacks("problem-busy").await?;
        balance(world, BALANCE).await?;

        preset(world, "outage").await?;
        world.window()?.click("refresh").await?;
        let window = world.window()?;
        window.attribute("account-health", "data-kind", "unreachable").await?;
        world.features(&[("profile", "enabled"), ("wallet", "enabled"), ("send", "declined")]).await?;
        ensure!(!window.has("reconnect").await?, "nobody is asked to reconnect");
        world.picture_of_window("5-outage").await?;
        preset(world, "normal").await?;
        world.window()?.click("refresh").await?;
        world.window()?.attribute("account-health", "data-kind", "connected").await?;
        balance(world, BALANCE).await?;
        ensure!(world.sandbox.state().await?.counters.code_exchanges == 1, "there was another approval");
        Ok(())
    })
    .await
}
