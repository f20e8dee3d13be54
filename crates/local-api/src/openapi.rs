//! The description of the local API as OpenAPI 3.1, made from the table of permissions; `docs/local-api.openapi.json` is this.

use monei::permission::{Effect, PERMISSIONS};
use serde_json::{Map, Value, json};
use strum::VariantArray as _;

use crate::Reason;

/// The description.
pub fn description() -> Value {
    let mut paths = Map::new();
    for row in &PERMISSIONS {
        for endpoint in row.endpoints {
            let template: Vec<String> = endpoint
                .path
                .split('/')
                .map(|part| part.strip_prefix(':').map_or_else(|| part.to_owned(), |name| format!("{{{name}}}")))
                .collect();
            let parameters: Vec<Value> = endpoint
                .path
                .split('/')
                .filter_map(|part| part.strip_prefix(':'))
                .map(|name| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string", "pattern": "^[A-Za-z0-9_:.-]{1,128}$"}}))
                .collect();
            let method = endpoint.method.as_str().to_ascii_lowercase();
            let does = match endpoint.effect {
                Effect::Reads => "reads",
                Effect::Receives => "asks for money; by card it needs the person's confirmation",
                Effect::Spends => "moves money; needs the person's confirmation",
            };
            let mut operation = json!({
                "summary": format!("{}: {does}", row.scope),
                "x-permission": row.scope.as_str(),
                "responses": {"default": {"$ref": "#/components/responses/answer"}},
            });
            if !parameters.is_empty() {
                operation["parameters"] = parameters.into();
            }
            if method == "post" {
                operation["requestBody"] = json!({"content": {"application/json": {"schema": {"type": "object"}}}});
            }
            let path = paths.entry(format!("/api/v1{}", template.join("/"))).or_insert_with(|| json!({}));
            path[method] = operation;
        }
    }
    let reasons: Vec<String> = Reason::VARIANTS.iter().map(Reason::to_string).collect();
    paths.insert("/connect/pair".to_owned(), json!({"post": {
        "summary": "Asks the person to allow this program. On the Unix socket alone",
        "security": [],
        "requestBody": {"required": true, "content": {"application/json": {"schema": {
            "type": "object", "additionalProperties": false, "required": ["name", "permissions"],
            "properties": {"name": {"type": "string", "maxLength": 40}, "permissions": {"type": "array", "minItems": 1, "items": {"type": "string"}}},
        }}}},
        "responses": {"202": {"description": "The person is asked: {pairing}"}, "default": {"$ref": "#/components/responses/answer"}},
    }}));
    paths.insert(
        "/connect/pair/{pairing}".to_owned(),
        json!({"get": {
            "summary": "Waits up to 25 seconds for the person's answer. On the Unix socket alone",
            "security": [],
            "parameters": [{"name": "pairing", "in": "path", "required": true, "schema": {"type": "string"}}],
            "responses": {
                "200": {"description": "Allowed, told once: {key, account_label, permissions, until}"},
                "202": {"description": "Not answered yet: {pairing}"},
                "403": {"description": "Denied"},
                "410": {"description": "Over, or told already"},
            },
        }}),
    );
    json!({
        "openapi": "3.1.0",
        "info": {"title": "Monei Connections: local API", "version": env!("CARGO_PKG_VERSION")},
        "servers": [{"url": "http://127.0.0.1:{port}", "variables": {"port": {"default": "10240"}}}],
        "security": [{"key": []}, {"bearer": []}],
        "components": {
            "securitySchemes": {
                "key": {"type": "apiKey", "in": "header", "name": "X-API-KEY"},
                "bearer": {"type": "http", "scheme": "bearer"},
            },
            "responses": {"answer": {
                "description": "Monei's status and JSON body as they came; or a refusal of Monei Connections, which has the header",
                "headers": {"Connect-Reason": {"schema": {"type": "string", "enum": reasons}}},
            }},
        },
        "paths": paths,
    })
}
