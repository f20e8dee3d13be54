//! The last requests, secrets masked, and what was wrong with those that were refused.

use maud::{Markup, html};

use super::panel::panel;
use crate::model::World;
use crate::model::clock::time_of_day;
use crate::model::journal::Seen;

/// The panel on the control page.
pub(super) fn requests(world: &World, token: &str, most: usize) -> Markup {
    panel(
        "log",
        "Last requests",
        token,
        &html! { (table(world, most)) p.note { a href="/sandbox/log" { "Live log" } " shows more, and follows." } },
    )
}

/// The newest `most` requests.
pub(super) fn table(world: &World, most: usize) -> Markup {
    html! {
        div.scroll {
            table.log {
                thead { tr { th scope="col" { "When" } th scope="col" { "Request" } th scope="col" { "By" } th scope="col" { "Answer" } } }
                tbody {
                    @if world.journal.last.is_empty() { tr { td colspan="4" { "Nothing was called yet." } } }
                    @for seen in world.journal.last.iter().rev().take(most) { (line(seen)) }
                }
            }
        }
    }
}

fn line(seen: &Seen) -> Markup {
    let refused = seen.status.is_none_or(|status| status >= 400);
    html! {
        tr.refused[refused] {
            td.figures { (time_of_day(seen.at)) }
            td {
                code { (seen.method) " " (seen.path) @if !seen.query.is_empty() { span.query { "?" (seen.query) } } }
                @if let Some(why) = &seen.why { span.why { (why) } }
            }
            td { (seen.holder.as_deref().unwrap_or("–")) }
            td.figures { @match seen.status { Some(status) => span.state.live[!refused].bad[refused] { (status) }, None => span.state.bad { "dropped" } } }
        }
    }
}
