//! The network of a company: all that leaves the computer goes through a proxy, which breaks TLS open and shows a certificate of its own.
//!
//! Proxies and certificate authorities come from the environment, so each case runs in a process of its own.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a step of a test that fails is a failed test")]

mod support;

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use connect_core::problem::ProblemCode;
use connect_core::view::{BackendStatus, DisconnectOutcome, Health, Section};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use support::{World, person, scopes};
use tokio_rustls::TlsAcceptor;
use url::Url;

/// Where the backend is, as the person knows it. No name server knows it: only the proxy leads there.
const BACKEND: &str = "https://connect.corporate.test";
const CASE: &str = "CONNECT_TEST_NETWORK";
const PLACE: &str = "CONNECT_TEST_PLACE";
const PROFILE: &[&str] = &["profile:read"];

/// What the proxy does with a `CONNECT`.
#[derive(Clone, Copy)]
enum Proxy {
    /// Leads to where the file `front` says.
    Open,
    /// Answers with this status.
    Refuses(&'static str),
}

/// A proxy (RFC 9110 §9.3.6). Tells where it listens, and the first lines that it was sent.
fn proxy(place: &Path, does: Proxy) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, asked) = (format!("http://{}", listener.local_addr().unwrap()), Arc::new(Mutex::new(Vec::new())));
    let (front, kept) = (place.join("front"), Arc::clone(&asked));
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, front, kept) = (stream.unwrap(), front.clone(), Arc::clone(&kept));
            std::thread::spawn(move || {
                let Some(head) = head(&mut stream) else { return };
                kept.lock().unwrap().push(head.lines().next().unwrap().to_owned());
                match does {
                    Proxy::Refuses(status) => {
                        stream.write_all(format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n").as_bytes()).unwrap()
                    }
                    Proxy::Open => {
                        let to = TcpStream::connect(std::fs::read_to_string(front).unwrap()).unwrap();
                        stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").unwrap();
                        let (from, back) = (stream.try_clone().unwrap(), to.try_clone().unwrap());
                        let there = std::thread::spawn(move || pass(from, to));
                        pass(back, stream);
                        there.join().unwrap();
                    }
                }
            });
        }
    });
    (address, asked)
}

fn head(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte).ok()? == 0 {
            return None;
        }
        head.push(byte[0]);
    }
    String::from_utf8(head).ok()
}

fn pass(mut from: TcpStream, mut to: TcpStream) {
    // Either side may end it at any time.
    drop(std::io::copy(&mut from, &mut to));
    drop(to.shutdown(Shutdown::Write));
}

/// Runs `case` in a process whose system is set up with a proxy that does as told. Gives what the proxy was asked.
fn in_company(case: &str, does: Proxy, more: &[(&str, &str)]) -> Vec<String> {
    let place = tempfile::tempdir().unwrap();
    let (address, asked) = proxy(place.path(), does);
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "child", "--nocapture"]).env(CASE, case).env(PLACE, place.path());
    for name in ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "https_proxy", "http_proxy", "all_proxy"] {
        command.env(name, &address);
    }
    command.env_remove("NO_PROXY").env_remove("no_proxy").env_remove("SSL_CERT_DIR");
    command.env("SSL_CERT_FILE", place.path().join("trusted.pem")).envs(more.iter().copied());
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8_lossy(&output.stdout).contains("case done"), "the case did not run");
    asked.lock().unwrap().clone()
}

/// Not a test of its own: what each case does within its process.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child() {
    let Ok(case) = std::env::var(CASE) else { return };
    let place = PathBuf::from(std::env::var(PLACE).unwrap());
    let (ca, acceptor) = company();
    let other = company().0;
    std::fs::write(place.join("trusted.pem"), if case == "strange" { &other } else { &ca }).unwrap();
    let world = World::at(&BACKEND.parse().unwrap()).await;
    std::fs::write(place.join("front"), front(acceptor, &world.backend).await).unwrap();
    match case.as_str() {
        "trusted" => trusted(&world).await,
        "strange" => refused(&world, &[ProblemCode::BackendCertificate]).await,
        "closed" => refused(&world, &[ProblemCode::ProxyRefused]).await,
        // Past the proxy there is no such name.
        _ => refused(&world, &[ProblemCode::Offline, ProblemCode::BackendUnreachable]).await,
    }
    println!("case done");
}

/// A whole life behind the proxy.
async fn trusted(world: &World) {
    world.core.confirm_backend(BACKEND).await.unwrap();
    world.core.connect(scopes(PROFILE)).await.unwrap();
    world.waiting().await;
    // The browser has its own way to the backend.
    let link = world.opened().as_str().replacen(&format!("{BACKEND}/"), world.backend.as_str(), 1);
    person::walk(&link.parse().unwrap(), "ada", Some(PROFILE)).await;
    let account = world.done().await;
    world.core.load(&account, Section::Profile).await.unwrap();
    world.clock.advance(Duration::from_secs(3700));
    world.core.load(&account, Section::Profile).await.unwrap();
    assert_eq!(world.count("refreshes").await, 1);
    assert_eq!(world.core.view().accounts[0].health, Health::Connected);
    assert_eq!(world.core.disconnect(&account).await, Ok(DisconnectOutcome::Revoked));
}

/// Nothing comes of it, and it is told why.
async fn refused(world: &World, expected: &[ProblemCode]) {
    world.core.probe().await;
    match &world.core.view().backend.status {
        BackendStatus::Problem { problem } => assert!(expected.contains(&problem.code), "{problem:?}"),
        other => panic!("{other:?}"),
    }
    let told = world.core.confirm_backend(BACKEND).await.unwrap_err();
    assert!(expected.contains(&told.code), "{told:?}");
    assert!(world.vault.names().is_empty() && world.browser.opened.lock().unwrap().is_empty());
}

/// A certificate authority of the company's own, and a server with its certificate for the backend's name.
fn company() -> (String, TlsAcceptor) {
    drop(rustls::crypto::ring::default_provider().install_default());
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let pem = authority.self_signed(&key).unwrap().pem();
    let issuer = Issuer::new(authority, key);
    let own = KeyPair::generate().unwrap();
    let name = Url::parse(BACKEND).unwrap().host_str().unwrap().to_owned();
    let certificate = CertificateParams::new([name]).unwrap().signed_by(&own, &issuer).unwrap();
    let chain = vec![CertificateDer::from(certificate.der().to_vec())];
    let key = PrivateKeyDer::try_from(own.serialize_der()).unwrap();
    let config = rustls::ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key).unwrap();
    (pem, TlsAcceptor::from(Arc::new(config)))
}

/// Takes TLS connections and passes them on to `backend`. Tells where.
async fn front(acceptor: TlsAcceptor, backend: &Url) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, to) = (listener.local_addr().unwrap().to_string(), backend.socket_addrs(|| None).unwrap()[0]);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                // A client that doesn't trust it ends the handshake.
                let Ok(mut stream) = acceptor.accept(stream).await else { return };
                let mut back = tokio::net::TcpStream::connect(to).await.unwrap();
                drop(tokio::io::copy_bidirectional(&mut stream, &mut back).await);
            });
        }
    });
    address
}

#[test]
fn behind_a_proxy_whose_certificate_the_system_trusts_everything_works() {
    let asked = in_company("trusted", Proxy::Open, &[]);
    assert!(!asked.is_empty());
    // The sandbox is on this computer, and was called many times.
    assert!(asked.iter().all(|line| line == "CONNECT connect.corporate.test:443 HTTP/1.1"), "{asked:?}");
}

#[test]
fn a_certificate_that_the_system_does_not_know_is_told_as_the_networks() {
    let asked = in_company("strange", Proxy::Open, &[]);
    assert!(!asked.is_empty());
}

#[test]
fn a_proxy_that_refuses_is_told_as_such() {
    for status in ["403 Forbidden", "407 Proxy Authentication Required", "502 Bad Gateway"] {
        assert!(!in_company("closed", Proxy::Refuses(status), &[]).is_empty(), "{status}");
    }
}

#[test]
fn what_the_system_sends_past_the_proxy_goes_past_it() {
    assert_eq!(in_company("past", Proxy::Open, &[("NO_PROXY", "corporate.test"), ("no_proxy", "corporate.test")]), Vec::<String>::new());
}
