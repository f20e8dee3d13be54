//! `/`: where things are.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use maud::html;

use crate::page;
use crate::sandbox::Sandbox;

/// The front page.
pub(crate) async fn page(State(sandbox): State<Sandbox>) -> Response {
    let content = html! {
        section.card {
            p.eyebrow { "Run " (sandbox.run()) }
            h1 { "Monei Sandbox" }
            p.lead { "A local stand-in for testing programs that connect to Monei. It runs on this computer alone." }
            ul.links {
                li { a href="/sandbox" { "Control page" } ": tokens, faults, switches, requests" }
                li { a href="/settings/apps" { "Connected apps" } ": what a person has allowed, and revoking it" }
            }
        }
    };
    page::answer(StatusCode::OK, page::frame("Home", false, &content))
}
