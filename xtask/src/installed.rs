//! The installer for Windows, tried under Wine as a person and an administrator would use it: each effect that docs/packaging.md promises.

mod account;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Output, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use crate::gates;
use crate::installer::{Product, VERSION};
use crate::service::Service;
use crate::wine::{Wine, how};

// Exit codes of installer.nsi.
const INSTALLED: i32 = 0;
const FAILED: i32 = 2;
const IS_OPEN: i32 = 3;
const WRONG_WINDOWS: i32 = 4;
const IS_OLDER: i32 = 5;
const WITHOUT_WEBVIEW: i32 = 6;
const IS_ELSEWHERE: i32 = 7;

/// How long a program may take until it holds what it holds while it is open.
const START: Duration = Duration::from_secs(120);
/// How long an installer must be seen to wait.
const WAITS: Duration = Duration::from_secs(5);
/// By Microsoft's documentation, where the version of the web view's runtime is: for everybody, and for the person.
const WEBVIEW: [&str; 2] = [
    r"HKLM\Software\WOW6432Node\Microsoft\EdgeUpdate\Clients\{F3017226-FE2A-4295-8BDF-00C3A9A7E4C5}",
    r"HKCU\Software\Microsoft\EdgeUpdate\Clients\{F3017226-FE2A-4295-8BDF-00C3A9A7E4C5}",
];
/// Where Wine is told how to run single programs.
const FOR_WINE: &str = "AppDefaults";
/// No more words for the installer.
const NOTHING: &[&str] = &[];
/// What is in the folder of the installed program.
const FILES: [&str; 9] = [
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "MANIFEST.txt",
    "WebView2Loader.dll",
    "monei-connect.com",
    "monei-connect.exe",
    "moneictl.exe",
    "third-party-licences.txt",
    "uninstall.exe",
];

/// One Windows, with what is installed there.
pub struct Trial<'a> {
    wine: &'a Wine,
    product: &'a Product,
    service: &'a Service,
    installer: PathBuf,
    older: PathBuf,
    folder: PathBuf,
    class: String,
    uninstall: String,
    run: String,
}

impl<'a> Trial<'a> {
    /// Of `installer`, and one of an older version.
    pub fn new(wine: &'a Wine, product: &'a Product, service: &'a Service, installer: &Path, older: &Path) -> Result<Self> {
        Ok(Self {
            wine,
            product,
            service,
            installer: installer.to_owned(),
            older: older.to_owned(),
            folder: wine.home()?.join("AppData/Local/Programs").join(&product.name),
            class: format!(r"HKCU\Software\Classes\{}", product.identifier),
            uninstall: format!(r"HKCU\Software\Microsoft\Windows\CurrentVersion\Uninstall\{}", product.identifier),
            run: r"HKCU\Software\Microsoft\Windows\CurrentVersion\Run".to_owned(),
        })
    }

    /// Into a folder that the person chooses, where nothing of it is; and away again.
    pub fn install_elsewhere(&self) -> Result<()> {
        said("installed into another folder, it is upgraded there, and no second one comes beside it");
        let chosen = Self {
            folder: self.wine.drive().join("some folder"),
            installer: self.installer.clone(),
            older: self.older.clone(),
            class: self.class.clone(),
            uninstall: self.uninstall.clone(),
            run: self.run.clone(),
            ..*self
        };
        chosen.setup(&self.older, &chosen.to_folder()?, WITHOUT_WEBVIEW)?;
        chosen.files(&[])?;
        chosen.changes_nothing(|| chosen.setup(&self.installer, &[r"/D=C:\elsewhere"], IS_ELSEWHERE))?;
        let other = self.to_folder()?;
        chosen.changes_nothing(|| chosen.setup(&self.installer, &other, IS_ELSEWHERE))?;
        ensure!(!self.wine.drive().join("elsewhere").exists() && !self.folder.exists(), "something was installed elsewhere");
        chosen.setup(&self.installer, NOTHING, WITHOUT_WEBVIEW)?;
        chosen.files(&[])?;
        chosen.registered(VERSION)?;
        // The same folder, written otherwise.
        chosen.setup(&self.installer, &[r"/D=C:/SOME", r"folder\"], WITHOUT_WEBVIEW)?;
        chosen.registered(VERSION)?;
        ensure!(!self.folder.exists(), "something was installed elsewhere");

        said("where its folder has gone, it can be installed elsewhere");
        fs::remove_dir_all(&chosen.folder)?;
        self.setup(&self.installer, &other, WITHOUT_WEBVIEW)?;
        self.registered(VERSION)?;
        self.uninstall()
    }

    /// Installs it where nothing of it is, and checks what is there then.
    pub fn install(&self) -> Result<()> {
        said("a silent installation without WebView2 ends with its own exit code");
        self.setup(&self.older, NOTHING, WITHOUT_WEBVIEW)?;
        self.files(&[])?;
        self.registered("0.0.1")?;
        self.connect()?;

        said("an upgrade replaces every file, removes those that have gone, and leaves what isn't the program's");
        fs::write(self.folder.join("gone.dll"), "")?;
        let manifest = fs::read_to_string(self.folder.join("MANIFEST.txt"))?;
        fs::write(self.folder.join("MANIFEST.txt"), format!("{manifest}gone.dll\r\n"))?;
        fs::write(self.folder.join("moneictl.exe"), "an older one")?;
        fs::write(self.folder.join("notes.txt"), "the person's")?;
        self.wine.set_registry(&self.run, &self.product.identifier, &format!("{} --hidden", self.quoted("monei-connect.exe")?))?;
        for key in WEBVIEW {
            self.wine.set_registry(key, "pv", "0.0.0.0")?;
        }
        self.setup(&self.installer, NOTHING, WITHOUT_WEBVIEW)?;
        self.files(&["notes.txt"])?;
        self.registered(VERSION)?;
        ensure!(self.wine.registry(&self.run, &self.product.identifier)?.is_some(), "the start at login has gone");
        said("after the upgrade the account is still there");
        self.is_connected()?;

        said("with WebView2, for the person or for everybody, it ends with 0");
        for key in WEBVIEW {
            self.wine.set_registry(key, "pv", "120.0.2210.91")?;
            self.setup(&self.installer, NOTHING, INSTALLED)?;
            self.wine.set_registry(key, "pv", "0.0.0.0")?;
        }
        self.files(&["notes.txt"])
    }

    /// What was installed: nothing of the builder's, of tests or of development, licences, and hardened programs.
    pub fn examine(&self) -> Result<()> {
        gates::check_installed(&self.folder)?;
        let licences = fs::read_to_string(self.folder.join("third-party-licences.txt"))?;
        ensure!(licences.contains("tauri ") && licences.contains("svelte"), "the licences are not those of the programs");
        Ok(())
    }

    /// The installed programs say what they are, and work as far as Wine lets them.
    pub fn use_programs(&self) -> Result<()> {
        said("monei-connect.com answers in a terminal");
        let (code, out, err) = self.say("monei-connect.com", &["--version"])?;
        ensure!((code, &*out, &*err) == (Some(0), &*format!("monei-connect {VERSION}"), ""), "--version: {code:?} {out} {err}");
        let (code, out, err) = self.say("monei-connect.com", &["diagnos"])?;
        ensure!((code, &*out, err.lines().count()) == (Some(2), "", 1), "an unknown word: {code:?} {out} {err}");
        let (code, out, err) = self.say("monei-connect.com", &["diagnose", "--json"])?;
        let told: serde_json::Value = serde_json::from_str(&out).with_context(|| format!("diagnose: {code:?} {out} {err}"))?;
        ensure!(told["version"] == VERSION, "diagnose: {told:#}");
        // There is no connection service here, so the rest can't be.
        for name in WORKING {
            let checks = told["checks"].as_array().context("no checks")?;
            let check = checks.iter().find(|check| check["name"] == name).with_context(|| format!("no {name}: {told:#}"))?;
            ensure!(check["ok"] == true, "{name}: {check:#}");
        }
        said("moneictl answers");
        let (code, out, err) = self.say("moneictl.exe", &["--version"])?;
        ensure!((code, &*out) == (Some(0), &*format!("moneictl {VERSION}")), "moneictl --version: {code:?} {out} {err}");
        let (code, out, err) = self.say("moneictl.exe", &["accounts", "--json"])?;
        let told: serde_json::Value = serde_json::from_str(&out).with_context(|| format!("accounts: {code:?} {out} {err}"))?;
        ensure!(code == Some(0) && told["accounts"].as_array().is_some_and(Vec::is_empty), "accounts: {code:?} {told:#} {err}");
        Ok(())
    }

    /// What the installer refuses, and that nothing is changed then.
    pub fn refuse(&self) -> Result<()> {
        said("an older version is refused");
        self.changes_nothing(|| self.setup(&self.older, NOTHING, IS_OLDER))?;

        said("a Windows before 10 is refused");
        let name = self.installer.file_name().and_then(OsStr::to_str).context("a path that isn't text")?;
        let of_installer = format!(r"HKCU\Software\Wine\{FOR_WINE}\{name}");
        self.wine.set_registry(&of_installer, "Version", "win81")?;
        self.changes_nothing(|| self.setup(&self.installer, NOTHING, WRONG_WINDOWS))?;
        self.wine.set_registry(&of_installer, "Version", "win10")?;

        said("where a file can't be written to its end, nothing is changed");
        self.changes_nothing(|| {
            // As on a full disk: no file may be longer than two megabytes, which the desktop program is.
            let mut setup = self.wine.command("sh", &["-c", "trap '' XFSZ; ulimit -f 4096; exec wine \"$@\" /S", "sh"]);
            let ended = setup.arg(&self.installer).stdout(Stdio::null()).stderr(Stdio::null()).status().context("wine")?;
            ensure!(ended.code() == Some(FAILED), "it ended with {} in place of {FAILED}", how(ended));
            Ok(())
        })?;

        said("a damaged installer is refused");
        let whole = fs::read(&self.installer)?;
        let (cut, mut changed) = (whole[..whole.len() / 3].to_vec(), whole.clone());
        changed[whole.len() / 2] ^= 1;
        let damaged = self.wine.drive().join("damaged.exe");
        for bytes in [cut, changed] {
            fs::write(&damaged, bytes)?;
            self.changes_nothing(|| self.setup(&damaged, NOTHING, FAILED))?;
        }
        fs::remove_file(&damaged)?;

        said("while moneictl runs, installing and uninstalling are refused");
        // It waits for its end.
        self.is_refused(|| self.start(&self.folder.join("moneictl.exe"), &["serve"]))?;

        said("another folder than that of the installed version is refused");
        self.changes_nothing(|| self.setup(&self.installer, &[r"/D=C:\elsewhere"], IS_ELSEWHERE))?;
        ensure!(!self.wine.drive().join("elsewhere").exists(), "something was installed elsewhere");

        said("a second start ends; while the first is open, installing is refused, from wherever it was started");
        // Windows are drawn nowhere; and tao asks uxtheme of Windows 10 for functions by numbers that Wine 8 has given to others.
        self.wine.set_registry(r"HKCU\Software\Wine\Drivers", "Graphics", "null")?;
        self.wine.set_registry(&format!(r"HKCU\Software\Wine\{FOR_WINE}\monei-connect.exe"), "Version", "win81")?;
        self.is_refused(|| self.start_twice(&self.folder.join("monei-connect.exe")))?;
        // A copy elsewhere leaves the installed files free.
        let copy = self.wine.drive().join("copy");
        fs::create_dir_all(&copy)?;
        for name in ["monei-connect.exe", "WebView2Loader.dll"] {
            fs::copy(self.folder.join(name), copy.join(name))?;
        }
        self.is_refused(|| self.start_twice(&copy.join("monei-connect.exe")))?;
        Ok(fs::remove_dir_all(copy)?)
    }

    /// As the program's own updater has it installed, which ends the program then.
    pub fn update(&self) -> Result<()> {
        said("for an update it waits for the program's end, installs, and starts the new version");
        let marked = self.folder.join("LICENSE-MIT");
        fs::write(&marked, "an older one")?;
        let mut open = self.start_twice(&self.folder.join("monei-connect.exe"))?;
        let installer = self.installer.to_str().context("a path that isn't text")?;
        let mut setup = self.wine.command("wine", &[installer, "/S", "/R"]);
        let mut setup = setup.stdout(Stdio::null()).stderr(Stdio::null()).spawn().context("wine")?;
        // Long enough to install it, which takes a second.
        std::thread::sleep(WAITS);
        ensure!(setup.try_wait()?.is_none(), "the installer didn't wait for the program");
        ensure!(fs::read(&marked)? == b"an older one", "the installer replaced files of a program that was open");
        open.still()?;
        open.child.kill()?;
        open.child.wait()?;
        let began = Instant::now();
        let ended = loop {
            if let Some(ended) = setup.try_wait()? {
                break ended;
            }
            ensure!(began.elapsed() < START, "the installer still waits for a program that has ended");
            std::thread::sleep(Duration::from_millis(200));
        };
        ensure!(ended.code() == Some(WITHOUT_WEBVIEW), "the installer ended with {} in place of {WITHOUT_WEBVIEW}", how(ended));
        ensure!(fs::read(&marked)? != b"an older one", "the new version isn't installed");
        // The program is there again once installing is refused.
        let began = Instant::now();
        while let Err(error) = self.setup(&self.installer, NOTHING, IS_OPEN) {
            ensure!(began.elapsed() < START, "the program wasn't started again: {error:#}");
            std::thread::sleep(Duration::from_millis(200));
        }
        self.wine.end()
    }

    /// Takes it away.
    pub fn remove(&self) -> Result<()> {
        said("another program's handler of links and another's start at login stay");
        let command = format!(r"{}\shell\open\command", self.class);
        let own = self.wine.registry(&command, "")?.context("no handler of links")?;
        let own_start = self.wine.registry(&self.run, &self.product.identifier)?.context("no start at login")?;
        let other = r#""C:\other.exe" "%1""#;
        self.wine.set_registry(&command, "", other)?;
        self.wine.set_registry(&self.run, &self.product.identifier, other)?;
        self.uninstall()?;
        ensure!(self.wine.registry(&command, "")?.as_deref() == Some(other), "the other program's handler has gone");
        ensure!(self.wine.registry(&self.run, &self.product.identifier)?.as_deref() == Some(other), "the other start at login has gone");
        let left = names(&self.folder)?;
        ensure!(left == ["notes.txt"], "in the program's folder is {left:?}");

        said("installed again, the account is still there; uninstalling leaves nothing but the person's data");
        fs::remove_file(self.folder.join("notes.txt"))?;
        self.setup(&self.installer, NOTHING, WITHOUT_WEBVIEW)?;
        self.is_connected()?;
        self.refuses_later_index()?;
        self.leave()?;
        // As an installation leaves it that could not replace every file, or that was ended.
        fs::write(self.folder.join("moneictl.exe.new"), "")?;
        ensure!(self.wine.registry(&command, "")?.as_deref() == Some(&*own), "installing didn't take the links");
        self.wine.set_registry(&self.run, &self.product.identifier, &own_start)?;
        self.uninstall()?;
        ensure!(!self.folder.exists(), "{} is still there: {:?}", self.folder.display(), names(&self.folder));
        let left: Vec<String> = gates::files(&self.wine.drive())?
            .iter()
            .map(|path| path.display().to_string())
            .filter(|path| path.to_lowercase().contains("monei"))
            .collect();
        let data = format!("/AppData/Local/{}/", self.product.identifier);
        ensure!(left.iter().any(|path| path.contains(&data)), "the person's data has gone: {left:?}");
        ensure!(left.iter().all(|path| path.contains(&data)), "left behind: {left:?}");
        // It writes the registry at its end.
        self.wine.wait()?;
        let mut left = self.wine.registry_lines("monei")?;
        left.retain(|line| !line.contains(&FOR_WINE.to_lowercase()));
        ensure!(left.is_empty(), "left behind in the registry: {left:#?}");
        Ok(())
    }

    /// Runs an installer silently.
    fn setup(&self, installer: &Path, more: &[impl AsRef<OsStr>], expected: i32) -> Result<()> {
        let installer = installer.to_str().context("a path that isn't text")?;
        // Wine's own services may come from this command and keep what it writes to: a pipe would stay open until the last program ends.
        let mut setup = self.wine.command("wine", &[installer, "/S"]);
        let ended = setup.args(more).stdout(Stdio::null()).stderr(Stdio::null()).status().context("wine")?;
        let name = installer.rsplit('/').next().unwrap_or(installer);
        ensure!(ended.code() == Some(expected), "{name} ended with {} in place of {expected}", how(ended));
        Ok(())
    }

    /// Uninstalls by the command that Windows has for it.
    fn uninstall(&self) -> Result<()> {
        let command = self.wine.registry(&self.uninstall, "QuietUninstallString")?.context("no QuietUninstallString")?;
        ensure!(command == format!("{} /S", self.quoted("uninstall.exe")?), "QuietUninstallString is {command}");
        let ended = self.run("uninstall.exe", &["/S"])?;
        ensure!(ended.status.success(), "uninstall.exe ended with {}", how(ended.status));
        // It goes on in a copy of itself.
        self.wine.wait()?;
        ensure!(self.wine.registry(&self.uninstall, "DisplayVersion")?.is_none(), "it is still in the list of programs");
        let link = self.shortcut()?;
        ensure!(!link.exists(), "{} is still there", link.display());
        Ok(())
    }

    /// The installer's option for this folder: it comes last and without quotes.
    fn to_folder(&self) -> Result<Vec<String>> {
        let option = format!("/D={}", self.wine.windows_path(&self.folder)?);
        Ok(option.split(' ').map(str::to_owned).collect())
    }

    fn registered(&self, version: &str) -> Result<()> {
        let is = |key: &str, value: &str, expected: &str| -> Result<()> {
            let found = self.wine.registry(key, value)?;
            ensure!(found.as_deref() == Some(expected), "{value:?} of {key} is {found:?} in place of {expected}");
            Ok(())
        };
        is(&self.class, "", &format!("URL:{}", self.product.name))?;
        is(&self.class, "URL Protocol", "")?;
        is(&format!(r"{}\shell\open\command", self.class), "", &format!("{} \"%1\"", self.quoted("monei-connect.exe")?))?;
        is(&format!(r"{}\DefaultIcon", self.class), "", &format!("{},0", self.quoted("monei-connect.exe")?))?;
        is(&self.uninstall, "DisplayName", &self.product.name)?;
        is(&self.uninstall, "DisplayVersion", version)?;
        is(&self.uninstall, "InstallLocation", &self.wine.windows_path(&self.folder)?)?;
        // What "Installed apps" in Windows' settings shows of it, and offers.
        is(&self.uninstall, "DisplayIcon", &self.quoted("monei-connect.exe")?)?;
        is(&self.uninstall, "Publisher", &self.product.publisher)?;
        is(&self.uninstall, "UninstallString", &self.quoted("uninstall.exe")?)?;
        is(&self.uninstall, "NoModify", "0x1")?;
        is(&self.uninstall, "NoRepair", "0x1")?;
        let shown = self.wine.registry(&self.uninstall, "EstimatedSize")?.context("no size")?;
        let shown = u64::from_str_radix(shown.trim_start_matches("0x"), 16).context(shown)?;
        let bytes = gates::files(&self.folder)?.iter().try_fold(0, |sum, path| anyhow::Ok(sum + fs::metadata(path)?.len()))?;
        ensure!(shown.abs_diff(bytes / 1024) <= 1, "it shows {shown} KiB, and has {bytes} bytes");
        let link = self.shortcut()?;
        // A link has the path of what it starts.
        let target = fs::read(&link).with_context(|| link.display().to_string())?;
        let shown = String::from_utf8_lossy(&target).replace('\0', "");
        ensure!(shown.contains("monei-connect.exe"), "the link in the Start menu starts something else");
        Ok(())
    }

    fn files(&self, more: &[&str]) -> Result<()> {
        let mut expected: Vec<&str> = FILES.iter().chain(more).copied().collect();
        expected.sort_unstable();
        let found = names(&self.folder)?;
        ensure!(found == expected, "in the program's folder is {found:?} in place of {expected:?}");
        let programs = ["monei-connect.exe", "moneictl.exe"].map(|name| fs::read(self.folder.join(name)));
        for program in programs {
            ensure!(program?.starts_with(b"MZ"), "a program was not replaced");
        }
        Ok(())
    }

    fn shortcut(&self) -> Result<PathBuf> {
        let programs = self.wine.home()?.join("AppData/Roaming/Microsoft/Windows/Start Menu/Programs");
        Ok(programs.join(format!("{}.lnk", self.product.name)))
    }

    /// The path of an installed file as Windows has it, in quotes.
    fn quoted(&self, name: &str) -> Result<String> {
        Ok(format!("\"{}\"", self.wine.windows_path(&self.folder.join(name))?))
    }

    fn run(&self, name: &str, words: &[&str]) -> Result<Output> {
        let path = self.folder.join(name);
        self.wine.command("wine", &[path.to_str().context("a path that isn't text")?]).args(words).output().context("wine")
    }

    fn say(&self, name: &str, words: &[&str]) -> Result<(Option<i32>, String, String)> {
        self.wine.say(&self.folder.join(name), words)
    }

    /// Starts a program that stays open.
    fn start(&self, program: &Path, words: &[&str]) -> Result<Open<'a>> {
        let child = self.wine.open(program).args(words).spawn().context("wine")?;
        Ok(Open { child, name: program.display().to_string(), wine: self.wine })
    }

    /// Starts a program twice. One of the two gives its words to the other and ends.
    fn start_twice(&self, program: &Path) -> Result<Open<'a>> {
        let [mut one, mut other] = [self.start(program, &[])?, self.start(program, &[])?];
        let began = Instant::now();
        while began.elapsed() < START {
            if one.child.try_wait()?.is_some() {
                return Ok(other);
            }
            if other.child.try_wait()?.is_some() {
                return Ok(one);
            }
            std::thread::sleep(Duration::from_millis(200));
        }
        bail!("{} runs twice", program.display());
    }

    /// While what `start` starts is open.
    fn is_refused(&self, start: impl FnOnce() -> Result<Open<'a>>) -> Result<()> {
        let before = self.state()?;
        let mut open = start()?;
        let began = Instant::now();
        // Until the program holds what it holds, the installer would install the same once more.
        loop {
            open.still()?;
            match self.setup(&self.installer, NOTHING, IS_OPEN) {
                Ok(()) => break,
                Err(error) if began.elapsed() > START => return Err(error),
                Err(_) => std::thread::sleep(Duration::from_millis(200)),
            }
        }
        // In place, so that its exit code is seen. The folder comes last and without quotes.
        let folder = format!("_?={}", self.wine.windows_path(&self.folder)?);
        let words: Vec<&str> = std::iter::once("/S").chain(folder.split(' ')).collect();
        let ended = self.run("uninstall.exe", &words)?;
        ensure!(ended.status.code() == Some(IS_OPEN), "uninstall.exe ended with {}", how(ended.status));
        open.still()?;
        open.end()?;
        ensure!(self.state()? == before, "something was changed");
        Ok(())
    }

    fn changes_nothing(&self, work: impl FnOnce() -> Result<()>) -> Result<()> {
        let before = self.state()?;
        work()?;
        ensure!(self.state()? == before, "something was changed");
        Ok(())
    }

    /// Every installed file's content, and what is registered.
    fn state(&self) -> Result<BTreeMap<String, Vec<u8>>> {
        let mut state = BTreeMap::new();
        for path in gates::files(&self.folder)? {
            state.insert(path.display().to_string(), fs::read(path)?);
        }
        for key in [&self.class, &self.uninstall] {
            let told = self.wine.command("wine", &["reg", "query", key, "/s"]).output().context("wine reg")?;
            state.insert(key.clone(), told.stdout);
        }
        Ok(state)
    }
}

/// What `diagnose` must find working without a connection service.
const WORKING: [&str; 2] = ["keychain", "link_handler"];

/// A program that is open.
struct Open<'a> {
    child: Child,
    name: String,
    wine: &'a Wine,
}

impl Open<'_> {
    fn still(&mut self) -> Result<()> {
        if let Some(status) = self.child.try_wait()? {
            bail!("{} ended with {status}", self.name);
        }
        Ok(())
    }

    fn end(mut self) -> Result<()> {
        self.wine.end()?;
        self.child.wait()?;
        Ok(())
    }
}

fn names(folder: &Path) -> Result<Vec<String>> {
    let entries = fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    let mut names = entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect::<Result<Vec<_>>>()?;
    names.sort_unstable();
    Ok(names)
}

fn said(what: &str) {
    eprintln!("- {what}");
}
