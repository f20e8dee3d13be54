//! The last requests, secrets masked, and what was wrong with those that were refused.

use maud::{Markup, html};

use super::panel;
use crate::clock::time_of_day;
use crate::journal::Seen;
use crate::sandbox::Store;

/// The panel on the control page.
pub(super) fn requests(store: &Store, token: &str, most: usize) -> Markup {
    panel(
        "log",
        "Last requests",
        token,
        &html! { (table(store, most)) p.note { a href="/sandbox/log" { "Live log" } " shows more, and follows." } },
    )
}

/// The newest `most` requests.
pub(super) fn table(store: &Store, most: usize) -> Markup {
    html! {
        div.scroll {
            table.log {
                thead { tr { th scope="col" { "When" } th scope="col" { "Request" } th scope="col" { "By" } th scope="col" { "Answer" } } }
                tbody {
                    @if store.journal.last.is_empty() { tr { td colspan="4" { "Nothing was called yet." } } }
                    @for seen in store.journal.last.iter().rev().take(most) { (line(seen)) }
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
