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
        assert!(std::path::Path::new(&path).is_absolute() && !path.contains('?'), "not a form that shells don't know: {path}");
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

/// As in `monei-sandbox | head -1`.
#[test]
#[cfg(unix)]
fn it_serves_on_where_the_reader_of_its_lines_has_gone() {
    let folder = tempfile::tempdir().unwrap();
    for words in [&[][..], &["serve"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        // Nobody hears which port it has.
        let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        let mut child = program(folder.path()).args(words).args(["--listen", &address]).stdout(writer).spawn().unwrap();
        let mut stream = loop {
            match std::net::TcpStream::connect(&address) {
                Ok(stream) => break Some(stream),
                Err(_) if child.try_wait().unwrap().is_none() => std::thread::sleep(std::time::Duration::from_millis(10)),
                Err(_) => break None,
            }
        };
        let mut answer = String::new();
        if let Some(stream) = &mut stream {
            let request = format!("GET /healthz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
            let _ = std::io::Write::write_all(stream, request.as_bytes());
            let _ = std::io::Read::read_to_string(stream, &mut answer);
        }
        let _ = child.kill();
        let ended = child.wait_with_output().unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{words:?}: {answer:?} {ended:?}");
    }
    let path = folder.path().join("scenario.toml");
    std::fs::write(&path, "name = \"From a file\"\n[[round]]\nuser = \"ada\"\nallow = \"all\"\n").unwrap();
    for words in [&["--check-scenario", path.to_str().unwrap()][..], &["leaks", "--run", "0123456789abcdef", "--no-processes"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let ended = program(folder.path()).args(words).stdout(writer).output().unwrap();
        assert!(ended.status.success(), "{words:?}: {ended:?}");
    }
}

/// Whoever started it would wait for an address that never comes.
#[test]
#[cfg(target_os = "linux")]
fn lines_that_cannot_be_written_are_a_failure() {
    let folder = tempfile::tempdir().unwrap();
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let ended = program(folder.path()).args(["--listen", "127.0.0.1:0"]).stdout(full).output().unwrap();
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(ended.status.code() == Some(1) && said.contains("error: standard output didn't take everything"), "{said}");
}

#[test]
fn it_refuses_addresses_that_others_could_reach() {
    let folder = tempfile::tempdir().unwrap();
    let ended = program(folder.path()).args(["--listen", "0.0.0.0:0"]).output().unwrap();
    assert!(!ended.status.success());
    assert!(String::from_utf8_lossy(&ended.stderr).contains("loopback"));
}

#[test]
fn a_scenario_is_played_from_a_file_and_a_wrong_one_stops_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("scenario.toml");
    std::fs::write(&path, "name = \"From a file\"\n[[round]]\nuser = \"ada\"\nallow = \"all\"\n").unwrap();
    let file = path.to_str().unwrap();
    let mut child = program(folder.path()).args(["--listen", "127.0.0.1:0", "--scenario", file, "--auto-approve"]).spawn().unwrap();
    let lines: Vec<String> = BufReader::new(child.stdout.take().unwrap()).lines().take(7).map(Result::unwrap).collect();
    let base = lines.iter().find_map(|line| line.strip_prefix("MONEI_SANDBOX_URL=")).unwrap().to_owned();
    let address = base.trim_start_matches("http://").to_owned();
    let mut stream = std::net::TcpStream::connect(&address).unwrap();
    std::io::Write::write_all(
        &mut stream,
        format!(
            "GET /connect/authorize?client_id=mc_sim_local&redirect_uri=http%3A%2F%2F127.0.0.1%3A43117%2Fv1%2Fcallback&scope=profile%3Aread HTTP/1.1\r\n\
             Host: {address}\r\nConnection: close\r\n\r\n"
        )
        .as_bytes(),
    )
    .unwrap();
    let mut answer = String::new();
    std::io::Read::read_to_string(&mut stream, &mut answer).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(answer.starts_with("HTTP/1.1 303"), "{answer}");
    assert!(answer.contains("location: http://127.0.0.1:43117/v1/callback?code=mcc_sim_CNRY"));

    std::fs::write(&path, "name = \"Wrong\"\n[[round]]\nuser = \"bob\"\nallow = \"all\"\n").unwrap();
    for arguments in [vec!["--listen", "127.0.0.1:0", "--scenario", file], vec!["--check-scenario", file]] {
        let ended = program(folder.path()).args(&arguments).output().unwrap();
        assert!(!ended.status.success());
        assert!(String::from_utf8_lossy(&ended.stderr).contains("round 1: user"), "{arguments:?}");
    }
    assert!(!program(folder.path()).arg("--auto-approve").output().unwrap().status.success(), "only with a scenario");
}

#[test]
fn the_help_and_the_manual_page_name_every_option() {
    let folder = tempfile::tempdir().unwrap();
    let manual = concat!(env!("CARGO_MANIFEST_DIR"), "/../../packaging/monei-sandbox/monei-sandbox.1");
    let manual = std::fs::read_to_string(manual).unwrap().replace("\\-", "-");
    for arguments in [vec!["--help"], vec!["serve", "--help"], vec!["leaks", "--help"]] {
        let help = program(folder.path()).args(&arguments).output().unwrap();
        assert!(help.status.success());
        let help = String::from_utf8(help.stdout).unwrap();
        let lines = help.lines().filter_map(|line| line.trim_start().split_once("--").filter(|(before, _)| before.len() <= 4));
        let options: Vec<_> = lines.map(|(_, rest)| rest.split([' ', '.']).next().unwrap()).collect();
        assert!(options.len() >= 4, "{help}");
        for option in options {
            assert!(manual.contains(&format!("--{option}")), "--{option} is not in the manual page");
        }
    }
}

#[test]
fn the_sample_scenarios_pass_their_check() {
    let folder = tempfile::tempdir().unwrap();
    let samples = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios")).unwrap();
    let samples: Vec<_> = samples.map(|entry| entry.unwrap().path()).collect();
    assert!(samples.len() >= 6);
    let ended = program(folder.path()).arg("--check-scenario").args(&samples).output().unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
}

#[test]
fn leaks_are_reported_by_kind_and_place_and_never_by_their_text() {
    let folder = tempfile::tempdir().unwrap();
    let searched = folder.path().join("data");
    std::fs::create_dir(&searched).unwrap();
    std::fs::write(searched.join("clean.txt"), "nothing").unwrap();
    let leaks = |arguments: &[&str]| {
        let ended = program(folder.path()).args(["leaks", "--run", "T35Tx"]).args(arguments).arg(&searched).output().unwrap();
        (ended.status.code().unwrap(), String::from_utf8(ended.stdout).unwrap())
    };
    let (code, out) = leaks(&["--no-processes"]);
    assert_eq!(code, 0, "{out}");
    std::fs::write(searched.join("app.log"), b"\0\xff refresh=mcr_sim_CNRYT35Tx_0123456789 \n").unwrap();
    let (code, out) = leaks(&["--no-processes"]);
    assert_eq!(code, 1);
    assert!(out.contains("LEAK: 1 × refresh_token in ") && out.contains("app.log") && !out.contains("0123456789"), "{out}");
    let (code, out) = leaks(&["--no-processes", "--allow", "refresh_token:*/app.log"]);
    assert_eq!(code, 0, "{out}");
    assert_eq!(leaks(&["--no-processes", "--allow", "access_token:*/app.log"]).0, 1);
    std::fs::remove_file(searched.join("app.log")).unwrap();
    let secret = folder.path().join("secret");
    std::fs::write(&secret, "mcs_sim_CNRYofanotherrun\n").unwrap();
    std::fs::write(searched.join("config"), "secret = mcs_sim_CNRYofanotherrun").unwrap();
    let (code, out) = leaks(&["--no-processes", "--secret-file", secret.to_str().unwrap()]);
    assert!(code == 1 && out.contains("client_secret"), "{out}");
    std::fs::remove_file(searched.join("config")).unwrap();

    // In a program's own bytes, across what is read at once, in UTF-16, in base64, and in a name.
    let mut binary = vec![0_u8; (1 << 20) - 20];
    binary.extend_from_slice(b"\x7fELF mct_sim_CNRYT35Tx_9876543210\0\xfe");
    std::fs::write(searched.join("program"), &binary).unwrap();
    let (code, out) = leaks(&["--no-processes"]);
    assert!(code == 1 && out.contains("LEAK: 1 × access_token in ") && out.contains("program (byte 1048561)"), "{out}");
    std::fs::remove_file(searched.join("program")).unwrap();
    let wide: Vec<u8> = "CNRYT35Tx".encode_utf16().flat_map(u16::to_le_bytes).collect();
    std::fs::write(searched.join("wide"), wide).unwrap();
    let (code, out) = leaks(&["--no-processes"]);
    assert!(code == 1 && out.contains("marker"), "{out}");
    std::fs::remove_file(searched.join("wide")).unwrap();
    std::fs::write(searched.join("mcc_sim_CNRYT35Tx_in_a_name"), "").unwrap();
    let (code, out) = leaks(&["--no-processes"]);
    assert!(code == 1 && out.contains("LEAK: 1 × code in the name of ") && !out.contains("in_a_name"), "{out}");
    std::fs::remove_file(searched.join("mcc_sim_CNRYT35Tx_in_a_name")).unwrap();
    assert_eq!(leaks(&["--no-processes"]).0, 0);
    let wrong = program(folder.path()).args(["leaks", "--run", "../x"]).output().unwrap();
    assert_eq!(wrong.status.code(), Some(2), "a search that didn't take place is no leak, and no clean bill either");
    assert_eq!(leaks(&["--no-processes", "/no/such/path"]).0, 2);
}

#[cfg(target_os = "linux")]
#[test]
fn leaks_in_arguments_and_environments_of_processes_are_found() {
    let folder = tempfile::tempdir().unwrap();
    // Waits for its input, which never comes; the secrets are in its arguments and environment.
    let mut holder = Command::new("cat")
        .args(["-", "mct_sim_CNRYPr0c_1"])
        .env("LEAKED", "mcs_sim_CNRYPr0c_2")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let ended = program(folder.path()).args(["leaks", "--run", "Pr0c"]).output().unwrap();
    holder.kill().unwrap();
    holder.wait().unwrap();
    let out = String::from_utf8_lossy(&ended.stdout).into_owned();
    assert_eq!(ended.status.code(), Some(1), "{out}");
    let id = holder.id();
    assert!(out.contains(&format!("LEAK: 1 × access_token in arguments of process {id} (cat)")), "{out}");
    assert!(out.contains(&format!("LEAK: 1 × client_secret in environment of process {id} (cat)")), "{out}");
}
