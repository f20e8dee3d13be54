//! What is about to happen: presets, the next authorizations, scenarios.

use maud::{Markup, html};
use monei::Scope;

use super::panel::panel;
use crate::model::people::PEOPLE;
use crate::presets::PRESETS;
use crate::script::Stage;

/// One button for each preset.
pub(super) fn presets(token: &str) -> Markup {
    html! {
        section.panel id="presets" {
            h2 { "Presets" }
            form.presets method="post" action="/sandbox" {
                input type="hidden" name="form_token" value=(token);
                input type="hidden" name="action" value="preset";
                @for preset in &PRESETS {
                    button.preset type="submit" name="preset" value=(preset.name) { strong { (preset.title) } span { (preset.about) } }
                }
            }
        }
    }
}

/// The plan for the next authorizations.
pub(super) fn planned(world: &Stage, token: &str) -> Markup {
    let rounds = world.plan.to_json();
    let rounds = rounds.as_array().cloned().unwrap_or_default();
    panel(
        "next",
        "Next time an app asks",
        token,
        &html! {
            @if rounds.is_empty() { p.note { "Nothing is planned: a person logs in and decides." } }
            @else {
                ol.plan { @for round in &rounds { li { (describe(round)) } } }
            }
            div.fields {
                label { "Open consent as" select name="next_user" {
                    option value="any" { "Whoever is logged in" }
                    @for person in &PEOPLE { option value=(person.id) { (person.id) } }
                } }
                label { "Switched on" select name="allow" {
                    @for (value, text) in [("these", "The scopes below"), ("all", "Everything"), ("not_sensitive", "All but sensitive"),
                                           ("none", "Nothing"), ("deny", "Nothing, and deny")] { option value=(value) { (text) } }
                } }
                label.tick { input type="checkbox" name="auto" value="1"; "Answer at once, without a page" }
            }
            fieldset.ticks {
                legend.hidden { "Scopes to switch on" }
                @for scope in Scope::KNOWN { label.tick { input type="checkbox" name="scope" value=(scope.as_str()); code { (scope.as_str()) } } }
            }
            div.fields {
                button type="submit" name="action" value="next" { "Plan" }
                button.quiet type="submit" name="action" value="clear_next" { "Clear plan" }
            }
        },
    )
}

fn describe(round: &serde_json::Value) -> Markup {
    let user = round["user"].as_str().unwrap_or("whoever is logged in");
    let allow = match &round["allow"] {
        serde_json::Value::Array(list) => list.iter().filter_map(|scope| scope.as_str()).collect::<Vec<_>>().join(", "),
        other => other.as_str().unwrap_or_default().replace('_', " "),
    };
    let times = round["times"].as_u64().unwrap_or(1);
    html! {
        strong { (user) } ": " (allow)
        @if round["auto"] == true { ", answered at once" }
        @if times > 1_000 { ", from now on" } @else if times > 1 { ", " (times) " times" }
    }
}

/// The scenario that plays, loading one, and what was done by hand as one.
pub(super) fn scenario(world: &Stage, token: &str, open: bool) -> Markup {
    panel(
        "scenario",
        "Scenario",
        token,
        &html! {
            @match &world.script.playing {
                Some(name) => p { "Playing: " strong { (name) } },
                None => p.note { "None is playing." },
            }
            p {
                a.button href="/sandbox/api/scenario" download="scenario.toml" { "Export what was just done" }
                @if world.script.is_empty() { span.note { " Nothing was done yet." } }
            }
            details open[open] {
                summary { "Play a scenario" }
                label.block { "TOML" textarea name="toml" rows="10" spellcheck="false" maxlength="30000" {} }
                label.tick { input type="checkbox" name="auto" value="1"; "Answer at once, without a person" }
                div.fields { button type="submit" name="action" value="play" { "Play from its start" } }
            }
        },
    )
}
