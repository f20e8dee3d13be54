//! Faults that were armed through the control API, and what they do to an answer.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use hyper::body::Frame;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::nest::NestError;

/// Most faults armed at once.
pub(crate) const MAX_ARMED: usize = 100;
/// Longest delay: ten minutes.
const MAX_DELAY_MS: u64 = 600_000;
/// Size of a huge body: 10 MiB.
const HUGE: usize = 10 * 1024 * 1024;

/// Which calls are hit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// `POST /connect/token`
    Token,
    /// `POST /connect/token/revoke`
    Revoke,
    /// Every other path below `/api/v1`.
    Api,
    /// One path below `/api/v1`, with a leading slash.
    Path(String),
}

/// What happens to them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// This status instead of processing.
    Status { status: StatusCode, retry_after: Option<HeaderValue> },
    /// The connection is closed before processing.
    DropBefore,
    /// Processed; then the connection is closed without an answer.
    DropAfter,
    /// Processed after a while.
    Delay(Duration),
    /// Processed; the answer says `text/html`.
    WrongContentType,
    /// 10 MiB instead of processing.
    HugeBody,
    /// 302 to this location instead of processing.
    Redirect(HeaderValue),
}

/// An armed fault.
#[derive(Clone, Debug)]
pub(crate) struct Fault {
    /// The how manieth since the record began; by this it is taken back.
    pub(crate) number: u32,
    pub(crate) target: Target,
    pub(crate) kind: Kind,
    /// How many calls it still hits.
    pub(crate) times: u32,
}

/// Body of `POST /sandbox/api/fault`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Order {
    target: String,
    kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delay_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    times: Option<u32>,
}

impl Order {
    /// Reads the form of the control page, whose fields are all text and may be empty.
    pub(crate) fn from_form(field: &dyn Fn(&str) -> Option<String>) -> Result<Self, String> {
        fn number<N: std::str::FromStr>(text: Option<String>, name: &str) -> Result<Option<N>, String> {
            text.map(|text| text.parse().map_err(|_| format!("{name} is not a number in range"))).transpose()
        }
        Ok(Self {
            target: field("target").unwrap_or_default(),
            kind: field("kind").unwrap_or_default(),
            status: number(field("status"), "status")?,
            retry_after: field("retry_after").map(Value::from),
            delay_ms: number(field("delay_ms"), "delay_ms")?,
            location: field("location"),
            times: number(field("times"), "times")?,
        })
    }

    /// Checks the order. The text of an error says what is wrong.
    pub(crate) fn arm(self) -> Result<Fault, String> {
        let target = match self.target.as_str() {
            "token" => Target::Token,
            "revoke" => Target::Revoke,
            "api" => Target::Api,
            path if !path.trim_matches('/').is_empty() && path.len() <= 256 => Target::Path(format!("/{}", path.trim_matches('/'))),
            _ => return Err("target: token, revoke, api, or a path below /api/v1".into()),
        };
        let kind = match self.kind.as_str() {
            "status" => Kind::Status {
                status: self
                    .status
                    .filter(|status| (200..=599).contains(status))
                    .and_then(|status| StatusCode::from_u16(status).ok())
                    .ok_or("status: a number from 200 to 599")?,
                retry_after: self.retry_after.map(retry_after).transpose()?,
            },
            "drop_before" => Kind::DropBefore,
            "drop_after" => Kind::DropAfter,
            "delay" => match self.delay_ms {
                Some(delay) if delay <= MAX_DELAY_MS => Kind::Delay(Duration::from_millis(delay)),
                _ => return Err(format!("delay_ms: 0 to {MAX_DELAY_MS}")),
            },
            "wrong_content_type" => Kind::WrongContentType,
            "huge_body" => Kind::HugeBody,
            "redirect" => {
                let location = self.location.ok_or("location: where to redirect")?;
                Kind::Redirect(HeaderValue::from_str(&location).map_err(|_| "location: not a header value")?)
            }
            _ => return Err("kind: status, drop_before, drop_after, delay, wrong_content_type, huge_body or redirect".into()),
        };
        match self.times.unwrap_or(1) {
            0 => Err("times: at least 1".into()),
            times => Ok(Fault { number: 0, target, kind, times }),
        }
    }
}

fn retry_after(value: Value) -> Result<HeaderValue, String> {
    let text = match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text,
        _ => return Err("retry_after: seconds, or the header's text".into()),
    };
    HeaderValue::from_str(&text).map_err(|_| "retry_after: not a header value".into())
}

impl Fault {
    /// Whether it hits a call of this path below `/api/v1`.
    pub(crate) fn hits(&self, path: &str) -> bool {
        match &self.target {
            Target::Token => path == "/connect/token",
            Target::Revoke => path == "/connect/token/revoke",
            Target::Api => !path.starts_with("/connect/"),
            Target::Path(wanted) => path == wanted,
        }
    }

    /// For the control API: as it was ordered, with its number and how often it still strikes.
    pub(crate) fn to_json(&self) -> Value {
        let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let mut shown = json!({"number": self.number, "target": self.target.name(), "kind": self.kind.name(), "times": self.times});
        match &self.kind {
            Kind::Status { status, retry_after } => {
                shown["status"] = json!(status.as_u16());
                shown["retry_after"] = json!(retry_after.as_ref().map(text));
            }
            Kind::Delay(delay) => shown["delay_ms"] = json!(delay.as_millis()),
            Kind::Redirect(location) => shown["location"] = json!(text(location)),
            Kind::DropBefore | Kind::DropAfter | Kind::WrongContentType | Kind::HugeBody => {}
        }
        shown
    }

    /// For the control page and the log.
    pub(crate) fn describe(&self) -> String {
        let what = match &self.kind {
            Kind::Status { status, retry_after: None } => format!(" {}", status.as_u16()),
            Kind::Status { status, retry_after: Some(after) } => {
                format!(" {}, Retry-After {}", status.as_u16(), String::from_utf8_lossy(after.as_bytes()))
            }
            Kind::Delay(delay) => format!(" {} ms", delay.as_millis()),
            Kind::DropBefore | Kind::DropAfter | Kind::WrongContentType | Kind::HugeBody | Kind::Redirect(_) => String::new(),
        };
        format!("{}{what}", self.kind.name())
    }
}

impl Target {
    /// As an order names it.
    pub(crate) fn name(&self) -> &str {
        match self {
            Target::Token => "token",
            Target::Revoke => "revoke",
            Target::Api => "api",
            Target::Path(path) => path,
        }
    }
}

impl Kind {
    /// As an order names it.
    fn name(&self) -> &'static str {
        match self {
            Kind::Status { .. } => "status",
            Kind::DropBefore => "drop_before",
            Kind::DropAfter => "drop_after",
            Kind::Delay(_) => "delay",
            Kind::WrongContentType => "wrong_content_type",
            Kind::HugeBody => "huge_body",
            Kind::Redirect(_) => "redirect",
        }
    }

    /// The answer that comes instead of processing, where there is one.
    pub(crate) fn instead(&self) -> Option<Response> {
        match self {
            Kind::Status { status, retry_after } => Some(
                NestError::new(*status, "A fault that was switched on in the sandbox")
                    .with_retry_after(retry_after.clone())
                    .into_response(),
            ),
            Kind::DropBefore => Some(dropped()),
            Kind::HugeBody => Some(huge()),
            Kind::Redirect(location) => Some((StatusCode::FOUND, [(header::LOCATION, location.clone())]).into_response()),
            Kind::DropAfter | Kind::Delay(_) | Kind::WrongContentType => None,
        }
    }

    /// What becomes of the answer after processing.
    pub(crate) fn afterwards(&self, mut response: Response) -> Response {
        match self {
            Kind::DropAfter => dropped(),
            Kind::WrongContentType => {
                response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
                response
            }
            _ => response,
        }
    }
}

/// Marks an answer that is never sent: its connection closes without a byte.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dropped;

/// An answer whose body fails before its first byte. hyper then closes the connection before it has written the head.
fn dropped() -> Response {
    let mut response = Response::new(Body::new(Broken));
    response.extensions_mut().insert(Dropped);
    response
}

struct Broken;

impl HttpBody for Broken {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        Poll::Ready(Some(Err(io::Error::other("dropped on purpose"))))
    }
}

fn huge() -> Response {
    let mut text = Vec::with_capacity(HUGE + 64);
    text.extend_from_slice(br#"{"statusCode":200,"message":"huge","data":""#);
    text.resize(HUGE, b'A');
    text.extend_from_slice(br#""}"#);
    ([(header::CONTENT_TYPE, "application/json")], text).into_response()
}
