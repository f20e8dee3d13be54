//! Refusals as programs read them: RFC 9457 problems.

use axum::response::{IntoResponse, Response};
use http::HeaderValue;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::problem::{Code, Problem};

/// A refusal as it is sent (RFC 9457).
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct Body {
    /// Always `about:blank`: the code says all.
    r#type: &'static str,
    /// One plain sentence.
    title: &'static str,
    /// The status of the answer.
    status: u16,
    /// What to act on.
    #[schema(schema_with = code_schema)]
    code: &'static str,
}

/// The closed list.
fn code_schema() -> utoipa::openapi::schema::Object {
    utoipa::openapi::schema::ObjectBuilder::new()
        .schema_type(utoipa::openapi::schema::Type::String)
        .enum_values(Some(Code::ALL.iter().map(|code| code.as_str())))
        .build()
}

/// The body of a refusal.
fn body(problem: &Problem) -> Vec<u8> {
    let Problem { code, status, .. } = problem;
    let body = Body { r#type: "about:blank", title: code.title(), status: status.as_u16(), code: code.as_str() };
    // A struct of strings and a number always serialises.
    serde_json::to_vec(&body).unwrap_or_default()
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.status, body(&self)).into_response();
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response.extensions_mut().insert(self.code);
        response
    }
}

impl IntoResponse for Code {
    fn into_response(self) -> Response {
        Problem::from(self).into_response()
    }
}
