//! `cargo xtask bundle`: the packages. The desktop program for end users, without sandbox or backend inside; the backend for operators and
//! the sandbox for testers, each by itself.

use anyhow::Result;

use crate::packages::{For, install_missing};
use crate::step::Steps;
use crate::{tools, ui};

pub fn bundle() -> Result<()> {
    let mut steps = Steps::new(4);
    if cfg!(target_os = "linux") {
        steps.step("System packages", || install_missing(For::Packaging))?;
    }
    steps.step("Packages of the web view", ui::install)?;
    // Tauri's own bundler builds the web view first. Its working folder is the top of the project, where tauri.conf.json is.
    steps.step("The desktop program", || {
        tools::desktop_packages()?;
        ui::check_release_bundle()
    })?;
    if cfg!(target_os = "linux") {
        steps.step("The backend and the sandbox", || {
            [("connect-backend", tools::SERVICE_PROFILE), ("monei-sandbox", "release")]
                .into_iter()
                .try_for_each(|(package, profile)| tools::debian_package(package, profile, "target/release/bundle/deb"))
        })?;
    }
    eprintln!("\nThe packages are in target/release/bundle.");
    Ok(())
}
