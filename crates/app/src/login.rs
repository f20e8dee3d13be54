//! The start at login: this system's own entry for it, which is there or isn't. The person may also take it away with the desktop's own
//! settings, so nothing is remembered here.
//!
//! Linux: a file in `$XDG_CONFIG_HOME/autostart` (Desktop Application Autostart Specification). Windows: a value of the `Run` key. macOS: a
//! launch agent.

use std::io;

use crate::settings::{IDENTIFIER, Settings};

/// The word of a start that shows no window where there is a tray to show it from.
pub const HIDDEN: &str = "--hidden";

/// Whether the program starts at login.
pub fn is_on(settings: &Settings) -> bool {
    system::is_on(&settings.namespace)
}

/// Has the program start at login from now on, hidden, or not any more.
///
/// # Errors
/// The entry can't be written or removed; [`io::ErrorKind::Unsupported`] where this system's entry can't say which environment it is for.
pub fn set(settings: &Settings, on: bool) -> io::Result<()> {
    if !on {
        return system::remove(&settings.namespace);
    }
    // What this environment is called is in no argument.
    let environment = (settings.namespace != IDENTIFIER).then(|| settings.environment_name());
    system::write(&settings.namespace, environment)
}

/// Removes `file`, which may not be there.
#[cfg(not(windows))]
fn remove(file: &std::path::Path) -> io::Result<()> {
    match std::fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(target_os = "linux")]
mod system {
    use std::fs;
    use std::io;
    use std::path::{Path, PathBuf};

    use super::HIDDEN;

    pub(super) fn is_on(namespace: &str) -> bool {
        file(namespace).and_then(fs::read_to_string).is_ok_and(|entry| is_active(&entry))
    }

    pub(super) fn remove(namespace: &str) -> io::Result<()> {
        super::remove(&file(namespace)?)
    }

    pub(super) fn write(namespace: &str, environment: Option<&str>) -> io::Result<()> {
        let file = file(namespace)?;
        let program = program()?;
        let entry = entry(program.to_str().ok_or(io::ErrorKind::InvalidFilename)?, environment)?;
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(file, entry)
    }

    fn file(namespace: &str) -> io::Result<PathBuf> {
        let folder = dirs::config_dir().ok_or(io::ErrorKind::NotFound)?;
        Ok(folder.join("autostart").join(format!("{namespace}.desktop")))
    }

    /// This program's file. Inside of an AppImage that is the image, since what is mounted of it is elsewhere at each start.
    fn program() -> io::Result<PathBuf> {
        let image = std::env::var_os("APPIMAGE").map(PathBuf::from).filter(|path| path.is_absolute());
        let own = image.map_or_else(std::env::current_exe, Ok)?;
        Ok(without_deleted(own))
    }

    /// The kernel marks a file that a package update has replaced meanwhile.
    fn without_deleted(path: PathBuf) -> PathBuf {
        let replaced = path.to_str().and_then(|text| text.strip_suffix(" (deleted)")).map(PathBuf::from);
        replaced.filter(|_| !path.exists()).unwrap_or(path)
    }

    /// Whether an entry does what it is there for: desktops switch one off by a line in it.
    fn is_active(entry: &str) -> bool {
        let says = |key: &str, value: &str| {
            entry.lines().filter_map(|line| line.split_once('=')).any(|(k, v)| k.trim() == key && v.trim().eq_ignore_ascii_case(value))
        };
        !says("Hidden", "true") && !says("X-GNOME-Autostart-enabled", "false")
    }

    fn entry(program: &str, environment: Option<&str>) -> io::Result<String> {
        // A line break would end the line of the entry.
        if program.contains(char::is_control) || !Path::new(program).is_absolute() {
            return Err(io::ErrorKind::InvalidFilename.into());
        }
        let variable = environment.map(|name| format!("env MONEI_ENVIRONMENT={name} ")).unwrap_or_default();
        let (quoted, plain) = (quoted(program), program.replace('\\', r"\\"));
        Ok(format!(
            "[Desktop Entry]\nType=Application\nVersion=1.0\nName=Monei Connections\nIcon=monei-connect\nExec={variable}{quoted} {HIDDEN}\n\
             TryExec={plain}\nTerminal=false\nStartupNotify=false\nX-GNOME-Autostart-enabled=true\n"
        ))
    }

    /// An argument of `Exec` (Desktop Entry Specification, "The Exec key"): in quotes, where four characters are escaped, and a percent sign
    /// is doubled. Then, as in any string of such a file, each backslash is doubled.
    fn quoted(argument: &str) -> String {
        let mut text = String::from("\"");
        for letter in argument.chars() {
            match letter {
                '"' | '`' | '$' | '\\' => text.extend(['\\', letter]),
                '%' => text.push_str("%%"),
                _ => text.push(letter),
            }
        }
        text.push('"');
        text.replace('\\', r"\\")
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_path_is_quoted_as_the_desktop_reads_it() {
            for (path, exec) in [
                ("/usr/bin/monei-connect", r#"Exec="/usr/bin/monei-connect" --hidden"#),
                ("/home/ada/My Apps/x", r#"Exec="/home/ada/My Apps/x" --hidden"#),
                ("/opt/100%/é", r#"Exec="/opt/100%%/é" --hidden"#),
                (r#"/opt/a"b$c`d\e"#, r#"Exec="/opt/a\\"b\\$c\\`d\\\\e" --hidden"#),
            ] {
                let text = entry(path, None).unwrap();
                assert!(text.lines().any(|line| line == exec), "{path}: {text}");
            }
            let text = entry("/opt/x", Some("sandbox")).unwrap();
            assert!(text.contains("\nExec=env MONEI_ENVIRONMENT=sandbox \"/opt/x\" --hidden\n"), "{text}");
            for path in ["/opt/a\nExec=/bin/rogue", "monei-connect", ""] {
                assert!(entry(path, None).is_err(), "{path:?}");
            }
        }

        #[test]
        fn an_entry_that_a_desktop_switched_off_is_off() {
            let text = entry("/opt/x", None).unwrap();
            assert!(is_active(&text));
            assert!(!is_active(&text.replace("enabled=true", "enabled=false")));
            assert!(!is_active(&format!("{text}Hidden=true\n")));
        }

        #[test]
        fn a_program_that_was_replaced_while_it_ran_is_named_by_its_place() {
            assert_eq!(without_deleted(PathBuf::from("/nowhere/x (deleted)")), PathBuf::from("/nowhere/x"));
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("x (deleted)");
            fs::write(&file, "").unwrap();
            assert_eq!(without_deleted(file.clone()), file);
        }
    }
}

#[cfg(windows)]
mod system {
    use std::io;

    use windows_registry::CURRENT_USER;

    use super::HIDDEN;

    const RUN: &str = r"Software\Microsoft\Windows\CurrentVersion\Run";

    pub(super) fn is_on(namespace: &str) -> bool {
        CURRENT_USER.open(RUN).and_then(|key| key.get_string(namespace)).is_ok()
    }

    pub(super) fn remove(namespace: &str) -> io::Result<()> {
        if !is_on(namespace) {
            return Ok(());
        }
        CURRENT_USER.create(RUN).and_then(|key| key.remove_value(namespace)).map_err(io::Error::other)
    }

    pub(super) fn write(namespace: &str, environment: Option<&str>) -> io::Result<()> {
        if environment.is_some() {
            return Err(io::ErrorKind::Unsupported.into());
        }
        let program = std::env::current_exe()?;
        let program = program.to_str().ok_or(io::ErrorKind::InvalidFilename)?;
        CURRENT_USER.create(RUN).and_then(|key| key.set_string(namespace, format!("\"{program}\" {HIDDEN}"))).map_err(io::Error::other)
    }
}

#[cfg(target_os = "macos")]
mod system {
    use std::fs;
    use std::io;
    use std::path::PathBuf;

    use quick_xml::escape::escape;

    use super::HIDDEN;

    pub(super) fn is_on(namespace: &str) -> bool {
        file(namespace).is_ok_and(|file| file.exists())
    }

    pub(super) fn remove(namespace: &str) -> io::Result<()> {
        super::remove(&file(namespace)?)
    }

    pub(super) fn write(namespace: &str, environment: Option<&str>) -> io::Result<()> {
        let program = std::env::current_exe()?;
        let program = escape(program.to_str().ok_or(io::ErrorKind::InvalidFilename)?).into_owned();
        let variables = environment
            .map(|name| format!("<key>EnvironmentVariables</key><dict><key>MONEI_ENVIRONMENT</key><string>{name}</string></dict>\n"));
        let agent = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n\
             <plist version=\"1.0\"><dict>\n<key>Label</key><string>{namespace}</string>\n\
             <key>ProgramArguments</key><array><string>{program}</string><string>{HIDDEN}</string></array>\n\
             {}<key>RunAtLoad</key><true/>\n</dict></plist>\n",
            variables.unwrap_or_default()
        );
        let file = file(namespace)?;
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(file, agent)
    }

    fn file(namespace: &str) -> io::Result<PathBuf> {
        let home = dirs::home_dir().ok_or(io::ErrorKind::NotFound)?;
        Ok(home.join("Library/LaunchAgents").join(format!("{namespace}.plist")))
    }
}
