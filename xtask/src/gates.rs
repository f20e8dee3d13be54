//! Checks of every package that was made: it is unpacked, and each file in it is examined. The systems' own checkers (lintian, rpmlint,
//! desktop-file-validate, appstreamcli) are run as well.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, bail, ensure};

use crate::appimage;
use crate::hardening;
use crate::licences;
use crate::settings::Packaging;
use crate::step::{command, describe, output, succeed};

/// What no package may have: a private key, or a reference to a source map.
const FORBIDDEN: [&str; 3] = ["PRIVATE KEY-----", "sourceMappingURL=", "webpack://"];
/// What the sandbox mints (what follows the kind of secret), is called by and serves. Only its own package has it.
const SANDBOX: [&str; 3] = ["_sim_CNRY", "mc_sim_local", "/sandbox/api/"];
/// Where development builds have their servers, how each client secret begins, and the command of the tester's panel. What people install asks for an
/// address instead, knows of no secret, and has no such panel.
const NOT_FOR_PEOPLE: [&str; 4] = ["http://127.0.0.1:43117", "http://127.0.0.1:43118", "mcs_", "tester_order"];
/// What people install: the desktop program and the command line.
const FOR_PEOPLE: [&str; 2] = ["monei-connections", "moneictl"];
/// Size that the Debian package of the desktop program stays below, in bytes.
const MOST_BYTES: u64 = 6_000_000;
/// The package of the sandbox. That its marks are found there shows that the search works.
const SANDBOX_PACKAGE: &str = "monei-sandbox";

/// Where the standard library for Windows is compiled, below the project's folder: in the programs of every computer. For root, whose home is
/// `/root`, it would look like that.
const CROSS: &str = "target/tools/cross/root/";
/// NSIS's own program with this one's script inside. It can be loaded at one address alone, and runs for a moment.
const NSIS: &str = "uninstall.exe";

/// What a package is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    ForPeople,
    Service,
    Sandbox,
}

/// Looks for what no package may have in programs that aren't packaged yet, so that it shows long before a package is refused for it.
///
/// # Errors
/// The first thing that is wrong, with its program.
pub fn check_programs(programs: &[&str]) -> Result<()> {
    for program in programs {
        let content = fs::read(program).with_context(|| (*program).to_owned())?;
        for mark in FORBIDDEN {
            ensure!(!has(&content, mark), "{program} has \"{mark}\"");
        }
    }
    Ok(())
}

fn has(content: &[u8], mark: &str) -> bool {
    memchr::memmem::find(content, mark.as_bytes()).is_some()
}

/// Looks at each package in `folder`, and below.
///
/// # Errors
/// The first thing that is wrong, with its package.
pub fn check(folder: &Path, settings: &Packaging) -> Result<()> {
    let packages = files(folder)?.into_iter().filter(|path| kind(path).is_some()).collect::<Vec<_>>();
    ensure!(!packages.is_empty(), "no package in {}", folder.display());
    let mut has_sandbox = false;
    for package in &packages {
        let name = package.file_name().and_then(OsStr::to_str).context("a package without a name")?;
        eprintln!("{name}");
        let inside = unpack(package).with_context(|| name.to_owned())?;
        has_sandbox |= name.starts_with(SANDBOX_PACKAGE);
        let what = if name.starts_with(SANDBOX_PACKAGE) {
            What::Sandbox
        } else if FOR_PEOPLE.iter().any(|package| name.starts_with(package)) {
            What::ForPeople
        } else {
            What::Service
        };
        look(&inside, what).with_context(|| name.to_owned())?;
        has_licences(&inside).with_context(|| name.to_owned())?;
        if name.starts_with(FOR_PEOPLE[0]) && kind(package) == Some("deb") {
            says_which_glibc(&inside).with_context(|| name.to_owned())?;
            let size = fs::metadata(package)?.len();
            ensure!(size < MOST_BYTES, "{name} has {size} bytes, and may have {MOST_BYTES}");
        }
        if name.starts_with(FOR_PEOPLE[0]) {
            has_settings(&inside, settings).with_context(|| name.to_owned())?;
        }
        match kind(package) {
            Some("deb") => succeed(
                command("lintian", &["--allow-root", "--fail-on", "error", "--suppress-tags-from-file", "packaging/lintian-suppressed"])
                    .arg(package),
            )?,
            Some("rpm") => succeed(command("rpmlint", &["--config", "packaging/rpmlint.toml"]).arg(package))?,
            _ => {}
        }
    }
    ensure!(has_sandbox, "{SANDBOX_PACKAGE} is not among the packages: nothing shows that the search for it works");
    Ok(())
}

/// Looks at what the Windows installer has put into `folder`.
///
/// # Errors
/// The first thing that is wrong.
pub fn check_installed(folder: &Path) -> Result<()> {
    look(folder, What::ForPeople)
}

/// `deb`, `rpm`, `gz` or `AppImage`.
fn kind(path: &Path) -> Option<&str> {
    path.extension().and_then(OsStr::to_str).filter(|ending| ["deb", "rpm", "gz", "AppImage"].contains(ending))
}

/// Every file below `folder`, in the order of their names.
pub fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.is_dir() && !path.is_symlink() { found.extend(files(&path)?) } else { found.push(path) }
    }
    found.sort();
    Ok(found)
}

/// Unpacks a package, scripts of the maintainer included.
pub fn unpack(package: &Path) -> Result<PathBuf> {
    let name = package.file_name().context("a package without a name")?;
    let folder = Path::new("target/tmp/packages").join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    match kind(package) {
        Some("deb") => succeed(command("dpkg-deb", &["--raw-extract"]).arg(package).arg(&folder))?,
        Some("rpm") => {
            let mut read = command("rpm2cpio", &[]).arg(package).stdout(Stdio::piped()).spawn().context("rpm2cpio")?;
            let mut write = command("cpio", &["--extract", "--make-directories", "--quiet"]);
            write.current_dir(&folder).stdin(read.stdout.take().context("rpm2cpio gives nothing")?);
            succeed(&mut write)?;
            // rpm2cpio compares with a size that Tauri's bundler doesn't write, and so fails at its end: the digests tell whether all is there.
            read.wait()?;
            succeed(command("rpm", &["--checksig", "--nosignature"]).arg(package))?;
            ensure!(!files(&folder)?.is_empty(), "nothing in it");
        }
        Some("AppImage") => appimage::unpack(package, &folder)?,
        Some(_) => succeed(command("tar", &["--extract", "--gzip", "--file"]).arg(package).arg("--directory").arg(&folder))?,
        None => bail!("not a kind of package that can be unpacked"),
    }
    Ok(folder)
}

fn look(folder: &Path, what: What) -> Result<()> {
    let home = std::env::var("HOME").unwrap_or_default();
    let here = std::env::current_dir()?.display().to_string();
    // Paths of the computer that built it tell about that computer, and make the same package differ from one computer to the next.
    let builders: Vec<&str> = [home.as_str(), here.as_str()].into_iter().filter(|path| path.len() > 1).collect();
    let mut unseen: Vec<&str> = SANDBOX.to_vec();
    for path in files(folder)? {
        let shown = path.strip_prefix(folder)?.display().to_string();
        if path.is_symlink() {
            let target = fs::read_link(&path)?;
            ensure!(!target.components().any(|part| part.as_os_str() == ".."), "{shown} leads to {}", target.display());
            continue;
        }
        let mode = mode(&path)?;
        ensure!(mode & 0o6022 == 0, "{shown} has the mode {:o}", mode & 0o7777);
        ensure!(path.extension().is_none_or(|ending| ending != "map"), "{shown} is a source map");
        let content = fs::read(&path)?;
        let count = |mark: &str| content.windows(mark.len()).filter(|bytes| *bytes == mark.as_bytes()).count();
        let has = |mark: &str| has(&content, mark);
        for mark in FORBIDDEN {
            ensure!(!has(mark), "{shown} has \"{mark}\"");
        }
        for path in &builders {
            let path_below = format!("{path}/");
            let in_every_build = if CROSS.contains(&path_below) { count(CROSS) } else { 0 };
            ensure!(count(&path_below) == in_every_build, "{shown} has \"{path}\"");
        }
        let is_elf = content.starts_with(b"\x7fELF");
        let is_windows = content.starts_with(b"MZ");
        if is_elf {
            hardening::check(&path.display().to_string())?;
        }
        if is_windows && shown != NSIS {
            hardening::check_windows(&content).with_context(|| shown.clone())?;
        }
        if is_elf || is_windows {
            check_program(&shown, &content, what)?;
            unseen.retain(|mark| !has(mark));
        }
        match path.extension().and_then(OsStr::to_str) {
            Some("desktop") => succeed(command("desktop-file-validate", &[]).arg(&path))?,
            Some("xml") if shown.ends_with(".metainfo.xml") => {
                succeed(command("appstreamcli", &["validate", "--no-net"]).arg(&path))?;
                let launched = fs::read_to_string(&path)?;
                let launched = launched.split_once("desktop-id\">").and_then(|(_, rest)| rest.split_once('<')).context("no launchable")?.0;
                let share = path.parent().and_then(Path::parent).context("metadata outside of a folder")?;
                ensure!(share.join("applications").join(launched).is_file(), "{shown} names {launched}, which isn't there");
            }
            _ => {}
        }
    }
    ensure!(what != What::Sandbox || unseen.is_empty(), "{unseen:?} is not in the sandbox: the search for it is out of date");
    Ok(())
}

/// Documents may tell of the sandbox and of secrets; programs have them inside or not.
fn check_program(name: &str, content: &[u8], what: What) -> Result<()> {
    for mark in SANDBOX {
        ensure!(what == What::Sandbox || !has(content, mark), "{name} has \"{mark}\" of the sandbox");
    }
    for mark in NOT_FOR_PEOPLE {
        ensure!(what != What::ForPeople || !has(content, mark), "{name} has \"{mark}\", which is for development or for servers");
    }
    Ok(())
}

/// The project's licences, who holds the rights, and the licences of what its programs are made of are in it.
fn has_licences(folder: &Path) -> Result<()> {
    let all = files(folder)?;
    for (name, words) in [
        (licences::FILE, "\ntokio "),
        ("LICENSE-MIT", "Permission is hereby granted"),
        ("LICENSE-APACHE", "Apache License"),
        ("copyright", "\nCopyright: "),
    ] {
        let path = all.iter().find(|path| path.file_name() == Some(OsStr::new(name))).with_context(|| format!("no {name}"))?;
        ensure!(fs::read_to_string(path)?.contains(words), "{name} has no \"{}\"", words.trim());
    }
    Ok(())
}

/// What the Debian package depends on is the glibc that its program needs, or a later one.
fn says_which_glibc(folder: &Path) -> Result<()> {
    let control = fs::read_to_string(folder.join("DEBIAN/control")).context("DEBIAN/control")?;
    let said = control.split("libc6 (>= ").nth(1).and_then(version).context("the package doesn't say which glibc it needs")?;
    let needed = output(command("readelf", &["--wide", "--version-info"]).arg(folder.join("usr/bin/monei-connect")))?;
    let needed = needed.split("GLIBC_").skip(1).filter_map(version).max().context("the program names no version of glibc")?;
    ensure!(needed <= said, "the program needs glibc {}.{}, and the package says {}.{}", needed.0, needed.1, said.0, said.1);
    Ok(())
}

/// The first two numbers of a version that `text` begins with.
fn version(text: &str) -> Option<(u32, u32)> {
    let end = text.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(text.len());
    let mut numbers = text[..end].split('.').map_while(|number| number.parse().ok());
    Some((numbers.next()?, numbers.next()?))
}

/// What the packager set is in the desktop program and in its desktop entry.
fn has_settings(folder: &Path, settings: &Packaging) -> Result<()> {
    let all = files(folder)?;
    let content = |ending: &str| -> Result<Vec<u8>> {
        let path = all.iter().find(|path| path.ends_with(ending)).with_context(|| format!("no {ending}"))?;
        Ok(fs::read(path)?)
    };
    let program = content("usr/bin/monei-connect")?;
    for (name, value) in settings.variables() {
        ensure!(program.windows(value.len()).any(|bytes| bytes == value.as_bytes()), "the program has another {name} than {value}");
    }
    let entry = String::from_utf8(content("usr/share/applications/monei-connections.desktop")?)?;
    for line in [format!("Name={}", settings.product_name), format!("MimeType=x-scheme-handler/{};", settings.identifier)] {
        let found = entry.lines().any(|own| own.trim_end_matches(';') == line.trim_end_matches(';'));
        ensure!(found, "the desktop entry lacks {line}");
    }
    Ok(())
}

/// Who may read, write and run it; nothing where the system has no such thing.
fn mode(path: &Path) -> Result<u32> {
    let permissions = fs::metadata(path)?.permissions();
    #[cfg(unix)]
    let mode = std::os::unix::fs::PermissionsExt::mode(&permissions);
    #[cfg(not(unix))]
    let (mode, _) = (0, permissions);
    Ok(mode)
}

/// What was made, each with its checksum, for `sha256sum --check`.
pub fn write_checksums(folder: &Path) -> Result<()> {
    let mut lines = Vec::new();
    for path in files(folder)? {
        if path.file_name() != Some(OsStr::new(CHECKSUMS)) {
            let mut sum = command("sha256sum", &["--"]);
            sum.arg(path.strip_prefix(folder)?).current_dir(folder);
            lines.push(output(&mut sum).with_context(|| describe(&sum))?);
        }
    }
    Ok(fs::write(folder.join(CHECKSUMS), lines.join("\n") + "\n")?)
}

const CHECKSUMS: &str = "SHA256SUMS";

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn folder_with(name: &str, content: &[u8], mode: u32) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        folder
    }

    #[test]
    fn what_must_not_be_in_a_package_is_found() {
        let home = std::env::var("HOME").unwrap();
        for (name, content, mode, refused) in [
            ("usr/bin/tool", "text".as_bytes(), 0o4755, "usr/bin/tool has the mode 4755"),
            ("usr/share/tool/list", b"text", 0o664, "usr/share/tool/list has the mode 664"),
            ("usr/share/tool/index.js.map", b"{}", 0o644, "usr/share/tool/index.js.map is a source map"),
            ("usr/share/tool/index.js", b"//# sourceMappingURL=index.js.map", 0o644, "usr/share/tool/index.js has \"sourceMappingURL=\""),
            ("etc/tool/key", b"-----BEGIN PRIVATE KEY-----", 0o644, "etc/tool/key has \"PRIVATE KEY-----\""),
            ("usr/share/tool/path", format!("built in {home}/work").as_bytes(), 0o644, "usr/share/tool/path has \"HOME\""),
        ] {
            let folder = folder_with(name, content, mode);
            let error = look(folder.path(), What::ForPeople).unwrap_err().to_string();
            assert_eq!(error, refused.replace("HOME", &home));
        }
        let cross = folder_with("tool.exe", format!("{CROSS}usr/lib and {home}/work").as_bytes(), 0o644);
        assert_eq!(look(cross.path(), What::ForPeople).unwrap_err().to_string(), format!("tool.exe has \"{home}\""));
        let cross = folder_with("tool.exe", format!("target/tools/cross/root/usr/lib, {CROSS}").as_bytes(), 0o644);
        look(cross.path(), What::ForPeople).unwrap();
        let clean = folder_with("usr/share/doc/tool/readme", b"http://127.0.0.1:43118/sandbox/api/state", 0o644);
        look(clean.path(), What::ForPeople).unwrap();
    }

    #[test]
    fn a_program_with_the_sandbox_or_with_what_is_for_development_or_servers_is_found() {
        let refused = |mark: &str, what| check_program("tool", format!("\x7fELF..{mark}..").as_bytes(), what).is_err();
        for mark in SANDBOX {
            assert!(refused(mark, What::ForPeople) && refused(mark, What::Service) && !refused(mark, What::Sandbox), "{mark}");
        }
        for mark in NOT_FOR_PEOPLE {
            assert!(refused(mark, What::ForPeople) && !refused(mark, What::Service) && !refused(mark, What::Sandbox), "{mark}");
        }
        assert!(!refused("https://connect.example.org", What::ForPeople));
    }

    /// No package with the panel is made, in which the search could show that it works.
    #[test]
    fn the_testers_command_is_still_called_as_it_is_looked_for() {
        assert!(include_str!("../../src-tauri/src/commands.rs").contains("fn tester_order("));
    }

    #[test]
    fn a_program_with_a_key_or_a_source_map_is_found_before_it_is_packaged() {
        let folder = folder_with("tool", b"\x7fELF..it is no key (-----BEGIN PRIVATE KEY-----)..", 0o755);
        let path = folder.path().join("tool").display().to_string();
        assert_eq!(check_programs(&[&path]).unwrap_err().to_string(), format!("{path} has \"PRIVATE KEY-----\""));
        fs::write(&path, b"\x7fELF..it is no key in PEM..").unwrap();
        check_programs(&[&path]).unwrap();
        assert!(check_programs(&["/nowhere/tool"]).is_err());
    }

    #[test]
    fn a_program_or_desktop_entry_without_what_the_packager_set_is_found() {
        let settings = Packaging::read("product_name = 'Purse'\nidentifier = 'org.example.purse'", &|_| None).unwrap();
        let folder = folder_with("usr/bin/monei-connect", b"..Purse..org.example.purse..", 0o755);
        let entry = folder.path().join("usr/share/applications/monei-connections.desktop");
        fs::create_dir_all(entry.parent().unwrap()).unwrap();
        for (text, sound) in [
            ("Name=Purse\nMimeType=x-scheme-handler/org.example.purse;\n", true),
            ("Name=Purse\nMimeType=x-scheme-handler/org.example.purse\n", true),
            ("Name=Monei Connections\nMimeType=x-scheme-handler/org.example.purse\n", false),
            ("Name=Purse\nMimeType=x-scheme-handler/org.moneiconnections.manager\n", false),
        ] {
            fs::write(&entry, text).unwrap();
            assert_eq!(has_settings(folder.path(), &settings).is_ok(), sound, "{text}");
        }
        fs::write(folder.path().join("usr/bin/monei-connect"), "..Purse..org.example..").unwrap();
        assert!(has_settings(folder.path(), &settings).unwrap_err().to_string().contains("MONEI_IDENTIFIER"));
    }

    #[test]
    fn a_package_without_a_licence_or_whose_rights_it_is_is_found() {
        let whole = || {
            let folder = folder_with("usr/share/doc/tool/third-party-licences.txt", b"====\ntokio 1.52.0 (MIT)\n", 0o644);
            for (name, text) in [
                ("LICENSE-MIT", include_str!("../../LICENSE-MIT")),
                ("LICENSE-APACHE", include_str!("../../LICENSE-APACHE")),
                ("copyright", include_str!("../../packaging/copyright")),
            ] {
                fs::write(folder.path().join("usr/share/doc/tool").join(name), text).unwrap();
            }
            folder
        };
        has_licences(whole().path()).unwrap();
        for name in ["third-party-licences.txt", "LICENSE-MIT", "LICENSE-APACHE", "copyright"] {
            let folder = whole();
            let path = folder.path().join("usr/share/doc/tool").join(name);
            // As cargo-deb writes where it is told nothing.
            fs::write(&path, "Format: x\nComment: Copyright information missing\nLicense: MIT OR Apache-2.0\n").unwrap();
            assert!(has_licences(folder.path()).unwrap_err().to_string().starts_with(&format!("{name} has no ")), "{name}");
            fs::remove_file(&path).unwrap();
            assert_eq!(has_licences(folder.path()).unwrap_err().to_string(), format!("no {name}"));
        }
    }

    /// The packages' own words, before anything is built.
    #[test]
    fn every_package_is_told_to_bring_its_licences_and_has_one_maintainer() {
        let files = ["LICENSE-MIT", "LICENSE-APACHE", "copyright"];
        let configuration: serde_json::Value = serde_json::from_str(include_str!("../../tauri.linux.conf.json")).unwrap();
        for kind in ["deb", "rpm"] {
            for name in files {
                let from =
                    configuration["bundle"]["linux"][kind]["files"][format!("/usr/share/doc/monei-connections/{name}")].as_str().unwrap();
                assert!(Path::new("..").join(from).is_file(), "{kind}: {from}");
            }
        }
        for manifest in [
            include_str!("../../crates/cli/Cargo.toml"),
            include_str!("../../crates/backend/Cargo.toml"),
            include_str!("../../crates/sandbox/Cargo.toml"),
        ] {
            let manifest: toml::Value = toml::from_str(manifest).unwrap();
            let package = &manifest["package"]["metadata"]["deb"];
            assert_eq!(package["maintainer"].as_str(), configuration["bundle"]["publisher"].as_str());
            let assets = package["assets"].as_array().unwrap();
            let sources: Vec<&str> = assets.iter().map(|asset| asset[0].as_str().unwrap()).collect();
            // With a folder in its place, cargo-deb puts one of its own there.
            assert!(assets.iter().any(|asset| asset[1].as_str().unwrap().ends_with("/copyright")), "{}", package["name"]);
            for name in files {
                assert!(sources.iter().any(|from| from.ends_with(&format!("/{name}"))), "{}: {name}", package["name"]);
            }
        }
    }

    #[test]
    fn a_package_that_says_an_older_glibc_than_its_program_needs_is_found() {
        let folder = folder_with("DEBIAN/control", b"", 0o644);
        let program = folder.path().join("usr/bin/monei-connect");
        fs::create_dir_all(program.parent().unwrap()).unwrap();
        fs::copy("/bin/sh", &program).unwrap();
        let says = |depends: &str| {
            fs::write(folder.path().join("DEBIAN/control"), format!("Package: tool\nDepends: {depends}\n")).unwrap();
            says_which_glibc(folder.path()).map_err(|error| error.to_string())
        };
        says("libc6 (>= 2.99), tool").unwrap();
        let told = says("tool, libc6 (>= 2.1)").unwrap_err();
        assert!(told.starts_with("the program needs glibc 2.") && told.ends_with(", and the package says 2.1"), "{told}");
        assert!(says("libc6, libgtk-3-0").is_err());
        assert_eq!([version("2.2.5  Flags"), version("2.34)"), version("PRIVATE")], [Some((2, 2)), Some((2, 34)), None]);
    }

    #[test]
    fn a_package_of_the_sandbox_without_the_sandbox_shows_that_the_search_is_out_of_date() {
        let empty = folder_with("usr/share/doc/monei-sandbox/readme", b"text", 0o644);
        assert!(look(empty.path(), What::Sandbox).unwrap_err().to_string().ends_with("is out of date"));
    }
}
