//! A person's desktop session, made for one test: folders, display, session bus, keychain.

use std::collections::HashSet;
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use tempfile::TempDir;

use crate::display::{self, Display};
use crate::keychain::Keychain;
use crate::process::{self, MARK, Process};

/// What a session is made of.
#[derive(Clone, Copy, Debug, Default)]
pub struct Surroundings {
    /// What programs are shown on.
    pub display: Display,
    /// What keeps secrets.
    pub keychain: Keychain,
    /// Whether programs offer what they show to assistive technologies (AT-SPI).
    pub accessible: bool,
}

/// A desktop session. Everything that was started in it ends when it is dropped.
pub struct Session {
    name: String,
    mark: String,
    folder: TempDir,
    surroundings: Surroundings,
    environment: Vec<(String, String)>,
    /// The X server whose screen shows everything, where there is one.
    pub(crate) x_display: Option<String>,
    display_processes: Vec<Process>,
    processes: Vec<Process>,
}

impl Session {
    /// Starts a session with Openbox and an unlocked keychain; `name` is where its logs go (`target/e2e/<name>`) when the test fails.
    pub async fn start(name: &str) -> Result<Self> {
        Self::start_in(name, Surroundings::default()).await
    }

    /// Starts a session with these surroundings.
    pub async fn start_in(name: &str, surroundings: Surroundings) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("monei-e2e-").tempdir()?;
        let mark = hex::encode(rand::random::<[u8; 8]>());
        let mut session = Self {
            name: name.to_owned(),
            mark,
            folder,
            surroundings,
            environment: Vec::new(),
            x_display: None,
            display_processes: Vec::new(),
            processes: Vec::new(),
        };
        session.lay_out_folders()?;
        surroundings.display.start(&mut session).await?;
        session.start_bus()?;
        surroundings.keychain.start(&mut session).await?;
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
        if !self.surroundings.accessible {
            self.set("NO_AT_BRIDGE", "1");
        }
        self.set("RUST_BACKTRACE", "full");
        let mark = self.mark.clone();
        self.set(MARK, &mark);
        Ok(())
    }

    fn start_bus(&mut self) -> Result<()> {
        let mut command = self.command("dbus-daemon");
        match self.surroundings.keychain.services() {
            None => command.arg("--session"),
            Some(services) => command.arg(format!("--config-file={}", self.bus_with_services(services)?.display())),
        };
        command.args(["--nofork", "--nopidfile", "--print-address=1"]);
        let mut bus = Process::spawn_piped("dbus", &mut command, &self.logs())?;
        let address = first_line(&mut bus).context("dbus-daemon gave no address")?;
        self.processes.push(bus);
        self.set("DBUS_SESSION_BUS_ADDRESS", &address);
        Ok(())
    }

    /// The configuration of a session bus that can start these services alone, of those that are installed.
    fn bus_with_services(&self, services: &[&str]) -> Result<PathBuf> {
        let folder = self.folder().join("services");
        fs::create_dir(&folder)?;
        for service in services {
            let installed = Path::new("/usr/share/dbus-1/services").join(service);
            fs::copy(&installed, folder.join(service)).with_context(|| format!("{} is missing", installed.display()))?;
        }
        let config = self.folder().join("config/bus.conf");
        let text = format!(
            "<busconfig><type>session</type><listen>unix:tmpdir=/tmp</listen><servicedir>{}</servicedir>\
             <policy context=\"default\"><allow send_destination=\"*\" eavesdrop=\"true\"/><allow eavesdrop=\"true\"/><allow own=\"*\"/></policy>\
             </busconfig>",
            folder.display()
        );
        fs::write(&config, text)?;
        Ok(config)
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
    pub fn mark(&self) -> &str {
        &self.mark
    }

    /// What the session's programs are shown on.
    pub fn display(&self) -> Display {
        self.surroundings.display
    }

    /// The value of a variable that [`Session::set`] set.
    pub fn get(&self, variable: &str) -> Option<&str> {
        self.environment.iter().find(|(name, _)| name == variable).map(|(_, value)| value.as_str())
    }

    /// Removes a variable for whatever is started from now on.
    pub fn unset(&mut self, variable: &str) {
        self.environment.retain(|(name, _)| name != variable);
    }

    /// A command that speaks to the X server that shows this session, also where its programs speak Wayland.
    pub fn x_command(&self, program: &str) -> Command {
        let mut command = self.command(program);
        if let Some(display) = &self.x_display {
            command.env("DISPLAY", display);
        }
        command
    }

    /// The name of that X server.
    pub fn x_display(&self) -> Option<&str> {
        self.x_display.as_deref()
    }

    /// Sets a variable for whatever is started from now on.
    pub fn set(&mut self, variable: &str, value: &str) {
        self.environment.retain(|(name, _)| name != variable);
        self.environment.push((variable.to_owned(), value.to_owned()));
    }

    /// Gives the session another display in place of the one it has.
    pub async fn change_display(&mut self, display: Display) -> Result<()> {
        let old = self.display_processes.drain(..).collect::<Vec<_>>();
        // The window manager, started last, goes first.
        old.into_iter().rev().for_each(drop);
        for variable in ["DISPLAY", "WAYLAND_DISPLAY", "GDK_SCALE"] {
            self.unset(variable);
        }
        self.surroundings.display = display;
        display.start(self).await
    }

    /// Keeps a process until the session ends or gets another display.
    pub(crate) fn keep_for_display(&mut self, process: Process) {
        self.display_processes.push(process);
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
    pub fn keep(&mut self, process: Process) {
        self.processes.push(process);
    }

    /// The whole screen, as a PNG file.
    pub fn screen(&self, path: &Path) -> Result<()> {
        display::take_picture(self, path)
    }

    /// Keeps logs and a picture of the screen in `target/e2e/<name>`, for whoever looks why a test failed.
    pub(crate) fn keep_evidence(&self) -> Result<PathBuf> {
        self.keep_evidence_in("e2e")
    }

    /// The same in `target/<folder>/<name>`.
    pub fn keep_evidence_in(&self, folder: &str) -> Result<PathBuf> {
        let target = process::target_dir()?.join(folder).join(&self.name);
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
            self.display_processes.clear();
            self.processes.clear();
            if doomed.iter().all(|pid| process::parent(*pid).is_none()) || Instant::now() > end {
                break;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        // The desktop's document portal mounts a file system there, which would keep the folder from going.
        for mounted in mounted_below(self.folder()) {
            let ended = Command::new("fusermount3").args(["-u", "-z"]).arg(&mounted).status();
            if !ended.as_ref().is_ok_and(std::process::ExitStatus::success) {
                eprintln!("{} stays mounted: {ended:?}", mounted.display());
            }
        }
    }
}

/// What is mounted somewhere below `folder`.
fn mounted_below(folder: &Path) -> Vec<PathBuf> {
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    let places = mounts.lines().filter_map(|line| line.split(' ').nth(1)).map(PathBuf::from);
    places.filter(|place| place.starts_with(folder)).collect()
}

pub(crate) fn first_line(process: &mut Process) -> Result<String> {
    let output = process.0.stdout.take().context("no standard output")?;
    let mut line = String::new();
    BufReader::new(output).read_line(&mut line)?;
    let line = line.trim().to_owned();
    ensure!(!line.is_empty(), "it ended at once");
    Ok(line)
}

/// A port that nothing listens on and that was not given out before, below those that the kernel gives out by itself: nothing else can
/// take it before its server does.
pub fn free_port() -> Result<u16> {
    static NEXT: LazyLock<AtomicU16> = LazyLock::new(|| AtomicU16::new(rand::random_range(20_000..29_000)));
    for _ in 0..1000 {
        let port = NEXT.fetch_add(1, Ordering::Relaxed);
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return Ok(port);
        }
    }
    bail!("no free port")
}
