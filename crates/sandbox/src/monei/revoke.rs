//! `POST /api/v1/connect/token/revoke` (Monei: tokens): the access token and the refresh token paired with it die at once.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use crate::model::grants::{Ended, Found};
use crate::model::switches::{RevokeByRefresh, RevokeExpired, RevokeForgets, RevokeResponse};
use crate::scenario::When;
use crate::script::Stage;
use crate::shared::Shared;
use crate::web::body::{self, Media};
use crate::web::nest::NestError;

/// The endpoint.
pub(crate) async fn revoke(State(shared): State<Shared>, headers: HeaderMap, request: Body) -> Response {
    let body = match body::read(request).await {
        Ok(body) => body,
        Err(error) => return error.into_response(),
    };
    let mut world = shared.world();
    answer(&mut world, &headers, &body).unwrap_or_else(IntoResponse::into_response)
}

fn answer(world: &mut Stage, headers: &HeaderMap, body: &[u8]) -> Result<Response, NestError> {
    let missing = || NestError::bad_request("token should not be empty");
    if body::media(headers) != Media::Json {
        return Err(missing());
    }
    let body: Value = serde_json::from_slice(body).map_err(|_| NestError::bad_request("The body is not a JSON object"))?;
    let token = body.get("token").and_then(Value::as_str).filter(|token| !token.is_empty()).ok_or_else(missing)?;
    let now = world.now();
    let by_access = world.grants.by_access(token).filter(|grant| grant.alive());
    let by_access = by_access.filter(|grant| grant.access_expires > now || world.switches.revoke_expired == RevokeExpired::Accepted);
    let id = match (by_access, world.grants.by_refresh(token), world.switches.revoke_by_refresh_token) {
        (Some(grant), ..) => grant.id,
        (None, Found::Live(id), RevokeByRefresh::Accepted) => id,
        _ => return Err(NestError::not_found("Token not found")),
    };
    world.grants.end(id, Ended::ByApp);
    if world.switches.revoke_forgets_consent == RevokeForgets::On
        && let Some((user, client)) = world.grants.get(id).map(|grant| (grant.user.clone(), grant.client_id.clone()))
    {
        world.grants.shrink_consent(&user, &client, now);
    }
    world.save().map_err(|_| NestError::not_saved())?;
    world.happened(When::Revoke);
    match world.switches.revoke_response {
        RevokeResponse::Ok => Ok((StatusCode::OK, Json(json!({"message": "Token revoked successfully"}))).into_response()),
        RevokeResponse::Empty => Ok(StatusCode::NO_CONTENT.into_response()),
        RevokeResponse::NotFound => Err(NestError::not_found("Token not found")),
    }
}
