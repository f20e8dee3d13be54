//! `cargo xtask macos check`: everything that is compiled for macOS alone is compiled and linted. Nothing is linked, and nothing runs: that takes
//! Apple's own tools.

use anyhow::Result;

use crate::cross::Toolchain;
use crate::packages::{For, install_missing};
use crate::step::Steps;
use crate::ui;

const TARGET: &str = "aarch64-apple-darwin";

/// What to do for macOS.
#[derive(Clone, Copy, clap::Subcommand)]
pub enum Task {
    /// Clippy of every target of the workspace but the tests that are for Linux alone.
    Check,
}

pub fn macos(task: Task) -> Result<()> {
    let Task::Check = task;
    let mut steps = Steps::new(5);
    steps.step("System packages", || install_missing(For::Macos))?;
    steps.step("Packages of the web view", ui::install)?;
    steps.step("Build the web view", ui::build)?;
    let toolchain = steps.step("A compiler for macOS", Toolchain::unpack)?;
    steps.step("Clippy for macOS", || check(&toolchain))?;
    steps.print_summary();
    Ok(())
}

/// Clippy for Macs with Apple's processors.
pub fn check(toolchain: &Toolchain) -> Result<()> {
    let here = std::env::current_dir()?;
    let compiler = here.join("xtask/cross/apple-compiler");
    // Whoever looks for Apple's headers finds a folder with none, instead of asking a program that is on Macs alone.
    let sdk = here.join("target/tools/cross/no-sdk");
    std::fs::create_dir_all(&sdk)?;
    toolchain.clippy(TARGET, "macos", |clippy| {
        clippy.env("CC_aarch64_apple_darwin", &compiler).env("CXX_aarch64_apple_darwin", &compiler);
        clippy.env("AR_aarch64_apple_darwin", "ar").env("SDKROOT", &sdk);
    })
}
