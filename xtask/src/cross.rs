//! Code for Windows and macOS is compiled on Debian: its Rust compiler `rustc-web` and the sources of the standard library, which is built for the
//! other system as well. They can't be installed beside rustup's, so they are unpacked into `target/tools/cross`.

use std::collections::{BTreeSet, VecDeque};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::packages::{is_installed, update_lists};
use crate::step::{command, output, succeed};

/// Compiler, cargo, clippy and the standard library's sources. The libraries that these need come with them.
const WANTED: [&str; 4] = ["rustc-web", "cargo-web", "rust-web-clippy", "rust-web-src"];
/// The standard library for both ways of panicking, so that development and release builds share it.
const BUILD_STD: &str = "-Zbuild-std=std,panic_unwind,panic_abort";
/// What runs and links on Linux alone.
const LINUX_ONLY: [&str; 3] = ["e2e", "places", "empty-window"];

/// The unpacked compiler.
pub struct Toolchain {
    root: PathBuf,
}

impl Toolchain {
    /// Unpacks it, unless that was done before.
    pub fn unpack() -> Result<Self> {
        let folder = std::env::current_dir()?.join("target/tools/cross");
        let toolchain = Self { root: folder.join("root") };
        let done = folder.join("packages");
        if done.exists() {
            return Ok(toolchain);
        }
        // Left over from a run that was ended.
        if folder.exists() {
            std::fs::remove_dir_all(&folder)?;
        }
        std::fs::create_dir_all(&toolchain.root)?;
        let unpacked = download_and_unpack(&folder, &toolchain.root)?;
        std::fs::write(done, unpacked.into_iter().collect::<Vec<_>>().join("\n"))?;
        Ok(toolchain)
    }

    /// `cargo TASK` for another system, with build output in `target/FOLDER`.
    pub fn cargo(&self, task: &str, target: &str, folder: &str) -> Result<Command> {
        let programs = self.root.join("usr/bin");
        let mut path = vec![programs.clone()];
        path.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
        let mut cargo = Command::new(programs.join("cargo"));
        cargo.args([task, BUILD_STD, "--locked", "--target", target, "--target-dir"]).arg(Path::new("target").join(folder));
        cargo.env("PATH", std::env::join_paths(path)?);
        cargo.env("LD_LIBRARY_PATH", self.root.join("usr/lib/x86_64-linux-gnu"));
        cargo.env("RUSTC", programs.join("rustc")).env("RUSTDOC", programs.join("rustdoc"));
        // To build the standard library from source is for development compilers otherwise.
        cargo.env("RUSTC_BOOTSTRAP", "1");
        // What is built is for a check or a run: without what only the next build reads.
        cargo.env("CARGO_INCREMENTAL", "0");
        Ok(cargo)
    }

    /// Clippy of the whole workspace but of what is for Linux alone, as it is developed; and of the program as it ships.
    pub fn clippy(&self, target: &str, folder: &str, prepare: impl Fn(&mut Command)) -> Result<()> {
        let mut developed = vec!["--workspace", "--all-targets", "--features", "embedded"];
        developed.extend(LINUX_ONLY.iter().flat_map(|package| ["--exclude", package]));
        for what in [developed, vec!["--package", "monei-connect", "--lib", "--bins"]] {
            let mut clippy = self.cargo("clippy", target, folder)?;
            clippy.arg("--keep-going").args(what).args(["--", "-D", "warnings"]);
            prepare(&mut clippy);
            succeed(&mut clippy)?;
        }
        Ok(())
    }
}

/// Brings the wanted packages and those libraries that they need and that aren't installed. Gives the names of all.
fn download_and_unpack(folder: &Path, root: &Path) -> Result<BTreeSet<String>> {
    if !available(WANTED[0]) {
        update_lists()?;
    }
    let mut waiting: VecDeque<String> = WANTED.iter().map(|name| (*name).to_owned()).collect();
    let mut unpacked = BTreeSet::new();
    while let Some(package) = waiting.pop_front() {
        if !unpacked.insert(package.clone()) {
            continue;
        }
        if !available(&package) {
            bail!("{NOT_AVAILABLE} {package}");
        }
        let downloads = folder.join(&package);
        std::fs::create_dir_all(&downloads)?;
        succeed(command("apt-get", &["download", "-qq", "-o", "APT::Sandbox::User=root", &package]).current_dir(&downloads))
            .with_context(|| format!("{NOT_AVAILABLE} {package}"))?;
        let archive = std::fs::read_dir(&downloads)?.next().context("apt-get brought nothing")??.path();
        succeed(command("dpkg-deb", &["--extract"]).arg(&archive).arg(root))?;
        let needs = output(command("dpkg-deb", &["--field"]).arg(&archive).arg("Depends"))?;
        waiting.extend(libraries(&needs).filter(|name| !is_installed(name)));
        std::fs::remove_dir_all(&downloads)?;
    }
    Ok(unpacked)
}

const NOT_AVAILABLE: &str =
    "apt can't bring this package (Rust for Windows and macOS is unpacked from Debian 12 or later with its security updates):";

fn available(package: &str) -> bool {
    command("apt-cache", &["show", package]).output().is_ok_and(|shown| shown.status.success() && !shown.stdout.is_empty())
}

/// The libraries in a list of what a package needs: `libc6 (>= 2.34), gcc, libfoo1 | libfoo2`. Of a choice the first.
fn libraries(needs: &str) -> impl Iterator<Item = String> {
    let names = needs.split(',').filter_map(|need| need.split_whitespace().next());
    // A C library's headers are the C compiler's matter.
    names.filter(|name| name.starts_with("lib") && *name != "libc-dev").map(|name| name.trim_end_matches(":any").to_owned())
}
