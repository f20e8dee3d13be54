//! The person's own browser.

use std::ffi::OsStr;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use connect_core::{Browser, OpenFailed};
use url::Url;

use crate::registration;

/// Where a program that is started finds its token to come to the front: on Wayland in the first, on X11 in the second; some launchers
/// set both.
pub const ACTIVATION: [&str; 2] = ["XDG_ACTIVATION_TOKEN", "DESKTOP_STARTUP_ID"];

/// Variables of a launcher: set where they have a value, else taken out.
pub type Variables = Vec<(&'static str, Option<String>)>;

/// How long a launcher is watched for failing. One that is still running then has become the browser itself.
const WATCHED: Duration = Duration::from_millis(1500);
/// The same for one that never becomes the browser: it takes seconds to start, and where it may not open anything it says so at its end.
const POWERSHELL_WATCHED: Duration = Duration::from_secs(15);

/// Browsers that need a terminal. Here they get none: they would end at once, and say that all went well.
const NEED_TERMINAL: &[&str] = &[
    "w3m",
    "lynx",
    "links",
    "links2",
    "elinks",
    "elinks-lite",
    "browsh",
    "carbonyl",
    "chawan",
    "cha",
    "edbrowse",
    "netrik",
    "retawq",
    "www-browser",
];

/// What `xdg-open` tries where no desktop is there to ask, instead of its own list, at whose end are browsers that need a terminal.
const WITH_WINDOW: &str = "x-www-browser:firefox:firefox-esr:chromium:chromium-browser:google-chrome:google-chrome-stable:brave-browser:\
                           microsoft-edge:vivaldi:opera:epiphany:falkon:konqueror:librewolf:seamonkey";

/// Opens addresses as this system does by default: on Linux with `$BROWSER` where that is set, else `xdg-open` and its like.
pub struct SystemBrowser {
    link_scheme: String,
    /// What a launcher gets besides, asked before each start.
    variables: Box<dyn Fn() -> Variables + Send + Sync>,
}

impl SystemBrowser {
    /// `link_scheme` is the one whose default handler [`Browser::handles_links`] looks up.
    pub fn new(link_scheme: String) -> Self {
        Self { link_scheme, variables: Box::new(Vec::new) }
    }

    /// Launchers get `variables` besides: what lets the browser come to the front, and what it must not inherit.
    #[must_use]
    pub fn with_variables(self, variables: impl Fn() -> Variables + Send + Sync + 'static) -> Self {
        Self { variables: Box::new(variables), ..self }
    }
}

impl Browser for SystemBrowser {
    fn open(&self, url: &Url) -> Result<(), OpenFailed> {
        let variables = (self.variables)();
        for launcher in launchers(url) {
            match launch(launcher, &variables) {
                Launched::Opened => return Ok(()),
                // The launcher's name tells enough; the address carries the transaction.
                Launched::Failed(program, status) => tracing::info!(%program, %status, "this launcher found no browser"),
                Launched::Missing => {}
            }
        }
        Err(OpenFailed)
    }

    fn is_there(&self) -> bool {
        if cfg!(not(target_os = "linux")) {
            return true;
        }
        let named = Url::parse("about:blank").map(|nowhere| named_by_environment(&nowhere)).unwrap_or_default();
        let installed = |program: &str| find(program.as_ref()).is_some_and(|path| !needs_terminal(&path));
        // A launcher without anything to launch is no browser. Windows' own, in WSL, brings one.
        named.iter().any(|launcher| is_installed(launcher.get_program()))
            || WITH_WINDOW.split(':').chain(["wslview"]).any(installed)
            || registration::has_handler("https")
    }

    fn handles_links(&self) -> bool {
        registration::is_ours(&self.link_scheme)
    }
}

/// What may open `url`, in the order in which it is tried.
fn launchers(url: &Url) -> impl Iterator<Item = Command> {
    named_by_environment(url).into_iter().chain(open::commands(url.as_str()).into_iter().map(|mut launcher| {
        if cfg!(target_os = "linux") {
            launcher.env("BROWSER", WITH_WINDOW);
        }
        launcher
    }))
}

/// Whether a program can be started: by its path, or found in `PATH`.
fn is_installed(program: &OsStr) -> bool {
    find(program).is_some()
}

fn find(program: &OsStr) -> Option<PathBuf> {
    let direct = Path::new(program);
    if direct.components().count() > 1 {
        return direct.is_file().then(|| direct.to_owned());
    }
    std::env::split_paths(&std::env::var_os("PATH")?).map(|folder| folder.join(program)).find(|path| path.is_file())
}

/// Whether the program at `path`, under this name or the one that it stands for, is a browser that needs a terminal.
fn needs_terminal(path: &Path) -> bool {
    let listed = |path: &Path| path.file_name().and_then(OsStr::to_str).is_some_and(|name| NEED_TERMINAL.contains(&name));
    listed(path) || path.canonicalize().is_ok_and(|real| listed(&real))
}

/// `$BROWSER`: programs separated by colons, each with `%s` where the address goes, or without for its end, and with quotes as in a shell.
/// `xdg-open` reads it too, but only after the default handler, and one that fails is the end of it.
fn named_by_environment(url: &Url) -> Vec<Command> {
    let named = if cfg!(target_os = "linux") { std::env::var("BROWSER").unwrap_or_default() } else { String::new() };
    commands_of(&named, url)
}

fn commands_of(named: &str, url: &Url) -> Vec<Command> {
    entries(named)
        .into_iter()
        .filter_map(|entry| command_of(&entry, url))
        .filter(|command| {
            let in_window = !needs_terminal(&find(command.get_program()).unwrap_or_else(|| command.get_program().into()));
            if !in_window {
                tracing::info!(program = ?command.get_program(), "a browser that needs a terminal isn't opened from a window");
            }
            in_window
        })
        .collect()
}

/// The parts between colons that are in no quotes.
fn entries(named: &str) -> Vec<String> {
    let (mut entries, mut quote, mut escaped) = (vec![String::new()], None, false);
    for letter in named.chars() {
        match (letter, quote) {
            _ if escaped => escaped = false,
            ('\\', None | Some('"')) => escaped = true,
            ('"' | '\'', None) => quote = Some(letter),
            (_, Some(open)) if letter == open => quote = None,
            (':', None) => {
                entries.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(entry) = entries.last_mut() {
            entry.push(letter);
        }
    }
    entries
}

fn command_of(entry: &str, url: &Url) -> Option<Command> {
    let words = shell_words::split(entry).inspect_err(|_| tracing::warn!("an entry of $BROWSER has a quote without an end")).ok()?;
    let mut words = words.into_iter();
    let mut command = Command::new(words.next().filter(|program| !program.is_empty())?);
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

/// Starts `launcher` with `variables`.
fn launch(mut launcher: Command, variables: &[(&str, Option<String>)]) -> Launched {
    let program = launcher.get_program().to_string_lossy().into_owned();
    launcher.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    // What configures this program, secrets among it, is no business of a browser.
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("MONEI_") || name.starts_with("CONNECT_")) {
            launcher.env_remove(name);
        }
    }
    // A token serves one start: that of this program was for itself.
    for name in ACTIVATION {
        launcher.env_remove(name);
    }
    for (name, value) in variables {
        match value {
            Some(value) => launcher.env(name, value),
            None => launcher.env_remove(name),
        };
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
    match end.recv_timeout(if is_named(&program, "powershell.exe") { POWERSHELL_WATCHED } else { WATCHED }) {
        Err(RecvTimeoutError::Timeout) => Launched::Opened,
        // Explorer's exit code is 1 also when it has opened the address.
        Ok(Ok(status)) if status.success() || is_named(&program, "explorer.exe") => Launched::Opened,
        Ok(Ok(status)) => Launched::Failed(program, status),
        Ok(Err(_)) | Err(RecvTimeoutError::Disconnected) => Launched::Missing,
    }
}

/// Whether a launcher is this one of Windows.
fn is_named(program: &str, name: &str) -> bool {
    cfg!(windows) && program.eq_ignore_ascii_case(name)
}

#[cfg(all(test, windows))]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("cmd.exe");
        command.args(["/C", script]);
        command
    }

    #[test]
    fn only_explorer_is_believed_whatever_its_exit_code_is() {
        assert!(matches!(launch(shell("exit 3"), &[]), Launched::Failed(_, status) if status.code() == Some(3)));
        assert!(matches!(launch(shell("exit 0"), &[]), Launched::Opened));
        assert!(matches!(launch(Command::new("no-such-launcher-anywhere.exe"), &[]), Launched::Missing));
        assert!(is_named("explorer.exe", "explorer.exe") && is_named("Explorer.EXE", "explorer.exe"));
        assert!(!is_named("powershell.exe", "explorer.exe") && !is_named("winebrowser", "explorer.exe"));
    }

    #[test]
    fn after_powershell_explorer_is_tried() {
        let url = Url::parse("http://127.0.0.1:1/v1/start?a=%20b").unwrap();
        let programs: Vec<_> = launchers(&url).map(|launcher| launcher.get_program().to_owned()).collect();
        let [.., powershell, explorer] = programs.as_slice() else { panic!("{programs:?}") };
        assert_eq!((powershell.to_str(), explorer.to_str()), (Some("powershell.exe"), Some("explorer.exe")));
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
        assert!(matches!(launch(shell("exit 3"), &[]), Launched::Failed(_, status) if status.code() == Some(3)));
        assert!(matches!(launch(Command::new("no-such-launcher-anywhere"), &[]), Launched::Missing));
        assert!(matches!(launch(shell("exit 0"), &[]), Launched::Opened));
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
        assert_eq!(words("''"), None);
        assert_eq!(words("\"/opt/my browser/run\" --title 'a b' %s").unwrap(), ["/opt/my browser/run", "--title", "a b", url.as_str()]);
        assert_eq!(words("sh -c 'exec firefox \"$0\"' %s").unwrap(), ["sh", "-c", "exec firefox \"$0\"", url.as_str()]);
        assert_eq!(words("'unclosed"), None);
    }

    #[test]
    fn a_colon_in_quotes_is_part_of_its_entry() {
        assert_eq!(entries("firefox:chromium %s"), ["firefox", "chromium %s"]);
        assert_eq!(entries("'/opt/a:b/run' %s:x"), ["'/opt/a:b/run' %s", "x"]);
        assert_eq!(entries(r#"a "b\":c":d\:e"#), [r#"a "b\":c""#, r"d\:e"]);
        assert_eq!(entries(""), [""]);
    }

    #[test]
    fn a_browser_that_needs_a_terminal_is_passed_over_under_any_name() {
        let folder = tempfile::tempdir().unwrap();
        let (text, alias) = (folder.path().join("w3m"), folder.path().join("browse"));
        std::fs::write(&text, "#!/bin/sh\nexit 0\n").unwrap();
        std::os::unix::fs::symlink(&text, &alias).unwrap();
        let url = Url::parse("http://127.0.0.1:1/").unwrap();
        let named = format!("{}:{} -x:w3m:lynx %s:firefox", text.display(), alias.display());
        let left: Vec<_> = commands_of(&named, &url).iter().map(|command| command.get_program().to_owned()).collect();
        assert_eq!(left, ["firefox"]);
    }

    #[test]
    fn no_launcher_is_told_of_a_browser_that_needs_a_terminal() {
        let url = Url::parse("http://127.0.0.1:1/").unwrap();
        assert!(!WITH_WINDOW.split(':').any(|name| NEED_TERMINAL.contains(&name) || name.contains(' ') || name.is_empty()));
        if cfg!(target_os = "linux") {
            let last = launchers(&url).last().unwrap();
            assert!(last.get_envs().any(|(name, value)| name == "BROWSER" && value == Some(OsStr::new(WITH_WINDOW))));
        }
    }

    #[test]
    fn a_launcher_that_becomes_the_browser_is_not_waited_for() {
        let started = std::time::Instant::now();
        assert!(matches!(launch(shell("exec sleep 5"), &[]), Launched::Opened));
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
            .env("XDG_ACTIVATION_TOKEN", "used")
            .env("DESKTOP_STARTUP_ID", "used")
            .env("WEBKIT_DISABLE_COMPOSITING_MODE", "1")
            .status()
            .unwrap();
        assert!(child.success());
        let environment = std::fs::read_to_string(seen).unwrap();
        assert!(environment.contains("PATH="), "{environment}");
        for name in ["MONEI_", "CONNECT_", "WEBKIT_", "DESKTOP_STARTUP_ID"] {
            assert!(!environment.contains(name), "{name}: {environment}");
        }
        assert!(environment.contains("XDG_ACTIVATION_TOKEN=fresh"), "{environment}");
    }

    /// Not a test of its own: what [`the_browser_inherits_none_of_our_configuration`] starts.
    #[test]
    fn launcher_child() {
        let Some(seen) = std::env::var_os("LAUNCHER_TEST_CHILD") else { return };
        let mut command = shell("env > \"$0\"");
        command.arg(seen);
        let variables = [("XDG_ACTIVATION_TOKEN", Some("fresh".to_owned())), ("WEBKIT_DISABLE_COMPOSITING_MODE", None)];
        assert!(matches!(launch(command, &variables), Launched::Opened));
    }
}
