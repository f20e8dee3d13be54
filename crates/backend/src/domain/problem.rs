//! Why a request is refused: a closed set of codes, each with its status. No text of Monei's is ever passed on.

use http::StatusCode;

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $text:literal, $status:ident, $title:literal;)*) => {
        /// Why a request was refused. A variant exists only where the app does something else about it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code { $($(#[$doc])* $variant,)* }

        impl Code {
            /// Every code, in the order of the documentation.
            pub const ALL: &'static [Code] = &[$(Code::$variant,)*];

            /// As in the `code` member of a problem.
            pub fn as_str(self) -> &'static str {
                match self { $(Code::$variant => $text,)* }
            }

            /// The status that goes with it.
            pub fn status(self) -> StatusCode {
                match self { $(Code::$variant => StatusCode::$status,)* }
            }

            /// One plain sentence about it.
            pub fn title(self) -> &'static str {
                match self { $(Code::$variant => $title,)* }
            }
        }
    };
}

codes! {
    /// Malformed: a field, a header or a parameter.
    InvalidRequest = "invalid_request", BAD_REQUEST, "The request is malformed.";
    /// The handoff is unreadable or too old, or the verifier isn't its own. All alike, so that nothing can be learnt.
    InvalidHandoff = "invalid_handoff", BAD_REQUEST, "The handoff can't be redeemed.";
    /// The handoff was redeemed before, too long ago to give the answer again.
    HandoffUsed = "handoff_used", BAD_REQUEST, "The handoff was redeemed before.";
    /// Monei refused the code.
    ApprovalRefused = "approval_refused", BAD_REQUEST, "Monei refused the approval.";
    /// The sealed token is unreadable, or another environment's.
    InvalidToken = "invalid_token", BAD_REQUEST, "The sealed token is not this backend's.";
    /// Monei definitely refused the refresh token.
    GrantRefused = "grant_refused", BAD_REQUEST, "Monei refused the refresh token.";
    /// The idempotency key was used for another token.
    IdempotencyConflict = "idempotency_conflict", UNPROCESSABLE_ENTITY, "The idempotency key was used for another request.";
    /// This backend's own limit.
    RateLimited = "rate_limited", TOO_MANY_REQUESTS, "Too many requests; try again later.";
    /// Monei's limit.
    ProviderBusy = "provider_busy", TOO_MANY_REQUESTS, "Monei is busy; try again later.";
    /// Monei can't be reached (503), or failed (502).
    ProviderUnavailable = "provider_unavailable", SERVICE_UNAVAILABLE, "Monei can't be reached.";
    /// Sent, but no usable answer came: it may have been done or not.
    OutcomeUnknown = "outcome_unknown", GATEWAY_TIMEOUT, "Monei did not answer in time.";
    /// The backend can't work for a moment, and says for how long; without a time, Monei refused this backend itself.
    ServiceUnavailable = "service_unavailable", SERVICE_UNAVAILABLE, "This backend can't serve requests now.";
    /// Monei did not confirm that access is taken away.
    RevokeUnconfirmed = "revoke_unconfirmed", BAD_GATEWAY, "Monei did not confirm the revocation.";
    /// A browser's page called a route that is for the app.
    BrowserRefused = "browser_refused", FORBIDDEN, "This route is not for browsers.";
    /// A page of another site led to a start. It costs nothing.
    StartedElsewhere = "started_elsewhere", FORBIDDEN, "Open this address yourself if you started this.";
    /// No such route.
    NotFound = "not_found", NOT_FOUND, "There is no such route.";
    /// The route doesn't take this method.
    MethodNotAllowed = "method_not_allowed", METHOD_NOT_ALLOWED, "The route does not take this method.";
    /// The body or the address is too long.
    PayloadTooLarge = "payload_too_large", PAYLOAD_TOO_LARGE, "The request is too large.";
    /// Not `application/json`.
    UnsupportedMediaType = "unsupported_media_type", UNSUPPORTED_MEDIA_TYPE, "The body must be application/json.";
    /// A fault of this backend.
    Internal = "internal", INTERNAL_SERVER_ERROR, "Something went wrong in this backend.";
}

/// A refusal: the code, and how long to wait where that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) code: Code,
    pub(crate) status: StatusCode,
    /// Seconds.
    pub(crate) retry_after: Option<u32>,
}

impl From<Code> for Problem {
    fn from(code: Code) -> Self {
        Self { code, status: code.status(), retry_after: None }
    }
}

impl Problem {
    /// With `Retry-After`, at least a second.
    pub(crate) fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(u32::try_from(seconds.max(1)).unwrap_or(u32::MAX));
        self
    }

    /// With `Retry-After` where it is known.
    pub(crate) fn retry_after_if(self, seconds: Option<u64>) -> Self {
        seconds.map_or(self, |seconds| self.retry_after(seconds))
    }

    /// With another status of the code's family.
    pub(crate) fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }
}
