//! `cargo xtask bundle`: the packages. The desktop program for end users, without sandbox or backend inside; the backend for operators and
//! the sandbox for testers, and the command line, each by itself. Then each is unpacked and checked, and listed with its checksum.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::packages::{For, install_missing};
use crate::step::{Steps, command, output, succeed};
use crate::{appimage, gates, licences, settings, test, tools, ui};

/// Where the packages are.
const BUNDLE: &str = "target/release/bundle";
/// Debian's packages in there.
const DEBIAN: &str = "target/release/bundle/deb";

/// How to use the archive.
const README: &str = "packaging/monei-connections/archive/README.txt";

/// The programs that are packaged, and their manifests.
const PROGRAMS: [(&str, &str); 4] = [
    ("monei-connect", "Cargo.toml"),
    ("moneictl", "crates/cli/Cargo.toml"),
    ("connect-backend", "crates/backend/Cargo.toml"),
    ("monei-sandbox", "crates/sandbox/Cargo.toml"),
];

/// The services, and how they are compiled.
pub const SERVICES: [(&str, &str); 2] = [("connect-backend", tools::SERVICE_PROFILE), ("monei-sandbox", "release")];

pub fn bundle() -> Result<()> {
    // Otherwise macOS: `installer` has what is done on Windows.
    let on_linux = cfg!(target_os = "linux");
    // Before anything that takes minutes.
    let settings = settings::read()?;
    let time = if on_linux { time_of_files(std::env::var("SOURCE_DATE_EPOCH").ok(), Path::new("."))? } else { String::new() };
    let mut steps = Steps::new(if on_linux { 10 } else { 5 });
    if on_linux {
        steps.step("System packages", || install_missing(For::Packaging))?;
        // What an earlier version left would be taken for part of this one.
        if Path::new(BUNDLE).exists() {
            fs::remove_dir_all(BUNDLE)?;
        }
    }
    steps.step("Packages of the web view", ui::install)?;
    // Every package has them.
    steps.step("Licences of what the programs are made of", write_licences)?;
    if on_linux {
        steps.step("The command line", command_line)?;
    } else {
        // `tauri.macos.conf.json` puts it into the application.
        steps.step("The command line", build_command_line)?;
    }
    // Tauri's own bundler builds the web view first. Its working folder is the top of the project, where tauri.conf.json is.
    steps.step("The desktop program", || {
        if on_linux {
            compress("packaging/monei-connections/monei-connect.1", "target/monei-connections/monei-connect.1")?;
        }
        tools::desktop_packages(&settings::apply(&settings)?)?;
        if on_linux {
            remove_working_folders()?;
            compress_package()?;
        }
        test::no_tools_in_release()
    })?;
    if on_linux {
        steps.step("The backend and the sandbox", || {
            SERVICES.into_iter().try_for_each(|(package, profile)| tools::debian_package(package, profile, DEBIAN))
        })?;
        steps.step("An archive for other systems", || archive(&time, &settings))?;
        steps.step("An AppImage", || appimage(&time, &settings))?;
        steps.step("What is in the packages", || gates::check(Path::new(BUNDLE), &settings))?;
        steps.step("What they are made of, and their checksums", || {
            tools::write_bills_of_materials(Path::new(BUNDLE), &PROGRAMS, None)?;
            gates::write_checksums(Path::new(BUNDLE))
        })?;
    } else {
        let for_people = &PROGRAMS[..2];
        steps.step("What they are made of", || tools::write_bills_of_materials(Path::new(BUNDLE), for_people, None))?;
    }
    steps.print_summary();
    eprintln!("\nThe packages are in {BUNDLE}.");
    Ok(())
}

/// The time of each file in the archive and the AppImage, so that only their content counts, in seconds since 1970: `set` (`SOURCE_DATE_EPOCH`,
/// reproducible-builds.org), or that of the last change to the project in `folder`.
fn time_of_files(set: Option<String>, folder: &Path) -> Result<String> {
    let is_time = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if let Some(time) = set {
        ensure!(is_time(&time), "SOURCE_DATE_EPOCH is \"{time}\": seconds since 1970 are wanted");
        return Ok(time);
    }
    let said = output(command("git", &["log", "-1", "--format=%ct"]).current_dir(folder));
    said.ok().filter(|time| is_time(time)).context(
        "git doesn't know when these sources last changed: set SOURCE_DATE_EPOCH to the time that the files in the packages shall have, in seconds since 1970",
    )
}

/// Collects the licences of what the programs are made of, into the file that packages take.
pub fn write_licences() -> Result<()> {
    fs::create_dir_all("target/monei-connections")?;
    licences::write(&Path::new("target/monei-connections").join(licences::FILE))
}

/// Tauri's bundler leaves what it put into each package beside it.
fn remove_working_folders() -> Result<()> {
    for kind in fs::read_dir(BUNDLE).context(BUNDLE)? {
        for entry in fs::read_dir(kind?.path())? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                fs::remove_dir_all(entry.path())?;
            }
        }
    }
    Ok(())
}

/// The desktop program's Debian package with the compression that Debian's own have: Tauri's bundler knows gzip alone.
fn compress_package() -> Result<()> {
    let folder = Path::new("target/tmp/compressed");
    fs::create_dir_all("target/tmp")?;
    for entry in fs::read_dir(DEBIAN).context(DEBIAN)? {
        let package = entry?.path();
        if package.file_name().is_some_and(|name| name.to_string_lossy().starts_with("monei-connections_")) {
            if folder.exists() {
                fs::remove_dir_all(folder)?;
            }
            succeed(command("dpkg-deb", &["--raw-extract"]).arg(&package).arg(folder))?;
            succeed(command("dpkg-deb", &["--build", "--root-owner-group", "-Zxz", "-z9"]).arg(folder).arg(&package))?;
        }
    }
    Ok(())
}

/// A man page as distributions have them, in `to` with `.gz` after it. Tauri's bundler packages files as they are.
fn compress(page: &str, to: &str) -> Result<()> {
    fs::create_dir_all(Path::new(to).parent().context("a page without a folder")?)?;
    if page != to {
        fs::copy(page, to)?;
    }
    succeed(&mut command("gzip", &["-9", "--no-name", "--force", "--keep", to]))
}

/// The command line, with its man page and completions, which it writes itself.
fn command_line() -> Result<()> {
    build_command_line()?;
    fs::create_dir_all("target/moneictl")?;
    for (words, file) in [
        (&["man"][..], "moneictl.1"),
        (&["completions", "bash"], "moneictl.bash"),
        (&["completions", "zsh"], "moneictl.zsh"),
        (&["completions", "fish"], "moneictl.fish"),
    ] {
        fs::write(format!("target/moneictl/{file}"), output(&mut command("target/release/moneictl", words))?)?;
    }
    compress("target/moneictl/moneictl.1", "target/moneictl/moneictl.1")?;
    fs::create_dir_all(DEBIAN)?;
    tools::debian_package("moneictl", "release", DEBIAN)
}

/// The program of the command line.
pub fn build_command_line() -> Result<()> {
    let mut build = command("cargo", &["build", "--release", "--locked", "--package", "moneictl"]);
    succeed(tools::without_builders_paths(&mut build)?)
}

/// The desktop program in one file.
fn appimage(time: &str, settings: &settings::Packaging) -> Result<()> {
    for entry in fs::read_dir(DEBIAN).context(DEBIAN)? {
        let package = entry?.path();
        if package.file_name().is_some_and(|name| name.to_string_lossy().starts_with("monei-connections_")) {
            appimage::make(&package, &Path::new(BUNDLE).join("appimage"), time, settings)?;
        }
    }
    Ok(())
}

/// The desktop program and the command line for systems with neither kind of package: what their Debian packages install, without scripts, and
/// what starts it and tells how to use it. The same files give the same archive.
fn archive(time: &str, settings: &settings::Packaging) -> Result<()> {
    let version = env!("CARGO_PKG_VERSION");
    let folder = format!("target/tmp/archive/monei-connections-{version}");
    if Path::new(&folder).exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    for entry in fs::read_dir(DEBIAN).context(DEBIAN)? {
        let package = entry?.path();
        let name = package.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if name.ends_with(".deb") && (name.starts_with("monei-connections_") || name.starts_with("moneictl_")) {
            succeed(command("dpkg-deb", &["--extract"]).arg(&package).arg(&folder))?;
        }
    }
    let folder = Path::new(&folder);
    appimage::write_start(&folder.join("monei-connect"), settings)?;
    let readme = fs::read_to_string(README).context(README)?;
    fs::write(folder.join("README.txt"), settings::with_names(&readme, settings))?;
    succeed(command("chmod", &["644"]).arg(folder.join("README.txt")))?;
    let to = format!("{BUNDLE}/tar");
    fs::create_dir_all(&to)?;
    let name = format!("{to}/monei-connections-{version}-linux-{}.tar.gz", std::env::consts::ARCH);
    let mut tar =
        command("tar", &["--create", "--sort=name", "--owner=0", "--group=0", "--numeric-owner", "--use-compress-program=gzip -9n"]);
    succeed(
        tar.arg(format!("--mtime=@{time}"))
            .args(["--file", &name, "--directory", "target/tmp/archive"])
            .arg(format!("monei-connections-{version}")),
    )
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_packages_is_what_is_set_or_gits_and_a_sentence_where_there_is_neither() {
        let no_history = tempfile::tempdir().unwrap();
        let told = |set: Option<&str>| time_of_files(set.map(str::to_owned), no_history.path());
        assert_eq!(told(Some("1700000000")).unwrap(), "1700000000");
        assert!(told(Some("2026-11-28")).unwrap_err().to_string().starts_with("SOURCE_DATE_EPOCH is \"2026-11-28\""));
        assert!(told(None).unwrap_err().to_string().contains("set SOURCE_DATE_EPOCH"));
        let git = |words: &[&str]| {
            let mut git = command("git", &["-c", "user.name=x", "-c", "user.email=x@localhost"]);
            succeed(git.args(words).env("GIT_COMMITTER_DATE", "1600000000 +0000").current_dir(no_history.path())).unwrap();
        };
        git(&["init", "--quiet"]);
        git(&["commit", "--quiet", "--allow-empty", "--message=x"]);
        assert_eq!(told(None).unwrap(), "1600000000");
    }

    /// Its commands for /usr/local, as it has them, with a folder in its place.
    #[test]
    fn what_the_archive_says_of_installing_and_removing_it_works() {
        let folder = tempfile::tempdir().unwrap();
        let made = |path: &str| {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, "text").unwrap();
            path
        };
        let top = "monei-connections-1.0.0";
        let own = ["bin/moneictl", "share/man/man1/moneictl.1.gz", "share/applications/monei-connections.desktop"];
        for path in own {
            made(&format!("{top}/usr/{path}"));
        }
        made(&format!("{top}/monei-connect"));
        succeed(command("tar", &["--create", "--gzip", "--file", "monei-connections-1.0.0-linux-x86_64.tar.gz", top]).current_dir(&folder))
            .unwrap();
        let others = made("local/share/applications/other.desktop");
        succeed(command("chmod", &["2775"]).arg(folder.path().join("local/share"))).unwrap();
        let text = include_str!("../../packaging/monei-connections/archive/README.txt");
        let commands: Vec<&str> = text.lines().map(str::trim).filter(|line| line.contains("tar.gz")).collect();
        assert_eq!(commands.len(), 2, "{commands:?}");
        let local = folder.path().join("local");
        for (line, installed) in [(commands[0], true), (commands[1], false)] {
            let line = line.replace("sudo ", "").replace("/usr/local", &local.display().to_string());
            succeed(command("sh", &["-c", &line]).current_dir(&folder)).unwrap();
            for path in own {
                assert_eq!(local.join(path).is_file(), installed, "{path}: {line}");
            }
        }
        // What was there stays as it was.
        let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(local.join("share")).unwrap().permissions());
        assert!(others.is_file() && mode & 0o7777 == 0o2775, "{mode:o}");
        assert!(gates::files(&local).unwrap().len() == 1);
    }

    #[test]
    fn removing_the_desktop_program_says_what_stays_and_an_upgrade_says_nothing() {
        let configuration: serde_json::Value = serde_json::from_str(include_str!("../../tauri.linux.conf.json")).unwrap();
        for (kind, removed, upgraded) in [("deb", "remove", "upgrade"), ("rpm", "0", "1")] {
            let script = configuration["bundle"]["linux"][kind]["postRemoveScript"].as_str().unwrap();
            let said = |word: &str| output(command("sh", &[script, word]).current_dir("..")).unwrap();
            assert!(said(removed).contains("tokens in the keychain") && said(removed).contains("moneictl leave"), "{kind}");
            assert_eq!(said(upgraded), "", "{kind}");
        }
    }
}
