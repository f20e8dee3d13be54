//! The program: what it says when its configuration can't be used.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a step of a test that fails is a failed test")]

use std::process::{Command, Output};

const KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

fn run(arguments: &[&str], values: &[(&str, &str)]) -> Output {
    program(values).args(arguments).output().unwrap()
}

/// The program with these values and no others.
fn program(values: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_connect-backend"));
    // Windows opens no socket without its folder.
    command.env_clear().envs(std::env::var_os("SystemRoot").map(|folder| ("SystemRoot", folder))).envs(values.iter().copied());
    command
}

fn sandbox<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut values = vec![("MONEI_ENVIRONMENT", "sandbox"), ("MONEI_CLIENT_ID", "mc_sim_app"), ("CONNECT_SEALING_KEY", KEY)];
    values.extend_from_slice(more);
    values
}

fn refused(output: &Output, name: &str) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains(name) && said.trim().lines().count() == 1, "{said}");
    assert!(!said.contains("8d4e") && !said.contains("sim_secret"), "{said}");
}

#[test]
fn a_sound_configuration_is_said_to_be_sound() {
    let monei = answering();
    let output = run(&["check"], &sandbox(&[("MONEI_CLIENT_SECRET", "mcs_sim_secret"), ("MONEI_SANDBOX_URL", &monei)]));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn help_and_version_are_answers_and_no_mistakes() {
    for (word, told) in [("--help", "check"), ("-h", "check"), ("--version", env!("CARGO_PKG_VERSION"))] {
        let output = run(&[word], &[]);
        assert!(output.status.success() && String::from_utf8_lossy(&output.stdout).contains(told), "{word}: {output:?}");
    }
    let output = run(&["--verbose"], &[]);
    assert!(output.status.code() == Some(2) && output.stdout.is_empty(), "{output:?}");
}

#[test]
fn the_manual_page_names_every_word_of_the_help() {
    let page = include_str!("../../../packaging/connect-backend/connect-backend.8").replace("\\-", "-");
    let help = String::from_utf8(run(&["--help"], &[]).stdout).unwrap();
    let words: Vec<&str> =
        help.lines().filter_map(|line| line.strip_prefix("  ")?.split(' ').next()).filter(|word| !word.starts_with('(')).collect();
    assert!(words.len() >= 3, "{help}");
    for word in words {
        assert!(page.contains(&format!("\n.B {word}\n")), "{word} is not in the manual page");
    }
    for word in ["--help", "--version"] {
        assert!(run(&[word], &[]).status.success() && page.contains(word), "{word}");
    }
}

/// As in `connect-backend check | head -1`.
#[test]
fn a_check_whose_reader_has_gone_still_tells_by_its_exit_code() {
    let monei = answering();
    let values = sandbox(&[("MONEI_CLIENT_SECRET", "mcs_sim_secret"), ("MONEI_SANDBOX_URL", &monei), ("CONNECT_MISSPELT", "x")]);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = program(&values).arg("check").stdout(writer).output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
}

/// Something that answers one request after another, like Monei's host would.
fn answering() -> String {
    use std::io::{Read, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let _ = stream.read(&mut [0; 1024]);
            let _ = stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        }
    });
    origin
}

#[test]
fn check_says_in_plain_words_what_cannot_be_reached() {
    // Bound, so that nobody listens there and nobody else can begin to.
    let bound = tokio::net::TcpSocket::new_v4().unwrap();
    bound.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let gone = bound.local_addr().unwrap();
    let monei = format!("http://{gone}");
    let secret = ("MONEI_CLIENT_SECRET", "mcs_sim_secret");
    let reason = std::net::TcpStream::connect(gone).unwrap_err();
    refused(&run(&["check"], &sandbox(&[secret, ("MONEI_SANDBOX_URL", &monei)])), &format!("can't be reached: {reason}"));
    let store = format!("redis://:8d4e_password@{gone}");
    let values = [secret, ("MONEI_SANDBOX_URL", &answering()), ("CONNECT_REDIS_URL", &store)];
    refused(&run(&["check"], &sandbox(&values)), "CONNECT_REDIS_URL: the store can't be used: it can't be reached.");
}

/// A Redis with these settings, on a socket in a folder of its own, and its address but for the scheme.
#[cfg(unix)]
struct Redis {
    process: std::process::Child,
    folder: tempfile::TempDir,
}

#[cfg(unix)]
impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[cfg(unix)]
impl Redis {
    fn start(settings: &str) -> Redis {
        let folder = tempfile::tempdir().unwrap();
        let (socket, file) = (folder.path().join("socket"), folder.path().join("redis.conf"));
        std::fs::write(&file, format!("port 0\nsave \"\"\ndatabases 4\nunixsocket {}\n{settings}\n", socket.display())).unwrap();
        let mut command = Command::new("redis-server");
        let process = command.arg(file).current_dir(folder.path()).stdout(std::process::Stdio::null()).spawn();
        let process = process.expect("redis-server is needed for this test: install Debian's package redis-server");
        let begun = std::time::Instant::now();
        while std::os::unix::net::UnixStream::connect(&socket).is_err() {
            assert!(begun.elapsed() < std::time::Duration::from_secs(20), "redis-server listens");
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        Redis { process, folder }
    }

    fn check(&self, query: &str) -> Output {
        let store = format!("redis+unix://{}{query}", self.folder.path().join("socket").display());
        let monei = answering();
        let values = [("MONEI_CLIENT_SECRET", "mcs_sim_secret"), ("MONEI_SANDBOX_URL", &monei), ("CONNECT_REDIS_URL", &store)];
        run(&["check"], &sandbox(&values))
    }
}

#[cfg(unix)]
#[test]
fn check_says_in_plain_words_what_is_wrong_with_the_store() {
    let users = "user default on >8d4e_password ~* &* +@all\nuser reader on >8d4e_reader ~* &* +@all -@scripting";
    let more =
        "user stranger on >8d4e_stranger ~other:* &* +@all\nuser usual on >8d4e_usual ~{connect:* +@connection +@read +@write +@scripting";
    // As the operators' page has it.
    let told = "user full on >8d4e_full ~{connect:* +@all -@admin -@dangerous +info";
    let least = "user least on >8d4e_least ~{connect:* +@connection +@read +@write +@scripting +time +info";
    let redis = Redis::start(&[users, more, told, least].join("\n"));
    let fine = redis.check("?pass=8d4e_password&db=3");
    assert!(fine.status.success(), "{}", String::from_utf8_lossy(&fine.stderr));
    for user in ["full", "least"] {
        let fine = redis.check(&format!("?user={user}&pass=8d4e_{user}"));
        assert!(fine.status.success(), "{user}: {}", String::from_utf8_lossy(&fine.stderr));
    }
    for (query, said) in [
        ("?user=usual&pass=8d4e_usual", "the user may not run TIME, INFO or what else the scripts need"),
        ("?pass=8d4e_wrong", "it refuses the user name or the password."),
        ("", "it wants a password."),
        ("?pass=8d4e_password&db=77", "it has no database of that number"),
        ("?user=reader&pass=8d4e_reader", "the user may not run scripts"),
        ("?user=stranger&pass=8d4e_stranger", "or not use the keys that begin with {connect:"),
    ] {
        refused(&redis.check(query), said);
    }
    let full = Redis::start("maxmemory 1\nmaxmemory-policy noeviction");
    refused(&full.check(""), "it is full.");
}

#[test]
fn a_wrong_or_missing_value_stops_the_start_with_one_sentence() {
    refused(&run(&[], &[]), "MONEI_ENVIRONMENT");
    refused(&run(&[], &sandbox(&[])), "MONEI_CLIENT_SECRET");
    refused(&run(&[], &sandbox(&[("MONEI_CLIENT_SECRET", "mcs_8d4e7f2a9b")])), "MONEI_CLIENT_SECRET");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    refused(&run(&[], &sandbox(&[("MONEI_CLIENT_SECRET", "mcs_sim_secret"), ("CONNECT_LISTEN", &address)])), "CONNECT_LISTEN");
}

/// `check` found it sound, and the start named one of both alone.
#[test]
fn two_listeners_on_one_port_are_told_by_both_names() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let monei = answering();
    let own = [("MONEI_CLIENT_SECRET", "mcs_sim_secret"), ("MONEI_SANDBOX_URL", &monei), ("CONNECT_LISTEN", free.as_str())];
    let everywhere = free.replace("127.0.0.1", "0.0.0.0");
    for private in [&free, &everywhere] {
        let values = sandbox(&[&own[..], &[("CONNECT_PRIVATE_LISTEN", private.as_str())]].concat());
        for arguments in [&["check"][..], &[]] {
            let output = run(arguments, &values);
            refused(&output, "CONNECT_PRIVATE_LISTEN can't be used: CONNECT_LISTEN");
        }
    }
}

/// Such a value counted as absent, and the default took its place.
#[test]
fn a_value_that_is_no_text_stops_the_start() {
    #[cfg(unix)]
    let value: std::ffi::OsString = std::os::unix::ffi::OsStringExt::from_vec(b"127.0.0.1\xff8d4e".to_vec());
    #[cfg(windows)]
    let value: std::ffi::OsString = std::os::windows::ffi::OsStringExt::from_wide(&[0x38, 0x64, 0x34, 0x65, 0xd800]);
    let mut command = program(&sandbox(&[("MONEI_CLIENT_SECRET", "mcs_sim_secret")]));
    refused(&command.env("CONNECT_TRUSTED_PROXIES", value).arg("check").output().unwrap(), "CONNECT_TRUSTED_PROXIES");
}

#[cfg(unix)]
#[test]
fn a_file_that_others_can_read_stops_the_start() {
    use std::os::unix::fs::PermissionsExt;
    let (monei, folder) = (answering(), tempfile::tempdir().unwrap());
    let path = folder.path().join("secret");
    std::fs::write(&path, "mcs_sim_secret").unwrap();
    for (mode, fine) in [(0o644, false), (0o400, true)] {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        let output = run(&["check"], &sandbox(&[("MONEI_CLIENT_SECRET_FILE", path.to_str().unwrap()), ("MONEI_SANDBOX_URL", &monei)]));
        if fine { assert!(output.status.success()) } else { refused(&output, "MONEI_CLIENT_SECRET_FILE") }
    }
}

#[test]
fn a_log_level_that_makes_no_sense_is_said_to_be_so() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let values = [("MONEI_CLIENT_SECRET", "mcs_sim_secret"), ("CONNECT_LISTEN", address.as_str())];
    for (level, said_so) in [("info", false), ("connect_backend=loud", true)] {
        // It gets as far as the address, after the log.
        let output = run(&[], &sandbox(&[&values[..], &[("RUST_LOG", level)]].concat()));
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains("CONNECT_LISTEN"), "{said}");
        assert_eq!(said.contains("RUST_LOG can't be used"), said_so, "{said}");
    }
}

#[test]
fn values_are_not_taken_from_arguments() {
    let output = run(&["--client-secret=mcs_sim_secret"], &sandbox(&[]));
    assert_eq!(output.status.code(), Some(2));
}

/// `check` was silent about a misspelt name.
#[test]
fn check_tells_names_that_have_no_effect() {
    let monei = answering();
    let values = [("MONEI_CLIENT_SECRET", "mcs_sim_secret"), ("MONEI_SANDBOX_URL", &monei), ("MONEI_TOKEN_CALLS", "600")];
    let output = run(&["check"], &sandbox(&values));
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("MONEI_TOKEN_CALLS is set and has no effect"), "{said}");
    assert!(!said.contains("600") && !said.contains("MONEI_SANDBOX_URL"), "{said}");
}

/// An instance with these values, once it listens; its address, and its private one.
fn serving(values: &[(&str, &str)]) -> (Ended, String, String) {
    use std::io::BufRead;
    let free = || std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let (public, private) = (free(), free());
    let own = [("MONEI_CLIENT_SECRET", "mcs_sim_secret"), ("CONNECT_LISTEN", &public), ("CONNECT_PRIVATE_LISTEN", &private)];
    let mut command = program(&sandbox(&own));
    command.envs(values.iter().copied()).stdout(std::process::Stdio::piped());
    let mut child = Ended(command.spawn().unwrap());
    let mut lines = std::io::BufReader::new(child.0.stdout.take().unwrap()).lines();
    while !lines.next().expect("it listens").unwrap().contains("listening") {}
    // Nobody reads on, but the pipe stays open.
    std::mem::forget(lines);
    (child, public, private)
}

struct Ended(std::process::Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn status(address: &str, path: &str) -> String {
    use std::io::{Read, Write};
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(std::time::Duration::from_secs(20))).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("is answered");
    answer.split(' ').nth(1).unwrap().to_owned()
}

/// Requests hung on a log that nobody read.
#[test]
fn a_standard_output_that_nobody_reads_stops_no_request() {
    let (_instance, address, private) = serving(&[("CONNECT_PER_ADDRESS_PER_MINUTE", "0")]);
    // A pipe holds 64 KiB, a line has more than 200 bytes.
    for _ in 0..1_000 {
        assert_eq!(status(&address, "/v1/client"), "200");
    }
    assert_eq!(status(&private, "/readyz"), "200");
}

#[test]
fn a_supervisor_can_ask_by_a_command() {
    let (instance, _, private) = serving(&[]);
    let ask = |command: &str, address: &str| run(&[command], &[("CONNECT_PRIVATE_LISTEN", address)]);
    let everywhere = private.replace("127.0.0.1", "0.0.0.0");
    for command in ["health", "ready"] {
        assert!(ask(command, &private).status.success() && ask(command, &everywhere).status.success(), "{command}");
    }
    drop(instance);
    refused(&ask("health", &private), "can't be asked");
    refused(&ask("health", ""), "CONNECT_PRIVATE_LISTEN");
    let dead = "redis://127.0.0.1:1";
    let (_instance, _, private) = serving(&[("CONNECT_REDIS_URL", dead)]);
    assert!(ask("health", &private).status.success());
    refused(&ask("ready", &private), "503");
}

/// 63 threads against `TasksMax=64`.
#[cfg(target_os = "linux")]
#[test]
fn the_program_has_few_threads_however_many_the_computer_has() {
    let (instance, address, _) = serving(&[]);
    assert_eq!(status(&address, "/v1/client"), "200");
    let threads = std::fs::read_dir(format!("/proc/{}/task", instance.0.id())).map(Iterator::count);
    assert!(threads.is_ok_and(|count| count <= 20));
}

/// A socket in the file system was dropped silently, and the order decided what a socket is for.
#[cfg(unix)]
#[test]
fn sockets_are_taken_by_name_and_one_that_is_not_used_stops_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("callers");
    let start = |names: &str| {
        // Binds, and hands over, as systemd does: the private one first.
        let script = format!(
            "import os, socket\n\
             a = socket.socket(); a.bind(('127.0.0.1', 0)); a.listen()\n\
             b = socket.socket(socket.AF_UNIX); b.bind({path:?}); b.listen()\n\
             print(a.getsockname()[1], flush=True)\n\
             os.dup2(a.fileno(), 10); os.dup2(b.fileno(), 11)\n\
             os.dup2(10, 3); os.dup2(11, 4)\n\
             os.environ.update(LISTEN_FDS='2', LISTEN_PID=str(os.getpid()), LISTEN_FDNAMES={names:?})\n\
             os.execv({program:?}, ['connect-backend'])",
            path = path.to_str().unwrap(),
            program = env!("CARGO_BIN_EXE_connect-backend"),
        );
        let mut command = Command::new("/usr/bin/python3");
        command.args(["-c", &script]).env_clear().envs(sandbox(&[("MONEI_CLIENT_SECRET", "mcs_sim_secret")]));
        command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
        command.spawn().unwrap()
    };
    use std::io::{BufRead, Read, Write};
    let mut instance = Ended(start("private:callers"));
    let mut lines = std::io::BufReader::new(instance.0.stdout.take().unwrap()).lines();
    let port = lines.next().unwrap().unwrap();
    while !lines.next().expect("it listens").unwrap().contains("listening") {}
    assert_eq!(status(&format!("127.0.0.1:{port}"), "/healthz"), "200");
    let mut stream = std::os::unix::net::UnixStream::connect(&path).unwrap();
    stream.write_all(b"GET /v1/client HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    drop(instance);
    std::fs::remove_file(&path).unwrap();
    refused(&start("private:metrics").wait_with_output().unwrap(), "\"metrics\"");
}
