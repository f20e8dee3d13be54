//! `/connect/authorize`: login, consent, decision.

use axum::Extension;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use monei::ScopeSet;

use crate::model::World;
use crate::model::fields::{Fields, encode};
use crate::model::people::Person;
use crate::model::plan::Advice;
use crate::model::plan::Decision;
use crate::model::quota::Limited;
use crate::model::sessions::FormRefused;
use crate::model::switches::{ConsentFormAction, QuotaKey};
use crate::model::timeline::{Entry, Step, listed};
use crate::monei::approval::{Refused, Undecided, decide, read};
use crate::monei::consent_page;
use crate::monei::consent_page::Consent;
use crate::script::Stage;
use crate::shared::Shared;
use crate::web::body;
use crate::web::entry::{Peer, cookies, own_address};
use crate::web::nest::Trace;
use crate::web::page::{self, form_refused, see_other};

/// The sandbox's own parameter by which "Not you?" asks for the login page.
const SWITCH_USER: &str = "sandbox_switch_user";

/// `GET`: the login page, or the consent page of whoever is logged in.
pub(crate) async fn show(
    State(shared): State<Shared>,
    RawQuery(query): RawQuery,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
) -> Response {
    let mut trace = Trace { step: Some(Step::Authorize), ..Trace::default() };
    let mut response = open(&mut shared.world(), &query.unwrap_or_default(), peer, &headers, &mut trace);
    response.extensions_mut().insert(trace);
    response
}

fn open(world: &mut Stage, query: &str, peer: Option<Extension<Peer>>, headers: &HeaderMap, trace: &mut Trace) -> Response {
    if let Some(refusal) = over_limit(world, Limited::AuthorizeGet, query, peer, headers) {
        return refusal;
    }
    let asked = match read(query, world) {
        Ok(asked) => asked,
        Err(refused) => return refusal_page(&refused),
    };
    let own = split(query);
    let (now, cookies) = (world.now(), cookies(headers));
    let mut visit = world.sessions.visit(&cookies, now);
    trace.party.client = Some(asked.client.client_id.clone());
    let what = format!("asks for {}", listed(&asked.scopes));
    trace.what = Some(what.clone());
    let rule = match world.plan.advise(&asked.client.client_id, &asked.scopes) {
        Advice::Ask => None,
        Advice::Wrong(text) => return page::problem(StatusCode::CONFLICT, "This is not what was planned", &text),
        Advice::Decided(user, decision) => {
            // It comes before the decision.
            world.timeline.add(Entry::new(now, Step::Authorize, trace.party.clone(), format!("{what}; answered at once, as planned")));
            trace.told = true;
            let decided = decide(world, &asked, user, &decision, &own_address(headers));
            world.plan.decided();
            return went_on(decided);
        }
        Advice::Prepared { log_in, rule } => {
            if let Some(person) = log_in.filter(|person| !own.switch_user && visit.user.is_none_or(|user| user.id != person.id)) {
                visit = world.sessions.log_in(&cookies, person, now);
            }
            Some(rule)
        }
    };
    let body = match visit.user.filter(|_| !own.switch_user) {
        None => consent_page::login(&asked.client, &own.action(false), &visit.form_token),
        Some(user) => {
            let new = asked.new_for(user, world);
            let page = Consent { asked: &asked, user, new: &new, rule: rule.as_ref() };
            consent_page::consent(&page, &own.action(false), &own.action(true), &visit.form_token)
        }
    };
    let targets = form_targets(&asked.redirect_uri, world.switches.consent_form_action);
    page::with_session(page::answer_with_forms_to(StatusCode::OK, body, &targets), &visit)
}

/// `POST`: a login or a decision, each with the form token of its page.
pub(crate) async fn submit(
    State(shared): State<Shared>,
    RawQuery(query): RawQuery,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
    form: Body,
) -> Response {
    let query = query.unwrap_or_default();
    let form = match body::form(&headers, form, &["scope"]).await {
        Ok(form) => form,
        Err(status) => return page::problem(status, "This form can't be read", "Go back, load the page anew and try again."),
    };
    let mut trace = Trace { step: Some(Step::Consent), what: Some("posts a decision".to_owned()), ..Trace::default() };
    let mut response = posted(&mut shared.world(), &query, &form, peer, &headers, &mut trace);
    response.extensions_mut().insert(trace);
    response
}

fn posted(
    world: &mut Stage,
    query: &str,
    form: &Fields,
    peer: Option<Extension<Peer>>,
    headers: &HeaderMap,
    trace: &mut Trace,
) -> Response {
    let logging_in = form.get("user").is_some();
    if !logging_in && let Some(refusal) = over_limit(world, Limited::AuthorizePost, query, peer, headers) {
        return refusal;
    }
    let asked = match read(query, world) {
        Ok(asked) => asked,
        Err(refused) => return refusal_page(&refused),
    };
    trace.party.client = Some(asked.client.client_id.clone());
    let (now, cookies) = (world.now(), cookies(headers));
    let user = match world.sessions.check(&cookies, form.get("form_token").unwrap_or_default(), now) {
        Ok(user) => user,
        Err(refused) => return form_refused(refused),
    };
    if logging_in {
        let Some(person) = form.get("user").and_then(Person::find) else {
            return page::problem(StatusCode::BAD_REQUEST, "Nobody is called that", "Choose one of the people on the login page.");
        };
        let visit = world.sessions.log_in(&cookies, person, now);
        (trace.party.user, trace.what) = (Some(person.id.to_owned()), Some("logs in".to_owned()));
        return page::with_session(see_other(&split(query).action(false)), &visit);
    }
    let Some(user) = user else { return form_refused(FormRefused::NoSession) };
    trace.party.user = Some(user.id.to_owned());
    let decision = match (form.get("decision"), chosen(form)) {
        (Some("deny"), _) => Decision::Deny,
        (Some("allow"), Some(chosen)) => Decision::Allow(chosen),
        _ => return page::problem(StatusCode::BAD_REQUEST, "This decision can't be read", "Go back, load the page anew and try again."),
    };
    // A form that is posted twice (a double click, a reload) is one decision: it leads to the same place and uses no further round.
    let id = form.get("decision_id").unwrap_or_default();
    if let Some(location) = world.sessions.answered(&cookies, id, now) {
        trace.what = Some("posts the same decision again, which changes nothing".to_owned());
        return see_other(&location);
    }
    let decided = decide(world, &asked, user, &decision, &own_address(headers));
    if let Ok(location) = &decided {
        trace.told = true;
        if !id.is_empty() {
            world.sessions.answer(&cookies, id, location);
        }
        world.plan.decided();
    }
    went_on(decided)
}

/// Where a decision leads.
fn went_on(decided: Result<String, Undecided>) -> Response {
    match decided {
        Ok(location) => see_other(&location),
        Err(Undecided::NotAsked) => {
            page::problem(StatusCode::BAD_REQUEST, "That was not asked for", "The decision allows something that the app didn't ask for.")
        }
        Err(Undecided::NotSaved) => page::problem(
            StatusCode::INTERNAL_SERVER_ERROR,
            "The decision could not be kept",
            "The sandbox could not write its state file; its log says why.",
        ),
    }
}

fn chosen(form: &Fields) -> Option<ScopeSet> {
    form.all("scope").map(|text| text.parse().ok()).collect()
}

/// Counts a call of the consent page (Monei: errors), and refuses it over the quota. Logging in is no such call.
fn over_limit(world: &mut World, what: Limited, query: &str, peer: Option<Extension<Peer>>, headers: &HeaderMap) -> Option<Response> {
    let now = world.now();
    let person = || world.sessions.person(&cookies(headers), now).map(|person| person.id.to_owned());
    let named = || {
        Fields::parse(query.as_bytes())
            .ok()
            .and_then(|fields| fields.get("client_id").and_then(|id| world.client(id)).map(|client| client.client_id.clone()))
    };
    let who = match world.switches.quota_key {
        QuotaKey::Address => peer.map(|Extension(peer)| peer.to_string()).unwrap_or_default(),
        QuotaKey::Client => named().unwrap_or_default(),
        // There is no grant yet.
        QuotaKey::User | QuotaKey::Grant => person().unwrap_or_default(),
    };
    let (per_minute, refused) = (world.switches.authorize_per_minute, world.switches.refused_calls_count);
    let over = world.quotas.charge(what, &who, per_minute, refused, now).err()?;
    let text = format!("Try again in {} seconds.", over.seconds);
    let mut response = page::problem(StatusCode::TOO_MANY_REQUESTS, "Too many tries within a minute", &text);
    let value = over.header(world.switches.retry_after, now).and_then(|value| HeaderValue::from_str(&value).ok());
    if let Some(value) = value {
        response.headers_mut().insert(header::RETRY_AFTER, value);
    }
    Some(response)
}

struct Own {
    query: String,
    switch_user: bool,
}

impl Own {
    fn action(&self, switch_user: bool) -> String {
        let extra = if switch_user { format!("&{SWITCH_USER}=1") } else { String::new() };
        format!("/connect/authorize?{}{extra}", self.query)
    }
}

/// The request's own parameters, without the sandbox's.
fn split(query: &str) -> Own {
    let fields = Fields::parse(query.as_bytes()).unwrap_or_default();
    let switch_user = fields.get(SWITCH_USER).is_some();
    Own { query: encode(fields.pairs().filter(|(name, _)| *name != SWITCH_USER)), switch_user }
}

fn refusal_page(refused: &Refused) -> Response {
    page::problem(StatusCode::BAD_REQUEST, "This app sent a request that can't be used", &refused.to_string())
}

/// Never shown in a frame, and forms go only where they must (RFC 9700 §4.16). Browsers apply `form-action` to redirects after a
/// form too, so it has to cover the app's redirect URI, and the loopback listener behind it where Monei is as lenient as `allowed` says.
pub(crate) fn form_targets(redirect_uri: &str, allowed: ConsentFormAction) -> String {
    let own = match allowed {
        ConsentFormAction::Chain => "'self' http://localhost:* http://127.0.0.1:*",
        ConsentFormAction::AppOnly => "'self'",
    };
    let Ok(url) = url::Url::parse(redirect_uri) else { return own.to_owned() };
    match url.scheme() {
        // A host source can't be an IPv6 address (CSP 3, §2.3.1): the scheme is the narrowest that a policy can say.
        scheme @ ("http" | "https") if matches!(url.host(), Some(url::Host::Ipv6(_))) => format!("{own} {scheme}:"),
        "http" | "https" => format!("{own} {}", url.origin().ascii_serialization()),
        scheme => format!("{own} {scheme}:"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_may_lead_to_the_apps_redirect_uri_and_to_loopback() {
        let targets = form_targets("https://app.example/cb", ConsentFormAction::Chain);
        assert_eq!(targets, "'self' http://localhost:* http://127.0.0.1:* https://app.example");
        assert_eq!(form_targets("https://app.example/cb", ConsentFormAction::AppOnly), "'self' https://app.example");
        for (uri, targets) in [("http://[::1]:5000/cb", "'self' http:"), ("https://[2001:db8::1]/cb", "'self' https:")] {
            assert_eq!(form_targets(uri, ConsentFormAction::AppOnly), targets, "browsers drop a source that they can't read");
        }
        assert!(form_targets("com.example:/cb", ConsentFormAction::Chain).ends_with(" com.example:"));
    }
}
