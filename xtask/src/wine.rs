//! Wine, set up in folders of the project's own.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};

use anyhow::{Context, Result, ensure};

use crate::step::{command, output, succeed};

/// Where [`Wine::fresh`] is.
const FRESH: &str = "target/tmp/wine";
/// How many seconds a command may take: Wine waits for ever where a program shows a message that nobody sees.
const LIMIT: &str = "600";
/// How many seconds one program of tests may take.
const TESTS_LIMIT: &str = "2400";
/// How often a program is asked whose exit code is lost.
const ASKED_AT_MOST: u32 = 3;
/// Where Wine keeps what the Credential Manager has on Windows.
const CREDENTIALS: &str = r"HKCU\Software\Wine\Credential Manager";
/// The exit code of `timeout` where it ended the command.
const TIMED_OUT: i32 = 124;

/// How a command of [`Wine::command`] ended.
pub fn how(ended: ExitStatus) -> String {
    if ended.code() == Some(TIMED_OUT) { format!("no end within {LIMIT} seconds") } else { ended.to_string() }
}

/// A Windows without a screen.
pub struct Wine {
    prefix: PathBuf,
}

impl Wine {
    /// Makes its folder, unless that was done before.
    pub fn set_up() -> Result<Self> {
        Self::in_folder("target/tools/wine")
    }

    /// A Windows on which nothing was ever installed.
    pub fn fresh() -> Result<Self> {
        let wine = Self { prefix: std::env::current_dir()?.join(FRESH) };
        if wine.prefix.exists() {
            wine.end()?;
            std::fs::remove_dir_all(&wine.prefix)?;
        }
        Self::in_folder(FRESH)
    }

    fn in_folder(folder: &str) -> Result<Self> {
        let wine = Self { prefix: std::env::current_dir()?.join(folder) };
        let done = wine.prefix.join("set-up");
        if done.exists() {
            return Ok(wine);
        }
        // Left over from a run that was ended.
        if wine.prefix.exists() {
            std::fs::remove_dir_all(&wine.prefix)?;
        }
        std::fs::create_dir_all(&wine.prefix)?;
        succeed(&mut wine.command("wineboot", &["--init"]))?;
        // Debian's Wine is a Windows 7 otherwise, for which Rust has no standard library.
        succeed(&mut wine.command("wine", &["reg", "add", r"HKCU\Software\Wine", "/v", "Version", "/d", "win10", "/f"]))?;
        succeed(&mut wine.command("wineserver", &["--wait"]))?;
        let library = wine.prefix.join("drive_c/windows/system32/bcryptprimitives.dll");
        if !library.exists() {
            succeed(command("x86_64-w64-mingw32-gcc", &["-O2", "-shared", "xtask/cross/process-prng.c", "-ladvapi32", "-o"]).arg(library))?;
        }
        std::fs::write(done, "")?;
        Ok(wine)
    }

    /// A program of Wine's, which is ended where it takes too long.
    pub fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = command("timeout", &["--foreground", LIMIT, program]);
        command.args(arguments);
        self.environment(&mut command);
        command
    }

    /// What a program of Windows answers in a terminal: exit code, output, complaints. Wine's server kills a process that takes over a second
    /// for its end (`process_sigkill` in its sources), as was seen beside other builds: the exit code is lost then, and it is asked again.
    pub fn say(&self, program: &Path, words: &[&str]) -> Result<(Option<i32>, String, String)> {
        self.say_with(program, words, &[])
    }

    /// The same, with more in its environment.
    pub fn say_with(&self, program: &Path, words: &[&str], more: &[(&str, &str)]) -> Result<(Option<i32>, String, String)> {
        let program = program.to_str().context("a path that isn't text")?;
        let ask = || self.command("wine", &[program]).args(words).envs(more.iter().copied()).output().context("wine");
        let mut answer = ask()?;
        for _ in 1..ASKED_AT_MOST {
            if answer.status.code().is_some() {
                break;
            }
            answer = ask()?;
        }
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        Ok((answer.status.code(), text(&answer.stdout), text(&answer.stderr)))
    }

    /// A program of Windows in a terminal, which `script` of util-linux gives it. None of `words` may have a character that is special to a shell.
    pub fn terminal(&self, program: &Path, words: &[&str]) -> Result<Command> {
        let words = words.join(" ");
        ensure!(
            words.chars().all(|letter| letter.is_ascii_alphanumeric() || " -:,".contains(letter)),
            "a shell would take something of {words} for its own"
        );
        // Wide, so that no link is broken. Raw, since Wine makes it so for as long as the program reads, and a key may come before that.
        let line = format!("stty raw -echo columns 1000 rows 50; exec wine \"$PROGRAM\" {words}");
        let mut command = self.command("script", &["--quiet", "--return", "--command", &line, "/dev/null"]);
        command.env("PROGRAM", program).env("SHELL", "/bin/sh").env("TERM", "dumb").env("NO_COLOR", "1");
        Ok(command)
    }

    /// A program of Windows that stays open. Its process is Wine's own, so that it can be ended.
    pub fn open(&self, program: &Path) -> Command {
        let mut command = command("wine", &[]);
        command.arg(program);
        self.environment(&mut command);
        command
    }

    fn environment(&self, command: &mut Command) {
        // Nothing of its own on standard error, no window that offers to download more of it, no debugger that waits for a person, and nothing in
        // the menus of this desktop.
        let overrides = "mscoree,mshtml,winedbg.exe,winemenubuilder.exe=";
        command.env("WINEPREFIX", &self.prefix).env("WINEDEBUG", "-all").env("WINEDLLOVERRIDES", overrides);
        command.env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY");
    }

    /// Has cargo run what it builds.
    pub fn run_by(&self, cargo: &mut Command) -> Result<()> {
        self.environment(cargo);
        // The compiler's libraries aren't Wine's.
        let runner = format!("env --unset=LD_LIBRARY_PATH timeout --foreground {TESTS_LIMIT} wine");
        cargo.env("CARGO_TARGET_X86_64_PC_WINDOWS_GNU_RUNNER", runner);
        // The program needs WebView2Loader.dll, which its build leaves there.
        let built = std::env::current_dir()?.join("target/windows/x86_64-pc-windows-gnu/debug");
        let built = output(&mut self.command("winepath", &["--windows", built.to_str().context("a path that isn't text")?]))?;
        cargo.env("WINEPATH", built);
        // Recorded answers are found without asking cargo, which is a program of Linux.
        cargo.env("INSTA_WORKSPACE_ROOT", std::env::current_dir()?);
        Ok(())
    }

    /// Whether a file is in the folder of Wine's one user.
    pub fn has_file(&self, path: &str) -> Result<bool> {
        Ok(self.home()?.join(path).is_file())
    }

    /// The folder of Wine's one user.
    pub fn home(&self) -> Result<PathBuf> {
        let users = std::fs::read_dir(self.prefix.join("drive_c/users"))?.collect::<Result<Vec<_>, _>>()?;
        users.into_iter().find(|user| user.file_name() != "Public").map(|user| user.path()).context("Wine has no user")
    }

    /// The path of a file on its drive, as Windows has it.
    pub fn windows_path(&self, path: &Path) -> Result<String> {
        let below = path.strip_prefix(self.prefix.join("drive_c")).context("a path outside of Wine's drive")?;
        Ok(format!(r"C:\{}", below.to_str().context("a path that isn't text")?.replace('/', r"\")))
    }

    /// What a value of the registry says; of an empty name the key's own value. `None`: it isn't there.
    pub fn registry(&self, key: &str, value: &str) -> Result<Option<String>> {
        let words = if value.is_empty() { vec!["reg", "query", key, "/ve"] } else { vec!["reg", "query", key, "/v", value] };
        let asked = self.command("wine", &words).output().context("wine reg")?;
        if !asked.status.success() {
            return Ok(None);
        }
        let text = String::from_utf8_lossy(&asked.stdout);
        // Lines of the form: NAME    REG_SZ    DATA
        let found = text.lines().filter_map(|line| line.split_once("    REG_")?.1.split_once("    "));
        Ok(found.map(|(_, data)| data.trim_end().to_owned()).next())
    }

    /// The entries of its Credential Manager, which it keeps in the registry.
    pub fn credentials(&self) -> Result<Vec<String>> {
        let asked = self.command("wine", &["reg", "query", CREDENTIALS, "/s"]).output().context("wine reg")?;
        let text = String::from_utf8_lossy(&asked.stdout).into_owned();
        Ok(text
            .lines()
            .filter(|line| line.starts_with("HKEY_") && line.contains("Generic: "))
            .map(|line| line.trim_end().to_owned())
            .collect())
    }

    /// Writes a text into the registry; of an empty name the key's own value.
    pub fn set_registry(&self, key: &str, value: &str, data: &str) -> Result<()> {
        let mut words = vec!["reg", "add", key, "/f", "/d", data];
        words.extend(if value.is_empty() { vec!["/ve"] } else { vec!["/v", value] });
        output(&mut self.command("wine", &words)).map(drop)
    }

    /// Every line of its registry that has `word`, in capitals or not. Once Wine has ended: it writes the registry then.
    pub fn registry_lines(&self, word: &str) -> Result<Vec<String>> {
        let mut found = Vec::new();
        for name in ["user.reg", "system.reg"] {
            let text = std::fs::read(self.prefix.join(name)).context(name)?;
            let text = String::from_utf8_lossy(&text).to_lowercase();
            found.extend(text.lines().filter(|line| line.contains(word)).map(str::to_owned));
        }
        Ok(found)
    }

    /// Its drive.
    pub fn drive(&self) -> PathBuf {
        self.prefix.join("drive_c")
    }

    /// Waits until nothing of it runs any more.
    pub fn wait(&self) -> Result<()> {
        succeed(&mut self.command("wineserver", &["--wait"]))
    }

    /// Ends what is left of it, which may be nothing. Only of this folder's.
    pub fn end(&self) -> Result<()> {
        self.command("wineserver", &["--kill"]).status().context("wineserver")?;
        // Comes back once none is left.
        self.wait()
    }
}
