//! Faults, switches, clock, counters and the way back to the start.

use maud::{Markup, html};

use super::panel::panel;
use crate::command::often;
use crate::control::words::{FAULTS, METHODS};
use crate::model::World;
use crate::model::switches::Row;

/// What is armed, and arming more.
pub(super) fn faults(world: &World, token: &str) -> Markup {
    let armed = html! {
        @for fault in &world.faults {
            form id=(format!("disarm-{}", fault.number)) method="post" action="/sandbox" {
                input type="hidden" name="form_token" value=(token);
                input type="hidden" name="action" value="disarm";
                input type="hidden" name="number" value=(fault.number);
            }
        }
    };
    let content = panel(
        "faults",
        "Faults",
        token,
        &html! {
            @if world.faults.is_empty() { p.note { "No fault is armed." } }
            @else {
                ul.armed {
                    @for fault in &world.faults {
                        li {
                            span { code { (fault.describe()) } " on " code { (fault.target.name()) } ", " (often(fault.times)) }
                            button.quiet type="submit" form=(format!("disarm-{}", fault.number)) { "Take back" span.hidden { " " (fault.describe()) } }
                        }
                    }
                }
            }
            div.fields {
                label { "Which calls: token, revoke, api, or a path" input name="target" value="token" list="targets" maxlength="256" spellcheck="false"; }
                datalist id="targets" { @for target in ["token", "revoke", "api", "/user/me", "/wallet/me", "/transactions"] { option value=(target) {} } }
                label { "Method" select name="method" { @for (method, text) in METHODS { option value=(method) { (text) } } } }
                label { "What happens to the call" select name="kind" { @for (kind, text) in FAULTS { option value=(kind) { (text) } } } }
                label { "How many calls" input.short name="times" inputmode="numeric" value="1"; }
            }
            div.fields {
                label { "For an error status: status" input.short name="status" inputmode="numeric" placeholder="503"; }
                label { "and Retry-After (seconds)" input.short name="retry_after" placeholder="none"; }
                label { "For a late answer: delay (ms)" input.short name="delay_ms" inputmode="numeric" placeholder="1500"; }
                label.wide { "For a redirect: where to" input name="location" placeholder="https://example.com/" spellcheck="false"; }
            }
            div.fields {
                button type="submit" name="action" value="fault" { "Arm this fault" }
                button.quiet type="submit" name="action" value="clear_faults" { "Clear all faults" }
            }
        },
    );
    html! { (content) (armed) }
}

/// The open points.
pub(super) fn switches(world: &World, token: &str, open: bool) -> Markup {
    panel(
        "switches",
        "Switches",
        token,
        &html! {
            p.note { "Each is a point that Monei's documentation leaves open. The default comes first." }
            @let changed: Vec<Row> = world.switches.rows().into_iter().filter(|row| row.value != row.default).collect();
            @if changed.is_empty() { p { "All are as they are by default." } }
            @else { p { "Changed: " @for row in &changed { code { (row.name) " = " (row.value) } " " } } }
            details open[open] {
                summary { "All switches" }
                div.switches { @for row in world.switches.rows() { (switch(&row)) } }
            }
            div.fields {
                button type="submit" name="action" value="switches" { "Set switches" }
                button.quiet type="submit" name="action" value="default_switches" { "All to default" }
            }
        },
    )
}

fn switch(row: &Row) -> Markup {
    let id = format!("switch-{}", row.name);
    html! {
        div.setting.changed[row.value != row.default] {
            label for=(id) { code { (row.name) } span.about { (row.about) } }
            @match row.range {
                Some((low, high)) => { input id=(id) name=(row.name) type="number" min=(low) max=(high) value=(row.value); }
                None => { select id=(id) name=(row.name) { @for choice in &row.choices { option value=(choice) selected[*choice == row.value] { (choice) } } } }
            }
        }
    }
}

/// By how much the clock can be moved on at once, in seconds.
const STEPS: [(i64, &str); 7] = [
    (60, "1 minute"),
    (600, "10 minutes: codes expire"),
    (3_600, "1 hour: access tokens expire"),
    (86_400, "1 day"),
    (7 * 86_400, "7 days"),
    (30 * 86_400, "30 days"),
    (-3_600, "1 hour back"),
];

/// Moving the clock, and resets.
pub(super) fn time_and_reset(world: &World, token: &str) -> Markup {
    let counters = world.journal.counters;
    panel(
        "time",
        "Clock, counters, reset",
        token,
        &html! {
            dl.counters {
                @for (name, value) in [("Token calls", counters.token_calls), ("Code exchanges", counters.code_exchanges), ("Refreshes", counters.refreshes),
                                       ("Revocations", counters.revokes), ("Answers 403", counters.forbidden)] {
                    div { dt { (name) } dd.figures { (value) } }
                }
            }
            div.fields {
                label { "Seconds from the computer's time" input type="number" name="offset_s" value=(world.clock.offset_s()); }
                button.quiet type="submit" name="action" value="clock" { "Move clock" }
            }
            div.fields {
                label { "Move the clock on by" select name="by_s" {
                    @for (seconds, text) in STEPS { option value=(seconds) { (text) } }
                } }
                button.quiet type="submit" name="action" value="clock_by" { "Move on" }
                button.quiet type="submit" name="action" value="clear_counters" { "Clear counters and log" }
                button.danger type="submit" name="action" value="reset" { "Reset everything" }
            }
        },
    )
}
