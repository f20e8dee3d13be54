//! What a desktop has besides its display: a panel with a tray (Xfce's) and a server that shows notifications (GNOME's, without a shell).

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::process::Process;
use crate::{Session, until};

/// Where Debian keeps the server.
const NOTIFICATION_DAEMON: &str = "/usr/lib/notification-daemon/notification-daemon";
/// The interface that tray icons are registered by.
const WATCHER: &str = "org.kde.StatusNotifierWatcher";
/// Height of the panel, in pixels. It lies along the upper edge of the screen.
const PANEL: i32 = 32;

/// A panel that shows tray icons and nothing else, at the upper edge. It ends with this value.
pub struct Panel {
    _process: Process,
}

impl Panel {
    /// Starts one, and waits until icons can be registered.
    pub async fn start(session: &Session) -> Result<Self> {
        let folder = session.folder().join("config/xfce4/xfconf/xfce-perchannel-xml");
        fs::create_dir_all(&folder)?;
        let panel = format!(
            r#"<?xml version="1.0" encoding="UTF-8"?>
<channel name="xfce4-panel" version="1.0">
  <property name="configver" type="int" value="2"/>
  <property name="panels" type="array">
    <value type="int" value="1"/>
    <property name="panel-1" type="empty">
      <property name="position" type="string" value="p=6;x=0;y=0"/>
      <property name="length" type="uint" value="100"/>
      <property name="position-locked" type="bool" value="true"/>
      <property name="size" type="uint" value="{PANEL}"/>
      <property name="plugin-ids" type="array"><value type="int" value="1"/></property>
    </property>
  </property>
  <property name="plugins" type="empty">
    <property name="plugin-1" type="string" value="systray"/>
  </property>
</channel>
"#
        );
        fs::write(folder.join("xfce4-panel.xml"), panel)?;
        let mut command = session.command("xfce4-panel");
        command.arg("--disable-wm-check");
        let process = Process::spawn("panel", &mut command, &session.logs())?;
        until("the panel's tray", async || Ok(session.has_name(WATCHER)?.then_some(()))).await?;
        Ok(Self { _process: process })
    }
}

impl Session {
    /// Starts a server for notifications, which lives as long as the session.
    pub async fn show_notifications(&mut self) -> Result<Notifications> {
        ensure!(Path::new(NOTIFICATION_DAEMON).is_file(), "{NOTIFICATION_DAEMON} is missing");
        let process = Process::spawn("notifications", &mut self.command(NOTIFICATION_DAEMON), &self.logs())?;
        self.keep(process);
        let mut command = self.command("dbus-monitor");
        command.args(["--session", "interface='org.freedesktop.Notifications'"]);
        let process = Process::spawn("notify-calls", &mut command, &self.logs())?;
        self.keep(process);
        until("the server for notifications", async || Ok(self.has_name("org.freedesktop.Notifications")?.then_some(()))).await?;
        Ok(Notifications)
    }

    /// Whether somebody owns this name at the session bus.
    pub fn has_name(&self, name: &str) -> Result<bool> {
        let said = self.call("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus.NameHasOwner", &[name])?;
        Ok(said.contains("true"))
    }

    /// What the tray's icon of the program says, where there is one.
    pub fn tray_title(&self) -> Result<Option<String>> {
        if !self.has_name(WATCHER)? {
            return Ok(None);
        }
        let get = "org.freedesktop.DBus.Properties.Get";
        let items = self.call(WATCHER, "/StatusNotifierWatcher", get, &[WATCHER, "RegisteredStatusNotifierItems"])?;
        let Some(name) = items.split('\'').find(|text| text.contains("StatusNotifierItem-")) else { return Ok(None) };
        let name = name.split('/').next().context("a name")?;
        let title = self.call(name, "/StatusNotifierItem", get, &["org.kde.StatusNotifierItem", "Title"])?;
        Ok(title.split_once(['\'', '"']).and_then(|(_, rest)| rest.rsplit_once(['\'', '"'])).map(|(title, _)| title.to_owned()))
    }

    /// Waits until the tray's icon says this.
    pub async fn tray_says(&self, title: &str) -> Result<()> {
        until(&format!("the tray to say {title}"), async || Ok((self.tray_title()?.as_deref() == Some(title)).then_some(()))).await
    }

    /// Presses the tray's one icon until a window of the process `pid` can be seen. The panel may not have drawn the icon yet.
    pub async fn press_tray(&self, pid: u32) -> Result<()> {
        let (x, y) = ((PANEL / 2).to_string(), (PANEL / 2).to_string());
        let mut pressed: Option<Instant> = None;
        until("the tray to bring the window", async || {
            let found = self.run("xdotool", &["search", "--onlyvisible", "--pid", &pid.to_string()])?;
            if !found.stdout.trim_ascii().is_empty() {
                return Ok(Some(()));
            }
            if pressed.is_none_or(|at| at.elapsed() > Duration::from_secs(2)) {
                self.run("xdotool", &["mousemove", &x, &y, "click", "1"])?;
                pressed = Some(Instant::now());
            }
            Ok(None)
        })
        .await
    }

    fn call(&self, name: &str, path: &str, method: &str, words: &[&str]) -> Result<String> {
        let head = ["call", "--session", "--dest", name, "--object-path", path, "--method", method];
        let said = self.run("gdbus", &[&head[..], words].concat())?;
        ensure!(said.status.success(), "{method}: {}", String::from_utf8_lossy(&said.stderr));
        Ok(String::from_utf8_lossy(&said.stdout).into_owned())
    }
}

/// The server for notifications of a session, and all that was asked of it.
pub struct Notifications;

impl Notifications {
    /// Everything that programs have called there, as `dbus-monitor` writes it.
    pub fn calls(&self, session: &Session) -> Result<String> {
        Ok(fs::read_to_string(session.logs().join("notify-calls.log"))?)
    }

    /// How often a method was called, or a signal sent.
    pub fn count(&self, session: &Session, member: &str) -> Result<usize> {
        Ok(self.calls(session)?.matches(&format!("member={member}\n")).count())
    }

    /// Waits until a method has been called so often, and says what the last call held.
    pub async fn called(&self, session: &Session, member: &str, times: usize) -> Result<String> {
        until(&format!("{member} no. {times}"), async || {
            let calls = self.calls(session)?;
            let found: Vec<_> = calls.split(&format!("member={member}\n")).skip(1).collect();
            // What comes after it in the file shows that it is whole.
            Ok(found.get(times - 1).filter(|text| member != "Notify" || text.contains("int32 -1\n")).map(|text| (*text).to_owned()))
        })
        .await
    }

    /// The notification that can be seen: its window's id at the display.
    pub fn visible(&self, session: &Session) -> Result<Option<String>> {
        let found = session.run("xdotool", &["search", "--onlyvisible", "--class", "notification-daemon"])?;
        Ok(String::from_utf8_lossy(&found.stdout).split_whitespace().next().map(str::to_owned))
    }

    /// Presses the notification as soon as it can be seen. One that is still moving may miss the press, so it is pressed again.
    pub async fn press(&self, session: &Session) -> Result<()> {
        let before = self.count(session, "ActionInvoked")?;
        until("the notification to be pressed", async || {
            if self.count(session, "ActionInvoked")? > before {
                return Ok(Some(()));
            }
            if let Some(id) = self.visible(session)? {
                session.run("xdotool", &["mousemove", "--window", &id, "80", "24", "click", "1"])?;
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
            Ok(None)
        })
        .await
    }
}
