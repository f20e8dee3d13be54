//! A scripted walk through the real window: every picture in `target/tour/`, numbered, with `summary.md` beside them. Fails when a state
//! that should be there is absent. `cargo xtask run` takes it where there is no display; `cargo xtask test` takes it always.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use e2e::{Setup, World, asks_to_disconnect, target_dir};

/// Width and height of the window's content in pixels: as it opens, the smallest that is allowed, and a large one.
const USUAL: (u32, u32) = (1080, 720);
const SMALL: (u32, u32) = (720, 520);
const LARGE: (u32, u32) = (1400, 900);

#[tokio::main]
async fn main() -> ExitCode {
    match take().await {
        Ok(album) => {
            println!("{} pictures in {}", album.pictures.len(), album.folder.display());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("the tour stopped: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn take() -> Result<Album> {
    let mut album = Album::new()?;
    let walked = World::with("tour", Setup::default(), async |world| {
        connect(world, &mut album).await?;
        look_around(world, &mut album).await?;
        ask_again(world, &mut album).await?;
        every_page(world, &mut album).await?;
        a_program(world, &mut album).await?;
        in_the_dark(world, &mut album).await?;
        take_away(world, &mut album).await
    })
    .await;
    album.write_summary(walked.as_ref().err())?;
    walked.map(|()| album)
}

async fn connect(world: &mut World, album: &mut Album) -> Result<()> {
    let window = world.window()?;
    window.resize(USUAL.0, USUAL.1).await?;
    window.shows("sandbox-banner").await?;
    window.shows("first-run").await?;
    album.window(world, "first run", "who runs the service that approvals pass through; nothing is sent before the person agrees").await?;
    world.window()?.click("confirm-backend").await?;
    world.window()?.shows("choose").await?;
    world.choose(&["profile", "kyc", "wallet", "deposit"]).await?;
    album.window(world, "choosing", "what to ask Monei for").await?;
    world.window()?.click("start-connect").await?;
    world.window()?.shows("stage-waiting").await?;
    world.browser.next_tab().await?;
    album.window(world, "waiting", "what happens now, time left, and the ways out").await?;
    world.browser.wait_for("button[name=user]").await?;
    album.browser(world, "sandbox login", "the system browser, opened by the program").await?;
    world.browser.reach_consent("ada").await?;
    world.browser.tick(&["profile:read", "wallet:read"]).await?;
    album.browser(world, "consent, two of four", "each scope is allowed or not by itself").await?;
    album.screen(world, "the whole screen", "program and browser side by side").await?;
    world.browser.click("button[name=decision][value=allow]").await?;
    world.window()?.shows("stage-decide").await?;
    album.browser(world, "back from Monei", "the page that the browser ends on").await?;
    album.window(world, "who approved", "a new account is kept once the person says that it is theirs").await?;
    world.window()?.click("decide-add_as_account").await?;
    world.window()?.shows("stage-done").await?;
    album.window(world, "partly granted", "granted compared with asked").await?;
    world.window()?.click("dismiss").await
}

async fn look_around(world: &World, album: &mut Album) -> Result<()> {
    let states = [("profile", "enabled"), ("wallet", "enabled"), ("kyc", "declined"), ("deposit", "declined"), ("send", "not_asked")];
    world.features(&states).await?;
    let window = world.window()?;
    window.shows("naira-balance").await?;
    window.attribute("account-health", "data-kind", "connected").await?;
    album.window(world, "dashboard", "two features enabled, two declined, the rest not asked").await?;
    for section in ["profile", "wallet", "transactions"] {
        window.shows(&format!("section-{section}")).await?;
    }
    window.script("document.querySelector(\"[data-testid='section-transactions']\").scrollIntoView()").await?;
    album.window(world, "live data", "what was granted can be looked at").await?;
    more_of_the_wallet(world, album).await?;
    window.shows("feature-send").await?;
    window.script("document.querySelector(\"[data-testid='feature-send']\").scrollIntoView()").await?;
    ensure!(window.script("return document.scrollingElement.scrollTop").await? == 0, "the whole page scrolls, not only what is shown");
    album.window(world, "spending features", "never offered in bulk; nothing in this program spends").await?;
    window.click("account-0").await?;
    window.script("document.querySelector('main').scrollTop = 0").await?;
    window.resize(SMALL.0, SMALL.1).await?;
    album.window(world, "dashboard, small", "720 by 520").await?;
    window.resize(LARGE.0, LARGE.1).await?;
    album.window(world, "dashboard, large", "1400 by 900").await?;
    window.resize(USUAL.0, USUAL.1).await
}

/// What of a wallet is fetched when somebody opens it.
async fn more_of_the_wallet(world: &World, album: &mut Album) -> Result<()> {
    let window = world.window()?;
    window.click("open-crypto").await?;
    window.attribute("section-portfolio-ethereum", "data-state", "ready").await?;
    album.window(world, "crypto", "by network, each fetched when it is opened").await?;
    for (tab, name, what) in [
        ("sales", "sales of crypto", "each with its progress and what to do"),
        ("bills", "bills", "paid, failed and pending"),
        ("deposits", "deposits", "the status of one by its reference"),
    ] {
        window.click(&format!("tab-{tab}")).await?;
        window.attribute(&format!("section-{tab}-1"), "data-state", "ready").await?;
        album.window(world, name, what).await?;
    }
    window.click("wallet-back").await?;
    window.shows("section-transactions").await
}

async fn ask_again(world: &mut World, album: &mut Album) -> Result<()> {
    world.ask_more("kyc").await?;
    world.browser.reach_consent("ada").await?;
    ensure!(world.browser.offered().await? == ["kyc:read"], "more than the missing scope is offered");
    album.browser(world, "reconnect", "the missing scope alone").await?;
    world.browser.allow(&["kyc:read"]).await?;
    world.finish().await?;
    world.features(&[("kyc", "enabled")]).await?;
    world.window()?.shows("section-kyc").await?;
    album.window(world, "dashboard after reconnect", "the missing feature is enabled").await?;

    world.ask_more("deposit").await?;
    world.browser.reach_consent("ada").await?;
    world.browser.deny().await?;
    world.window()?.shows("problem-declined").await?;
    album.window(world, "declined", "what happened, and that nothing changed").await?;
    world.window()?.click("dismiss").await?;

    world.window()?.click("nav-activity").await?;
    world.window()?.shows("activity").await?;
    album.window(world, "activity", "what happened and when").await?;
    world.window()?.click("nav-settings").await?;
    world.window()?.shows("settings").await?;
    album.window(world, "settings", "").await?;
    world.window()?.click("diagnose").await?;
    world.window()?.shows("diagnose-results").await?;
    world.window()?.script("document.querySelector(\"[data-testid='diagnose-results']\").scrollIntoView({block: 'center'})").await?;
    album.window(world, "everything checked", "what works and what doesn't, and the report to copy or save").await?;
    world.window()?.click("tester-panel-open").await?;
    world.window()?.shows("tester-open").await?;
    album.window(world, "tester's panel", "in the sandbox alone: open Monei's page as somebody, with this switched on").await
}

/// The pages that weren't on the way so far: with an app, and then with a second account.
async fn every_page(world: &mut World, album: &mut Album) -> Result<()> {
    let window = world.window()?;
    window.click("account-0").await?;
    window.shows("all-transactions").await?;
    for (way, hook, title, says, back) in [
        ("details-wallet", "permission", "permission", "what it allows, its start and end, what it was used for", "permission-back"),
        ("all-transactions", "history-list", "history", "every filter that Monei documents, and its way into a file", "history-back"),
        ("see-receipts", "receipt-1", "receipts", "what was approved, as it was at the time", "receipts-back"),
    ] {
        window.click(way).await?;
        window.shows(hook).await?;
        album.window(world, title, says).await?;
        window.click(back).await?;
        window.shows("all-transactions").await?;
    }
    window.click("nav-apps").await?;
    window.click("allow-an-app").await?;
    window.types("app-name", "Budget sheet").await?;
    window.choose("give-profile", true).await?;
    album.window(world, "allow an app", "nothing is chosen beforehand").await?;
    window.click("allow-app").await?;
    window.shows("app").await?;
    window.click("take-back").await?;
    window.click("take-back-now").await?;
    window.shows("no-apps").await?;

    world.ask(&["profile", "wallet"]).await?;
    world.browser.next_tab().await?;
    world.browser.reach_consent("ada").await?;
    world.browser.switch_user("tunde").await?;
    world.browser.allow(&["profile:read"]).await?;
    world.finish().await?;
    let window = world.window()?;
    window.click("nav-overview").await?;
    window.shows("overview").await?;
    album.window(world, "overview", "every account and permission at once").await?;
    let id = window.id(&world.session)?;
    for (keys, hook, title, says) in [
        ("ctrl+k", "palette", "command palette", "every page, account, permission and action by its name"),
        ("ctrl+slash", "shortcuts", "shortcuts", "the sheet of them"),
    ] {
        world.session.run("xdotool", &["windowactivate", "--sync", &id, "key", "--clearmodifiers", keys])?;
        window.shows(hook).await?;
        album.window(world, title, says).await?;
        world.session.run("xdotool", &["key", "--clearmodifiers", "Escape"])?;
        window.lacks(hook).await?;
    }
    window.click("account-1").await?;
    world.disconnect("Tunde Bello", 1).await
}

/// A script with Monei's own Python package: allowed, refused, paying once, taken back.
async fn a_program(world: &mut World, album: &mut Album) -> Result<()> {
    world.window()?.click("account-0").await?;
    world.ask_more("send").await?;
    world.browser.wait_for("button[name=decision]").await?;
    // Tunde was there last.
    world.browser.switch_user("ada").await?;
    world.browser.allow(&["wallet:send"]).await?;
    world.finish().await?;
    world.window()?.resize(USUAL.0, USUAL.1).await?;
    e2e::assistant::story(world, async |world: &World, title: &str, says: &str| album.window(world, title, says).await).await
}

async fn in_the_dark(world: &mut World, album: &mut Album) -> Result<()> {
    world.quit().await?;
    world.session.set("GTK_THEME", "Adwaita:dark");
    world.open().await?;
    let window = world.window()?;
    window.resize(USUAL.0, USUAL.1).await?;
    ensure!(window.script("return matchMedia('(prefers-color-scheme: dark)').matches").await? == true, "the dark theme has no effect");
    window.shows("naira-balance").await?;
    album.window(world, "dashboard, dark, after a restart", "account and live balance are there again").await?;
    window.resize(SMALL.0, SMALL.1).await?;
    album.window(world, "dashboard, dark, small", "").await?;
    window.resize(USUAL.0, USUAL.1).await?;
    window.click("nav-settings").await?;
    window.shows("settings").await?;
    album.window(world, "settings, dark", "").await?;
    window.click("tester-panel-open").await?;
    window.shows("tester-open").await?;
    album.window(world, "tester's panel, dark", "").await?;
    window.click("account-0").await?;
    world.ask_more("deposit").await?;
    world.window()?.shows("stage-waiting").await?;
    album.window(world, "waiting, dark", "").await?;
    world.window()?.click("cancel-connect").await?;
    world.window()?.lacks("stage-waiting").await
}

async fn take_away(world: &mut World, album: &mut Album) -> Result<()> {
    world.quit().await?;
    world.session.set("GTK_THEME", "Adwaita");
    world.open().await?;
    world.window()?.resize(USUAL.0, USUAL.1).await?;
    world.window()?.shows("naira-balance").await?;
    world.sandbox.revoke("ada").await?;
    world.quit().await?;
    world.open().await?;
    let window = world.window()?;
    window.resize(USUAL.0, USUAL.1).await?;
    window.attribute("account-health", "data-kind", "needs_reconnect").await?;
    album.window(world, "access revoked at Monei", "noticed at the next look; what was lost, and the way back").await?;
    window.click("disconnect").await?;
    window.shows("confirm-disconnect").await?;
    album.window(world, "disconnect", "asked first").await?;
    window.click("confirm-disconnect").await?;
    let question = asks_to_disconnect("Ada Okafor");
    world.dialog(&question).await?;
    album.screen(world, "disconnect, confirmed", "in a dialog of the program's own, which no page can answer").await?;
    world.answer_dialog(&question, "alt+d").await?;
    let window = world.window()?;
    window.lacks("account-0").await?;
    ensure!(world.keychain()?.is_empty(), "something is left in the keychain");
    album.window(world, "disconnected", "nothing is left here").await
}

/// The pictures of one tour.
struct Album {
    folder: PathBuf,
    pictures: Vec<(String, String, String)>,
}

impl Album {
    fn new() -> Result<Self> {
        let folder = target_dir()?.join("tour");
        if folder.exists() {
            fs::remove_dir_all(&folder).with_context(|| folder.display().to_string())?;
        }
        fs::create_dir_all(&folder)?;
        Ok(Self { folder, pictures: Vec::new() })
    }

    fn next(&mut self, title: &str, says: &str) -> PathBuf {
        let slug: String =
            title.chars().filter(|letter| !matches!(letter, ',' | '\'')).map(|letter| if letter == ' ' { '-' } else { letter }).collect();
        let file = format!("{:02}-{}.png", self.pictures.len() + 1, slug.to_lowercase());
        self.pictures.push((file.clone(), title.to_owned(), says.to_owned()));
        self.folder.join(file)
    }

    async fn window(&mut self, world: &World, title: &str, says: &str) -> Result<()> {
        world.window()?.screenshot(&self.next(title, says)).await
    }

    async fn browser(&mut self, world: &World, title: &str, says: &str) -> Result<()> {
        world.browser.screenshot(&self.next(title, says)).await
    }

    async fn screen(&mut self, world: &World, title: &str, says: &str) -> Result<()> {
        world.session.screen(&self.next(title, says))
    }

    fn write_summary(&self, error: Option<&anyhow::Error>) -> Result<()> {
        let mut text = format!("# Tour of {}\n\n", jiff::Zoned::now().strftime("%Y-%m-%d %H:%M"));
        match error {
            None => text += &format!("Every expected state was there: {} pictures.\n\n", self.pictures.len()),
            Some(error) => text += &format!("**Stopped:** {error:#}\n\n"),
        }
        for (file, title, says) in &self.pictures {
            let colon = if says.is_empty() { "" } else { ": " };
            text += &format!("- [{title}]({file}){colon}{says}\n");
        }
        Ok(fs::write(self.folder.join("summary.md"), text)?)
    }
}
