//! A person's desktop session, made for one test: folders, display with a window manager, session bus, unlocked keychain.

use std::collections::HashSet;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use tempfile::TempDir;

use crate::process::{self, MARK, Process};
use crate::until;

/// The keychain's password; a keyring without one would lie on the disk unencrypted.
const KEYRING_PASSWORD: &str = "end to end";

/// A desktop session. Everything that was started in it ends when it is dropped.
pub struct Session {
    name: String,
    mark: String,
    folder: TempDir,
    environment: Vec<(String, String)>,
    processes: Vec<Process>,
}

impl Session {
    /// Starts a session; `name` is where its logs go (`target/e2e/<name>`) when the test fails.
    pub async fn start(name: &str) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("monei-e2e-").tempdir()?;
        let mark = hex::encode(rand::random::<[u8; 8]>());
        let mut session = Self { name: name.to_owned(), mark, folder, environment: Vec::new(), processes: Vec::new() };
        session.lay_out_folders()?;
        session.start_display().await?;
        session.start_bus()?;
        session.start_keychain().await?;
        Ok(session)
    }

    fn lay_out_folders(&mut self) -> Result<()> {
        let folders = [
            ("HOME", "home"),
            ("TMPDIR", "tmp"),
            ("XDG_DATA_HOME", "data"),
            ("XDG_CONFIG_HOME", "config"),
            ("XDG_CACHE_HOME", "cache"),
            ("XDG_STATE_HOME", "state"),
            ("XDG_RUNTIME_DIR", "run"),
        ];
        for (variable, folder) in folders {
            let path = self.folder().join(folder);
            fs::create_dir(&path)?;
            self.set(variable, &path.display().to_string());
        }
        fs::set_permissions(self.folder().join("run"), fs::Permissions::from_mode(0o700))?;
        fs::create_dir(self.logs())?;
        self.set("PATH", &std::env::var("PATH").unwrap_or_else(|_| "/usr/local/bin:/usr/bin:/bin".to_owned()));
        self.set("LANG", "C.UTF-8");
        self.set("NO_AT_BRIDGE", "1");
        self.set("RUST_BACKTRACE", "full");
        let mark = self.mark.clone();
        self.set(MARK, &mark);
        Ok(())
    }

    async fn start_display(&mut self) -> Result<()> {
        let mut command = self.command("Xvfb");
        command.args(["-displayfd", "1", "-screen", "0", "1440x1000x24", "-nolisten", "tcp", "-noreset"]);
        let mut server = Process::spawn_piped("xvfb", &mut command, &self.logs())?;
        let display = first_line(&mut server).context("Xvfb gave no display")?;
        self.processes.push(server);
        self.set("DISPLAY", &format!(":{display}"));
        let manager = Process::spawn("openbox", &mut self.command("openbox"), &self.logs())?;
        self.processes.push(manager);
        until("the window manager", async || {
            let said = self.run("xprop", &["-root", "_NET_SUPPORTING_WM_CHECK"])?;
            Ok(String::from_utf8_lossy(&said.stdout).contains("window id").then_some(()))
        })
        .await
    }

    fn start_bus(&mut self) -> Result<()> {
        let mut command = self.command("dbus-daemon");
        command.args(["--session", "--nofork", "--nopidfile", "--print-address=1"]);
        let mut bus = Process::spawn_piped("dbus", &mut command, &self.logs())?;
        let address = first_line(&mut bus).context("dbus-daemon gave no address")?;
        self.processes.push(bus);
        self.set("DBUS_SESSION_BUS_ADDRESS", &address);
        Ok(())
    }

    async fn start_keychain(&mut self) -> Result<()> {
        let mut command = self.command("gnome-keyring-daemon");
        command.args(["--foreground", "--unlock", "--components=secrets"]);
        let mut daemon = Process::spawn_piped("gnome-keyring", &mut command, &self.logs())?;
        let mut input = daemon.0.stdin.take().context("gnome-keyring has no standard input")?;
        input.write_all(KEYRING_PASSWORD.as_bytes())?;
        drop(input);
        self.processes.push(daemon);
        let owner = ["--session", "--print-reply", "--dest=org.freedesktop.DBus", "/", "org.freedesktop.DBus.NameHasOwner"];
        until("the keychain", async || {
            let said = self.run("dbus-send", &[&owner[..], &["string:org.freedesktop.secrets"]].concat())?;
            Ok(String::from_utf8_lossy(&said.stdout).contains("true").then_some(()))
        })
        .await
    }

    /// The folder that holds everything of this session.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Where every process of the session writes what it says.
    pub fn logs(&self) -> PathBuf {
        self.folder().join("logs")
    }

    /// The mark that every process of this session carries.
    pub(crate) fn mark(&self) -> &str {
        &self.mark
    }

    /// Sets a variable for whatever is started from now on.
    pub fn set(&mut self, variable: &str, value: &str) {
        self.environment.retain(|(name, _)| name != variable);
        self.environment.push((variable.to_owned(), value.to_owned()));
    }

    /// A command in this session: its environment and nothing of ours.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env_clear().envs(self.environment.iter().cloned()).current_dir(self.folder()).stdin(Stdio::null());
        command
    }

    /// Runs a command in this session to its end.
    pub fn run(&self, program: &str, arguments: &[&str]) -> Result<Output> {
        self.command(program).args(arguments).output().with_context(|| format!("{program} can't be started"))
    }

    /// Keeps a process until the session ends.
    pub(crate) fn keep(&mut self, process: Process) {
        self.processes.push(process);
    }

    /// The whole screen, as a PNG file.
    pub fn screen(&self, path: &Path) -> Result<()> {
        let said = self.run("import", &["-window", "root", &path.display().to_string()])?;
        ensure!(said.status.success(), "the screen can't be taken: {}", String::from_utf8_lossy(&said.stderr));
        Ok(())
    }

    /// Keeps logs and a picture of the screen in `target/e2e/<name>`, for whoever looks why a test failed.
    pub(crate) fn keep_evidence(&self) -> Result<PathBuf> {
        let target = process::target_dir()?.join("e2e").join(&self.name);
        fs::create_dir_all(&target)?;
        for entry in fs::read_dir(self.logs())? {
            let entry = entry?;
            fs::copy(entry.path(), target.join(entry.file_name()))?;
        }
        self.screen(&target.join("screen.png"))?;
        eprintln!("logs and a picture of the screen: {}", target.display());
        Ok(target)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if std::thread::panicking()
            && let Err(error) = self.keep_evidence()
        {
            eprintln!("the logs could not be kept: {error:#}");
        }
        // Whatever the program or the browser started is of our family; new children may appear while we look. Each is signalled
        // once, and the folder goes only when nobody writes in it any more.
        let end = Instant::now() + Duration::from_secs(10);
        let mut doomed = HashSet::new();
        loop {
            let fresh: Vec<u32> = process::family(&self.mark).difference(&doomed).copied().collect();
            process::signal("KILL", &fresh);
            doomed.extend(fresh);
            self.processes.clear();
            if doomed.iter().all(|pid| process::parent(*pid).is_none()) || Instant::now() > end {
                break;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

fn first_line(process: &mut Process) -> Result<String> {
    let output = process.0.stdout.take().context("no standard output")?;
    let mut line = String::new();
    BufReader::new(output).read_line(&mut line)?;
    let line = line.trim().to_owned();
    ensure!(!line.is_empty(), "it ended at once");
    Ok(line)
}

/// A port that nothing listens on and that was not given out before, below those that the kernel gives out by itself: nothing else can
/// take it before its server does.
pub(crate) fn free_port() -> Result<u16> {
    static NEXT: LazyLock<AtomicU16> = LazyLock::new(|| AtomicU16::new(rand::random_range(20_000..29_000)));
    for _ in 0..1000 {
        let port = NEXT.fetch_add(1, Ordering::Relaxed);
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return Ok(port);
        }
    }
    bail!("no free port")
}
