//! `cargo xtask bundle --try bookworm`: every package for Linux in a Debian root that has nothing of them. They are installed there or unpacked, used,
//! upgraded and removed by `packaging/try/root.py`, the Debian packages also with a real browser. Then the root is booted, and
//! `packaging/try/units.py` starts the packaged units.

use std::fs;
use std::path::Path;

use anyhow::{Result, ensure};

use crate::packages::{For, install_missing};
use crate::step::{Steps, command, succeed};

/// Where `cargo xtask bundle` puts the packages.
const PACKAGES: &str = "target/release/bundle";
/// Each kind: its folder there, and how its files end.
const KINDS: [(&str, &str); 4] = [("deb", "deb"), ("rpm", "rpm"), ("tar", "gz"), ("appimage", "AppImage")];
/// What the trial does there.
const STEPS: &str = "packaging/try";
/// An index of each earlier schema.
const INDEXES: &str = "crates/core/src/ledger/fixtures";
/// What the root has beside the packages: a session bus and a keyring, a display and a browser, what drives and looks, and what installs RPM packages.
const INCLUDED: &str = "at-spi2-core,caddy,ca-certificates,chromium,chromium-driver,chromium-sandbox,curl,dbus,fonts-dejavu-core,gnome-keyring,imagemagick,libsecret-tools,man-db,openbox,procps,python3,python3-gi,python3-pexpect,rpm,systemd,xdg-utils,xdotool,xvfb";

/// Boots the root with systemd and a network of its own, in which units.service does its work and ends it. A person's own systemd needs two more
/// packages, and the document's commands OpenSSL.
const BOOTED: &str = r#"set -e
chroot "$1" apt-get --yes --no-install-recommends -qq -o=Dpkg::Use-Pty=0 install dbus-user-session libpam-systemd openssl
echo "127.0.0.1 localhost\n::1 localhost" > "$1/etc/hosts"
chroot "$1" systemctl enable /try/units.service
# Without what mmdebstrap has mounted there, in whose place systemd needs its own.
timeout 600 unshare --mount sh -c 'umount --lazy "$1/dev/shm" "$1/dev/pts" "$1/sys" "$1/proc" &&
    exec systemd-nspawn --quiet --directory="$1" --boot --register=no --keep-unit --private-network --console=pipe' sh "$1" < /dev/null > "$1/try/boot.log" ||
    echo "systemd-nspawn ended with $?"
cat "$1/try/units.log" || true
test -e "$1/try/units.passed" || { cat "$1/try/boot.log"; exit 1; }"#;

/// What it leaves to look at.
const PICTURES: &str =
    "/tmp/window-deb.png /tmp/window-archive.png /tmp/window-appimage.png /tmp/window-rpm.png /tmp/link.png /tmp/question.png";

/// Tries the packages in a clean root of `release`.
///
/// # Errors
/// The first thing that isn't as it should be; the trial has said what.
pub fn trial(release: &str) -> Result<()> {
    ensure!(Path::new(PACKAGES).exists(), "nothing in {PACKAGES}: `cargo xtask bundle` makes the packages");
    let mut copied = files(STEPS, "py")?;
    copied.extend(files(STEPS, "service")?);
    copied.extend(files(INDEXES, "sql")?);
    for (folder, ending) in KINDS {
        copied.extend(files(&format!("{PACKAGES}/{folder}"), ending)?);
    }
    ensure!(release.chars().all(|letter| letter.is_ascii_lowercase()), "{release} is no release of Debian");
    let mut steps = Steps::new(2);
    steps.step("System packages", || install_missing(For::Images))?;
    let temporary = fs::canonicalize("target")?.join("tmp");
    fs::create_dir_all(&temporary)?;
    let pictures = fs::canonicalize("target")?.join("trial").join(release);
    fs::create_dir_all(&pictures)?;
    steps.step("Install, use, upgrade and remove", || {
        let mut make = command("mmdebstrap", &["--mode=root", "--variant=minbase", "--format=null"]);
        make.env("TMPDIR", &temporary).arg(format!("--include={INCLUDED}"));
        for hook in [
            "mkdir \"$1/try\"".to_owned(),
            format!("copy-in {} /try", copied.join(" ")),
            "chroot \"$1\" python3 -u /try/root.py".to_owned(),
            BOOTED.to_owned(),
            format!("copy-out {PICTURES} {}", pictures.display()),
        ] {
            make.arg(format!("--customize-hook={hook}"));
        }
        succeed(make.args([release, "-"]))
    })?;
    steps.print_summary();
    eprintln!("\nTried on {release}. Pictures of the window are in {}.", pictures.display());
    Ok(())
}

/// Paths of the files in `folder` with this ending.
fn files(folder: &str, ending: &str) -> Result<Vec<String>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|own| own == ending) {
            paths.push(path.display().to_string());
        }
    }
    ensure!(!paths.is_empty(), "no {ending} in {folder}");
    Ok(paths)
}
