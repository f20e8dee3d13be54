//! The control API's part that plans ahead: the next authorizations, presets, scenarios; and what one looks up.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, header};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Outcome, order, person};
use crate::nest::NestError;
use crate::people::{PEOPLE, PIN};
use crate::plan::{Round, Rule};
use crate::sandbox::{Sandbox, Store};
use crate::scenario::{Act, Allow, Scenario};
use crate::{presets, script};

/// The description of the control API.
pub(super) const OPENAPI: &str = include_str!("openapi.json");
/// Most rounds planned at once.
const MOST_PLANNED: usize = 100;

/// `GET /sandbox/api/openapi.json`
pub(super) async fn openapi() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], OPENAPI).into_response()
}

/// `GET /sandbox/api/log`: the last requests, newest first, and what was wrong with those that were refused.
pub(super) async fn log(State(sandbox): State<Sandbox>) -> Json<Value> {
    Json(sandbox.store().journal.log())
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

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    name: String,
}

/// `POST /sandbox/api/preset`
pub(super) async fn preset(State(sandbox): State<Sandbox>, headers: HeaderMap, request: Body) -> Outcome {
    let preset: Named = order(&headers, request).await?;
    let mut store = sandbox.store();
    presets::apply(&mut store, &preset.name)?;
    Ok(Json(json!({"applied": preset.name})).into_response())
}

/// `GET /sandbox/api/next`: what is planned for the next authorizations.
pub(super) async fn planned(State(sandbox): State<Sandbox>) -> Json<Value> {
    Json(sandbox.store().plan.to_json())
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Next {
    /// Who is logged in; whoever is, where absent.
    user: Option<String>,
    /// What is switched on; nothing where absent.
    allow: Option<Allow>,
    /// Answers at once, without a page; wants a person.
    #[serde(default)]
    auto: bool,
    times: Option<u32>,
}

/// `POST /sandbox/api/next`: plans the next authorization.
pub(super) async fn plan(State(sandbox): State<Sandbox>, headers: HeaderMap, request: Body) -> Outcome {
    let next: Next = order(&headers, request).await?;
    let rule = next.allow.map_or(Ok(Rule::Nothing), |allow| allow.rule()).map_err(NestError::bad_request)?;
    let planned = plan_next(&mut sandbox.store(), next.user.as_deref(), rule, next.auto, next.times.unwrap_or(1))?;
    Ok(Json(json!({"planned": planned})).into_response())
}

/// Plans the next authorization; how many are planned then.
pub(crate) fn plan_next(store: &mut Store, user: Option<&str>, rule: Rule, auto: bool, times: u32) -> Result<usize, NestError> {
    let user = person(user)?;
    if auto && user.is_none() {
        return Err(NestError::bad_request("auto: only with a user"));
    }
    if times == 0 {
        return Err(NestError::bad_request("times: at least 1"));
    }
    if store.plan.len() >= MOST_PLANNED {
        return Err(NestError::bad_request(format!("at most {MOST_PLANNED} authorizations can be planned")));
    }
    store.plan.add(Round { user, asks: None, rule, auto, times });
    Ok(store.plan.len())
}

/// `GET /sandbox/api/scenario`: what was just done, as a scenario.
pub(super) async fn recorded(State(sandbox): State<Sandbox>) -> Outcome {
    let text = sandbox.store().script.recorded().to_toml();
    let text = text.map_err(|error| NestError::new(http::StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
    let headers = [(header::CONTENT_TYPE, "application/toml"), (header::CONTENT_DISPOSITION, "attachment; filename=\"scenario.toml\"")];
    Ok((headers, text).into_response())
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Played {
    toml: String,
    #[serde(default)]
    auto_approve: bool,
}

/// `POST /sandbox/api/scenario`: plays one from its start.
pub(super) async fn play(State(sandbox): State<Sandbox>, headers: HeaderMap, request: Body) -> Outcome {
    let played: Played = order(&headers, request).await?;
    let name = play_text(&mut sandbox.store(), &played.toml, played.auto_approve)?;
    Ok(Json(json!({"playing": name})).into_response())
}

/// Plays a scenario from its text; its name.
pub(crate) fn play_text(store: &mut Store, text: &str, auto: bool) -> Result<String, NestError> {
    let scenario = Scenario::parse(text).map_err(|error| NestError::bad_request(error.to_string()))?;
    let ready = scenario.ready().map_err(|error| NestError::bad_request(error.to_string()))?;
    script::play(store, ready, auto).map_err(|_| NestError::not_saved())?;
    Ok(scenario.name().to_owned())
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settled {
    reference: Option<String>,
}

/// `POST /sandbox/api/settle`: pending deposits are paid, and sales completed; all, or one.
pub(super) async fn settle(State(sandbox): State<Sandbox>, headers: HeaderMap, request: Body) -> Outcome {
    let which: Settled = order(&headers, request).await?;
    let settled = settle_now(&mut sandbox.store(), which.reference.as_deref());
    Ok(Json(json!({"settled": settled})).into_response())
}

/// Lets what waits come about; how much did.
pub(crate) fn settle_now(store: &mut Store, reference: Option<&str>) -> usize {
    let now = store.now();
    let settled = store.ledger.settle(reference, now);
    if settled > 0 && reference.is_none() {
        store.script.record(Act::Settle(true));
    }
    settled
}
