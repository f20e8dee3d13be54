//! `cargo xtask windows check | test | bundle`: everything is compiled and linted for Windows, tests run under Wine, and the installer is made and tried
//! there.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::cross::Toolchain;
use crate::installed::Trial;
use crate::installer::{self, Product};
use crate::packages::{For, install_missing};
use crate::service::Service;
use crate::step::{Steps, succeed};
use crate::test::{self, Count, counted, finish};
use crate::wine::Wine;
use crate::{bundle, gates, macos, tools, ui};

const TARGET: &str = "x86_64-pc-windows-gnu";
/// Where the installer is.
const BUNDLE: &str = "target/windows/bundle";

/// What to do for Windows.
#[derive(Clone, PartialEq, Eq, clap::Subcommand)]
pub enum Task {
    /// Clippy of every target of the workspace but the tests that are for Linux alone.
    Check,
    /// The tests of Monei's contract, the core, the program, the command line, the local API, the backend and the sandbox, under Wine.
    Test,
    /// The installer, in target/windows/bundle: made, installed under Wine, examined, used, upgraded and removed.
    Bundle,
    /// The installer's own part of that, with whatever programs: development builds, or stand-ins.
    Try {
        /// The folder with monei-connect.exe, monei-connect-console.exe, moneictl.exe and WebView2Loader.dll.
        programs: PathBuf,
    },
}

pub fn windows(task: Task) -> Result<()> {
    if let Task::Try { programs } = &task {
        return try_with(programs);
    }
    let (later_steps, needed) = match task {
        Task::Check => (1, For::Windows),
        Task::Test => (3, For::Wine),
        Task::Bundle | Task::Try { .. } => (BUNDLE_STEPS, For::Installer),
    };
    let mut steps = Steps::new(4 + later_steps);
    let mut count = Count::default();
    steps.step("System packages", || install_missing(needed))?;
    steps.step("Packages of the web view", ui::install)?;
    steps.step("Build the web view", ui::build)?;
    let toolchain = steps.step("A compiler for Windows", Toolchain::unpack)?;
    match task {
        Task::Check => {
            steps.step("Clippy for Windows", || check(&toolchain))?;
            steps.print_summary();
            Ok(())
        }
        Task::Test => {
            let ran = under_wine(&toolchain, &mut steps, &mut count);
            finish(&steps, &count).and(ran)
        }
        Task::Bundle | Task::Try { .. } => {
            let made = bundle(&toolchain, &mut steps);
            steps.print_summary();
            eprintln!("\nThe installer is {}.", made?.display());
            Ok(())
        }
    }
}

/// How many steps [`try_everything`] has.
pub const STEPS: usize = 7 + BUNDLE_STEPS;

/// Everything that can be tried here for Windows and macOS. A failed step is in the summary of `steps`; the others run all the same.
pub fn try_everything(steps: &mut Steps, count: &mut Count) -> Result<()> {
    steps.step("System packages for Windows and macOS", || install_missing(For::Installer))?;
    let toolchain = steps.step("A compiler for Windows and macOS", Toolchain::unpack)?;
    drop(steps.step("Clippy for Windows", || check(&toolchain)));
    drop(steps.step("Clippy for macOS", || macos::check(&toolchain)));
    let ran = under_wine(&toolchain, steps, count);
    bundle(&toolchain, steps).and(ran)
}

/// How many steps [`bundle`] has.
const BUNDLE_STEPS: usize = 10;

/// Builds the programs as they ship, makes the installer, and tries it under Wine.
fn bundle(toolchain: &Toolchain, steps: &mut Steps) -> Result<PathBuf> {
    steps.step("The programs for Windows", || {
        for programs in installer::PROGRAMS {
            let mut build = toolchain.cargo("build", TARGET, "windows")?;
            linked_by_mingw(&mut build);
            // The same program has the same bytes, whenever it was linked.
            tools::without_builders_paths_and(&mut build, &["-Clink-arg=-Wl,--no-insert-timestamp"])?;
            succeed(build.arg("--release").args(programs))?;
        }
        test::no_tools_in_release()
    })?;
    let product = Product::read()?;
    let (installer, older) = steps.step("The installer", || {
        let programs = PathBuf::from(format!("target/windows/{TARGET}/release"));
        // What an earlier version left would be taken for part of this one.
        if Path::new(BUNDLE).exists() {
            fs::remove_dir_all(BUNDLE)?;
        }
        bundle::write_licences()?;
        let installer = installer::make(&product, &programs, installer::VERSION, Path::new(BUNDLE))?;
        let older = installer::make(&product, &programs, OLDER, Path::new("target/tmp/older"))?;
        Ok((installer, older))
    })?;
    let service = steps.step("A sandbox and a backend to connect with", || Service::build().and_then(|()| Service::start()))?;
    let wine = steps.step("A new Windows under Wine", Wine::fresh)?;
    let tried = Trial::new(&wine, &product, &service, &installer, &older).and_then(|trial| {
        steps.step("Another folder", || trial.install_elsewhere())?;
        steps.step("Install and upgrade", || trial.install())?;
        steps.step("What is installed", || trial.examine())?;
        steps.step("Use, what is refused, and an update", || {
            trial.use_programs().and_then(|()| trial.refuse()).and_then(|()| trial.update())
        })?;
        steps.step("Uninstall", || trial.remove())
    });
    tried.and(wine.end())?;
    steps.step("What it is made of, and the checksums", || {
        tools::write_bills_of_materials(Path::new(BUNDLE), &MADE_OF, Some(TARGET))?;
        gates::write_checksums(Path::new(BUNDLE))
    })?;
    Ok(installer)
}

/// All but what only the programs that ship can answer.
fn try_with(programs: &Path) -> Result<()> {
    let mut steps = Steps::new(8);
    steps.step("System packages", || install_missing(For::Installer))?;
    let product = Product::read()?;
    let (installer, older) = steps.step("The installer", || {
        bundle::write_licences()?;
        let installer = installer::make(&product, programs, installer::VERSION, Path::new("target/tmp/tried"))?;
        Ok((installer, installer::make(&product, programs, OLDER, Path::new("target/tmp/older"))?))
    })?;
    let service = steps.step("A sandbox and a backend to connect with", || Service::build().and_then(|()| Service::start()))?;
    let wine = steps.step("A new Windows under Wine", Wine::fresh)?;
    let tried = Trial::new(&wine, &product, &service, &installer, &older).and_then(|trial| {
        steps.step("Another folder", || trial.install_elsewhere())?;
        steps.step("Install and upgrade", || trial.install())?;
        steps.step("What is refused, and an update", || trial.refuse().and_then(|()| trial.update()))?;
        steps.step("Uninstall", || trial.remove())
    });
    steps.print_summary();
    tried.and(wine.end())
}

/// A version to upgrade from. The programs inside are this one's.
const OLDER: &str = "0.0.1";
/// The programs whose dependencies are listed, and their manifests.
const MADE_OF: [(&str, &str); 3] =
    [("monei-connect", "Cargo.toml"), ("moneictl", "crates/cli/Cargo.toml"), ("monei-connect-console", "src-tauri/console/Cargo.toml")];

fn under_wine(toolchain: &Toolchain, steps: &mut Steps, count: &mut Count) -> Result<()> {
    let wine = steps.step("Wine", Wine::set_up)?;
    drop(steps.step("Tests under Wine", || test(toolchain, &wine, count)));
    drop(steps.step("The program under Wine", || {
        let tried = try_program(toolchain, &wine);
        tried.and(wine.end())
    }));
    Ok(())
}

/// Clippy for 64-bit Windows, with the C library of MinGW.
fn check(toolchain: &Toolchain) -> Result<()> {
    toolchain.clippy(TARGET, "windows", linked_by_mingw)
}

/// `cargo TASK` for programs that Wine runs.
fn run_by_wine(toolchain: &Toolchain, task: &str) -> Result<Command> {
    let mut cargo = toolchain.cargo(task, TARGET, "windows")?;
    linked_by_mingw(&mut cargo);
    cargo.args(["--config", UNALIGNED]).env("CARGO_PROFILE_DEV_DEBUG", "0");
    Ok(cargo)
}

fn linked_by_mingw(cargo: &mut Command) {
    cargo.env("CARGO_TARGET_X86_64_PC_WINDOWS_GNU_LINKER", "x86_64-w64-mingw32-gcc");
}

/// Builds the tests and runs them under Wine.
fn test(toolchain: &Toolchain, wine: &Wine, count: &mut Count) -> Result<()> {
    let mut tests = run_by_wine(toolchain, "test")?;
    for package in TESTED {
        tests.args(["--package", package]);
    }
    tests.args(["--features", "embedded", "--no-fail-fast", "--lib", "--bins", "--tests"]);
    wine.run_by(&mut tests)?;
    tests.args(["--", "--exact"]);
    tests.args(FAULTS_OF_WINE.iter().flat_map(|test| ["--skip", test]));
    counted(&mut tests, count)
}

/// The packages whose tests run under Wine.
const TESTED: [&str; 10] = [
    "monei",
    "connect-core",
    "connect-app",
    "connect-local-api",
    "connect-backend",
    "leaks",
    "monei-sandbox",
    "moneictl",
    "monei-connect",
    "monei-connect-console",
];

/// The program itself, with the sandbox and the backend inside: what it says in a terminal, and whether a connection can be made.
fn try_program(toolchain: &Toolchain, wine: &Wine) -> Result<()> {
    let mut build = run_by_wine(toolchain, "build")?;
    build.args(["--package", "monei-connect", "--package", "monei-connect-console", "--features", "embedded", "--bins"]);
    succeed(&mut build)?;
    let console = PathBuf::from(format!("target/windows/{TARGET}/debug/monei-connect-console.exe"));
    let say = |words: &[&str]| wine.say(&console, words);
    let version = say(&["--version"])?;
    if version != (Some(0), format!("monei-connect {}", env!("CARGO_PKG_VERSION")), String::new()) {
        bail!("--version: {version:?}");
    }
    let (code, out, err) = say(&["diagnos"])?;
    if (code, out.as_str(), err.lines().count()) != (Some(2), "", 1) {
        bail!("a word that isn't known: {code:?} {out} {err}");
    }
    let (code, out, err) = say(&["diagnose", "--json"])?;
    let told: serde_json::Value = serde_json::from_str(&out).with_context(|| format!("diagnose: {code:?} {out} {err}"))?;
    if code != Some(0) || told["ok"] != true {
        bail!("diagnose: {code:?} {told:#} {err}");
    }
    let (code, out, err) = say(&["diagnose"])?;
    println!("{out}");
    if code != Some(0) || !out.ends_with("Connections can be made.") {
        bail!("diagnose in words: {code:?} {err}");
    }
    // What is of this computer stays there (T-06).
    for (folder, expected) in [("Local", true), ("Roaming", false)] {
        if wine.has_file(&format!("AppData/{folder}/org.moneiconnections.manager/sandbox/index.sqlite"))? != expected {
            bail!("the index is not in AppData\\Local, or in AppData\\Roaming");
        }
    }
    Ok(())
}

/// Wine 8 aligns no record of its list of credentials that follows one of odd length, as was seen
/// in its answers; a development build of the crate that reads the list ends the process on that. A release doesn't look.
const UNALIGNED: &str = "profile.dev.package.windows-native-keyring-store.debug-assertions=false";

/// Tests that a fault of Wine fails.
const FAULTS_OF_WINE: [&str; 0] = [];
