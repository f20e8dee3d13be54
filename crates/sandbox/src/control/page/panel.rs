//! A part of the control page: a heading, and a form that comes back to the page.

use maud::{Markup, html};

/// The panel `id`.
pub(super) fn panel(id: &str, title: &str, token: &str, content: &Markup) -> Markup {
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
