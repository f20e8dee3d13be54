//! `cargo xtask`: everything that a contributor, a tester or a packager does with this project, each with one command.

mod appimage;
mod bench;
mod bundle;
mod compare;
mod cross;
mod gallery;
mod gates;
mod hardening;
mod icons;
mod image;
mod installed;
mod installer;
mod licences;
mod macos;
mod packages;
mod places;
mod proofs;
mod renamed;
mod run;
mod service;
mod settings;
mod step;
mod test;
mod tools;
mod trial;
mod ui;
mod windows;
mod wine;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Run, test, package and measure Monei Connections")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Install what is missing, build, and open the program with the sandbox and the backend inside. Without a display: the tour.
    Run {
        /// Take the tour even where there is a display.
        #[arg(long)]
        tour: bool,
    },
    /// Every check that CI makes.
    Test {
        /// More inputs for the property tests, a million each, every place, and what can be tried here for Windows and macOS.
        #[arg(long)]
        all: bool,
        /// Only the program as it is packaged, in the places where people run it; pictures in target/places. With --all: every place.
        #[arg(long)]
        places: bool,
    },
    /// Every state of every screen in one page: light, dark, high contrast, each width and language; in target/gallery, and opened.
    Gallery {
        /// Only the folder; nothing is served or opened.
        #[arg(long)]
        build: bool,
    },
    /// Every icon, from icons/icon.svg.
    Icons,
    /// Packages for end users, operators and testers, in target/release/bundle: made, unpacked and checked.
    Bundle {
        /// Not made anew: each is installed in a clean root of this release of Debian, used, upgraded and removed. Wants root.
        #[arg(long = "try", value_name = "RELEASE")]
        trial: Option<String>,
        /// Not made anew: the programs in them are built a second time in another folder, and compared.
        #[arg(long, conflicts_with = "trial")]
        compare: bool,
    },
    /// A container image, in podman's store and in target/images.
    Image {
        /// Of what.
        #[arg(value_enum, default_value_t = image::What::Backend)]
        what: image::What,
        /// Another base image in place of a Debian root that is made here.
        #[arg(long)]
        base: Option<String>,
    },
    /// Measures: start-up, memory and the way back from the browser beside an empty window, or the backend beside Monei's quickstart.
    Bench {
        /// What to measure.
        #[arg(value_enum, default_value_t = bench::What::Desktop)]
        what: bench::What,
    },
    /// The program for Windows, from Debian: compiled, tested under Wine, and packaged.
    Windows {
        /// What to do.
        #[command(subcommand)]
        task: windows::Task,
    },
    /// The program for macOS, from Debian: compiled.
    Macos {
        /// What to do.
        #[command(subcommand)]
        task: macos::Task,
    },
}

fn main() -> ExitCode {
    // Relative paths below count from the top of the project.
    if let Err(error) = std::env::set_current_dir(top()) {
        eprintln!("error: {error}");
        return ExitCode::FAILURE;
    }
    let done = match Arguments::parse().task {
        Task::Run { tour } => run::run(tour),
        Task::Test { all, places: true } => places::test(all),
        Task::Test { all, places: false } => test::test(all),
        Task::Gallery { build } => gallery::gallery(build),
        Task::Icons => icons::icons(),
        Task::Bundle { compare: true, .. } => compare::compare(),
        Task::Bundle { trial: None, .. } if cfg!(windows) => installer::on_windows(),
        Task::Bundle { trial: None, .. } => bundle::bundle(),
        Task::Bundle { trial: Some(release), .. } => trial::trial(&release),
        Task::Image { what, base } => image::image(what, base.as_deref()),
        Task::Bench { what } => bench::bench(what),
        Task::Windows { task } => windows::windows(task),
        Task::Macos { task } => macos::macos(task),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nerror: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn top() -> PathBuf {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    here.parent().map(PathBuf::from).unwrap_or(here)
}
