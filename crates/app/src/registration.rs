//! Whether the system brings links of this program's scheme back to this program, and seeing to it where nothing was installed.

#[cfg(target_os = "linux")]
pub use linux::{has_handler, is_ours, register};

#[cfg(target_os = "linux")]
mod linux {
    use std::ffi::OsString;
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::{Path, PathBuf};
    use std::process::{Command, Stdio};

    /// Whether the default handler of `scheme` starts this very program.
    pub fn is_ours(scheme: &str) -> bool {
        let (Some(handler), Ok(own)) = (default_handler(scheme), std::env::current_exe()) else { return false };
        // As the desktop does: the person's own folder goes before the system's.
        let entry = application_folders().into_iter().find_map(|folder| fs::read_to_string(folder.join(&handler)).ok());
        let path = std::env::var_os("PATH").unwrap_or_default();
        entry.and_then(|entry| program_of(&entry, &path)).is_some_and(|program| same_file(&program, &own))
    }

    /// Whether the system knows a program for addresses of `scheme`.
    pub fn has_handler(scheme: &str) -> bool {
        default_handler(scheme).is_some()
    }

    /// Makes this program the handler of `scheme` if there is none yet, or if it was made so by an earlier run of a build at another place.
    /// A link starts it for the same environment: `environment` is its name in `MONEI_ENVIRONMENT`.
    pub fn register(scheme: &str, environment: &str) {
        let file = file_name(scheme);
        if default_handler(scheme).is_some_and(|handler| handler != file) {
            return;
        }
        match write_entry(scheme, environment, &file) {
            Ok(()) => {
                let made =
                    Command::new("xdg-mime").args(["default", &file, &format!("x-scheme-handler/{scheme}")]).stderr(Stdio::null()).status();
                if !made.is_ok_and(|status| status.success()) {
                    tracing::info!("xdg-mime can't make this program the handler of its links");
                }
            }
            Err(error) => tracing::info!(kind = ?error.kind(), "no desktop file for this program's links"),
        }
    }

    fn file_name(scheme: &str) -> String {
        format!("{scheme}.development.desktop")
    }

    fn default_handler(scheme: &str) -> Option<String> {
        let output = Command::new("xdg-mime")
            .args(["query", "default", &format!("x-scheme-handler/{scheme}")])
            .stderr(Stdio::null())
            .output()
            .ok()?;
        let name = String::from_utf8(output.stdout).ok()?.trim().to_owned();
        (name.ends_with(".desktop") && !name.contains('/')).then_some(name)
    }

    fn application_folders() -> Vec<PathBuf> {
        let system = std::env::var_os("XDG_DATA_DIRS")
            .filter(|value| !value.is_empty())
            .unwrap_or_else(|| OsString::from("/usr/local/share:/usr/share"));
        dirs::data_dir().into_iter().chain(std::env::split_paths(&system)).map(|folder| folder.join("applications")).collect()
    }

    fn write_entry(scheme: &str, environment: &str, file: &str) -> std::io::Result<()> {
        let own = std::env::current_exe()?;
        let own = own.to_str().filter(|path| needs_no_quotes(path)).ok_or(std::io::ErrorKind::InvalidFilename)?;
        let folder = dirs::data_dir().ok_or(std::io::ErrorKind::NotFound)?.join("applications");
        fs::create_dir_all(&folder)?;
        let entry = format!(
            "[Desktop Entry]\nType=Application\nName=Monei Connections (development)\nExec=env MONEI_ENVIRONMENT={environment} {own} %u\nTerminal=false\nNoDisplay=true\nMimeType=x-scheme-handler/{scheme};\n"
        );
        fs::write(folder.join(file), entry)
    }

    /// `xdg-open` of xdg-utils 1.1 doesn't understand a quoted path, so only one that needs no quotes is written.
    fn needs_no_quotes(path: &str) -> bool {
        path.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'.' | b'_' | b'-' | b'+'))
    }

    /// The program that a desktop entry starts. Quotes and variables that `env` sets are taken off; an entry with anything cleverer isn't
    /// ours.
    fn program_of(entry: &str, path: &std::ffi::OsStr) -> Option<PathBuf> {
        let main = entry.split_once("[Desktop Entry]")?.1.split("\n[").next()?;
        let exec = main.lines().find_map(|line| line.trim().strip_prefix("Exec")?.trim_start().strip_prefix('='))?.trim();
        let program = match exec.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"')?.0,
            None => {
                let mut words = exec.split_whitespace().peekable();
                if words.peek() == Some(&"env") { words.find(|word| *word != "env" && !word.contains('='))? } else { words.next()? }
            }
        };
        let program = Path::new(program);
        if program.is_absolute() {
            return Some(program.to_owned());
        }
        let runs = |file: &PathBuf| fs::metadata(file).is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0);
        std::env::split_paths(path).map(|folder| folder.join(program)).find(runs)
    }

    fn same_file(one: &Path, other: &Path) -> bool {
        matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn the_program_of_a_desktop_entry_is_found() {
            let path = std::ffi::OsStr::new("/nowhere:/bin:/usr/bin");
            for (entry, program) in [
                ("[Desktop Entry]\nName=x\nExec=/opt/x/monei-connect %u\n", Some("/opt/x/monei-connect")),
                ("[Desktop Entry]\nExec = \"/opt/a b/monei-connect\" %u\n", Some("/opt/a b/monei-connect")),
                ("[Desktop Entry]\nExec=env A=1 MONEI_ENVIRONMENT=sandbox /opt/x/monei-connect %u\n", Some("/opt/x/monei-connect")),
                ("[Desktop Entry]\nExec=env A=1\n", None),
                ("[Desktop Entry]\nName=x\n[Desktop Action n]\nExec=/opt/rogue %u\n", None),
                ("Exec=/opt/rogue %u\n", None),
                ("[Desktop Entry]\nExec=no-such-program-anywhere %u\n", None),
            ] {
                assert_eq!(program_of(entry, path).as_deref(), program.map(Path::new), "{entry}");
            }
            assert!(program_of("[Desktop Entry]\nExec=sh %u\n", path).unwrap().ends_with("sh"));
        }

        #[test]
        fn another_program_of_the_same_name_is_not_this_one() {
            let folder = tempfile::tempdir().unwrap();
            let own = std::env::current_exe().unwrap();
            let rogue = folder.path().join(own.file_name().unwrap());
            fs::write(&rogue, b"#!/bin/sh\n").unwrap();
            assert!(!same_file(&rogue, &own));
            let link = folder.path().join("link");
            std::os::unix::fs::symlink(&own, &link).unwrap();
            assert!(same_file(&link, &own));
        }

        #[test]
        fn a_path_that_would_need_quotes_is_not_written() {
            for path in ["/opt/a b/x", "/opt/\"x", "/opt/$HOME", "/opt/x;y", "/opt/%u", "/opt/x\\y", "/opt/é"] {
                assert!(!needs_no_quotes(path), "{path}");
            }
            assert!(needs_no_quotes("/home/ada/monei-connect_0.1/target/debug/monei-connect"));
        }
    }
}

/// Windows and macOS come with a browser.
#[cfg(not(target_os = "linux"))]
pub fn has_handler(_: &str) -> bool {
    true
}

/// On Windows the installer writes the scheme to the registry.
#[cfg(windows)]
pub fn is_ours(scheme: &str) -> bool {
    let key = format!(r"HKCR\{scheme}\shell\open\command");
    let query = std::process::Command::new("reg").args(["query", &key, "/ve"]).output();
    let (Ok(output), Ok(own)) = (query, std::env::current_exe()) else { return false };
    String::from_utf8_lossy(&output.stdout).to_lowercase().contains(&own.to_string_lossy().to_lowercase())
}

/// On macOS the bundle declares the scheme, so a program that isn't in one gets no links.
#[cfg(target_os = "macos")]
pub fn is_ours(_: &str) -> bool {
    std::env::current_exe().is_ok_and(|own| own.to_string_lossy().contains(".app/Contents/MacOS/"))
}

/// Only an installed program gets links here.
#[cfg(not(target_os = "linux"))]
pub fn register(_: &str, _: &str) {}
