//! Another program of the person: it asks to be allowed, uses what it was given, and is narrowed and taken back in the window.

use anyhow::{Context as _, Result, ensure};
use e2e::{Setup, World, until};
use serde_json::{Value, json};

/// What `curl` is answered on the program's socket: the status and the body.
pub(crate) fn call(world: &World, key: Option<&str>, method: &str, path: &str, body: Option<Value>) -> Result<(u16, Value)> {
    let socket = world.session.folder().join("run/monei-connections/api.sandbox.sock").display().to_string();
    let mut words = vec!["--silent", "--show-error", "--unix-socket", &socket, "--request", method, "--write-out", "\n%{http_code}"];
    let header = key.map(|key| format!("X-API-KEY: {key}"));
    let body = body.map(|body| body.to_string());
    let address = format!("http://localhost{path}");
    if let Some(header) = &header {
        words.extend(["--header", header]);
    }
    if let Some(body) = &body {
        words.extend(["--header", "Content-Type: application/json", "--data", body]);
    }
    words.push(&address);
    let output = world.session.run("curl", &words)?;
    let said = String::from_utf8(output.stdout)?;
    let (body, status) = said.rsplit_once('\n').with_context(|| String::from_utf8_lossy(&output.stderr).into_owned())?;
    Ok((status.parse()?, serde_json::from_str(body).with_context(|| body.to_owned())?))
}

/// The sentence that a refused call gets.
fn sentence((status, body): &(u16, Value)) -> Result<(u16, &str)> {
    Ok((*status, body["message"].as_str().context("a sentence")?))
}

/// Asks to be allowed under `name`, and answers by which the key is fetched.
pub(crate) async fn ask(world: &World, name: &str, permissions: &[&str]) -> Result<String> {
    let (status, asked) = until("the program's socket", async || {
        call(world, None, "POST", "/connect/pair", Some(json!({"name": name, "permissions": permissions}))).map(Some)
    })
    .await?;
    ensure!(status == 202, "{status}: {asked}");
    Ok(format!("/connect/pair/{}", asked["pairing"].as_str().context("a pairing")?))
}

#[tokio::test]
async fn a_program_that_asks_gets_what_the_person_chooses_until_it_is_narrowed_or_taken_back() -> Result<()> {
    World::with("apps", Setup::default(), async |world| {
        world.connect("ada", &["profile", "wallet", "kyc"], &["profile:read", "wallet:read", "kyc:read"]).await?;
        let window = world.window()?;

        // Closing the dialog denies, and gives nothing.
        let pairing = ask(world, "Nosy", &["profile:read"]).await?;
        window.click("deny-request").await?;
        let denied = call(world, None, "GET", &pairing, None)?;
        ensure!(sentence(&denied)?.0 == 403, "{denied:?}");

        // The person leaves out one of the three that it asks for.
        let pairing = ask(world, "Budget sheet", &["profile:read", "wallet:read", "kyc:read"]).await?;
        let asked = window.text("pairing").await?;
        ensure!(asked.contains("“\u{2068}Budget sheet\u{2069}”") || asked.contains("Budget sheet"), "{asked}");
        ensure!(asked.contains("curl"), "the program that asks: {asked}");
        world.picture_of_window("apps-pairing").await?;
        window.choose("give-profile", true).await?;
        window.choose("give-wallet", true).await?;
        window.click("allow-request").await?;
        let (status, given) = call(world, None, "GET", &pairing, None)?;
        ensure!(status == 200 && given["permissions"] == json!(["profile:read", "wallet:read"]), "{status}: {given}");
        let key = given["key"].as_str().context("a key")?.to_owned();
        ensure!(call(world, None, "GET", &pairing, None)?.0 == 410, "the key is given once");

        let balance = call(world, Some(&key), "GET", "/api/v1/wallet/me", None)?;
        ensure!(balance.0 == 200 && balance.1["statusCode"] != 403, "{balance:?}");
        let refused = call(world, Some(&key), "GET", "/api/v1/kyc/status", None)?;
        ensure!(sentence(&refused)? == (403, "The app \"Budget sheet\" wasn't given the permission kyc:read. Give it to the app in Monei Connections, on the Apps page."), "{refused:?}");

        // The window tells what it did, and takes one permission away.
        window.click("nav-apps").await?;
        window.click("app-log").await?;
        until("the program's calls in the window", async || {
            Ok(window.text("app-log-lines").await?.contains("Your balance and wallets").then_some(()))
        })
        .await?;
        window.click("change-app").await?;
        world.picture_of_window("apps").await?;
        window.click("narrow-wallet:read").await?;
        window.lacks("narrow-wallet:read").await?;
        let narrowed = call(world, Some(&key), "GET", "/api/v1/wallet/me", None)?;
        ensure!(sentence(&narrowed)?.1.contains("wasn't given the permission wallet:read"), "{narrowed:?}");
        ensure!(call(world, Some(&key), "GET", "/api/v1/user/me", None)?.0 == 200, "the rest still works");

        window.click("take-back").await?;
        window.click("take-back-now").await?;
        window.shows("no-apps").await?;
        let over = call(world, Some(&key), "GET", "/api/v1/user/me", None)?;
        ensure!(sentence(&over)? == (401, "Monei Connections doesn't know this app key, or what it was for has ended. Allow the app again in Monei Connections, on the Apps page."), "{over:?}");

        // One that the person allows by themselves: its key goes to the clipboard and never through the web view.
        window.click("allow-an-app").await?;
        window.click("app-name").await?;
        window.script("const name = document.querySelector('[data-testid=app-name]'); name.value = 'Script'; name.dispatchEvent(new Event('input'))").await?;
        window.choose("give-profile", true).await?;
        window.pick("app-until", "today").await?;
        window.click("allow-app").await?;
        window.shows("app").await?;
        let copied = world.session.run("xclip", &["-selection", "clipboard", "-out"])?;
        let copied = String::from_utf8(copied.stdout)?;
        ensure!(copied.starts_with("mcl_") && call(world, Some(&copied), "GET", "/api/v1/user/me", None)?.0 == 200, "the copied key");
        let at = std::time::Instant::now();
        for message in window.messages().await? {
            ensure!(!message.contains("mcl_"), "a key crosses the web view: {message:.60}");
        }
        ensure!(world.sandbox.state().await?.counters.forbidden == 0);

        // It is off the clipboard after a minute, and not before; it still works.
        let on_clipboard = || -> Result<bool> {
            let shown = world.session.run("xclip", &["-selection", "clipboard", "-out"])?;
            Ok(String::from_utf8_lossy(&shown.stdout).contains("mcl_"))
        };
        while on_clipboard()? {
            ensure!(at.elapsed() < std::time::Duration::from_secs(75), "the key stays on the clipboard");
            tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        }
        ensure!(at.elapsed() > std::time::Duration::from_secs(50), "the key was gone after {:?}", at.elapsed());
        ensure!(call(world, Some(&copied), "GET", "/api/v1/user/me", None)?.0 == 200, "the key ended with the clipboard");
        Ok(())
    })
    .await
}

/// What a program's payment is answered, while the person is at the window.
pub fn pay(world: &World, key: &str, amount: u32) -> Result<std::process::Child> {
    let socket = world.session.folder().join("run/monei-connections/api.sandbox.sock");
    let body = json!({"receiver": "tunde.bello@example.net", "amount": amount, "transactionPin": "0000"}).to_string();
    let mut command = world.session.command("curl");
    command.args([
        "--silent",
        "--write-out",
        "\n%{http_code} %header{connect-reason}",
        "--request",
        "POST",
        "--data",
        &body,
        "--unix-socket",
    ]);
    command.arg(socket).args(["--header", &format!("X-API-KEY: {key}"), "http://localhost/api/v1/wallet/payout/transfer"]);
    Ok(command.stdout(std::process::Stdio::piped()).spawn()?)
}

/// Status and reason of such a call.
pub fn answered(call: std::process::Child) -> Result<String> {
    let said = String::from_utf8(call.wait_with_output()?.stdout)?;
    Ok(said.lines().last().context("an answer")?.trim().to_owned())
}

#[tokio::test]
async fn a_payment_is_sent_once_when_the_person_confirms_it_in_its_own_window_and_not_at_all_when_they_close_it() -> Result<()> {
    World::with("paying", Setup { apart: true, ..Setup::default() }, async |world| {
        world.connect("ada", &["profile"], &["profile:read"]).await?;
        world.ask_more("send").await?;
        world.browser.reach_consent("ada").await?;
        world.browser.allow(&["wallet:send"]).await?;
        world.finish().await?;
        let window = world.window()?;
        let pairing = ask(world, "Bill payer", &["wallet:send"]).await?;
        window.choose("give-send", true).await?;
        window.click("allow-request").await?;
        let (_, given) = call(world, None, "GET", &pairing, None)?;
        let key = given["key"].as_str().context("a key")?.to_owned();
        let calls = async || -> Result<u64> {
            let rows = world.sandbox.state().await?.counters.requests;
            Ok(rows.iter().filter(|row| row.path.ends_with("/wallet/payout/transfer")).map(|row| row.count).sum())
        };

        // Said no to.
        let refused = pay(world, &key, 250)?;
        window.to_confirmation().await?;
        window.click_last("confirm-deny").await?;
        window.back().await?;
        ensure!(answered(refused)? == "403 confirmation_denied");
        ensure!(calls().await? == 0, "sent without a yes");

        // Said yes to: one sentence, the PIN typed there, and not before a second has passed.
        let paid = pay(world, &key, 250)?;
        window.to_confirmation().await?;
        let sentence = window.text("confirm-sentence").await?;
        let plain: String = sentence.chars().filter(|letter| !matches!(letter, '\u{2068}' | '\u{2069}')).collect();
        ensure!(plain == "“Bill payer” wants to send ₦250.00 to tunde.bello@example.net, from Ada Okafor.", "{plain}");
        window.script("window.__TAURI_INTERNALS__.invoke('state').catch((error) => { window.__refused = String(error); })").await?;
        window.types("confirm-pin", "2468").await?;
        world.picture_of_window("confirm").await?;
        let refused = until("the other window's commands to be refused", async || {
            Ok(window.script("return window.__refused").await?.as_str().map(str::to_owned))
        })
        .await?;
        ensure!(refused.contains("not allowed"), "{refused}");
        window.click_last("confirm-allow").await?;
        window.back().await?;
        // A slow window's yes comes after the call has ended: then the program asks again.
        let status = match answered(paid)? {
            late if late == "403 confirmation_needed" => answered(pay(world, &key, 250)?)?,
            status => status,
        };
        ensure!(status == "200" || status == "201", "{status}");
        ensure!(calls().await? == 1);
        // The same again is told and not sent.
        ensure!(answered(pay(world, &key, 250)?)? == status && calls().await? == 1);

        // In a terminal: the window asks whether it may, and then about the payment. What it was given is taken back.
        let fields = ["--field", "receiver=tunde.bello@example.net", "--field", "amount=300"];
        let mut terminal = world.terminal(&[&["api", "POST", "/wallet/payout/transfer"][..], &fields].concat())?;
        window.choose("give-send", true).await?;
        window.click("allow-request").await?;
        window.to_confirmation().await?;
        window.types("confirm-pin", "2468").await?;
        window.click_last("confirm-allow").await?;
        window.back().await?;
        terminal.ends_with(0).await?;
        ensure!(calls().await? == 2);
        let allowed = || -> Result<usize> {
            let listed = String::from_utf8(world.command_line(&["app", "list", "--json"])?.stdout)?;
            let told: Value = serde_json::from_str(&listed)?;
            Ok(told["apps"].as_array().context("apps")?.iter().filter(|app| app["allowed"] == true).count())
        };
        ensure!(allowed()? == 1);

        // Ctrl-C while the person is asked about the payment: what it was given is taken back at once, and a yes after that sends nothing.
        let fields = ["--field", "receiver=tunde.bello@example.net", "--field", "amount=400"];
        let mut terminal = world.terminal(&[&["api", "POST", "/wallet/payout/transfer"][..], &fields].concat())?;
        window.choose("give-send", true).await?;
        window.click("allow-request").await?;
        window.to_confirmation().await?;
        ensure!(allowed()? == 2, "it isn't allowed while it asks");
        terminal.types("\u{3}")?;
        terminal.ends_with(7).await?;
        ensure!(allowed()? == 1, "what it was given stays");
        window.types("confirm-pin", "2468").await?;
        window.click_last("confirm-allow").await?;
        window.back().await?;
        ensure!(calls().await? == 2, "sent for nobody");

        window.click("nav-activity").await?;
        until("the payment in the history", async || Ok(window.text("activity").await?.contains("paid from").then_some(()))).await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn moneis_own_python_package_asks_reads_pays_once_and_fails_with_a_helpful_sentence_once_its_key_is_taken_back() -> Result<()> {
    World::with("assistant", Setup { apart: true, ..Setup::default() }, async |world| {
        world.connect("ada", &["profile", "wallet"], &["profile:read", "wallet:read"]).await?;
        world.ask_more("send").await?;
        world.browser.reach_consent("ada").await?;
        world.browser.allow(&["wallet:send"]).await?;
        world.finish().await?;
        e2e::assistant::story(world, async |world: &World, title: &str, _: &str| {
            world.picture_of_window(&format!("assistant-{}", title.replace(' ', "-"))).await
        })
        .await
    })
    .await
}
