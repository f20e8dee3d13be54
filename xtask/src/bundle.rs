//! `cargo xtask bundle`: the packages for end users, without sandbox or backend inside.

use anyhow::Result;

use crate::packages::{For, install_missing};
use crate::step::{Steps, succeed};
use crate::ui;

pub fn bundle() -> Result<()> {
    let mut steps = Steps::new(3);
    if cfg!(target_os = "linux") {
        steps.step("System packages", || install_missing(For::Packaging))?;
    }
    steps.step("Packages of the web view", ui::install)?;
    // Tauri's own bundler builds the web view first. Its working folder is the top of the project, where tauri.conf.json is.
    steps.step("Build and package", || {
        let mut bundler = crate::step::command("npm", &["exec", "--prefix", "ui", "--", "tauri", "build", "--ci"]);
        succeed(bundler.args(["--", "--locked"]))
    })?;
    eprintln!("\nThe packages are in target/release/bundle.");
    Ok(())
}
