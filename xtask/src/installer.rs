//! The installer for Windows: NSIS makes it from `packaging/monei-connections/windows/installer.nsi`, on Debian and on Windows.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::step::{Steps, command, succeed};
use crate::{bundle, settings, tools, ui};

const SCRIPT: &str = "packaging/monei-connections/windows/installer.nsi";
/// This version, of every package of the workspace.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
/// Where the licences of what the programs are made of are collected.
const LICENCES: &str = "target/monei-connections/third-party-licences.txt";

/// The product, as a packager's settings and `tauri.windows.conf.json` have it.
pub struct Product {
    pub name: String,
    pub identifier: String,
    pub publisher: String,
}

impl Product {
    pub fn read() -> Result<Self> {
        const FILE: &str = "tauri.windows.conf.json";
        let of_windows: serde_json::Value = serde_json::from_str(&fs::read_to_string(FILE).context(FILE)?)?;
        let publisher = of_windows["bundle"]["publisher"].as_str().context("publisher")?.to_owned();
        let settings = settings::read()?;
        Ok(Self { name: settings.product_name, identifier: settings.identifier, publisher })
    }
}

/// The installer's name.
pub fn file_name(version: &str) -> String {
    format!("monei-connections-{version}-windows-x86_64-setup.exe")
}

/// Makes the installer of `version` in `folder`, with what was built in `programs`.
pub fn make(product: &Product, programs: &Path, version: &str, folder: &Path) -> Result<PathBuf> {
    fs::create_dir_all(folder)?;
    let here = std::env::current_dir()?;
    let made = here.join(folder).join(file_name(version));
    let mut nsis = makensis();
    // Warnings are errors: NSIS warns of what it leaves out.
    nsis.args(["-V2", "-WX", "-INPUTCHARSET", "UTF8"]);
    for (name, value) in [
        ("NAME", &*product.name),
        ("IDENTIFIER", &product.identifier),
        ("PUBLISHER", &product.publisher),
        ("VERSION", version),
        ("NUMBERS", &numbers(version)),
        ("PROGRAMS", &here.join(programs).display().to_string()),
        ("TOP", &here.display().to_string()),
        ("LICENCES", &here.join(LICENCES).display().to_string()),
        ("OUT", &made.display().to_string()),
    ] {
        nsis.arg(format!("-D{name}={value}"));
    }
    succeed(nsis.arg(SCRIPT))?;
    ensure!(made.exists(), "{} was not made", made.display());
    Ok(made)
}

/// A version as Windows writes it in files and compares it: 0.2.0-beta.1 is 0.2.0.0.
fn numbers(version: &str) -> String {
    format!("{}.0", version.split(['-', '+']).next().unwrap_or(version))
}

/// On Windows the installer of NSIS doesn't put it where commands are looked for.
fn makensis() -> Command {
    let installed = std::env::var_os("ProgramFiles(x86)").map(|folder| PathBuf::from(folder).join(r"NSIS\makensis.exe"));
    installed.filter(|program| program.exists()).map_or_else(|| command("makensis", &[]), Command::new)
}

/// `cargo xtask bundle` on Windows.
pub fn on_windows() -> Result<()> {
    let mut steps = Steps::new(4);
    steps.step("Packages of the web view", ui::install)?;
    steps.step("Build the web view", ui::build)?;
    steps.step("The programs", || {
        for programs in PROGRAMS {
            let mut build = command("cargo", &["build", "--release", "--locked"]);
            succeed(tools::without_builders_paths(build.args(programs))?)?;
        }
        Ok(())
    })?;
    let made = steps.step("The installer", || {
        ui::check_release_bundle()?;
        bundle::write_licences()?;
        make(&Product::read()?, Path::new("target/release"), VERSION, Path::new("target/release/bundle/windows"))
    })?;
    steps.print_summary();
    eprintln!("\nThe installer is {}.", made.display());
    Ok(())
}

/// What is built for it: the desktop program by itself, so that it has no feature that the others want of a common crate.
pub const PROGRAMS: [&[&str]; 2] = [&["--package", "monei-connect"], &["--package", "moneictl", "--package", "monei-connect-console"]];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_gets_four_numbers() {
        for (version, expected) in [("0.1.0", "0.1.0.0"), ("1.20.3-beta.1", "1.20.3.0"), ("1.2.3+4", "1.2.3.0")] {
            assert_eq!(numbers(version), expected);
        }
    }
}
