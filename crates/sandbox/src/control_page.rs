//! `/sandbox`: what was issued and when it dies, faults, switches, counters, the last requests.

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use maud::{Markup, html};

use crate::authorize::{form_refused, see_other};
use crate::body;
use crate::clock::{SECOND, readable};
use crate::control::{What, arm, expire_now, reset_now, revoke_now};
use crate::faults::Order;
use crate::fields::Fields;
use crate::grants::{CODE_LIFE, Ended, Grant};
use crate::nest::NestError;
use crate::page;
use crate::people::PEOPLE;
use crate::sandbox::{Sandbox, Store};
use crate::switches::Row;

/// `GET`
pub(crate) async fn show(State(sandbox): State<Sandbox>, headers: HeaderMap) -> Response {
    let mut store = sandbox.store();
    let now = store.now();
    let visit = store.sessions.visit(&headers, now);
    let token = &visit.form_token;
    let content = html! {
        header.top {
            h1 { "Control page" }
            p.note { "Run " code { (sandbox.run()) } " · sandbox time " (readable(now)) " · " a href="/settings/apps" { "Connected apps" } }
        }
        (issued(&store, token))
        (faults(&store, token))
        (switches(&store, token))
        (time(&store, token))
        (counters(&store, token))
        (requests(&store))
    };
    page::with_session(page::answer(StatusCode::OK, page::frame("Control page", true, &content)), &visit)
}

/// `POST`: one action, then back to the page.
pub(crate) async fn submit(State(sandbox): State<Sandbox>, headers: HeaderMap, form: Body) -> Response {
    let form = match body::form(&headers, form, &[]).await {
        Ok(form) => form,
        Err(status) => return page::problem(status, "This form can't be read", "Go back, load the page anew and try again."),
    };
    let mut store = sandbox.store();
    let now = store.now();
    if let Err(refused) = store.sessions.check(&headers, form.get("form_token").unwrap_or_default(), now) {
        return form_refused(refused);
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
            let order = Order::from_form(&|name| form.get(name).map(str::to_owned)).and_then(Order::arm);
            arm(store, order.map_err(Failed::wrong)?)?;
        }
        "clear_faults" => reset_now(store, What::Faults)?,
        "switches" => {
            let mut changed = store.switches.clone();
            for (name, value) in form.pairs().filter(|(name, _)| !matches!(*name, "form_token" | "action")) {
                changed.set(name, value).map_err(|error| Failed::wrong(error.to_string()))?;
            }
            store.switches = changed;
        }
        "default_switches" => reset_now(store, What::Switches)?,
        "clock" => {
            let offset = form.get("offset_s").unwrap_or("0").parse().map_err(|_| Failed::wrong("The offset is a number of seconds."))?;
            if !store.clock.set_offset_s(offset) {
                return Err(Failed::wrong("The clock can be moved by ten years at most."));
            }
        }
        "clear_counters" => reset_now(store, What::Counters)?,
        "reset" => reset_now(store, What::All)?,
        _ => return Err(Failed::wrong("There is no such action.")),
    }
    Ok(())
}

fn panel(title: &str, token: &str, content: &Markup) -> Markup {
    html! {
        section.panel {
            h2 { (title) }
            form method="post" action="/sandbox" {
                input type="hidden" name="form_token" value=(token);
                (content)
            }
        }
    }
}

fn issued(store: &Store, token: &str) -> Markup {
    let now = store.now();
    let open_codes = store.grants.codes().filter(|code| code.used.is_none() && now - code.issued < CODE_LIFE).count();
    panel(
        "Issued",
        token,
        &html! {
            p.note { (open_codes) " unused authorization codes. Tokens are kept as hashes and never shown." }
            div.scroll {
                table {
                    thead { tr { th { "Grant" } th { "Person" } th { "App" } th { "Scopes" } th { "Access token" } th { "State" } } }
                    tbody {
                        @if store.grants.all().next().is_none() { tr { td colspan="6" { "Nothing was issued yet." } } }
                        @for grant in store.grants.all().rev().take(50) {
                            tr.dead[!grant.alive()] {
                                td { (grant.id) } td { (grant.user) } td { code { (grant.client_id) } }
                                td { @for scope in grant.scopes.iter() { code { (scope.as_str()) } " " } }
                                td.figures { (dies(grant, now)) } td { (fate(grant)) }
                            }
                        }
                    }
                }
            }
            div.fields {
                label { "Person" select name="user" { option value="all" { "Everyone" } @for person in &PEOPLE { option value=(person.id) { (person.id) } } } }
                button type="submit" name="action" value="expire" { "Expire access tokens" }
                button.danger type="submit" name="action" value="revoke" { "Revoke as the person" }
            }
        },
    )
}

fn dies(grant: &Grant, now: i64) -> String {
    let left = (grant.access_expires - now) / SECOND;
    match (grant.alive(), left) {
        (false, _) => "–".into(),
        (true, left) if left <= 0 => "expired".into(),
        (true, left) => format!("{} min {:02} s", left / 60, left % 60),
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

fn faults(store: &Store, token: &str) -> Markup {
    panel(
        "Faults",
        token,
        &html! {
            @if store.faults.is_empty() { p.note { "No fault is armed." } }
            @else {
                ul { @for fault in &store.faults { @let (target, kind) = fault.describe(); li { code { (kind) } " on " code { (target) } ", " (fault.times) " more" } } }
            }
            div.fields {
                label { "Target" input name="target" value="token" list="targets" maxlength="256"; }
                datalist id="targets" { @for target in ["token", "revoke", "api", "/user/me", "/wallet/me", "/transactions"] { option value=(target) {} } }
                label { "Kind" select name="kind" {
                    @for kind in ["status", "drop_before", "drop_after", "delay", "wrong_content_type", "huge_body", "redirect"] { option { (kind) } }
                } }
                label { "Status" input name="status" inputmode="numeric" placeholder="503"; }
                label { "Retry-After" input name="retry_after" placeholder="30"; }
                label { "Delay (ms)" input name="delay_ms" inputmode="numeric"; }
                label { "Location" input name="location"; }
                label { "Times" input name="times" inputmode="numeric" value="1"; }
                button type="submit" name="action" value="fault" { "Arm" }
                button.quiet type="submit" name="action" value="clear_faults" { "Clear all" }
            }
        },
    )
}

fn switches(store: &Store, token: &str) -> Markup {
    panel(
        "Switches",
        token,
        &html! {
            p.note { "Each is a point that Monei's documentation leaves open. The default comes first." }
            div.switches { @for row in store.switches.rows() { (switch(&row)) } }
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

fn time(store: &Store, token: &str) -> Markup {
    panel(
        "Clock",
        token,
        &html! {
            div.fields {
                label { "Seconds from the computer's time" input type="number" name="offset_s" value=(store.clock.offset_s()); }
                button type="submit" name="action" value="clock" { "Move clock" }
            }
        },
    )
}

fn counters(store: &Store, token: &str) -> Markup {
    let counters = store.journal.counters;
    panel(
        "Counters",
        token,
        &html! {
            dl.counters {
                @for (name, value) in [("Token calls", counters.token_calls), ("Code exchanges", counters.code_exchanges), ("Refreshes", counters.refreshes),
                                       ("Revocations", counters.revokes), ("Answers 403", counters.forbidden)] {
                    div { dt { (name) } dd.figures { (value) } }
                }
            }
            div.fields {
                button.quiet type="submit" name="action" value="clear_counters" { "Clear counters" }
                button.danger type="submit" name="action" value="reset" { "Reset everything" }
            }
        },
    )
}

fn requests(store: &Store) -> Markup {
    html! {
        section.panel {
            h2 { "Last requests" }
            p.note { "Without queries, headers and bodies." }
            div.scroll {
                table {
                    thead { tr { th { "When" } th { "Request" } th { "Answer" } } }
                    tbody {
                        @for seen in store.journal.last.iter().rev() {
                            tr { td { (readable(seen.at)) } td { code { (seen.method) " " (seen.path) } }
                                 td.figures { @match seen.status { Some(status) => (status), None => "dropped" } } }
                        }
                    }
                }
            }
        }
    }
}
