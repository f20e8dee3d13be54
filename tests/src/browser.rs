//! The person's system browser: Chromium, registered as the session's handler of web addresses, so that the program finds it as any
//! program would. A later address reaches the running browser as a new tab. Driven through chromedriver, which only attaches to it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use fantoccini::wd::WindowHandle;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::json;

use crate::process::{self, Process};
use crate::session::{Session, free_port};
use crate::until;

/// The system browser of a session.
pub struct Browser {
    mark: String,
    opened: PathBuf,
    profile: PathBuf,
    debugger: String,
    driver: String,
    client: Option<Client>,
    seen: Vec<WindowHandle>,
}

impl Browser {
    /// Registers Chromium as the session's default browser. It is not started: that is the program's business.
    pub async fn register(session: &mut Session) -> Result<Self> {
        let (debug_port, driver_port) = (free_port()?, free_port()?);
        let folder = session.folder().join("browser");
        fs::create_dir(&folder)?;
        let (opened, profile, launcher) = (folder.join("opened"), folder.join("profile"), folder.join("launch"));
        fs::write(&opened, "")?;
        fs::write(&launcher, launcher_script(session, &opened, &profile, debug_port))?;
        fs::set_permissions(&launcher, fs::Permissions::from_mode(0o755))?;
        make_default(session.folder(), &launcher)?;

        let mut command = session.command("chromedriver");
        command.arg(format!("--port={driver_port}"));
        let driver = Process::spawn("chromedriver", &mut command, &session.logs())?;
        session.keep(driver);
        Ok(Self {
            mark: session.mark().to_owned(),
            opened,
            profile,
            debugger: format!("127.0.0.1:{debug_port}"),
            driver: format!("http://127.0.0.1:{driver_port}"),
            client: None,
            seen: Vec::new(),
        })
    }

    /// Every address that the system's opener brought here, in order.
    pub fn opened(&self) -> Result<Vec<String>> {
        Ok(fs::read_to_string(&self.opened)?.lines().map(str::to_owned).collect())
    }

    /// The profile folder, with history, cookies and caches.
    pub fn profile(&self) -> &Path {
        &self.profile
    }

    /// Waits for a tab that the program opened and that no earlier call has returned, and goes to it.
    pub async fn next_tab(&mut self) -> Result<()> {
        let client = match &self.client {
            Some(client) => client.clone(),
            None => {
                let client = self.attach().await?;
                self.client.insert(client).clone()
            }
        };
        let tab = until("a new tab in the browser", async || Ok(client.windows().await?.into_iter().find(|tab| !self.seen.contains(tab))))
            .await?;
        client.switch_to_window(tab.clone()).await?;
        self.seen.push(tab);
        Ok(())
    }

    async fn attach(&self) -> Result<Client> {
        let options = json!({"goog:chromeOptions": {"debuggerAddress": self.debugger}});
        let serde_json::Value::Object(capabilities) = options else { bail!("capabilities are an object") };
        until("the browser to be started by the program", async || {
            if self.opened()?.is_empty() {
                return Ok(None);
            }
            // chromedriver waits a minute for a browser that isn't there: look first.
            tokio::net::TcpStream::connect(&self.debugger).await?;
            Ok(Some(ClientBuilder::new(connector()).capabilities(capabilities.clone()).connect(&self.driver).await?))
        })
        .await
    }

    fn client(&self) -> Result<&Client> {
        self.client.as_ref().context("the browser has not been opened yet")
    }

    /// Signs in at the sandbox as one of its people.
    pub async fn sign_in(&self, user: &str) -> Result<()> {
        self.click(&format!("button[name=user][value={user}]")).await
    }

    /// The page that comes first: signs in as `user` when the sandbox asks who is there, and waits for the consent page.
    pub async fn reach_consent(&self, user: &str) -> Result<()> {
        let login = until("the sandbox's page", async || {
            let client = self.client()?;
            if !client.find_all(Locator::Css("button[name=user]")).await?.is_empty() {
                return Ok(Some(true));
            }
            Ok((!client.find_all(Locator::Css("button[name=decision]")).await?.is_empty()).then_some(false))
        })
        .await?;
        if login {
            self.sign_in(user).await?;
        }
        self.wait_for("button[name=decision]").await
    }

    /// On the consent page: says "not me" and signs in as somebody else.
    pub async fn switch_user(&self, user: &str) -> Result<()> {
        self.click("[data-testid=switch-user]").await?;
        self.sign_in(user).await?;
        self.wait_for("button[name=decision]").await
    }

    /// The scopes that the consent page offers.
    pub async fn offered(&self) -> Result<Vec<String>> {
        self.scopes("input[name=scope]").await
    }

    /// Those of them that are switched on.
    pub async fn ticked(&self) -> Result<Vec<String>> {
        self.scopes("input[name=scope]:checked").await
    }

    async fn scopes(&self, css: &str) -> Result<Vec<String>> {
        let mut scopes = Vec::new();
        for field in self.client()?.find_all(Locator::Css(css)).await? {
            scopes.push(field.attr("value").await?.unwrap_or_default());
        }
        Ok(scopes)
    }

    /// Ticks these scopes, without sending the form.
    pub async fn tick(&self, scopes: &[&str]) -> Result<()> {
        for scope in scopes {
            let field = format!("input[name=scope][value='{scope}']");
            self.click(&field).await?;
            until(&format!("{scope} to be ticked"), async || {
                Ok(self.client()?.find(Locator::Css(&field)).await?.is_selected().await?.then_some(()))
            })
            .await?;
        }
        Ok(())
    }

    /// Ticks these scopes and allows them.
    pub async fn allow(&self, scopes: &[&str]) -> Result<()> {
        self.tick(scopes).await?;
        self.click("button[name=decision][value=allow]").await
    }

    /// Denies everything.
    pub async fn deny(&self) -> Result<()> {
        self.click("button[name=decision][value=deny]").await
    }

    /// The address and the text of the page.
    pub async fn page(&self) -> Result<(String, String)> {
        let client = self.client()?;
        Ok((client.current_url().await?.to_string(), client.find(Locator::Css("body")).await?.text().await?))
    }

    /// Waits for a link whose address starts with `scheme`, and gives the address.
    pub async fn link(&self, scheme: &str) -> Result<String> {
        until(&format!("a link to {scheme}"), async || {
            self.client()?.find(Locator::Css(&format!("a[href^='{scheme}']"))).await?.attr("href").await.map_err(Into::into)
        })
        .await
    }

    /// Waits for an element that can be seen.
    pub async fn wait_for(&self, css: &str) -> Result<()> {
        until(&format!("{css} in the browser"), async || {
            let found = self.client()?.find(Locator::Css(css)).await?;
            Ok(found.is_displayed().await?.then_some(()))
        })
        .await
    }

    /// Clicks an element as soon as the page takes clicks: before the first paint Chromium drops them.
    pub async fn click(&self, css: &str) -> Result<()> {
        const PAINTED: &str = "return document.readyState === 'complete' && performance.getEntriesByType('paint').length > 0";
        until(&format!("{css} in the browser"), async || {
            let client = self.client()?;
            if client.execute(PAINTED, Vec::new()).await? != serde_json::Value::Bool(true) {
                return Ok(None);
            }
            client.find(Locator::Css(css)).await?.click().await?;
            Ok(Some(()))
        })
        .await
    }

    /// Picks an option of a list by its value.
    pub async fn choose(&self, css: &str, value: &str) -> Result<()> {
        self.wait_for(css).await?;
        Ok(self.client()?.find(Locator::Css(css)).await?.select_by_value(value).await?)
    }

    /// The page as a PNG file.
    pub async fn screenshot(&self, path: &Path) -> Result<()> {
        Ok(fs::write(path, self.client()?.screenshot().await?)?)
    }

    /// Ends the browser as a person closing it would, so that history and cookies are on the disk.
    pub async fn quit(&mut self) -> Result<()> {
        // Dropping the client would ask chromedriver for a browser that is gone: close it first. It leaves an attached browser running.
        if let Some(client) = self.client.take() {
            client.close().await?;
        }
        let profile = format!("--user-data-dir={}", self.profile.display());
        let browser = || -> Vec<u32> {
            // Not by the mark, nor by the program's name: Chromium writes over its environment and its arguments.
            let family = process::family(&self.mark).into_iter();
            family
                .filter(|pid| {
                    let arguments = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
                    let arguments = String::from_utf8_lossy(&arguments).into_owned();
                    arguments.contains(&profile) && !arguments.contains("--type=")
                })
                .collect()
        };
        process::signal("TERM", &browser());
        until("the browser to end", async || Ok(browser().is_empty().then_some(()))).await
    }
}

/// A plain connector: both drivers speak http on loopback.
pub(crate) fn connector() -> HttpConnector {
    HttpConnector::new()
}

fn launcher_script(session: &Session, opened: &Path, profile: &Path, debug_port: u16) -> String {
    let log = session.logs().join("chromium.log");
    let (opened, profile, log) = (opened.display(), profile.display(), log.display());
    let platform = if session.display().is_wayland() { "wayland" } else { "x11" };
    format!(
        "#!/bin/sh\n\
         printf '%s\\n' \"$1\" >> '{opened}'\n\
         exec chromium --no-sandbox --test-type --no-first-run --no-default-browser-check --password-store=basic \\\n  \
         --disable-background-networking --disable-component-update --disable-sync --disable-gpu --window-size=900,860 \\\n  \
         --ozone-platform={platform} --remote-debugging-port={debug_port} --user-data-dir='{profile}' \"$1\" >> '{log}' 2>&1\n"
    )
}

/// What `xdg-settings set default-web-browser` would write.
fn make_default(folder: &Path, launcher: &Path) -> Result<()> {
    let applications = folder.join("data/applications");
    fs::create_dir_all(&applications)?;
    let entry = format!(
        "[Desktop Entry]\nType=Application\nName=Browser\nExec={} %u\nMimeType=x-scheme-handler/http;x-scheme-handler/https;text/html;\n",
        launcher.display()
    );
    fs::write(applications.join("e2e-browser.desktop"), entry)?;
    let defaults = "[Default Applications]\n\
                    x-scheme-handler/http=e2e-browser.desktop\n\
                    x-scheme-handler/https=e2e-browser.desktop\n\
                    text/html=e2e-browser.desktop\n";
    Ok(fs::write(folder.join("config/mimeapps.list"), defaults)?)
}
