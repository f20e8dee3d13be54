//! The installer for Windows (NSIS).

use std::path::Path;
use std::process::Command;

/// Installs without questions and starts the program afterwards. It replaces files of the program, which must have ended by then.
pub(super) fn command(installer: &Path) -> Command {
    let mut command = Command::new(installer);
    command.args(["/S", "/R"]);
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_installer_asks_nothing_and_starts_the_program_again() {
        let command = command(Path::new("/new folder/setup.exe"));
        assert_eq!(command.get_program(), "/new folder/setup.exe");
        assert_eq!(command.get_args().collect::<Vec<_>>(), ["/S", "/R"]);
    }
}
