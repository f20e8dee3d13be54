//! `GET /v1/client`: who runs this backend, and for which Monei.

use axum::Json;
use axum::extract::State;
use monei::Scope;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::Service;

/// The answer.
#[derive(Serialize, ToSchema)]
pub(super) struct Client {
    /// Which Monei it serves.
    #[schema(value_type = String, pattern = "^(production|development|sandbox)$")]
    environment: &'static str,
    operator: Operator,
    /// What can be asked for.
    #[schema(value_type = Vec<String>)]
    scopes: [Scope; 9],
    /// Grows when something changes that an app must know of.
    api_version: u32,
    /// Where the sandbox is; in the sandbox environment alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    sandbox_url: Option<String>,
}

/// Who runs this backend.
#[derive(Serialize, ToSchema)]
pub(super) struct Operator {
    name: String,
    url: Option<String>,
}

/// Who runs this backend, and for which Monei.
#[utoipa::path(get, path = "/v1/client", operation_id = "client", responses((status = 200, body = Client), (status = "default", response = super::openapi::Refused)))]
pub(super) async fn client(State(service): State<Service>) -> Json<Client> {
    let about = &service.about;
    Json(Client {
        environment: about.environment.as_str(),
        operator: Operator { name: about.operator_name.clone(), url: about.operator_url.clone() },
        scopes: Scope::KNOWN,
        api_version: 1,
        sandbox_url: about.sandbox_url.clone(),
    })
}
