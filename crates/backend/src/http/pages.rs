//! The few pages that a person may see here. Static but for a link that this backend made itself; nothing received is ever shown (B-05).

use std::sync::LazyLock;

use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{CONTENT_SECURITY_POLICY, RETRY_AFTER};
use http::{HeaderValue, StatusCode};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

use crate::domain::problem::{Code, Problem};

const STYLE: &str = include_str!("pages/style.css");
/// Takes the query out of the history: the code and the state in it are of no use any more, but need not lie about.
const SCRIPT: &str = "history.replaceState(null,'',location.pathname)";

fn hash(text: &str) -> String {
    format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text.as_bytes())))
}

static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let text = format!(
        "default-src 'none'; script-src {}; style-src {}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        hash(SCRIPT),
        hash(STYLE)
    );
    // Hashes and fixed text are always a header value; were they not, the strictest policy stands.
    HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"))
});

fn page(status: StatusCode, title: &str, lead_to: Option<&str>, keep_address: bool, body: Markup) -> Response {
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="robots" content="noindex";
                title { (title) " · Monei Connections" }
                style { (PreEscaped(STYLE)) }
                @if !keep_address { script { (PreEscaped(SCRIPT)) } }
                @if let Some(link) = lead_to {
                    meta http-equiv="refresh" content={ "0;url=" (link) };
                }
            }
            body { main { p.brand { "Monei Connections" } h1 { (title) } (body) } }
        }
    };
    let mut response = (status, markup).into_response();
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, POLICY.clone());
    response
}

/// Leads back to the program, by itself and by a link.
pub(crate) fn deep_link(link: &str, approved: bool) -> Response {
    let (title, text) = match approved {
        true => ("Almost done", "Monei has your answer. Monei Connections opens by itself now; your browser may ask whether it may."),
        false => {
            ("Nothing was connected", "Monei Connections opens by itself now and tells you more; your browser may ask whether it may.")
        }
    };
    let body = html! {
        p { (text) }
        p { a.button href=(link) { "Open Monei Connections" } }
        p.quiet { "You can close this page afterwards." }
    };
    page(StatusCode::OK, title, Some(link), false, body)
}

/// Says why it goes no further, and how it does.
pub(crate) fn refused(problem: Problem) -> Response {
    let (title, text) = match problem.code {
        Code::RateLimited | Code::ProviderBusy => ("Too many tries", "Please wait a minute, then start again in Monei Connections."),
        Code::ServiceUnavailable | Code::ProviderUnavailable | Code::Internal => {
            ("This doesn't work right now", "Nothing was connected. Please try again in Monei Connections a little later.")
        }
        Code::InvalidHandoff => (
            "This approval can't be completed",
            "It took more than ten minutes, was used already, or began in another browser. Nothing was connected. \
             Please start again in Monei Connections.",
        ),
        Code::StartedElsewhere => (
            "Did you start this?",
            "A page of another site led here. Copy this address into the address bar only if you started this in Monei Connections. \
             Otherwise close this page; nothing has happened.",
        ),
        _ => ("This link can't be used", "It is incomplete or was changed. Please start again in Monei Connections."),
    };
    let body = html! {
        p { (text) }
        p.quiet { "If somebody sent you a link to this page, don't follow it again: connect only from your own program." }
    };
    // Who started this needs the address.
    let keep_address = problem.code == Code::StartedElsewhere;
    let mut response = page(problem.status, title, None, keep_address, body);
    if let Some(seconds) = problem.retry_after {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response.extensions_mut().insert(problem.code);
    response
}
