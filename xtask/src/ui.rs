//! The web view's packages and bundle.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::step::{command, succeed};

/// `npm` in the web view's folder.
pub fn npm(arguments: &[&str]) -> Command {
    let mut npm = command("npm", arguments);
    npm.current_dir("ui");
    npm
}

/// Installs exactly what the lock file names, unless that is installed already.
pub fn install() -> Result<()> {
    check_node()?;
    let lock = std::fs::read("ui/package-lock.json").context("ui/package-lock.json")?;
    let stamp = Path::new("ui/node_modules/.installed-lock");
    if std::fs::read(stamp).is_ok_and(|installed| installed == lock) {
        eprintln!("Up to date.");
        return Ok(());
    }
    // No install scripts: nothing is downloaded but the packages themselves.
    succeed(&mut npm(&["ci", "--ignore-scripts", "--no-audit", "--no-fund"]))?;
    std::fs::write(stamp, lock).context("ui/node_modules")
}

/// Bundles the web view into `ui/dist`.
pub fn build() -> Result<()> {
    succeed(&mut npm(&["run", "--silent", "build"]))
}

fn check_node() -> Result<()> {
    let output = command("node", &["--version"]).output().context("Node is missing: install Node 20 or later")?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let major: u32 = text.trim_start_matches('v').split('.').next().and_then(|part| part.parse().ok()).unwrap_or(0);
    if major < 20 {
        bail!("Node 20 or later is needed; this is {text}");
    }
    Ok(())
}
