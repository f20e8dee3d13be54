//! The one HTTP client of this crate (N-02): https or loopback only, no redirects, no cookies, no referrer, bounded in time and size.

use std::time::Duration;

use reqwest::{Client, Response};
use url::Url;

use crate::problem::ProblemCode;

/// Time for a connection, TLS included.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);
/// Time for a whole request.
const TOTAL_LIMIT: Duration = Duration::from_secs(20);
/// Longest answer read, in bytes.
pub const MAX_BODY: usize = 1024 * 1024;

/// Which way a client goes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// Loopback: never through a proxy.
    Direct,
    /// As the system is set up.
    System,
}

/// The client that fits an address: direct for loopback, else as the system is set up.
pub fn route_for(url: &Url) -> Route {
    if is_loopback(url) { Route::Direct } else { Route::System }
}

/// Builds a client.
///
/// # Errors
/// When TLS can't be set up.
pub fn client(route: Route) -> Result<Client, reqwest::Error> {
    // Another part of the program may have installed the same provider already; that is fine.
    drop(rustls::crypto::ring::default_provider().install_default());
    let builder = Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .connect_timeout(CONNECT_LIMIT)
        .timeout(TOTAL_LIMIT)
        .https_only(false)
        .user_agent(concat!("monei-connect/", env!("CARGO_PKG_VERSION")));
    match route {
        Route::Direct => builder.no_proxy(),
        Route::System => builder.https_only(true),
    }
    .build()
}

/// Whether `url` names this machine by a literal loopback address or `localhost`, over plain http.
pub fn is_loopback(url: &Url) -> bool {
    url.scheme() == "http"
        && match url.host() {
            Some(url::Host::Ipv4(address)) => address.is_loopback(),
            Some(url::Host::Ipv6(address)) => address.is_loopback(),
            Some(url::Host::Domain(name)) => name == "localhost",
            None => false,
        }
}

/// Reads a body up to [`MAX_BODY`].
///
/// # Errors
/// [`BodyError`] when it is longer, or breaks off.
pub async fn body(mut response: Response) -> Result<Vec<u8>, BodyError> {
    if response.content_length().is_some_and(|length| length > MAX_BODY as u64) {
        return Err(BodyError::TooLong);
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|_| BodyError::BrokenOff)? {
        if bytes.len() + chunk.len() > MAX_BODY {
            return Err(BodyError::TooLong);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// Whether an answer is a page for a person, where data was asked for.
pub fn is_page(body: &[u8]) -> bool {
    body.trim_ascii_start().starts_with(b"<")
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
        let at = jiff::fmt::rfc2822::parse(text.trim()).ok()?.timestamp().as_second();
        // By the sender's own clock, which may differ from ours.
        Some(at - date(response).unwrap_or(now_ms) / 1000)
    });
    u64::try_from(seconds.unwrap_or(5).clamp(1, 300)).unwrap_or(5)
}

/// When the answer was made, by the sender's clock, in milliseconds since the Unix epoch (RFC 9110 §6.6.1).
pub fn date(response: &Response) -> Option<i64> {
    let text = response.headers().get(reqwest::header::DATE)?.to_str().ok()?;
    Some(jiff::fmt::rfc2822::parse(text).ok()?.timestamp().as_millisecond())
}

/// Seconds by which the clock at `url` is ahead of ours, if it tells.
pub async fn skew_s(url: &Url, now_ms: i64) -> Option<i64> {
    let response = client(route_for(url)).ok()?.get(url.clone()).send().await.ok()?;
    Some((date(&response)? - now_ms) / 1000)
}

/// Why a request got no answer, as far as it can be told: no network, a refused certificate, or `otherwise`.
pub async fn classify(error: &reqwest::Error, url: &Url, otherwise: ProblemCode) -> ProblemCode {
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        let tls = cause.downcast_ref::<rustls::Error>().or_else(|| {
            // hyper wraps TLS errors in io::Error, whose `source` skips the wrapped error itself.
            cause.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref).and_then(|inner| inner.downcast_ref::<rustls::Error>())
        });
        if matches!(tls, Some(rustls::Error::InvalidCertificate(_))) {
            return ProblemCode::BackendCertificate;
        }
        source = cause.source();
    }
    let host = url.host_str().unwrap_or_default().to_owned();
    if error.is_connect() && !is_loopback(url) && tokio::net::lookup_host((host, 443)).await.is_err() {
        return ProblemCode::Offline;
    }
    otherwise
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
