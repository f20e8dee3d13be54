//! What goes back: Monei's answer as it came, or a refusal in Monei's form with its reason in a header.

use bytes::Bytes;
use connect_core::Passed;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};
use http::{Response, StatusCode};
use http_body_util::Full;
use serde_json::{Value, json};

use crate::Reason;

/// An answer.
pub(crate) type Answer = Response<Full<Bytes>>;

/// Names the reason of a refusal.
pub(crate) const CONNECT_REASON: HeaderName = HeaderName::from_static("connect-reason");

/// A refusal, with the sentence that most programs show and nothing else.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) reason: Reason,
    pub(crate) status: StatusCode,
    pub(crate) message: String,
    pub(crate) retry_after_s: Option<u32>,
}

impl Refusal {
    pub(crate) fn new(reason: Reason, message: impl Into<String>) -> Self {
        let status = StatusCode::from_u16(reason.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self { reason, status, message: message.into(), retry_after_s: None }
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(Reason::RequestInvalid, message)
    }
}

impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Self {
        let Refusal { reason, status, message, retry_after_s } = refusal;
        let error = status.canonical_reason().unwrap_or_default();
        let mut answer = json(status, &json!({"statusCode": status.as_u16(), "message": message, "error": error}));
        if let Ok(reason) = HeaderValue::from_str(&reason.to_string()) {
            answer.headers_mut().insert(CONNECT_REASON, reason);
        }
        if let Some(seconds) = retry_after_s {
            answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        answer
    }
}

/// JSON of this program's own.
pub(crate) fn json(status: StatusCode, value: &Value) -> Answer {
    of(status, Bytes::from(value.to_string()))
}

/// Monei's status and body.
pub(crate) fn passed(mut passed: Passed) -> Answer {
    match StatusCode::from_u16(passed.status) {
        Ok(status) => of(status, Bytes::from(std::mem::take(&mut *passed.body))),
        Err(_) => Refusal::new(Reason::AnswerUnusable, "Monei answered with a status that can't be passed on.").into(),
    }
}

pub(crate) fn of(status: StatusCode, body: Bytes) -> Answer {
    let mut answer = Response::new(Full::new(body));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer
}
