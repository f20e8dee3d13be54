//! The tester's face: the control page, and the JSON API that says the same to programs.

mod api;
mod editor;
mod home;
mod openapi;
mod page;
mod timeline;
mod words;

use axum::Router;
use axum::routing::{any, get, post};

use crate::command::Command;
use crate::shared::Shared;

/// Its routes.
pub(crate) fn routes() -> Router<Shared> {
    let mut router = Router::new()
        .route("/", get(home::page))
        .route("/sandbox", get(page::show).post(page::submit))
        .route("/sandbox/log", get(page::log))
        .route("/sandbox/editor", get(editor::show).post(editor::submit))
        .route("/sandbox/timeline", get(timeline::show))
        .route("/sandbox/api/state", get(api::state))
        .route("/sandbox/api/switches", get(api::switches))
        .route("/sandbox/api/log", get(api::log))
        .route("/sandbox/api/timeline", get(api::timeline))
        .route("/sandbox/api/people", get(api::people))
        .route("/sandbox/api/presets", get(api::presets))
        .route("/sandbox/api/next", get(api::planned))
        .route("/sandbox/api/scenario", get(api::recorded))
        .route("/sandbox/api/openapi.json", get(openapi::show))
        .route("/sandbox/api/approve", post(api::approve))
        .route("/sandbox/api/{*rest}", any(api::not_found));
    for name in Command::NAMES {
        router = router.route(&format!("/sandbox/api/{name}"), post(api::command));
    }
    router
}
