//! The frame that every page of the sandbox has, and the headers that go with it.

use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, StatusCode, header};
use maud::{DOCTYPE, Markup, html};

use crate::model::sessions::{FormRefused, Visit};
use crate::web::nest::Why;

/// A page: ribbon, title, `main`. `wide` for tables.
pub(crate) fn frame(title: &str, wide: bool, content: &Markup) -> Markup {
    framed(title, wide, false, content)
}

/// A wide page that loads itself anew every two seconds.
pub(crate) fn refreshing(title: &str, content: &Markup) -> Markup {
    framed(title, true, true, content)
}

fn framed(title: &str, wide: bool, refreshing: bool, content: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="robots" content="noindex";
                @if refreshing { meta http-equiv="refresh" content="2"; }
                title { (title) " · Monei Sandbox" }
                link rel="stylesheet" href="/sandbox/style.css";
            }
            body {
                aside.ribbon aria-label="Sandbox" { strong { "Sandbox" } ": nothing here is real. No money, no accounts, and not Monei." }
                main.wide[wide] { (content) }
            }
        }
    }
}

/// A page whose forms come back to the sandbox alone.
pub(crate) fn answer(status: StatusCode, body: Markup) -> Response {
    answer_with_forms_to(status, body, "'self'")
}

/// A page whose forms may lead to these targets of `form-action`.
pub(crate) fn answer_with_forms_to(status: StatusCode, body: Markup, forms: &str) -> Response {
    let policy =
        format!("default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; frame-ancestors 'none'; form-action {forms}");
    let mut response = (status, body).into_response();
    let headers = response.headers_mut();
    // Redirect URIs are visible ASCII, so this can only fail for a policy nobody wrote; then the strictest one stands.
    let policy = HeaderValue::from_str(&policy)
        .unwrap_or(HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'; form-action 'none'"));
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin"));
    response
}

/// An error page: what is wrong, and what to do.
pub(crate) fn problem(status: StatusCode, title: &str, text: &str) -> Response {
    let content = html! {
        section.card.centre {
            p.eyebrow { "Error " (status.as_u16()) }
            h1 { (title) }
            p data-testid="problem" { (text) }
            p.note { a href="/sandbox" { "Control page" } " · " a href="/sandbox/log" { "Live log" } }
        }
    };
    let mut response = answer(status, frame(title, false, &content));
    response.extensions_mut().insert(Why(format!("{title}: {text}")));
    response
}

/// Adds the cookie of a fresh session.
pub(crate) fn with_session(mut response: Response, visit: &Visit) -> Response {
    if let Some(cookie) = &visit.cookie {
        // Made of a name of ours and hex digits.
        if let Ok(cookie) = HeaderValue::from_str(cookie) {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
    }
    response
}

/// 303 to `location`.
pub(crate) fn see_other(location: &str) -> Response {
    match HeaderValue::from_str(location) {
        Ok(location) => (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response(),
        Err(_) => problem(StatusCode::INTERNAL_SERVER_ERROR, "There is no way on", "The address to go to can't be written."),
    }
}

/// The page for a form without its session or token.
pub(crate) fn form_refused(refused: FormRefused) -> Response {
    match refused {
        FormRefused::NoSession => problem(StatusCode::UNAUTHORIZED, "Your session has expired", "Go back to the app and start again."),
        FormRefused::WrongToken => problem(StatusCode::FORBIDDEN, "This form is not current", "Go back, load the page anew and try again."),
    }
}
