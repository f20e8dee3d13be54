//! The description of the control API, made of the commands' own types.

use axum::Json;
use serde_json::{Value, json};
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::path::{HttpMethod, OperationBuilder, PathItem};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::{Info, OpenApi, PathsBuilder, Ref, ResponsesBuilder};
use utoipa::{OpenApi as _, ToSchema};

use super::api::Approval;
use crate::command::{Disarm, NewSecret, Next, Play, Preset, Reset, Revoke, Settle, Shift, Switch, What, Who};
use crate::model::faults::Order;
use crate::model::plan::Allow;

/// What `GET /sandbox/api/state` tells.
#[derive(ToSchema)]
#[expect(dead_code, reason = "a description alone")]
struct State {
    /// The run's marker; every secret carries `CNRY` and this.
    run: String,
    /// Seconds from the computer's time.
    clock_offset_s: i64,
    /// Every switch and its value.
    #[schema(value_type = Object)]
    switches: Value,
    /// What was counted.
    #[schema(value_type = Object)]
    counters: Value,
    /// Grants: id, user, client_id, scopes, access_expires_in_s, alive.
    #[schema(value_type = Vec<Object>)]
    grants: Value,
    /// Armed faults, each with its number and how often it still strikes.
    #[schema(value_type = Vec<Object>)]
    faults: Value,
    /// The planned authorizations.
    #[schema(value_type = Vec<Object>)]
    next: Value,
    /// Name of the scenario that plays.
    scenario: Option<String>,
    /// Naira of each person, in kobo.
    #[schema(value_type = Object)]
    balances_kobo: Value,
}

#[derive(utoipa::OpenApi)]
#[openapi(components(schemas(
    Allow, Approval, Disarm, NewSecret, Next, Order, Play, Preset, Reset, Revoke, Settle, Shift, State, Switch, What, Who
)))]
struct Schemas;

/// What is looked up: path below `/sandbox/api`, what it tells.
const LOOKED_UP: [(&str, &str); 9] = [
    ("/state", "Run, clock, switches, counters, grants, armed faults, plan, balances. No token."),
    ("/switches", "Every switch with its value, default and allowed values."),
    ("/log", "The last requests, newest first, secrets masked, and what was wrong with the refused ones."),
    (
        "/timeline",
        "What happened in this run, step by step, oldest first, and why something was refused. Repetitions in a row are one step.",
    ),
    ("/people", "Who can log in, and their transaction PIN."),
    ("/presets", "The presets: name, title, about."),
    ("/next", "What is planned for the next authorizations."),
    ("/scenario", "What was just done, as a scenario in TOML. 409 where the record isn't whole."),
    ("/openapi.json", "This description."),
];

/// What is done: path, schema of the body, what it does, a body that works.
fn done() -> [(&'static str, &'static str, &'static str, Value); 13] {
    let approval = "?client_id=mc_sim_test&redirect_uri=http%3A%2F%2F127.0.0.1%3A43117%2Fv1%2Fcallback&scope=profile%3Aread&state=s";
    [
        ("/expire", "Who", "Access tokens expire now, of one person or of all.", json!({"user": "ada"})),
        ("/revoke", "Revoke", "Disconnects as the person does in the settings.", json!({"user": "ada"})),
        (
            "/fault",
            "Fault",
            "Arms a fault.",
            json!({"target": "/user/me", "kind": "status", "status": 503, "retry_after": "5", "times": 1}),
        ),
        ("/disarm", "Disarm", "Takes one fault back.", json!({"number": 1})),
        ("/switch", "Switch", "Sets a point that Monei leaves open.", json!({"name": "refresh_scopes", "value": "absent"})),
        ("/clock", "Shift", "Moves the sandbox's clock.", json!({"offset_s": 3600})),
        ("/reset", "Reset", "Back to the start, or one part of it.", json!({"what": "counters"})),
        ("/settle", "Settle", "Pending deposits are paid, and sales completed; all, or one.", json!({})),
        ("/next", "Next", "Plans the next authorization.", json!({"user": "tunde", "allow": ["profile:read"], "auto": true, "times": 1})),
        ("/secret", "NewSecret", "Gives an app another secret.", json!({"client_id": "mc_sim_test", "client_secret": "mcs_sim_another"})),
        ("/preset", "Preset", "Applies a preset.", json!({"name": "normal"})),
        (
            "/scenario",
            "Play",
            "Plays a scenario from its start.",
            json!({"toml": "name = \"One round\"\n[[round]]\nuser = \"ada\"\nallow = \"all\"\n"}),
        ),
        (
            "/approve",
            "Approval",
            "Decides as a person would, and tells where the browser would go.",
            json!({"url": approval, "user": "ada"}),
        ),
    ]
}

/// `GET /sandbox/api/openapi.json`
pub(super) async fn show() -> Json<OpenApi> {
    Json(document())
}

/// The whole document.
fn document() -> OpenApi {
    let mut info = Info::new("Monei Sandbox: control API", "2");
    info.description = Some(
        "Drives the sandbox. On loopback it needs no credentials; beyond, the token of the control page. It refuses pages of other sites. \
         Bodies are JSON, and unknown fields are refused."
            .to_owned(),
    );
    let answer = |status: &str, about: &str| ResponsesBuilder::new().response(status, ResponseBuilder::new().description(about)).build();
    let mut paths = PathsBuilder::new();
    for (path, about) in LOOKED_UP {
        let mut response = ResponseBuilder::new().description(about);
        if path == "/state" {
            response = response.content("application/json", ContentBuilder::new().schema(Some(Ref::from_schema_name("State"))).build());
        }
        let operation = OperationBuilder::new().summary(Some(about)).responses(ResponsesBuilder::new().response("200", response));
        paths = paths.path(format!("/sandbox/api{path}"), PathItem::new(HttpMethod::Get, operation));
    }
    for (path, schema, about, example) in done() {
        let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(schema))).example(Some(example)).build();
        let body = RequestBodyBuilder::new().content("application/json", content).build();
        let operation = OperationBuilder::new().summary(Some(about)).request_body(Some(body)).responses(answer("200", "It was done."));
        paths = paths.path(format!("/sandbox/api{path}"), PathItem::new(HttpMethod::Post, operation));
    }
    let mut document = Schemas::openapi();
    document.info = info;
    document.paths = paths.build();
    document
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::command::Command;

    #[test]
    fn the_description_names_every_command_and_no_other() {
        let described: BTreeSet<String> = done().iter().map(|(path, ..)| path.trim_start_matches('/').to_owned()).collect();
        let served: BTreeSet<String> = Command::NAMES.iter().map(|name| (*name).to_owned()).chain(["approve".to_owned()]).collect();
        assert_eq!(described, served);
    }

    #[test]
    fn every_schema_that_is_referred_to_is_there() {
        let document = serde_json::to_value(document()).unwrap();
        let schemas = document["components"]["schemas"].as_object().unwrap();
        let text = document.to_string();
        for reference in text.split("#/components/schemas/").skip(1) {
            let name = reference.split('"').next().unwrap();
            assert!(schemas.contains_key(name), "{name}");
        }
    }
}
