//! Runs the places, each as a test with its name. `PLACES=all` takes every one; else those that belong to every test run.

#![cfg(target_os = "linux")]

use std::process::ExitCode;
use std::time::{Duration, Instant};

use libtest_mimic::{Arguments, Failed, Trial};
use places::cases::try_place;
use places::table::{Case, Place, places};
use tokio::sync::RwLock;

/// How long one place may take, on a slow and busy machine.
const LIMIT: Duration = Duration::from_secs(240);

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let all = std::env::var_os("PLACES").is_some_and(|value| value == "all");
    let trials = places().into_iter().map(|place| {
        let ignored = !(place.always || all);
        Trial::test(place.name.clone(), move || run(&place)).with_ignored_flag(ignored)
    });
    libtest_mimic::run(&arguments, trials.collect()).exit_code()
}

/// Places are tried side by side, but for those that measure time.
static QUIET: RwLock<()> = RwLock::const_new(());

fn run(place: &Place) -> Result<(), Failed> {
    let runtime = tokio::runtime::Runtime::new()?;
    let (_alone, _beside) = if matches!(place.case, Case::StartTime) {
        (Some(runtime.block_on(QUIET.write())), None)
    } else {
        (None, Some(runtime.block_on(QUIET.read())))
    };
    let started = Instant::now();
    let tried = runtime.block_on(async {
        match tokio::time::timeout(LIMIT, try_place(place)).await {
            Ok(tried) => tried,
            Err(_) => Err(anyhow::anyhow!("it took longer than {LIMIT:?}")),
        }
    });
    let outcome = tried.as_ref().err().map_or_else(String::new, |error| format!(": {error:#}"));
    eprintln!("{}: {:.1} s{outcome}", place.name, started.elapsed().as_secs_f32());
    tried.map_err(|error| Failed::from(format!("{error:#}")))
}
