//! `/sandbox`: presets, what was issued and when it dies, what happens next, faults, switches, scenarios, the last requests.

mod issued;
mod next;
mod panel;
mod record;
mod settings;

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use maud::html;
use serde_json::{Value, json};

use crate::command::{Command, Disarm, Failed, Next, Play, Shift, Switch, fields};
use crate::model::World;
use crate::model::clock::readable;
use crate::model::faults::Order;
use crate::model::fields::Fields;
use crate::model::people::PIN;
use crate::model::plan::Allow;
use crate::model::sessions::FormRefused;
use crate::script::Stage;
use crate::shared::Shared;
use crate::web::body;
use crate::web::entry::cookies;
use crate::web::page::{self, see_other};

/// `GET`; `?open=switches` and `?open=scenario` unfold what is folded.
pub(crate) async fn show(State(shared): State<Shared>, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    let query = Fields::parse(query.unwrap_or_default().as_bytes()).unwrap_or_default();
    let open = |panel: &str| query.get("open") == Some(panel);
    let mut world = shared.world();
    let now = world.now();
    let visit = world.sessions.visit(&cookies(&headers), now);
    let token = &visit.form_token;
    let content = html! {
        header.top {
            div {
                h1 { "Control page" }
                p.note { "Run " code { (world.run) } " · sandbox time " (readable(now)) " · every transaction PIN is " code { (PIN) } }
            }
            nav.top-links aria-label="Sandbox" {
                a href="/sandbox" { "Refresh" } a href="/sandbox/timeline" { "Timeline" } a href="/sandbox/editor" { "Scenario editor" } a href="/sandbox/log" { "Live log" } a href="/settings/apps" { "Connected apps" }
                a href="/sandbox/api/openapi.json" { "API" }
            }
        }
        (next::presets(token))
        (issued::issued(&world, token))
        (next::planned(&world, token))
        (settings::faults(&world, token))
        (record::requests(&world, token, 12))
        (next::scenario(&world, token, open("scenario")))
        (settings::switches(&world, token, open("switches")))
        (settings::time_and_reset(&world, token))
    };
    page::with_session(page::answer(StatusCode::OK, page::frame("Control page", true, &content)), &visit)
}

/// `GET /sandbox/log`: the log alone, which loads itself anew every two seconds; `?still=1` stops that.
pub(crate) async fn log(State(shared): State<Shared>, RawQuery(query): RawQuery) -> Response {
    let still = Fields::parse(query.unwrap_or_default().as_bytes()).unwrap_or_default().get("still").is_some();
    let world = shared.world();
    let content = html! {
        header.top {
            h1 { "Live log" }
            nav.top-links aria-label="Sandbox" {
                @if still { a href="/sandbox/log" { "Follow" } } @else { a href="/sandbox/log?still=1" { "Stop following" } }
                a href="/sandbox" { "Control page" } a href="/sandbox/timeline" { "Timeline" }
            }
        }
        section.panel { (record::table(&world, usize::MAX)) }
    };
    let frame = if still { page::frame("Live log", true, &content) } else { page::refreshing("Live log", &content) };
    page::answer(StatusCode::OK, frame)
}

/// `POST`: one action, then back to the page.
pub(crate) async fn submit(State(shared): State<Shared>, headers: HeaderMap, form: Body) -> Response {
    let form = match body::form(&headers, form, &["scope"]).await {
        Ok(form) => form,
        Err(status) => return page::problem(status, "This form can't be read", "Go back, load the page anew and try again."),
    };
    let mut world = shared.world();
    let now = world.now();
    if let Err(refused) = world.sessions.check(&cookies(&headers), form.get("form_token").unwrap_or_default(), now) {
        let status = if refused == FormRefused::NoSession { StatusCode::UNAUTHORIZED } else { StatusCode::FORBIDDEN };
        let text = "Somebody logged in or everything was reset since it was loaded. Go back, refresh the control page and try again.";
        return page::problem(status, "This page is out of date", text);
    }
    match act(&mut world, &form) {
        Ok(()) => see_other("/sandbox"),
        Err(failed @ Failed::NotSaved) => page::problem(StatusCode::INTERNAL_SERVER_ERROR, "That can't be kept", &failed.to_string()),
        Err(failed) => page::problem(StatusCode::BAD_REQUEST, "That can't be done", &failed.to_string()),
    }
}

fn act(world: &mut Stage, form: &Fields) -> Result<(), Failed> {
    for command in commands(form, world)? {
        world.apply(command)?;
    }
    Ok(())
}

/// What a form asks for.
fn commands(form: &Fields, world: &World) -> Result<Vec<Command>, Failed> {
    let read = |name: &str, value: Value| Command::read(name, value).map(|command| vec![command]).map_err(Failed::Wrong);
    let user = form.get("user").filter(|user| *user != "all");
    let action = form.get("action").unwrap_or_default();
    match action {
        "expire" => read(action, fields(&[("user", user)])),
        "revoke" => read(action, fields(&[("user", user), ("client_id", form.get("client").filter(|client| *client != "all"))])),
        "fault" => Ok(vec![Command::Fault(Order::from_form(&|name| form.get(name).map(str::to_owned)).map_err(Failed::Wrong)?)]),
        "disarm" => {
            let number = form.get("number").and_then(|number| number.parse().ok()).ok_or_else(|| Failed::wrong("Which fault?"))?;
            Ok(vec![Command::Disarm(Disarm { number })])
        }
        "clear_faults" => read("reset", json!("faults")),
        "switches" => {
            let mut changed = world.switches.clone();
            for (name, value) in form.pairs().filter(|(name, _)| !matches!(*name, "form_token" | "action")) {
                changed.set(name, value).map_err(|error| Failed::Wrong(error.to_string()))?;
            }
            let rows = world.switches.rows().into_iter().zip(changed.rows()).filter(|(old, new)| old.value != new.value);
            Ok(rows.map(|(old, new)| Command::Switch(Switch { name: old.name.to_owned(), value: new.value.into() })).collect())
        }
        "default_switches" => read("reset", json!("switches")),
        "clock" => {
            let offset = form.get("offset_s").unwrap_or("0").parse().map_err(|_| Failed::wrong("The offset is a number of seconds."))?;
            Ok(vec![Command::Clock(Shift { offset_s: Some(offset), by_s: None })])
        }
        "clock_by" => {
            let by = form.get("by_s").unwrap_or("0").parse().map_err(|_| Failed::wrong("The step is a number of seconds."))?;
            Ok(vec![Command::Clock(Shift { offset_s: None, by_s: Some(by) })])
        }
        "clear_counters" => read("reset", json!("counters")),
        "preset" => read("preset", json!({"name": form.get("preset").unwrap_or_default()})),
        "next" => {
            let allow = match form.get("allow") {
                Some("these") => Allow::Scopes(form.all("scope").map(str::to_owned).collect()),
                Some(name) => Allow::Named(name.to_owned()),
                None => Allow::Named("none".to_owned()),
            };
            let user = form.get("next_user").filter(|user| *user != "any").map(str::to_owned);
            Ok(vec![Command::Next(Next { user, allow: Some(allow), auto: form.get("auto").is_some(), times: None })])
        }
        "clear_next" => read("reset", json!("next")),
        "play" => {
            let toml = form.get("toml").unwrap_or_default().to_owned();
            Ok(vec![Command::Scenario(Play { toml, auto_approve: form.get("auto").is_some() })])
        }
        "settle" => read("settle", json!({})),
        "reset" => read("reset", json!("all")),
        _ => Err(Failed::wrong("There is no such action.")),
    }
}
