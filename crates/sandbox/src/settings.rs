//! `/settings/apps`: a person's connected apps, and the button that takes access away.

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use maud::{Markup, html};

use crate::authorize::{form_refused, see_other};
use crate::body;
use crate::clock::readable;
use crate::grants::Consent;
use crate::page;
use crate::people::{PEOPLE, Person};
use crate::sandbox::{Sandbox, Store};
use crate::scenario::Act;
use crate::sessions::FormRefused;
use crate::wording;

/// `GET`
pub(crate) async fn show(State(sandbox): State<Sandbox>, headers: HeaderMap) -> Response {
    let mut store = sandbox.store();
    let now = store.now();
    let visit = store.sessions.visit(&headers, now);
    let content = match visit.user {
        None => who(&visit.form_token),
        Some(user) => apps(user, &store, &visit.form_token),
    };
    page::with_session(page::answer(StatusCode::OK, page::frame("Connected apps", false, &content)), &visit)
}

/// `POST`: log in, log out, or revoke one app.
pub(crate) async fn submit(State(sandbox): State<Sandbox>, headers: HeaderMap, form: Body) -> Response {
    let unreadable = |status| page::problem(status, "This form can't be read", "Go back, load the page anew and try again.");
    let form = match body::form(&headers, form, &[]).await {
        Ok(form) => form,
        Err(status) => return unreadable(status),
    };
    let mut store = sandbox.store();
    let now = store.now();
    let user = match store.sessions.check(&headers, form.get("form_token").unwrap_or_default(), now) {
        Ok(user) => user,
        Err(refused) => return form_refused(refused),
    };
    if let Some(id) = form.get("user") {
        let Some(person) = Person::find(id) else { return unreadable(StatusCode::BAD_REQUEST) };
        let visit = store.sessions.log_in(&headers, person, now);
        return page::with_session(see_other("/settings/apps"), &visit);
    }
    if form.get("log_out").is_some() {
        store.sessions.log_out(&headers);
        return see_other("/settings/apps");
    }
    let Some(user) = user else { return form_refused(FormRefused::NoSession) };
    let Some(client_id) = form.get("revoke") else { return unreadable(StatusCode::BAD_REQUEST) };
    store.grants.disconnect(Some(user.id), Some(client_id));
    store.script.record(Act::Revoke(user.id.to_owned()));
    match store.save() {
        Ok(()) => see_other("/settings/apps"),
        Err(_) => page::problem(
            StatusCode::INTERNAL_SERVER_ERROR,
            "This could not be kept",
            "The sandbox could not write its state file; its log says why.",
        ),
    }
}

fn who(form_token: &str) -> Markup {
    html! {
        section.card {
            p.eyebrow { "Connected apps" }
            h1 { "Whose apps do you want to see?" }
            form method="post" action="/settings/apps" {
                input type="hidden" name="form_token" value=(form_token);
                ul.people {
                    @for person in &PEOPLE {
                        li { button.person type="submit" name="user" value=(person.id) { span.name dir="auto" { (person.name()) } } }
                    }
                }
            }
        }
    }
}

fn apps(user: &Person, store: &Store, form_token: &str) -> Markup {
    let mine: Vec<&Consent> = store.grants.consents.iter().filter(|consent| consent.user == user.id).collect();
    html! {
        section.card {
            p.eyebrow { "Settings" }
            h1 { "Connected apps" }
            p.lead { "Apps that " strong dir="auto" { (user.name()) } " has allowed." }
            form method="post" action="/settings/apps" {
                input type="hidden" name="form_token" value=(form_token);
                @if mine.is_empty() { p.note data-testid="no-apps" { "No app is connected." } }
                @for consent in mine {
                    article.connected data-testid="app" {
                        h2 dir="auto" { (store.client(&consent.client_id).map_or(consent.client_id.as_str(), |client| client.name.as_str())) }
                        p.note { "Connected " (readable(consent.since)) @if consent.changed > consent.since { ", changed " (readable(consent.changed)) } }
                        ul.granted { @for scope in consent.scopes.iter() { li { (wording::of(scope).title) " " code { (scope.as_str()) } } } }
                        button.danger type="submit" name="revoke" value=(consent.client_id) { "Revoke access" }
                    }
                }
                p { button.quiet type="submit" name="log_out" value="1" { "Log out" } }
            }
        }
    }
}
