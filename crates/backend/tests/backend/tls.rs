//! The way to Monei: encrypted to who it should be, and by no detour.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;

use crate::fleet::*;
use crate::support::*;

struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).unwrap().pem();
        Self { pem, issuer: Issuer::new(params, key) }
    }

    fn server(&self, name: &str, expired: bool) -> Arc<ServerConfig> {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        if expired {
            (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2021, 1, 1));
        }
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let key = PrivatePkcs8KeyDer::from(key.serialize_der());
        Arc::new(ServerConfig::builder().with_no_client_auth().with_single_cert(vec![certificate.der().clone()], key.into()).unwrap())
    }
}

/// The sandbox behind TLS; counts the connections on which anything was asked.
async fn behind_tls(world: &World, config: Arc<ServerConfig>) -> (String, Arc<AtomicU32>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("https://{}", listener.local_addr().unwrap());
    let sandbox = world.sandbox.strip_prefix("http://").unwrap().to_owned();
    let asked = Arc::new(AtomicU32::new(0));
    let count = asked.clone();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            if let Ok(mut stream) = TlsAcceptor::from(config.clone()).accept(stream).await {
                let mut first = [0];
                if stream.read_exact(&mut first).await.is_ok() {
                    count.fetch_add(1, Ordering::SeqCst);
                    let mut onward = TcpStream::connect(&sandbox).await.unwrap();
                    onward.write_all(&first).await.unwrap();
                    copy_bidirectional(&mut stream, &mut onward).await.ok();
                }
            }
        }
    });
    (origin, asked)
}

/// A refresh through an instance that finds Monei at `origin` and trusts `authority`.
async fn refresh(world: &World, tokens: &Value, folder: &Path, authority: &Authority, origin: &str) -> (reqwest::Response, Instance) {
    let path = folder.join("authority.pem");
    std::fs::write(&path, &authority.pem).unwrap();
    let instance = Instance::start(world, &[("MONEI_SANDBOX_URL", origin), ("SSL_CERT_FILE", path.to_str().unwrap())]).await;
    let response = world.at(&instance.base).refresh(tokens["refresh_token"].as_str().unwrap(), "key-of-one-refresh_1").await;
    (response, instance)
}

#[tokio::test]
#[cfg_attr(not(target_os = "linux"), ignore = "only on Linux does a variable say whom the system trusts")]
async fn only_the_right_certificate_will_do() {
    let (world, folder) = (World::new().await, tempfile::tempdir().unwrap());
    let tokens = world.connect().await;
    let (known, stranger) = (Authority::new(), Authority::new());
    let bad = [
        ("expired", known.server("127.0.0.1", true)),
        ("of another host", known.server("api.monei.example", false)),
        ("of an unknown authority", stranger.server("127.0.0.1", false)),
    ];
    for (name, config) in bad {
        let (origin, asked) = behind_tls(&world, config).await;
        let (response, instance) = refresh(&world, &tokens, folder.path(), &known, &origin).await;
        problem(response, 503, "provider_unavailable").await;
        assert_eq!(instance.logged("provider_unreachable").await["reason"], "tls", "{name}");
        assert_eq!(asked.load(Ordering::SeqCst), 0, "{name}: something was sent");
    }
    assert_eq!(world.counter("refreshes").await, 0);
    let (origin, asked) = behind_tls(&world, known.server("127.0.0.1", false)).await;
    assert_eq!(
        refresh(&world, &tokens, folder.path(), &known, &origin).await.0.status(),
        StatusCode::OK,
        "so the others failed for their fault"
    );
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}

/// A server that answers whatever comes with `reply`; what it was sent.
async fn raw(reply: &'static [u8]) -> (String, tokio::task::JoinHandle<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("https://{}", listener.local_addr().unwrap());
    let task = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut head = vec![0; 4_096];
        let length = stream.read(&mut head).await.unwrap();
        head.truncate(length);
        stream.write_all(reply).await.unwrap();
        stream.read_to_end(&mut head).await.ok();
        head
    });
    (origin, task)
}

#[tokio::test]
async fn old_tls_and_no_tls_are_refused() {
    let (world, folder) = (World::new().await, tempfile::tempdir().unwrap());
    let tokens = world.connect().await;
    let known = Authority::new();
    // ServerHello of TLS 1.1 (RFC 4346 §7.4.1.3): version 3.2, a random, no session, TLS_RSA_WITH_AES_128_CBC_SHA.
    const OLD: &[u8] = b"\x16\x03\x02\x00\x2a\x02\x00\x00\x26\x03\x020123456789abcdef0123456789abcdef\x00\x00\x2f\x00";
    for (name, reply) in [("TLS 1.1", OLD), ("plain HTTP", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")] {
        let (origin, sent) = raw(reply).await;
        let (response, instance) = refresh(&world, &tokens, folder.path(), &known, &origin).await;
        problem(response, 503, "provider_unavailable").await;
        assert_eq!(instance.logged("provider_unreachable").await["reason"], "tls", "{name}");
        let sent = sent.await.unwrap();
        assert_eq!(sent.first(), Some(&0x16), "{name}: only a TLS hello was sent");
        assert!(!sent.windows(4).any(|window| window == b"mcr_" || window == b"POST"), "{name}");
    }
}

#[tokio::test]
#[cfg_attr(not(target_os = "linux"), ignore = "only on Linux does a variable say whom the system trusts")]
async fn a_proxy_of_the_environment_is_not_used() {
    let world = World::new().await;
    let canary = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", canary.local_addr().unwrap());
    let known = Authority::new();
    let (origin, _) = behind_tls(&world, known.server("127.0.0.1", false)).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("authority.pem");
    std::fs::write(&path, &known.pem).unwrap();
    let tokens = world.connect().await;
    for monei in [&world.sandbox, &origin] {
        let mut values = vec![("MONEI_SANDBOX_URL", monei.as_str()), ("SSL_CERT_FILE", path.to_str().unwrap())];
        values.extend(
            ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "https_proxy", "http_proxy", "all_proxy"].map(|name| (name, address.as_str())),
        );
        let instance = Instance::start(&world, &values).await;
        let sealed = tokens["refresh_token"].as_str().unwrap();
        let response = world.at(&instance.base).refresh(sealed, "key-of-one-refresh_1").await;
        // The second finds the token rotated by the first; either way Monei itself answered.
        assert!([StatusCode::OK, StatusCode::BAD_REQUEST].contains(&response.status()));
    }
    assert_eq!(world.counter("refreshes").await, 2);
    let nothing = tokio::time::timeout(Duration::from_millis(50), canary.accept()).await;
    assert!(nothing.is_err(), "the proxy was asked");
}

/// Refreshes once more and gives the sealed token that came.
async fn refresh_again(world: &World, sealed: &str, key: &str) -> String {
    let response = world.refresh(sealed, key).await;
    assert_eq!(response.status(), StatusCode::OK);
    response.json::<Value>().await.unwrap()["refresh_token"].as_str().unwrap().to_owned()
}

#[tokio::test]
#[cfg_attr(not(target_os = "linux"), ignore = "only on Linux does a variable say whom the system trusts")]
async fn a_connection_is_used_again_only_just_after_its_last_answer() {
    let (world, folder, known) = (World::new().await, tempfile::tempdir().unwrap(), Authority::new());
    let path = folder.path().join("authority.pem");
    std::fs::write(&path, &known.pem).unwrap();
    let (origin, connections) = behind_tls(&world, known.server("127.0.0.1", false)).await;
    let instance = Instance::start(&world, &[("MONEI_SANDBOX_URL", &origin), ("SSL_CERT_FILE", path.to_str().unwrap())]).await;
    let sealed = world.connect().await["refresh_token"].as_str().unwrap().to_owned();
    let at = world.at(&instance.base);

    let sealed = refresh_again(&at, &sealed, "key-of-one-refresh_1").await;
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let sealed = refresh_again(&at, &sealed, "key-of-one-refresh_2").await;
    assert_eq!(connections.load(Ordering::SeqCst), 2, "a connection that has been idle for more than a second isn't used");

    // On one that Monei closes without an answer, nothing is sent a second time, neither there nor on another.
    let before = world.token_calls().await;
    world.fault(json!({"target": "token", "kind": "drop_before"})).await;
    problem(at.refresh(&sealed, "key-of-one-refresh_3").await, 504, "outcome_unknown").await;
    assert_eq!(world.token_calls().await, before + 1);
}

#[tokio::test]
async fn a_call_ends_after_twenty_seconds() {
    let world = World::new().await;
    let tokens = world.connect().await;
    let instance = Instance::start(&world, &[]).await;
    world.fault(json!({"target": "token", "kind": "delay", "delay_ms": 60_000})).await;
    let began = std::time::Instant::now();
    // Its caller is told before that, and can ask again for the answer.
    let answer = world.at(&instance.base).refresh(tokens["refresh_token"].as_str().unwrap(), "key-of-one-refresh_1").await;
    problem(answer, 504, "outcome_unknown").await;
    assert_eq!(instance.logged("provider_unreachable").await["reason"], "timeout");
    assert!(began.elapsed() >= Duration::from_secs(20), "it was given its time");
    assert!(began.elapsed() < Duration::from_secs(60), "Monei had not answered");
}
