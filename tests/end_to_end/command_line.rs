//! `moneictl` as a person uses it in a terminal, beside the window and without it.

use anyhow::{Context as _, Result, ensure};
use e2e::{Setup, World, free_port, until};
use serde_json::Value;

const APART: Setup = Setup { trace: false, sample: false, apart: true, accessible: false };

/// What `words` answer on standard output, with the exit code.
fn json(world: &World, words: &[&str]) -> Result<(Option<i32>, Value)> {
    let output = world.command_line(words)?;
    let text = String::from_utf8_lossy(&output.stdout);
    let value = serde_json::from_str(&text).with_context(|| format!("{words:?}: {text} {}", String::from_utf8_lossy(&output.stderr)))?;
    Ok((output.status.code(), value))
}

#[tokio::test]
async fn an_account_that_was_connected_in_a_terminal_is_in_the_window_and_can_be_disconnected_again() -> Result<()> {
    World::with("command-line", APART, async |world| {
        let mut terminal = world.terminal(&["connect", "--scopes", "profile:read,wallet:read,kyc:read"])?;
        terminal.shows("Sandbox operator").await?;
        terminal.types("y")?;
        world.browser.next_tab().await?;
        world.browser.reach_consent("ada").await?;
        world.browser.allow(&["profile:read", "wallet:read"]).await?;
        terminal.shows("Is that you?").await?;
        terminal.types("y")?;
        terminal.shows("Declined: kyc:read").await?;
        terminal.ends_with(0).await?;
        ensure!(world.keychain()?.len() == 1);

        // The window, which is open all the while, finds it when somebody looks.
        world.window()?.shows("account-0").await?;

        let (code, told) = json(world, &["status", "--check", "--json"])?;
        let account = &told["accounts"][0];
        ensure!((code, account["health"].as_str()) == (Some(0), Some("connected")), "{told:#}");
        ensure!(account["granted"].as_array().is_some_and(|granted| granted.len() == 2), "{told:#}");
        let declined = account["permissions"].as_array().into_iter().flatten().find(|one| one["state"] == "declined");
        ensure!(declined.is_some_and(|one| one["scope"] == "kyc:read"), "{told:#}");

        // Asked for alone, and allowed by the same person: no question is left.
        let mut terminal = world.terminal(&["reconnect", "1", "--scopes", "kyc:read"])?;
        world.browser.next_tab().await?;
        world.browser.reach_consent("ada").await?;
        ensure!(world.browser.offered().await? == ["kyc:read"]);
        world.browser.allow(&["kyc:read"]).await?;
        terminal.shows("Granted: kyc:read").await?;
        terminal.ends_with(0).await?;

        // Nobody is asked without a terminal, so nothing happens.
        let refused = world.command_line(&["disconnect", "--all"])?;
        ensure!(refused.status.code() == Some(7), "{refused:?}");
        ensure!(world.sandbox.state().await?.granted_by("ada").len() == 3);
        let refused = world.command_line(&["set-aside", "1", "wallet:read", "--end"])?;
        ensure!(refused.status.code() == Some(7), "{refused:?}");
        let (_, told) = json(world, &["status", "--json"])?;
        let wallet = told["accounts"][0]["permissions"].as_array().into_iter().flatten().find(|one| one["scope"] == "wallet:read");
        ensure!(wallet.is_some_and(|one| one["state"] == "granted"), "{told:#}");
        world.sandbox.fail("revoke", 500, 20).await?;
        let unconfirmed = world.command_line(&["disconnect", "--all", "--yes"])?;
        let said = String::from_utf8_lossy(&unconfirmed.stderr);
        ensure!(unconfirmed.status.code() == Some(7) && said.contains("Monei didn’t answer.") && said.contains("--remove"), "{said}");
        world.sandbox.mend().await?;
        let ended = world.command_line(&["disconnect", "--all", "--yes"])?;
        ensure!(ended.status.success(), "{ended:?}");
        ensure!(world.sandbox.state().await?.granted_by("ada").is_empty() && world.keychain()?.is_empty());
        world.window()?.lacks("account-0").await?;
        let (_, told) = json(world, &["activity", "--json"])?;
        ensure!(told["activity"][0]["kind"] == "disconnected" && told["activity"][0]["confirmed"] == true, "{told:#}");
        ensure!(world.sandbox.state().await?.counters.forbidden == 0);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_call_is_made_only_with_a_permission_that_the_person_gave_in_a_terminal_and_until_it_is_taken_back() -> Result<()> {
    World::with("command-line-api", APART, async |world| {
        world.connect("ada", &["profile", "wallet"], &["profile:read", "wallet:read"]).await?;
        let calls = async |path: &str| -> Result<u64> {
            let state = world.sandbox.state().await?;
            Ok(state.counters.requests.iter().filter(|row| row.path.ends_with(path)).map(|row| row.count).sum())
        };
        let wallet = ["api", "/solana/address"];
        let before = calls("/solana/address").await?;
        for (refused, code) in [
            (&wallet[..], 7),
            (&["api", "/kyc/status"], 4),
            (&["api", "POST", "/wallet/payout/transfer"], 4),
            (&["api", "/nowhere"], 2),
            (&["api", "POST", "/wallet/deposit/payment-link", "--paginate"], 2),
        ] {
            let output = world.command_line(refused)?;
            ensure!(output.status.code() == Some(code) && output.stdout.is_empty(), "{refused:?}: {output:?}");
        }
        ensure!(calls("/solana/address").await? == before, "called without the person's yes");

        let mut terminal = world.terminal(&wallet)?;
        terminal.shows("during the next twelve hours?").await?;
        terminal.types("y")?;
        terminal.ends_with(0).await?;
        ensure!(calls("/solana/address").await? == before + 1);
        // From now on scripts can, too, with this permission.
        let (code, told) = json(world, &["api", "/api/v1/wallet/me"])?;
        ensure!(code == Some(0) && told.is_object(), "{told:#}");
        let pages = |words: &[&str]| -> Result<Vec<String>> {
            let output = world.command_line(&[&["api"][..], words, &["--paginate"]].concat())?;
            let said = String::from_utf8_lossy(&output.stderr);
            ensure!(output.status.success() && !said.contains("whether another page follows"), "{words:?}: {output:?}");
            Ok(String::from_utf8(output.stdout)?.lines().map(str::to_owned).collect())
        };
        let transactions = ["/transactions", "--field", "limit=10"];
        let (all, later) = (pages(&transactions)?, pages(&[&transactions[..], &["--field", "page=2"]].concat())?);
        ensure!(all.len() > 2 && later == all[1..], "{} {}", all.len(), later.len());
        ensure!(pages(&["/offramp/ledger/history", "--field", "limit=3"])?.len() == 3, "Ada has seven sales");
        let single = world.command_line(&["api", "/solana/address", "--paginate"])?;
        ensure!(single.status.success() && String::from_utf8_lossy(&single.stderr).contains("whether another page follows"), "{single:?}");
        let other = world.command_line(&["api", "/user/me"])?;
        ensure!(other.status.code() == Some(7) && other.stdout.is_empty(), "another permission: {other:?}");

        let (_, told) = json(world, &["app", "list", "--json"])?;
        let own = told["apps"][0]["app"].as_str().context("an app")?.to_owned();
        ensure!(told["apps"][0]["scopes"] == serde_json::json!(["wallet:read"]) && own.starts_with("moneictl for "), "{told:#}");
        let (_, told) = json(world, &["app", "log", &own, "--json"])?;
        ensure!(told["uses"].as_array().is_some_and(|uses| uses.iter().any(|row| row["endpoint"] == "GET /wallet/me")), "{told:#}");
        ensure!(world.command_line(&["app", "remove", &own])?.status.success());
        ensure!(world.command_line(&wallet)?.status.code() == Some(7), "it was taken back");

        // Another program: the key alone on standard output, and nothing that spends.
        let added = world.command_line(&["app", "add", "Budget sheet", "--scopes", "wallet:read", "--until", "today"])?;
        let key = String::from_utf8_lossy(&added.stdout).trim().to_owned();
        ensure!(added.status.success() && key.starts_with("mcl_") && key.len() == 47, "{}", String::from_utf8_lossy(&added.stderr));
        ensure!(!String::from_utf8_lossy(&added.stderr).contains(&key));
        let spending = world.command_line(&["app", "add", "Payer", "--scopes", "wallet:send"])?;
        ensure!(spending.status.code() == Some(7) && spending.stdout.is_empty(), "{spending:?}");

        // It is served without the window, too, until it is taken back.
        world.quit().await?;
        let serving = world.terminal(&["serve"])?;
        serving.shows("http://127.0.0.1:").await?;
        let address = String::from_utf8(world.command_line(&["app", "url"])?.stdout)?.trim().to_owned();
        let http = reqwest::Client::builder().no_proxy().build()?;
        let read =
            async || http.get(format!("{address}/api/v1/wallet/me")).header("X-API-KEY", &key).send().await.map(|answer| answer.status());
        ensure!(read().await? == 200);
        ensure!(!serving.said().contains(&key));
        ensure!(world.command_line(&["app", "remove", "Budget sheet"])?.status.success());
        until("the end of the key", async || Ok((!read().await.is_ok_and(|status| status == 200)).then_some(()))).await?;
        ensure!(world.sandbox.state().await?.counters.forbidden == 0);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn transactions_are_written_to_a_new_file_alone_and_only_where_the_account_allows_its_history() -> Result<()> {
    World::with("command-line-export", APART, async |world| {
        world.connect("ada", &["profile", "wallet"], &["profile:read", "wallet:read"]).await?;
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("all.json");
        let path = file.to_str().context("a path")?;
        let written = world.command_line(&["export", "--output", path])?;
        ensure!(written.status.success() && written.stdout.is_empty(), "{written:?}");
        let all: Value = serde_json::from_str(&std::fs::read_to_string(&file)?)?;
        ensure!(all["transactions"].as_array().is_some_and(|rows| rows.len() == 42), "{all:#}");

        // What is there stays as it is.
        let again = world.command_line(&["export", "--output", path, "--type", "credit"])?;
        ensure!(again.status.code() == Some(2) && again.stdout.is_empty(), "{again:?}");
        ensure!(serde_json::from_str::<Value>(&std::fs::read_to_string(&file)?)? == all);

        // Without a file it goes to standard output, and the filter is Monei's.
        let credits = world.command_line(&["export", "--format", "json", "--type", "credit"])?;
        let credits: Value = serde_json::from_slice(&credits.stdout)?;
        let credits = credits["transactions"].as_array().context("a list")?;
        ensure!(!credits.is_empty() && credits.len() < 42 && credits.iter().all(|row| row["direction"] == "in"), "{credits:#?}");
        let table = world.command_line(&["export"])?;
        ensure!(table.status.success() && String::from_utf8(table.stdout)?.lines().count() == 43);
        for (wrong, code) in [(&["export", "--from", "yesterday"][..], 2), (&["export", "--output", "/nowhere/at/all.csv"], 1)] {
            let refused = world.command_line(wrong)?;
            ensure!(refused.status.code() == Some(code) && refused.stdout.is_empty(), "{wrong:?}: {refused:?}");
            // The file that was named, and not one beside it.
            let said = String::from_utf8_lossy(&refused.stderr);
            ensure!(!said.contains(".tmp") && (code == 2 || said.contains("/nowhere/at/all.csv can't be written")), "{said}");
        }

        world.sandbox.revoke("ada").await?;
        let revoked = world.command_line(&["export"])?;
        ensure!(revoked.status.code() == Some(3) && revoked.stdout.is_empty(), "{revoked:?}");
        ensure!(world.sandbox.state().await?.counters.forbidden == 0);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn over_ssh_the_link_is_printed_and_the_answer_comes_to_the_port_that_was_forwarded() -> Result<()> {
    World::with("command-line-ssh", APART, async |world| {
        let port = free_port()?.to_string();
        let mut terminal = world.terminal(&["connect", "--no-browser", "--port", &port])?;
        terminal.shows("Use it?").await?;
        terminal.types("y")?;
        let link = until("the link in the terminal", async || {
            let said = terminal.said();
            let link = said.lines().find(|line| line.starts_with("http://")).map(|line| line.trim().to_owned());
            Ok(link.filter(|link| said.contains(&format!("{link}\r\n\r\n"))))
        })
        .await?;
        ensure!(link.contains(&format!("127.0.0.1%3A{port}")), "{link}");
        ensure!(world.browser.opened()?.is_empty(), "a browser was opened");
        // The person's own browser, which the terminal has nothing to do with.
        let mut opener = world.session.command("xdg-open").arg(&link).spawn()?;
        world.browser.next_tab().await?;
        world.browser.reach_consent("tunde").await?;
        world.browser.allow(&["profile:read"]).await?;
        terminal.shows("Is that you?").await?;
        terminal.types("n")?;
        opener.kill()?;
        opener.wait()?;
        terminal.ends_with(7).await?;
        ensure!(world.sandbox.state().await?.granted_by("tunde").is_empty() && world.keychain()?.is_empty());
        let (_, told) = json(world, &["accounts", "--json"])?;
        ensure!(told["accounts"].as_array().is_some_and(Vec::is_empty), "{told:#}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn each_failure_has_its_exit_code_and_one_line_that_says_what_to_do() -> Result<()> {
    World::with("command-line-failures", APART, async |world| {
        let nobody = world.command_line(&["connect", "--no-browser"])?;
        let (unknown, usage) = (world.command_line(&["status", "--account", "nobody"])?, world.command_line(&["conect"])?);
        for (output, code, word) in [(nobody, 7, "terminal"), (unknown, 2, "moneictl accounts"), (usage, 2, "connect")] {
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            ensure!(output.status.code() == Some(code) && said.contains(word) && output.stdout.is_empty(), "{output:?}");
        }
        // The person agrees to the service; then there is no keychain.
        let mut terminal = world.terminal(&["connect", "--no-browser"])?;
        terminal.types("y")?;
        terminal.shows("Open this link").await?;
        drop(terminal);
        let mut terminal = {
            world.session.set("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent");
            world.terminal(&["connect", "--no-browser"])?
        };
        terminal.ends_with(5).await?;
        ensure!(terminal.said().contains("D-Bus"), "{}", terminal.said());
        // What is known without the keychain is told all the same.
        ensure!(world.command_line(&["accounts"])?.status.success());
        Ok(())
    })
    .await
}
