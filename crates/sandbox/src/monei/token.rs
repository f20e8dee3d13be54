//! `POST /api/v1/connect/token` (Monei: tokens, oauth-flow).

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};
use monei::ScopeSet;
use serde_json::{Value, json};

use crate::model::World;
use crate::model::fields::Fields;
use crate::model::grants::{ACCESS_LIFE, CodeRefused, Ended, Found, Pair};
use crate::model::mint::Kind;
use crate::model::quota::Limited;
use crate::model::switches::{
    BadRefreshStatus, ExchangeEncoding, OldPair, QuotaKey, RefreshScopes, RefreshSecret, ReuseRevokesFamily, SingleGrant, TokenStatus,
    UnknownFields,
};
use crate::model::timeline::{Step, listed};
use crate::scenario::When;
use crate::script::Stage;
use crate::shared::Shared;
use crate::web::body::{self, Media};
use crate::web::nest::{NestError, Trace, traced};

/// The endpoint. The call was counted already: see [`charge`].
pub(crate) async fn token(State(shared): State<Shared>, headers: HeaderMap, request: Body) -> Response {
    let body = body::read(request).await;
    let mut world = shared.world();
    let mut trace = Trace { step: Some(Step::Token), what: Some("asks for tokens".to_owned()), ..Trace::default() };
    traced(answer(&mut world, &headers, body, &mut trace), trace)
}

fn answer(
    world: &mut Stage,
    headers: &HeaderMap,
    body: Result<axum::body::Bytes, NestError>,
    trace: &mut Trace,
) -> Result<Response, NestError> {
    let request = Request::read(headers, &body?, world.switches.exchange_encoding)?;
    match request.text("grant_type")? {
        "authorization_code" => {
            world.journal.counters.code_exchanges += 1;
            trace.what = Some("exchanges its code".to_owned());
            exchange(world, &request, trace)
        }
        "refresh_token" => {
            world.journal.counters.refreshes += 1;
            (trace.step, trace.what) = (Some(Step::Refresh), Some("refreshes".to_owned()));
            refresh(world, &request, trace)
        }
        _ => Err(NestError::bad_request("grant_type must be one of the following values: authorization_code, refresh_token")),
    }
}

fn exchange(world: &mut Stage, request: &Request, trace: &mut Trace) -> Result<Response, NestError> {
    request.only(&["grant_type", "code", "redirect_uri", "client_id", "client_secret"], world.switches.unknown_fields)?;
    let (client_id, secret) = (request.text("client_id")?, request.text("client_secret")?);
    let (code_text, redirect_uri) = (request.text("code")?, request.text("redirect_uri")?);
    trace.party.client = world.client(client_id).map(|client| client.client_id.clone());
    if !world.knows(client_id, secret) {
        return Err(wrong_credentials(world, client_id, secret));
    }
    let now = world.now();
    trace.party.user = world.grants.by_code(code_text).map(|code| code.user.clone());
    let why = world.grants.about_code(code_text, client_id, redirect_uri, now);
    let (key, code) = match world.grants.take_code(code_text, client_id, redirect_uri, now) {
        Ok(taken) => taken,
        Err(CodeRefused::Used) => {
            world.save().map_err(|_| NestError::not_saved())?;
            let used = world.grants.about_code(code_text, client_id, redirect_uri, now);
            return Err(NestError::bad_request("Authorization code already used").because(used));
        }
        Err(CodeRefused::Unknown) => return Err(NestError::bad_request("Invalid authorization code").because(why)),
        Err(CodeRefused::Expired) => return Err(NestError::bad_request("Authorization code expired").because(why)),
        Err(CodeRefused::RedirectUri) => return Err(NestError::bad_request("redirect_uri mismatch").because(why)),
    };
    let (access, refresh) = mint_pair(world);
    let id = world.grants.open(&key, &code, &Pair { access: &access, refresh: &refresh }, now);
    if world.switches.single_grant == SingleGrant::On || (code.upgrade && world.switches.old_pair_after_upgrade == OldPair::Dead) {
        world.grants.end_others(&code.user, &code.client_id, id);
    }
    world.save().map_err(|_| NestError::not_saved())?;
    trace.party.grant = Some(id);
    trace.what = Some(format!("exchanges its code and gets {}", listed(&code.scopes)));
    world.happened(When::Exchange);
    Ok(token_answer(world, &access, &refresh, Some(&code.scopes)))
}

fn refresh(world: &mut Stage, request: &Request, trace: &mut Trace) -> Result<Response, NestError> {
    request.only(&["grant_type", "refresh_token", "client_id", "client_secret"], world.switches.unknown_fields)?;
    let client = match world.switches.refresh_secret {
        RefreshSecret::Ignored => None,
        RefreshSecret::Required => {
            let (client_id, secret) = (request.text("client_id")?, request.text("client_secret")?);
            trace.party.client = world.client(client_id).map(|client| client.client_id.clone());
            if !world.knows(client_id, secret) {
                return Err(wrong_credentials(world, client_id, secret));
            }
            Some(client_id)
        }
        RefreshSecret::Rejected => {
            if let Some(name) = ["client_id", "client_secret"].iter().find(|name| request.0.contains_key(**name)) {
                return Err(NestError::bad_request(format!("property {name} should not exist"))
                    .because("the switch refresh_secret rejects credentials in a refresh"));
            }
            None
        }
    };
    let presented = request.text("refresh_token")?;
    let bad = match world.switches.bad_refresh_status {
        BadRefreshStatus::Unauthorized => NestError::new(StatusCode::UNAUTHORIZED, "Invalid or expired refresh token"),
        BadRefreshStatus::NotFound => NestError::not_found("Token not found"),
        BadRefreshStatus::BadRequest => NestError::bad_request("Invalid refresh token"),
    };
    let (now, why) = (world.now(), world.grants.about_refresh(presented));
    let id = match world.grants.by_refresh(presented) {
        Found::Live(id) => id,
        Found::Rotated(id) => {
            if let Some(grant) = world.grants.get(id) {
                trace.party = grant.party();
            }
            if world.switches.reuse_revokes_family == ReuseRevokesFamily::On {
                world.grants.end(id, Ended::RefreshReuse);
                world.save().map_err(|_| NestError::not_saved())?;
            }
            return Err(bad.because(why));
        }
        Found::Unknown => return Err(bad.because(why)),
    };
    if let Some(grant) = world.grants.get(id) {
        trace.party = grant.party();
    }
    if client.is_some_and(|client| trace.party.client.as_deref() != Some(client)) {
        return Err(bad.because(format!("grant-{id} is another app's")));
    }
    let (access, refresh) = mint_pair(world);
    let scopes = world.grants.rotate(id, &Pair { access: &access, refresh: &refresh }, now).map(|grant| grant.scopes.clone()).ok_or(bad)?;
    world.save().map_err(|_| NestError::not_saved())?;
    let shown = (world.switches.refresh_scopes == RefreshScopes::Present).then_some(&scopes);
    let answer = token_answer(world, &access, &refresh, shown);
    world.happened(When::Refresh);
    Ok(answer)
}

fn wrong_credentials(world: &World, client_id: &str, secret: &str) -> NestError {
    NestError::new(StatusCode::UNAUTHORIZED, "Invalid client credentials").because(world.about_credentials(client_id, secret))
}

fn mint_pair(world: &mut World) -> (String, String) {
    (world.mint(Kind::Access), world.mint(Kind::Refresh))
}

fn token_answer(world: &World, access: &str, refresh: &str, scopes: Option<&ScopeSet>) -> Response {
    let mut body = json!({"access_token": access, "refresh_token": refresh, "token_type": "Bearer", "expires_in": ACCESS_LIFE / 1_000});
    if let Some(scopes) = scopes {
        body["scopes"] = json!(scopes);
    }
    let status = match world.switches.token_status {
        TokenStatus::Ok => StatusCode::OK,
        TokenStatus::Created => StatusCode::CREATED,
    };
    (status, Json(body)).into_response()
}

/// Counts a call in the quota, whatever becomes of it, and refuses it over the quota. One that can't be read counts under nobody.
pub(crate) fn charge(world: &mut World, headers: &HeaderMap, body: Option<&[u8]>, from: &str) -> Result<(), NestError> {
    let now = world.now();
    let request = body.and_then(|body| Request::read(headers, body, world.switches.exchange_encoding).ok());
    let request = request.as_ref();
    let who = match world.switches.quota_key {
        QuotaKey::Address => from.to_owned(),
        QuotaKey::Client => request.and_then(|request| client_of(world, request)).unwrap_or_default(),
        QuotaKey::User => request.and_then(|request| owner_of(world, request)).map(|(user, _)| user).unwrap_or_default(),
        QuotaKey::Grant => request.and_then(|request| owner_of(world, request)).map(|(_, grant)| grant).unwrap_or_default(),
    };
    let per_minute = world.switches.token_calls_per_minute;
    let (form, refused) = (world.switches.retry_after, world.switches.refused_calls_count);
    world.quotas.charge(Limited::Token, &who, per_minute, refused, now).map_err(|over| {
        let counted = if who.is_empty() { "nobody that is known" } else { &who };
        let why =
            format!("more than {per_minute} token calls within a minute, counted for {counted}; the next is free in {} s", over.seconds);
        NestError::too_many(over.header(form, now)).because(why)
    })
}

/// Whose call this is: by its client id, or by whom the refresh token was given to. Where neither is known and only one app is
/// registered, it is that one's.
fn client_of(world: &World, request: &Request) -> Option<String> {
    let named = request.0.get("client_id").and_then(|id| world.client(id)).map(|client| client.client_id.clone());
    named
        .or_else(|| match world.grants.by_refresh(request.0.get("refresh_token")?) {
            Found::Live(id) | Found::Rotated(id) => world.grants.get(id).map(|grant| grant.client_id.clone()),
            Found::Unknown => None,
        })
        .or_else(|| match world.clients.as_slice() {
            [only] => Some(only.client.client_id.clone()),
            _ => None,
        })
}

/// Whose code or refresh token it carries, and of which grant it is: a code is one by itself.
fn owner_of(world: &World, request: &Request) -> Option<(String, String)> {
    if let Some(token) = request.0.get("refresh_token") {
        let (Found::Live(id) | Found::Rotated(id)) = world.grants.by_refresh(token) else { return None };
        return world.grants.get(id).map(|grant| (grant.user.clone(), format!("grant {id}")));
    }
    let code = request.0.get("code")?;
    world.grants.by_code(code).map(|found| (found.user.clone(), format!("code {}", crate::model::mint::hash(code))))
}

/// The fields of a request. A value that is not a text counts as absent.
struct Request(std::collections::BTreeMap<String, String>);

impl Request {
    fn read(headers: &HeaderMap, body: &[u8], encoding: ExchangeEncoding) -> Result<Self, NestError> {
        match body::media(headers) {
            Media::Json => {
                let object = body::object(body)?;
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
            media => Err(NestError::bad_request("grant_type should not be empty").because(media.unread(headers).unwrap_or_default())),
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_request_holds_exactly_the_texts_of_its_body_or_is_refused(
            fields in proptest::collection::btree_map("[a-z_]{1,12}|.{0,6}", prop_oneof![".{0,20}".prop_map(Value::from), any::<i64>().prop_map(Value::from), Just(Value::Null)], 0..6),
            junk in proptest::collection::vec(any::<u8>(), 0..40), media in "application/json(; charset=utf-8)?|APPLICATION/JSON|application/x-www-form-urlencoded|text/plain|[ -~]{0,20}",
        ) {
            let mut headers = HeaderMap::new();
            headers.insert(http::header::CONTENT_TYPE, media.parse().unwrap());
            let body = serde_json::to_vec(&fields).unwrap();
            match Request::read(&headers, &body, ExchangeEncoding::Json) {
                Ok(request) => {
                    prop_assert!(body::media(&headers) == Media::Json);
                    let texts = fields.iter().map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()));
                    prop_assert_eq!(request.0, texts.collect());
                }
                Err(error) => prop_assert_eq!(error.status, StatusCode::BAD_REQUEST),
            }
            for encoding in [ExchangeEncoding::Json, ExchangeEncoding::FormToo] {
                if let Err(error) = Request::read(&headers, &junk, encoding) {
                    prop_assert_eq!(error.status, StatusCode::BAD_REQUEST);
                }
            }
        }
    }
}
