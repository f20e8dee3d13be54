//! `monei-sandbox serve`: for the tests of other programs, beyond loopback where that is asked for.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::kit::http;

/// A served sandbox, which ends with the test.
struct Served {
    child: Child,
    ready: Value,
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[expect(clippy::unwrap_used, reason = "a test's own plumbing: a panic is its way to fail")]
fn serve(state: &Path, arguments: &[&str]) -> Served {
    let mut command = Command::new(env!("CARGO_BIN_EXE_monei-sandbox"));
    command.env("XDG_STATE_HOME", state).arg("serve").args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    Served { child, ready: serde_json::from_str(&line).unwrap() }
}

impl Served {
    fn port(&self) -> u16 {
        self.ready["address"].as_str().and_then(|address| address.rsplit(':').next()).and_then(|port| port.parse().ok()).unwrap_or_default()
    }

    #[expect(clippy::unwrap_used, reason = "a test's own plumbing: a panic is its way to fail")]
    async fn ask(&self, path: &str, host: &str, token: Option<&str>) -> reqwest::Response {
        let request = http().get(format!("http://127.0.0.1:{}{path}", self.port())).header("host", host);
        let request = token.into_iter().fold(request, |request, token| request.bearer_auth(token));
        request.send().await.unwrap()
    }
}

#[tokio::test]
async fn one_line_of_json_says_where_everything_is_and_no_secret() {
    let state = tempfile::tempdir().unwrap();
    let served = serve(state.path(), &["--listen", "127.0.0.1:0"]);
    let ready = &served.ready;
    assert_eq!(
        (&ready["ready"], &ready["client_ids"], &ready["control_token_file"]),
        (&json!(true), &json!(["mc_sim_local"]), &Value::Null)
    );
    let secret = std::fs::read_to_string(ready["client_secret_file"].as_str().unwrap()).unwrap();
    assert!(!ready.to_string().contains(&secret));
    for url in ["health_url", "control_url"] {
        let url = ready[url].as_str().unwrap();
        let url = if url.ends_with("/sandbox/api") { format!("{url}/state") } else { url.to_owned() };
        assert_eq!(http().get(url).send().await.unwrap().status(), 200);
    }
}

#[tokio::test]
async fn beyond_loopback_hosts_are_named_and_the_control_page_wants_its_token() {
    let state = tempfile::tempdir().unwrap();
    let arguments = ["--listen", "0.0.0.0:0", "--allow-remote", "--allow-host", "sandbox", "--second-client", "mc_sim_other"];
    let served = serve(state.path(), &arguments);
    let file = served.ready["control_token_file"].as_str().unwrap();
    let token = std::fs::read_to_string(file).unwrap();
    assert!(token.len() > 32 && !served.ready.to_string().contains(&token));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let named = format!("sandbox:{}", served.port());
    for path in ["/sandbox", "/sandbox/api/state", "/sandbox/log"] {
        let refused = served.ask(path, &named, None).await;
        assert_eq!(refused.status(), 401, "{path}");
        assert!(refused.headers()["www-authenticate"].to_str().unwrap().starts_with("Basic "));
        assert_eq!(served.ask(path, &named, Some("wrong-token-of-some-length")).await.status(), 401, "{path}");
        assert_eq!(served.ask(path, &named, Some(&token)).await.status(), 200, "{path}");
        assert_eq!(served.ask(path, "127.0.0.1", None).await.status(), 401, "a loopback name is no token");
    }
    assert_eq!(served.ask("/sandbox/style.css", &named, None).await.status(), 200, "the consent page's own style");
    assert_eq!(served.ask("/healthz", "10.0.0.7", None).await.status(), 200, "asked for by address");
    assert_eq!(served.ask("/api/v1/user/me", &named, None).await.status(), 401, "Monei's own answer");
    for host in ["evil.example", "10.0.0.7", "sandbox.evil.example", ""] {
        assert_eq!(served.ask("/api/v1/user/me", host, None).await.status(), 421, "{host}");
        assert_eq!(served.ask("/sandbox/api/state", host, Some(&token)).await.status(), 421, "{host}");
    }
}

#[test]
fn an_address_beyond_loopback_is_served_only_where_that_was_asked_for() {
    let state = tempfile::tempdir().unwrap();
    for arguments in [&["serve", "--listen", "0.0.0.0:0"][..], &["serve", "--allow-host", "sandbox"][..]] {
        let ended = Command::new(env!("CARGO_BIN_EXE_monei-sandbox")).env("XDG_STATE_HOME", state.path()).args(arguments).output().unwrap();
        assert!(!ended.status.success(), "{arguments:?}");
        assert!(String::from_utf8_lossy(&ended.stderr).contains("--allow-remote"), "{arguments:?}");
    }
}

#[test]
fn every_option_can_come_from_the_environment_and_health_asks_where_it_serves() {
    let state = tempfile::tempdir().unwrap();
    let program = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_monei-sandbox"));
        command.env("XDG_STATE_HOME", state.path()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    };
    let mut command = program();
    command.env("MONEI_SANDBOX_LISTEN", "0.0.0.0:0").env("MONEI_SANDBOX_ALLOW_REMOTE", "true").env("MONEI_SANDBOX_ALLOW_HOST", "a,b");
    command.env("MONEI_SANDBOX_REDIRECT_URI", "http://127.0.0.1:3000/cb?a=1,2 https://app.example/cb").env("MONEI_SANDBOX_SEED", "7");
    let mut child = command.arg("serve").spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let served = Served { child, ready: serde_json::from_str(&line).unwrap() };
    assert_eq!(served.ready["redirect_uris"], json!(["http://127.0.0.1:3000/cb?a=1,2", "https://app.example/cb"]));
    // What it serves everywhere is asked on loopback.
    let health = |port: u16| program().env("MONEI_SANDBOX_LISTEN", format!("0.0.0.0:{port}")).arg("health").output().unwrap();
    assert!(health(served.port()).status.success());
    let port = served.port();
    drop(served);
    let gone = health(port);
    assert_eq!(gone.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&gone.stderr).contains(&port.to_string()), "it says where it asked");
}

#[test]
fn every_setting_that_packaging_and_documents_name_is_an_option() {
    let state = tempfile::tempdir().unwrap();
    let help =
        Command::new(env!("CARGO_BIN_EXE_monei-sandbox")).env("XDG_STATE_HOME", state.path()).args(["serve", "--help"]).output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut named = std::collections::BTreeSet::new();
    for file in [
        "packaging/monei-sandbox/Containerfile",
        "packaging/monei-sandbox/compose.yaml",
        "packaging/monei-sandbox/github-actions.yml",
        "packaging/monei-sandbox/monei-sandbox.1",
        "docs/sandbox-in-ci.md",
    ] {
        let text = std::fs::read_to_string(root.join(file)).unwrap();
        for rest in text.split("MONEI_SANDBOX_").skip(1) {
            let name: String = rest.chars().take_while(|letter| letter.is_ascii_uppercase() || *letter == '_').collect();
            // What the backend calls the sandbox's address is a setting of its own.
            if !name.is_empty() && name != "URL" {
                named.insert(format!("MONEI_SANDBOX_{name}"));
            }
        }
    }
    assert!(named.len() >= 6, "{named:?}");
    for name in named {
        assert!(help.contains(&name), "{name} is no option of `serve`");
    }
}
