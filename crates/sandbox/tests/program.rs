//! The program: what it prints, what it keeps to itself, and where it refuses to listen.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

fn program(state: &std::path::Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_monei-sandbox"));
    command.env("XDG_STATE_HOME", state).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

#[test]
fn it_prints_the_lines_a_backend_needs_and_keeps_the_secret_in_a_private_file() {
    let folder = tempfile::tempdir().unwrap();
    let mut secrets = Vec::new();
    for _ in 0..2 {
        let mut child = program(folder.path()).args(["--listen", "127.0.0.1:0"]).spawn().unwrap();
        let lines: Vec<String> = BufReader::new(child.stdout.take().unwrap()).lines().take(7).map(Result::unwrap).collect();
        child.kill().unwrap();
        child.wait().unwrap();
        let value = |name: &str| lines.iter().find_map(|line| line.strip_prefix(&format!("{name}="))).unwrap().to_owned();
        assert_eq!(value("MONEI_ENVIRONMENT"), "sandbox");
        assert!(value("MONEI_SANDBOX_URL").starts_with("http://127.0.0.1:"));
        assert_eq!(value("MONEI_REDIRECT_URI"), "http://127.0.0.1:43117/v1/callback");
        assert!(!value("MONEI_CLIENT_ID").is_empty());
        let path = value("MONEI_CLIENT_SECRET_FILE");
        let secret = std::fs::read_to_string(&path).unwrap();
        assert!(secret.starts_with("mcs_sim_CNRY"));
        assert!(!lines.iter().any(|line| line.contains(&secret)));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        secrets.push(secret);
    }
    assert_eq!(secrets[0], secrets[1], "a second start keeps the secret");
}

#[test]
fn it_refuses_addresses_that_others_could_reach() {
    let folder = tempfile::tempdir().unwrap();
    let ended = program(folder.path()).args(["--listen", "0.0.0.0:0"]).output().unwrap();
    assert!(!ended.status.success());
    assert!(String::from_utf8_lossy(&ended.stderr).contains("loopback"));
}
