//! What came of a call to Monei, as far as it can be known.

use std::error::Error;
use std::time::SystemTime;

use http::header::CONTENT_TYPE;
use http::header::RETRY_AFTER;
use http::{HeaderMap, StatusCode};
use monei::TokenResponse;
use serde_json::Value;
use zeroize::Zeroizing;

use crate::domain::words::Words;
use crate::ports::provider::Answer;

/// Longest answer read, in bytes.
const MAX_BODY: usize = 1024 * 1024;
/// Bounds of `Retry-After`, in seconds (C-09).
const RETRY_AFTER_RANGE: std::ops::RangeInclusive<u64> = 1..=300;
/// What is assumed when Monei says to wait but not how long: its limits are per minute.
const RETRY_AFTER_DEFAULT: u64 = 30;

/// What a call asks for, and so what a sound answer to it looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// A pair of tokens.
    Tokens,
    /// That something be done. Monei documents no body.
    Done,
}

/// Reads what a call gave.
pub(super) async fn read(result: Result<reqwest::Response, reqwest::Error>, asked: Asked) -> Answer {
    let response = match result {
        Ok(response) => response,
        Err(error) => {
            let sent = !(error.is_connect() || error.is_builder());
            let (reason, error) = (reason(&error), deepest(error));
            tracing::warn!(event = "provider_unreachable", sent, reason, error);
            return if sent { Answer::Lost } else { Answer::NotSent };
        }
    };
    let (status, headers) = (response.status(), response.headers().clone());
    let (body, whole) = body(response).await;
    if asked == Asked::Tokens {
        match TokenResponse::parse(&body) {
            Ok(_) => {
                if !status.is_success() || !whole {
                    tracing::error!(event = "tokens_in_an_odd_answer", status = status.as_u16(), whole);
                }
                return Answer::Success(body);
            }
            // It may have been done, but proves nothing: a page of somebody on the way has a good status too.
            Err(reason) if status.is_success() => {
                tracing::error!(event = "token_answer_unusable", status = status.as_u16(), whole, %reason);
                return Answer::Lost;
            }
            Err(_) => {}
        }
    }
    match status {
        StatusCode::TOO_MANY_REQUESTS => {
            Answer::Busy(retry_after(&headers, SystemTime::now()).unwrap_or_else(|| spread(RETRY_AFTER_DEFAULT)))
        }
        _ if status.is_success() => match asked {
            _ if !whole => Answer::Lost,
            Asked::Done if !confirms(&body) => Answer::Failed(None),
            _ => Answer::Success(body),
        },
        _ if status.is_redirection() => Answer::Refused { status, words: Words::Strange },
        // Words that did not come whole say nothing.
        _ if status.is_client_error() => {
            let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).filter(|_| whole);
            Answer::Refused { status, words: Words::of(status, kind, &body) }
        }
        _ => {
            let asks = status == StatusCode::SERVICE_UNAVAILABLE;
            Answer::Failed(asks.then(|| retry_after(&headers, SystemTime::now())).flatten())
        }
    }
}

/// Whether the body of a 2xx can be Monei's word that something was done: not a page of somebody on the way, and no error under a good status,
/// however that is written.
fn confirms(body: &[u8]) -> bool {
    let text = String::from_utf8_lossy(body);
    let text = text.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']);
    !text.starts_with('<') && serde_json::from_str::<Value>(text).map_or(true, |said| !monei::tells_an_error(&said))
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

/// The body as far as it came and was short enough, and whether that is all of it.
async fn body(mut response: reqwest::Response) -> (Zeroizing<Vec<u8>>, bool) {
    let mut body = Zeroizing::new(Vec::new());
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() <= MAX_BODY => body.extend_from_slice(&chunk),
            Ok(Some(_)) => {
                tracing::warn!(event = "provider_answer_too_long");
                return (body, false);
            }
            Ok(None) => return (body, true),
            Err(error) => {
                tracing::warn!(event = "provider_answer_cut", reason = reason(&error), error = deepest(error));
                return (body, false);
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
    fn only_an_answer_without_a_page_or_an_error_in_it_confirms() {
        for body in [
            "",
            "ok",
            "null",
            "{}",
            r#"{"message":"Token revoked"}"#,
            r#"{"statusCode":200,"message":"ok"}"#,
            r#"{"success":true,"status":"success","error":null,"errors":[]}"#,
            r#"{"statusCode":200,"message":"Token revoked successfully","data":null,"errors":{}}"#,
        ] {
            assert!(confirms(body.as_bytes()), "{body}");
        }
        for body in [
            "<html>sign in</html>",
            "\u{feff}\n <!doctype html>",
            r#"{"statusCode":404,"message":"Token not found"}"#,
            r#"{"statusCode":"404","message":"Token not found"}"#,
            r#"{"statusCode":404,"message":"Token not found","message":"Token not found"}"#,
            "\u{feff}{\"statusCode\":503}",
            r#"{"status":500}"#,
            r#"{"success":false,"message":"Try again later"}"#,
            r#"{"error":"Service unavailable"}"#,
            r#"{"errors":[{"code":"E1"}]}"#,
        ] {
            assert!(!confirms(body.as_bytes()), "{body}");
        }
    }

    /// A page or an error under 200 counted as proof that refreshes work, and that the credentials are good.
    #[tokio::test]
    async fn a_token_call_succeeded_only_if_its_answer_holds_tokens() {
        let answer = async |status: u16, body: &str| {
            let response = http::Response::builder().status(status).body(body.to_owned()).unwrap();
            read(Ok(response.into()), Asked::Tokens).await
        };
        let tokens = r#"{"access_token":"mct_a","refresh_token":"mcr_b"}"#;
        for status in [200, 201, 203, 302, 400, 500] {
            assert!(matches!(answer(status, tokens).await, Answer::Success(_)), "{status}");
        }
        let others =
            ["", "{}", "null", "<html>We are back soon</html>", r#"{"statusCode":401,"message":"Invalid or expired token"}"#, "[]"];
        for body in others {
            for status in [200, 201, 202, 204, 206] {
                assert!(matches!(answer(status, body).await, Answer::Lost), "{status} {body}");
            }
        }
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
            // Windows has no time after the year 30828.
            let now = UNIX_EPOCH.checked_add(Duration::from_secs(now));
            if let (Ok(value), Some(now)) = (http::HeaderValue::from_bytes(&bytes), now) {
                let headers = HeaderMap::from_iter([(RETRY_AFTER, value)]);
                if let Some(seconds) = retry_after(&headers, now) {
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
