//! Wine, set up in a folder of the project's own: `target/tools/wine`.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::step::{command, output, succeed};

/// A Windows without a screen.
pub struct Wine {
    prefix: PathBuf,
}

impl Wine {
    /// Makes its folder, unless that was done before.
    pub fn set_up() -> Result<Self> {
        let wine = Self { prefix: std::env::current_dir()?.join("target/tools/wine") };
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

    /// A program of Wine's.
    pub fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = command(program, arguments);
        self.environment(&mut command);
        command
    }

    fn environment(&self, command: &mut Command) {
        // Nothing of its own on standard error, no window that offers to download more of it, and no debugger that waits for a person.
        command.env("WINEPREFIX", &self.prefix).env("WINEDEBUG", "-all").env("WINEDLLOVERRIDES", "mscoree,mshtml,winedbg.exe=");
        command.env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY");
    }

    /// Has cargo run what it builds.
    pub fn run_by(&self, cargo: &mut Command) -> Result<()> {
        self.environment(cargo);
        // The compiler's libraries aren't Wine's.
        cargo.env("CARGO_TARGET_X86_64_PC_WINDOWS_GNU_RUNNER", "env --unset=LD_LIBRARY_PATH wine");
        // The program needs WebView2Loader.dll, which its build leaves there.
        let built = std::env::current_dir()?.join("target/windows/x86_64-pc-windows-gnu/debug");
        let built = output(&mut self.command("winepath", &["--windows", built.to_str().context("a path that isn't text")?]))?;
        cargo.env("WINEPATH", built);
        Ok(())
    }

    /// Whether a file is in the folder of Wine's one user.
    pub fn has_file(&self, path: &str) -> Result<bool> {
        let mut users = std::fs::read_dir(self.prefix.join("drive_c/users"))?;
        Ok(users.any(|user| user.is_ok_and(|user| user.path().join(path).is_file())))
    }

    /// Ends what is left of it, which may be nothing. Only of this folder's.
    pub fn end(&self) -> Result<()> {
        self.command("wineserver", &["--kill"]).status().context("wineserver")?;
        // Comes back once none is left.
        succeed(&mut self.command("wineserver", &["--wait"]))
    }
}
