//! The program's window, driven through WebKit's own driver by the hooks (`data-testid`) of the web view.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use fantoccini::elements::Element;
use fantoccini::{Client, ClientBuilder, Locator};
use serde_json::{Value, json};

use crate::browser::connector;
use crate::process::{self, Process};
use crate::session::{Session, free_port};
use crate::until;

/// How long something must stand where it is before it is clicked: three frames.
const STANDS: Duration = Duration::from_millis(50);

/// Records everything that crosses between the web view and Rust: requests go out by `fetch`, answers and events come in by callbacks.
const RECORDER: &str = r"
if (!window.__recorded) {
  const recorded = window.__recorded = [];
  const send = window.fetch;
  window.fetch = async function (input, init) {
    const body = init && init.body;
    const text = body instanceof ArrayBuffer || ArrayBuffer.isView(body) ? new TextDecoder().decode(body) : String(body ?? '');
    recorded.push('> ' + String(input && input.url ? input.url : input) + ' ' + text);
    return send.call(this, input, init);
  };
  const callbacks = window.__TAURI_INTERNALS__.callbacks;
  const get = Map.prototype.get;
  callbacks.get = function (id) {
    const callback = get.call(this, id);
    return callback && ((data) => { recorded.push('< ' + (JSON.stringify(data) ?? '')); return callback(data); });
  };
}";

/// The running program and its window.
pub struct Window {
    program: String,
    mark: String,
    client: Client,
    _driver: Process,
}

impl Window {
    /// Starts `program` in the session and waits until its dashboard has been painted.
    pub async fn open(session: &Session, program: &Path) -> Result<Self> {
        Self::open_with(session, program, &[]).await
    }

    /// The same with these arguments.
    pub async fn open_with(session: &Session, program: &Path, arguments: &[&str]) -> Result<Self> {
        let port = free_port()?;
        let mut command = session.command("WebKitWebDriver");
        command.arg(format!("--port={port}")).env("TAURI_WEBVIEW_AUTOMATION", "true");
        let driver = Process::spawn("program", &mut command, &session.logs())?;
        until("WebKitWebDriver", async || Ok(Some(tokio::net::TcpStream::connect(("127.0.0.1", port)).await?))).await?;
        let options = json!({"webkitgtk:browserOptions": {"binary": program.display().to_string(), "args": arguments}});
        let Value::Object(capabilities) = options else { bail!("capabilities are an object") };
        let address = format!("http://127.0.0.1:{port}");
        let client = until(&format!("the window of {}", program.display()), async || {
            Ok(Some(ClientBuilder::new(connector()).capabilities(capabilities.clone()).connect(&address).await?))
        })
        .await?;
        let name = program.file_name().context("the program is a file")?.to_string_lossy().into_owned();
        let window = Self { program: name, mark: session.mark().to_owned(), client, _driver: driver };
        until("the window to be painted", async || {
            let ready = window.script("return document.documentElement.dataset.ready === 'true'").await?;
            Ok((ready == Value::Bool(true)).then_some(()))
        })
        .await?;
        window.script(RECORDER).await?;
        Ok(window)
    }

    /// Goes to the program's other window, in which a payment is confirmed, as soon as it is open.
    pub async fn to_confirmation(&self) -> Result<()> {
        let own = self.client.window().await?;
        let other = until("the window for confirming a payment", async || {
            let all = self.client.windows().await?;
            Ok(all.into_iter().find(|window| *window != own))
        })
        .await?;
        self.client.switch_to_window(other).await?;
        self.sees("[data-testid='confirm']").await
    }

    /// Comes back to the program's window, where `other` windows of it have closed.
    pub async fn back(&self) -> Result<()> {
        let left = until("the other window to close", async || {
            let all = self.client.windows().await?;
            Ok((all.len() == 1).then_some(all))
        })
        .await?;
        let own = left.into_iter().next().context("the program's window")?;
        Ok(self.client.switch_to_window(own).await?)
    }

    /// Clicks a hook that takes clicks and closes its window: the driver would wait for an answer of a window that is gone.
    pub async fn click_last(&self, hook: &str) -> Result<()> {
        self.sees(&format!("{}[aria-disabled='false']", selector(hook))).await?;
        let click = format!("setTimeout(() => document.querySelector(\"{}\").click(), 50)", selector(hook));
        self.script(&click).await.map(drop)
    }

    /// Types into a field by the keyboard.
    pub async fn types(&self, hook: &str, text: &str) -> Result<()> {
        let field = self.visible(&selector(hook)).await?.with_context(|| format!("{hook} to type into"))?;
        Ok(field.send_keys(text).await?)
    }

    /// Runs JavaScript in the web view.
    pub async fn script(&self, script: &str) -> Result<Value> {
        Ok(self.client.execute(script, Vec::new()).await?)
    }

    /// Every message between the web view and Rust since the window was painted.
    pub async fn messages(&self) -> Result<Vec<String>> {
        Ok(serde_json::from_value(self.script("return window.__recorded").await?)?)
    }

    async fn visible(&self, css: &str) -> Result<Option<Element>> {
        for found in self.client.find_all(Locator::Css(css)).await? {
            if found.is_displayed().await? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// Waits until something that matches `css` can be seen.
    pub async fn sees(&self, css: &str) -> Result<()> {
        until(css, async || Ok(self.visible(css).await?.map(|_| ()))).await
    }

    /// Waits for a hook.
    pub async fn shows(&self, hook: &str) -> Result<()> {
        self.sees(&selector(hook)).await
    }

    /// Whether a hook can be seen now.
    pub async fn has(&self, hook: &str) -> Result<bool> {
        Ok(self.visible(&selector(hook)).await?.is_some())
    }

    /// Waits until a hook can no longer be seen.
    pub async fn lacks(&self, hook: &str) -> Result<()> {
        until(&format!("{hook} to go"), async || Ok((!self.has(hook).await?).then_some(()))).await
    }

    /// Waits for the first of several hooks and says which.
    pub async fn first_of<'a>(&self, hooks: &[&'a str]) -> Result<&'a str> {
        until(&hooks.join(" or "), async || {
            for hook in hooks {
                if self.has(hook).await? {
                    return Ok(Some(*hook));
                }
            }
            Ok(None)
        })
        .await
    }

    /// Clicks a hook as soon as it takes clicks.
    pub async fn click(&self, hook: &str) -> Result<()> {
        until(&format!("{hook} to click"), async || {
            let Some(found) = self.visible(&selector(hook)).await? else { return Ok(None) };
            if !found.is_enabled().await? || found.attr("aria-disabled").await?.as_deref() == Some("true") {
                return Ok(None);
            }
            // What loads above it may still move it, and the click would go to what comes into its place.
            let place = found.rectangle().await?;
            tokio::time::sleep(STANDS).await;
            if found.rectangle().await? != place {
                return Ok(None);
            }
            found.click().await?;
            Ok(Some(()))
        })
        .await
    }

    /// The text of a hook, as soon as there is some.
    pub async fn text(&self, hook: &str) -> Result<String> {
        self.shows(hook).await?;
        let script = format!("return document.querySelector(\"{}\").innerText.trim()", selector(hook));
        until(&format!("the text of {hook}"), async || {
            Ok(self.script(&script).await?.as_str().filter(|text| !text.is_empty()).map(str::to_owned))
        })
        .await
    }

    /// Waits until a hook's attribute has this value.
    pub async fn attribute(&self, hook: &str, attribute: &str, wanted: &str) -> Result<()> {
        self.sees(&format!("{}[{attribute}='{wanted}']", selector(hook))).await
    }

    /// Switches a tick box or toggle button, whichever way it is built, to `on`.
    pub async fn choose(&self, hook: &str, on: bool) -> Result<()> {
        self.shows(hook).await?;
        let state = format!(
            "const host = document.querySelector(\"{}\"); \
             const box = host.matches('input,[role=checkbox],[role=switch],[aria-pressed]') ? host \
               : host.querySelector('input,[role=checkbox],[role=switch],[aria-pressed]'); \
             if (!box) return 'no box'; \
             return 'checked' in box ? box.checked : (box.getAttribute('aria-checked') ?? box.getAttribute('aria-pressed')) === 'true';",
            selector(hook)
        );
        match self.script(&state).await? {
            Value::Bool(now) if now != on => self.click(hook).await?,
            Value::Bool(_) => return Ok(()),
            _ => bail!("{hook} holds nothing to tick"),
        }
        until(&format!("{hook} to be switched"), async || Ok((self.script(&state).await? == Value::Bool(on)).then_some(()))).await
    }

    /// Picks an option of a list by its value.
    pub async fn pick(&self, hook: &str, value: &str) -> Result<()> {
        self.shows(hook).await?;
        self.client.find(Locator::Css(&selector(hook))).await?.select_by_value(value).await?;
        let chosen = format!("return document.querySelector(\"{}\").value", selector(hook));
        until(&format!("{hook} to be {value}"), async || Ok((self.script(&chosen).await? == json!(value)).then_some(()))).await
    }

    /// Resizes the window's content.
    pub async fn resize(&self, width: u32, height: u32) -> Result<()> {
        self.client.set_window_size(width, height).await?;
        until("the window to take its size", async || {
            let now = self.script("return [window.innerWidth, window.innerHeight]").await?;
            Ok((now == json!([width, height])).then_some(()))
        })
        .await
    }

    /// The web view as a PNG file, once it has painted what is there now.
    pub async fn screenshot(&self, path: &Path) -> Result<()> {
        const PAINTED: &str = "const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(() => done()));";
        self.client.execute_async(PAINTED, Vec::new()).await?;
        Ok(fs::write(path, self.client.screenshot().await?)?)
    }

    /// Id of the program's own process.
    pub fn pid(&self) -> Result<u32> {
        self.pids().first().copied().context("the program does not run")
    }

    /// Ids of the program's own process (the web view's helpers not counted).
    fn pids(&self) -> Vec<u32> {
        process::living(&self.mark).into_iter().filter(|found| found.program() == self.program).map(|found| found.pid).collect()
    }

    /// The window's id at the display, while it can be seen.
    pub fn id(&self, session: &Session) -> Result<String> {
        let pid = self.pid()?;
        let found = session.run("xdotool", &["search", "--onlyvisible", "--pid", &pid.to_string()])?;
        Ok(String::from_utf8_lossy(&found.stdout).split_whitespace().next().context("no window can be seen")?.to_owned())
    }

    /// Clicks a hook that ends the program, and waits until it is gone. The driver is answered before the click, since nobody could answer it
    /// after.
    pub async fn click_to_end(self, hook: &str) -> Result<()> {
        self.shows(hook).await?;
        let all = self.pids();
        self.script(&format!("setTimeout(() => document.querySelector(\"{}\").click(), 50)", selector(hook))).await?;
        until("the program to end", async || Ok(all.iter().all(|pid| process::parent(*pid).is_none()).then_some(()))).await
    }

    /// Ends the program by this signal, and waits until it is gone.
    pub async fn end_by(self, signal: &str) -> Result<()> {
        let all = self.pids();
        process::signal(signal, &all);
        until("the program to end", async || Ok(all.iter().all(|pid| process::parent(*pid).is_none()).then_some(()))).await
    }

    /// Closes the window as a person does, and waits until none can be seen. The program goes on.
    pub async fn close_to_tray(&self, session: &Session) -> Result<()> {
        let mut pressed: Option<Instant> = None;
        until("the window to go", async || {
            let pid = self.pid()?;
            if !is_visible(session, pid)? {
                return Ok(Some(()));
            }
            if pressed.is_none_or(|at| at.elapsed() > Duration::from_secs(2)) {
                press_close(session, pid)?;
                pressed = Some(Instant::now());
            }
            Ok(None)
        })
        .await?;
        ensure!(!self.pids().is_empty(), "the program ended with its window");
        Ok(())
    }

    /// For two seconds no window can be seen.
    pub async fn stays_away(&self, session: &Session) -> Result<()> {
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(2) {
            ensure!(!is_visible(session, self.pid()?)?, "a window is shown");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Ok(())
    }

    /// Waits until the window can be seen again.
    pub async fn comes_back(&self, session: &Session) -> Result<()> {
        until("the window to come back", async || {
            let pid = self.pid()?;
            Ok(is_visible(session, pid)?.then_some(()))
        })
        .await
    }

    /// Where the window is on the screen, and how large: what X11 says of it.
    pub fn geometry(&self, session: &Session) -> Result<String> {
        let said = session.run("xdotool", &["getwindowgeometry", "--shell", &self.id(session)?])?;
        let text = String::from_utf8_lossy(&said.stdout).into_owned();
        Ok(text.lines().filter(|line| ["X=", "Y=", "WIDTH=", "HEIGHT="].iter().any(|name| line.starts_with(name))).collect())
    }

    /// Closes the window as a person does, with the window manager's key, and waits until the program is gone. A key that is pressed
    /// while the focus moves can get lost, so it is pressed again after two seconds.
    pub async fn quit(self, session: &Session) -> Result<()> {
        let mut pressed: Option<Instant> = None;
        // A process that ends loses its arguments and environment before its sockets: it is gone when the kernel has let go of it.
        let all = self.pids();
        until("the program to end", async || {
            let pids: Vec<u32> = all.iter().copied().filter(|pid| process::parent(*pid).is_some()).collect();
            if pressed.is_none_or(|at| at.elapsed() > Duration::from_secs(2)) {
                for pid in &pids {
                    press_close(session, *pid)?;
                }
                pressed = Some(Instant::now());
            }
            Ok(pids.is_empty().then_some(()))
        })
        .await
    }
}

fn is_visible(session: &Session, pid: u32) -> Result<bool> {
    let found = session.run("xdotool", &["search", "--onlyvisible", "--pid", &pid.to_string()])?;
    Ok(!found.stdout.trim_ascii().is_empty())
}

fn press_close(session: &Session, pid: u32) -> Result<()> {
    let found = session.run("xdotool", &["search", "--onlyvisible", "--pid", &pid.to_string()])?;
    for id in String::from_utf8_lossy(&found.stdout).split_whitespace() {
        session.run("xdotool", &["windowactivate", "--sync", id, "key", "--clearmodifiers", "alt+F4"])?;
    }
    Ok(())
}

fn selector(hook: &str) -> String {
    format!("[data-testid='{hook}']")
}
