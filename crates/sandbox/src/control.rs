//! `/sandbox/api/…`: what tests and the control page do to the sandbox. `openapi.json` describes it.

pub(crate) mod steer;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
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
use crate::ledger::Ledger;
use crate::nest::NestError;
use crate::options::check_secret;
use crate::people::Person;
use crate::plan::Plan;
use crate::sandbox::{Sandbox, Store};
use crate::scenario::{self, Act, Part, Switch};
use crate::script::Script;
use crate::switches::Switches;

pub(crate) type Outcome = Result<Response, NestError>;

/// Every route of the control API: method, path below `/sandbox/api`, what answers.
pub(crate) fn routes() -> Vec<(&'static str, &'static str, MethodRouter<Sandbox>)> {
    vec![
        ("get", "/state", get(state)),
        ("get", "/switches", get(switches)),
        ("get", "/log", get(steer::log)),
        ("get", "/people", get(steer::people)),
        ("get", "/presets", get(steer::presets)),
        ("get", "/next", get(steer::planned)),
        ("get", "/scenario", get(steer::recorded)),
        ("get", "/openapi.json", get(steer::openapi)),
        ("post", "/expire", post(expire)),
        ("post", "/revoke", post(revoke)),
        ("post", "/fault", post(fault)),
        ("post", "/disarm", post(disarm)),
        ("post", "/switch", post(switch)),
        ("post", "/clock", post(clock)),
        ("post", "/reset", post(reset)),
        ("post", "/secret", post(secret)),
        ("post", "/approve", post(approve)),
        ("post", "/next", post(steer::plan)),
        ("post", "/preset", post(steer::preset)),
        ("post", "/scenario", post(steer::play)),
        ("post", "/settle", post(steer::settle)),
    ]
}

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
        "counters": store.journal.to_json(), "grants": grants, "faults": store.faults.iter().map(Fault::to_json).collect::<Vec<_>>(), "next": store.plan.to_json(),
        "scenario": store.script.playing, "balances_kobo": store.ledger.naira_of_all(),
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
    let armed = arm(&mut sandbox.store(), fault)?;
    Ok(Json(json!({"armed": armed})).into_response())
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Armed {
    number: u32,
}

/// `POST /sandbox/api/disarm`: takes one fault back. One that has struck for the last time is gone already, which is as good.
pub(crate) async fn disarm(State(sandbox): State<Sandbox>, headers: HeaderMap, request: Body) -> Outcome {
    let armed: Armed = order(&headers, request).await?;
    let left = take_back(&mut sandbox.store(), armed.number);
    Ok(Json(json!({"armed": left})).into_response())
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
    store.script.record(Act::Switch(Switch { name: setting.name, value: scenario::Setting::Text(value) }));
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
    move_clock(&mut sandbox.store(), offset.offset_s)?;
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
    /// What was planned for the next authorizations, and the scenario with it.
    Next,
    /// Balances, and the records of what was moved.
    Money,
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
    store.script.record(Act::Expire(user.unwrap_or("all").to_owned()));
    saved(store).map(|()| expired)
}

/// Disconnects every app of a person, or of all; how many pairs ended.
pub(crate) fn revoke_now(store: &mut Store, user: Option<&str>) -> Result<usize, NestError> {
    let user = person(user)?.map(|person| person.id);
    let ended = store.grants.disconnect(user, None);
    store.script.record(Act::Revoke(user.unwrap_or("all").to_owned()));
    saved(store).map(|()| ended)
}

/// Arms a fault; how many are armed then.
pub(crate) fn arm(store: &mut Store, order: Order) -> Result<usize, NestError> {
    let fault = order.clone().arm().map_err(NestError::bad_request)?;
    if store.faults.len() >= MAX_ARMED {
        return Err(NestError::bad_request(format!("at most {MAX_ARMED} faults can be armed at once")));
    }
    store.arm(fault);
    store.script.record(Act::Fault(order));
    Ok(store.faults.len())
}

/// Takes one fault back; how many are armed then.
pub(crate) fn take_back(store: &mut Store, number: u32) -> usize {
    let before = store.faults.len();
    store.faults.retain(|fault| fault.number != number);
    if store.faults.len() < before {
        store.script.record(Act::Disarm(number));
    }
    store.faults.len()
}

/// Moves the clock.
pub(crate) fn move_clock(store: &mut Store, offset_s: i64) -> Result<(), NestError> {
    if !store.clock.set_offset_s(offset_s) {
        return Err(NestError::bad_request("offset_s: at most ten years"));
    }
    let now = store.now();
    store.quotas.moved(now);
    store.script.record(Act::ClockOffsetS(offset_s));
    Ok(())
}

/// Puts things back.
pub(crate) fn reset_now(store: &mut Store, what: What) -> Result<(), NestError> {
    put_back(store, what);
    if let Some(part) = Part::of(what) {
        store.script.record(Act::Reset(part));
    }
    saved(store)
}

/// Puts things back, and records nothing.
pub(crate) fn put_back(store: &mut Store, what: What) {
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
    if all || what == What::Next {
        store.plan = Plan::default();
    }
    if all || what == What::Money {
        store.ledger = Ledger::default();
    }
    if all {
        store.script = Script::default();
        store.grants = Grants::default();
        store.sessions.clear();
        store.clock = Clock::default();
    }
}

pub(crate) fn saved(store: &Store) -> Result<(), NestError> {
    store.save().map_err(|_| NestError::not_saved())
}

pub(crate) fn person(id: Option<&str>) -> Result<Option<&'static Person>, NestError> {
    id.map(|id| Person::find(id).ok_or_else(|| NestError::bad_request("user: ada, tunde, markup or blocked"))).transpose()
}

/// Reads an order; an empty body is `{}`. A body must be JSON, which no page of another site can send unasked.
pub(crate) async fn order<T: DeserializeOwned>(headers: &HeaderMap, request: Body) -> Result<T, NestError> {
    let body = body::read(request).await?;
    if body.is_empty() {
        return serde_json::from_slice(b"{}").map_err(|error| NestError::bad_request(error.to_string()));
    }
    if body::media(headers) != Media::Json {
        return Err(NestError::new(http::StatusCode::UNSUPPORTED_MEDIA_TYPE, "The control API takes application/json"));
    }
    serde_json::from_slice(&body).map_err(|error| NestError::bad_request(error.to_string()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_openapi_document_and_the_routes_name_the_same_calls() {
        let document: Value = serde_json::from_str(steer::OPENAPI).unwrap();
        let described: BTreeSet<(String, String)> = document["paths"]
            .as_object()
            .unwrap()
            .iter()
            .flat_map(|(path, item)| item.as_object().unwrap().keys().map(|method| (method.clone(), path.clone())))
            .collect();
        let served = routes().into_iter().map(|(method, path, _)| (method.to_owned(), format!("/sandbox/api{path}"))).collect();
        assert_eq!(described, served);
    }
}
