//! `cargo xtask test --places`: the program as it is packaged, in the places where people run it.

use anyhow::Result;

use crate::packages::{For, install_missing};
use crate::step::{Steps, command, giving_way, succeed};
use crate::test::{Count, counted, finish};
use crate::{renamed, ui};

/// The step that builds the program for another packager.
pub const ANOTHER_NAME: &str = "Build the program under another name";

/// Builds the program and tries the places alone: those of every test run, or all.
pub fn test(all: bool) -> Result<()> {
    let mut steps = Steps::new(if all { 7 } else { 6 });
    let mut count = Count::default();
    steps.step("System packages", || install_missing(For::Testing))?;
    steps.step("Packages of the web view", ui::install)?;
    steps.step("Build the web view", ui::build)?;
    steps.step("Build the sandbox and the backend", || {
        succeed(&mut command("cargo", &["build", "--locked", "-p", "monei-sandbox", "-p", "connect-backend"]))
    })?;
    steps.step("Build the program as it is packaged", build)?;
    if all {
        steps.step(ANOTHER_NAME, renamed::build)?;
    }
    drop(steps.step("Places where people run it", || run(&mut count, all)));
    finish(&steps, &count)
}

/// How it is built.
pub const BUILD: [&str; 6] = ["build", "--locked", "--profile", "places", "--package", "monei-connect"];

/// The desktop program with the package's features and code paths, in `target/places`.
///
/// # Errors
/// Where it can't be built.
pub fn build() -> Result<()> {
    succeed(&mut giving_way("cargo", &BUILD))
}

/// Runs the places. Their programs are there already.
pub fn run(count: &mut Count, all: bool) -> Result<()> {
    // With the flags of the other tests, so that what was built for them serves.
    let mut tests = command("cargo", &["test", "--locked", "--workspace", "--features", "embedded", "--test", "places"]);
    if all {
        tests.env("PLACES", "all");
    }
    counted(&mut tests, count)
}
