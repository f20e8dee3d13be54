//! What came of a call to Monei, as far as it can be known.

use std::error::Error;
use std::time::SystemTime;

use http::header::RETRY_AFTER;
use http::{HeaderMap, StatusCode};
use monei::ErrorBody;
use zeroize::Zeroizing;

/// Longest answer read, in bytes.
const MAX_BODY: usize = 1024 * 1024;
/// Bounds of `Retry-After`, in seconds (C-09).
const RETRY_AFTER_RANGE: std::ops::RangeInclusive<u64> = 1..=300;
/// What is assumed when Monei says to wait but not how long: its limits are per minute.
const RETRY_AFTER_DEFAULT: u64 = 30;

/// The outcome of one call.
#[derive(Debug)]
pub(crate) enum Answer {
    /// 2xx, with its body.
    Success(Zeroizing<Vec<u8>>),
    /// 4xx but for 429: Monei understood and refused.
    Refused {
        /// With this status.
        status: StatusCode,
        /// Whether its words are about the client, not about the grant. They are read for nothing else, and never passed on.
        about_client: bool,
    },
    /// 429: not done. Seconds to wait.
    Busy(u64),
    /// 5xx, or another answer that makes no sense here: it may have been done or not. Seconds to wait, where a 503 says so.
    Failed(Option<u64>),
    /// Sent, but no complete answer came: it may have been done or not.
    Lost,
    /// Never sent: nothing was done.
    NotSent,
}

impl Answer {
    /// Every [`Answer::label`].
    pub(crate) const LABELS: [&str; 6] = ["success", "refused", "busy", "failed", "lost", "not_sent"];

    /// Seconds for which Monei asked to be left alone.
    pub(crate) fn wait(&self) -> Option<u64> {
        match self {
            Answer::Busy(seconds) => Some(*seconds),
            Answer::Failed(seconds) => *seconds,
            Answer::Success(_) | Answer::Refused { .. } | Answer::Lost | Answer::NotSent => None,
        }
    }

    /// For logs and metrics.
    pub(crate) fn label(&self) -> &'static str {
        match self {
            Answer::Success(_) => "success",
            Answer::Refused { .. } => "refused",
            Answer::Busy(_) => "busy",
            Answer::Failed(_) => "failed",
            Answer::Lost => "lost",
            Answer::NotSent => "not_sent",
        }
    }
}

/// Reads what a call gave.
pub(super) async fn read(result: Result<reqwest::Response, reqwest::Error>) -> Answer {
    let response = match result {
        Ok(response) => response,
        Err(error) => {
            let sent = !(error.is_connect() || error.is_builder());
            let (reason, error) = (reason(&error), deepest(error));
            tracing::warn!(event = "provider_unreachable", sent, reason, error);
            return if sent { Answer::Lost } else { Answer::NotSent };
        }
    };
    let status = response.status();
    if status == StatusCode::TOO_MANY_REQUESTS {
        return Answer::Busy(retry_after(response.headers(), SystemTime::now()).unwrap_or_else(|| spread(RETRY_AFTER_DEFAULT)));
    }
    if !status.is_success() && !status.is_client_error() {
        let asks = status == StatusCode::SERVICE_UNAVAILABLE;
        return Answer::Failed(asks.then(|| retry_after(response.headers(), SystemTime::now())).flatten());
    }
    match body(response).await {
        Some(body) if status.is_success() => Answer::Success(body),
        None if status.is_success() => Answer::Lost,
        // The status says all that matters; words that can't be read say nothing.
        words => Answer::Refused { status, about_client: words.is_some_and(|words| is_about_client(&words)) },
    }
}

/// Why no answer came, as a word that an alert can be set on.
fn reason(error: &reqwest::Error) -> &'static str {
    if causes(error).any(|cause| cause.is::<rustls::Error>()) {
        "tls"
    } else if error.is_timeout() {
        "timeout"
    } else if error.is_connect() {
        "connect"
    } else {
        "cut"
    }
}

/// The cause that tells something: the innermost. No address is in it.
pub(super) fn deepest(error: reqwest::Error) -> String {
    let error = error.without_url();
    causes(&error).last().map_or_else(|| error.to_string(), ToString::to_string)
}

/// What lies below an error, from the outside in.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(error.source(), |&error| {
        // What an I/O error wraps isn't its source; that one's own source is.
        match error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
            Some(wrapped) => Some(wrapped),
            None => error.source(),
        }
    })
}

/// Whether Monei complains about the client's id or secret. Its words are not documented, so this only ever makes a refusal less final.
fn is_about_client(words: &[u8]) -> bool {
    let message = ErrorBody::parse(words).message.unwrap_or_default().to_ascii_lowercase();
    ["client", "secret", "credential"].iter().any(|word| message.contains(word))
}

async fn body(mut response: reqwest::Response) -> Option<Zeroizing<Vec<u8>>> {
    let mut body = Zeroizing::new(Vec::new());
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() <= MAX_BODY => body.extend_from_slice(&chunk),
            Ok(Some(_)) => {
                tracing::warn!(event = "provider_answer_too_long");
                return None;
            }
            Ok(None) => return Some(body),
            Err(error) => {
                tracing::warn!(event = "provider_answer_cut", reason = reason(&error), error = deepest(error));
                return None;
            }
        }
    }
}

/// Seconds to wait: either form of `Retry-After` (RFC 9110 §10.2.3), within bounds; none where it is absent or means nothing.
fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<u64> {
    let text = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()).map(str::trim);
    let asked = text.and_then(|text| match text.parse::<u64>() {
        Ok(seconds) => Some(seconds),
        Err(_) if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) => Some(u64::MAX),
        Err(_) => httpdate::parse_http_date(text).ok().map(|date| date.duration_since(now).map_or(0, |wait| wait.as_secs() + 1)),
    });
    asked.map(spread)
}

/// Within bounds, and a little more or less, so that callers don't all return at once.
fn spread(seconds: u64) -> u64 {
    let seconds = seconds.clamp(*RETRY_AFTER_RANGE.start(), *RETRY_AFTER_RANGE.end());
    (seconds + rand::random_range(0..=seconds / 10)).min(*RETRY_AFTER_RANGE.end())
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_complaint_about_the_client_is_told_from_one_about_the_token() {
        for (message, about) in [
            ("Invalid client credentials", true),
            ("client_secret should not be empty", true),
            ("Invalid or expired refresh token", false),
            ("Token not found", false),
        ] {
            let words = serde_json::json!({"statusCode": 400, "message": message, "error": "Bad Request"}).to_string();
            assert_eq!(is_about_client(words.as_bytes()), about, "{message}");
        }
        assert!(!is_about_client(b"<html>client</html>"));
    }

    #[test]
    fn both_forms_of_retry_after_are_read_and_bounded() {
        let now = UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        let date = httpdate::fmt_http_date(now + Duration::from_secs(20));
        let past = httpdate::fmt_http_date(now - Duration::from_secs(20));
        let cases = [
            (Some("5"), Some(5..=5)),
            (Some("0"), Some(1..=1)),
            (Some("-3"), None),
            (Some("999999"), Some(300..=300)),
            (Some("99999999999999999999999"), Some(300..=300)),
            (Some(date.as_str()), Some(21..=23)),
            (Some(past.as_str()), Some(1..=1)),
            (Some("soon"), None),
            (Some(""), None),
            (None, None),
        ];
        for (text, expected) in cases {
            let mut headers = HeaderMap::new();
            if let Some(text) = text {
                headers.insert(RETRY_AFTER, text.parse().unwrap());
            }
            let got = retry_after(&headers, now);
            match expected {
                Some(expected) => assert!(got.is_some_and(|got| expected.contains(&got)), "{text:?} gave {got:?}"),
                None => assert_eq!(got, None, "{text:?}"),
            }
        }
    }

    proptest! {
        #[test]
        fn no_retry_after_makes_it_panic_or_wait_for_ever(bytes in prop_oneof![any::<Vec<u8>>(), "[0-9]{0,40}".prop_map(String::into_bytes)], now in 0u64..1 << 40) {
            if let Ok(value) = http::HeaderValue::from_bytes(&bytes) {
                let headers = HeaderMap::from_iter([(RETRY_AFTER, value)]);
                if let Some(seconds) = retry_after(&headers, UNIX_EPOCH + Duration::from_secs(now)) {
                    prop_assert!(RETRY_AFTER_RANGE.contains(&seconds), "{seconds}");
                }
            }
        }

        #[test]
        fn every_date_of_retry_after_is_bounded(at in 0u64..253_402_300_800, now in 0u64..253_402_300_800) {
            let date = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(at));
            let headers = HeaderMap::from_iter([(RETRY_AFTER, date.parse().unwrap())]);
            let seconds = retry_after(&headers, UNIX_EPOCH + Duration::from_secs(now));
            prop_assert!(seconds.is_some_and(|seconds| RETRY_AFTER_RANGE.contains(&seconds)), "{date}: {seconds:?}");
        }
    }
}
