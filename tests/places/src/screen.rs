//! The screen of a session, from outside: pictures of it, and what a person does there to a window.

use std::process::Output;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail, ensure};
use e2e::{Display, Manager, Session, until};
use serde_json::Value;
use x11rb::connection::Connection as _;
use x11rb::protocol::xproto::{ChangeWindowAttributesAux, ClientMessageEvent, ConnectionExt as _, EventMask, ImageFormat, Window};
use x11rb::rust_connection::RustConnection;

use crate::picture::{DESKTOP, Picture};
use e2e::accessible::Rectangle;

/// A window that is so near to the screen's edge, in pixels, is at it.
const AT_EDGE: i32 = 2;

/// A window that is dragged has moved within this, unless the computer is very busy.
const A_MOMENT: Duration = Duration::from_millis(300);

/// How often a window that is there is looked for, a tenth of a second apart.
const LOOKS: usize = 30;

/// Side of the square that is watched, in pixels.
const WATCHED: u16 = 64;

/// The screen of a session.
pub struct Screen {
    x: Option<(RustConnection, Window)>,
}

/// What watches the middle of the screen.
pub struct Watch {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Result<Vec<[u8; 3]>>>,
}

impl Watch {
    /// The colour that most of the watched square had, in each picture from the beginning on: several hundred a second.
    pub fn end(self) -> Result<Vec<[u8; 3]>> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().map_err(|_| anyhow!("the watch panicked"))?
    }
}

impl Screen {
    /// Connects to what shows the session, and gives the desktop its colour.
    pub fn of(session: &Session) -> Result<Self> {
        let Some(display) = session.x_display() else { return Ok(Self { x: None }) };
        let (connection, number) = x11rb::connect(Some(display)).context("the X server")?;
        let root = connection.setup().roots.get(number).context("no screen")?.root;
        let [red, green, blue] = DESKTOP;
        let colour = u32::from_be_bytes([0, red, green, blue]);
        connection.change_window_attributes(root, &ChangeWindowAttributesAux::new().background_pixel(colour))?;
        connection.clear_area(false, root, 0, 0, 0, 0)?;
        connection.flush()?;
        Ok(Self { x: Some((connection, root)) })
    }

    /// What the screen shows now.
    pub fn picture(&self, session: &Session) -> Result<Picture> {
        let Some((connection, root)) = &self.x else {
            let shown = succeed("grim", session.run("grim", &["-t", "ppm", "-"])?)?;
            return Picture::from_ppm(&shown.stdout);
        };
        let size = connection.get_geometry(*root)?.reply()?;
        let image = connection.get_image(ImageFormat::Z_PIXMAP, *root, 0, 0, size.width, size.height, u32::MAX)?.reply()?;
        ensure!(image.depth == 24, "the screen has {} bits a pixel", image.depth);
        let pixels = image.data.chunks_exact(4).map(|pixel| [pixel[2], pixel[1], pixel[0]]).collect();
        Picture::new(size.width.into(), size.height.into(), pixels)
    }

    /// Watches the middle of an X screen, on a thread of its own, until it is asked what it saw.
    pub fn watch(session: &Session) -> Result<Watch> {
        let display = session.x_display().context("only X tells its pictures that quickly")?.to_owned();
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || -> Result<Vec<[u8; 3]>> {
            let (connection, number) = x11rb::connect(Some(&display)).context("the X server")?;
            let screen = connection.setup().roots.get(number).context("no screen")?;
            let (x, y) = (screen.width_in_pixels / 2, screen.height_in_pixels / 2);
            let (x, y) = (i16::try_from(x)?, i16::try_from(y)?);
            let mut grounds = Vec::new();
            while !stopped.load(Ordering::Relaxed) {
                let image = connection.get_image(ImageFormat::Z_PIXMAP, screen.root, x, y, WATCHED, WATCHED, u32::MAX)?.reply()?;
                let pixels = image.data.chunks_exact(4).map(|pixel| [pixel[2], pixel[1], pixel[0]]).collect();
                grounds.push(Picture::new(WATCHED.into(), WATCHED.into(), pixels)?.ground());
                std::thread::sleep(Duration::from_millis(1));
            }
            Ok(grounds)
        });
        Ok(Watch { stop, thread })
    }

    /// Presses a key or a combination, named as X names them: `Tab`, `ctrl+plus`.
    pub fn press(&self, session: &Session, keys: &str) -> Result<()> {
        if self.x.is_some() {
            succeed("xdotool", session.x_command("xdotool").args(["key", "--clearmodifiers", keys]).output()?)?;
            return Ok(());
        }
        let mut words = Vec::new();
        let (modifiers, key) = keys.rsplit_once('+').unwrap_or(("", keys));
        let modifiers: Vec<&str> = modifiers.split('+').filter(|word| !word.is_empty()).collect();
        modifiers.iter().for_each(|modifier| words.extend(["-M", modifier]));
        words.extend(["-k", key]);
        modifiers.iter().for_each(|modifier| words.extend(["-m", modifier]));
        succeed("wtype", session.run("wtype", &words)?)?;
        Ok(())
    }

    /// Types text.
    pub fn type_text(&self, session: &Session, text: &str) -> Result<()> {
        match self.x {
            Some(_) => succeed("xdotool", session.x_command("xdotool").args(["type", "--clearmodifiers", text]).output()?)?,
            None => succeed("wtype", session.run("wtype", &[text])?)?,
        };
        Ok(())
    }

    /// Where the window of process `pid` is, its frame included, in pixels of the screen; `None` while there is none.
    pub fn window(&self, session: &Session, pid: u32) -> Result<Option<Rectangle>> {
        match session.display() {
            Display::X11 { .. } => {
                let Some(id) = x_window(session, pid)? else { return Ok(None) };
                let (connection, root) = self.x.as_ref().context("no X server")?;
                let Ok(size) = connection.get_geometry(id)?.reply() else { return Ok(None) };
                let Ok(place) = connection.translate_coordinates(id, *root, 0, 0)?.reply() else { return Ok(None) };
                Ok(Some(Rectangle { x: place.dst_x.into(), y: place.dst_y.into(), width: size.width.into(), height: size.height.into() }))
            }
            Display::Weston { .. } => Ok(self.picture(session)?.windows()),
            Display::Sway => sway_window(session, pid),
        }
    }

    /// Gives the page of the window this size in logical pixels, from the one it has; where the display tiles, another one.
    pub async fn resize(&self, session: &Session, pid: u32, from: (i32, i32), to: (i32, i32)) -> Result<()> {
        let scale = i32::from(session.display().scale());
        let (width, height) = ((to.0 * scale).to_string(), (to.1 * scale).to_string());
        match session.display() {
            Display::X11 { manager: Manager::Openbox, .. } => {
                let id = present_x_window(session, pid)?.to_string();
                succeed("xdotool", session.run("xdotool", &["windowsize", &id, &width, &height])?)?;
            }
            Display::X11 { manager: Manager::I3, .. } => {
                // A second, empty tile beside it.
                succeed("i3-msg", session.run("i3-msg", &["open"])?)?;
            }
            Display::Weston { .. } => {
                // Weston puts windows anywhere: first where there is room for any size.
                let frame = self.bring_to_corner(session, from).await?;
                let (dx, dy) = ((to.0 - from.0) * scale, (to.1 - from.1) * scale);
                // Then from somewhere in its lower right quarter: the corner that moves.
                self.drag(session, 3, (frame.width * 3 / 4, frame.height * 3 / 4), (dx, dy)).await?;
            }
            Display::Sway => {
                let size = format!("{}x{}", to.0, to.1);
                succeed("swaymsg", session.run("swaymsg", &["output", "HEADLESS-1", "resolution", &size])?)?;
            }
        }
        Ok(())
    }

    /// Drags the window of Weston whose page has this size, in logical pixels, into the upper left corner, so that all of the page can be seen. A busy
    /// Weston may miss a drag, or show it so late that a second one takes the window past the edge: it is dragged when it rests, and back where a part
    /// is hidden.
    pub async fn bring_to_corner(&self, session: &Session, page: (i32, i32)) -> Result<Rectangle> {
        let scale = i32::from(session.display().scale());
        let (page_width, page_height) = (page.0 * scale, page.1 * scale);
        let way = |edge: i32, hidden: i32| match hidden {
            1.. if edge <= AT_EDGE => hidden,
            1.. => -hidden,
            _ => -edge,
        };
        until("the whole window in the corner", async || {
            let Some(frame) = self.resting_window(session).await? else { return Ok(None) };
            let hidden = (page_width - frame.width, page_height - frame.height);
            if hidden.0 <= 0 && hidden.1 <= 0 && frame.x <= AT_EDGE && frame.y <= AT_EDGE {
                return Ok(Some(frame));
            }
            let title = (frame.x + frame.width / 2, frame.y + 20 * scale);
            self.drag(session, 1, title, (way(frame.x, hidden.0), way(frame.y, hidden.1))).await?;
            bail!("it is at {frame:?}, and its page has {page_width} × {page_height} pixels")
        })
        .await
    }

    /// Where Weston shows a window, if it is in the same place a moment later.
    async fn resting_window(&self, session: &Session) -> Result<Option<Rectangle>> {
        let before = self.picture(session)?.windows();
        tokio::time::sleep(A_MOMENT).await;
        Ok(self.picture(session)?.windows().filter(|now| Some(*now) == before))
    }

    /// Brings the window before all others. Only where windows overlap.
    pub fn raise(&self, session: &Session, pid: u32) -> Result<()> {
        let id = present_x_window(session, pid)?.to_string();
        succeed("xdotool", session.run("xdotool", &["windowactivate", "--sync", &id])?)?;
        Ok(())
    }

    /// Moves the window so that its upper left corner is here. Only where the display lets a window be moved from outside.
    pub fn move_to(&self, session: &Session, pid: u32, x: i32, y: i32) -> Result<()> {
        let id = present_x_window(session, pid)?.to_string();
        succeed("xdotool", session.run("xdotool", &["windowmove", &id, &x.to_string(), &y.to_string()])?)?;
        Ok(())
    }

    /// Has the window cover the screen, as far as the display offers that.
    pub fn maximise(&self, session: &Session, pid: u32) -> Result<()> {
        match session.display() {
            Display::X11 { manager: Manager::Openbox, .. } => self.cover(session, pid, 1),
            Display::X11 { manager: Manager::I3, .. } => succeed("i3-msg", session.run("i3-msg", &["fullscreen", "enable"])?).map(drop),
            Display::Weston { .. } => self.press(session, "super+shift+m"),
            Display::Sway => succeed("swaymsg", session.run("swaymsg", &["fullscreen", "enable"])?).map(drop),
        }
    }

    /// Ends what [`Screen::maximise`] did, where the display lets windows overlap.
    pub fn restore(&self, session: &Session, pid: u32) -> Result<()> {
        match session.display() {
            Display::X11 { .. } => self.cover(session, pid, 0),
            _ => self.press(session, "super+shift+m"),
        }
    }

    fn cover(&self, session: &Session, pid: u32, action: u32) -> Result<()> {
        let (connection, root) = self.x.as_ref().context("no X server")?;
        let atom = |name: &str| -> Result<u32> { Ok(connection.intern_atom(false, name.as_bytes())?.reply()?.atom) };
        let id = present_x_window(session, pid)?;
        // EWMH: action (0 removes, 1 adds), two properties, source (2: a pager).
        let data = [action, atom("_NET_WM_STATE_MAXIMIZED_VERT")?, atom("_NET_WM_STATE_MAXIMIZED_HORZ")?, 2, 0];
        let message = ClientMessageEvent::new(32, id, atom("_NET_WM_STATE")?, data);
        connection.send_event(false, *root, EventMask::SUBSTRUCTURE_REDIRECT | EventMask::SUBSTRUCTURE_NOTIFY, message)?;
        connection.flush()?;
        Ok(())
    }

    /// Lets the window float with this size, where the display tiles.
    pub fn float(&self, session: &Session, (width, height): (i32, i32)) -> Result<()> {
        // Into the corner, where there is room for any size.
        let words = format!("floating enable, resize set {width} px {height} px, move position 0 px 0 px");
        match session.display() {
            Display::Sway => succeed("swaymsg", session.run("swaymsg", &[&words])?)?,
            _ => succeed("i3-msg", session.run("i3-msg", &[&words])?)?,
        };
        Ok(())
    }

    /// Drags a window of Weston with Super and a button held: the first moves it, the third resizes it.
    async fn drag(&self, session: &Session, button: u8, (x, y): (i32, i32), (dx, dy): (i32, i32)) -> Result<()> {
        let button = button.to_string();
        let words = |words: &[&str]| -> Result<()> {
            succeed("xdotool", session.x_command("xdotool").args(words).output()?)?;
            Ok(())
        };
        // Weston follows movements only: from a corner on, its pointer is where X's is.
        words(&["mousemove", "0", "0"])?;
        words(&["mousemove", &x.to_string(), &y.to_string(), "keydown", "super", "mousedown", &button])?;
        // As a hand does: in steps, so that the compositor sees a movement.
        for step in 1..=10 {
            words(&["mousemove", "--", &(x + dx * step / 10).to_string(), &(y + dy * step / 10).to_string()])?;
            tokio::time::sleep(Duration::from_millis(15)).await;
        }
        words(&["mouseup", &button, "keyup", "super"])
    }

    /// Asks the window to close, as a person does: with the window manager's key or command. Weston has none that only asks; there the
    /// window's own button is pressed by the caller.
    pub fn close(&self, session: &Session, pid: u32) -> Result<()> {
        match session.display() {
            Display::X11 { manager: Manager::Openbox, .. } => {
                if let Some(id) = x_window(session, pid)? {
                    let words = ["windowactivate", "--sync", &id.to_string(), "key", "--clearmodifiers", "alt+F4"];
                    // Fails where the window went away meanwhile, as it should.
                    session.run("xdotool", &words)?;
                }
                Ok(())
            }
            Display::X11 { manager: Manager::I3, .. } => {
                succeed("i3-msg", session.run("i3-msg", &["[class=\"(?i)monei\"] kill"])?).map(drop)
            }
            Display::Sway => session.run("swaymsg", &[&format!("[pid={pid}] kill")]).map(drop),
            Display::Weston { .. } => bail!("Weston closes no window by a key"),
        }
    }

    /// Waits until the window of `pid` is there.
    pub async fn wait_for_window(&self, session: &Session, pid: u32) -> Result<Rectangle> {
        until("a window", async || self.window(session, pid)).await
    }
}

/// The window that is there. A look while the window manager puts it elsewhere may miss it.
fn present_x_window(session: &Session, pid: u32) -> Result<Window> {
    for _ in 0..LOOKS {
        if let Some(id) = x_window(session, pid)? {
            return Ok(id);
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    bail!("no window")
}

fn x_window(session: &Session, pid: u32) -> Result<Option<Window>> {
    let found = session.run("xdotool", &["search", "--onlyvisible", "--pid", &pid.to_string()])?;
    let ids = String::from_utf8_lossy(&found.stdout).into_owned();
    // GTK has small helper windows of its own; the last one made is the one with a page.
    Ok(ids.split_whitespace().last().map(str::parse).transpose()?)
}

fn sway_window(session: &Session, pid: u32) -> Result<Option<Rectangle>> {
    let said = succeed("swaymsg", session.run("swaymsg", &["-r", "-t", "get_tree"])?)?;
    let tree: Value = serde_json::from_slice(&said.stdout)?;
    let mut open = vec![&tree];
    while let Some(node) = open.pop() {
        if node["pid"].as_u64() == Some(pid.into()) {
            let side = |name: &str| node["rect"][name].as_i64().and_then(|value| i32::try_from(value).ok()).context("no rectangle");
            return Ok(Some(Rectangle { x: side("x")?, y: side("y")?, width: side("width")?, height: side("height")? }));
        }
        for children in ["nodes", "floating_nodes"] {
            open.extend(node[children].as_array().into_iter().flatten());
        }
    }
    Ok(None)
}

fn succeed(program: &str, said: Output) -> Result<Output> {
    ensure!(said.status.success(), "{program}: {}{}", String::from_utf8_lossy(&said.stdout), String::from_utf8_lossy(&said.stderr));
    Ok(said)
}
