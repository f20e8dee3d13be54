//! Stores as operators run them, with real servers that fail in the middle of a login: each is told as a clear 503 while it lasts, and is over by
//! itself within 15 seconds.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use reqwest::StatusCode;
use serde_json::Value;

use crate::fleet::{Instance, Running};
use crate::support::*;

/// How soon an instance serves again after its store does, or after another server took over.
const BACK_WITHIN: Duration = Duration::from_secs(15);

/// A port that is free, and so is the one of a cluster's bus, 10,000 above. Both are below those that the system gives to connections, and none is
/// given twice.
fn port() -> u16 {
    static NEXT: LazyLock<AtomicU16> = LazyLock::new(|| AtomicU16::new(rand::random()));
    let is_free = |port: u16| std::net::TcpListener::bind(("127.0.0.1", port)).is_ok();
    loop {
        let port = 10_000 + NEXT.fetch_add(1, Ordering::Relaxed) % 10_000;
        if is_free(port) && is_free(port + 10_000) {
            return port;
        }
    }
}

/// A server that listens on `port`.
fn server(folder: &Path, port: u16, settings: &[&str]) -> Running {
    let own = folder.join(port.to_string());
    std::fs::create_dir_all(&own).unwrap();
    let mut command = Command::new("redis-server");
    command.args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", ""]).args(settings).current_dir(own);
    Running(command.stdout(Stdio::null()).spawn().expect("redis-server is needed for this test: install Debian's package redis-server"))
}

fn ask(port: u16, words: &[&str]) -> String {
    let output = Command::new("redis-cli").args(["-p", &port.to_string()]).args(words).output().unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Waits until `condition`, at most a minute: servers find each other at their own pace.
async fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let wait = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), wait).await.unwrap_or_else(|_| panic!("{what}"));
}

async fn ready(world: &World) -> bool {
    world.private("/readyz").await.status() == StatusCode::OK
}

/// Waits until the instance says itself that it can serve.
async fn until_ready(world: &World) {
    let wait = async {
        while !ready(world).await {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(BACK_WITHIN, wait).await.expect("it is back by itself within 15 seconds");
    assert_eq!(world.metric("connect_store_up").await, Some(1));
}

/// Until it says that it can't serve, every request is answered, with 503 where the store is needed.
async fn is_clear_about_its_store(world: &World) {
    let url = world.start_url(&Proof::new().challenge, RETURN, "wallet:read");
    let seen = async {
        loop {
            // At once: a replica may take over between two questions.
            let (page, ready, up) = tokio::join!(world.visit(&url, None), ready(world), world.metric("connect_store_up"));
            match page.status() {
                StatusCode::SERVICE_UNAVAILABLE if !ready && up == Some(0) => return,
                StatusCode::SERVICE_UNAVAILABLE | StatusCode::SEE_OTHER => {}
                other => panic!("neither served nor clearly not: {other}"),
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), seen).await.expect("page, readiness and metric tell it");
}

/// A login that is on the consent page, the store's trouble, and the login's end.
struct Login {
    proof: Proof,
    started: Started,
    code: String,
}

impl Login {
    async fn begin(world: &World) -> Self {
        let proof = Proof::new();
        let started = world.start(&proof, RETURN).await;
        let code = world.code(&started).await;
        Self { proof, started, code }
    }

    async fn finish(&self, world: &World) {
        let url = world.callback_url(&self.code, &self.started.state);
        let response = world.visit(&url, Some(&self.started.cookie)).await;
        assert_eq!(response.status(), StatusCode::SEE_OTHER, "the approval is not lost");
        let handoff = handoff_of(&header(&response, "location"));
        let response = world.redeem(&handoff, &self.proof.verifier).await;
        if response.status() == StatusCode::TOO_MANY_REQUESTS {
            // Where calls of the last minute may be forgotten, token calls wait for it to pass, and say how long.
            let wait = problem(response, 429, "rate_limited").await.expect("says how long");
            assert!(wait <= 61, "{wait}");
            return;
        }
        assert_eq!(response.status(), StatusCode::OK);
        assert!(response.json::<Value>().await.unwrap()["access_token"].is_string());
    }
}

/// The shared budget, as the server at `port` has it: its name and its value.
fn budget(port: u16) -> (String, String) {
    let name = ask(port, &["keys", "*}:budget"]).trim().to_owned();
    let value = ask(port, &["get", &name]).trim().to_owned();
    assert!(value.contains("sent"), "{name}: {value}");
    (name, value)
}

/// A new primary that lacks the last calls, and an instance that knows nothing of them: none is made until they are a minute old.
async fn makes_no_call_after_a_failover(world: &World, url: &str, promoted: u16, (name, earlier): &(String, String)) {
    assert_eq!(ask(promoted, &["set", name, earlier]).trim(), "OK");
    let calls = world.token_calls().await;
    let instance = Instance::start(world, &[("CONNECT_REDIS_URL", url)]).await;
    let newcomer = world.at(&instance.base);
    let proof = Proof::new();
    let handoff = newcomer.handoff(&proof).await;
    let wait = problem(newcomer.redeem(&handoff, &proof.verifier).await, 429, "rate_limited").await.expect("says how long");
    assert!((40..=61).contains(&wait), "{wait}");
    assert_eq!(world.token_calls().await, calls, "nobody knows what was sent before, so nothing is sent");
}

#[tokio::test]
async fn a_primary_that_is_lost_to_a_replica_costs_no_approval_and_no_call_too_many() {
    let folder = tempfile::tempdir().unwrap();
    let [primary, replica, sentinel] = [port(), port(), port()];
    let lost = server(folder.path(), primary, &[]);
    let _replica = server(folder.path(), replica, &["--replicaof", "127.0.0.1", &primary.to_string()]);
    until("the replica follows", || ask(replica, &["info", "replication"]).contains("master_link_status:up")).await;
    let conf = folder.path().join("sentinel.conf");
    let text = format!(
        "port {sentinel}\nbind 127.0.0.1\ndir {}\nsentinel monitor mymaster 127.0.0.1 {primary} 1\n\
         sentinel down-after-milliseconds mymaster 1000\nsentinel failover-timeout mymaster 5000\n",
        folder.path().display()
    );
    std::fs::write(&conf, text).unwrap();
    let mut command = Command::new("redis-server");
    let _sentinel = Running(command.arg(&conf).arg("--sentinel").stdout(Stdio::null()).spawn().unwrap());
    until("the sentinel knows the replica", || ask(sentinel, &["sentinel", "replicas", "mymaster"]).contains(&replica.to_string())).await;

    let url = format!("redis+sentinel://127.0.0.1:{sentinel}/mymaster");
    let world = World::with(&[("CONNECT_REDIS_URL", &url)]).await;
    world.connect().await;
    let earlier = budget(primary);
    for _ in 0..4 {
        world.connect().await;
    }
    let login = Login::begin(&world).await;
    drop(lost);
    is_clear_about_its_store(&world).await;
    until("the replica takes over", || ask(replica, &["role"]).starts_with("master")).await;
    until_ready(&world).await;
    makes_no_call_after_a_failover(&world, &url, replica, &earlier).await;
    login.finish(&world).await;
}

#[tokio::test]
async fn a_cluster_of_six_that_loses_a_master_costs_no_approval_and_no_call_too_many() {
    let folder = tempfile::tempdir().unwrap();
    let ports: Vec<u16> = (0..6).map(|_| port()).collect();
    let settings = ["--cluster-enabled", "yes", "--cluster-node-timeout", "2000", "--repl-diskless-sync-delay", "0"];
    let mut servers: Vec<_> = ports.iter().map(|port| server(folder.path(), *port, &settings)).collect();
    for port in &ports {
        until("a node answers", || ask(*port, &["ping"]).contains("PONG")).await;
    }
    let nodes: Vec<_> = ports.iter().map(|port| format!("127.0.0.1:{port}")).collect();
    let mut create = Command::new("redis-cli");
    create.args(["--cluster", "create"]).args(&nodes).args(["--cluster-replicas", "1", "--cluster-yes"]);
    assert!(create.output().unwrap().status.success(), "the cluster is made");
    for port in &ports {
        until("the cluster is whole", || ask(*port, &["cluster", "info"]).contains("cluster_state:ok")).await;
    }
    let follows = |port: &&u16| ask(**port, &["info", "replication"]).contains("master_link_status:up");
    until("each master has its replica", || ports.iter().filter(follows).count() == 3).await;

    let url = format!("redis+cluster://{}", nodes[..3].join(","));
    let world = World::with(&[("CONNECT_REDIS_URL", &url)]).await;
    world.connect().await;
    let written = || ports.iter().filter(|port| ask(**port, &["role"]).starts_with("master") && !ask(**port, &["dbsize"]).starts_with('0'));
    let keeps_budget = |port: &u16| ask(*port, &["keys", "*}:budget"]).contains("budget");
    let has_budget = |port: &u16| ask(*port, &["role"]).starts_with("master") && keeps_budget(port);
    let lost = ports.iter().position(has_budget).expect("a master has the budget");
    // The link of a replica is up before its first copy is there.
    until("its replica has the budget", || ports.iter().any(|port| *port != ports[lost] && keeps_budget(port))).await;
    let earlier = budget(ports[lost]);
    for _ in 0..4 {
        world.connect().await;
    }
    assert!(written().count() > 1, "entries are spread over the masters");
    let login = Login::begin(&world).await;
    // The one that has the budget, which every start needs.
    drop(servers.remove(lost));
    is_clear_about_its_store(&world).await;
    let goes_on = |port: &u16| {
        *port == ports[lost]
            || (ask(*port, &["cluster", "info"]).contains("cluster_state:ok") && ask(*port, &["cluster", "nodes"]).contains("master,fail "))
    };
    until("the cluster goes on without it", || ports.iter().all(goes_on)).await;
    until("a replica takes over, with the budget", || ports.iter().any(has_budget)).await;
    let promoted = *ports.iter().find(|port| has_budget(port)).expect("the new master has the budget");
    until_ready(&world).await;
    makes_no_call_after_a_failover(&world, &url, promoted, &earlier).await;
    login.finish(&world).await;
}

/// A certificate of `names`, signed by an authority of its own; its PEM texts in `folder`.
fn certificates(folder: &Path) {
    use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
    let write = |name: &str, text: String| std::fs::write(folder.join(name), text).unwrap();
    let ca_key = KeyPair::generate().unwrap();
    let mut ca = CertificateParams::new(Vec::new()).unwrap();
    // A certificate with its issuer's name counts as signed by itself.
    ca.distinguished_name.push(DnType::CommonName, "Test authority");
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    write("ca.pem", ca.self_signed(&ca_key).unwrap().pem());
    let issuer = Issuer::new(ca, ca_key);
    for name in ["server", "client"] {
        let key = KeyPair::generate().unwrap();
        let mut certificate = CertificateParams::new(vec!["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
        certificate.distinguished_name.push(DnType::CommonName, name);
        write(&format!("{name}.pem"), certificate.signed_by(&key, &issuer).unwrap().pem());
        write(&format!("{name}.key"), key.serialize_pem());
    }
}

#[tokio::test]
async fn a_store_with_a_private_authority_that_wants_a_certificate_is_used() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    certificates(folder.path());
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    std::fs::set_permissions(path("client.key"), std::fs::Permissions::from_mode(0o400)).unwrap();
    let tls = port();
    let settings = [
        ("--tls-port", tls.to_string()),
        ("--tls-cert-file", path("server.pem")),
        ("--tls-key-file", path("server.key")),
        ("--tls-ca-cert-file", path("ca.pem")),
        ("--tls-auth-clients", "yes".to_owned()),
    ];
    let settings: Vec<&str> = settings.iter().flat_map(|(name, value)| [*name, value.as_str()]).collect();
    let plain = port();
    let _server = server(folder.path(), plain, &settings);
    until("it answers", || ask(plain, &["ping"]).contains("PONG")).await;
    let url = format!("rediss://localhost:{tls}");
    let all = [
        ("CONNECT_REDIS_URL", url.as_str()),
        ("CONNECT_REDIS_CA_FILE", &path("ca.pem")),
        ("CONNECT_REDIS_CERTIFICATE_FILE", &path("client.pem")),
        ("CONNECT_REDIS_KEY_FILE", &path("client.key")),
    ];
    let world = World::with(&all).await;
    until_ready(&world).await;
    world.connect().await;
    assert!(ask(plain, &["dbsize"]).trim() != "0");
    // Without the authority it isn't trusted, and without the certificate it is refused.
    for fewer in [&all[..1], &all[..2]] {
        let world = World::with(fewer).await;
        assert!(!ready(&world).await, "{fewer:?}");
    }
}

/// Writes a secret as an operator should: whole, and closed to others from the start.
fn secret(folder: &Path, name: &str, text: &str) -> String {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let (path, fresh) = (folder.join(name), folder.join(format!("{name}.new")));
    let mut file = std::fs::OpenOptions::new().create_new(true).write(true).mode(0o400).open(&fresh).unwrap();
    file.write_all(text.as_bytes()).unwrap();
    std::fs::rename(fresh, &path).unwrap();
    path.to_str().unwrap().to_owned()
}

/// A new password took a restart, and until then no other secret could be rotated.
#[tokio::test]
async fn a_new_password_of_the_store_is_taken_by_a_hangup_if_it_works() {
    let folder = tempfile::tempdir().unwrap();
    let at = port();
    let _server = server(folder.path(), at, &["--requirepass", "first"]);
    until("it answers", || ask(at, &["--no-auth-warning", "-a", "first", "ping"]).contains("PONG")).await;
    let url = |password: &str| format!("redis://:{password}@127.0.0.1:{at}");
    let operator = |password: &str, words: &[&str]| ask(at, &[&["--no-auth-warning", "-a", password], words].concat());
    let sandbox = World::new().await;
    let files = [secret(folder.path(), "url", &url("first")), secret(folder.path(), "secret", CLIENT_SECRET)];
    let values =
        [("CONNECT_REDIS_URL_FILE", files[0].as_str()), ("MONEI_CLIENT_SECRET", ""), ("MONEI_CLIENT_SECRET_FILE", files[1].as_str())];
    let instance = Instance::start(&sandbox, &values).await;
    let world = sandbox.at(&instance.base);
    world.connect().await;
    let login = Login::begin(&world).await;

    // One that the store doesn't take: the other secrets are taken all the same, and the old link goes on.
    sandbox.switch("secret_overlap", "off").await;
    sandbox.change_secret("mcs_sim_CNRYthe_next_secret").await;
    secret(folder.path(), "secret", "mcs_sim_CNRYthe_next_secret");
    secret(folder.path(), "url", &url("wrong"));
    instance.process.signal("-HUP");
    let kept = instance.logged("store_link_kept").await;
    assert!(kept["reason"].as_str().unwrap().contains("password"), "{kept}");
    let reloaded = instance.logged("reloaded").await;
    assert_eq!((&reloaded["client_secrets_changed"], &reloaded["store_link_changed"]), (&true.into(), &false.into()));
    world.connect().await;

    // Another store is another matter.
    secret(folder.path(), "url", &format!("redis://:first@127.0.0.1:{}", port()));
    instance.process.signal("-HUP");
    assert!(instance.logged("reload_refused").await["error"].as_str().unwrap().contains("CONNECT_REDIS_URL"));

    operator("first", &["config", "set", "requirepass", "second"]);
    operator("second", &["client", "kill", "type", "normal"]);
    let response = world.visit(&world.start_url(&Proof::new().challenge, RETURN, "wallet:read"), None).await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    secret(folder.path(), "url", &url("second"));
    instance.process.signal("-HUP");
    instance.logged_with("reloaded", |fields| fields["store_link_changed"] == true).await;
    world.connect().await;
    login.finish(&world).await;
}

#[tokio::test]
async fn a_new_certificate_for_the_store_is_taken_by_a_hangup() {
    let folder = tempfile::tempdir().unwrap();
    certificates(folder.path());
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (plain, tls) = (port(), port());
    let settings = [
        ("--tls-port", tls.to_string()),
        ("--tls-cert-file", path("server.pem")),
        ("--tls-key-file", path("server.key")),
        ("--tls-ca-cert-file", path("ca.pem")),
        ("--tls-auth-clients", "yes".to_owned()),
    ];
    let settings: Vec<&str> = settings.iter().flat_map(|(name, value)| [*name, value.as_str()]).collect();
    let _server = server(folder.path(), plain, &settings);
    until("it answers", || ask(plain, &["ping"]).contains("PONG")).await;
    let text = |name: &str| std::fs::read_to_string(path(name)).unwrap();
    let url = format!("rediss://localhost:{tls}");
    let key = secret(folder.path(), "own.key", &text("client.key"));
    std::fs::copy(path("client.pem"), path("own.pem")).unwrap();
    let sandbox = World::new().await;
    let values = [
        ("CONNECT_REDIS_URL", url.as_str()),
        ("CONNECT_REDIS_CA_FILE", &path("ca.pem")),
        ("CONNECT_REDIS_CERTIFICATE_FILE", &path("own.pem")),
        ("CONNECT_REDIS_KEY_FILE", &key),
    ];
    let instance = Instance::start(&sandbox, &values).await;
    let world = sandbox.at(&instance.base);
    world.connect().await;
    // The server's own will do: it is of the same authority.
    secret(folder.path(), "own.key", &text("server.key"));
    std::fs::copy(path("server.pem"), path("own.pem")).unwrap();
    instance.process.signal("-HUP");
    instance.logged_with("reloaded", |fields| fields["store_link_changed"] == true).await;
    world.connect().await;
}

#[tokio::test]
async fn a_password_that_is_wrong_for_a_while_is_tried_again() {
    let folder = tempfile::tempdir().unwrap();
    let at = port();
    let _server = server(folder.path(), at, &["--requirepass", "first"]);
    until("it answers", || ask(at, &["--no-auth-warning", "-a", "first", "ping"]).contains("PONG")).await;
    let world = World::with(&[("CONNECT_REDIS_URL", &format!("redis://:first@127.0.0.1:{at}"))]).await;
    let login = Login::begin(&world).await;
    let operator = |password: &str, words: &[&str]| ask(at, &[&["--no-auth-warning", "-a", password], words].concat());
    operator("first", &["config", "set", "requirepass", "second"]);
    operator("second", &["client", "kill", "type", "normal"]);
    is_clear_about_its_store(&world).await;
    operator("second", &["config", "set", "requirepass", "first"]);
    until_ready(&world).await;
    login.finish(&world).await;
}

#[tokio::test]
async fn a_store_that_goes_silent_fills_up_or_can_only_be_read_is_told_and_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let at = port();
    let server = server(folder.path(), at, &["--maxmemory-policy", "noeviction"]);
    until("it answers", || ask(at, &["ping"]).contains("PONG")).await;
    let world = World::with(&[("CONNECT_REDIS_URL", &format!("redis://127.0.0.1:{at}"))]).await;
    world.connect().await;
    type Change<'a> = Box<dyn Fn() + 'a>;
    let set = |words: &'static [&'static str]| -> Change<'_> { Box::new(move || drop(ask(at, words))) };
    let troubles: [(Change<'_>, Change<'_>); 4] = [
        (Box::new(|| server.signal("-STOP")), Box::new(|| server.signal("-CONT"))),
        (set(&["config", "set", "maxmemory", "1"]), set(&["config", "set", "maxmemory", "0"])),
        // As a primary that is cut off from its replicas.
        (set(&["config", "set", "min-replicas-to-write", "1"]), set(&["config", "set", "min-replicas-to-write", "0"])),
        (set(&["replicaof", "127.0.0.1", "1"]), set(&["replicaof", "no", "one"])),
    ];
    for (begin, end) in troubles {
        let login = Login::begin(&world).await;
        begin();
        is_clear_about_its_store(&world).await;
        end();
        until_ready(&world).await;
        login.finish(&world).await;
    }
}

#[tokio::test]
async fn a_store_that_restarts_empty_holds_token_calls_for_a_minute_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let at = port();
    let first = server(folder.path(), at, &[]);
    until("it answers", || ask(at, &["ping"]).contains("PONG")).await;
    let world = World::with(&[("CONNECT_REDIS_URL", &format!("redis://127.0.0.1:{at}"))]).await;
    world.connect().await;
    drop(first);
    is_clear_about_its_store(&world).await;
    let _second = server(folder.path(), at, &[]);
    until_ready(&world).await;
    let proof = Proof::new();
    let handoff = world.handoff(&proof).await;
    let calls = world.token_calls().await;
    let wait = problem(world.redeem(&handoff, &proof.verifier).await, 429, "rate_limited").await.expect("says how long");
    assert!((40..=61).contains(&wait), "{wait}");
    assert_eq!(world.token_calls().await, calls, "nobody knows what was sent before, so nothing is sent");
}

/// A store that gave no answer may still carry out later what it was asked. A claim that it makes so late has no owner: it must not keep the app from
/// redeeming its handoff for as long as a claim lives.
#[tokio::test]
async fn a_redeem_that_a_silent_store_refused_can_be_made_again_as_soon_as_it_answers() {
    let folder = tempfile::tempdir().unwrap();
    let at = port();
    let server = server(folder.path(), at, &[]);
    until("it answers", || ask(at, &["ping"]).contains("PONG")).await;
    let world = World::with(&[("CONNECT_REDIS_URL", &format!("redis://127.0.0.1:{at}"))]).await;
    world.connect().await;
    let proof = Proof::new();
    let handoff = world.handoff(&proof).await;
    server.signal("-STOP");
    problem(world.redeem(&handoff, &proof.verifier).await, 503, "service_unavailable").await;
    assert_eq!(world.token_calls().await, 1, "only that of the login before");
    server.signal("-CONT");
    until_ready(&world).await;
    let redeemed = async {
        loop {
            let response = world.redeem(&handoff, &proof.verifier).await;
            match response.status() {
                StatusCode::SERVICE_UNAVAILABLE => tokio::time::sleep(Duration::from_millis(200)).await,
                status => return status,
            }
        }
    };
    let status = tokio::time::timeout(Duration::from_secs(10), redeemed).await.expect("the claim without an owner is taken back");
    assert_eq!(status, StatusCode::OK);
    assert_eq!(world.token_calls().await, 2);
}
