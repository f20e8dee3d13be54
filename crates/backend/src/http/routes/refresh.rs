//! `POST /v1/refresh`: a new pair for a sealed refresh token, at most once per idempotency key.

use axum::Extension;
use axum::extract::State;
use http::HeaderMap;
use secrecy::SecretString;
use serde::Deserialize;
use utoipa::ToSchema;

use super::body::Json;
use crate::domain::outcome::Outcome;
use crate::domain::problem::Code;
use crate::domain::tokens;
use crate::flow::refresh::Input;
use crate::http::Service;
use crate::http::guard::Sharer;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Refresh)]
pub(super) struct Body {
    /// The sealed refresh token, as this backend gave it.
    #[schema(value_type = String)]
    refresh_token: SecretString,
}

/// A new pair for a sealed refresh token. The same key and token get the same answer for two minutes; Monei is asked once.
#[utoipa::path(
    post,
    path = "/v1/refresh",
    operation_id = "refresh",
    params(("Idempotency-Key" = String, Header, description = "16 to 64 of [A-Za-z0-9_-], new for each try that may reach Monei")),
    request_body = Body,
    responses((status = 200, body = tokens::Body), (status = "default", response = super::openapi::Refused))
)]
pub(super) async fn refresh(
    State(service): State<Service>,
    Extension(Sharer(network)): Extension<Sharer>,
    headers: HeaderMap,
    Json(body): Json<Body>,
) -> Outcome {
    let Some(key) = idempotency_key(&headers) else { return Code::InvalidRequest.into() };
    service.refresh.run(Input { key: key.to_owned(), token: body.refresh_token, network }).await
}

/// The one `Idempotency-Key`, 16 to 64 of `[A-Za-z0-9_-]`.
fn idempotency_key(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all("idempotency-key").into_iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    let text = value.to_str().ok()?;
    let sound = (16..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
    sound.then_some(text)
}
