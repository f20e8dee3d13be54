//! The displays that a session can have: an X server with a window manager, or a Wayland compositor.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::process::Process;
use crate::session::{Session, first_line};
use crate::until;

/// What a session's programs are shown on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Display {
    /// Xvfb with a window manager.
    X11 {
        /// Width and height in pixels.
        size: (u16, u16),
        /// Who places windows.
        manager: Manager,
        /// GTK's `GDK_SCALE`; 1 leaves it unset.
        scale: u8,
    },
    /// Weston, a Wayland compositor, in a window that covers an Xvfb: what it shows can be read from X, and input can be given there.
    Weston {
        /// The output's scale.
        scale: u8,
    },
    /// Sway without a screen: a tiling Wayland compositor.
    Sway,
}

/// A window manager of X11.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manager {
    /// Windows that overlap and keep the size they ask for.
    Openbox,
    /// Tiles: it decides each window's size.
    I3,
}

impl Default for Display {
    fn default() -> Self {
        Self::X11 { size: (1440, 1000), manager: Manager::Openbox, scale: 1 }
    }
}

/// Size of Sway's output, in pixels.
const SWAY: (u16, u16) = (1440, 1000);
/// Size of Weston's output, in logical pixels.
const WESTON: (u16, u16) = (1320, 900);

impl Display {
    /// Logical size of the screen: what a program may cover.
    pub fn size(self) -> (u16, u16) {
        match self {
            Self::X11 { size, scale, .. } => (size.0 / u16::from(scale), size.1 / u16::from(scale)),
            Self::Weston { .. } => WESTON,
            Self::Sway => SWAY,
        }
    }

    /// Device pixels per logical pixel.
    pub fn scale(self) -> u8 {
        match self {
            Self::X11 { scale, .. } | Self::Weston { scale } => scale,
            Self::Sway => 1,
        }
    }

    /// Whether the display decides a window's size, whatever the program asks for.
    pub fn tiles(self) -> bool {
        matches!(self, Self::Sway | Self::X11 { manager: Manager::I3, .. })
    }

    /// Whether programs speak Wayland to it.
    pub fn is_wayland(self) -> bool {
        matches!(self, Self::Weston { .. } | Self::Sway)
    }

    pub(crate) async fn start(self, session: &mut Session) -> Result<()> {
        match self {
            Self::X11 { size, manager, scale } => {
                let display = start_xvfb(session, size)?;
                session.set("DISPLAY", &display);
                session.x_display = Some(display);
                if scale > 1 {
                    session.set("GDK_SCALE", &scale.to_string());
                }
                start_manager(session, manager).await
            }
            Self::Weston { scale } => {
                let size = (WESTON.0 * u16::from(scale), WESTON.1 * u16::from(scale));
                let display = start_xvfb(session, size)?;
                session.x_display = Some(display);
                start_weston(session, scale).await
            }
            Self::Sway => start_sway(session).await,
        }
    }
}

fn start_xvfb(session: &mut Session, (width, height): (u16, u16)) -> Result<String> {
    let mut command = session.command("Xvfb");
    // No key repeats (`-r`): where the computer is busy, one may be held for long.
    command.args(["-displayfd", "1", "-screen", "0", &format!("{width}x{height}x24"), "-r", "-nolisten", "tcp", "-noreset"]);
    let mut server = Process::spawn_piped("xvfb", &mut command, &session.logs())?;
    let display = first_line(&mut server).context("Xvfb gave no display")?;
    session.keep_for_display(server);
    Ok(format!(":{display}"))
}

async fn start_manager(session: &mut Session, manager: Manager) -> Result<()> {
    let (name, mut command) = match manager {
        Manager::Openbox => ("openbox", session.command("openbox")),
        Manager::I3 => {
            let config = session.folder().join("config/i3.config");
            fs::write(&config, "font pango:monospace 8\nworkspace_layout default\nfocus_follows_mouse no\n")?;
            let mut command = session.command("i3");
            command.arg("-c").arg(config);
            ("i3", command)
        }
    };
    let manager = Process::spawn(name, &mut command, &session.logs())?;
    session.keep_for_display(manager);
    until("the window manager", async || {
        let said = session.run("xprop", &["-root", "_NET_SUPPORTING_WM_CHECK"])?;
        Ok(String::from_utf8_lossy(&said.stdout).contains("window id").then_some(()))
    })
    .await
}

/// The desktop's colour, `#8000ff`, is in no window of ours: so a picture tells where windows are.
async fn start_weston(session: &mut Session, scale: u8) -> Result<()> {
    let config = session.folder().join("config/weston.ini");
    let shell = "[core]\nidle-time=0\n[shell]\nbackground-color=0xff8000ff\npanel-position=none\nlocking=false\n\
                 animation=none\nstartup-animation=none\nclose-animation=none\nfocus-animation=none\n[keyboard]\nrepeat-rate=0\n";
    fs::write(&config, shell)?;
    let display = session.x_display.clone().context("Weston needs an X server")?;
    let mut command = session.command("weston");
    command.env("DISPLAY", display).args(["--backend=x11-backend.so", "--use-pixman", "--socket=wl-session"]);
    command.arg(format!("--width={}", WESTON.0)).arg(format!("--height={}", WESTON.1)).arg(format!("--scale={scale}"));
    command.arg(format!("--config={}", config.display()));
    let weston = Process::spawn("weston", &mut command, &session.logs())?;
    session.keep_for_display(weston);
    wait_for_socket(session, "wl-session").await?;
    session.set("WAYLAND_DISPLAY", "wl-session");
    Ok(())
}

async fn start_sway(session: &mut Session) -> Result<()> {
    let config = session.folder().join("config/sway.config");
    let (width, height) = SWAY;
    let lines = format!(
        "output * resolution {width}x{height} bg #8000ff solid_color\nfont pango:monospace 8\ndefault_border normal 0\nxwayland disable\n"
    );
    fs::write(&config, lines)?;
    let socket = session.folder().join("run/sway.sock");
    session.set("SWAYSOCK", &socket.display().to_string());
    let mut command = if fs::metadata(session.folder())?.uid() == 0 {
        // Sway refuses to run for an administrator. As somebody else it may still write its sockets into this session's folder.
        let mut command = session.command("setpriv");
        command.args([
            "--reuid=65534",
            "--regid=65534",
            "--clear-groups",
            "--inh-caps=+dac_override",
            "--ambient-caps=+dac_override",
            "sway",
        ]);
        command
    } else {
        session.command("sway")
    };
    command.env("WLR_BACKENDS", "headless").env("WLR_RENDERER", "pixman").env("WLR_LIBINPUT_NO_DEVICES", "1").arg("-c").arg(config);
    let sway = Process::spawn("sway", &mut command, &session.logs())?;
    session.keep_for_display(sway);
    wait_for_socket(session, "wayland-1").await?;
    session.set("WAYLAND_DISPLAY", "wayland-1");
    until("sway's outputs", async || {
        let said = session.run("swaymsg", &["-t", "get_outputs"])?;
        Ok(String::from_utf8_lossy(&said.stdout).contains("HEADLESS-1").then_some(()))
    })
    .await
}

async fn wait_for_socket(session: &Session, name: &str) -> Result<()> {
    let socket = session.folder().join("run").join(name);
    until("the compositor", async || Ok(socket.exists().then_some(()))).await
}

/// The whole screen of a session, as a PNG file.
pub(crate) fn take_picture(session: &Session, path: &Path) -> Result<()> {
    let path = path.display().to_string();
    let said = match session.display() {
        Display::Sway => session.run("grim", &[&path])?,
        _ => session.x_command("import").args(["-window", "root", &path]).output().context("import can't be started")?,
    };
    ensure!(said.status.success(), "the screen can't be taken: {}", String::from_utf8_lossy(&said.stderr));
    Ok(())
}
