//! `cargo xtask bench`: what the program takes, beside an empty window that was built by the same command; and what the backend takes,
//! beside Monei's documented quickstart on the same machine in the same run; and what the sandbox does a second as it fills.

use std::fs;

use anyhow::Result;

use crate::packages::{For, install_missing};
use crate::step::{Steps, command, succeed};
use crate::{tools, ui};

/// What can be measured.
#[derive(Clone, Copy, clap::ValueEnum)]
pub enum What {
    /// The desktop program.
    Desktop,
    /// The confidential backend.
    Backend,
    /// How many people an operator can serve, by simulation.
    Capacity,
    /// The sandbox, as it fills.
    Sandbox,
    /// What other programs pay: the local API beside direct calls, and the command line's start.
    Programs,
    /// The desktop program as built at each level of optimisation: its size beside its start.
    Profiles,
}

pub fn bench(what: What) -> Result<()> {
    match what {
        What::Desktop => desktop(),
        What::Backend => backend(),
        What::Capacity => capacity(),
        What::Sandbox => sandbox(),
        What::Programs => programs(),
        What::Profiles => profiles(),
    }
}

fn backend() -> Result<()> {
    let mut steps = Steps::new(3);
    steps.step("System packages", || install_missing(For::Serving))?;
    steps.step("Packages of the quickstart", || {
        let words = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", "benches/backend/quickstart"];
        succeed(&mut command("npm", &words))
    })?;
    // As it ships.
    let words = ["bench", "--profile", tools::SERVICE_PROFILE, "--locked", "-p", "connect-backend", "--bench", "backend"];
    steps.step("Build and measure", || succeed(&mut command("cargo", &words)))
}

fn capacity() -> Result<()> {
    let mut steps = Steps::new(1);
    steps.step("Build and simulate", || {
        let words = ["bench", "--locked", "-p", "connect-backend", "--features", "simulation", "--bench", "capacity"];
        succeed(&mut command("cargo", &words))
    })
}

fn sandbox() -> Result<()> {
    let mut steps = Steps::new(1);
    steps.step("Build and measure", || succeed(&mut command("cargo", &["bench", "--locked", "-p", "monei-sandbox", "--bench", "sandbox"])))
}

fn programs() -> Result<()> {
    let mut steps = Steps::new(3);
    steps.step("System packages", || install_missing(For::Driving))?;
    steps.step("Build the release programs", || {
        let packages = ["-p", "moneictl", "-p", "connect-backend", "-p", "monei-sandbox"];
        succeed(command("cargo", &["build", "--release", "--locked", "--bins"]).args(packages))?;
        succeed(&mut command("cargo", &["build", "--locked", "-p", "e2e", "--bin", "bench"]))
    })?;
    steps.step("Measure", || succeed(&mut command("setsid", &["--wait", "target/debug/bench", "programs"])))
}

fn desktop() -> Result<()> {
    let mut steps = Steps::new(5);
    steps.step("System packages", || install_missing(For::Driving))?;
    steps.step("Packages of the web view", ui::install)?;
    steps.step("Build the web view", ui::build)?;
    steps.step("Build the release programs", || {
        let packages = ["-p", "monei-connect", "-p", "empty-window", "-p", "connect-backend", "-p", "monei-sandbox"];
        let mut build = command("cargo", &["build", "--release", "--locked", "--features", "monei-connect/automation", "--bins"]);
        succeed(build.args(packages))?;
        succeed(&mut command("cargo", &["build", "--locked", "-p", "e2e", "--bin", "bench"]))
    })?;
    // In a session of its own, which it may then give the most CPU.
    steps.step("Measure", || succeed(&mut command("setsid", &["--wait", "target/debug/bench"])))
}

/// Everything else of the profile stays as it is.
fn profiles() -> Result<()> {
    let mut steps = Steps::new(5);
    steps.step("System packages", || install_missing(For::Driving))?;
    steps.step("Packages of the web view", ui::install)?;
    steps.step("Build the web view", ui::build)?;
    steps.step("Build the program at each level of optimisation", || {
        for (level, value) in [("z", "\"z\""), ("s", "\"s\""), ("2", "2"), ("3", "3")] {
            let profile = format!("profile.release.opt-level={value}");
            let words = [
                "build",
                "--release",
                "--locked",
                "--features",
                "monei-connect/automation",
                "--bins",
                "-p",
                "monei-connect",
                "--config",
                &profile,
            ];
            succeed(&mut command("cargo", &words))?;
            let folder = format!("target/profiles/{level}");
            fs::create_dir_all(&folder)?;
            fs::copy("target/release/monei-connect", format!("{folder}/monei-connect"))?;
        }
        // The servers, as they are packaged, and what measures.
        succeed(&mut command("cargo", &["build", "--release", "--locked", "--bins", "-p", "connect-backend", "-p", "monei-sandbox"]))?;
        succeed(&mut command("cargo", &["build", "--locked", "-p", "e2e", "--bin", "bench"]))
    })?;
    steps.step("Measure", || succeed(&mut command("setsid", &["--wait", "target/debug/bench", "profiles"])))
}
