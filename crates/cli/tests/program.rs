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

/// A connection service that takes calls and answers none. `Receiver`: gets a word for each call.
#[cfg(unix)]
fn silent_service() -> (String, std::sync::mpsc::Receiver<()>) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (called, calls) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let mut open = Vec::new();
        for stream in listener.incoming() {
            open.push(stream.unwrap());
            if called.send(()).is_err() {
                return;
            }
        }
    });
    (address, calls)
}

#[cfg(unix)]
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(30);

/// Sends it the signal.
#[cfg(unix)]
fn signal(child: &std::process::Child, name: &str) {
    assert!(Command::new("kill").args([&format!("-{name}"), &child.id().to_string()]).status().unwrap().success());
}

/// By the signal alone it would end at once, and lose tokens that are on their way.
#[test]
#[cfg(unix)]
fn a_command_that_is_asked_to_end_finishes_what_was_sent_and_ends_as_by_the_signal() {
    for (name, code) in [("TERM", 143), ("HUP", 129), ("INT", 130)] {
        if name == "HUP" && connect_app::ending::outlives_its_terminal() {
            continue;
        }
        for words in [&["status", "--check"][..], &["diagnose"], &["leave", "--yes"]] {
            let (folder, (address, calls)) = (tempfile::tempdir().unwrap(), silent_service());
            let mut command = program(&folder, words);
            command.env("CONNECT_BACKEND_URL", address).stdout(Stdio::null()).stderr(Stdio::piped());
            let child = command.spawn().unwrap();
            calls.recv_timeout(PATIENCE).unwrap();
            signal(&child, name);
            let Output { status, stderr, .. } = child.wait_with_output().unwrap();
            let said = String::from_utf8(stderr).unwrap();
            assert!(status.code() == Some(code) && said.contains("Finishing what was sent"), "{words:?} {name}: {status} {said}");
        }
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_command_that_is_started_to_outlive_its_terminal_does() {
    let (folder, (address, calls)) = (tempfile::tempdir().unwrap(), silent_service());
    let mut command = Command::new("nohup");
    let status = program(&folder, &["status", "--check"]);
    command.arg(status.get_program()).args(status.get_args()).envs(status.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.env("CONNECT_BACKEND_URL", address).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    calls.recv_timeout(PATIENCE).unwrap();
    signal(&child, "HUP");
    let Output { status, stderr, .. } = child.wait_with_output().unwrap();
    let said = String::from_utf8(stderr).unwrap();
    assert!(status.success() && said.contains("couldn’t be asked"), "{status} {said}");
}

/// What is typed is typed in a terminal of `script` (util-linux).
#[test]
#[cfg(target_os = "linux")]
fn after_a_question_that_was_answered_a_command_can_be_asked_to_end() {
    use std::io::Write as _;

    let (folder, (address, calls)) = (tempfile::tempdir().unwrap(), silent_service());
    let line = format!("exec {} leave", env!("CARGO_BIN_EXE_moneictl"));
    let mut command = Command::new("script");
    command
        .args(["--quiet", "--return", "--command", &line, "/dev/null"])
        .envs(program(&folder, &[]).get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.env("CONNECT_BACKEND_URL", address).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let mut typed = child.stdin.take().unwrap();
    typed.write_all(b"y\n").unwrap();
    typed.flush().unwrap();
    calls.recv_timeout(PATIENCE).unwrap();
    let began = std::time::Instant::now();
    // Ctrl-C.
    typed.write_all(b"\x03").unwrap();
    typed.flush().unwrap();
    let Output { status, stdout, .. } = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&stdout);
    assert!(status.code() == Some(130) && said.contains("Finishing what was sent"), "{status} {said}");
    // The service would be waited for eight seconds.
    assert!(began.elapsed().as_secs() < 6, "{:?}", began.elapsed());
}
