//! Everything that was issued, and when it ends.

use maud::{Markup, html};

use super::panel::panel;
use crate::model::World;
use crate::model::clock::{Millis, SECOND};
use crate::model::grants::{CODE_LIFE, Ended, Grant};
use crate::model::money::readable_naira;
use crate::model::people::PEOPLE;

/// Codes, pairs and balances.
pub(super) fn issued(world: &World, token: &str) -> Markup {
    let now = world.now();
    // Whose app it is says something only where there are several.
    let several = world.clients.len() > 1;
    let waiting = world.ledger.deposits.iter().filter(|deposit| deposit.waits(now)).count()
        + world.ledger.sales.iter().filter(|sale| sale.status == "processing").count();
    panel(
        "issued",
        "Issued",
        token,
        &html! {
            p.note { "Tokens are kept as hashes and never shown. Refresh tokens live until they are rotated or revoked." }
            div.scroll {
                table.cards {
                    thead { tr { th scope="col" { "Issued" } th scope="col" { "Person" } @if several { th scope="col" { "App" } } th scope="col" { "Scopes" } th scope="col" { "Code or access token ends" } th scope="col" { "State" } } }
                    tbody {
                        @if world.grants.all().next().is_none() && world.grants.codes().next().is_none() { tr { td colspan="6" { "Nothing was issued yet." } } }
                        @for code in world.grants.codes().filter(|code| code.used.is_none() && now - code.issued < CODE_LIFE) {
                            tr {
                                td { strong { "code" } } td { (code.user) } @if several { td { (code.client_id) } } td { (scopes(&code.scopes)) }
                                td.figures data-label="ends" { (left(code.issued + CODE_LIFE - now)) } td { span.state.live { "unused" } }
                            }
                        }
                        @for grant in world.grants.all().rev().take(50) {
                            tr.dead[!grant.alive()] {
                                td { strong { "grant-" (grant.id) } } td { (grant.user) } @if several { td { (grant.client_id) } } td { (scopes(&grant.scopes)) }
                                td.figures data-label="access token" { (ends(grant, now)) } td { span.state.live[grant.alive()] { (fate(grant)) } }
                            }
                        }
                    }
                }
            }
            div.fields {
                label { "Person" select name="user" { option value="all" { "Everyone" } @for person in &PEOPLE { option value=(person.id) { (person.id) } } } }
                @if several {
                    label { "App (for revoking)" select name="client" {
                        option value="all" { "Every app" }
                        @for registered in &world.clients { @let id = registered.client.client_id.as_str(); option value=(id) { (id) } }
                    } }
                }
                button.quiet type="submit" name="action" value="expire" { "Expire access tokens" }
                button.danger type="submit" name="action" value="revoke" { "Revoke as the person" }
            }
            h3 { "Balances" }
            dl.counters {
                @for person in &PEOPLE { div { dt { (person.id) } dd.figures.small { (readable_naira(world.ledger.kobo(person))) } } }
                div { dt { "Waiting to be settled" } dd.figures.small { (waiting) } }
            }
            div.fields { button.quiet type="submit" name="action" value="settle" { "Settle deposits and sales" } }
        },
    )
}

fn scopes(scopes: &monei::ScopeSet) -> Markup {
    html! { @for scope in scopes.iter() { code { (scope.as_str()) } " " } }
}

fn ends(grant: &Grant, now: Millis) -> String {
    if grant.alive() { left(grant.access_expires - now) } else { "–".into() }
}

fn left(left: Millis) -> String {
    match left / SECOND {
        left if left <= 0 => "expired".into(),
        left => format!("in {} min {:02} s", left / 60, left % 60),
    }
}

fn fate(grant: &Grant) -> &'static str {
    match grant.ended {
        None => "alive",
        Some(Ended::ByApp) => "revoked by the app",
        Some(Ended::ByPerson) => "revoked by the person",
        Some(Ended::CodeReuse) => "ended: code used twice",
        Some(Ended::RefreshReuse) => "ended: refresh token reused",
        Some(Ended::Replaced) => "replaced",
    }
}
