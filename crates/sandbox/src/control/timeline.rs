//! `/sandbox/timeline`: what happened in this run, step by step, and why something was refused.

use axum::extract::{RawQuery, State};
use axum::response::Response;
use http::StatusCode;
use maud::{Markup, html};

use crate::model::World;
use crate::model::clock::{day, time_of_day};
use crate::model::fields::{Fields, encode};
use crate::model::people::PEOPLE;
use crate::model::timeline::{Entry, Step};
use crate::shared::Shared;
use crate::web::page;

/// `GET`; `?client=` and `?user=` narrow it, `?follow=1` loads it anew every two seconds.
pub(super) async fn show(State(shared): State<Shared>, RawQuery(query): RawQuery) -> Response {
    let query = Fields::parse(query.unwrap_or_default().as_bytes()).unwrap_or_default();
    let (client, user, follow) = (query.get("client"), query.get("user"), query.get("follow").is_some());
    let world = shared.world();
    let steps: Vec<&Entry> = world.timeline.of(client, user).collect();
    let content = html! {
        header.top {
            div {
                h1 { "Timeline" }
                p.note { "What apps, people and testers did in this run, newest first. Tokens and codes are never shown." }
            }
            nav.top-links aria-label="Sandbox" { a href="/sandbox" { "Control page" } a href="/sandbox/log" { "Live log" } }
        }
        section.panel {
            @if follow { (following(client, user)) } @else { (filter(&world, client, user)) }
            @if steps.is_empty() { p.note { "Nothing has happened yet. An app's request for approval is the first step." } }
            ol.timeline reversed { @for entry in steps.iter().rev() { (line(entry)) } }
            @if world.timeline.forgotten > 0 { p.note { "Earlier steps are no longer kept: " (world.timeline.forgotten) "." } }
        }
    };
    let frame = if follow { page::refreshing("Timeline", &content) } else { page::frame("Timeline", true, &content) };
    page::answer(StatusCode::OK, frame)
}

/// In place of the filter, which would be taken out of a person's hands every two seconds.
fn following(client: Option<&str>, user: Option<&str>) -> Markup {
    let kept = encode(
        [("client", client), ("user", user)].into_iter().filter_map(|(name, value)| Some((name, value.filter(|value| !value.is_empty())?))),
    );
    html! {
        p role="status" {
            "Following "
            @if let Some(client) = client.filter(|client| !client.is_empty()) { code { (client) } } @else { "every app" }
            " and "
            @if let Some(user) = user.filter(|user| !user.is_empty()) { code { (user) } } @else { "everybody" }
            ": this page loads anew every two seconds. "
            a href={ "/sandbox/timeline?" (kept) } { "Stop following" }
        }
    }
}

fn filter(world: &World, client: Option<&str>, user: Option<&str>) -> Markup {
    html! {
        form.fields.filter method="get" action="/sandbox/timeline" {
            label { "App" select name="client" {
                option value="" { "Every app" }
                @for registered in &world.clients {
                    @let id = registered.client.client_id.as_str();
                    option value=(id) selected[client == Some(id)] { (registered.client.name) " (" (id) ")" }
                }
            } }
            label { "Person" select name="user" {
                option value="" { "Everybody" }
                @for person in &PEOPLE { option value=(person.id) selected[user == Some(person.id)] { (person.id) } }
            } }
            button.quiet type="submit" { "Show" }
            button.quiet type="submit" name="follow" value="1" { "Follow" }
        }
    }
}

fn line(entry: &Entry) -> Markup {
    let refused = entry.why.is_some() || entry.status.is_some_and(|status| status >= 400);
    let party = &entry.party;
    html! {
        li.step.refused[refused] {
            span.when.figures title=(day(entry.at)) { (time_of_day(entry.at)) }
            span.kind { (title(entry.step)) }
            div.told {
                p.what {
                    (entry.what)
                    @if entry.times > 1 { " " span.times { "× " (entry.times) } }
                    @if let Some(status) = entry.status { @if refused || entry.step == Step::Call { " " span.state.live[!refused].bad[refused] { (status) } } }
                }
                @if let Some(why) = &entry.why { p.why { (why) } }
                @if party.client.is_some() || party.user.is_some() || party.grant.is_some() {
                    p.party {
                        @if let Some(user) = &party.user { span { (user) } }
                        @if let Some(client) = &party.client { span { (client) } }
                        @if let Some(grant) = party.grant { span { "grant-" (grant) } }
                    }
                }
            }
        }
    }
}

fn title(step: Step) -> &'static str {
    match step {
        Step::Authorize => "Authorize",
        Step::Consent => "Consent",
        Step::Token => "Token",
        Step::Refresh => "Refresh",
        Step::Call => "Call",
        Step::Revocation => "Revocation",
        Step::Tester => "Tester",
    }
}
