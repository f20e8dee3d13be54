//! `cargo xtask bundle`: the packages. The desktop program for end users, without sandbox or backend inside; the backend for operators and
//! the sandbox for testers, and the command line, each by itself.

use anyhow::Result;

use crate::packages::{For, install_missing};
use crate::step::{Steps, command, output, succeed};
use crate::{tools, ui};

/// The command line, with its man page and completions, which it writes itself.
fn command_line() -> Result<()> {
    succeed(&mut command("cargo", &["build", "--release", "--locked", "--package", "moneictl"]))?;
    std::fs::create_dir_all("target/moneictl")?;
    for (words, file) in [
        (&["man"][..], "moneictl.1"),
        (&["completions", "bash"], "moneictl.bash"),
        (&["completions", "zsh"], "moneictl.zsh"),
        (&["completions", "fish"], "moneictl.fish"),
    ] {
        std::fs::write(format!("target/moneictl/{file}"), output(&mut command("target/release/moneictl", words))?)?;
    }
    tools::debian_package("moneictl", "release", "target/release/bundle/deb")
}

pub fn bundle() -> Result<()> {
    let mut steps = Steps::new(5);
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
        steps.step("The command line", command_line)?;
        steps.step("The backend and the sandbox", || {
            [("connect-backend", tools::SERVICE_PROFILE), ("monei-sandbox", "release")]
                .into_iter()
                .try_for_each(|(package, profile)| tools::debian_package(package, profile, "target/release/bundle/deb"))
        })?;
    }
    eprintln!("\nThe packages are in target/release/bundle.");
    Ok(())
}
