//! `cargo xtask bench`: what the program takes, beside an empty window that was built by the same command.

use anyhow::Result;

use crate::packages::{For, install_missing};
use crate::step::{Steps, command, succeed};
use crate::ui;

pub fn bench() -> Result<()> {
    let mut steps = Steps::new(5);
    steps.step("System packages", || install_missing(For::Driving))?;
    steps.step("Packages of the web view", ui::install)?;
    steps.step("Build the web view", ui::build)?;
    steps.step("Build the release programs", || {
        let packages = ["-p", "monei-connect", "-p", "connect-backend", "-p", "monei-sandbox"];
        let mut build = command("cargo", &["build", "--release", "--locked", "--features", "monei-connect/automation", "--bins"]);
        succeed(build.args(["--example", "empty-window"]).args(packages))?;
        succeed(&mut command("cargo", &["build", "--locked", "-p", "e2e", "--bin", "bench"]))
    })?;
    steps.step("Measure", || succeed(&mut command("target/debug/bench", &[])))
}
