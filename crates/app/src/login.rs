//! The start at login: this system's own entry for it, which is there or isn't. The person may also take it away with the desktop's own
//! settings, so nothing is remembered here.
//!
//! Linux: a file in `$XDG_CONFIG_HOME/autostart` (Desktop Application Autostart Specification). Windows: a value of the `Run` key. macOS: a
//! launch agent.

use std::io;
#[cfg(not(windows))]
use std::path::Path;
use std::path::PathBuf;

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

/// Where the entry is: a file, or a name in the registry. `None`: this system has no place for it.
pub fn entry(settings: &Settings) -> Option<PathBuf> {
    system::file(&settings.namespace).ok()
}

/// Writes `file` whole or not at all.
#[cfg(not(windows))]
fn write(file: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder)?;
    }
    // A name that no desktop takes for an entry.
    let mut fresh = file.as_os_str().to_owned();
    fresh.push(".new");
    let written = std::fs::write(&fresh, text).and_then(|()| std::fs::rename(&fresh, file));
    if written.is_err() {
        drop(std::fs::remove_file(&fresh));
    }
    written
}

/// Removes `file`, which may not be there.
#[cfg(not(windows))]
fn remove(file: &Path) -> io::Result<()> {
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
    use crate::settings::PRODUCT_NAME;

    pub(super) fn is_on(namespace: &str) -> bool {
        file(namespace).and_then(fs::read_to_string).is_ok_and(|entry| is_active(&entry) && has_program(&entry))
    }

    pub(super) fn remove(namespace: &str) -> io::Result<()> {
        super::remove(&file(namespace)?)
    }

    pub(super) fn write(namespace: &str, environment: Option<&str>) -> io::Result<()> {
        let file = file(namespace)?;
        let program = program()?;
        let entry = entry(program.to_str().ok_or(io::ErrorKind::InvalidFilename)?, environment)?;
        super::write(&file, &entry)
    }

    pub(super) fn file(namespace: &str) -> io::Result<PathBuf> {
        let folder = dirs::config_dir().ok_or(io::ErrorKind::NotFound)?;
        Ok(folder.join("autostart").join(format!("{namespace}.desktop")))
    }

    /// This program's file. Inside of an AppImage that is the image, since what is mounted of it is elsewhere at each start.
    fn program() -> io::Result<PathBuf> {
        let own = std::env::current_exe()?;
        let [image, mounted] = ["APPIMAGE", "APPDIR"].map(|name| std::env::var_os(name).map(PathBuf::from));
        Ok(without_deleted(image_of(&own, image, mounted).unwrap_or(own)))
    }

    /// The image that `own` is in. What another AppImage has started has its variables, too, and isn't below its `mounted` folder.
    fn image_of(own: &Path, image: Option<PathBuf>, mounted: Option<PathBuf>) -> Option<PathBuf> {
        let mounted = mounted.filter(|folder| folder.is_absolute())?;
        image.filter(|path| path.is_absolute() && own.starts_with(mounted))
    }

    /// The kernel marks a file that a package update has replaced meanwhile.
    fn without_deleted(path: PathBuf) -> PathBuf {
        let replaced = path.to_str().and_then(|text| text.strip_suffix(" (deleted)")).map(PathBuf::from);
        replaced.filter(|_| !path.exists()).unwrap_or(path)
    }

    /// Whether an entry does what it is there for: desktops switch one off by a line in it.
    fn is_active(entry: &str) -> bool {
        let says = |key: &str, value: &str| values(entry, key).any(|text| text.eq_ignore_ascii_case(value));
        let starts = values(entry, "Exec").any(|command| !command.is_empty());
        starts && !says("Hidden", "true") && !says("X-GNOME-Autostart-enabled", "false")
    }

    /// Whether what it starts is there. Without `TryExec`, or with a name to be searched for, nothing speaks against it.
    fn has_program(entry: &str) -> bool {
        let path = |text: &str| PathBuf::from(text.replace(r"\\", r"\"));
        values(entry, "TryExec").map(path).all(|path| !path.is_absolute() || path.exists())
    }

    fn values<'a>(entry: &'a str, key: &'a str) -> impl Iterator<Item = &'a str> {
        entry.lines().filter_map(|line| line.split_once('=')).filter(move |(name, _)| name.trim() == key).map(|(_, value)| value.trim())
    }

    fn entry(program: &str, environment: Option<&str>) -> io::Result<String> {
        // A line break would end the line of the entry.
        if program.contains(char::is_control) || !Path::new(program).is_absolute() {
            return Err(io::ErrorKind::InvalidFilename.into());
        }
        let variable = environment.map(|name| format!("env MONEI_ENVIRONMENT={name} ")).unwrap_or_default();
        let (quoted, plain) = (quoted(program), program.replace('\\', r"\\"));
        Ok(format!(
            "[Desktop Entry]\nType=Application\nVersion=1.0\nName={PRODUCT_NAME}\nIcon=monei-connect\nExec={variable}{quoted} {HIDDEN}\n\
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
        fn an_entry_that_starts_nothing_is_off() {
            assert!(!is_active(""));
            assert!(!is_active("[Desktop Entry]\nType=Application\nExec=\n"));
            let folder = tempfile::tempdir().unwrap();
            let program = folder.path().join(r"a\b");
            let text = entry(program.to_str().unwrap(), None).unwrap();
            assert!(!has_program(&text));
            fs::write(&program, "").unwrap();
            assert!(has_program(&text));
        }

        #[test]
        fn an_entry_that_cannot_be_written_leaves_the_one_before_it() {
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("autostart/x.desktop");
            super::super::write(&file, "before").unwrap();
            // Where the fresh one would be written.
            fs::create_dir(folder.path().join("autostart/x.desktop.new")).unwrap();
            assert!(super::super::write(&file, "after").is_err());
            assert_eq!(fs::read_to_string(&file).unwrap(), "before");
        }

        #[test]
        fn the_image_is_named_by_what_runs_inside_of_it_alone() {
            let image = |own: &str| image_of(Path::new(own), Some("/home/ada/x.AppImage".into()), Some("/tmp/.mount_x".into()));
            assert_eq!(image("/tmp/.mount_x/usr/bin/x"), Some("/home/ada/x.AppImage".into()));
            assert_eq!(image("/usr/bin/monei-connect"), None, "started by another AppImage");
            assert_eq!(image_of(Path::new("/usr/bin/x"), Some("/home/ada/x.AppImage".into()), None), None);
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
    use std::path::PathBuf;

    use windows_registry::CURRENT_USER;

    use super::HIDDEN;

    const RUN: &str = r"Software\Microsoft\Windows\CurrentVersion\Run";

    pub(super) fn file(namespace: &str) -> io::Result<PathBuf> {
        Ok(PathBuf::from(format!(r"HKEY_CURRENT_USER\{RUN}\{namespace}")))
    }

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

/// The launch agent of macOS, as text.
#[cfg(any(target_os = "macos", test))]
mod agent {
    use std::io;

    use quick_xml::escape::escape;

    use super::HIDDEN;
    use crate::registration::is_in_quarantine;

    /// # Errors
    /// [`io::ErrorKind::Unsupported`] where `program` will be elsewhere at the next start.
    pub(super) fn text(program: &str, namespace: &str, environment: Option<&str>) -> io::Result<String> {
        if is_in_quarantine(program) {
            tracing::warn!("macOS runs the program in quarantine, at another place at each start: move it to Applications first");
            return Err(io::ErrorKind::Unsupported.into());
        }
        let program = escape(program);
        let variables = environment
            .map(|name| format!("<key>EnvironmentVariables</key><dict><key>MONEI_ENVIRONMENT</key><string>{name}</string></dict>\n"));
        Ok(format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n\
             <plist version=\"1.0\"><dict>\n<key>Label</key><string>{namespace}</string>\n\
             <key>ProgramArguments</key><array><string>{program}</string><string>{HIDDEN}</string></array>\n\
             {}<key>RunAtLoad</key><true/>\n</dict></plist>\n",
            variables.unwrap_or_default()
        ))
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        const IDENTIFIER: &str = "org.moneiconnections.manager";

        #[test]
        fn a_launch_agent_starts_this_program_hidden_whatever_its_path() {
            let text = text("/Applications/A & <B>.app/Contents/MacOS/monei-connect", IDENTIFIER, None).unwrap();
            let program = "<string>/Applications/A &amp; &lt;B&gt;.app/Contents/MacOS/monei-connect</string><string>--hidden</string>";
            assert!(text.contains(&format!("<key>ProgramArguments</key><array>{program}</array>")), "{text}");
            assert!(text.contains("<key>Label</key><string>org.moneiconnections.manager</string>"), "{text}");
            assert!(text.contains("<key>RunAtLoad</key><true/>") && !text.contains("EnvironmentVariables"), "{text}");
        }

        #[test]
        fn a_launch_agent_of_another_environment_names_it() {
            let text = text("/Applications/x.app/Contents/MacOS/x", "org.moneiconnections.manager.sandbox", Some("sandbox")).unwrap();
            assert!(text.contains("<key>MONEI_ENVIRONMENT</key><string>sandbox</string>"), "{text}");
        }

        #[test]
        fn a_program_in_quarantine_is_not_started_at_login() {
            let own = "/private/var/folders/x/T/AppTranslocation/0A1B/d/Monei Connections.app/Contents/MacOS/monei-connect";
            assert_eq!(text(own, IDENTIFIER, None).unwrap_err().kind(), io::ErrorKind::Unsupported);
        }
    }
}

#[cfg(target_os = "macos")]
mod system {
    use std::io;
    use std::path::PathBuf;

    pub(super) fn is_on(namespace: &str) -> bool {
        file(namespace).is_ok_and(|file| file.exists())
    }

    pub(super) fn remove(namespace: &str) -> io::Result<()> {
        super::remove(&file(namespace)?)
    }

    pub(super) fn write(namespace: &str, environment: Option<&str>) -> io::Result<()> {
        let program = std::env::current_exe()?;
        let agent = super::agent::text(program.to_str().ok_or(io::ErrorKind::InvalidFilename)?, namespace, environment)?;
        super::write(&file(namespace)?, &agent)
    }

    pub(super) fn file(namespace: &str) -> io::Result<PathBuf> {
        let home = dirs::home_dir().ok_or(io::ErrorKind::NotFound)?;
        Ok(home.join("Library/LaunchAgents").join(format!("{namespace}.plist")))
    }
}
