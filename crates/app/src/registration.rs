//! Whether the system brings links of this program's scheme back to this program, and seeing to it where nothing was installed.

#[cfg(target_os = "linux")]
pub use linux::{has_handler, is_ours, register, unregister};
#[cfg(windows)]
pub use windows::is_ours;

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
        entry.and_then(|entry| program_of(&entry, &path)).is_some_and(|program| super::same_file(&program, &own))
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

    /// Takes back what [`register`] left: the desktop entry, and the line that makes it the handler.
    ///
    /// # Errors
    /// Why it can't be taken back.
    pub fn unregister(scheme: &str) -> std::io::Result<()> {
        let file = file_name(scheme);
        let folder = dirs::data_dir().map(|folder| folder.join("applications"));
        let removed = folder.map_or(Ok(()), |folder| fs::remove_file(folder.join(&file)));
        let is_there = |error: &std::io::Error| error.kind() != std::io::ErrorKind::NotFound;
        if let Err(error) = removed
            && is_there(&error)
        {
            return Err(error);
        }
        let Some(list) = dirs::config_dir().map(|folder| folder.join("mimeapps.list")) else { return Ok(()) };
        let text = match fs::read_to_string(&list) {
            Ok(text) => text,
            Err(error) => return if is_there(&error) { Err(error) } else { Ok(()) },
        };
        let rest = without_handler(&text, scheme, &file);
        match rest.trim() {
            // xdg-mime made the file for this line alone.
            "" | "[Default Applications]" => fs::remove_file(list),
            _ if rest == text => Ok(()),
            _ => fs::write(list, rest),
        }
    }

    /// The list without the lines in which `file` alone handles `scheme`.
    fn without_handler(list: &str, scheme: &str, file: &str) -> String {
        let own = format!("x-scheme-handler/{scheme}={file}");
        list.split_inclusive('\n').filter(|line| line.trim_end().trim_end_matches(';') != own).collect()
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
        let name = crate::settings::PRODUCT_NAME;
        let entry = format!(
            "[Desktop Entry]\nType=Application\nName={name} (development)\nExec=env MONEI_ENVIRONMENT={environment} {own} %u\nTerminal=false\nNoDisplay=true\nMimeType=x-scheme-handler/{scheme};\n"
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

    #[cfg(test)]
    mod tests {
        use super::super::same_file;
        use super::*;

        #[test]
        fn only_the_own_line_leaves_the_list_of_handlers() {
            let list = "[Default Applications]\nx-scheme-handler/a.b=a.b.development.desktop;\nx-scheme-handler/a.b=other.desktop\n\
                        x-scheme-handler/c=a.b.development.desktop\ntext/html=firefox.desktop\n";
            let left = without_handler(list, "a.b", "a.b.development.desktop");
            assert_eq!(left.lines().count(), list.lines().count() - 1, "{left}");
            assert!(!left.contains("x-scheme-handler/a.b=a.b.development.desktop"), "{left}");
        }

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

/// Whether two paths lead to one file.
#[cfg(not(target_os = "macos"))]
fn same_file(one: &std::path::Path, other: &std::path::Path) -> bool {
    matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

/// Windows and macOS come with a browser.
#[cfg(not(target_os = "linux"))]
pub fn has_handler(_: &str) -> bool {
    true
}

/// On Windows the installer writes the scheme to the registry.
#[cfg(windows)]
mod windows {
    use std::path::{Path, PathBuf};

    use windows_registry::{CURRENT_USER, Key, LOCAL_MACHINE, Type};

    /// Whether Windows starts this very program for links of `scheme`, and gives it the link.
    pub fn is_ours(scheme: &str) -> bool {
        let (Some(command), Ok(own)) = (command_for(scheme), std::env::current_exe()) else { return false };
        let Some((program, rest)) = program_of(&command) else { return false };
        rest.contains("%1") && super::same_file(&program, &own)
    }

    /// The command for links of `scheme`: of the program that the person chose in the settings of Windows, or else the registered one.
    fn command_for(scheme: &str) -> Option<String> {
        let choice = format!(r"Software\Microsoft\Windows\Shell\Associations\UrlAssociations\{scheme}\UserChoice");
        let chosen = CURRENT_USER.open(choice).and_then(|key| key.get_string("ProgId"));
        let class = chosen.unwrap_or_else(|_| scheme.to_owned());
        let path = format!(r"Software\Classes\{class}\shell\open\command");
        // What was installed for the person goes before what was installed for everybody.
        [CURRENT_USER, LOCAL_MACHINE].into_iter().find_map(|root| text(&root.open(&path).ok()?))
    }

    /// The default value of a key, with its variables replaced where Windows replaces them.
    fn text(key: &Key) -> Option<String> {
        let text = key.get_string("").ok()?;
        let expands = key.get_type("").is_ok_and(|kind| kind == Type::ExpandString);
        Some(if expands { expanded(&text, &|name| std::env::var(name).ok()) } else { text })
    }

    /// `%NAME%` becomes the variable's value. One that isn't set stays as it is.
    fn expanded(text: &str, variable: &dyn Fn(&str) -> Option<String>) -> String {
        let Some((before, rest)) = text.split_once('%') else { return text.to_owned() };
        match rest.split_once('%').and_then(|(name, after)| Some((variable(name)?, after))) {
            Some((value, after)) => format!("{before}{value}{}", expanded(after, variable)),
            None => format!("{before}%{}", expanded(rest, variable)),
        }
    }

    /// The program of a command, and what follows it.
    fn program_of(command: &str) -> Option<(PathBuf, &str)> {
        let command = command.trim_start();
        let (program, rest) = match command.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"')?,
            None => command.split_once(' ').unwrap_or((command, "")),
        };
        Some((Path::new(program).to_owned(), rest))
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        /// Registers `command` for a scheme of the test's own, and asks whose it is.
        fn asked(test: &str, command: &str) -> bool {
            let scheme = format!("org.moneiconnections.test.{test}.p{}", std::process::id());
            let class = format!(r"Software\Classes\{scheme}");
            CURRENT_USER.create(format!(r"{class}\shell\open\command")).unwrap().set_string("", command).unwrap();
            let answer = is_ours(&scheme);
            CURRENT_USER.remove_tree(class).unwrap();
            answer
        }

        fn own() -> String {
            std::env::current_exe().unwrap().to_str().unwrap().to_owned()
        }

        #[test]
        fn links_come_back_where_this_very_program_is_registered() {
            assert!(!is_ours("org.moneiconnections.test.nobody"));
            assert!(asked("own", &format!("\"{}\" \"%1\"", own())));
            // Windows takes no notice of upper and lower case.
            assert!(asked("case", &format!("\"{}\" \"%1\"", own().to_uppercase())));
            let (drive, rest) = own().split_once('\\').map(|(drive, rest)| (drive.to_owned(), rest.to_owned())).unwrap();
            assert!(!drive.is_empty() && asked("dots", &format!("\"{drive}\\.\\{rest}\" \"%1\"")));
        }

        #[test]
        fn another_program_that_only_mentions_this_one_is_not_this_one() {
            let own = own();
            for (test, command) in [
                ("argument", format!("\"C:\\windows\\explorer.exe\" \"{own}\" \"%1\"")),
                ("longer", format!("\"{own}.exe\" \"%1\"")),
                ("no-link", format!("\"{own}\"")),
                ("no-end", format!("\"{own} %1")),
                ("empty", String::new()),
            ] {
                assert!(!asked(test, &command), "{command}");
            }
        }

        #[test]
        fn variables_are_replaced_where_windows_replaces_them() {
            let get = |name: &str| (name == "A").then(|| "C:\\a".to_owned());
            assert_eq!(expanded("\"%A%\\x.exe\" \"%1\"", &get), "\"C:\\a\\x.exe\" \"%1\"");
            assert_eq!(expanded("%B%\\%A%", &get), "%B%\\C:\\a");
            let path = format!(r"Software\Classes\org.moneiconnections.test.expands.p{}", std::process::id());
            let key = CURRENT_USER.create(&path).unwrap();
            key.set_expand_string("", "%SystemRoot%\\x").unwrap();
            let expands = text(&key);
            key.set_string("", "%SystemRoot%\\x").unwrap();
            let stays = text(&key);
            CURRENT_USER.remove_tree(path).unwrap();
            assert_eq!(expands, Some(format!("{}\\x", std::env::var("SystemRoot").unwrap())));
            assert_eq!(stays.as_deref(), Some("%SystemRoot%\\x"));
        }

        #[test]
        fn what_the_person_chose_goes_before_what_was_installed() {
            let scheme = format!("org.moneiconnections.test.choice.p{}", std::process::id());
            let class = format!(r"Software\Classes\{scheme}");
            let other = format!("{class}.other");
            let command = |class: &str, command: &str| {
                CURRENT_USER.create(format!(r"{class}\shell\open\command")).unwrap().set_string("", command).unwrap();
            };
            command(&class, &format!("\"{}\" \"%1\"", own()));
            command(&other, "\"C:\\windows\\explorer.exe\" \"%1\"");
            assert!(is_ours(&scheme));
            let choice = format!(r"Software\Microsoft\Windows\Shell\Associations\UrlAssociations\{scheme}");
            let key = CURRENT_USER.create(format!(r"{choice}\UserChoice")).unwrap();
            key.set_string("ProgId", format!("{scheme}.other")).unwrap();
            let answer = is_ours(&scheme);
            for path in [class, other, choice] {
                CURRENT_USER.remove_tree(path).unwrap();
            }
            assert!(!answer);
        }
    }
}

/// Whether macOS runs the program at `path` in quarantine: one that was downloaded and never moved, from a copy at another place at each start
/// (App Translocation).
#[cfg(any(target_os = "macos", test))]
pub(crate) fn is_in_quarantine(path: &str) -> bool {
    path.contains("/AppTranslocation/")
}

/// On macOS the bundle declares the scheme, so a program that isn't in one gets no links. The copy of one in quarantine isn't what was registered.
#[cfg(any(target_os = "macos", test))]
fn is_bundle_for_links(own: &str) -> bool {
    own.contains(".app/Contents/MacOS/") && !is_in_quarantine(own)
}

/// Whether links come back to this program.
#[cfg(target_os = "macos")]
pub fn is_ours(_: &str) -> bool {
    std::env::current_exe().is_ok_and(|own| is_bundle_for_links(&own.to_string_lossy()))
}

/// Only an installed program gets links here.
#[cfg(not(target_os = "linux"))]
pub fn register(_: &str, _: &str) {}

/// The installer takes back what it wrote.
///
/// # Errors
/// None.
#[cfg(not(target_os = "linux"))]
pub fn unregister(_: &str) -> std::io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn on_macos_links_come_back_to_a_bundle_that_is_not_in_quarantine() {
        for (own, expected) in [
            ("/Applications/Monei Connections.app/Contents/MacOS/monei-connect", true),
            ("/Users/ada/Downloads/Monei Connections.app/Contents/MacOS/monei-connect", true),
            ("/private/var/folders/x/T/AppTranslocation/0A1B/d/Monei Connections.app/Contents/MacOS/monei-connect", false),
            ("/Users/ada/src/target/debug/monei-connect", false),
        ] {
            assert_eq!(is_bundle_for_links(own), expected, "{own}");
        }
    }
}
