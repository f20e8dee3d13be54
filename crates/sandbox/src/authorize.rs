//! `/connect/authorize`: login, consent, decision.

use axum::Extension;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use monei::ScopeSet;

use crate::approval::{Decision, Refused, Undecided, decide, read};
use crate::consent_page::Consent;
use crate::entry::{Peer, own_address};
use crate::fields::{Fields, Malformed, encode};
use crate::page;
use crate::people::Person;
use crate::plan::Advice;
use crate::quota::Limited;
use crate::sandbox::{Sandbox, Store};
use crate::sessions::FormRefused;
use crate::switches::{ConsentFormAction, QuotaKey};
use crate::{body, consent_page};

/// The sandbox's own parameter by which "Not you?" asks for the login page.
const SWITCH_USER: &str = "sandbox_switch_user";

/// `GET`: the login page, or the consent page of whoever is logged in.
pub(crate) async fn show(
    State(sandbox): State<Sandbox>,
    RawQuery(query): RawQuery,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
) -> Response {
    let query = query.unwrap_or_default();
    let mut store = sandbox.store();
    if let Some(refusal) = over_limit(&mut store, Limited::AuthorizeGet, &query, peer, &headers) {
        return refusal;
    }
    let asked = match read(&query, &store) {
        Ok(asked) => asked,
        Err(refused) => return refusal_page(&refused),
    };
    let own = split(&query);
    let now = store.now();
    let mut visit = store.sessions.visit(&headers, now);
    let rule = match store.plan.advise(&asked) {
        Advice::Ask => None,
        Advice::Wrong(text) => return page::problem(StatusCode::CONFLICT, "This is not what was planned", &text),
        Advice::Decided(user, decision) => {
            let decided = decide(&sandbox, &mut store, &asked, user, &decision, &own_address(&headers));
            store.plan.decided();
            return went_on(decided);
        }
        Advice::Prepared { log_in, rule } => {
            if let Some(person) = log_in.filter(|person| !own.switch_user && visit.user.is_none_or(|user| user.id != person.id)) {
                visit = store.sessions.log_in(&headers, person, now);
            }
            Some(rule)
        }
    };
    let body = match visit.user.filter(|_| !own.switch_user) {
        None => consent_page::login(&asked.client, &own.action(false), &visit.form_token),
        Some(user) => {
            let new = asked.new_for(user, &store);
            let page = Consent { asked: &asked, user, new: &new, rule: rule.as_ref() };
            consent_page::consent(&page, &own.action(false), &own.action(true), &visit.form_token)
        }
    };
    let targets = form_targets(&asked.redirect_uri, store.switches.consent_form_action);
    page::with_session(page::answer_with_forms_to(StatusCode::OK, body, &targets), &visit)
}

/// `POST`: a login or a decision, each with the form token of its page.
pub(crate) async fn submit(
    State(sandbox): State<Sandbox>,
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
    let mut store = sandbox.store();
    let logging_in = form.get("user").is_some();
    if !logging_in && let Some(refusal) = over_limit(&mut store, Limited::AuthorizePost, &query, peer, &headers) {
        return refusal;
    }
    let asked = match read(&query, &store) {
        Ok(asked) => asked,
        Err(refused) => return refusal_page(&refused),
    };
    let now = store.now();
    let user = match store.sessions.check(&headers, form.get("form_token").unwrap_or_default(), now) {
        Ok(user) => user,
        Err(refused) => return form_refused(refused),
    };
    if logging_in {
        let Some(person) = form.get("user").and_then(Person::find) else {
            return page::problem(StatusCode::BAD_REQUEST, "Nobody is called that", "Choose one of the people on the login page.");
        };
        let visit = store.sessions.log_in(&headers, person, now);
        return page::with_session(see_other(&split(&query).action(false)), &visit);
    }
    let Some(user) = user else { return form_refused(FormRefused::NoSession) };
    let decision = match (form.get("decision"), chosen(&form)) {
        (Some("deny"), _) => Decision::Deny,
        (Some("allow"), Some(chosen)) => Decision::Allow(chosen),
        _ => return page::problem(StatusCode::BAD_REQUEST, "This decision can't be read", "Go back, load the page anew and try again."),
    };
    let decided = decide(&sandbox, &mut store, &asked, user, &decision, &own_address(&headers));
    if decided.is_ok() {
        store.plan.decided();
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

/// 303 to `location`.
pub(crate) fn see_other(location: &str) -> Response {
    match HeaderValue::from_str(location) {
        Ok(location) => (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response(),
        Err(_) => page::problem(StatusCode::INTERNAL_SERVER_ERROR, "There is no way on", "The address to go to can't be written."),
    }
}

/// The page for a form without its session or token.
pub(crate) fn form_refused(refused: FormRefused) -> Response {
    match refused {
        FormRefused::NoSession => {
            page::problem(StatusCode::UNAUTHORIZED, "Your session has expired", "Go back to the app and start again.")
        }
        FormRefused::WrongToken => {
            page::problem(StatusCode::FORBIDDEN, "This form is not current", "Go back, load the page anew and try again.")
        }
    }
}

/// Counts a call of the consent page (Monei: errors), and refuses it over the quota. Logging in is no such call.
fn over_limit(store: &mut Store, what: Limited, query: &str, peer: Option<Extension<Peer>>, headers: &HeaderMap) -> Option<Response> {
    let now = store.now();
    let person = || store.sessions.person(headers, now).map(|person| person.id.to_owned());
    let named = || {
        Fields::parse(query.as_bytes())
            .ok()
            .and_then(|fields| fields.get("client_id").and_then(|id| store.client(id)).map(|client| client.client_id.clone()))
    };
    let who = match store.switches.quota_key {
        QuotaKey::Address => peer.map(|Extension(peer)| peer.to_string()).unwrap_or_default(),
        QuotaKey::Client => named().unwrap_or_default(),
        // There is no grant yet.
        QuotaKey::User | QuotaKey::Grant => person().unwrap_or_default(),
    };
    let (per_minute, refused) = (store.switches.authorize_per_minute, store.switches.refused_calls_count);
    let over = store.quotas.charge(what, &who, per_minute, refused, now).err()?;
    let text = format!("Try again in {} seconds.", over.seconds);
    let mut response = page::problem(StatusCode::TOO_MANY_REQUESTS, "Too many tries within a minute", &text);
    if let Some(value) = over.header(store.switches.retry_after, now) {
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
    let text = match refused {
        Refused::Malformed(Malformed::Repeated(name)) => format!("The parameter {name} is there more than once."),
        Refused::Malformed(Malformed::NotText) => "A parameter is not valid UTF-8.".into(),
        Refused::Malformed(Malformed::TooMany) => "There are too many parameters.".into(),
        Refused::Missing(name) => format!("The parameter {name} is missing."),
        Refused::UnknownClient => "No app is registered under this client_id.".into(),
        Refused::RedirectUri => "The redirect_uri is not registered for this app. It must match character for character.".into(),
        Refused::CustomScheme => "This redirect_uri's scheme is not accepted.".into(),
        Refused::UnknownScope(text) => format!("Not every scope is known: {text}"),
        Refused::StateTooLong(longest) => format!("The state is longer than {longest} characters."),
    };
    page::problem(StatusCode::BAD_REQUEST, "This app sent a request that can't be used", &text)
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
        assert!(form_targets("com.example:/cb", ConsentFormAction::Chain).ends_with(" com.example:"));
    }
}
