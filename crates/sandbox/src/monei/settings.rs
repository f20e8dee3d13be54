//! `/settings/apps`: a person's connected apps, and the button that takes access away.

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use maud::{Markup, html};

use crate::command::{Command, Failed, Revoke};
use crate::model::World;
use crate::model::clock::readable;
use crate::model::grants::Consent;
use crate::model::people::{PEOPLE, Person};
use crate::model::sessions::FormRefused;
use crate::monei::wording;
use crate::shared::Shared;
use crate::web::body;
use crate::web::entry::cookies;
use crate::web::page::{self, form_refused, see_other};

/// `GET`
pub(crate) async fn show(State(shared): State<Shared>, headers: HeaderMap) -> Response {
    let mut world = shared.world();
    let now = world.now();
    let visit = world.sessions.visit(&cookies(&headers), now);
    let content = match visit.user {
        None => who(&visit.form_token),
        Some(user) => apps(user, &world, &visit.form_token),
    };
    page::with_session(page::answer(StatusCode::OK, page::frame("Connected apps", false, &content)), &visit)
}

/// `POST`: log in, log out, or revoke one app.
pub(crate) async fn submit(State(shared): State<Shared>, headers: HeaderMap, form: Body) -> Response {
    let unreadable = |status| page::problem(status, "This form can't be read", "Go back, load the page anew and try again.");
    let form = match body::form(&headers, form, &[]).await {
        Ok(form) => form,
        Err(status) => return unreadable(status),
    };
    let mut world = shared.world();
    let now = world.now();
    let user = match world.sessions.check(&cookies(&headers), form.get("form_token").unwrap_or_default(), now) {
        Ok(user) => user,
        Err(refused) => return form_refused(refused),
    };
    if let Some(id) = form.get("user") {
        let Some(person) = Person::find(id) else { return unreadable(StatusCode::BAD_REQUEST) };
        let visit = world.sessions.log_in(&cookies(&headers), person, now);
        return page::with_session(see_other("/settings/apps"), &visit);
    }
    if form.get("log_out").is_some() {
        world.sessions.log_out(&cookies(&headers));
        return see_other("/settings/apps");
    }
    let Some(user) = user else { return form_refused(FormRefused::NoSession) };
    let Some(client_id) = form.get("revoke") else { return unreadable(StatusCode::BAD_REQUEST) };
    let command = Command::Revoke(Revoke { user: Some(user.id.to_owned()), client_id: Some(client_id.to_owned()) });
    match world.apply(command) {
        Ok(_) => see_other("/settings/apps"),
        Err(Failed::NotSaved) => page::problem(
            StatusCode::INTERNAL_SERVER_ERROR,
            "This could not be kept",
            "The sandbox could not write its state file; its log says why.",
        ),
        Err(_) => unreadable(StatusCode::BAD_REQUEST),
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

fn apps(user: &Person, world: &World, form_token: &str) -> Markup {
    let mine: Vec<&Consent> = world.grants.consents.iter().filter(|consent| consent.user == user.id).collect();
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
                        h2 dir="auto" { (world.client(&consent.client_id).map_or(consent.client_id.as_str(), |client| client.name.as_str())) }
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
