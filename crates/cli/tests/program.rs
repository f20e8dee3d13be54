//! The program: what it says, and what it ends with, where no account is needed for it.

#![expect(clippy::unwrap_used, reason = "a step of a test that fails is a failed test")]

use std::process::{Command, Output, Stdio};

/// The program with folders of its own, a sandbox that isn't there, and no keychain.
fn program(folder: &tempfile::TempDir, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_moneictl"));
    // Windows opens no socket without its folder.
    command.env_clear().envs(std::env::var_os("SystemRoot").map(|folder| ("SystemRoot", folder)));
    for name in ["HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR", "APPDATA", "LOCALAPPDATA"] {
        command.env(name, folder.path());
    }
    command.env("MONEI_ENVIRONMENT", "sandbox").args(words).stdin(Stdio::null());
    command
}

fn run(words: &[&str]) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = program(&tempfile::tempdir().unwrap(), words).output().unwrap();
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

/// A file that is cut off, because the disk is full, must not look whole to a script.
#[test]
#[cfg(target_os = "linux")]
fn output_that_could_not_be_written_is_a_failure() {
    let full = || Stdio::from(std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap());
    for words in [
        &["accounts"][..],
        &["accounts", "--json"],
        &["app", "list"],
        &["completions", "bash"],
        &["man"],
        &["diagnose"],
        &["diagnose", "--json"],
        &["--help"],
        &["--version"],
    ] {
        let folder = tempfile::tempdir().unwrap();
        let Output { status, stderr, .. } = program(&folder, words).stdout(full()).output().unwrap();
        let said = String::from_utf8(stderr).unwrap();
        assert!(status.code() == Some(1) && said.contains("a part is missing") && said.lines().count() == 1, "{words:?}: {status} {said}");
    }
}

#[test]
#[cfg(unix)]
fn a_reader_that_has_gone_is_no_failure() {
    let folder = tempfile::tempdir().unwrap();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let Output { status, stderr, .. } = program(&folder, &["accounts"]).stdout(writer).output().unwrap();
    assert!(status.success() && stderr.is_empty(), "{status} {}", String::from_utf8_lossy(&stderr));
}

#[test]
fn a_misspelt_scope_is_told_with_those_that_there_are() {
    for words in [
        &["connect", "--scopes", "wallet:reed"][..],
        &["reconnect", "Shop", "--scopes", "profile:read,wallet:reed"],
        &["app", "add", "Budget", "--scopes", "wallet:reed"],
        &["serve", "--memory", "--scopes", "wallet:reed"],
    ] {
        let (code, _, said) = run(words);
        assert!(code == Some(2) && said.contains("'wallet:reed'") && said.contains("'wallet:read'"), "{words:?}: {code:?} {said}");
    }
}

#[test]
fn an_amount_with_a_comma_and_ends_the_wrong_way_round_are_told() {
    let (code, _, said) = run(&["export", "--min", "1,500"]);
    assert!(code == Some(2) && said.contains("written like 1500.50"), "{code:?} {said}");
    let (code, _, said) = run(&["export", "--from", "2026-12-31", "--to", "2026-01-01"]);
    assert!(code == Some(2) && said.contains("--from is after --to"), "{code:?} {said}");
    let (code, _, said) = run(&["export", "--min", "1000", "--max", "99.50"]);
    assert!(code == Some(2) && said.contains("--min is more than --max"), "{code:?} {said}");
}

#[test]
fn a_call_with_its_query_in_the_path_is_told_where_the_query_goes() {
    let (code, _, said) = run(&["api", "/transactions?limit=1"]);
    assert!(code == Some(2) && said.contains("--field"), "{code:?} {said}");
}
