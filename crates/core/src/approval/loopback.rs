//! The listener on 127.0.0.1 to which the browser brings the answer (RFC 8252 §7.3). Open only while a transaction waits.
//!
//! Everything on this machine can reach the port, so only a navigation to the exact path with the 128-bit nonce counts, and on Linux only
//! over a connection of the person's own programs; anything else is refused without effect. No answer ends the wait: whoever opened the
//! listener drops it once one turned out to be true (B-03, B-04).

mod page;
mod peer;

use std::collections::VecDeque;
use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http::header::{HOST, HeaderName, LOCATION, ORIGIN};
use http::{HeaderMap, Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use subtle::ConstantTimeEq;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::task::JoinHandle;

#[cfg(target_os = "linux")]
pub use peer::own_peers;

use crate::model::Language;
use crate::model::answer::{self, Handoff};
use crate::model::proof::PathNonce;

/// Connections served at a time.
const MAX_CONNECTIONS: usize = 8;
/// Time for a request's head.
const HEAD_LIMIT: Duration = Duration::from_secs(5);
/// Time for a whole connection.
const CONNECTION_LIMIT: Duration = Duration::from_secs(10);
/// Longest request head, in bytes. A browser also sends what other programs on 127.0.0.1 left with it: cookies know no ports.
const MAX_HEAD: usize = 64 * 1024;
/// Most header fields of a request.
const MAX_FIELDS: usize = 256;
/// Most answers that wait to be looked at.
const MAX_ANSWERS: usize = 8;
/// How long after a connection that couldn't be accepted the next one is tried.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);
/// The path of the clean result page, below the nonce.
const DONE: &str = "done";
/// How long the clean result page is still served after the answer.
const GRACE: Duration = Duration::from_secs(5);

/// A listener that waits for answers. Dropping it closes the port.
pub struct Loopback {
    return_to: String,
    answers: mpsc::Receiver<Handoff>,
    _open: oneshot::Sender<Infallible>,
}

struct Site {
    host: String,
    nonce: PathNonce,
    language: Language,
    answers: mpsc::Sender<Handoff>,
    answered: AtomicBool,
    page_served: Notify,
}

impl Loopback {
    /// Opens `port`, or with 0 one that the kernel chooses. What the browser shows in the end is in this language.
    ///
    /// # Errors
    /// When it can't be bound on 127.0.0.1.
    pub async fn open(nonce: &PathNonce, port: u16, language: Language) -> io::Result<Self> {
        Self::open_for(nonce, port, language, peer::is_own).await
    }

    async fn open_for(nonce: &PathNonce, port: u16, language: Language, is_own: peer::IsOwn) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let address = listener.local_addr()?;
        let host = address.to_string();
        let return_to = format!("http://{host}/{}", nonce.expose());
        let (sender, answers) = mpsc::channel(MAX_ANSWERS);
        let (open, closed) = oneshot::channel();
        let site = Arc::new(Site {
            host,
            nonce: nonce.clone(),
            language,
            answers: sender,
            answered: AtomicBool::new(false),
            page_served: Notify::new(),
        });
        tokio::spawn(accept(listener, address, is_own, site, closed));
        Ok(Self { return_to, answers, _open: open })
    }

    /// The address the backend is to return to. Holds the nonce: not for logs.
    pub fn return_to(&self) -> &str {
        &self.return_to
    }

    /// Waits for the next answer, true or not. `None` if the listener failed.
    pub async fn answer(&mut self) -> Option<Handoff> {
        self.answers.recv().await
    }
}

async fn accept(
    listener: TcpListener,
    address: SocketAddr,
    is_own: peer::IsOwn,
    site: Arc<Site>,
    mut closed: oneshot::Receiver<Infallible>,
) {
    let mut connections: VecDeque<JoinHandle<()>> = VecDeque::new();
    let mut grace = None;
    loop {
        tokio::select! {
            // The wait is over: at once if nobody answered, else when the browser has fetched its page.
            _ = &mut closed, if grace.is_none() => {
                if !site.answered.load(Ordering::Acquire) {
                    return;
                }
                grace = Some(tokio::time::Instant::now() + GRACE);
            }
            () = site.page_served.notified(), if grace.is_some() => return,
            () = sleep_until(grace), if grace.is_some() => return,
            accepted = listener.accept() => {
                let Ok((stream, peer)) = accepted else {
                    // Out of file descriptors, mostly: a pause lets some be closed instead of spinning.
                    tokio::time::sleep(ACCEPT_AGAIN).await;
                    continue;
                };
                // Before it takes the place of another.
                if !matches!(tokio::task::spawn_blocking(move || is_own(peer, address)).await, Ok(true)) {
                    tracing::warn!("a connection that isn't of this user was dropped");
                    continue;
                }
                connections.retain(|connection| !connection.is_finished());
                // Over the limit the oldest goes, so that slow sockets can't hold up the one that matters.
                if connections.len() >= MAX_CONNECTIONS && let Some(oldest) = connections.pop_front() {
                    oldest.abort();
                }
                let site = Arc::clone(&site);
                connections.push_back(tokio::spawn(async move { serve(stream, &site).await }));
            }
        }
    }
}

async fn sleep_until(deadline: Option<tokio::time::Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

async fn serve(stream: TcpStream, site: &Arc<Site>) {
    let site = Arc::clone(site);
    let service = service_fn(move |request: Request<Incoming>| {
        let response = site.respond(request.method(), request.uri(), request.headers());
        async move { Ok::<_, Infallible>(response) }
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_LIMIT)
        .max_buf_size(MAX_HEAD)
        .max_headers(MAX_FIELDS)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service);
    // A broken or slow connection concerns nobody but its other end.
    drop(tokio::time::timeout(CONNECTION_LIMIT, connection).await);
}

impl Site {
    fn respond(&self, method: &Method, uri: &http::Uri, headers: &HeaderMap) -> Response<String> {
        if method != Method::GET {
            return page::plain(StatusCode::METHOD_NOT_ALLOWED);
        }
        if uri.authority().is_some() || !self.is_navigation(headers) {
            return page::plain(StatusCode::NOT_FOUND);
        }
        let path = uri.path().strip_prefix('/').unwrap_or_default();
        let (nonce, rest) = path.split_once('/').unwrap_or((path, ""));
        if !bool::from(nonce.as_bytes().ct_eq(self.nonce.expose().as_bytes())) {
            return page::plain(StatusCode::NOT_FOUND);
        }
        match (rest, path.contains('/'), uri.query()) {
            (DONE, true, None) => {
                self.page_served.notify_one();
                page::done(self.language)
            }
            ("", false, Some(query)) => match answer::parse_query(query) {
                Ok(handoff) => self.take(handoff),
                Err(_) => page::plain(StatusCode::BAD_REQUEST),
            },
            _ => page::plain(StatusCode::NOT_FOUND),
        }
    }

    /// Hands the answer on, and sends the browser to an address without it, for the sake of its history.
    fn take(&self, handoff: Handoff) -> Response<String> {
        self.answered.store(true, Ordering::Release);
        // With too many waiting, or after the end, it has no effect.
        if self.answers.try_send(handoff).is_err() {
            tracing::info!("an answer was dropped: too many wait, or the wait is over");
        }
        let mut response = page::plain(StatusCode::SEE_OTHER);
        if let Ok(location) = format!("http://{}/{}/{DONE}", self.host, self.nonce.expose()).parse() {
            response.headers_mut().insert(LOCATION, location);
        }
        response
    }

    /// A person's browser going somewhere: our own name in `Host`, no `Origin`, no script's fetch.
    fn is_navigation(&self, headers: &HeaderMap) -> bool {
        const FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
        let mut hosts = headers.get_all(HOST).iter();
        let host_fits = hosts.next().is_some_and(|host| host.as_bytes() == self.host.as_bytes()) && hosts.next().is_none();
        let modes_fit = headers.get_all(FETCH_MODE).iter().all(|mode| mode == "navigate");
        host_fits && modes_fit && !headers.contains_key(ORIGIN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    async fn raw(address: &str, request: String) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        // A reset after the answer is fine.
        let _ = stream.read_to_string(&mut answer).await;
        answer
    }

    struct Fixture {
        loopback: Loopback,
        address: String,
        path: String,
    }

    async fn open() -> Fixture {
        open_for(peer::is_own).await
    }

    async fn open_for(is_own: peer::IsOwn) -> Fixture {
        let loopback = Loopback::open_for(&PathNonce::generate(), 0, Language::English, is_own).await.unwrap();
        let rest = loopback.return_to().strip_prefix("http://").unwrap().to_owned();
        let (address, path) = rest.split_once('/').unwrap();
        Fixture { address: address.to_owned(), path: format!("/{path}"), loopback }
    }

    fn get(target: &str, host: &str) -> String {
        format!("GET {target} HTTP/1.1\r\nHost: {host}\r\nSec-Fetch-Mode: navigate\r\n\r\n")
    }

    #[tokio::test]
    async fn the_true_answer_passes_after_any_amount_of_junk() {
        let mut fixture = open().await;
        let (address, path) = (fixture.address.clone(), fixture.path.clone());
        let good = format!("{path}?handoff=abc");
        let junk = [
            (get("/", &address), "404"),
            (get("/favicon.ico", &address), "404"),
            (get(&format!("{path}x?handoff=abc"), &address), "404"),
            (get(&format!("{path}/?handoff=abc"), &address), "404"),
            (get(&path, &address), "404"),
            (get(&good, "evil.test"), "404"),
            (get(&good, &address.replace("127.0.0.1", "localhost")), "404"),
            (format!("GET {good} HTTP/1.1\r\n\r\n"), "404"),
            (format!("GET {good} HTTP/1.1\r\nHost: {address}\r\nHost: {address}\r\n\r\n"), "404"),
            (format!("GET {good} HTTP/1.1\r\nHost: {address}\r\nOrigin: https://evil.test\r\n\r\n"), "404"),
            (format!("GET {good} HTTP/1.1\r\nHost: {address}\r\nSec-Fetch-Mode: cors\r\n\r\n"), "404"),
            (format!("POST {good} HTTP/1.1\r\nHost: {address}\r\nContent-Length: 0\r\n\r\n"), "405"),
            (format!("OPTIONS {good} HTTP/1.1\r\nHost: {address}\r\n\r\n"), "405"),
            (format!("HEAD {good} HTTP/1.1\r\nHost: {address}\r\n\r\n"), "405"),
            (get(&format!("{path}?handoff=a&handoff=b"), &address), "400"),
            (get(&format!("{path}?code=abc&state=def"), &address), "400"),
            (get(&format!("{path}?error=access_denied"), &address), "400"),
            (get(&format!("{path}?handoff=<script>"), &address), "400"),
            ("\u{0}\u{1}\u{2}\r\n\r\n".to_owned(), "400"),
            (format!("GET {path}?handoff={} HTTP/1.1\r\nHost: {address}\r\n\r\n", "a".repeat(80_000)), "4"),
        ];
        for (request, status) in junk {
            let answer = raw(&address, request.clone()).await;
            assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{request:.120} gave {answer:.60}");
            assert!(!answer.contains("<script>"));
        }
        assert!(fixture.loopback.answers.try_recv().is_err(), "junk was taken for an answer");
        let answer = raw(&address, get(&good, &address)).await;
        assert!(answer.starts_with("HTTP/1.1 303"), "{answer}");
        assert!(answer.contains(&format!("location: http://{address}{path}/done\r\n")), "{answer}");
        assert!(matches!(fixture.loopback.answer().await, Some(handoff) if handoff.expose() == "abc"));
        let page = raw(&address, get(&format!("{path}/done"), &address)).await;
        assert!(page.starts_with("HTTP/1.1 200") && page.contains("content-security-policy: default-src 'none'"), "{page}");
    }

    #[tokio::test]
    async fn the_port_is_gone_when_the_wait_ends() {
        let fixture = open().await;
        let address = fixture.address.clone();
        drop(fixture);
        tokio::time::timeout(Duration::from_secs(5), async {
            while TcpStream::connect(&address).await.is_ok() {
                tokio::task::yield_now().await;
            }
        })
        .await
        .expect("the port stayed open");
    }

    #[tokio::test]
    async fn each_answer_is_handed_on_until_the_wait_ends() {
        let mut fixture = open().await;
        for text in ["false", "true"] {
            let answer = raw(&fixture.address, get(&format!("{}?handoff={text}", fixture.path), &fixture.address)).await;
            assert!(answer.starts_with("HTTP/1.1 303"), "{answer}");
        }
        assert_eq!(fixture.loopback.answer().await.unwrap().expose(), "false");
        assert_eq!(fixture.loopback.answer().await.unwrap().expose(), "true");
    }

    #[tokio::test]
    async fn cookies_of_other_programs_on_this_computer_do_not_keep_the_answer_out() {
        let mut fixture = open().await;
        let cookies: String = (0..12).map(|n| format!("Cookie: program{n}={}\r\n", "c".repeat(4_000))).collect();
        let fields: String = (0..100).map(|n| format!("X-Field-{n}: 1\r\n")).collect();
        let request = format!("GET {}?handoff=abc HTTP/1.1\r\nHost: {}\r\n{cookies}{fields}\r\n", fixture.path, fixture.address);
        assert!(request.len() > 48_000);
        let answer = raw(&fixture.address, request).await;
        assert!(answer.starts_with("HTTP/1.1 303"), "{answer:.100}");
        assert_eq!(fixture.loopback.answer().await.unwrap().expose(), "abc");
    }

    #[tokio::test]
    async fn a_connection_of_another_user_is_dropped_without_a_word() {
        let mut fixture = open_for(|_, _| false).await;
        let answer = raw(&fixture.address, get(&format!("{}?handoff=abc", fixture.path), &fixture.address)).await;
        assert_eq!(answer, "");
        assert!(fixture.loopback.answers.try_recv().is_err());
    }

    #[tokio::test]
    async fn slow_sockets_do_not_hold_up_the_true_answer() {
        let mut fixture = open().await;
        let mut slow = Vec::new();
        for _ in 0..50 {
            let mut stream = TcpStream::connect(&fixture.address).await.unwrap();
            stream.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
            slow.push(stream);
        }
        raw(&fixture.address, get(&format!("{}?handoff=abc", fixture.path), &fixture.address)).await;
        assert!(fixture.loopback.answer().await.is_some());
    }
}
