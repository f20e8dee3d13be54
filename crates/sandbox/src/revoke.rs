//! `POST /api/v1/connect/token/revoke` (Monei: tokens): the access token and the refresh token paired with it die at once.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use crate::body::{self, Media};
use crate::grants::{Ended, Found};
use crate::nest::NestError;
use crate::sandbox::{Sandbox, Store};
use crate::scenario::When;
use crate::script;
use crate::switches::{RevokeByRefresh, RevokeExpired, RevokeForgets, RevokeResponse};

/// The endpoint.
pub(crate) async fn revoke(State(sandbox): State<Sandbox>, headers: HeaderMap, request: Body) -> Response {
    let body = match body::read(request).await {
        Ok(body) => body,
        Err(error) => return error.into_response(),
    };
    let mut store = sandbox.store();
    answer(&mut store, &headers, &body).unwrap_or_else(IntoResponse::into_response)
}

fn answer(store: &mut Store, headers: &HeaderMap, body: &[u8]) -> Result<Response, NestError> {
    let missing = || NestError::bad_request("token should not be empty");
    if body::media(headers) != Media::Json {
        return Err(missing());
    }
    let body: Value = serde_json::from_slice(body).map_err(|_| NestError::bad_request("The body is not a JSON object"))?;
    let token = body.get("token").and_then(Value::as_str).filter(|token| !token.is_empty()).ok_or_else(missing)?;
    let now = store.now();
    let by_access = store.grants.by_access(token).filter(|grant| grant.alive());
    let by_access = by_access.filter(|grant| grant.access_expires > now || store.switches.revoke_expired == RevokeExpired::Accepted);
    let id = match (by_access, store.grants.by_refresh(token), store.switches.revoke_by_refresh_token) {
        (Some(grant), ..) => grant.id,
        (None, Found::Live(id), RevokeByRefresh::Accepted) => id,
        _ => return Err(NestError::not_found("Token not found")),
    };
    store.grants.end(id, Ended::ByApp);
    if store.switches.revoke_forgets_consent == RevokeForgets::On
        && let Some((user, client)) = store.grants.get(id).map(|grant| (grant.user.clone(), grant.client_id.clone()))
    {
        store.grants.shrink_consent(&user, &client, now);
    }
    store.save().map_err(|_| NestError::not_saved())?;
    script::happened(store, When::Revoke, None);
    match store.switches.revoke_response {
        RevokeResponse::Ok => Ok((StatusCode::OK, Json(json!({"message": "Token revoked successfully"}))).into_response()),
        RevokeResponse::Empty => Ok(StatusCode::NO_CONTENT.into_response()),
        RevokeResponse::NotFound => Err(NestError::not_found("Token not found")),
    }
}
