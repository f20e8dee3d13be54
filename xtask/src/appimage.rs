//! The AppImage: the files of the desktop program's Debian package in one file that runs by itself. WebKitGTK stays the system's, which keeps
//! it patched. Tauri's own bundler would download programs for this; here Debian's `mksquashfs` packs, and what mounts the result at each
//! start (the runtime) is the one in the package `appimage` of crates.io.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use crate::settings::{Packaging, with_names};
use crate::step::{command, output, succeed};

/// The package of crates.io, and what is in it.
const PACKAGE: (&str, &str) = ("appimage", "0.4.0");
const RUNTIME: &str = "assets/runtime-x86_64";
/// Its digest (SHA-256), as looked at on 2026-11-27.
const RUNTIME_DIGEST: &str = "328e0d745c5c6817048c27bc3e8314871703f8f47ffa81a37cb06cd95a94b323";
/// Its length: where the packed files begin.
pub const RUNTIME_LENGTH: u64 = 189_632;
/// The one architecture that it is there for.
const ARCHITECTURE: &str = "x86_64";

/// What starts the program, in the AppImage and in the archive.
const START: &str = "packaging/monei-connections/start";
/// Where the files are put together.
const APP_DIR: &str = "target/tmp/appimage/AppDir";
/// Read by desktops that show AppImages.
const ICON: &str = "usr/share/icons/hicolor/128x128/apps/monei-connect.png";
const ENTRY: &str = "usr/share/applications/monei-connections.desktop";

/// Makes it from `package`, a Debian package of the desktop program, into `folder`, and runs it once. Its files have this `time`. `None` where there
/// is no runtime.
pub fn make(package: &Path, folder: &Path, time: &str, settings: &Packaging) -> Result<Option<PathBuf>> {
    if std::env::consts::ARCH != ARCHITECTURE {
        eprintln!("No AppImage: its runtime is there for {ARCHITECTURE} alone.");
        return Ok(None);
    }
    let app_dir = Path::new(APP_DIR);
    if app_dir.exists() {
        fs::remove_dir_all(app_dir)?;
    }
    fs::create_dir_all(app_dir)?;
    succeed(command("dpkg-deb", &["--extract"]).arg(package).arg(app_dir))?;
    prepare(app_dir, settings)?;
    fs::create_dir_all(folder)?;
    let image = folder.join(format!("monei-connections-{}-{ARCHITECTURE}.AppImage", env!("CARGO_PKG_VERSION")));
    pack(app_dir, &runtime()?, time, &image)?;
    try_it(&image)?;
    Ok(Some(image))
}

/// What an AppImage has at its top.
fn prepare(app_dir: &Path, settings: &Packaging) -> Result<()> {
    write_start(&app_dir.join("AppRun"), settings)?;
    fs::copy(app_dir.join(ENTRY), app_dir.join("monei-connections.desktop")).context(ENTRY)?;
    for name in ["monei-connect.png", ".DirIcon"] {
        fs::copy(app_dir.join(ICON), app_dir.join(name)).context(ICON)?;
    }
    Ok(())
}

/// Writes what starts the program to `path`, in the folder that has `usr`.
pub fn write_start(path: &Path, settings: &Packaging) -> Result<()> {
    let text = with_names(&fs::read_to_string(START).context(START)?, settings);
    fs::write(path, for_program(&text, &path.with_file_name("usr/bin/monei-connect"))?)?;
    succeed(command("chmod", &["755"]).arg(path))
}

/// With the size of the program, by which one that isn't whole is told.
fn for_program(text: &str, program: &Path) -> Result<String> {
    let size = fs::metadata(program).with_context(|| program.display().to_string())?.len();
    Ok(text.replace("PROGRAM_SIZE", &size.to_string()))
}

/// The runtime, fetched by cargo as it fetches every package; only if it is the one that was looked at.
fn runtime() -> Result<Vec<u8>> {
    let (name, version) = PACKAGE;
    succeed(command("cargo", &["info", "--quiet"]).arg(format!("{name}@{version}")).stdout(std::process::Stdio::null()))?;
    let cargo_home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let cargo_home = cargo_home.or_else(|| std::env::home_dir().map(|home| home.join(".cargo"))).context("no home folder")?;
    let file = format!("{name}-{version}.crate");
    let cache = cargo_home.join("registry/cache");
    for registry in fs::read_dir(&cache).with_context(|| cache.display().to_string())? {
        let archive = registry?.path().join(&file);
        if archive.is_file() {
            let folder = Path::new("target/tmp/appimage");
            let inside = format!("{name}-{version}/{RUNTIME}");
            succeed(command("tar", &["--extract", "--gzip", "--file"]).arg(&archive).arg("--directory").arg(folder).arg(&inside))?;
            let path = folder.join(inside);
            let digest = output(command("sha256sum", &["--"]).arg(&path))?;
            ensure!(digest.starts_with(RUNTIME_DIGEST), "{} is another file than the one that was looked at", path.display());
            return Ok(fs::read(path)?);
        }
    }
    bail!("cargo has fetched no {file}")
}

/// The runtime, and after it `app_dir` packed. The same files give the same image.
fn pack(app_dir: &Path, runtime: &[u8], time: &str, image: &Path) -> Result<()> {
    let packed = app_dir.with_extension("squashfs");
    if packed.exists() {
        fs::remove_file(&packed)?;
    }
    let mut squash = command("mksquashfs", &[]);
    // What the runtime can unpack; quicker to start than its other kind.
    squash.arg(app_dir).arg(&packed).args(["-comp", "gzip", "-root-owned", "-noappend", "-no-xattrs", "-no-progress", "-quiet"]);
    // It takes the time from its words or from the environment, and refuses both.
    succeed(squash.args(["-mkfs-time", time, "-all-time", time]).env_remove("SOURCE_DATE_EPOCH"))?;
    let mut whole = runtime.to_vec();
    whole.extend(fs::read(&packed)?);
    fs::write(image, whole)?;
    succeed(command("chmod", &["755"]).arg(image))
}

/// Runs it without FUSE and without a display, for its version.
fn try_it(image: &Path) -> Result<()> {
    let image = image.canonicalize()?;
    let said =
        output(command("env", &["-u", "DISPLAY", "-u", "WAYLAND_DISPLAY"]).arg(&image).args(["--appimage-extract-and-run", "--version"]))?;
    ensure!(said.contains(env!("CARGO_PKG_VERSION")), "the AppImage says that it is {said}");
    Ok(())
}

/// Unpacks `image` into `folder`.
pub fn unpack(image: &Path, folder: &Path) -> Result<()> {
    // A folder that is there is only taken by force.
    let offset = RUNTIME_LENGTH.to_string();
    succeed(command("unsquashfs", &["-quiet", "-no-progress", "-force", "-offset", &offset, "-dest"]).arg(folder).arg(image))
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;
    use std::process::Command;

    use super::*;

    /// By another process: what another test starts meanwhile would have a file open that this one writes, which then can't be run.
    fn copy(from: &Path, to: &Path) {
        succeed(command("cp", &["--preserve=mode", "--"]).arg(from).arg(to)).unwrap();
    }

    /// AppRun beside a program that is this script, or this file.
    fn app_dir(program: &Path) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let own = folder.path().join("usr/bin/monei-connect");
        fs::create_dir_all(own.parent().unwrap()).unwrap();
        copy(program, &own);
        let text = fs::read_to_string(Path::new("..").join(START)).unwrap();
        let start = folder.path().join("start");
        fs::write(&start, for_program(&text, &own).unwrap()).unwrap();
        fs::set_permissions(&start, fs::Permissions::from_mode(0o755)).unwrap();
        copy(&start, &folder.path().join("AppRun"));
        folder
    }

    fn run(folder: &Path, language: &str) -> (Option<i32>, String) {
        let mut run = Command::new(folder.join("AppRun"));
        for name in ["DISPLAY", "WAYLAND_DISPLAY", "LC_ALL", "LC_MESSAGES"] {
            run.env_remove(name);
        }
        let told = run.env("LANG", language).arg("a word").output().unwrap();
        (told.status.code(), String::from_utf8(if told.status.success() { told.stdout } else { told.stderr }).unwrap())
    }

    #[test]
    fn the_program_is_started_with_its_words() {
        let folder = app_dir(Path::new("/bin/echo"));
        assert_eq!(run(folder.path(), "en_NG.UTF-8"), (Some(0), "a word\n".to_owned()));
    }

    /// A program that wants `new`, which no system has, in place of `old`.
    fn app_dir_with(old: &str, new: &str) -> tempfile::TempDir {
        let folder = app_dir(Path::new("/bin/echo"));
        let own = folder.path().join("usr/bin/monei-connect");
        let mut program = fs::read(&own).unwrap();
        let whole = format!("\0{old}\0");
        let at = program.windows(whole.len()).position(|bytes| bytes == whole.as_bytes()).unwrap() + 1;
        program[at..at + new.len()].copy_from_slice(new.as_bytes());
        let changed = folder.path().join("changed");
        fs::write(&changed, program).unwrap();
        fs::set_permissions(&changed, fs::Permissions::from_mode(0o755)).unwrap();
        copy(&changed, &own);
        folder
    }

    #[test]
    fn where_a_library_is_too_old_one_sentence_says_what_to_update() {
        let folder = app_dir_with("fputs_unlocked", "fputs_unxocked");
        let (code, said) = run(folder.path(), "en_NG.UTF-8");
        assert_eq!((code, said.lines().count()), (Some(127), 1), "{said}");
        assert!(said.contains("needs WebKitGTK 2.44 or later, and this system's is older: update the system"), "{said}");
        let (code, said) = run(folder.path(), "fr_FR.UTF-8");
        assert!(code == Some(127) && said.contains("mettez le système à jour"), "{said}");
    }

    #[test]
    fn a_program_that_is_not_whole_is_not_started() {
        let whole = fs::metadata("/bin/echo").unwrap().len();
        for size in [0, 40, whole / 2, whole - 1] {
            let folder = app_dir(Path::new("/bin/echo"));
            let own = folder.path().join("usr/bin/monei-connect");
            succeed(command("truncate", &["--size", &size.to_string()]).arg(&own)).unwrap();
            let (code, said) = run(folder.path(), "en_NG.UTF-8");
            assert_eq!((code, said.lines().count()), (Some(127), 1), "{size}: {said}");
            assert!(said.contains("is not whole. Make room on the disk (also in "), "{said}");
            let (code, said) = run(folder.path(), "fr_FR.UTF-8");
            assert!(code == Some(127) && said.contains("n’est pas entière"), "{said}");
        }
    }

    #[test]
    fn where_a_library_is_missing_one_sentence_says_what_to_install() {
        let folder = app_dir_with("libc.so.6", "libx.so.9");
        let (code, said) = run(folder.path(), "en_NG.UTF-8");
        assert_eq!((code, said.lines().count()), (Some(127), 1), "{said}");
        assert!(said.contains("install the package libwebkit2gtk-4.1-0 (Debian, Ubuntu)"), "{said}");
        let (code, said) = run(folder.path(), "fr_FR.UTF-8");
        assert!(code == Some(127) && said.contains("installez le paquet libwebkit2gtk-4.1-0"), "{said}");
    }
}
