//! What came of a call to Monei, as far as it can be known.

use std::time::SystemTime;

use http::header::RETRY_AFTER;
use http::{HeaderMap, StatusCode};
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
    Refused(StatusCode),
    /// 429: not done. Seconds to wait.
    Busy(u64),
    /// 5xx, or another answer that makes no sense here: it may have been done or not.
    Failed,
    /// Sent, but no complete answer came: it may have been done or not.
    Lost,
    /// Never sent: nothing was done.
    NotSent,
}

impl Answer {
    /// For logs and metrics.
    pub(crate) fn label(&self) -> &'static str {
        match self {
            Answer::Success(_) => "success",
            Answer::Refused(_) => "refused",
            Answer::Busy(_) => "busy",
            Answer::Failed => "failed",
            Answer::Lost => "lost",
            Answer::NotSent => "not_sent",
        }
    }
}

/// Reads what a call gave.
pub(super) async fn read(result: Result<reqwest::Response, reqwest::Error>) -> Answer {
    let mut response = match result {
        Ok(response) => response,
        Err(error) => {
            let sent = !(error.is_connect() || error.is_builder());
            tracing::warn!(event = "provider_unreachable", sent, error = %error.without_url());
            return if sent { Answer::Lost } else { Answer::NotSent };
        }
    };
    let status = response.status();
    if status == StatusCode::TOO_MANY_REQUESTS {
        return Answer::Busy(retry_after(response.headers(), SystemTime::now()));
    }
    if status.is_client_error() {
        return Answer::Refused(status);
    }
    if !status.is_success() {
        return Answer::Failed;
    }
    let mut body = Zeroizing::new(Vec::new());
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() <= MAX_BODY => body.extend_from_slice(&chunk),
            Ok(Some(_)) => {
                tracing::warn!(event = "provider_answer_too_long");
                return Answer::Lost;
            }
            Ok(None) => return Answer::Success(body),
            Err(error) => {
                tracing::warn!(event = "provider_answer_cut", error = %error.without_url());
                return Answer::Lost;
            }
        }
    }
}

/// Seconds to wait: either form of `Retry-After` (RFC 9110 §10.2.3), within bounds, spread a little so that callers don't return at once.
fn retry_after(headers: &HeaderMap, now: SystemTime) -> u64 {
    let text = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()).map(str::trim);
    let asked = text.and_then(|text| match text.parse::<u64>() {
        Ok(seconds) => Some(seconds),
        Err(_) if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) => Some(u64::MAX),
        Err(_) => httpdate::parse_http_date(text).ok().map(|date| date.duration_since(now).map_or(0, |wait| wait.as_secs() + 1)),
    });
    let seconds = asked.unwrap_or(RETRY_AFTER_DEFAULT).clamp(*RETRY_AFTER_RANGE.start(), *RETRY_AFTER_RANGE.end());
    (seconds + rand::random_range(0..=seconds / 10)).min(*RETRY_AFTER_RANGE.end())
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    #[test]
    fn both_forms_of_retry_after_are_read_and_bounded() {
        let now = UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        let date = httpdate::fmt_http_date(now + Duration::from_secs(20));
        let past = httpdate::fmt_http_date(now - Duration::from_secs(20));
        let cases = [
            (Some("5"), 5..=5),
            (Some("0"), 1..=1),
            (Some("-3"), 30..=33),
            (Some("999999"), 300..=300),
            (Some("99999999999999999999999"), 300..=300),
            (Some(date.as_str()), 21..=23),
            (Some(past.as_str()), 1..=1),
            (Some("soon"), 30..=33),
            (None, 30..=33),
        ];
        for (text, expected) in cases {
            let mut headers = HeaderMap::new();
            if let Some(text) = text {
                headers.insert(RETRY_AFTER, text.parse().unwrap());
            }
            let got = retry_after(&headers, now);
            assert!(expected.contains(&got), "{text:?} gave {got}");
        }
    }
}
