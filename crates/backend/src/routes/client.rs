//! `GET /v1/client`: who runs this backend, and for which Monei.

use axum::Json;
use axum::extract::State;
use monei::Scope;
use serde::Serialize;

use crate::Backend;

/// The answer.
#[derive(Serialize)]
pub(super) struct Client {
    environment: &'static str,
    operator: Operator,
    scopes: [Scope; 9],
    api_version: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    sandbox_url: Option<String>,
}

#[derive(Serialize)]
struct Operator {
    name: String,
    url: Option<String>,
}

pub(super) async fn client(State(backend): State<Backend>) -> Json<Client> {
    let config = &backend.inner().config;
    Json(Client {
        environment: config.environment.as_str(),
        operator: Operator { name: config.operator_name.clone(), url: config.operator_url.clone() },
        scopes: Scope::KNOWN,
        api_version: 1,
        sandbox_url: config.sandbox_url.clone(),
    })
}
