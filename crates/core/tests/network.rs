//! The network of a company: all that leaves the computer goes through a proxy, which breaks TLS open and shows a certificate of its own.
//!
//! Proxies and certificate authorities come from the environment, so each case runs in a process of its own.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a step of a test that fails is a failed test")]

mod support;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use connect_core::Caller;
use connect_core::backend::BackendClient;
use connect_core::problem::{Problem, ProblemCode};
use connect_core::snapshot::{BackendStatus, DisconnectOutcome, Environment, Health, Section, Unrevoked};
use connect_core::{DesktopProxies, Http, SystemProxies};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use support::ways::{self, Listening, PASSWORD, Way};
use support::{World, person, scopes};
use tokio::net::TcpSocket;
use tokio_rustls::TlsAcceptor;
use url::Url;

/// Where the backend is, as the person knows it. No name server knows it: only the proxy leads there.
const BACKEND: &str = "https://connect.corporate.test";
const CASE: &str = "CONNECT_TEST_NETWORK";
const PLACE: &str = "CONNECT_TEST_PLACE";
const PROFILE: &[&str] = &["profile:read"];

/// Every variable that may name a proxy.
const VARIABLES: [&str; 8] = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy"];

/// A place in which a case runs: the company's files, and a process of its own.
struct Company(tempfile::TempDir);

impl Company {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn proxy(&self, way: Way) -> Listening {
        ways::start(self.0.path(), way)
    }

    /// Runs `case` with these variables and no others of their kind. Gives its output.
    fn run(&self, case: &str, variables: &[(&str, &str)]) -> String {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "child", "--nocapture"]).env(CASE, case).env(PLACE, self.0.path());
        for name in VARIABLES {
            command.env_remove(name);
        }
        command.env_remove("SSL_CERT_DIR").env("SSL_CERT_FILE", self.0.path().join("trusted.pem"));
        let output = command.envs(variables.iter().copied()).output().unwrap();
        let told = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{case} {variables:?}: {told}");
        assert!(told.contains("case done"), "the case did not run: {told}");
        told
    }
}

/// An address at which nobody listens, and nobody else can begin to.
struct Closed {
    address: SocketAddr,
    _bound: TcpSocket,
}

impl Closed {
    fn new() -> Self {
        let bound = TcpSocket::new_v4().unwrap();
        bound.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        Self { address: bound.local_addr().unwrap(), _bound: bound }
    }
}

/// Runs `case` where a proxy that does as told is set for everything. Gives what it was asked.
fn in_company(case: &str, way: Way, more: &[(&str, &str)]) -> Vec<String> {
    let company = Company::new();
    let proxy = company.proxy(way);
    let address = format!("http://{}", proxy.address);
    let mut variables: Vec<_> = VARIABLES[..6].iter().map(|name| (*name, address.as_str())).collect();
    variables.extend(more);
    company.run(case, &variables);
    proxy.asked()
}

/// A desktop that is set up with these, read from the file `desktop` each time.
struct Desktop(PathBuf);

impl DesktopProxies for Desktop {
    fn ways_to(&self, url: &Url) -> Vec<String> {
        assert_eq!(url.as_str(), "https://connect.corporate.test/", "more than a script needs");
        std::fs::read_to_string(&self.0).unwrap().lines().map(str::to_owned).collect()
    }
}

/// Not a test of its own: what each case does within its process.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child() {
    let Ok(case) = std::env::var(CASE) else { return };
    let place = PathBuf::from(std::env::var(PLACE).unwrap());
    let (ca, acceptor) = company(&case);
    let other = company("another company's").0;
    std::fs::write(place.join("trusted.pem"), if case == "strange" { &other } else { &ca }).unwrap();
    let desktop = place.join("desktop");
    let world = if desktop.exists() {
        World::on_desktop(&BACKEND.parse().unwrap(), Arc::new(Desktop(desktop.clone()))).await
    } else {
        World::at(&BACKEND.parse().unwrap()).await
    };
    let nobody = Closed::new();
    let behind = if case == "unanswered" { format!("http://{}", nobody.address).parse().unwrap() } else { world.backend.clone() };
    std::fs::write(place.join("front"), front(acceptor, &behind).await).unwrap();
    match case.as_str() {
        "unanswered" => drop(refused(&world, ProblemCode::BackendUnreachable).await),
        "trusted" => trusted(&world).await,
        "strange" | "expired" | "not yet valid" | "of another name" => drop(refused(&world, ProblemCode::BackendCertificate).await),
        "changed" => {
            drop(refused(&world, ProblemCode::ProxyUnreachable).await);
            std::fs::rename(place.join("later"), desktop).unwrap();
            trusted(&world).await;
        }
        // A code, and how the proxy is named.
        case => {
            let (code, proxy) = case.split_once(' ').unwrap_or((case, "null"));
            let problem = refused(&world, serde_json::from_str(&format!("\"{code}\"")).unwrap()).await;
            assert_eq!(serde_json::to_string(&problem.proxy).unwrap(), proxy);
        }
    }
    // Whatever happened, nothing that is shown has the proxy's password in it.
    println!("{} {:?}", serde_json::to_string(&*world.core.view()).unwrap(), world.core.diagnose(async |_| None).await);
    println!("case done");
}

/// A whole life behind the proxy.
async fn trusted(world: &World) {
    world.core.confirm_backend(BACKEND, Some("Sandbox operator")).await.unwrap();
    world.core.connect(&Caller::Window, scopes(PROFILE)).await.unwrap();
    world.waiting().await;
    // The browser has its own way to the backend.
    let link = world.opened().as_str().replacen(&format!("{BACKEND}/"), world.backend.as_str(), 1);
    person::walk(&link.parse().unwrap(), "ada", Some(PROFILE)).await;
    let account = world.done().await;
    world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap();
    world.clock.advance(Duration::from_secs(3700));
    world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap();
    assert_eq!(world.count("refreshes").await, 1);
    assert_eq!(world.core.view().accounts[0].health, Health::Connected);
    assert_eq!(world.core.disconnect(&Caller::Window, &account, Unrevoked::Keep).await, Ok(DisconnectOutcome::Revoked));
}

/// Nothing comes of it, and it is told why.
async fn refused(world: &World, expected: ProblemCode) -> Problem {
    world.core.probe().await;
    let BackendStatus::Problem { problem } = world.core.view().backend.status.clone() else { panic!("{:?}", world.core.view().backend) };
    assert_eq!(problem.code, expected);
    assert_eq!(world.core.confirm_backend(BACKEND, Some("Sandbox operator")).await, Err(problem.clone()));
    assert!(world.records().is_empty() && world.browser.opened.lock().unwrap().is_empty());
    problem
}

/// A certificate authority of the company's own, and a server with its certificate for the backend's name, unless the case is about another.
fn company(case: &str) -> (String, TlsAcceptor) {
    drop(rustls::crypto::ring::default_provider().install_default());
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let pem = authority.self_signed(&key).unwrap().pem();
    let issuer = Issuer::new(authority, key);
    let own = KeyPair::generate().unwrap();
    let name = Url::parse(BACKEND).unwrap().host_str().unwrap().to_owned();
    let mut certificate =
        CertificateParams::new([if case == "of another name" { "another.corporate.test".to_owned() } else { name }]).unwrap();
    match case {
        "expired" => certificate.not_after = rcgen::date_time_ymd(2020, 1, 1),
        "not yet valid" => certificate.not_before = rcgen::date_time_ymd(2999, 1, 1),
        _ => {}
    }
    let certificate = certificate.signed_by(&own, &issuer).unwrap();
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
                // Where nobody is behind it, the connection ends without an answer.
                let Ok(mut back) = tokio::net::TcpStream::connect(to).await else { return };
                drop(tokio::io::copy_bidirectional(&mut stream, &mut back).await);
            });
        }
    });
    address
}

const PLACE_ASKED: &str = "connect.corporate.test:443";

/// Something was asked for, and nothing but the backend: the sandbox is on this computer, and was called many times. A connection that the
/// client gave up before it asked, since another had become free, led nowhere.
fn only_the_backend(asked: &[String]) {
    let mut places = asked.iter().filter(|place| *place != "-").peekable();
    assert!(places.peek().is_some() && places.all(|place| place == PLACE_ASKED), "{asked:?}");
}

/// How a case expects a proxy to be named.
fn named(code: &str, variable: &str, scheme: &str) -> String {
    // On Windows one variable has both.
    let variable = if cfg!(windows) { variable.to_uppercase() } else { variable.to_owned() };
    format!(r#"{code} {{"variable":"{variable}","scheme":"{scheme}"}}"#)
}

#[test]
#[cfg_attr(not(target_os = "linux"), ignore = "only on Linux does a variable say whom the system trusts")]
fn behind_a_proxy_whose_certificate_the_system_trusts_everything_works() {
    only_the_backend(&in_company("trusted", Way::Http, &[]));
}

#[test]
#[cfg_attr(not(target_os = "linux"), ignore = "only on Linux does a variable say whom the system trusts")]
fn every_kind_of_proxy_that_can_be_set_leads_out() {
    for (way, schemes) in [(Way::Socks5, &["socks5h", "socks"][..]), (Way::Socks4a, &["socks4a"]), (Way::Http, &["http"])] {
        for scheme in schemes {
            for variable in ["ALL_PROXY", "all_proxy", "HTTPS_PROXY", "https_proxy"] {
                let company = Company::new();
                let proxy = company.proxy(way);
                company.run("trusted", &[(variable, &format!("{scheme}://{}", proxy.address))]);
                only_the_backend(&proxy.asked());
            }
        }
    }
}

#[test]
#[cfg_attr(not(target_os = "linux"), ignore = "only on Linux does a variable say whom the system trusts")]
fn a_password_in_the_address_is_used_and_told_to_nobody() {
    for (way, scheme) in [(Way::HttpWithPassword, "http"), (Way::Socks5WithPassword, "socks5h")] {
        let company = Company::new();
        let proxy = company.proxy(way);
        let told = company.run("trusted", &[("HTTPS_PROXY", &format!("{scheme}://ada:{PASSWORD}@{}", proxy.address))]);
        only_the_backend(&proxy.asked());
        assert!(!told.contains(PASSWORD), "{told}");
        for user in ["", "ada:wrong@", "eve@"] {
            let address = format!("{scheme}://{user}{}", proxy.address);
            let told = company.run(&named("proxy_password", "HTTPS_PROXY", scheme), &[("HTTPS_PROXY", &address)]);
            assert!(user.is_empty() || !told.contains(user), "{told}");
        }
    }
}

#[test]
fn a_proxy_that_cannot_be_used_is_named_before_anything_is_sent() {
    let company = Company::new();
    let proxy = company.proxy(Way::Http);
    for scheme in ["gopher", "socks6", "ftp"] {
        let address = format!("{scheme}://ada:{PASSWORD}@{}", proxy.address);
        let told = company.run(&named("proxy_setting", "ALL_PROXY", scheme), &[("ALL_PROXY", &address)]);
        assert!(!told.contains(PASSWORD) && !told.contains("ada:"), "{told}");
    }
    for rest in ["", ":3128", "proxy.example:port", &format!("ada:#{PASSWORD}@{}", proxy.address)] {
        let told = company.run(&named("proxy_setting", "https_proxy", "http"), &[("https_proxy", &format!("http://{rest}"))]);
        assert!(!told.contains(PASSWORD), "{told}");
    }
    assert_eq!(proxy.asked(), Vec::<String>::new());
}

#[test]
fn a_proxy_that_is_not_there_is_told_as_such() {
    let closed = Closed::new();
    for scheme in ["http", "socks5h", "socks4a"] {
        let code = named("proxy_unreachable", "ALL_PROXY", scheme);
        Company::new().run(&code, &[("ALL_PROXY", &format!("{scheme}://{}", closed.address))]);
    }
    Company::new().run(&named("proxy_unreachable", "ALL_PROXY", "http"), &[("ALL_PROXY", "http://127.1.1.1:1")]);
}

#[test]
fn a_certificate_that_is_not_right_is_told_as_the_networks() {
    for case in ["strange", "expired", "not yet valid", "of another name"] {
        only_the_backend(&in_company(case, Way::Http, &[]));
    }
}

#[test]
fn a_proxy_that_refuses_is_told_as_such() {
    for status in ["403 Forbidden", "502 Bad Gateway"] {
        only_the_backend(&in_company(&named("proxy_refused", "HTTPS_PROXY", "http"), Way::Refuses(status), &[]));
    }
    assert!(!in_company(&named("proxy_refused", "HTTPS_PROXY", "http"), Way::Ends, &[]).is_empty());
}

#[test]
fn what_the_system_sends_past_the_proxy_goes_past_it() {
    // There is no such name.
    let past = [("NO_PROXY", "corporate.test"), ("no_proxy", "corporate.test")];
    assert_eq!(in_company("address_unknown", Way::Http, &past), Vec::<String>::new());
}

#[test]
#[cfg_attr(not(target_os = "linux"), ignore = "only on Linux does a variable say whom the system trusts")]
fn the_desktops_ways_are_tried_in_its_order_and_seen_when_they_change() {
    let closed = Closed::new();
    let gone = closed.address;
    let company = Company::new();
    let desktop = company.0.path().join("desktop");
    let (one, other) = (company.proxy(Way::Socks5), company.proxy(Way::Http));
    std::fs::write(&desktop, format!("http://{gone}\nquic://{gone}\nsocks://{}\nhttp://{}\n", one.address, other.address)).unwrap();
    company.run("trusted", &[]);
    only_the_backend(&one.asked());
    assert_eq!(other.asked(), Vec::<String>::new());
    // The same program, before and after.
    std::fs::write(&desktop, format!("http://{gone}\n")).unwrap();
    std::fs::write(company.0.path().join("later"), format!("http://{}\n", other.address)).unwrap();
    company.run("changed", &[]);
    only_the_backend(&other.asked());
    // The preferred way is the one that is told.
    std::fs::write(&desktop, format!("http://{gone}\ndirect://\n")).unwrap();
    company.run(r#"proxy_unreachable {"variable":null,"scheme":"http"}"#, &[]);
    // Unless it was sent by another: then that one says what became of it.
    std::fs::write(&desktop, format!("http://{gone}\nhttp://{}\n", other.address)).unwrap();
    company.run("unanswered", &[]);
    std::fs::write(&desktop, "quic://proxy.example\n").unwrap();
    company.run(r#"proxy_setting {"variable":null,"scheme":"quic"}"#, &[]);
}

#[test]
#[cfg_attr(not(target_os = "linux"), ignore = "only on Linux does a variable say whom the system trusts")]
fn variables_count_more_than_the_desktop() {
    let company = Company::new();
    let (one, other) = (company.proxy(Way::Http), company.proxy(Way::Http));
    std::fs::write(company.0.path().join("desktop"), format!("http://{}\n", other.address)).unwrap();
    company.run("trusted", &[("HTTPS_PROXY", &one.address)]);
    only_the_backend(&one.asked());
    company.run("address_unknown", &[("NO_PROXY", "connect.corporate.test")]);
    assert_eq!(other.asked(), Vec::<String>::new());
    // One for plain http says nothing of https, and an empty one nothing at all.
    company.run("trusted", &[("HTTP_PROXY", &one.address), ("ALL_PROXY", "")]);
    only_the_backend(&other.asked());
}

#[tokio::test]
async fn a_strange_certificate_is_told_as_such_without_any_proxy_too() {
    let nowhere = "http://127.0.0.1:9".parse().unwrap();
    let url = format!("https://{}", front(company("strange").1, &nowhere).await).parse().unwrap();
    let client = BackendClient::new(url, Arc::new(Http::new(Arc::new(SystemProxies))));
    assert_eq!(client.client_info(Environment::Sandbox, 0).await.unwrap_err().code, ProblemCode::BackendCertificate);
}
