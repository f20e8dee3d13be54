//! The person's own browser.

use std::io::ErrorKind;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use connect_core::{Browser, OpenFailed};
use url::Url;

use crate::{registration, window};

/// How long a launcher is watched for failing. One that is still running then has become the browser itself.
const WATCHED: Duration = Duration::from_millis(1500);

/// Opens addresses as this system does by default: on Linux with `$BROWSER` where that is set, else `xdg-open` and its like.
pub struct SystemBrowser {
    link_scheme: String,
}

impl SystemBrowser {
    /// `link_scheme` is the one whose default handler [`Browser::handles_links`] looks up.
    pub fn new(link_scheme: String) -> Self {
        Self { link_scheme }
    }
}

impl Browser for SystemBrowser {
    fn open(&self, url: &Url) -> Result<(), OpenFailed> {
        for launcher in named_by_environment(url).into_iter().chain(open::commands(url.as_str())) {
            match launch(launcher) {
                Launched::Opened => return Ok(()),
                // The launcher's name tells enough; the address carries the transaction.
                Launched::Failed(program, status) => tracing::info!(%program, %status, "this launcher found no browser"),
                Launched::Missing => {}
            }
        }
        Err(OpenFailed)
    }

    fn is_there(&self) -> bool {
        let nowhere = Url::parse("about:blank").ok();
        let named = nowhere.as_ref().map(named_by_environment).unwrap_or_default();
        named.into_iter().chain(open::commands("about:blank")).any(|launcher| is_installed(launcher.get_program()))
    }

    fn handles_links(&self) -> bool {
        registration::is_ours(&self.link_scheme)
    }
}

/// Whether a program can be started: by its path, or found in `PATH`.
fn is_installed(program: &std::ffi::OsStr) -> bool {
    let direct = std::path::Path::new(program);
    if cfg!(not(unix)) || direct.is_absolute() {
        return cfg!(not(unix)) || direct.is_file();
    }
    std::env::var_os("PATH").is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join(program).is_file()))
}

/// `$BROWSER`: programs separated by colons, each with `%s` where the address goes, or without for its end. `xdg-open` heeds it too, but
/// only after the default handler, and one that fails is the end of it.
fn named_by_environment(url: &Url) -> Vec<Command> {
    let named = if cfg!(target_os = "linux") { std::env::var("BROWSER").unwrap_or_default() } else { String::new() };
    named.split(':').filter_map(|entry| command_of(entry, url)).collect()
}

fn command_of(entry: &str, url: &Url) -> Option<Command> {
    let mut words = entry.split_whitespace();
    let mut command = Command::new(words.next()?);
    let mut placed = false;
    for word in words {
        placed |= word.contains("%s");
        command.arg(word.replace("%s", url.as_str()));
    }
    if !placed {
        command.arg(url.as_str());
    }
    Some(command)
}

enum Launched {
    Opened,
    Failed(String, ExitStatus),
    Missing,
}

fn launch(mut launcher: Command) -> Launched {
    let program = launcher.get_program().to_string_lossy().into_owned();
    launcher.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    // What configures this program, secrets among it, is no business of a browser.
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("MONEI_") || name.starts_with("CONNECT_")) {
            launcher.env_remove(name);
        }
    }
    if let Some(name) = window::not_inherited() {
        launcher.env_remove(name);
    }
    // A browser outlives this program, also when that is ended from a terminal.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut launcher, 0);
    let mut child = match launcher.spawn() {
        Ok(child) => child,
        Err(error) if error.kind() == ErrorKind::NotFound => return Launched::Missing,
        Err(error) => {
            tracing::info!(%program, kind = ?error.kind(), "this launcher can't be started");
            return Launched::Missing;
        }
    };
    let (ended, end) = channel();
    // Waits also after the time is up, so that no dead child is left over. By then nobody listens.
    std::thread::spawn(move || drop(ended.send(child.wait())));
    match end.recv_timeout(WATCHED) {
        Err(RecvTimeoutError::Timeout) => Launched::Opened,
        // Explorer's exit code says nothing.
        Ok(Ok(status)) if status.success() || cfg!(windows) => Launched::Opened,
        Ok(Ok(status)) => Launched::Failed(program, status),
        Ok(Err(_)) | Err(RecvTimeoutError::Disconnected) => Launched::Missing,
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn a_launcher_that_fails_is_noticed() {
        assert!(matches!(launch(shell("exit 3")), Launched::Failed(_, status) if status.code() == Some(3)));
        assert!(matches!(launch(Command::new("no-such-launcher-anywhere")), Launched::Missing));
        assert!(matches!(launch(shell("exit 0")), Launched::Opened));
    }

    #[test]
    fn a_browser_named_by_the_environment_gets_the_address_where_it_wants_it() {
        let url = Url::parse("http://127.0.0.1:1/v1/start?a=%20b").unwrap();
        let words = |entry: &str| {
            let command = command_of(entry, &url)?;
            Some(
                std::iter::once(command.get_program())
                    .chain(command.get_args())
                    .map(|word| word.to_str().unwrap().to_owned())
                    .collect::<Vec<_>>(),
            )
        };
        assert_eq!(words("firefox").unwrap(), ["firefox", url.as_str()]);
        assert_eq!(words("firefox --new-window %s -P x").unwrap(), ["firefox", "--new-window", url.as_str(), "-P", "x"]);
        assert_eq!(words("  "), None);
    }

    #[test]
    fn a_launcher_that_becomes_the_browser_is_not_waited_for() {
        let started = std::time::Instant::now();
        assert!(matches!(launch(shell("exec sleep 5")), Launched::Opened));
        assert!(started.elapsed() < Duration::from_secs(4));
    }

    #[test]
    fn the_browser_inherits_none_of_our_configuration() {
        let folder = tempfile::tempdir().unwrap();
        let seen = folder.path().join("environment");
        let child = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "browser::tests::launcher_child", "--nocapture"])
            .env("MONEI_CLIENT_SECRET", "mcs_x")
            .env("CONNECT_SEALING_KEY", "00")
            .env("LAUNCHER_TEST_CHILD", &seen)
            .env_remove("WEBKIT_DISABLE_COMPOSITING_MODE")
            .env_remove("TAURI_WEBVIEW_AUTOMATION")
            .status()
            .unwrap();
        assert!(child.success());
        let environment = std::fs::read_to_string(seen).unwrap();
        assert!(environment.contains("PATH="), "{environment}");
        for name in ["MONEI_", "CONNECT_", "WEBKIT_"] {
            assert!(!environment.contains(name), "{name}: {environment}");
        }
    }

    /// Not a test of its own: what [`the_browser_inherits_none_of_our_configuration`] starts.
    #[test]
    fn launcher_child() {
        let Some(seen) = std::env::var_os("LAUNCHER_TEST_CHILD") else { return };
        window::prepare();
        let mut command = shell("env > \"$0\"");
        command.arg(seen);
        assert!(matches!(launch(command), Launched::Opened));
    }
}
