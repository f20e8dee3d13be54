//! Whether windows come to the front by the desktop's permission: the browser by a token of this program's window, this program's window by
//! the token of a second start; and whether a start says on X11 that it has started.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use e2e::process::Process;
use e2e::until;
use serde_json::Value;
use x11rb::connection::Connection as _;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{ChangeWindowAttributesAux, ConnectionExt as _, EventMask};
use x11rb::rust_connection::RustConnection;

use crate::desk::Desk;
use crate::services::{desktop_program, log_of};
use crate::table::Activation;
use crate::words;

/// Tries one way.
pub async fn try_activation(desk: &mut Desk, activation: Activation) -> Result<()> {
    match activation {
        Activation::Token => tokens(desk).await,
        Activation::StartupNotification => startup_notification(desk).await,
    }
}

/// On Sway, which marks a window as urgent that asks with a token for its turn.
async fn tokens(desk: &mut Desk) -> Result<()> {
    let given = note_environment_of_browser(desk)?;
    // What this start was given was for this start. It must not reach the browser.
    desk.session.set("XDG_ACTIVATION_TOKEN", "of-this-start");
    // GTK asks with a token of its own where it was given none: what is asked with is seen in the protocol.
    desk.session.set("WAYLAND_DEBUG", "1");
    desk.start()?;
    desk.session.unset("WAYLAND_DEBUG");
    desk.session.unset("XDG_ACTIVATION_TOKEN");
    desk.sees(words::WELCOME).await?;
    desk.press(words::CONFIRM_SERVICE).await?;
    desk.press(words::CONNECT).await?;
    desk.choose(&words::ASKED).await?;
    // By a key: the compositor gives a token for what a person does, and screen readers' actions are nothing that it saw.
    desk.press_by_key(words::START).await?;
    let environment =
        until("the browser to be started", async || Ok(fs::read_to_string(&given).ok().filter(|text| text.ends_with('\n')))).await?;
    let variable = |name: &str| environment.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('=')).map(str::to_owned);
    let token = variable("XDG_ACTIVATION_TOKEN").context("the browser got no activation token")?;
    ensure!(!token.is_empty() && token != "of-this-start", "the browser got {token:?}");
    ensure!(variable("DESKTOP_STARTUP_ID").as_ref() == Some(&token), "the browser got another start-up id");

    // Another window takes the keyboard.
    let mut command = desk.session.command("weston-flower");
    let other = Process::spawn("other-window", &mut command, &desk.session.logs())?;
    desk.session.keep(other);
    until("another window to have the focus", async || Ok((!window_is(desk, "focused")?).then_some(()))).await?;

    start_again(desk, Some(&token)).await?;
    until("the window to ask for its turn with that token", async || {
        let said = log_of(&desk.session)?;
        Ok(said.lines().any(|line| line.contains("xdg_activation_v1") && line.contains(&format!("activate(\"{token}\""))).then_some(()))
    })
    .await?;
    until("the window to be marked", async || Ok(window_is(desk, "urgent")?.then_some(()))).await?;
    desk.sees(words::WAITING).await?;
    desk.leave_picture("")?;
    desk.quit().await?;
    desk.check_log()
}

/// A browser that writes down its environment and is gone.
fn note_environment_of_browser(desk: &mut Desk) -> Result<PathBuf> {
    let (launcher, given) = (desk.session.folder().join("note-environment"), desk.session.folder().join("environment-of-browser"));
    let (draft, to) = (given.with_extension("draft"), given.display());
    fs::write(&launcher, format!("#!/bin/sh\nenv > '{}'\nmv '{}' '{to}'\n", draft.display(), draft.display()))?;
    fs::set_permissions(&launcher, fs::Permissions::from_mode(0o755))?;
    desk.session.set("BROWSER", &launcher.display().to_string());
    Ok(given)
}

/// Starts the program a second time, as a launcher does, and waits until that has ended well.
async fn start_again(desk: &Desk, token: Option<&str>) -> Result<()> {
    let mut command = desk.session.command(&desktop_program()?);
    if let Some(token) = token {
        command.env("XDG_ACTIVATION_TOKEN", token).env("DESKTOP_STARTUP_ID", token);
    }
    let mut second = Process::spawn("second-start", &mut command, &desk.session.logs())?;
    let status = until("the second start to end", async || Ok(second.0.try_wait()?)).await?;
    ensure!(status.success(), "the second start ended with {status}");
    Ok(())
}

/// What Sway says of the program's window.
fn window_is(desk: &Desk, word: &str) -> Result<bool> {
    let pid = desk.program()?.pid();
    let said = desk.session.run("swaymsg", &["-r", "-t", "get_tree"])?;
    let tree: Value = serde_json::from_slice(&said.stdout)?;
    let mut open = vec![&tree];
    while let Some(node) = open.pop() {
        if node["pid"].as_u64() == Some(pid.into()) {
            return node[word].as_bool().with_context(|| format!("Sway doesn't say whether the window is {word}"));
        }
        for children in ["nodes", "floating_nodes"] {
            open.extend(node[children].as_array().into_iter().flatten());
        }
    }
    anyhow::bail!("Sway has no window of the program")
}

/// The sign of a start ends with the window, for a first start and for a second one, whose window is the first one's.
async fn startup_notification(desk: &mut Desk) -> Result<()> {
    let heard = Heard::listen(desk.session.x_display().context("no X server")?)?;
    desk.session.set("DESKTOP_STARTUP_ID", "launcher-1-place_TIME1");
    desk.start()?;
    desk.session.unset("DESKTOP_STARTUP_ID");
    desk.sees(words::WELCOME).await?;
    heard.removal_of("launcher-1-place_TIME1").await?;
    start_again(desk, Some("launcher-2-place_TIME2")).await?;
    heard.removal_of("launcher-2-place_TIME2").await?;
    desk.sees(words::WELCOME).await?;
    desk.leave_picture("")?;
    desk.quit().await?;
    desk.check_log()
}

/// Messages about starts (freedesktop.org's startup notification protocol) on an X server.
struct Heard {
    connection: RustConnection,
    begin: u32,
    more: u32,
    said: std::cell::RefCell<Vec<u8>>,
}

impl Heard {
    fn listen(display: &str) -> Result<Self> {
        let (connection, number) = x11rb::connect(Some(display)).context("the X server")?;
        let root = connection.setup().roots.get(number).context("no screen")?.root;
        let events = ChangeWindowAttributesAux::new().event_mask(EventMask::PROPERTY_CHANGE);
        connection.change_window_attributes(root, &events)?.check()?;
        let atom = |name: &str| -> Result<u32> { Ok(connection.intern_atom(false, name.as_bytes())?.reply()?.atom) };
        let (begin, more) = (atom("_NET_STARTUP_INFO_BEGIN")?, atom("_NET_STARTUP_INFO")?);
        Ok(Self { connection, begin, more, said: std::cell::RefCell::default() })
    }

    /// Waits until the start `id` is said to be over.
    async fn removal_of(&self, id: &str) -> Result<()> {
        until(&format!("the start {id} to be over"), async || {
            while let Some(event) = self.connection.poll_for_event()? {
                // 20 bytes of text each, the last with a NUL.
                if let Event::ClientMessage(message) = event
                    && (message.type_ == self.begin || message.type_ == self.more)
                {
                    self.said.borrow_mut().extend(message.data.as_data8());
                }
            }
            let said = self.said.borrow();
            let texts: Vec<_> = said.split(|byte| *byte == 0).map(String::from_utf8_lossy).collect();
            let over = texts.iter().any(|text| text.starts_with("remove:") && text.contains(id));
            ensure!(over, "heard {texts:?}");
            Ok(Some(()))
        })
        .await
    }
}
