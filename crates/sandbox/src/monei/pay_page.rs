//! `/pay/:reference`: where a payment link leads. Whoever opens it can pay with made-up money.

use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use maud::html;

use crate::command::{Command, Settle};
use crate::model::clock::readable;
use crate::model::money::readable_naira;
use crate::model::people::Person;
use crate::shared::Shared;
use crate::web::body;
use crate::web::entry::cookies;
use crate::web::page::{self, form_refused, see_other};

/// `GET`
pub(crate) async fn show(State(shared): State<Shared>, Path(reference): Path<String>, headers: HeaderMap) -> Response {
    let mut world = shared.world();
    let Some(deposit) = world.ledger.deposits.iter().rev().find(|deposit| deposit.reference == reference).cloned() else {
        return page::problem(
            StatusCode::NOT_FOUND,
            "Nobody asks for this payment",
            "The link is unknown, or the sandbox was started anew.",
        );
    };
    let now = world.now();
    let visit = world.sessions.visit(&cookies(&headers), now);
    let name = Person::find(deposit.person).map(Person::name).unwrap_or_default();
    let content = html! {
        section.card.centre {
            p.eyebrow { "Payment to " bdi { (name) } }
            h1 { (readable_naira(deposit.kobo)) }
            @if let Some(narration) = &deposit.narration { p.lead dir="auto" { (narration) } }
            @if deposit.paid { p data-testid="paid" { "Paid." } }
            @else if !deposit.waits(now) { p.note data-testid="expired" { "This link has expired: it could be paid until " (readable(deposit.expires())) "." } }
            @else {
                form method="post" action={ "/pay/" (deposit.reference) } {
                    input type="hidden" name="form_token" value=(visit.form_token);
                    div.actions { button type="submit" { "Pay with made-up money" } }
                }
            }
        }
    };
    page::with_session(page::answer(StatusCode::OK, page::frame("Pay", false, &content)), &visit)
}

/// `POST`
pub(crate) async fn submit(State(shared): State<Shared>, Path(reference): Path<String>, headers: HeaderMap, form: Body) -> Response {
    let form = match body::form(&headers, form, &[]).await {
        Ok(form) => form,
        Err(status) => return page::problem(status, "This form can't be read", "Go back, load the page anew and try again."),
    };
    let mut world = shared.world();
    let now = world.now();
    if let Err(refused) = world.sessions.check(&cookies(&headers), form.get("form_token").unwrap_or_default(), now) {
        return form_refused(refused);
    }
    if !world.ledger.deposits.iter().any(|deposit| deposit.reference == reference) {
        return page::problem(
            StatusCode::NOT_FOUND,
            "Nobody asks for this payment",
            "The link is unknown, or the sandbox was started anew.",
        );
    }
    match world.apply(Command::Settle(Settle { reference: Some(reference.clone()) })) {
        Ok(_) => {}
        Err(failed) => return page::problem(StatusCode::INTERNAL_SERVER_ERROR, "This could not be paid", &failed.to_string()),
    }
    see_other(&format!("/pay/{reference}"))
}
