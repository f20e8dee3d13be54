//! `/sandbox/api/…`: what tests do to the sandbox, and what they look up. `openapi.json` describes it.

use axum::Json;
use axum::body::Body;
use axum::extract::{MatchedPath, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, Method, StatusCode, Uri, header};
use monei::{Scope, ScopeSet};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use crate::command::{Command, person, read_fields};
use crate::model::clock::SECOND;
use crate::model::faults::Fault;
use crate::model::people::{PEOPLE, PIN};
use crate::model::plan::Decision;
use crate::monei::approval::{Undecided, decide, read};
use crate::presets;
use crate::shared::Shared;
use crate::web::body::{self, Media};
use crate::web::entry::own_address;
use crate::web::nest::NestError;

type Outcome = Result<Response, NestError>;

/// Longest scenario, in bytes: as many rounds and events as are recorded fit in it.
const MAX_SCENARIO: usize = 32 * 1024 * 1024;

/// `POST /sandbox/api/<name>`: any of the commands.
pub(super) async fn command(State(shared): State<Shared>, matched: MatchedPath, headers: HeaderMap, request: Body) -> Outcome {
    let name = matched.as_str().strip_prefix("/sandbox/api/").unwrap_or_default();
    let longest = if name == "scenario" { MAX_SCENARIO } else { body::MAX_BODY };
    let fields = order(&headers, request, longest).await?;
    let command = Command::read(name, Value::Object(fields)).map_err(NestError::bad_request)?;
    let done = shared.world().apply(command)?;
    Ok(Json(done).into_response())
}

/// `GET /sandbox/api/state`
pub(super) async fn state(State(shared): State<Shared>) -> Json<Value> {
    let world = shared.world();
    let now = world.now();
    let grants: Vec<Value> = world
        .grants
        .all()
        .map(|grant| {
            json!({
                "id": format!("grant-{}", grant.id), "user": grant.user, "client_id": grant.client_id, "scopes": grant.scopes,
                "access_expires_in_s": ((grant.access_expires - now) / SECOND).max(0), "alive": grant.alive(),
            })
        })
        .collect();
    Json(json!({
        "run": world.run, "clock_offset_s": world.clock.offset_s(), "switches": world.switches.values(),
        "counters": world.journal.to_json(), "grants": grants, "faults": world.faults.iter().map(Fault::to_json).collect::<Vec<_>>(),
        "next": world.plan.to_json(), "scenario": world.script.playing, "balances_kobo": world.ledger.naira_of_all(),
    }))
}

/// `GET /sandbox/api/switches`: every switch with its value, default and allowed values.
pub(super) async fn switches(State(shared): State<Shared>) -> Json<Value> {
    Json(shared.world().switches.table())
}

/// `GET /sandbox/api/log`: the last requests, newest first, and what was wrong with those that were refused.
pub(super) async fn log(State(shared): State<Shared>) -> Json<Value> {
    Json(shared.world().journal.log())
}

/// `GET /sandbox/api/timeline`: what happened in this run, oldest first.
pub(super) async fn timeline(State(shared): State<Shared>) -> Json<Value> {
    Json(shared.world().timeline.to_json())
}

/// `GET /sandbox/api/people`
pub(super) async fn people() -> Json<Value> {
    let people = PEOPLE.iter().map(|person| {
        json!({"id": person.id, "name": person.name(), "about": person.about, "email": person.email, "phone": person.phone,
               "tier": person.tier, "transaction_pin": PIN})
    });
    Json(Value::Array(people.collect()))
}

/// `GET /sandbox/api/presets`
pub(super) async fn presets() -> Json<Value> {
    Json(presets::table())
}

/// `GET /sandbox/api/next`: what is planned for the next authorizations.
pub(super) async fn planned(State(shared): State<Shared>) -> Json<Value> {
    Json(shared.world().plan.to_json())
}

/// `GET /sandbox/api/scenario`: what was just done, as a scenario.
pub(super) async fn recorded(State(shared): State<Shared>) -> Outcome {
    let scenario = shared.world().recorded().map_err(|full| NestError::new(StatusCode::CONFLICT, full.to_string()))?;
    let text = scenario.to_toml().map_err(|error| NestError::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
    let headers = [(header::CONTENT_TYPE, "application/toml"), (header::CONTENT_DISPOSITION, "attachment; filename=\"scenario.toml\"")];
    Ok((headers, text).into_response())
}

/// Decides as a person would on the consent page, and tells where the browser would go.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Approval {
    /// The address that the browser would have opened, or its query.
    #[schema(example = "?client_id=mc_sim_test&redirect_uri=http%3A%2F%2F127.0.0.1%3A43117%2Fv1%2Fcallback&scope=profile%3Aread&state=s")]
    url: String,
    /// Who decides.
    #[schema(example = "ada")]
    user: String,
    /// Scopes to switch on; absent for all that were asked; empty to press "Deny".
    #[schema(value_type = Option<Vec<String>>)]
    allow: Option<Vec<Scope>>,
}

/// `POST /sandbox/api/approve`
pub(super) async fn approve(State(shared): State<Shared>, headers: HeaderMap, request: Body) -> Outcome {
    let order = order(&headers, request, body::MAX_BODY).await?;
    let approval: Approval = read_fields(Value::Object(order)).map_err(NestError::bad_request)?;
    let query = approval.url.split_once('?').map_or(approval.url.as_str(), |(_, query)| query);
    let person = person(Some(&approval.user)).map_err(NestError::bad_request)?;
    let person = person.ok_or_else(|| NestError::bad_request("user: who decides"))?;
    let mut world = shared.world();
    let asked =
        read(query, &world).map_err(|refused| NestError::bad_request(format!("the consent page refuses this request: {refused}")))?;
    let decision = match approval.allow {
        None => Decision::Allow(asked.scopes.clone()),
        Some(scopes) if scopes.is_empty() => Decision::Deny,
        Some(scopes) => Decision::Allow(scopes.into_iter().collect::<ScopeSet>()),
    };
    match decide(&mut world, &asked, person, &decision, &own_address(&headers)) {
        Ok(location) => Ok(Json(json!({"location": location})).into_response()),
        Err(Undecided::NotAsked) => Err(NestError::bad_request("allow: only scopes that were asked for")),
        Err(Undecided::NotSaved) => Err(NestError::not_saved()),
    }
}

/// Any other path of the control API.
pub(super) async fn not_found(method: Method, uri: Uri) -> NestError {
    NestError::not_found(format!("The control API has no {method} {}", uri.path()))
}

/// Reads an order; an empty body is `{}`. A body must be JSON, which no page of another site can send unasked.
async fn order(headers: &HeaderMap, request: Body, longest: usize) -> Result<Map<String, Value>, NestError> {
    let body = body::read_up_to(request, longest).await?;
    if body.is_empty() {
        return Ok(Map::new());
    }
    if body::media(headers) != Media::Json {
        return Err(NestError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "The control API takes application/json"));
    }
    serde_json::from_slice(&body).map_err(|error| NestError::bad_request(format!("The body is not a JSON object: {error}")))
}
