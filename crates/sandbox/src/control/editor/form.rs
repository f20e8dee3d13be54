//! The editor's page.

use maud::{Markup, html};
use monei::Scope;

use super::draft::{ACTIONS, Draft, EventDraft, RoundDraft, THESE};
use super::starts::SAMPLES;
use crate::control::words::{FAULTS, METHODS};
use crate::model::people::PEOPLE;
use crate::presets::PRESETS;
use crate::script::Stage;

/// What stands above the form.
#[derive(Debug, Default)]
pub(super) struct Notice {
    /// What can't be done as the form stands.
    pub(super) wrong: Option<String>,
    /// What the last button did.
    pub(super) done: Option<&'static str>,
}

/// Everything below the ribbon.
pub(super) fn page(world: &Stage, draft: &Draft, notice: &Notice, token: &str) -> Markup {
    let scenario = draft.scenario();
    let text = scenario.as_ref().ok().and_then(|scenario| scenario.to_toml().ok());
    html! {
        header.top {
            div {
                h1 { "Scenario editor" }
                p.note { "A course of events: who allows what in which round, and what goes wrong when. The page keeps nothing by itself: save what you want to keep." }
            }
            nav.top-links aria-label="Sandbox" { a href="/sandbox" { "Control page" } a href="/sandbox/timeline" { "Timeline" } }
        }
        @if let Some(wrong) = &notice.wrong { p.message.wrong role="alert" data-testid="wrong" { (wrong) } }
        @else if let Err(wrong) = &scenario { p.message.wrong role="alert" data-testid="wrong" { (wrong) } }
        @else if let Some(done) = notice.done { p.message role="status" { (done) } }
        form.editor method="post" action="/sandbox/editor" autocomplete="off" {
            input type="hidden" name="form_token" value=(token);
            // What Enter in a field presses.
            button.hidden type="submit" name="do" value="update" tabindex="-1" aria-hidden="true" { "Update" }
            (begin())
            (about(draft))
            (rounds(world, draft))
            (events(world, draft))
            (switches(world, draft))
            section.panel id="toml" {
                h2 { "As TOML" }
                @match &text {
                    Some(_) => p.note { "What the form says, as a scenario file. Change it or paste another one here, and load it back into the form." },
                    None => p.note { "The form can't be written as a scenario yet: see above. You can paste one here and load it." },
                }
                label.block { "Scenario" textarea name="toml" rows="14" spellcheck="false" { (text.as_deref().unwrap_or_default()) } }
                div.fields {
                    button type="submit" name="do" value="save" { "Save as a file" }
                    button.quiet type="submit" name="do" value="load" { "Load this text into the form" }
                }
            }
            section.panel id="play" {
                h2 { "Play it" }
                p.note { "Playing puts faults, switches, plan and clock back first, and then begins with the first round. The timeline shows what comes of it." }
                label.tick { input type="checkbox" name="auto" value="1"; "Answer every approval at once, without a person" }
                div.fields { button type="submit" name="do" value="play" { "Play from its start" } }
            }
        }
    }
}

fn begin() -> Markup {
    html! {
        section.panel id="start" {
            h2 { "Start from" }
            div.fields {
                label { "Begin with" select name="start" {
                    option value="empty" { "An empty scenario" }
                    optgroup label="Presets" { @for preset in &PRESETS { option value={ "preset:" (preset.name) } { (preset.title) } } }
                    optgroup label="Samples" { @for (name, _) in SAMPLES { option value={ "sample:" (name) } { (name.replace('-', " ")) } } }
                    option value="recorded" { "What was just done by hand" }
                } }
                button.quiet type="submit" name="do" value="start" { "Start with this" }
            }
            p.note { "This replaces what is in the form." }
        }
    }
}

fn about(draft: &Draft) -> Markup {
    html! {
        section.panel id="about" {
            h2 { "The scenario" }
            div.fields {
                label.wide { "Name" input name="name" value=(draft.name) maxlength="200"; }
                label.wide { "What it is for" input name="about" value=(draft.about) maxlength="1000"; }
                label { "After the last round" (select("after_last", &draft.after_last, &[("ask", "A person is asked"), ("deny", "Everything is denied"), ("repeat", "The last round again")])) }
                label { "Clock at the start (seconds from now)" input name="clock_offset_s" value=(draft.clock_offset_s) inputmode="numeric"; }
                label.tick { input type="checkbox" name="fresh" value="1" checked[draft.fresh]; "End every grant first" }
            }
        }
    }
}

fn rounds(world: &Stage, draft: &Draft) -> Markup {
    html! {
        section.panel id="rounds" {
            h2 { "Rounds" }
            p.note { "Each approval that an app asks for takes the next round." }
            @for (place, round) in draft.rounds.iter().enumerate() { (one_round(world, place, round)) }
            @if draft.rounds.is_empty() { p { "There is no round: a person decides each time." } }
            div.fields { button.quiet type="submit" name="do" value="add-round" { "Add a round" } }
        }
    }
}

fn one_round(world: &Stage, place: usize, round: &RoundDraft) -> Markup {
    let name = |field: &str| format!("round-{place}-{field}");
    let number = place + 1;
    html! {
        fieldset.part {
            legend { "Round " (number) }
            div.fields {
                label { "Who decides" (person(&name("user"), &round.user, "Whoever is logged in")) }
                label { "Allows" (select(&name("allow"), &round.allow, &[("all", "Everything"), ("not_sensitive", "All but what is sensitive"), (THESE, "The scopes ticked below"), ("none", "Nothing, by \"Allow selected\""), ("deny", "Nothing, by \"Deny\"")])) }
                label { "Times" input.short name=(name("times")) value=(round.times) inputmode="numeric"; }
                label.tick { input type="checkbox" name=(name("auto")) value="1" checked[round.auto]; "At once, without a page" }
            }
            @if round.allow == THESE {
                div.ticks role="group" aria-label={ "Scopes that round " (number) " allows" } {
                    @for scope in &Scope::KNOWN {
                        label.tick { input type="checkbox" name=(name(&format!("scope-{scope}"))) value="1" checked[round.scopes.iter().any(|known| known == scope.as_str())]; code { (scope.as_str()) } }
                    }
                }
            } @else {
                // They come back when single scopes are chosen again.
                @for scope in &round.scopes { input type="hidden" name=(name(&format!("scope-{scope}"))) value="1"; }
            }
            div.fields {
                label.wide { "Only if the app asks for exactly (scopes with spaces between; empty for anything)" input name=(name("asks")) value=(round.asks) spellcheck="false"; }
                @if world.clients.len() > 1 {
                    label { "Only if this app asks" select name=(name("client")) {
                        option value="" { "Any app" }
                        @for registered in &world.clients {
                            @let id = registered.client.client_id.as_str();
                            option value=(id) selected[round.client == id] { (id) }
                        }
                        @if !round.client.is_empty() && world.client(&round.client).is_none() { option value=(round.client) selected { (round.client) } }
                    } }
                } @else if !round.client.is_empty() { input type="hidden" name=(name("client")) value=(round.client); }
            }
            div.fields {
                @if place > 0 { button.quiet type="submit" name="do" value={ "earlier-round-" (place) } { "Earlier" span.hidden { ": round " (number) } } }
                button.quiet type="submit" name="do" value={ "remove-round-" (place) } { "Remove" span.hidden { " round " (number) } }
            }
        }
    }
}

/// Points at which an event can happen.
const WHEN: [(&str, &str); 7] = [
    ("start", "At the start"),
    ("round", "After decision number"),
    ("exchange", "After code exchange number"),
    ("refresh", "After refresh number"),
    ("call", "After good call number"),
    ("request", "After request number, good or not"),
    ("revoke", "After the app's revocation number"),
];

/// What can happen, for a person.
fn title(action: &str) -> &'static str {
    match action {
        "fault" => "A call goes wrong",
        "expire" => "Access tokens expire",
        "revoke" => "A person takes access away",
        "clock" => "The clock moves",
        "switch" => "A switch is set",
        "settle" => "Deposits and sales are settled",
        "reset" => "Something is put back",
        "disarm" => "A fault is taken back",
        _ => "Something else",
    }
}

fn events(world: &Stage, draft: &Draft) -> Markup {
    html! {
        section.panel id="events" {
            h2 { "Events" }
            p.note { "What goes wrong, and when. After changing a choice, press Update to see the fields that go with it." }
            @for (place, event) in draft.events.iter().enumerate() { (one_event(world, place, event)) }
            @if draft.events.is_empty() { p { "Nothing goes wrong." } }
            div.fields {
                label { "Add an event" select name="new_action" { @for (action, _) in ACTIONS { option value=(action) { (title(action)) } } } }
                button.quiet type="submit" name="do" value="add-event" { "Add" }
                button.quiet type="submit" name="do" value="update" { "Update" }
            }
        }
    }
}

fn one_event(world: &Stage, place: usize, event: &EventDraft) -> Markup {
    let name = |field: &str| format!("event-{place}-{field}");
    let number = place + 1;
    html! {
        fieldset.part {
            legend { "Event " (number) ": " (title(&event.action).to_lowercase()) }
            input type="hidden" name=(name("action")) value=(event.action);
            div.fields {
                label { "When" (select(&name("when"), &event.when, &WHEN)) }
                @if event.when == "start" { input type="hidden" name=(name("number")) value=(event.number); }
                @else { label { "Number" input.short name=(name("number")) value=(event.number) inputmode="numeric"; } }
                @if event.when == "call" { label { "Path (empty for any)" input name=(name("path")) value=(event.path) placeholder="/user/me" spellcheck="false"; } }
            }
            div.fields { @for field in event.shown() { (field_of(world, &name(field), field, event)) } }
            div.fields { button.quiet type="submit" name="do" value={ "remove-event-" (place) } { "Remove" span.hidden { " event " (number) } } }
        }
    }
}

fn field_of(world: &Stage, name: &str, field: &str, event: &EventDraft) -> Markup {
    let value = event.field(field);
    let input = |label: &str, placeholder: &str| {
        html! { label { (label) input name=(name) value=(value) placeholder=(placeholder) spellcheck="false"; } }
    };
    match (event.action.as_str(), field) {
        (_, "user") => html! { label { "Whose" (person(name, value, "Everybody's")) } },
        (_, "client_id") => input("App (empty for every app)", "mc_sim_local"),
        (_, "kind") => html! { label { "What happens to the call" (select(name, value, &FAULTS)) } },
        (_, "target") => input("Which calls: token, revoke, api, or a path", "/wallet/me"),
        (_, "method") => html! { label { "Method" (select(name, value, &METHODS)) } },
        (_, "status") => input("Status", "503"),
        (_, "retry_after") => input("Retry-After (seconds)", "none"),
        (_, "delay_ms") => input("Delay (ms)", "1500"),
        (_, "location") => input("Where to", "https://example.com/"),
        (_, "times") => input("How many calls", "1"),
        (_, "by_s") => input("On by so many seconds (minus: back)", "3600"),
        (_, "offset_s") => input("Or to so many seconds from the computer's time", ""),
        (_, "reference") => input("Which (empty for all)", ""),
        (_, "what") => {
            html! { label { "What" (select(name, value, &[("faults", "Armed faults"), ("switches", "Switches"), ("quotas", "Quotas"), ("money", "Balances"), ("counters", "Counters and lists"), ("grants", "Grants and consents")])) } }
        }
        ("switch", "name") => {
            html! { label { "Switch" select name=(name) { @for row in world.switches.rows() { option value=(row.name) selected[row.name == value] { (row.name) } } } } }
        }
        ("switch", "value") => switch_value(world, &html! { "Value" }, name, event.field("name"), value),
        ("disarm", "number") => input("Which: the first that was armed is 1", "1"),
        _ => input(field, ""),
    }
}

/// The values of a switch: a list, or a number.
fn switch_value(world: &Stage, label: &Markup, name: &str, switch: &str, value: &str) -> Markup {
    let row = world.switches.rows().into_iter().find(|row| row.name == switch);
    html! {
        label { (label)
            @match row {
                Some(row) if row.range.is_none() => {
                    select name=(name) {
                        @for choice in &row.choices { option value=(choice) selected[*choice == value] { (choice) } }
                        @if !row.choices.contains(&value) { option value=(value) selected { (value) } }
                    }
                },
                _ => { input.short name=(name) value=(value) inputmode="numeric"; }
            }
        }
    }
}

fn switches(world: &Stage, draft: &Draft) -> Markup {
    html! {
        section.panel id="switches" {
            h2 { "Switches" }
            p.note { "Points that Monei leaves open. Those that aren't named here are as they are by default." }
            @for (place, (name, value)) in draft.switches.iter().enumerate() {
                div.fields.one-switch {
                    input type="hidden" name={ "switch-" (place) "-name" } value=(name);
                    (switch_value(world, &html! { code { (name) } }, &format!("switch-{place}-value"), name, value))
                    button.quiet type="submit" name="do" value={ "remove-switch-" (place) } { "Remove" span.hidden { " " (name) } }
                }
            }
            div.fields {
                label { "Set another switch" select name="new_switch" { @for row in world.switches.rows() { option value=(row.name) { (row.name) } } } }
                button.quiet type="submit" name="do" value="add-switch" { "Add" }
            }
        }
    }
}

fn select(name: &str, value: &str, choices: &[(&str, &str)]) -> Markup {
    html! {
        select name=(name) {
            @for (choice, text) in choices { option value=(choice) selected[*choice == value] { (text) } }
            // A value from a file that is none of them stays, and the check says what is wrong with it.
            @if !choices.iter().any(|(choice, _)| *choice == value) { option value=(value) selected { (value) } }
        }
    }
}

fn person(name: &str, value: &str, nobody: &str) -> Markup {
    let mut choices = vec![("", nobody)];
    choices.extend(PEOPLE.iter().map(|person| (person.id, person.id)));
    select(name, value, &choices)
}
