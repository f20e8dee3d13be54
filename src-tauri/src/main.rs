//! The desktop program. Everything is in the library, so that tests reach it.

// Without a console window beside the program on Windows.
#![cfg_attr(all(windows, not(debug_assertions)), windows_subsystem = "windows")]

fn main() -> std::process::ExitCode {
    monei_connect::run()
}
