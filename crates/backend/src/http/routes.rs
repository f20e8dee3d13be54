//! The routes: a tiny set of verbs, never a proxy (C-06). Each is declared once: its handler says method, path and documentation, the list below
//! who calls it. Router, guard, OpenAPI document, metrics and tests read that.

mod body;
mod callback;
mod client;
mod health;
mod openapi;
mod redeem;
mod refresh;
mod revoke;
mod start;
#[cfg(test)]
mod tests;

use std::sync::LazyLock;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{HeaderValue, Method, StatusCode, header};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};
use utoipa_axum::routes;

use crate::domain::outcome::Outcome;
use crate::domain::problem::Code;
use crate::http::Service;
use crate::http::guard::{guard, harden};

pub(crate) use body::READ_TIMEOUT;

/// Who calls a route, and so what its refusals look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// A person's browser, which may come from any page: pages. Of these only the callback is led to by another site, Monei's.
    Callback,
    /// A person's browser, by an address that the app opened: pages.
    Browser,
    /// The app, never a page in a browser: problems.
    App,
    /// Anybody: problems.
    Anyone,
}

impl Audience {
    /// Whether a person reads the answers.
    pub(crate) fn reads_pages(self) -> bool {
        matches!(self, Audience::Callback | Audience::Browser)
    }
}

fn declarations() -> Vec<(Audience, UtoipaMethodRouter<Service>)> {
    vec![
        (Audience::Anyone, routes!(client::client)),
        (Audience::Browser, routes!(start::start)),
        (Audience::Callback, routes!(callback::callback)),
        (Audience::App, routes!(redeem::redeem)),
        (Audience::App, routes!(refresh::refresh)),
        (Audience::App, routes!(revoke::revoke)),
        (Audience::Anyone, routes!(openapi::document)),
    ]
}

/// A public route, as it was declared.
#[derive(Debug)]
pub struct Route {
    /// The one method it takes.
    pub method: Method,
    /// Its path, exactly.
    pub path: &'static str,
    /// Who calls it.
    pub audience: Audience,
}

static ROUTES: LazyLock<Vec<Route>> = LazyLock::new(|| {
    let mut all = Vec::new();
    for (audience, declared) in declarations() {
        let (_, document) = OpenApiRouter::new().routes(declared).split_for_parts();
        for (path, item) in document.paths.paths {
            let method = if item.get.is_some() { Method::GET } else { Method::POST };
            // Once, for as long as the program runs.
            all.push(Route { method, path: path.leak(), audience });
        }
    }
    all
});

/// Every public route. The guard lets no other path through.
pub fn routes() -> &'static [Route] {
    &ROUTES
}

fn all() -> OpenApiRouter<Service> {
    declarations().into_iter().fold(OpenApiRouter::new(), |router, (_, declared)| router.routes(declared))
}

/// The routes that callers may reach.
pub(crate) fn public(service: Service) -> Router {
    let (router, _) = all().split_for_parts();
    router.layer(from_fn_with_state(service.clone(), guard)).with_state(service)
}

/// Health and metrics.
pub(crate) fn private(service: Service) -> Router {
    Router::new()
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/metrics", get(health::metrics))
        .fallback(|| async { Code::NotFound })
        .method_not_allowed_fallback(|| async { Code::MethodNotAllowed })
        .layer(axum::middleware::map_response(|mut response: Response| async {
            harden(response.headers_mut());
            response
        }))
        .with_state(service)
}

impl IntoResponse for Outcome {
    fn into_response(self) -> Response {
        match self {
            Outcome::Tokens(body) => {
                ([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], body.to_vec()).into_response()
            }
            Outcome::Done => StatusCode::NO_CONTENT.into_response(),
            Outcome::Problem(problem) => problem.into_response(),
        }
    }
}
