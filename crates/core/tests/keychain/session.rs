//! A login session of a test's own: fresh folders, a bus that starts nothing by itself, and whatever keyring and display the test wants.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

pub const SERVICE: &str = "org.moneiconnections.manager.test";
pub const STATE: &str = "CONNECT_TEST_KEYCHAIN";
/// Longest wait for something that a program does by itself.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A bus that starts nothing by itself, so that each test decides what is there.
const BUS: &str = r#"<busconfig><type>session</type><listen>unix:tmpdir=/tmp</listen>
<servicedir>SERVICES</servicedir>
<policy context="default"><allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/><allow eavesdrop="true"/></policy></busconfig>"#;

/// Runs the child test `state` in a session of its own. The bus can start `services`: names, and the programs that take them.
pub fn in_session(state: &str, bus: bool, services: &[(&str, &str)]) {
    let home = tempfile::tempdir().unwrap();
    let activatable = home.path().join("services");
    std::fs::create_dir(&activatable).unwrap();
    for (name, program) in services {
        let service = format!("[D-BUS Service]\nName={name}\nExec={program}\n");
        std::fs::write(activatable.join(format!("{name}.service")), service).unwrap();
    }
    let config = home.path().join("bus.conf");
    std::fs::write(&config, BUS.replace("SERVICES", activatable.to_str().unwrap())).unwrap();
    let program = std::env::current_exe().unwrap();
    let mut command = if bus {
        let mut command = Command::new("dbus-run-session");
        command.arg("--config-file").arg(&config).arg("--").arg(program);
        command
    } else {
        Command::new(program)
    };
    for (name, folder) in [("HOME", "home"), ("XDG_DATA_HOME", "data"), ("XDG_RUNTIME_DIR", "run"), ("XDG_CONFIG_HOME", "config")] {
        let folder = home.path().join(folder);
        std::fs::create_dir(&folder).unwrap();
        std::os::unix::fs::PermissionsExt::set_mode(&mut std::fs::metadata(&folder).unwrap().permissions(), 0o700);
        command.env(name, folder);
    }
    command.env_remove("DBUS_SESSION_BUS_ADDRESS").env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY").env(STATE, state);
    let output = command.args(["--exact", "child", "--nocapture"]).output().expect("dbus-run-session is installed");
    assert!(output.status.success(), "{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
}

/// Waits until `done`, and says what for if it never is.
pub fn until(what: &str, mut done: impl FnMut() -> bool) {
    let began = Instant::now();
    while !done() {
        assert!(began.elapsed() < PATIENCE, "never: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A program that ends with the test.
pub struct Running(Child);

impl Running {
    pub fn start(command: &mut Command) -> Self {
        let name = command.get_program().to_owned();
        Self(
            command
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap_or_else(|_| panic!("{name:?} is installed")),
        )
    }

    pub fn pid(&self) -> rustix::process::Pid {
        rustix::process::Pid::from_child(&self.0)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

pub fn bus() -> zbus::blocking::fdo::DBusProxy<'static> {
    zbus::blocking::fdo::DBusProxy::new(&zbus::blocking::Connection::session().unwrap()).unwrap()
}

pub fn has_owner(name: &'static str) -> bool {
    bus().name_has_owner(name.try_into().unwrap()).unwrap()
}

/// gnome-keyring with whatever keyrings there are on disk, none of them unlocked.
pub fn start_keyring() -> Running {
    let daemon = Running::start(Command::new("gnome-keyring-daemon").args(["--foreground", "--components=secrets"]));
    until("gnome-keyring is on the bus", || has_owner("org.freedesktop.secrets"));
    daemon
}

/// Starts gnome-keyring with its login keyring unlocked, or replaces it by another that is.
pub fn unlock() -> Running {
    let mut command = Command::new("gnome-keyring-daemon");
    command.args(["--foreground", "--replace", "--unlock", "--components=secrets"]);
    let before = owner();
    let mut daemon = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("gnome-keyring is installed");
    daemon.stdin.take().unwrap().write_all(b"a password").unwrap();
    until("gnome-keyring is on the bus", || owner().is_some_and(|owner| Some(owner) != before));
    Running(daemon)
}

fn owner() -> Option<String> {
    bus().get_name_owner("org.freedesktop.secrets".try_into().unwrap()).ok().map(|owner| owner.to_string())
}

/// Locks the keyring at `path` below the collections.
pub fn lock(name: &str) {
    let locked = Command::new("dbus-send")
        .args(["--session", "--print-reply", "--dest=org.freedesktop.secrets", "/org/freedesktop/secrets"])
        .arg("org.freedesktop.Secret.Service.Lock")
        .arg(format!("array:objpath:/org/freedesktop/secrets/collection/{name}"))
        .output()
        .unwrap();
    assert!(locked.status.success(), "{}", String::from_utf8_lossy(&locked.stderr));
}

/// `secret-tool` as somebody else's program; tells what it printed.
pub fn from_outside(words: &[&str], name: &str, input: &str) -> String {
    let mut command = Command::new("secret-tool");
    // An entry's name may begin with a hyphen.
    command.args(words).args(["--", "service", SERVICE, "username", name]);
    let mut tool = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("secret-tool is installed");
    tool.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    String::from_utf8(tool.wait_with_output().unwrap().stdout).unwrap()
}

/// Takes every question of gnome-keyring and answers none: a dialog that stays open.
pub fn unanswering_prompter() -> zbus::blocking::Connection {
    let prompter = zbus::blocking::Connection::session().unwrap();
    prompter.request_name("org.gnome.keyring.SystemPrompter").unwrap();
    prompter
}

/// A display with a window manager, gnome-keyring's real dialogs, and a person who types.
pub struct Desktop {
    display: String,
    /// They end with it.
    running: Vec<Running>,
}

impl Desktop {
    pub fn open() -> Self {
        // Xvfb takes a free number and says which. No key repeats (`-r`): where the computer is busy, one may be held for long.
        let told = PathBuf::from(std::env::var("XDG_RUNTIME_DIR").unwrap()).join("display");
        let file = std::fs::File::create(&told).unwrap();
        let mut command = Command::new("Xvfb");
        command.args(["-displayfd", "1", "-screen", "0", "1280x800x24", "-r"]).stdin(Stdio::null()).stdout(file).stderr(Stdio::null());
        let server = Running(command.spawn().expect("Xvfb is installed"));
        let number = || std::fs::read_to_string(&told).ok().filter(|text| text.ends_with('\n')).map(|text| text.trim().to_owned());
        until("the display is there", || number().is_some());
        let display = format!(":{}", number().unwrap());
        let start = || Running::start(Command::new("openbox").env("DISPLAY", &display));
        let mut manager = start();
        let mut desktop = Self { display: display.clone(), running: Vec::new() };
        // It is ready once it says so on the root window. One that ended before is started again.
        until("the window manager is there", || {
            if manager.0.try_wait().unwrap().is_some() {
                manager = start();
            }
            desktop.tool("xprop", &["-root", "_NET_SUPPORTING_WM_CHECK"]).contains("window id")
        });
        desktop.running.extend([server, manager]);
        desktop
    }

    /// What the bus starts opens its windows here: gnome-keyring's dialogs, say.
    pub fn of_the_bus() -> Self {
        let desktop = Self::open();
        let told = Command::new("dbus-update-activation-environment").arg(format!("DISPLAY={}", desktop.display)).status().unwrap();
        assert!(told.success());
        desktop
    }

    pub fn start(&self, program: &str, words: &[&str]) -> Running {
        Running::start(Command::new(program).args(words).env("DISPLAY", &self.display).env("QT_QPA_PLATFORM", "xcb"))
    }

    fn tool(&self, program: &str, words: &[&str]) -> String {
        let output = Command::new(program).args(words).env("DISPLAY", &self.display).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    }

    /// Waits for the window of class `class`.
    pub fn window(&self, class: &str) -> String {
        let mut found = String::new();
        until("a window opens", || {
            found = self.tool("xdotool", &["search", "--onlyvisible", "--class", class]).lines().next().unwrap_or_default().to_owned();
            !found.is_empty()
        });
        found
    }

    /// Waits for the window whose title fits `pattern`.
    pub fn window_named(&self, pattern: &str) -> String {
        let mut found = String::new();
        until("a window opens", || {
            found = self.tool("xdotool", &["search", "--onlyvisible", "--name", pattern]).lines().next().unwrap_or_default().to_owned();
            !found.is_empty()
        });
        found
    }

    pub fn has_window(&self, class: &str) -> bool {
        !self.tool("xdotool", &["search", "--onlyvisible", "--class", class]).trim().is_empty()
    }

    pub fn has_window_named(&self, pattern: &str) -> bool {
        !self.tool("xdotool", &["search", "--onlyvisible", "--name", pattern]).trim().is_empty()
    }

    /// Clicks at a place of `window`, in pixels from its upper left corner.
    pub fn click(&self, window: &str, x: u32, y: u32) {
        self.tool("xdotool", &["mousemove", "--sync", "--window", window, &x.to_string(), &y.to_string(), "click", "1"]);
    }

    /// Types `text` and presses `keys`, into the window that has the focus.
    pub fn type_into(&self, window: &str, text: &str, keys: &[&str]) {
        self.tool("xdotool", &["windowfocus", "--sync", window]);
        self.tool("xdotool", &["type", "--delay", "30", text]);
        self.press(keys);
    }

    pub fn press(&self, keys: &[&str]) {
        let mut words = vec!["key", "--delay", "60"];
        words.extend(keys);
        self.tool("xdotool", &words);
    }
}

/// Counts calls on the bus.
pub struct Calls {
    prompts: Arc<AtomicUsize>,
    creations: Arc<AtomicUsize>,
    closings: Arc<AtomicUsize>,
    marks: Arc<AtomicUsize>,
    speaker: zbus::blocking::Connection,
    said: AtomicUsize,
}

impl Calls {
    pub fn listen() -> Self {
        let calls = Self {
            prompts: Arc::default(),
            creations: Arc::default(),
            closings: Arc::default(),
            marks: Arc::default(),
            speaker: zbus::blocking::Connection::session().unwrap(),
            said: AtomicUsize::new(0),
        };
        let monitor = zbus::blocking::Connection::session().unwrap();
        zbus::blocking::fdo::MonitoringProxy::new(&monitor).unwrap().become_monitor(&[], 0).unwrap();
        let (prompts, creations, closings, marks) =
            (Arc::clone(&calls.prompts), Arc::clone(&calls.creations), Arc::clone(&calls.closings), Arc::clone(&calls.marks));
        std::thread::spawn(move || {
            for message in zbus::blocking::MessageIterator::from(monitor).flatten() {
                let header = message.header();
                let (interface, member) = (header.interface().map(|name| name.as_str()), header.member().map(|name| name.as_str()));
                match (interface, member) {
                    (Some("org.freedesktop.Secret.Prompt"), Some("Prompt")) => prompts.fetch_add(1, Ordering::SeqCst),
                    (Some("org.freedesktop.Secret.Prompt"), Some("Dismiss")) => closings.fetch_add(1, Ordering::SeqCst),
                    (Some("org.freedesktop.Secret.Collection"), Some("CreateItem")) => creations.fetch_add(1, Ordering::SeqCst),
                    (Some("test.Calls"), Some("Mark")) => marks.fetch_add(1, Ordering::SeqCst),
                    _ => 0,
                };
            }
        });
        calls
    }

    /// Waits until everything that was sent so far has been counted.
    fn catch_up(&self) {
        self.speaker.emit_signal(None::<&str>, "/", "test.Calls", "Mark", &()).unwrap();
        let said = self.said.fetch_add(1, Ordering::SeqCst) + 1;
        until("the monitor hears", || self.marks.load(Ordering::SeqCst) >= said);
    }

    /// Dialogs opened.
    pub fn prompts(&self) -> usize {
        self.catch_up();
        self.prompts.load(Ordering::SeqCst)
    }

    /// Dialogs closed by their caller.
    pub fn closings(&self) -> usize {
        self.catch_up();
        self.closings.load(Ordering::SeqCst)
    }

    /// Entries made.
    pub fn creations(&self) -> usize {
        self.catch_up();
        self.creations.load(Ordering::SeqCst)
    }
}
