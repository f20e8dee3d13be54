//! `/sandbox/api/…`: what tests and the control page do to the sandbox.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, Method, Uri};
use monei::{Scope, ScopeSet};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::approval::{Decision, Undecided, decide, read};
use crate::body::{self, Media};
use crate::clock::{Clock, SECOND};
use crate::entry::own_address;
use crate::faults::{Fault, MAX_ARMED, Order};
use crate::grants::Grants;
use crate::journal::Journal;
use crate::nest::NestError;
use crate::options::check_secret;
use crate::people::Person;
use crate::sandbox::{Sandbox, Store};
use crate::switches::Switches;

type Outcome = Result<Response, NestError>;

/// `GET /sandbox/api/state`
pub(crate) async fn state(State(sandbox): State<Sandbox>) -> Json<Value> {
    let store = sandbox.store();
    let now = store.now();
    let grants: Vec<Value> = store
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
        "run": sandbox.run(), "clock_offset_s": store.clock.offset_s(), "switches": store.switches.values(),
        "counters": store.journal.to_json(), "grants": grants,
    }))
}

/// `GET /sandbox/api/switches`: every switch with its value, default and allowed values.
pub(crate) async fn switches(State(sandbox): State<Sandbox>) -> Json<Value> {
    Json(sandbox.store().switches.table())
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Who {
    user: Option<String>,
}

/// `POST /sandbox/api/expire`: access tokens expire now, of one person or of all.
pub(crate) async fn expire(State(sandbox): State<Sandbox>, headers: HeaderMap, request: Body) -> Outcome {
    let who: Who = order(&headers, request).await?;
    let expired = expire_now(&mut sandbox.store(), who.user.as_deref())?;
    Ok(Json(json!({"expired": expired})).into_response())
}

/// `POST /sandbox/api/revoke`: as the person does in the settings.
pub(crate) async fn revoke(State(sandbox): State<Sandbox>, headers: HeaderMap, request: Body) -> Outcome {
    let who: Who = order(&headers, request).await?;
    let ended = revoke_now(&mut sandbox.store(), who.user.as_deref())?;
    Ok(Json(json!({"ended": ended})).into_response())
}

/// `POST /sandbox/api/fault`: arms a fault, for one call where `times` doesn't say otherwise.
pub(crate) async fn fault(State(sandbox): State<Sandbox>, headers: HeaderMap, request: Body) -> Outcome {
    let fault: Order = order(&headers, request).await?;
    let fault = fault.arm().map_err(NestError::bad_request)?;
    let armed = arm(&mut sandbox.store(), fault)?;
    Ok(Json(json!({"armed": armed})).into_response())
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Setting {
    name: String,
    value: Value,
}

/// `POST /sandbox/api/switch`
pub(crate) async fn switch(State(sandbox): State<Sandbox>, headers: HeaderMap, request: Body) -> Outcome {
    let setting: Setting = order(&headers, request).await?;
    let value = match setting.value {
        Value::String(text) => text,
        Value::Number(number) => number.to_string(),
        Value::Bool(true) => "on".to_owned(),
        Value::Bool(false) => "off".to_owned(),
        _ => return Err(NestError::bad_request("value: a text or a number")),
    };
    let mut store = sandbox.store();
    store.switches.set(&setting.name, &value).map_err(|error| NestError::bad_request(error.to_string()))?;
    Ok(Json(store.switches.values()).into_response())
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Offset {
    offset_s: i64,
}

/// `POST /sandbox/api/clock`: how far the sandbox's time is from the computer's.
pub(crate) async fn clock(State(sandbox): State<Sandbox>, headers: HeaderMap, request: Body) -> Outcome {
    let offset: Offset = order(&headers, request).await?;
    if !sandbox.store().clock.set_offset_s(offset.offset_s) {
        return Err(NestError::bad_request("offset_s: at most ten years"));
    }
    Ok(Json(json!({"clock_offset_s": offset.offset_s})).into_response())
}

/// What a reset puts back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum What {
    /// Everything below, and grants, sessions and the clock.
    #[default]
    All,
    /// Counters and the list of requests.
    Counters,
    /// Armed faults.
    Faults,
    /// Switches.
    Switches,
    /// The calls that quotas have counted.
    Quotas,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Reset {
    what: What,
}

/// `POST /sandbox/api/reset`: back to the start, or one part of it.
pub(crate) async fn reset(State(sandbox): State<Sandbox>, headers: HeaderMap, request: Body) -> Outcome {
    let order: Reset = order(&headers, request).await?;
    reset_now(&mut sandbox.store(), order.what)?;
    Ok(Json(json!({"reset": true})).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewSecret {
    client_id: String,
    client_secret: String,
}

/// `POST /sandbox/api/secret`: gives an app another secret; the switch `secret_overlap` says whether the previous one works on.
pub(crate) async fn secret(State(sandbox): State<Sandbox>, headers: HeaderMap, request: Body) -> Outcome {
    let new: NewSecret = order(&headers, request).await?;
    check_secret(&new.client_id, &new.client_secret).map_err(|error| NestError::bad_request(error.to_string()))?;
    if !sandbox.store().change_secret(&new.client_id, &new.client_secret) {
        return Err(NestError::not_found("App not found"));
    }
    Ok(Json(json!({"changed": true})).into_response())
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Approval {
    /// The address that the browser would have opened, or its query.
    url: String,
    user: String,
    /// Scopes to switch on; absent for all that were asked; empty to press "Deny".
    allow: Option<Vec<Scope>>,
}

/// `POST /sandbox/api/approve`: decides as a person would on the consent page, and tells where the browser would go.
pub(crate) async fn approve(State(sandbox): State<Sandbox>, headers: HeaderMap, request: Body) -> Outcome {
    let approval: Approval = order(&headers, request).await?;
    let query = approval.url.split_once('?').map_or(approval.url.as_str(), |(_, query)| query);
    let person = person(Some(&approval.user))?.ok_or_else(|| NestError::bad_request("user: who decides"))?;
    let mut store = sandbox.store();
    let asked =
        read(query, &store).map_err(|refused| NestError::bad_request(format!("the consent page refuses this request: {refused:?}")))?;
    let decision = match approval.allow {
        None => Decision::Allow(asked.scopes.clone()),
        Some(scopes) if scopes.is_empty() => Decision::Deny,
        Some(scopes) => Decision::Allow(scopes.into_iter().collect::<ScopeSet>()),
    };
    match decide(&sandbox, &mut store, &asked, person, &decision, &own_address(&headers)) {
        Ok(location) => Ok(Json(json!({"location": location})).into_response()),
        Err(Undecided::NotAsked) => Err(NestError::bad_request("allow: only scopes that were asked for")),
        Err(Undecided::NotSaved) => Err(NestError::not_saved()),
    }
}

/// Any other path of the control API.
pub(crate) async fn not_found(method: Method, uri: Uri) -> NestError {
    NestError::not_found(format!("The control API has no {method} {}", uri.path()))
}

/// Lets access tokens expire; how many did.
pub(crate) fn expire_now(store: &mut Store, user: Option<&str>) -> Result<usize, NestError> {
    let user = person(user)?.map(|person| person.id);
    let now = store.now();
    let expired = store.grants.expire(user, now);
    saved(store).map(|()| expired)
}

/// Disconnects every app of a person, or of all; how many pairs ended.
pub(crate) fn revoke_now(store: &mut Store, user: Option<&str>) -> Result<usize, NestError> {
    let user = person(user)?.map(|person| person.id);
    let ended = store.grants.disconnect(user, None);
    saved(store).map(|()| ended)
}

/// Arms a fault; how many are armed then.
pub(crate) fn arm(store: &mut Store, fault: Fault) -> Result<usize, NestError> {
    if store.faults.len() >= MAX_ARMED {
        return Err(NestError::bad_request(format!("at most {MAX_ARMED} faults can be armed at once")));
    }
    store.faults.push(fault);
    Ok(store.faults.len())
}

/// Puts things back.
pub(crate) fn reset_now(store: &mut Store, what: What) -> Result<(), NestError> {
    let all = what == What::All;
    if all || what == What::Counters {
        store.journal = Journal::default();
    }
    if all || what == What::Faults {
        store.faults.clear();
    }
    if all || what == What::Switches {
        store.switches = Switches::default();
    }
    if all || what == What::Quotas {
        store.quotas.clear();
    }
    if all {
        store.grants = Grants::default();
        store.sessions.clear();
        store.clock = Clock::default();
    }
    saved(store)
}

fn saved(store: &Store) -> Result<(), NestError> {
    store.save().map_err(|_| NestError::not_saved())
}

fn person(id: Option<&str>) -> Result<Option<&'static Person>, NestError> {
    id.map(|id| Person::find(id).ok_or_else(|| NestError::bad_request("user: ada, tunde, markup or blocked"))).transpose()
}

/// Reads an order; an empty body is `{}`. A body must be JSON, which no page of another site can send unasked.
async fn order<T: DeserializeOwned>(headers: &HeaderMap, request: Body) -> Result<T, NestError> {
    let body = body::read(request).await?;
    if body.is_empty() {
        return serde_json::from_slice(b"{}").map_err(|error| NestError::bad_request(error.to_string()));
    }
    if body::media(headers) != Media::Json {
        return Err(NestError::new(http::StatusCode::UNSUPPORTED_MEDIA_TYPE, "The control API takes application/json"));
    }
    serde_json::from_slice(&body).map_err(|error| NestError::bad_request(error.to_string()))
}
