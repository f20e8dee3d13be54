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
use crate::http::language::Language;

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

fn page(language: Language, status: StatusCode, title: &str, lead_to: Option<&str>, keep_address: bool, body: Markup) -> Response {
    let markup = html! {
        (DOCTYPE)
        html lang=(language.tag()) {
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
pub(crate) fn deep_link(language: Language, link: &str, approved: bool) -> Response {
    let (title, text) = match (language, approved) {
        (Language::English, true) => {
            ("Almost done", "Monei has your answer. Monei Connections opens by itself now; your browser may ask whether it may.")
        }
        (Language::English, false) => {
            ("Nothing was connected", "Monei Connections opens by itself now and tells you more; your browser may ask whether it may.")
        }
        (Language::French, true) => (
            "Presque terminé",
            "Monei a reçu votre réponse. Monei Connections s’ouvre maintenant de lui-même ; votre navigateur peut vous demander si vous le permettez.",
        ),
        (Language::French, false) => (
            "Rien n’a été connecté",
            "Monei Connections s’ouvre maintenant de lui-même et vous en dit plus ; votre navigateur peut vous demander si vous le permettez.",
        ),
    };
    let (open, close) = match language {
        Language::English => ("Open Monei Connections", "You can close this page afterwards."),
        Language::French => ("Ouvrir Monei Connections", "Vous pourrez ensuite fermer cette page."),
    };
    let body = html! {
        p { (text) }
        p { a.button href=(link) { (open) } }
        p.quiet { (close) }
    };
    page(language, StatusCode::OK, title, Some(link), false, body)
}

/// Why it goes no further: a title and what to do.
const fn english(code: Code) -> (&'static str, &'static str) {
    match code {
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
    }
}

const fn french(code: Code) -> (&'static str, &'static str) {
    match code {
        Code::RateLimited | Code::ProviderBusy => ("Trop d’essais", "Attendez une minute, puis recommencez dans Monei Connections."),
        Code::ServiceUnavailable | Code::ProviderUnavailable | Code::Internal => {
            ("Cela ne fonctionne pas en ce moment", "Rien n’a été connecté. Réessayez un peu plus tard dans Monei Connections.")
        }
        Code::InvalidHandoff => (
            "Cet accord ne peut pas aboutir",
            "Il a pris plus de dix minutes, a déjà servi, ou a commencé dans un autre navigateur. Rien n’a été connecté. \
             Recommencez dans Monei Connections.",
        ),
        Code::StartedElsewhere => (
            "Est-ce vous qui avez commencé ?",
            "Une page d’un autre site a mené ici. Copiez cette adresse dans la barre d’adresse seulement si vous avez commencé dans Monei \
             Connections. Sinon, fermez cette page ; il ne s’est rien passé.",
        ),
        _ => ("Ce lien est inutilisable", "Il est incomplet ou a été modifié. Recommencez dans Monei Connections."),
    }
}

/// Says why it goes no further, and how it does.
pub(crate) fn refused(language: Language, problem: Problem) -> Response {
    let ((title, text), warning) = match language {
        Language::English => {
            (english(problem.code), "If somebody sent you a link to this page, don't follow it again: connect only from your own program.")
        }
        Language::French => (
            french(problem.code),
            "Si quelqu’un vous a envoyé un lien vers cette page, ne le suivez plus : connectez seulement depuis votre propre programme.",
        ),
    };
    let body = html! {
        p { (text) }
        p.quiet { (warning) }
    };
    // Who started this needs the address.
    let keep_address = problem.code == Code::StartedElsewhere;
    let mut response = page(language, problem.status, title, None, keep_address, body);
    if let Some(seconds) = problem.retry_after {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response.extensions_mut().insert(problem.code);
    response
}
