//! Errors as Monei's API writes them: `{statusCode, message, error}`.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};

use crate::command::Failed;
use crate::model::timeline::{Party, Step};

/// An error answer of the API.
#[derive(Debug)]
pub(crate) struct NestError {
    pub(crate) status: StatusCode,
    pub(crate) message: String,
    retry_after: Option<String>,
    /// Most errors have none of it.
    rare: Option<Box<Rare>>,
}

#[derive(Debug, Default)]
struct Rare {
    /// What NestJS lists in the place of a message when a body doesn't validate.
    listed: Vec<String>,
    /// What `error` says in the place of the reason.
    details: Option<Value>,
    /// More than the message says, for the log alone.
    why: Option<String>,
}

/// What a request was about, for the log and the timeline. Goes along with the answer and is never sent.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trace {
    /// Whom it concerned, as far as that came to be known.
    pub(crate) party: Party,
    /// What kind of step it was; none where absent.
    pub(crate) step: Option<Step>,
    /// What was tried, in words; method and path where absent.
    pub(crate) what: Option<String>,
    /// It stands in the timeline already.
    pub(crate) told: bool,
}

/// The answer with a note of what it was about.
pub(crate) fn traced(answered: Result<Response, NestError>, trace: Trace) -> Response {
    let mut response = answered.unwrap_or_else(IntoResponse::into_response);
    response.extensions_mut().insert(trace);
    response
}

/// Why a request was refused, for the log of the control page. Goes along with the answer and is never sent.
#[derive(Clone, Debug)]
pub(crate) struct Why(pub(crate) String);

/// Marks an answer that is never sent: its connection closes without a byte.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dropped;

impl From<Failed> for NestError {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::Wrong(text) => Self::bad_request(text),
            Failed::NotFound(text) => Self::not_found(text),
            Failed::NotSaved => Self::not_saved(),
        }
    }
}

impl NestError {
    pub(crate) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), retry_after: None, rare: None }
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    pub(crate) fn unauthorized() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "Invalid or expired token")
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, message)
    }

    pub(crate) fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, message)
    }

    /// The state could not be written: nobody may rely on what was just done.
    pub(crate) fn not_saved() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "The sandbox could not write its state file")
    }

    pub(crate) fn too_many(retry_after: Option<String>) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, "ThrottlerException: Too Many Requests").with_retry_after(retry_after)
    }

    /// A body that doesn't validate: `message` is a list, as NestJS's ValidationPipe writes it.
    pub(crate) fn invalid(wrong: Vec<String>) -> Self {
        let mut error = Self::bad_request(wrong.join("; "));
        error.rare().listed = wrong;
        error
    }

    /// Not enough money (Monei: error handling): `error` is an object there.
    pub(crate) fn insufficient(required: &Value, available: &Value, currency: &str) -> Self {
        let mut error = Self::bad_request("Insufficient balance for transaction");
        error.rare().details = Some(json!({"details": {"required": required, "available": available, "currency": currency}}));
        error
    }

    /// Says more in the log than Monei's message does.
    pub(crate) fn because(mut self, why: impl Into<String>) -> Self {
        self.rare().why = Some(why.into());
        self
    }

    fn rare(&mut self) -> &mut Rare {
        self.rare.get_or_insert_default()
    }

    pub(crate) fn with_retry_after(mut self, retry_after: Option<String>) -> Self {
        self.retry_after = retry_after;
        self
    }
}

impl IntoResponse for NestError {
    fn into_response(self) -> Response {
        let reason = self.status.canonical_reason().unwrap_or("Error");
        let Rare { listed, details, why } = self.rare.map(|rare| *rare).unwrap_or_default();
        let message = if listed.is_empty() { json!(self.message) } else { json!(listed) };
        let error = details.unwrap_or_else(|| json!(reason));
        let body = json!({"statusCode": self.status.as_u16(), "message": message, "error": error});
        let mut response = (self.status, Json(body)).into_response();
        if let Some(value) = self.retry_after.and_then(|value| HeaderValue::from_str(&value).ok()) {
            response.headers_mut().insert(header::RETRY_AFTER, value);
        }
        response.extensions_mut().insert(Why(match why {
            Some(why) => format!("{}: {why}", self.message),
            None => self.message,
        }));
        response
    }
}
