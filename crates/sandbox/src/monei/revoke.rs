//! `POST /api/v1/connect/token/revoke` (Monei: tokens): the access token and the refresh token paired with it die at once.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use crate::model::grants::{Ended, Found};
use crate::model::switches::{RevokeByRefresh, RevokeExpired, RevokeForgets, RevokeResponse};
use crate::model::timeline::Step;
use crate::scenario::When;
use crate::script::Stage;
use crate::shared::Shared;
use crate::web::body::{self, Media};
use crate::web::nest::{NestError, Trace, traced};

/// The endpoint.
pub(crate) async fn revoke(State(shared): State<Shared>, headers: HeaderMap, request: Body) -> Response {
    let body = body::read(request).await;
    let mut world = shared.world();
    let mut trace = Trace { step: Some(Step::Revocation), what: Some("revokes its tokens".to_owned()), ..Trace::default() };
    traced(body.and_then(|body| answer(&mut world, &headers, &body, &mut trace)), trace)
}

fn answer(world: &mut Stage, headers: &HeaderMap, body: &[u8], trace: &mut Trace) -> Result<Response, NestError> {
    let missing = || NestError::bad_request("token should not be empty");
    let media = body::media(headers);
    if media != Media::Json {
        return Err(missing().because(media.unread(headers).unwrap_or_default()));
    }
    let body = body::object(body)?;
    let token = match body.get("token") {
        Some(Value::String(token)) if !token.is_empty() => token.as_str(),
        None | Some(Value::Null | Value::String(_)) => return Err(missing()),
        Some(_) => return Err(NestError::bad_request("token must be a string")),
    };
    let now = world.now();
    if let Some(grant) = world.grants.by_access(token) {
        trace.party = grant.party();
    }
    let by_access = world.grants.by_access(token).filter(|grant| grant.alive());
    let by_access = by_access.filter(|grant| grant.access_expires > now || world.switches.revoke_expired == RevokeExpired::Accepted);
    let id = match (by_access, world.grants.by_refresh(token), world.switches.revoke_by_refresh_token) {
        (Some(grant), ..) => grant.id,
        (None, Found::Live(id), RevokeByRefresh::Accepted) => id,
        (None, Found::Live(id), RevokeByRefresh::NotFound) => {
            let why = format!("this is the refresh token of grant-{id}, and the switch revoke_by_refresh_token doesn't accept it");
            return Err(NestError::not_found("Token not found").because(why));
        }
        _ => return Err(NestError::not_found("Token not found").because(world.grants.about_access(token, now))),
    };
    if let Some(grant) = world.grants.get(id) {
        trace.party = grant.party();
    }
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
        RevokeResponse::NotFound => {
            Err(NestError::not_found("Token not found").because("it was revoked; the switch revoke_response answers 404 all the same"))
        }
    }
}
