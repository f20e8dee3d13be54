//! A core in a process of its own, which a test starts, talks to by lines of text, and ends.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use connect_core::clock::Clock;
use connect_core::vault::Vault;
use connect_core::{Browser, Connections};
use url::Url;

use super::file_vault::FileVault;
use super::{START, TestClock, World, options};

const JOB: &str = "CONNECT_TEST_JOB";
const PLACE: &str = "CONNECT_TEST_PLACE";
const NOW: &str = "CONNECT_TEST_NOW";
const BACKEND: &str = "CONNECT_TEST_BACKEND";

/// Shows the link to its parent, which is the person.
struct ToldBrowser;

impl Browser for ToldBrowser {
    fn open(&self, url: &Url) -> Result<(), connect_core::OpenFailed> {
        println!("\nbrowser {url}");
        Ok(())
    }
}

/// In the child: the job that it was started for, and its core. `None` in the test runner itself.
pub async fn ours() -> Option<(String, Connections)> {
    let job = std::env::var(JOB).ok()?;
    let variable = |name: &str| std::env::var(name).unwrap();
    let place = std::path::PathBuf::from(variable(PLACE));
    let vault: Arc<dyn Vault> = Arc::new(FileVault::new(&place.join("keychain")));
    let clock: Arc<dyn Clock> = Arc::new(TestClock::at(variable(NOW).parse().unwrap()));
    let backend = variable(BACKEND).parse().unwrap();
    let core = Connections::start(options(&place.join("sandbox"), &backend, clock, Arc::new(ToldBrowser), vault)).await.unwrap();
    core.probe().await;
    Some((job, core))
}

/// Starts the child; `failpoint` is where it is to stop.
pub fn start(world: &World, job: &str, after: Duration, failpoint: Option<&str>) -> Child {
    let now = START + i64::try_from(after.as_millis()).unwrap();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "child", "--nocapture"]).env(JOB, job).env(PLACE, world.data_dir().parent().unwrap());
    command.env(NOW, now.to_string()).env(BACKEND, world.backend.as_str());
    if let Some(name) = failpoint {
        command.env(connect_core::failpoint::VARIABLE, name);
    }
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap()
}

/// Waits for a line of the child that begins with `word`; tells the rest of it, or `None` when the child ended before.
pub async fn line(child: &mut Child, word: &'static str) -> Option<String> {
    let out = child.stdout.take().unwrap();
    let (found, out) = tokio::task::spawn_blocking(move || {
        // A byte at a time: what comes after the line is for the next call.
        let mut out = BufReader::with_capacity(1, out);
        let mut all = String::new();
        loop {
            let from = all.len();
            if out.read_line(&mut all).unwrap() == 0 {
                eprintln!("the child ended without \"{word}\"; it said:\n{all}");
                return (None, out.into_inner());
            }
            if let Some(rest) = all[from..].trim().strip_prefix(word) {
                return (Some(rest.trim().to_owned()), out.into_inner());
            }
        }
    })
    .await
    .unwrap();
    child.stdout = Some(out);
    found
}

/// Runs the child to its end; tells what came of it.
pub async fn run(world: &World, job: &str, after: Duration) -> String {
    let mut child = start(world, job, after, None);
    let outcome = line(&mut child, "outcome").await.expect("the child says how it ended");
    child.wait().unwrap();
    outcome
}

/// In the child: waits until its parent has it go on.
pub async fn wait_for_word() {
    tokio::task::spawn_blocking(|| std::io::stdin().read_line(&mut String::new())).await.unwrap().unwrap();
}

/// Has a child that waits for a word go on.
pub fn go_on(child: &mut Child) {
    child.stdin.as_mut().unwrap().write_all(b"go on\n").unwrap();
}
