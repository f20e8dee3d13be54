//! `cargo xtask run`: from a fresh checkout to the open window, or to the tour where there is no display.

use anyhow::Result;

use crate::packages::{For, install_missing};
use crate::step::{Steps, command, succeed};
use crate::ui;

pub fn run(tour: bool) -> Result<()> {
    let tour = tour || !has_display();
    let mut steps = Steps::new(5);
    steps.step("System packages", || install_missing(if tour { For::Driving } else { For::Running }))?;
    steps.step("Packages of the web view", ui::install)?;
    steps.step("Build the web view", ui::build)?;
    steps.step("Build the program", || {
        let extra: &[&str] = if tour { &["--package", "e2e", "--package", "moneictl"] } else { &[] };
        let mut build = command("cargo", &["build", "--locked", "--package", "monei-connect", "--features", "monei-connect/embedded"]);
        succeed(build.args(extra))
    })?;
    if tour {
        steps.step("Tour through the real window", take_tour)
    } else {
        // The environment goes through: MONEI_ENVIRONMENT, MONEI_CLIENT_ID and so on reach the embedded backend.
        steps.step("Open the window", || succeed(&mut command("target/debug/monei-connect", &[])))
    }
}

/// The scripted tour; screenshots and a summary are left in `target/tour`.
pub fn take_tour() -> Result<()> {
    succeed(&mut command("target/debug/tour", &[]))
}

pub fn has_display() -> bool {
    if cfg!(any(target_os = "macos", windows)) {
        return true;
    }
    ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}
