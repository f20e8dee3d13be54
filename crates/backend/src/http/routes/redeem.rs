//! `POST /v1/redeem`: the app proves that it started the transaction and gets the tokens.

use axum::Extension;
use axum::extract::State;
use secrecy::SecretString;
use serde::Deserialize;
use utoipa::ToSchema;

use super::body::Json;
use crate::domain::outcome::Outcome;
use crate::domain::proof::Verifier;
use crate::domain::tokens;
use crate::flow::redeem::{Input, Refused};
use crate::http::Service;
use crate::http::guard::Sharer;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Redeem)]
pub(super) struct Body {
    /// As it came through the browser.
    #[schema(value_type = String)]
    handoff: SecretString,
    /// The secret half of the challenge: 43 to 128 of [A-Za-z0-9._~-] (RFC 7636 §4.1).
    #[schema(value_type = String, min_length = 43, max_length = 128)]
    code_verifier: Verifier,
}

/// What the app gets.
#[derive(ToSchema)]
#[schema(as = Redeemed)]
#[serde(untagged)]
#[allow(dead_code, reason = "names the schema")]
pub(crate) enum Redeemed<'a> {
    Tokens(tokens::Body<'a>),
    Refused(Refused),
}

/// The app proves that it started the transaction, and gets the tokens, or learns why there are none. The same handoff and verifier get the same answer for two minutes.
#[utoipa::path(
    post,
    path = "/v1/redeem",
    operation_id = "redeem",
    request_body = Body,
    responses((status = 200, body = Redeemed), (status = "default", response = super::openapi::Refused))
)]
pub(super) async fn redeem(
    State(service): State<Service>,
    Extension(Sharer(network)): Extension<Sharer>,
    Json(body): Json<Body>,
) -> Outcome {
    service.redeem.run(Input { handoff: body.handoff, verifier: body.code_verifier, network }).await
}
