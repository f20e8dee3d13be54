//! Starts of the real program that can't come to a window.
#![cfg(target_os = "linux")]

use std::process::Command;

#[test]
fn a_display_that_cannot_be_opened_is_said_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let mut program = Command::new(env!("CARGO_BIN_EXE_monei-connect"));
    // No server has that number, and no session bus is there to hand the start over.
    program.env_clear().env("HOME", folder.path()).env("XDG_RUNTIME_DIR", folder.path()).env("DISPLAY", ":64999");
    let ended = program.output().unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(2), "{said}");
    let ours: Vec<&str> = said.lines().filter(|line| line.starts_with("monei-connect: ")).collect();
    let [line] = ours[..] else { panic!("{said}") };
    assert!(line.contains("can't be opened") && line.contains("`monei-connect diagnose` works without one"), "{line}");
    assert!(!said.contains("panicked"), "{said}");
}
