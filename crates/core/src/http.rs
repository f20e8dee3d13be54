//! The one HTTP client of this crate (N-02): https or loopback only, no redirects, no cookies, no referrer, bounded in time and size.

use std::time::{Duration, Instant};

use bytes::Bytes;
use hyper_util::client::proxy::matcher::Matcher;
use reqwest::{Client, Response};
use serde::Serialize;
use url::Url;
use zeroize::Zeroizing;

use crate::problem::ProblemCode;

/// Time for a connection, TLS included.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);
/// Time for a whole request.
const TOTAL_LIMIT: Duration = Duration::from_secs(20);
/// Time for looking a name up once more, to tell why there was no connection. A resolver that isn't reached may take half a minute.
const LOOKUP_LIMIT: Duration = Duration::from_secs(2);
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
    if names_this_computer(url) { Route::Direct } else { Route::System }
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
    url.scheme() == "http" && names_this_computer(url)
}

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

/// `value` as the body of a request, wiped once it is sent (T-19).
///
/// # Errors
/// When `value` can't be written as JSON.
pub fn json(value: &impl Serialize) -> Result<reqwest::Body, serde_json::Error> {
    Ok(Bytes::from_owner(crate::wiped::json(value)?).into())
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
    if !error.is_connect() || route_for(url) == Route::Direct {
        return otherwise;
    }
    if goes_through_proxy(url) {
        return ProblemCode::ProxyRefused;
    }
    let host = url.host_str().unwrap_or_default().to_owned();
    match tokio::time::timeout(LOOKUP_LIMIT, tokio::net::lookup_host((host, 443))).await {
        Ok(Ok(_)) => otherwise,
        Ok(Err(_)) | Err(_) => ProblemCode::Offline,
    }
}

/// Whether the system sends requests for `url` through a proxy. The same rules that the client itself goes by.
fn goes_through_proxy(url: &Url) -> bool {
    url.as_str().parse::<http::Uri>().is_ok_and(|uri| Matcher::from_system().intercept(&uri).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

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
            ("http://127.0.0.1:1", Route::Direct),
            ("https://127.0.0.1", Route::Direct),
            ("https://[::1]:1", Route::Direct),
            ("https://localhost", Route::Direct),
            ("https://localhost.evil.test", Route::System),
            ("https://10.0.0.1", Route::System),
        ] {
            assert_eq!(route_for(&Url::parse(text).unwrap()), expected, "{text}");
        }
    }
}
