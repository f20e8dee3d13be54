//! `POST /v1/revoke`: takes a grant away at Monei.

use axum::Extension;
use axum::extract::State;
use monei::AccessToken;
use secrecy::SecretString;
use serde::Deserialize;
use utoipa::ToSchema;

use super::body::Json;
use crate::domain::outcome::Outcome;
use crate::flow::revoke::Input;
use crate::http::Service;
use crate::http::guard::Sharer;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Revoke)]
pub(super) struct Body {
    /// Monei's access token.
    #[schema(value_type = String)]
    access_token: AccessToken,
    /// The sealed refresh token, as this backend gave it.
    #[schema(value_type = String)]
    refresh_token: SecretString,
}

/// Takes a grant away at Monei. The same pair gets the same answer for two minutes, where Monei decided; a try that failed may be made again.
#[utoipa::path(
    post,
    path = "/v1/revoke",
    operation_id = "revoke",
    request_body = Body,
    responses((status = 204, description = "Monei confirmed it"), (status = "default", response = super::openapi::Refused))
)]
pub(super) async fn revoke(
    State(service): State<Service>,
    Extension(Sharer(network)): Extension<Sharer>,
    Json(body): Json<Body>,
) -> Outcome {
    service.revoke.run(Input { access_token: body.access_token, refresh_token: body.refresh_token, network }).await
}
