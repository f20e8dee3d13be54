//! `/sandbox`: presets, what was issued and when it dies, what happens next, faults, switches, scenarios, the last requests.

mod issued;
mod next;
mod record;
mod settings;

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use maud::{Markup, html};

use crate::authorize::see_other;
use crate::body;
use crate::clock::readable;
use crate::control::steer::{plan_next, play_text, settle_now};
use crate::control::{What, arm, expire_now, move_clock, reset_now, revoke_now, take_back};
use crate::faults::Order;
use crate::fields::Fields;
use crate::nest::NestError;
use crate::page;
use crate::people::PIN;
use crate::plan::Rule;
use crate::presets;
use crate::sandbox::{Sandbox, Store};
use crate::scenario::{Act, Allow, Setting, Switch};
use crate::sessions::FormRefused;

/// `GET`; `?open=switches` and `?open=scenario` unfold what is folded.
pub(crate) async fn show(State(sandbox): State<Sandbox>, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    let query = Fields::parse(query.unwrap_or_default().as_bytes()).unwrap_or_default();
    let open = |panel: &str| query.get("open") == Some(panel);
    let mut store = sandbox.store();
    let now = store.now();
    let visit = store.sessions.visit(&headers, now);
    let token = &visit.form_token;
    let content = html! {
        header.top {
            div {
                h1 { "Control page" }
                p.note { "Run " code { (sandbox.run()) } " · sandbox time " (readable(now)) " · every transaction PIN is " code { (PIN) } }
            }
            nav.top-links aria-label="Sandbox" {
                a href="/sandbox" { "Refresh" } a href="/sandbox/log" { "Live log" } a href="/settings/apps" { "Connected apps" }
                a href="/sandbox/api/openapi.json" { "API" }
            }
        }
        (next::presets(token))
        (issued::panel(&store, token))
        (next::planned(&store, token))
        (settings::faults(&store, token))
        (record::requests(&store, token, 12))
        (next::scenario(&store, token, open("scenario")))
        (settings::switches(&store, token, open("switches")))
        (settings::time_and_reset(&store, token))
    };
    page::with_session(page::answer(StatusCode::OK, page::frame("Control page", true, &content)), &visit)
}

/// `GET /sandbox/log`: the log alone, which loads itself anew every two seconds.
pub(crate) async fn log(State(sandbox): State<Sandbox>) -> Response {
    let store = sandbox.store();
    let content = html! {
        header.top { h1 { "Live log" } nav.top-links aria-label="Sandbox" { a href="/sandbox" { "Control page" } } }
        section.panel { (record::table(&store, usize::MAX)) }
    };
    page::answer(StatusCode::OK, page::refreshing("Live log", &content))
}

/// `POST`: one action, then back to the page.
pub(crate) async fn submit(State(sandbox): State<Sandbox>, headers: HeaderMap, form: Body) -> Response {
    let form = match body::form(&headers, form, &["scope"]).await {
        Ok(form) => form,
        Err(status) => return page::problem(status, "This form can't be read", "Go back, load the page anew and try again."),
    };
    let mut store = sandbox.store();
    let now = store.now();
    if let Err(refused) = store.sessions.check(&headers, form.get("form_token").unwrap_or_default(), now) {
        let status = if refused == FormRefused::NoSession { StatusCode::UNAUTHORIZED } else { StatusCode::FORBIDDEN };
        let text = "Somebody logged in or everything was reset since it was loaded. Go back, refresh the control page and try again.";
        return page::problem(status, "This page is out of date", text);
    }
    match act(&mut store, &form) {
        Ok(()) => see_other("/sandbox"),
        Err(failed) => page::problem(failed.status, "That can't be done", &failed.text),
    }
}

struct Failed {
    status: StatusCode,
    text: String,
}

impl Failed {
    fn wrong(text: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, text: text.into() }
    }
}

impl From<NestError> for Failed {
    fn from(error: NestError) -> Self {
        Self { status: error.status, text: error.message }
    }
}

fn act(store: &mut Store, form: &Fields) -> Result<(), Failed> {
    let user = form.get("user").filter(|user| *user != "all");
    match form.get("action").unwrap_or_default() {
        "expire" => expire_now(store, user).map(|_| ())?,
        "revoke" => revoke_now(store, user).map(|_| ())?,
        "fault" => {
            let order = Order::from_form(&|name| form.get(name).map(str::to_owned)).map_err(Failed::wrong)?;
            arm(store, order)?;
        }
        "disarm" => {
            let number = form.get("number").and_then(|number| number.parse().ok());
            take_back(store, number.ok_or_else(|| Failed::wrong("Which fault?"))?);
        }
        "clear_faults" => reset_now(store, What::Faults)?,
        "switches" => {
            let before = store.switches.rows();
            let mut changed = store.switches.clone();
            for (name, value) in form.pairs().filter(|(name, _)| !matches!(*name, "form_token" | "action")) {
                changed.set(name, value).map_err(|error| Failed::wrong(error.to_string()))?;
            }
            store.switches = changed;
            for (old, new) in before.into_iter().zip(store.switches.rows()).filter(|(old, new)| old.value != new.value) {
                store.script.record(Act::Switch(Switch { name: old.name.to_owned(), value: Setting::Text(new.value) }));
            }
        }
        "default_switches" => reset_now(store, What::Switches)?,
        "clock" => {
            let offset = form.get("offset_s").unwrap_or("0").parse().map_err(|_| Failed::wrong("The offset is a number of seconds."))?;
            move_clock(store, offset)?;
        }
        "clear_counters" => reset_now(store, What::Counters)?,
        "preset" => presets::apply(store, form.get("preset").unwrap_or_default())?,
        "next" => {
            let rule = match form.get("allow") {
                Some("these") => {
                    Rule::Only(form.all("scope").map(str::parse).collect::<Result<_, _>>().map_err(|_| Failed::wrong("No such scope."))?)
                }
                Some(name) => Allow::Named(name.to_owned()).rule().map_err(Failed::wrong)?,
                None => Rule::Nothing,
            };
            let user = form.get("next_user").filter(|user| *user != "any");
            plan_next(store, user, rule, form.get("auto").is_some(), 1)?;
        }
        "clear_next" => reset_now(store, What::Next)?,
        "play" => {
            play_text(store, form.get("toml").unwrap_or_default(), form.get("auto").is_some())?;
        }
        "settle" => {
            settle_now(store, None);
        }
        "reset" => reset_now(store, What::All)?,
        _ => return Err(Failed::wrong("There is no such action.")),
    }
    Ok(())
}

fn panel(id: &str, title: &str, token: &str, content: &Markup) -> Markup {
    html! {
        section.panel id=(id) {
            h2 { (title) }
            form method="post" action="/sandbox" {
                input type="hidden" name="form_token" value=(token);
                (content)
            }
        }
    }
}
