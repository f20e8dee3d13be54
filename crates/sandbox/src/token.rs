//! `POST /api/v1/connect/token` (Monei: tokens, oauth-flow).

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use http::{HeaderMap, StatusCode};
use monei::ScopeSet;
use serde_json::{Map, Value, json};

use crate::body::{self, Media};
use crate::entry::Peer;
use crate::fields::Fields;
use crate::grants::{ACCESS_LIFE, CodeRefused, Ended, Found, Pair};
use crate::mint::Kind;
use crate::nest::{Holder, NestError};
use crate::quota::Limited;
use crate::sandbox::{Sandbox, Store};
use crate::scenario::When;
use crate::script;
use crate::switches::{
    BadRefreshStatus, ExchangeEncoding, OldPair, QuotaKey, RefreshScopes, RefreshSecret, ReuseRevokesFamily, SingleGrant, TokenStatus,
    UnknownFields,
};

/// The endpoint.
pub(crate) async fn token(State(sandbox): State<Sandbox>, peer: Option<Extension<Peer>>, headers: HeaderMap, request: Body) -> Response {
    let body = body::read(request).await;
    let from = peer.map(|Extension(peer)| peer.to_string()).unwrap_or_default();
    let mut store = sandbox.store();
    answer(&sandbox, &mut store, &headers, body, &from).unwrap_or_else(IntoResponse::into_response)
}

fn answer(
    sandbox: &Sandbox,
    store: &mut Store,
    headers: &HeaderMap,
    body: Result<axum::body::Bytes, NestError>,
    from: &str,
) -> Result<Response, NestError> {
    // A call that can't be read counts too, under no client.
    let request = body.and_then(|body| Request::read(headers, &body, store.switches.exchange_encoding));
    charge(store, request.as_ref().ok(), from)?;
    let request = request?;
    match request.text("grant_type")? {
        "authorization_code" => {
            store.journal.counters.code_exchanges += 1;
            exchange(sandbox, store, &request)
        }
        "refresh_token" => {
            store.journal.counters.refreshes += 1;
            refresh(sandbox, store, &request)
        }
        _ => Err(NestError::bad_request("grant_type must be one of the following values: authorization_code, refresh_token")),
    }
}

fn exchange(sandbox: &Sandbox, store: &mut Store, request: &Request) -> Result<Response, NestError> {
    request.only(&["grant_type", "code", "redirect_uri", "client_id", "client_secret"], store.switches.unknown_fields)?;
    let (client_id, secret) = (request.text("client_id")?, request.text("client_secret")?);
    let (code_text, redirect_uri) = (request.text("code")?, request.text("redirect_uri")?);
    if !store.knows(client_id, secret) {
        return Err(NestError::new(StatusCode::UNAUTHORIZED, "Invalid client credentials"));
    }
    let now = store.now();
    let (key, code) = match store.grants.take_code(code_text, client_id, redirect_uri, now) {
        Ok(taken) => taken,
        Err(CodeRefused::Used) => {
            store.save().map_err(|_| NestError::not_saved())?;
            return Err(NestError::bad_request("Authorization code already used"));
        }
        Err(CodeRefused::Unknown) => return Err(NestError::bad_request("Invalid authorization code")),
        Err(CodeRefused::Expired) => return Err(NestError::bad_request("Authorization code expired")),
        Err(CodeRefused::RedirectUri) => return Err(NestError::bad_request("redirect_uri mismatch")),
    };
    let (access, refresh) = mint_pair(sandbox, store);
    let id = store.grants.open(&key, &code, &Pair { access: &access, refresh: &refresh }, now);
    if store.switches.single_grant == SingleGrant::On || (code.upgrade && store.switches.old_pair_after_upgrade == OldPair::Dead) {
        store.grants.end_others(&code.user, &code.client_id, id);
    }
    store.save().map_err(|_| NestError::not_saved())?;
    let mut answer = token_answer(store, &access, &refresh, Some(&code.scopes));
    answer.extensions_mut().insert(Holder(format!("{}, grant-{id}: code", code.user)));
    script::happened(store, When::Exchange, None);
    Ok(answer)
}

fn refresh(sandbox: &Sandbox, store: &mut Store, request: &Request) -> Result<Response, NestError> {
    request.only(&["grant_type", "refresh_token", "client_id", "client_secret"], store.switches.unknown_fields)?;
    let client = match store.switches.refresh_secret {
        RefreshSecret::Ignored => None,
        RefreshSecret::Required => {
            let (client_id, secret) = (request.text("client_id")?, request.text("client_secret")?);
            if !store.knows(client_id, secret) {
                return Err(NestError::new(StatusCode::UNAUTHORIZED, "Invalid client credentials"));
            }
            Some(client_id)
        }
        RefreshSecret::Rejected => {
            if let Some(name) = ["client_id", "client_secret"].iter().find(|name| request.0.contains_key(**name)) {
                return Err(NestError::bad_request(format!("property {name} should not exist")));
            }
            None
        }
    };
    let presented = request.text("refresh_token")?;
    let bad = match store.switches.bad_refresh_status {
        BadRefreshStatus::Unauthorized => NestError::new(StatusCode::UNAUTHORIZED, "Invalid or expired refresh token"),
        BadRefreshStatus::NotFound => NestError::not_found("Token not found"),
        BadRefreshStatus::BadRequest => NestError::bad_request("Invalid refresh token"),
    };
    let now = store.now();
    let id = match store.grants.by_refresh(presented) {
        Found::Live(id) => id,
        Found::Rotated(id) => {
            if store.switches.reuse_revokes_family == ReuseRevokesFamily::On {
                store.grants.end(id, Ended::RefreshReuse);
                store.save().map_err(|_| NestError::not_saved())?;
            }
            return Err(bad);
        }
        Found::Unknown => return Err(bad),
    };
    if client.is_some_and(|client| store.grants.get(id).is_none_or(|grant| grant.client_id != client)) {
        return Err(bad);
    }
    let (access, refresh) = mint_pair(sandbox, store);
    let scopes = store.grants.rotate(id, &Pair { access: &access, refresh: &refresh }, now).map(|grant| grant.scopes.clone()).ok_or(bad)?;
    store.save().map_err(|_| NestError::not_saved())?;
    let shown = (store.switches.refresh_scopes == RefreshScopes::Present).then_some(&scopes);
    let mut answer = token_answer(store, &access, &refresh, shown);
    if let Some(grant) = store.grants.get(id) {
        answer.extensions_mut().insert(Holder(format!("{}, grant-{id}: refresh", grant.user)));
    }
    script::happened(store, When::Refresh, None);
    Ok(answer)
}

fn mint_pair(sandbox: &Sandbox, store: &Store) -> (String, String) {
    let length = store.switches.token_length;
    (sandbox.mint(Kind::Access, length), sandbox.mint(Kind::Refresh, length))
}

fn token_answer(store: &Store, access: &str, refresh: &str, scopes: Option<&ScopeSet>) -> Response {
    let mut body = json!({"access_token": access, "refresh_token": refresh, "token_type": "Bearer", "expires_in": ACCESS_LIFE / 1_000});
    if let Some(scopes) = scopes {
        body["scopes"] = json!(scopes);
    }
    let status = match store.switches.token_status {
        TokenStatus::Ok => StatusCode::OK,
        TokenStatus::Created => StatusCode::CREATED,
    };
    (status, Json(body)).into_response()
}

fn charge(store: &mut Store, request: Option<&Request>, from: &str) -> Result<(), NestError> {
    let now = store.now();
    let who = match store.switches.quota_key {
        QuotaKey::Address => from.to_owned(),
        QuotaKey::Client => request.and_then(|request| client_of(store, request)).unwrap_or_default(),
        QuotaKey::User => request.and_then(|request| owner_of(store, request)).map(|(user, _)| user).unwrap_or_default(),
        QuotaKey::Grant => request.and_then(|request| owner_of(store, request)).map(|(_, grant)| grant).unwrap_or_default(),
    };
    let per_minute = store.switches.token_calls_per_minute;
    let (form, refused) = (store.switches.retry_after, store.switches.refused_calls_count);
    store.quotas.charge(Limited::Token, &who, per_minute, refused, now).map_err(|over| NestError::too_many(over.header(form, now)))
}

/// Whose call this is: by its client id, or by whom the refresh token was given to. Where neither is known and only one app is
/// registered, it is that one's.
fn client_of(store: &Store, request: &Request) -> Option<String> {
    let named = request.0.get("client_id").and_then(|id| store.client(id)).map(|client| client.client_id.clone());
    named
        .or_else(|| match store.grants.by_refresh(request.0.get("refresh_token")?) {
            Found::Live(id) | Found::Rotated(id) => store.grants.get(id).map(|grant| grant.client_id.clone()),
            Found::Unknown => None,
        })
        .or_else(|| match store.clients.as_slice() {
            [only] => Some(only.client.client_id.clone()),
            _ => None,
        })
}

/// Whose code or refresh token it carries, and of which grant it is: a code is one by itself.
fn owner_of(store: &Store, request: &Request) -> Option<(String, String)> {
    if let Some(token) = request.0.get("refresh_token") {
        let (Found::Live(id) | Found::Rotated(id)) = store.grants.by_refresh(token) else { return None };
        return store.grants.get(id).map(|grant| (grant.user.clone(), format!("grant {id}")));
    }
    let code = request.0.get("code")?;
    store.grants.by_code(code).map(|found| (found.user.clone(), format!("code {}", crate::mint::hash(code))))
}

/// The fields of a request. A value that is not a text counts as absent.
struct Request(std::collections::BTreeMap<String, String>);

impl Request {
    fn read(headers: &HeaderMap, body: &[u8], encoding: ExchangeEncoding) -> Result<Self, NestError> {
        match body::media(headers) {
            Media::Json => {
                let object: Map<String, Value> =
                    serde_json::from_slice(body).map_err(|_| NestError::bad_request("The body is not a JSON object"))?;
                let texts = object.into_iter().map(|(name, value)| match value {
                    Value::String(text) => Ok((name, text)),
                    _ => Err(NestError::bad_request(format!("{} must be a string", name.chars().take(40).collect::<String>()))),
                });
                texts.collect::<Result<_, _>>().map(Self)
            }
            Media::Form if encoding == ExchangeEncoding::FormToo => {
                let fields = Fields::parse(body)
                    .and_then(|fields| fields.each_once_but(&[]))
                    .map_err(|_| NestError::bad_request("The body is not a form"))?;
                Ok(Self(fields.pairs().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()))
            }
            // What isn't parsed reads as an empty body.
            _ => Err(NestError::bad_request("grant_type should not be empty")),
        }
    }

    fn text(&self, name: &str) -> Result<&str, NestError> {
        self.0
            .get(name)
            .filter(|text| !text.is_empty())
            .map(String::as_str)
            .ok_or_else(|| NestError::bad_request(format!("{name} should not be empty")))
    }

    fn only(&self, known: &[&str], unknown: UnknownFields) -> Result<(), NestError> {
        match self.0.keys().find(|name| !known.contains(&name.as_str())) {
            Some(name) if unknown == UnknownFields::Rejected => {
                Err(NestError::bad_request(format!("property {} should not exist", name.chars().take(40).collect::<String>())))
            }
            _ => Ok(()),
        }
    }
}
