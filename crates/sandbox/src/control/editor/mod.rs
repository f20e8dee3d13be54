//! `/sandbox/editor`: makes a scenario without writing TOML. The page keeps nothing: each button posts the whole form and gets it back changed.

mod draft;
mod form;
mod starts;

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, header};

use crate::command::{Command, Failed, Play};
use crate::model::fields::Fields;
use crate::scenario::Scenario;
use crate::script::Stage;
use crate::shared::Shared;
use crate::web::body;
use crate::web::entry::cookies;
use crate::web::page::{self, see_other};
use draft::{Draft, EventDraft, MOST, RoundDraft};
use form::Notice;

/// `GET`: an empty scenario.
pub(super) async fn show(State(shared): State<Shared>, headers: HeaderMap) -> Response {
    let mut world = shared.world();
    answer(&mut world, &headers, &Draft::fresh(), &Notice::default())
}

/// `POST`: one button.
pub(super) async fn submit(State(shared): State<Shared>, headers: HeaderMap, form: Body) -> Response {
    let form = match body::long_form(&headers, form).await {
        Ok(form) => form,
        Err(status) => return page::problem(status, "This form can't be read", "Go back, load the page anew and try again."),
    };
    let mut world = shared.world();
    let now = world.now();
    let before = Draft::of_form(&form);
    // Playing a scenario ends every session. What was typed meanwhile is shown again, and nothing is done.
    if world.sessions.check(&cookies(&headers), form.get("form_token").unwrap_or_default(), now).is_err() {
        let wrong =
            Some("This page was out of date, so nothing was done. What you typed is still here: press the button again.".to_owned());
        let mut response = answer(&mut world, &headers, &before, &Notice { wrong, done: None });
        *response.status_mut() = StatusCode::UNAUTHORIZED;
        return response;
    }
    match pressed(&before, &form, &mut world) {
        Ok(Outcome::Edited(draft, done)) => answer(&mut world, &headers, &draft, &Notice { wrong: None, done }),
        Ok(Outcome::Saved(scenario)) => saved(&scenario),
        Ok(Outcome::Playing) => see_other("/sandbox/timeline"),
        // Nothing that was typed is lost.
        Err(wrong) => answer(&mut world, &headers, &before, &Notice { wrong: Some(wrong), done: None }),
    }
}

/// What a button came to.
enum Outcome {
    Edited(Draft, Option<&'static str>),
    Saved(Scenario),
    Playing,
}

fn pressed(before: &Draft, form: &Fields, world: &mut Stage) -> Result<Outcome, String> {
    let button = form.get("do").unwrap_or("update");
    let mut draft = before.clone();
    let full = |count: usize| if count >= MOST { Err(format!("The editor takes at most {MOST} of them.")) } else { Ok(()) };
    match button.rsplit_once('-').map_or((button, None), |(verb, place)| (verb, place.parse::<usize>().ok())) {
        ("remove-round", Some(place)) if place < draft.rounds.len() => drop(draft.rounds.remove(place)),
        ("remove-event", Some(place)) if place < draft.events.len() => drop(draft.events.remove(place)),
        ("remove-switch", Some(place)) if place < draft.switches.len() => drop(draft.switches.remove(place)),
        ("earlier-round", Some(place)) if place > 0 && place < draft.rounds.len() => draft.rounds.swap(place, place - 1),
        _ => match button {
            "update" => {}
            "add-round" => {
                full(draft.rounds.len())?;
                draft.rounds.push(RoundDraft::fresh());
            }
            "add-event" => {
                full(draft.events.len())?;
                draft.events.push(EventDraft::of(form.get("new_action").unwrap_or("fault")));
            }
            "add-switch" => {
                full(draft.switches.len())?;
                let name = form.get("new_switch").unwrap_or_default();
                let row = world.switches.rows().into_iter().find(|row| row.name == name).ok_or("There is no such switch.")?;
                draft.switches.push((name.to_owned(), row.choices.get(1).map_or(row.default, |choice| (*choice).to_owned())));
            }
            "start" => return start(form.get("start").unwrap_or_default(), world),
            "load" => {
                let scenario = Scenario::parse(form.get("toml").unwrap_or_default()).map_err(|error| error.to_string())?;
                return Ok(Outcome::Edited(Draft::of_scenario(&scenario)?, Some("Loaded. Nothing plays until you say so.")));
            }
            "save" => return Ok(Outcome::Saved(draft.scenario()?)),
            "play" => {
                let toml = draft.scenario()?.to_toml().map_err(|error| error.to_string())?;
                let play = Command::Scenario(Play { toml, auto_approve: form.get("auto").is_some() });
                return world.apply(play).map(|_| Outcome::Playing).map_err(|failed: Failed| failed.to_string());
            }
            _ => return Err("There is no such button.".to_owned()),
        },
    }
    Ok(Outcome::Edited(draft, None))
}

fn start(from: &str, world: &Stage) -> Result<Outcome, String> {
    let draft = match from {
        "" | "empty" => Draft::fresh(),
        "recorded" => Draft::of_scenario(&world.recorded().map_err(|full| full.to_string())?)?,
        named => Draft::of_scenario(&starts::named(named)?)?,
    };
    Ok(Outcome::Edited(draft, Some("Started anew. Nothing plays until you say so.")))
}

fn answer(world: &mut Stage, headers: &HeaderMap, draft: &Draft, notice: &Notice) -> Response {
    let now = world.now();
    let visit = world.sessions.visit(&cookies(headers), now);
    let content = form::page(world, draft, notice, &visit.form_token);
    let status = if notice.wrong.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    page::with_session(page::answer(status, page::frame("Scenario editor", true, &content)), &visit)
}

/// The scenario as a file.
fn saved(scenario: &Scenario) -> Response {
    let text = match scenario.to_toml() {
        Ok(text) => text,
        Err(error) => return page::problem(StatusCode::INTERNAL_SERVER_ERROR, "This can't be written", &error.to_string()),
    };
    let name: String = scenario
        .name()
        .chars()
        .map(|letter| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '-' })
        .take(60)
        .collect();
    let name = name.split('-').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-");
    let file = format!("attachment; filename=\"{}.toml\"", if name.is_empty() { "scenario" } else { &name });
    ([(header::CONTENT_TYPE, "application/toml".to_owned()), (header::CONTENT_DISPOSITION, file)], text).into_response()
}
