//! The program as a packager with settings of their own builds it: a copy of the project in which `packaging/settings.toml` alone is another.
//! The place `first-minutes::another-name` starts it.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::step::{command, output, succeed};
use crate::{places, settings};

/// The copy, and the program that is made of it.
const COPY: &str = "target/renamed/source";
const PROGRAM: &str = "target/renamed/monei-connect";
/// What the packager sets. `tests/places/src/first_minutes.rs` expects it.
const SETTINGS: &str =
    "product_name = \"Bourse à moi 2\"\nidentifier = \"org.example.bourse\"\nbackend_url = \"https://connect.example.test\"\n";

/// Builds it as places are built, whose packages of others it shares.
///
/// # Errors
/// A command that fails; nothing that a check of the settings would find.
pub fn build() -> Result<()> {
    let target = fs::canonicalize("target")?;
    let copy = Path::new(COPY);
    if copy.exists() {
        fs::remove_dir_all(copy)?;
    }
    for file in output(&mut command("git", &["ls-files"]))?.lines() {
        let to = copy.join(file);
        fs::create_dir_all(to.parent().context("a file without a folder")?)?;
        fs::copy(file, &to).with_context(|| file.to_owned())?;
    }
    fs::write(copy.join(settings::FILE), SETTINGS)?;
    settings::check(SETTINGS)?;
    link_node_modules(copy)?;
    succeed(command("npm", &["run", "--silent", "build"]).current_dir(copy.join("ui")))?;
    let mut build = command("cargo", &places::BUILD);
    succeed(build.current_dir(copy).env("CARGO_TARGET_DIR", &target))?;
    fs::copy("target/places/monei-connect", PROGRAM).context(PROGRAM)?;
    // Where it lay for a moment is the project's own program again.
    places::build()?;
    let own = |path: &str| -> Result<Vec<u8>> { fs::read(path).context(path.to_owned()) };
    ensure!(own(PROGRAM)? != own("target/places/monei-connect")?, "the program is the project's own");
    Ok(())
}

#[cfg(unix)]
fn link_node_modules(copy: &Path) -> Result<()> {
    let installed = fs::canonicalize("ui/node_modules")?;
    Ok(std::os::unix::fs::symlink(installed, copy.join("ui/node_modules"))?)
}

#[cfg(not(unix))]
fn link_node_modules(_: &Path) -> Result<()> {
    anyhow::bail!("on Linux only")
}
