//! The one HTTP client policy of this crate (N-02): https or loopback only, no redirects, no cookies, no referrer, bounded in time and
//! size. One client for each way out, for the whole run.

mod proxies;
mod trouble;
mod way;

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use reqwest::{Client, Method, Proxy, Request, Response};
use rustls_platform_verifier::BuilderVerifierExt as _;
use serde::Serialize;
use url::Url;
use zeroize::Zeroizing;

use crate::model::problem::{Problem, ProblemCode};
use way::Way;

pub use proxies::{DesktopProxies, SystemProxies};
pub use trouble::Peer;

/// Time for a connection, TLS included.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);
/// Time for a whole request.
const TOTAL_LIMIT: Duration = Duration::from_secs(20);
/// How long a connection is kept for the next read. Servers close idle ones after as little as five seconds, and a request that crosses
/// with that gets no answer. The reads of one page follow each other faster.
const IDLE_LIMIT: Duration = Duration::from_secs(1);
/// Most clients that are kept. The desktop may name other proxies each time.
const MOST_CLIENTS: usize = 8;
/// Longest answer read, in bytes.
pub const MAX_BODY: usize = 1024 * 1024;

/// Which connection a request goes out on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Connection {
    /// One that an earlier request has left open, or a new one. For reads: they can be repeated.
    Shared,
    /// A new one, used for nothing else. For whatever changes something: on a connection that the other side is closing just then, nobody
    /// could tell whether it was carried out.
    Own,
}

/// A request that got no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoAnswer {
    /// Why.
    pub problem: Problem,
    /// Some of it may have reached the other side.
    pub sent: bool,
}

impl From<Problem> for NoAnswer {
    fn from(problem: Problem) -> Self {
        Self { problem, sent: false }
    }
}

impl From<ProblemCode> for NoAnswer {
    fn from(code: ProblemCode) -> Self {
        Problem::from(code).into()
    }
}

impl From<NoAnswer> for Problem {
    fn from(NoAnswer { problem, .. }: NoAnswer) -> Self {
        problem
    }
}

/// All requests of this crate. One for the whole run.
pub struct Http {
    ways: proxies::Ways,
    /// Read from the system once; again after a certificate was refused, since the person may have installed one.
    tls: tokio::sync::Mutex<Option<rustls::ClientConfig>>,
    clients: Mutex<HashMap<(Way, Connection), Client>>,
    /// The time that the last answer told; 0 where none has.
    heard: AtomicI64,
}

impl Http {
    /// Opens nothing yet.
    pub fn new(desktop: Arc<dyn DesktopProxies>) -> Self {
        Self {
            ways: proxies::Ways::new(desktop),
            tls: tokio::sync::Mutex::default(),
            clients: Mutex::default(),
            heard: AtomicI64::default(),
        }
    }

    /// Sends `request` by the first way that leads anywhere, as the environment and the desktop say. Another way is tried only where
    /// nothing of the request was sent.
    ///
    /// # Errors
    /// Why there is no answer: of the way by which it was sent, or of the best one where it went out by none.
    pub async fn send(&self, request: Request, connection: Connection, peer: Peer) -> Result<Response, NoAnswer> {
        let url = request.url().clone();
        if url.scheme() != "https" && !is_loopback(&url) {
            return Err(ProblemCode::BackendAddress.into());
        }
        let ways = self.ways.to(&url).await.map_err(|setting| Problem::of_proxy(ProblemCode::ProxySetting, setting))?;
        let mut first = None;
        for way in ways {
            let client = self.client(&way, connection).await?;
            let copy = || request.try_clone().ok_or(ProblemCode::InvalidInput);
            let mut answer = client.execute(copy()?).await;
            if connection == Connection::Shared && answer.as_ref().is_err_and(broke_off) {
                // The other side was closing what an earlier request had left open.
                answer = self.client(&way, Connection::Own).await?.execute(copy()?).await;
            }
            let error = match answer {
                Ok(response) => {
                    if let Some(at) = date(&response) {
                        self.heard.store(at, Ordering::Relaxed);
                    }
                    return Ok(response);
                }
                Err(error) => error,
            };
            let problem = trouble::problem(&error, &way, &url, peer).await;
            if problem.code == ProblemCode::BackendCertificate {
                self.forget().await;
            }
            if !error.is_connect() {
                return Err(NoAnswer { problem, sent: true });
            }
            let refused = problem.code == ProblemCode::BackendCertificate;
            let best = first.get_or_insert(problem);
            if refused {
                return Err(best.clone().into());
            }
        }
        Err(first.unwrap_or_else(|| peer.unreachable().into()).into())
    }

    /// `GET`, on a shared connection.
    ///
    /// # Errors
    /// As for [`Http::send`].
    pub async fn get(&self, url: Url, peer: Peer) -> Result<Response, NoAnswer> {
        self.send(Request::new(Method::GET, url), Connection::Shared, peer).await
    }

    /// What time it was by the server that answered last, in milliseconds since the Unix epoch.
    pub fn heard_ms(&self) -> Option<i64> {
        Some(self.heard.load(Ordering::Relaxed)).filter(|at| *at > 0)
    }

    /// Seconds by which the clock at `url` is ahead of ours, if it tells.
    pub async fn skew_s(&self, url: &Url, peer: Peer, now_ms: i64) -> Option<i64> {
        let response = self.get(url.clone(), peer).await.ok()?;
        Some((date(&response)? - now_ms) / 1000)
    }

    async fn client(&self, way: &Way, connection: Connection) -> Result<Client, Problem> {
        let key = (way.clone(), connection);
        if let Some(client) = self.clients().get(&key) {
            return Ok(client.clone());
        }
        let tls = self.tls().await?;
        let (way, connection) = key.clone();
        let built = tokio::task::spawn_blocking(move || build(&way, connection, tls)).await;
        let client = match built {
            Ok(Ok(client)) => client,
            _ => return Err(ProblemCode::CertificatesMissing.into()),
        };
        let mut clients = self.clients();
        if clients.len() >= MOST_CLIENTS {
            clients.clear();
        }
        Ok(clients.entry(key).or_insert(client).clone())
    }

    /// What the system trusts. Reading it may take a while.
    async fn tls(&self) -> Result<rustls::ClientConfig, Problem> {
        let mut kept = self.tls.lock().await;
        if let Some(tls) = &*kept {
            return Ok(tls.clone());
        }
        match tokio::task::spawn_blocking(read_tls).await {
            Ok(Ok(tls)) => Ok(kept.insert(tls).clone()),
            Ok(Err(error)) => {
                tracing::error!(%error, "the system's certificates can't be used");
                Err(ProblemCode::CertificatesMissing.into())
            }
            Err(_) => Err(ProblemCode::CertificatesMissing.into()),
        }
    }

    async fn forget(&self) {
        *self.tls.lock().await = None;
        self.clients().clear();
    }

    fn clients(&self) -> std::sync::MutexGuard<'_, HashMap<(Way, Connection), Client>> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a connection ended without an answer.
fn broke_off(error: &reqwest::Error) -> bool {
    error.is_request() && !error.is_connect() && !error.is_timeout()
}

fn read_tls() -> Result<rustls::ClientConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let mut config = config.with_platform_verifier()?.with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

fn build(way: &Way, connection: Connection, tls: rustls::ClientConfig) -> Result<Client, reqwest::Error> {
    let builder = Client::builder()
        .tls_backend_preconfigured(tls)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .connect_timeout(CONNECT_LIMIT)
        .timeout(TOTAL_LIMIT)
        .pool_idle_timeout(IDLE_LIMIT)
        .user_agent(concat!("monei-connect/", env!("CARGO_PKG_VERSION")))
        .no_proxy();
    let builder = match connection {
        Connection::Shared => builder,
        Connection::Own => builder.pool_max_idle_per_host(0),
    };
    match way {
        Way::Direct => builder,
        Way::Proxy(proxy) => builder.https_only(true).proxy(Proxy::all(proxy.url().clone())?),
    }
    .build()
}

/// A request with `body`, which is wiped once it is sent (T-19).
///
/// # Errors
/// When `value` can't be written as JSON.
pub fn post(url: Url, value: &impl Serialize) -> Result<Request, serde_json::Error> {
    let mut request = Request::new(Method::POST, url);
    request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    *request.body_mut() = Some(Bytes::from_owner(crate::wiped::json(value)?).into());
    Ok(request)
}

/// Whether `url` names this machine by a literal loopback address or `localhost`, over plain http.
pub fn is_loopback(url: &Url) -> bool {
    url.scheme() == "http" && names_this_computer(url)
}

/// Whether it names this machine at all. No scheme leads such an address through a proxy.
fn names_this_computer(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

/// Reads a body up to [`MAX_BODY`]. It may hold tokens: it is wiped when dropped (T-19).
///
/// # Errors
/// [`BodyError`] when it is longer, or breaks off.
pub async fn body(mut response: Response) -> Result<Zeroizing<Vec<u8>>, BodyError> {
    if response.content_length().is_some_and(|length| length > MAX_BODY as u64) {
        return Err(BodyError::TooLong);
    }
    let mut bytes = Zeroizing::new(Vec::new());
    while let Some(chunk) = response.chunk().await.map_err(|_| BodyError::BrokenOff)? {
        if bytes.len() + chunk.len() > MAX_BODY {
            return Err(BodyError::TooLong);
        }
        if bytes.capacity() - bytes.len() < chunk.len() {
            // A vector that grows by itself leaves what it held where it was.
            let mut larger = Zeroizing::new(Vec::with_capacity((bytes.len() + chunk.len()) * 2));
            larger.extend_from_slice(&bytes);
            bytes = larger;
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// Milliseconds since `began`, for the log.
pub fn took_ms(began: Instant) -> u64 {
    u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// Whether an answer is a page for a person, where data was asked for.
pub fn is_page(body: &[u8]) -> bool {
    // Some pages begin with a byte order mark.
    body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body).trim_ascii_start().starts_with(b"<")
}

/// Why a body could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyError {
    /// Longer than [`MAX_BODY`].
    TooLong,
    /// The connection ended before it did.
    BrokenOff,
}

/// Seconds from a `Retry-After` header in either form (RFC 9110 §10.2.3), clamped to 1..=300. Five where there is none.
pub fn retry_after(response: &Response, now_ms: i64) -> u64 {
    let text = response.headers().get(reqwest::header::RETRY_AFTER).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let seconds = text.trim().parse::<i64>().ok().or_else(|| {
        let at = date_ms(text.trim())? / 1000;
        // By the sender's own clock, which may differ from ours.
        Some(at - date(response).unwrap_or(now_ms) / 1000)
    });
    u64::try_from(seconds.unwrap_or(5).clamp(1, 300)).unwrap_or(5)
}

/// When the answer was made, by the sender's clock, in milliseconds since the Unix epoch (RFC 9110 §6.6.1).
pub fn date(response: &Response) -> Option<i64> {
    date_ms(response.headers().get(reqwest::header::DATE)?.to_str().ok()?)
}

/// A date as HTTP writes it (RFC 9110 §5.6.7), in milliseconds since the Unix epoch.
fn date_ms(text: &str) -> Option<i64> {
    let since = httpdate::parse_http_date(text).ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
    i64::try_from(since.as_millis()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_read_in_each_form_that_http_allows() {
        for text in ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"] {
            assert_eq!(date_ms(text), Some(784_111_777_000), "{text}");
        }
        for text in ["", "tomorrow", "784111777", "Sun, 06 Nov 1994"] {
            assert_eq!(date_ms(text), None, "{text}");
        }
    }

    #[test]
    fn a_page_is_told_from_data_whatever_stands_before_it() {
        for (body, expected) in [
            ("<!doctype html>", true),
            ("\r\n <html>", true),
            ("\u{feff}<html>", true),
            ("\u{feff}\n<html>", true),
            ("{\"text\":\"<html>\"}", false),
            ("\u{feff}{}", false),
            ("", false),
        ] {
            assert_eq!(is_page(body.as_bytes()), expected, "{body}");
        }
    }

    #[test]
    fn only_literal_loopback_over_plain_http_is_loopback() {
        for (text, expected) in [
            ("http://127.0.0.1:1", true),
            ("http://[::1]:1", true),
            ("http://localhost:1", true),
            ("http://127.0.0.1.evil.test", false),
            ("http://localhost.evil.test", false),
            ("http://10.0.0.1", false),
            ("https://127.0.0.1", false),
            ("http://[::ffff:127.0.0.1]", false),
        ] {
            assert_eq!(is_loopback(&Url::parse(text).unwrap()), expected, "{text}");
        }
    }

    #[test]
    fn no_scheme_sends_this_computers_own_addresses_through_a_proxy() {
        for (text, expected) in [
            ("http://127.0.0.1:1", true),
            ("https://127.0.0.1", true),
            ("https://[::1]:1", true),
            ("https://localhost", true),
            ("https://localhost.evil.test", false),
            ("https://10.0.0.1", false),
        ] {
            assert_eq!(names_this_computer(&Url::parse(text).unwrap()), expected, "{text}");
        }
    }

    /// A desktop that must not be asked.
    struct Never;

    impl DesktopProxies for Never {
        fn ways_to(&self, url: &Url) -> Vec<String> {
            panic!("asked about {url}")
        }
    }

    #[tokio::test]
    async fn each_way_has_one_client_for_the_whole_run_and_certificates_are_read_once() {
        let http = Http::new(Arc::new(Never));
        for _ in 0..3 {
            for connection in [Connection::Shared, Connection::Own] {
                http.client(&Way::Direct, connection).await.unwrap();
            }
        }
        assert_eq!(http.clients().len(), 2);
        assert!(http.tls.lock().await.is_some());
        http.forget().await;
        assert!(http.clients().is_empty() && http.tls.lock().await.is_none());
    }

    /// Answers the first request of each connection. The second one of the first connection is read, and the connection closed on it.
    async fn server_that_closes(listener: tokio::net::TcpListener) {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        for takes_a_second in [true, false] {
            let (mut stream, _) = listener.accept().await.unwrap();
            assert!(stream.read(&mut [0; 4096]).await.unwrap() > 0);
            stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
            if takes_a_second {
                assert!(stream.read(&mut [0; 4096]).await.unwrap() > 0, "the connection was not used again");
            }
        }
    }

    #[tokio::test]
    async fn a_read_outlives_a_connection_that_the_other_side_is_closing() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
        let server = tokio::spawn(server_that_closes(listener));
        let http = Http::new(Arc::new(Never));
        for _ in 0..2 {
            assert_eq!(http.get(url.clone(), Peer::Backend).await.unwrap().status(), 204);
        }
        server.await.unwrap();
    }

    #[tokio::test]
    async fn nothing_is_sent_in_the_clear_but_to_this_computer() {
        let http = Http::new(Arc::new(Never));
        let url = Url::parse("http://10.0.0.1/v1/client").unwrap();
        assert_eq!(http.get(url, Peer::Backend).await.err(), Some(ProblemCode::BackendAddress.into()));
    }
}
