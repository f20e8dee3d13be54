//! `/`: where things are.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use maud::html;

use crate::shared::Shared;
use crate::web::page;

/// The front page.
pub(crate) async fn page(State(shared): State<Shared>) -> Response {
    let content = html! {
        section.card {
            p.eyebrow { "Run " (shared.world().run) }
            h1 { "Monei Sandbox" }
            p.lead { "A local stand-in for testing programs that connect to Monei. Nothing in it is real." }
            ul.links {
                li { a href="/sandbox" { "Control page" } ": tokens, faults, switches, requests" }
                li { a href="/settings/apps" { "Connected apps" } ": what a person has allowed, and revoking it" }
            }
        }
    };
    page::answer(StatusCode::OK, page::frame("Home", false, &content))
}
