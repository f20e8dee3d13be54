//! System packages on Debian and its relatives: finds what is missing, says which, asks unless root or CI, and installs it.

use std::io::{IsTerminal, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::step::{command, succeed};

/// To compile anything.
const COMPILE: &[&str] = &["build-essential"];
/// To build the program.
const BUILD: &[&str] = &["build-essential", "pkg-config", "libwebkit2gtk-4.1-dev"];
/// To open links and keep tokens.
const OPEN: &[&str] = &["xdg-utils", "dbus"];
/// A display, a session bus, an accessibility bus, keyrings, a browser and desktops' proxy settings of the tests' own.
const DRIVE: &[&str] = &[
    "at-spi2-core",
    "chromium",
    "chromium-driver",
    "curl",
    "dbus-x11",
    "desktop-file-utils",
    "fonts-dejavu-core",
    "gcr",
    "glib-networking",
    "gnome-keyring",
    "gsettings-desktop-schemas",
    "imagemagick",
    "keepassxc",
    "libglib2.0-bin",
    "libkf5config-bin",
    "libkf5wallet-bin",
    "libproxy1-plugin-kconfig",
    "libproxy1-plugin-webkit",
    "libqca-qt5-2-plugins",
    "libsecret-tools",
    "notification-daemon",
    "openbox",
    "webkit2gtk-driver",
    "x11-utils",
    "xauth",
    "xclip",
    "xdotool",
    "xfce4-panel",
    "xvfb",
];
/// The other desktops, and what reads them and types there.
const PLACES: &[&str] = &["grim", "i3-wm", "sway", "swaybg", "weston", "wtype"];
/// A second process for the backend's shared store.
const SERVE: &[&str] = &["redis-server"];
/// Monei’s published Python package, which tests and the tour run.
const CLIENTS: &[&str] = &["python3-venv"];
/// Reads back what was exported.
const READERS: &[&str] = &["python3-ofxparse"];
/// To package.
const PACKAGE: &[&str] = &["rpm", "file", "squashfs-tools"];
/// To look at packages.
const LOOK: &[&str] = &["appstream", "binutils", "cpio", "desktop-file-utils", "lintian", "rpmlint"];

/// To link for Windows.
const MINGW: &[&str] = &["gcc-mingw-w64-x86-64", "mingw-w64-x86-64-dev"];
/// To run what was built for Windows.
const WINE: &[&str] = &["wine", "wine64"];
/// To make the installer for Windows, and to approve what is asked for while it is tried.
const INSTALLER: &[&str] = &["curl", "nsis"];
/// To make container images and try them.
const IMAGES: &[&str] = &["iptables", "mmdebstrap", "netavark", "podman", "runc", "systemd-container"];

/// What a task needs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum For {
    /// Building and opening the program.
    Running,
    /// Driving the program without a person.
    Driving,
    /// Everything that the tests start.
    Testing,
    /// Measuring the backend with its store.
    Serving,
    /// Making packages.
    Packaging,
    /// Making container images.
    Images,
    /// Compiling for macOS.
    Macos,
    /// Compiling for Windows.
    Windows,
    /// Running what was compiled for Windows.
    Wine,
    /// Making the installer for Windows, and trying it.
    Installer,
}

/// Installs what `purpose` needs and isn't there.
pub fn install_missing(purpose: For) -> Result<()> {
    if !Path::new("/etc/debian_version").exists() {
        eprintln!("Not Debian or a relative of it: please install WebKitGTK 4.1 and its headers yourself where the build asks for them.");
        return Ok(());
    }
    let groups: &[&[&str]] = match purpose {
        For::Running => &[BUILD, OPEN],
        For::Driving => &[BUILD, OPEN, DRIVE, CLIENTS],
        For::Testing => &[BUILD, OPEN, DRIVE, PLACES, SERVE, CLIENTS, READERS],
        For::Serving => &[&["build-essential"], SERVE],
        For::Packaging => &[BUILD, PACKAGE, LOOK],
        For::Images => &[COMPILE, IMAGES],
        For::Macos => &[COMPILE],
        For::Windows => &[COMPILE, MINGW],
        For::Wine => &[COMPILE, MINGW, WINE],
        For::Installer => &[COMPILE, MINGW, WINE, INSTALLER],
    };
    let missing: Vec<&str> = groups.iter().copied().flatten().copied().filter(|name| !is_installed(name)).collect();
    if missing.is_empty() {
        eprintln!("Nothing is missing.");
        return Ok(());
    }
    eprintln!("Missing: {}", missing.join(" "));
    let root = is_root()?;
    if !root && std::env::var_os("CI").is_none() {
        ask("Install them with sudo apt-get?")?;
    }
    apt(root, &["update", "-qq"])?;
    let words: Vec<&str> = ["install", "-y", "-qq", "--no-install-recommends"].into_iter().chain(missing).collect();
    apt(root, &words)
}

/// Has apt read its lists anew.
pub fn update_lists() -> Result<()> {
    let root = is_root()?;
    if !root && std::env::var_os("CI").is_none() {
        ask("Read the lists of packages anew with sudo apt-get?")?;
    }
    apt(root, &["update", "-qq"])
}

/// Whether a package is installed.
pub fn is_installed(package: &str) -> bool {
    let asked = Command::new("dpkg-query").args(["-W", "-f=${db:Status-Status}", package]).stderr(Stdio::null()).output();
    asked.is_ok_and(|output| output.stdout == b"installed")
}

fn is_root() -> Result<bool> {
    let output = Command::new("id").arg("-u").output().context("id can't be started")?;
    Ok(output.stdout.trim_ascii() == b"0")
}

fn ask(question: &str) -> Result<()> {
    if !std::io::stdin().is_terminal() {
        bail!("nobody is there to ask; install what is missing yourself, or set CI=true to agree");
    }
    eprint!("{question} [Y/n] ");
    std::io::stderr().flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    if matches!(answer.trim().to_ascii_lowercase().as_str(), "" | "y" | "yes") {
        Ok(())
    } else {
        bail!("not done");
    }
}

fn apt(root: bool, words: &[&str]) -> Result<()> {
    let mut apt = if root {
        command("apt-get", words)
    } else {
        let mut sudo = command("sudo", &["DEBIAN_FRONTEND=noninteractive", "apt-get"]);
        sudo.args(words);
        sudo
    };
    succeed(apt.env("DEBIAN_FRONTEND", "noninteractive"))
}
