//! The local API against the real backend and the real sandbox: who gets in, what is passed on, and what Monei never sees.

// Most of it goes over the Unix socket.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a step of a test that fails is a failed test")]

#[path = "../../core/tests/support/mod.rs"]
mod support;

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use connect_core::clock::Clock;
use connect_core::{App, AppKey, Caller, NewApp};
use connect_local_api::{LocalApi, Place, Port, Reach, Role, Status};
use monei::permission::{Effect, PERMISSIONS};
use serde_json::{Value, json};
use support::{World, scopes};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};

/// A served API.
struct Served {
    world: World,
    account: String,
    api: LocalApi,
    place: Place,
    _folder: tempfile::TempDir,
}

fn all() -> Vec<&'static str> {
    PERMISSIONS.iter().map(|row| row.scope.as_str()).collect()
}

impl Served {
    async fn new() -> Self {
        let world = World::new().await;
        let account = world.connect("ada", &all(), &all()).await;
        let folder = tempfile::tempdir().unwrap();
        let place = Place { socket: Some(folder.path().join("monei-connections/api.sock")), locks: world.data_dir() };
        let api = LocalApi::start(world.core.clone(), place.clone(), Role::Window);
        let served = Self { world, account, api, place, _folder: folder };
        served.until(|status| status.socket != Reach::Closed).await;
        served
    }

    async fn until(&self, wanted: impl Fn(&Status) -> bool) -> Status {
        let mut status = self.api.status();
        tokio::time::timeout(Duration::from_secs(20), status.wait_for(|status| wanted(status))).await.unwrap().unwrap().clone()
    }

    async fn allow(&self, name: &str, given: &[&str]) -> (App, AppKey) {
        let new = NewApp { name: name.into(), account: self.account.clone(), scopes: scopes(given), until: None };
        let allowed = self.world.core.allow_app(&Caller::Window, new).await.unwrap();
        self.api.refresh();
        self.until(|status| status.tcp != Reach::Closed).await;
        allowed
    }

    async fn base(&self) -> String {
        format!("http://127.0.0.1:{}", self.until(|status| status.tcp == Reach::Open).await.port.unwrap())
    }

    fn socket(&self) -> PathBuf {
        self.place.socket.clone().unwrap()
    }

    /// Calls that reached Monei's API.
    async fn reached(&self) -> u64 {
        let state = self.world.sandbox_state().await;
        let rows = state["counters"]["requests"].as_array().unwrap().clone();
        let is_api = |row: &&Value| row["path"].as_str().is_some_and(|path| path.starts_with("/api/v1/") && !path.contains("/connect/"));
        rows.iter().filter(is_api).map(|row| row["count"].as_u64().unwrap()).sum()
    }
}

/// Status, reason, body.
async fn told(response: reqwest::Response) -> (u16, Option<String>, Value) {
    let reason = response.headers().get("connect-reason").map(|reason| reason.to_str().unwrap().to_owned());
    (response.status().as_u16(), reason, response.json().await.unwrap())
}

async fn get(base: &str, path: &str, key: &AppKey) -> (u16, Option<String>, Value) {
    told(support::http().get(format!("{base}{path}")).header("x-api-key", key.expose()).send().await.unwrap()).await
}

/// Sends raw bytes and reads to the end.
async fn raw(mut stream: impl AsyncReadExt + AsyncWriteExt + Unpin, request: &str) -> String {
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut text = Vec::new();
    tokio::time::timeout(Duration::from_secs(40), stream.read_to_end(&mut text)).await.unwrap().ok();
    String::from_utf8_lossy(&text).into_owned()
}

fn body(answer: &str) -> Value {
    serde_json::from_str(answer.split("\r\n\r\n").nth(1).unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_endpoint_is_open_exactly_where_its_permission_was_given_and_what_spends_is_not_sent_unseen() {
    let served = Served::new().await;
    served.allow("Whole", &all()).await;
    let base = served.base().await;
    let client = support::http();
    for row in &PERMISSIONS {
        let scope = row.scope.as_str();
        let (app, key) = served.allow(&format!("Only {}", row.feature), &[scope]).await;
        let call = async |endpoint: &monei::Endpoint| {
            let path = endpoint.fill(&vec!["x1"; endpoint.path.matches("/:").count()]).unwrap();
            let request = match endpoint.method {
                monei::Method::Get => client.get(format!("{base}/api/v1{path}")),
                monei::Method::Post => client.post(format!("{base}/api/v1{path}")).json(&json!({"amount": 1})),
            };
            told(request.header("x-api-key", key.expose()).send().await.unwrap()).await.1
        };
        let spends = |endpoint: &&monei::Endpoint| endpoint.effect == Effect::Spends || endpoint.path == "/wallet/deposit";
        let before = served.reached().await;
        for other in PERMISSIONS.iter().filter(|other| other.scope != row.scope) {
            for endpoint in other.endpoints {
                assert_eq!(call(endpoint).await.as_deref(), Some("permission_not_given"), "{scope}: {}", endpoint.path);
            }
        }
        for endpoint in row.endpoints.iter().filter(spends) {
            // The body isn't one that could be shown to the person; a deposit without its method could charge a card.
            let expected = if endpoint.effect == Effect::Spends { "request_invalid" } else { "confirmation_needed" };
            assert_eq!(call(endpoint).await.as_deref(), Some(expected), "{scope}: {}", endpoint.path);
        }
        assert_eq!(served.reached().await, before, "{scope}: something reached Monei that shouldn't");
        let open: Vec<_> = row.endpoints.iter().filter(|endpoint| !spends(endpoint)).collect();
        for endpoint in &open {
            assert_eq!(call(endpoint).await, None, "{scope}: {}", endpoint.path);
        }
        assert_eq!(served.reached().await - before, open.len() as u64, "{scope}");
        served.world.core.take_back_app(&app.id).await.unwrap();
    }
    served.api.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_given_and_is_not_granted_any_more_is_not_sent() {
    let served = Served::new().await;
    let (world, client) = (&served.world, support::http());
    let mut first = all();
    first.retain(|scope| *scope != "kyc:read");
    let tunde = world.connect("tunde", &first, &first).await;
    let new = NewApp { name: "Whole".into(), account: tunde.clone(), scopes: scopes(&first), until: None };
    let (app, key) = world.core.allow_app(&Caller::Window, new).await.unwrap();
    served.api.refresh();
    let base = served.base().await;
    assert_eq!(get(&base, "/api/v1/wallet/me", &key).await.0, 200);
    // Monei gives a token for the new permission alone, and the older one ends.
    world.control("switch", json!({"name": "upgrade_scopes", "value": "only_new"})).await;
    world.control("switch", json!({"name": "old_pair_after_upgrade", "value": "dead"})).await;
    world.core.reconnect(&Caller::Window, &tunde, scopes(&["kyc:read"])).await.unwrap();
    world.approve("tunde", &["kyc:read"]).await;
    world.settle_upgrade().await;
    world.core.extend_app(&Caller::Window, &app.id, &scopes(&["kyc:read"]), None).await.unwrap();
    let lost = get(&base, "/api/v1/wallet/me", &key).await.1;
    assert!(matches!(lost.as_deref(), Some("account_needs_reconnect" | "scope_not_granted")), "{lost:?}");
    let before = served.reached().await;
    for endpoint in PERMISSIONS.iter().filter(|row| row.scope.as_str() != "kyc:read").flat_map(|row| row.endpoints) {
        let path = endpoint.fill(&vec!["x1"; endpoint.path.matches("/:").count()]).unwrap();
        let request = match endpoint.method {
            monei::Method::Get => client.get(format!("{base}/api/v1{path}")),
            monei::Method::Post => client.post(format!("{base}/api/v1{path}")),
        };
        let (_, reason, _) = told(request.header("x-api-key", key.expose()).send().await.unwrap()).await;
        assert_eq!(reason.as_deref(), Some("scope_not_granted"), "{path}");
    }
    assert_eq!(served.reached().await, before);
    assert_eq!(get(&base, "/api/v1/kyc/status", &key).await.0, 200);
    served.api.shutdown().await;
}

/// As a script that is given two seconds.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_in_the_record_though_its_program_went_away() {
    let served = Served::new().await;
    let (app, key) = served.allow("Budget", &["wallet:read"]).await;
    let url = format!("{}/api/v1/wallet/me", served.base().await);
    served.world.control("fault", json!({"target": "/wallet/me", "kind": "delay", "delay_ms": 1_500, "times": 1})).await;
    let call = support::http().get(url).header("x-api-key", key.expose()).timeout(Duration::from_millis(500)).send();
    assert!(call.await.unwrap_err().is_timeout());
    let recorded = async {
        loop {
            match served.world.core.app_log(&app.id).await.unwrap()[..] {
                [] => tokio::time::sleep(Duration::from_millis(50)).await,
                [ref only] => break (only.outcome.clone(), only.count),
                ref several => panic!("{several:?}"),
            }
        }
    };
    let recorded = tokio::time::timeout(Duration::from_secs(20), recorded).await.expect("in the record");
    assert_eq!(recorded, ("ok".to_owned(), 1));
    served.api.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_that_cannot_be_read_for_a_while_takes_no_way_in_from_apps() {
    let served = Served::new().await;
    let (_, key) = served.allow("Sheet", &["wallet:read"]).await;
    let base = served.base().await;
    let before = served.until(|status| status.tcp == Reach::Open && status.socket == Reach::Open).await;
    let index = rusqlite::Connection::open(served.world.data_dir().join("index.sqlite")).unwrap();
    index.execute_batch("ALTER TABLE apps RENAME TO apps_elsewhere").unwrap();
    // Longer than the time between two looks.
    let mut status = served.api.status();
    served.api.refresh();
    let closed = tokio::time::timeout(Duration::from_secs(5), status.wait_for(|now| *now != before)).await;
    assert!(closed.is_err(), "{:?}", closed.map(|status| status.unwrap().clone()));
    assert_eq!(get(&base, "/api/v1/wallet/me", &key).await.1.as_deref(), Some("unreachable"), "nobody gets in unseen");
    index.execute_batch("ALTER TABLE apps_elsewhere RENAME TO apps").unwrap();
    assert_eq!(get(&base, "/api/v1/wallet/me", &key).await.0, 200);
    // It is looked at again.
    let app = served.world.core.apps().await.unwrap().remove(0).id;
    served.world.core.take_back_app(&app).await.unwrap();
    served.until(|status| status.tcp == Reach::Closed).await;
    served.api.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_port_is_open_while_no_app_is_allowed_and_the_socket_is_the_persons_alone() {
    let served = Served::new().await;
    let status = served.until(|status| status.serving).await;
    assert_eq!((status.socket, status.tcp, status.port), (Reach::Open, Reach::Closed, None));
    let about = std::fs::symlink_metadata(served.socket()).unwrap();
    assert_eq!(about.permissions().mode() & 0o777, 0o600);
    assert_eq!(std::fs::metadata(served.socket().parent().unwrap()).unwrap().mode() & 0o777, 0o700);
    let asked = raw(
        UnixStream::connect(served.socket()).await.unwrap(),
        "GET /api/v1/user/me HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    )
    .await;
    assert!(asked.starts_with("HTTP/1.1 401") && asked.contains("connect-reason: key_unknown"), "{asked}");
    let (app, key) = served.allow("Sheet", &["wallet:read"]).await;
    let port = served.until(|status| status.tcp == Reach::Open).await.port.unwrap();
    assert!(port < 32_768);
    assert_eq!(get(&served.base().await, "/api/v1/wallet/me", &key).await.0, 200);
    served.world.core.take_back_app(&app.id).await.unwrap();
    assert_eq!(get(&served.base().await, "/api/v1/wallet/me", &key).await.1.as_deref(), Some("key_unknown"));
    served.api.refresh();
    served.until(|status| status.tcp == Reach::Closed).await;
    assert!(TcpStream::connect(("127.0.0.1", port)).await.is_err());
    // The next app finds the same port.
    let (again, _) = served.allow("Sheet again", &["wallet:read"]).await;
    assert_eq!(served.until(|status| status.tcp == Reach::Open).await.port, Some(port));
    // What nobody tells the listener of it finds by itself: an app that another process allowed, and one whose time ends.
    served.world.core.take_back_app(&again.id).await.unwrap();
    served.until(|status| status.tcp == Reach::Closed).await;
    let until = Some(served.world.clock.now_ms() + 60_000);
    let new = NewApp { name: "Briefly".into(), account: served.account.clone(), scopes: scopes(&["wallet:read"]), until };
    served.world.core.allow_app(&Caller::Window, new).await.unwrap();
    served.until(|status| status.tcp == Reach::Open).await;
    served.world.clock.advance(Duration::from_secs(61));
    served.until(|status| status.tcp == Reach::Closed).await;
    assert!(TcpStream::connect(("127.0.0.1", port)).await.is_err());
    served.world.core.set_api_wanted(false).await.unwrap();
    served.api.refresh();
    served.until(|status| status.tcp == Reach::Closed && status.socket == Reach::Closed).await;
    assert!(UnixStream::connect(served.socket()).await.is_err() && TcpStream::connect(("127.0.0.1", port)).await.is_err());
    served.api.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn web_pages_and_malformed_requests_reach_nobody() {
    let served = Served::new().await;
    let (_, key) = served.allow("Sheet", &all()).await;
    let (_, other) = served.allow("Other", &all()).await;
    let base = served.base().await;
    let port = base.rsplit(':').next().unwrap().to_owned();
    let before = served.reached().await;
    let authority = format!("127.0.0.1:{port}");
    let auth = format!("X-API-KEY: {}\r\n", key.expose());
    let connect = || TcpStream::connect(authority.clone());
    let head = |line: &str, headers: &str| format!("{line} HTTP/1.1\r\n{headers}Connection: close\r\n\r\n");
    let host = format!("Host: {authority}\r\n{auth}");
    let refused: Vec<(String, &str)> = vec![
        (head("GET /api/v1/user/me", &format!("{host}Origin: https://evil.example\r\n")), "browser_refused"),
        (head("GET /api/v1/user/me", &format!("{host}Origin: null\r\n")), "browser_refused"),
        (head("GET /api/v1/user/me", &format!("{host}Sec-Fetch-Site: cross-site\r\nSec-Fetch-Dest: image\r\n")), "browser_refused"),
        (head("GET /api/v1/user/me", &format!("{host}Cookie: a=b\r\n")), "browser_refused"),
        (
            head(
                "GET /api/v1/user/me",
                &format!("{host}Upgrade: websocket\r\nOrigin: https://evil.example\r\nSec-WebSocket-Version: 13\r\n"),
            ),
            "browser_refused",
        ),
        (head("OPTIONS /api/v1/user/me", &format!("{host}Origin: https://evil.example\r\n")), "browser_refused"),
        (head("GET /api/v1/user/me", &format!("Host: rebound.example:{port}\r\n{auth}")), "browser_refused"),
        (head("GET http://evil.example/api/v1/user/me", &host), "browser_refused"),
        (head("GET /api/v1/user/me", &format!("Host: {authority}\r\n")), "key_unknown"),
        (head("GET /api/v1/user/me", &format!("Host: {authority}\r\nX-API-KEY: mcl_wrong\r\n")), "key_unknown"),
        (head("GET /api/v1/user/me", &format!("{host}Authorization: Bearer {}\r\n", other.expose())), "request_invalid"),
        (head("GET /api/v1/wallet/deposit/status/a%2fb", &host), "request_invalid"),
        (head("GET /api/v1/wallet/deposit/status/%2e%2e", &host), "request_invalid"),
        (head("GET /api/v1/wallet/deposit/status/..", &host), "not_listed"),
        (head("GET /api/v1/wallet/deposit/status/../../../user/me", &host), "not_listed"),
        (head("GET /api/v1//user/me", &host), "not_listed"),
        (head("GET /api/v2/user/me", &host), "not_listed"),
        (head("DELETE /api/v1/user/me", &host), "not_listed"),
        (head("POST /connect/pair", &host), "not_listed"),
        (head(&format!("GET /api/v1/transactions?x={}", "a".repeat(9_000)), &host), "too_large"),
        (
            format!(
                "POST /api/v1/wallet/deposit/payment-link HTTP/1.1\r\n{host}Connection: close\r\nContent-Length: 25\r\n\r\n{{\"amount\":1,\"amount\":5000}}"
            ),
            "request_invalid",
        ),
        (
            format!(
                "POST /api/v1/wallet/deposit/payment-link HTTP/1.1\r\n{host}Connection: close\r\nContent-Length: 70000\r\n\r\n{{\"a\":\"{}\"}}",
                "x".repeat(69_992)
            ),
            "too_large",
        ),
    ];
    for (request, reason) in refused {
        let answer = raw(connect().await.unwrap(), &request).await;
        assert!(answer.contains(&format!("connect-reason: {reason}\r\n")), "{:.120} gave {answer}", request);
        let told = body(&answer);
        assert!(told["message"].as_str().unwrap().ends_with('.') && told["error"].is_string(), "{told}");
        assert!(!answer.to_ascii_lowercase().contains("location:") && !answer.contains(" 204 "), "{answer}");
    }
    assert_eq!(served.reached().await, before, "something of it reached Monei");
    // Documented paths are named, and a prefix goes.
    let (status, _, told) = get(&base, "/api/v1/bills/history", &key).await;
    assert_eq!(status, 404);
    assert!(told["message"].as_str().unwrap().contains("GET /bills/records"), "{told}");
    assert_eq!(get(&base, "/some/prefix/api/v1/user/me", &key).await.0, 200);
    served.api.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sixty_calls_a_minute_pass_and_ten_thousand_connections_and_slow_ones_stop_nobody() {
    let served = Served::new().await;
    let (_, key) = served.allow("Sheet", &["profile:read"]).await;
    let (_, other) = served.allow("Other", &["profile:read"]).await;
    let base = served.base().await;
    let authority = base.trim_start_matches("http://").to_owned();
    let before = served.reached().await;
    for _ in 0..60 {
        assert_eq!(get(&base, "/api/v1/user/me", &key).await.0, 200);
    }
    let (status, reason, _) = get(&base, "/api/v1/user/me", &key).await;
    assert_eq!((status, reason.as_deref(), served.reached().await - before), (429, Some("busy"), 60));
    assert_eq!(get(&base, "/api/v1/user/me", &other).await.0, 200);
    for _ in 0..100 {
        // In turns of a hundred, so that the test keeps within its own open files.
        let mut open = Vec::new();
        for _ in 0..100 {
            let Ok(mut stream) = TcpStream::connect(authority.clone()).await else { continue };
            stream.write_all(b"GET /api/v1/user/me HTTP/1.1\r\nHost").await.ok();
            open.push(stream);
        }
    }
    assert_eq!(get(&base, "/api/v1/user/me", &other).await.0, 200);
    // One that never sends its head, or its body, is closed.
    let (head, body) = (TcpStream::connect(authority.clone()).await.unwrap(), TcpStream::connect(authority).await.unwrap());
    let began = std::time::Instant::now();
    let unsent = format!(
        "POST /api/v1/wallet/deposit/payment-link HTTP/1.1\r\nHost: 127.0.0.1\r\nX-API-KEY: {}\r\nContent-Length: 25\r\n\r\n{{",
        other.expose()
    );
    let (_, told) = tokio::join!(raw(head, "GET /api/v1/user/me HTTP/1.1\r\nHost: 127"), raw(body, &unsent));
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    assert!(told.contains("connect-reason: request_invalid\r\n"), "{told}");
    served.api.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn guesses_at_keys_are_counted_together_and_take_nothing_from_an_app() {
    let served = Served::new().await;
    let (_, key) = served.allow("Sheet", &["profile:read"]).await;
    let base = served.base().await;
    let client = support::http();
    let mut statuses = Vec::new();
    for guess in 0..70 {
        let answer = client.get(format!("{base}/api/v1/user/me")).header("x-api-key", format!("mcl_guess{guess}")).send().await.unwrap();
        statuses.push(answer.status().as_u16());
    }
    assert_eq!((&statuses[..60], &statuses[60..]), (&[401; 60][..], &[429; 10][..]));
    assert_eq!(get(&base, "/api/v1/user/me", &key).await.0, 200);
    served.api.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_of_more_than_64_headers_or_32_kib_is_refused() {
    let served = Served::new().await;
    let (_, key) = served.allow("Sheet", &["profile:read"]).await;
    let authority = served.base().await.trim_start_matches("http://").to_owned();
    let before = served.reached().await;
    let own = format!("GET /api/v1/user/me HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nX-API-KEY: {}\r\n", key.expose());
    let many = |count: usize| (0..count).map(|number| format!("X-H{number}: a\r\n")).collect::<String>();
    for (more, refused) in [(many(61), false), (many(62), true), (format!("X-Long: {}\r\n", "a".repeat(33 * 1024)), true)] {
        let answer = raw(TcpStream::connect(authority.clone()).await.unwrap(), &format!("{own}{more}\r\n")).await;
        let expected = if refused { !answer.contains(" 200 ") } else { answer.starts_with("HTTP/1.1 200 ") };
        assert!(expected, "{} bytes of headers: {answer:.100}", more.len());
    }
    assert_eq!(served.reached().await - before, 1);
    served.api.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_that_another_program_holds_is_not_served_and_no_other_is_taken() {
    let served = Served::new().await;
    let held = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = held.local_addr().unwrap().port();
    served.world.core.set_api_port(port).await.unwrap();
    served.allow("Sheet", &["profile:read"]).await;
    let status = served.until(|status| status.tcp == Reach::Taken).await;
    assert_eq!((status.port, status.socket), (Some(port), Reach::Open));
    // Another process is told so by whoever serves, and nobody is told an address at which a stranger listens.
    assert_eq!(connect_local_api::port(&served.world.core, &served.place).await.unwrap(), Port::Taken(port));
    assert_eq!(connect_local_api::is_ours(&served.world.core, &served.place).await, Some(false));
    drop(held);
    served.api.refresh();
    assert_eq!(served.until(|status| status.tcp == Reach::Open).await.port, Some(port));
    assert_eq!(connect_local_api::is_ours(&served.world.core, &served.place).await, Some(true));
    served.api.shutdown().await;
    // Nobody serves: whoever listens there now is a stranger.
    assert_eq!(connect_local_api::port(&served.world.core, &served.place).await.unwrap(), Port::Ours(port));
    let _stranger = std::net::TcpListener::bind(("127.0.0.1", port)).unwrap();
    assert_eq!(connect_local_api::port(&served.world.core, &served.place).await.unwrap(), Port::Taken(port));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_who_chooses_another_port_ends_the_keys_that_the_old_one_saw_and_is_served_at_the_new_one() {
    let served = Served::new().await;
    let ((_, seen), (_, unseen)) = (served.allow("Sheet", &["profile:read"]).await, served.allow("Script", &["profile:read"]).await);
    let base = served.base().await;
    assert_eq!(get(&base, "/api/v1/user/me", &seen).await.0, 200);
    let (port, ended) = connect_local_api::draw_port(&served.world.core).await.unwrap();
    assert_eq!(ended, 1);
    served.api.refresh();
    served.until(|status| status.port == Some(port) && status.tcp == Reach::Open).await;
    let new = format!("http://127.0.0.1:{port}");
    assert_ne!(base, new);
    assert_eq!(get(&new, "/api/v1/user/me", &seen).await.0, 401);
    assert_eq!(get(&new, "/api/v1/user/me", &unseen).await.0, 200);
    let old = base.trim_start_matches("http://").to_owned();
    assert!(TcpStream::connect(old).await.is_err(), "nobody listens at the old one");
    served.api.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_socket_that_was_left_over_is_replaced() {
    let world = World::new().await;
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("monei-connections/api.sock");
    std::fs::create_dir(socket.parent().unwrap()).unwrap();
    let place = Place { socket: Some(socket.clone()), locks: world.data_dir() };
    let precious = folder.path().join("precious");
    std::fs::write(&precious, "mine").unwrap();
    let reach = async || {
        let api = LocalApi::start(world.core.clone(), place.clone(), Role::Window);
        let mut status = api.status();
        let reach = tokio::time::timeout(Duration::from_secs(10), status.wait_for(|status| status.serving)).await.unwrap().unwrap().socket;
        api.shutdown().await;
        reach
    };
    std::os::unix::fs::symlink(&precious, &socket).unwrap();
    assert_eq!(reach().await, Reach::Taken);
    std::fs::remove_file(&socket).unwrap();
    std::fs::write(&socket, "a file").unwrap();
    assert_eq!(reach().await, Reach::Taken);
    assert_eq!((std::fs::read_to_string(&socket).unwrap(), std::fs::read_to_string(&precious).unwrap()), ("a file".into(), "mine".into()));
    std::fs::remove_file(&socket).unwrap();
    drop(std::os::unix::net::UnixListener::bind(&socket).unwrap());
    assert!(socket.exists());
    assert_eq!(reach().await, Reach::Open);
    assert!(!socket.exists(), "the socket outlives what served it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_that_somebody_serves_is_neither_replaced_nor_removed() {
    let served = Served::new().await;
    let other = Place { locks: served._folder.path().to_owned(), ..served.place.clone() };
    let second = LocalApi::start(served.world.core.clone(), other, Role::Service);
    let mut status = second.status();
    let reach = tokio::time::timeout(Duration::from_secs(10), status.wait_for(|status| status.serving)).await.unwrap().unwrap().socket;
    assert_eq!(reach, Reach::Taken, "two processes whose locks are in two folders");
    second.shutdown().await;
    assert!(UnixStream::connect(served.socket()).await.is_ok());
    // Another's socket lies there by now.
    std::fs::remove_file(served.socket()).unwrap();
    let listener = std::os::unix::net::UnixListener::bind(served.socket()).unwrap();
    let socket = served.socket();
    served.api.shutdown().await;
    assert!(socket.exists(), "another process's socket was removed");
    drop(listener);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_person_set_aside_is_refused_with_a_sentence_that_says_so_and_reaches_nobody() {
    let served = Served::new().await;
    let (app, key) = served.allow("Sheet", &["wallet:read", "profile:read", "wallet:send"]).await;
    let base = served.base().await;
    let aside = async |scope: &str| {
        let feature = connect_core::feature::FeatureId::of(&scope.parse().unwrap()).unwrap();
        served.world.core.set_aside(&Caller::Window, &served.account, feature).await.unwrap()
    };
    aside("wallet:read").await;
    aside("wallet:send").await;
    let before = served.reached().await;
    let (status, reason, answer) = get(&base, "/api/v1/wallet/me", &key).await;
    assert_eq!((status, reason.as_deref()), (403, Some("permission_not_given")));
    let sentence = answer["message"].as_str().unwrap();
    assert!(sentence.contains("set the permission wallet:read") && sentence.contains("switch it on again"), "{sentence}");
    let pay = json!({"receiver": "tunde.bello@example.net", "amount": 5});
    let pay = support::http().post(format!("{base}/api/v1/wallet/payout/transfer")).header("x-api-key", key.expose()).json(&pay);
    let (status, reason, answer) = told(pay.send().await.unwrap()).await;
    assert_eq!((status, reason.as_deref()), (403, Some("permission_not_given")), "{answer}");
    assert_eq!(served.reached().await, before, "it reached Monei");
    assert_eq!(get(&base, "/api/v1/user/me", &key).await.0, 200, "the rest works");
    let log = served.world.core.app_log(&app.id).await.unwrap();
    assert!(log.iter().any(|row| row.outcome == "permission_set_aside" && row.endpoint == "GET /wallet/me"), "{log:?}");
    served.api.shutdown().await;
}

/// As another user of this computer, whom only root can become.
fn as_nobody(words: &[&str]) -> std::process::Output {
    let mut command = Command::new("setpriv");
    command.args(["--reuid", "65534", "--regid", "65534", "--clear-groups", "--", "curl", "-sS", "--noproxy", "*", "--max-time", "20"]);
    command.args(words).stdin(Stdio::null()).output().unwrap()
}

/// As root alone, as CI runs it: nobody else can become another user.
#[tokio::test(flavor = "multi_thread")]
async fn another_user_of_the_computer_gets_no_answer_on_the_socket_nor_over_tcp() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("not root: no other user can be tried");
        return;
    }
    let served = Served::new().await;
    let (_, key) = served.allow("Sheet", &["wallet:read"]).await;
    let (base, socket) = (served.base().await, served.socket());
    let header = format!("X-API-KEY: {}", key.expose());
    let over_tcp = [&*header, &format!("{base}/api/v1/wallet/me")].map(str::to_owned);
    let socket_text = socket.display().to_string();
    let before = served.reached().await;
    let tried = async |words: Vec<String>| {
        tokio::task::spawn_blocking(move || {
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            as_nobody(&words)
        })
        .await
        .unwrap()
    };
    let tcp = || vec!["-H".to_owned(), over_tcp[0].clone(), over_tcp[1].clone()];
    let unix = || ["-H", &header, "--unix-socket", &socket_text, "http://localhost/api/v1/wallet/me"].map(str::to_owned).to_vec();
    for (way, words) in [("TCP", tcp()), ("the socket", unix())] {
        let output = tried(words).await;
        assert!(!output.status.success() && output.stdout.is_empty(), "{way}: {output:?}");
    }
    // Let in by every mode on the way, it is still known by its user.
    for path in [socket.as_path(), socket.parent().unwrap(), socket.parent().unwrap().parent().unwrap()] {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o777)).unwrap();
    }
    let output = tried(unix()).await;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && output.stdout.is_empty() && !said.contains("Permission denied"), "{output:?}");
    assert_eq!(served.reached().await, before, "Monei was called");
    // The person's own user is answered, by the same program on the same ways.
    for words in [tcp(), unix()] {
        let mut curl = Command::new("curl");
        curl.args(["-sS", "--noproxy", "*"]).args(words);
        assert!(run(curl).await.contains("statusCode"));
    }
    served.api.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_service_that_answers_the_command_line_does_and_on_a_socket_for_it_alone() {
    struct Echo;
    impl connect_local_api::Commands for Echo {
        fn answer(&self, command: bytes::Bytes) -> std::pin::Pin<Box<dyn Future<Output = bytes::Bytes> + Send + '_>> {
            Box::pin(async move { command })
        }
    }
    let served = Served::new().await;
    let (_, key) = served.allow("Sheet", &["wallet:read"]).await;
    let ask = async |path: PathBuf, line: &str, json: &str| {
        let request = format!("{line} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{json}", json.len());
        raw(UnixStream::connect(&path).await.unwrap(), &request).await
    };
    for line in ["GET /connect/command", "POST /connect/command"] {
        assert!(ask(served.socket(), line, "{}").await.contains("connect-reason: not_listed"), "{line}");
    }
    let place = Place { socket: Some(served._folder.path().join("other/api.sock")), locks: served._folder.path().join("locks") };
    std::fs::create_dir(&place.locks).unwrap();
    let api = LocalApi::start_answering(served.world.core.clone(), place.clone(), std::sync::Arc::new(Echo));
    api.status().wait_for(|status| status.socket == Reach::Open).await.unwrap();
    for line in ["GET /connect/command", "POST /connect/command"] {
        assert!(ask(place.socket.clone().unwrap(), line, "{}").await.contains("connect-reason: not_listed"), "{line}");
    }
    let path = || place.commands().unwrap();
    assert!(path().ends_with("other/command.sock"));
    assert_eq!(std::fs::metadata(path()).unwrap().permissions().mode() & 0o777, 0o600);
    for line in ["GET /api/v1/wallet/me", "POST /connect/pair"] {
        assert!(ask(path(), line, "{}").await.contains("connect-reason: not_listed"), "{line}");
    }
    assert!(ask(path(), "GET /connect/command", "").await.starts_with("HTTP/1.1 200"));
    let answer = ask(path(), "POST /connect/command", r#"{"words":["accounts"]}"#).await;
    assert_eq!(body(&answer), json!({"words": ["accounts"]}));
    // A web page's request is refused before, and TCP has none of it whatever the key.
    let of_page = "POST /connect/command HTTP/1.1\r\nHost: localhost\r\nOrigin: null\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}";
    assert!(raw(UnixStream::connect(path()).await.unwrap(), of_page).await.contains("connect-reason: browser_refused"));
    let (status, reason, _) = get(&served.base().await, "/connect/command", &key).await;
    assert_eq!((status, reason.as_deref()), (404, Some("not_listed")));
    api.shutdown().await;
    assert!(!path().exists(), "the socket outlives what served it");
    served.api.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_takes_over_from_the_service_and_gives_back() {
    let world = World::new().await;
    let folder = tempfile::tempdir().unwrap();
    let place = Place { socket: Some(folder.path().join("monei-connections/api.sock")), locks: world.data_dir() };
    let serves = async |api: &LocalApi, wanted: bool| {
        let mut status = api.status();
        tokio::time::timeout(Duration::from_secs(20), status.wait_for(|status| status.serving == wanted)).await.unwrap().unwrap();
    };
    let service = LocalApi::start(world.core.clone(), place.clone(), Role::Service);
    serves(&service, true).await;
    let window = LocalApi::start(world.core.clone(), place.clone(), Role::Window);
    serves(&service, false).await;
    serves(&window, true).await;
    window.shutdown().await;
    serves(&service, true).await;
    service.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_asks_on_the_socket_and_gets_its_key_once() {
    let served = Served::new().await;
    let path = served.socket();
    let ask = async |line: &str, json: &str| {
        let request = format!("{line} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{json}", json.len());
        raw(UnixStream::connect(&path).await.unwrap(), &request).await
    };
    let nobody = ask("POST /connect/pair", r#"{"name":"Sheet","permissions":["wallet:read"]}"#).await;
    assert!(nobody.contains("connect-reason: confirmation_needed"), "{nobody}");
    let window = served.api.pairings().subscribe();
    let asked = r#"{"name":"Budget\u202e sheet","permissions":["wallet:read","profile:read"]}"#;
    let answer = ask("POST /connect/pair", asked).await;
    assert!(answer.starts_with("HTTP/1.1 202"), "{answer}");
    let pairing = body(&answer)["pairing"].as_str().unwrap().to_owned();
    let request = window.borrow().clone().unwrap();
    assert_eq!((request.name.as_str(), &request.permissions), ("Budget sheet", &scopes(&["profile:read", "wallet:read"])));
    assert_eq!(request.program, std::env::current_exe().ok().map(|path| path.to_string_lossy().into_owned()));
    let second = ask("POST /connect/pair", r#"{"name":"Other","permissions":["wallet:read"]}"#).await;
    assert!(second.contains("connect-reason: busy"), "{second}");
    let pairings = served.api.pairings();
    assert!(pairings.allow(request.number, &served.account, scopes(&["wallet:send"]), None).await.is_err(), "more than was asked for");
    let waits = tokio::spawn({
        let (path, line) = (path.clone(), format!("GET /connect/pair/{pairing} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"));
        async move { raw(UnixStream::connect(path).await.unwrap(), &line).await }
    });
    pairings.allow(request.number, &served.account, scopes(&["wallet:read"]), None).await.unwrap();
    let told = body(&waits.await.unwrap());
    assert_eq!((&told["permissions"], &told["until"]), (&json!(["wallet:read"]), &Value::Null));
    let key = told["key"].as_str().unwrap();
    let again = ask(&format!("GET /connect/pair/{pairing}"), "").await;
    assert!(again.starts_with("HTTP/1.1 410") && !again.contains(key), "{again}");
    let call = raw(
        UnixStream::connect(&path).await.unwrap(),
        &format!("GET /api/v1/wallet/me HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\nConnection: close\r\n\r\n"),
    )
    .await;
    assert!(call.starts_with("HTTP/1.1 200"), "{call}");
    // A name like that of an app, unknown permissions, fields and doubled keys ask nobody.
    for wrong in [
        r#"{"name":"Budgеt sheet","permissions":["wallet:read"]}"#,
        r#"{"name":"\u200b","permissions":["wallet:read"]}"#,
        r#"{"name":"X","permissions":[]}"#,
        r#"{"name":"X","permissions":["cards:freeze"]}"#,
        r#"{"name":"X","permissions":["wallet:read"],"until":1}"#,
        r#"{"name":"X","name":"Y","permissions":["wallet:read"]}"#,
        r#"{"name":"moneictl for Ada","permissions":["wallet:read"]}"#,
        r#"{"name":"M0neictl","permissions":["wallet:read"]}"#,
        r#"{"name":"moneictl (one payment)","permissions":["wallet:read"]}"#,
    ] {
        let answer = ask("POST /connect/pair", wrong).await;
        assert!(answer.contains("connect-reason: request_invalid"), "{wrong} gave {answer}");
    }
    for _ in 0..3 {
        let pairing = body(&ask("POST /connect/pair", r#"{"name":"Nag","permissions":["wallet:read"]}"#).await)["pairing"]
            .as_str()
            .unwrap()
            .to_owned();
        let number = window.borrow().clone().unwrap().number;
        pairings.deny(number);
        let denied = ask(&format!("GET /connect/pair/{pairing}"), "").await;
        assert!(denied.contains("connect-reason: confirmation_denied"), "{denied}");
    }
    let nag = ask("POST /connect/pair", r#"{"name":"Nag","permissions":["wallet:read"]}"#).await;
    assert!(nag.contains("connect-reason: busy"), "{nag}");
    assert!(ask("GET /connect/pair/00", "").await.starts_with("HTTP/1.1 410"));
    served.api.shutdown().await;
}

/// Runs a program that knows nothing of this test, and gives what it printed.
async fn run(mut command: Command) -> String {
    let output = tokio::task::spawn_blocking(move || command.stdin(Stdio::null()).output().unwrap()).await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn curl_and_node_call_it_as_they_would_call_monei() {
    let served = Served::new().await;
    let (_, key) = served.allow("Sheet", &["profile:read"]).await;
    let base = served.base().await;
    for header in ["X-API-KEY: ", "Authorization: Bearer "] {
        let mut curl = Command::new("curl");
        curl.args(["-sS", "--noproxy", "*", "-H", &format!("{header}{}", key.expose()), &format!("{base}/api/v1/user/me")]);
        assert!(serde_json::from_str::<Value>(&run(curl).await).unwrap().to_string().contains("ada"), "{header}");
    }
    let mut by_socket = Command::new("curl");
    by_socket.arg("-sS").arg("--unix-socket").arg(served.socket());
    by_socket.args(["-H", &format!("X-API-KEY: {}", key.expose()), "http://localhost/api/v1/user/me"]);
    assert!(run(by_socket).await.contains("ada"));
    let mut node = Command::new("node");
    node.arg("-e").arg("fetch(process.env.BASE + '/api/v1/user/me', {headers: {'X-API-KEY': process.env.KEY}}).then(async r => console.log(r.status, await r.text()))");
    node.env("BASE", &base).env("KEY", key.expose());
    assert!(run(node).await.starts_with("200 "));
    served.api.shutdown().await;
}

/// `monei-sdk` 0.1.3 from PyPI, in an environment of its own that is kept below `target/`.
fn python() -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("monei-sdk-0.1.3");
    let python = folder.join("bin/python");
    if !folder.join("installed").exists() {
        let run = |command: &mut Command| assert!(command.status().unwrap().success(), "{command:?}: python3-venv is needed");
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder));
        run(Command::new(&python).args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "monei-sdk==0.1.3"]));
        std::fs::write(folder.join("installed"), "").unwrap();
    }
    python
}

#[tokio::test(flavor = "multi_thread")]
async fn moneis_own_python_package_runs_with_the_address_and_key_of_an_app_and_no_secret_is_left_behind() {
    let served = Served::new().await;
    let (app, key) = served.allow("Budget", &["profile:read", "wallet:read"]).await;
    let base = served.base().await;
    let mut script = Command::new(python());
    script.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients/budget.py"));
    script.env("MONEI_BASE_URL", &base).env("MONEI_APP_KEY", key.expose()).env("NO_PROXY", "127.0.0.1,localhost");
    let told: Value = serde_json::from_str(&run(script).await).unwrap();
    assert_eq!(told["balance"], "ok", "{told}");
    assert_eq!((&told["name"], &told["transfer"]), (&json!("ok"), &json!("404")), "{told}");
    assert!(told["bills"].as_str().unwrap().contains("GET /bills/records"), "{told}");
    assert!(told["transfer_message"].as_str().unwrap().contains("POST /wallet/payout/transfer"), "{told}");
    served.world.core.take_back_app(&app.id).await.unwrap();
    let (_, reason, told) = get(&base, "/api/v1/user/me", &key).await;
    assert_eq!(reason.as_deref(), Some("key_unknown"));
    assert!(told["message"].as_str().unwrap().contains("Allow the app again"));
    served.api.shutdown().await;
    for entry in std::fs::read_dir(served.world.data_dir()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap_or_default();
        for secret in [key.expose().as_bytes(), served.world.run.as_bytes()] {
            assert!(!bytes.windows(secret.len()).any(|part| part == secret), "a secret is on disk");
        }
    }
}

#[test]
fn the_description_in_the_docs_is_the_one_of_the_code() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/local-api.openapi.json");
    let text = format!("{:#}\n", connect_local_api::openapi::description());
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        std::fs::write(path, &text).unwrap();
    }
    assert!(std::fs::read_to_string(path).unwrap() == text, "run with UPDATE_OPENAPI=1");
}
