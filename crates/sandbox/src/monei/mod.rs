//! Monei's face: consent page, token endpoint, revocation, the API, and a person's page of connected apps.

mod api;
pub(crate) mod approval;
mod authorize;
mod call;
mod consent_page;
mod data;
mod faults;
mod pay_page;
mod revoke;
mod settings;
mod token;
mod wording;
mod writes;

pub(crate) use faults::{calls, serves};

use axum::Router;
use axum::routing::{MethodFilter, get, on, post};

use crate::shared::Shared;

/// Its routes.
pub(crate) fn routes() -> Router<Shared> {
    let mut router = Router::new()
        .route("/connect/authorize", get(authorize::show).post(authorize::submit))
        .route("/api/v1/connect/token", post(token::token))
        .route("/api/v1/connect/token/revoke", post(revoke::revoke))
        .route("/settings/apps", get(settings::show).post(settings::submit))
        .route("/pay/{reference}", get(pay_page::show).post(pay_page::submit));
    for route in &api::ROUTES {
        router = router.route(&format!("/api/v1{}", route.path), get(api::read));
    }
    for route in &writes::ROUTES {
        router = router.route(&format!("/api/v1{}", route.path), post(writes::write));
    }
    for (method, path) in &api::CLOSED {
        let Ok(method) = MethodFilter::try_from(method.clone()) else { continue };
        router = router.route(&format!("/api/v1{path}"), on(method, api::closed));
    }
    router
}
