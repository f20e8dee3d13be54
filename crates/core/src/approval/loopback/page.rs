//! What the browser shows at the end: static pages that reflect nothing and load nothing (B-05).

use std::sync::LazyLock;

use base64::Engine;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use http::{Response, StatusCode};
use sha2::{Digest, Sha256};

use crate::model::Language;

const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#1c1c1c;--soft:#565f64;--ground:#f4f6f7;--card:#fff;--line:#dde3e6;--mark:#00769b}\
@media(prefers-color-scheme:dark){:root{--ink:#f1f4f5;--soft:#a9b4b9;--ground:#16191a;--card:#202425;--line:#343a3d;--mark:#4db0cf}}\
body{margin:0;min-height:100vh;display:grid;place-items:center;background:var(--ground);color:var(--ink);\
font:16px/1.5 system-ui,-apple-system,'Segoe UI',Cantarell,sans-serif}\
main{max-width:26rem;margin:1.5rem;padding:2.5rem 2rem;background:var(--card);border:1px solid var(--line);border-radius:14px;text-align:center}\
.mark{width:3rem;height:3rem;margin:0 auto 1.25rem;border-radius:50%;background:var(--mark);color:var(--card);font-size:1.5rem;line-height:3rem}\
h1{margin:0 0 .5rem;font-size:1.25rem;font-weight:600}p{margin:0;color:var(--soft)}";

static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let hash = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(STYLE.as_bytes()));
    let policy = format!("default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
    HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"))
});

/// An answer without a page.
pub(super) fn plain(status: StatusCode) -> Response<String> {
    let text = status.canonical_reason().unwrap_or_default();
    dress(Response::new(format!("{text}\n")), status, HeaderValue::from_static("text/plain; charset=utf-8"))
}

/// The page at the end of the way through the browser. What the answer says is sealed, so the program tells it, in its window or
/// in a terminal.
pub(super) fn done(language: Language) -> Response<String> {
    let mark = "\u{2713}";
    let (title, text) = match language {
        Language::English => ("Your answer has arrived", "Go back to Monei Connections. You can close this page."),
        Language::French => ("Votre réponse est arrivée", "Revenez à Monei Connections. Vous pouvez fermer cette page."),
    };
    let tag = language.tag();
    let html = format!(
        "<!doctype html><html lang=\"{tag}\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>{title} – Monei Connections</title><style>{STYLE}</style></head>\
         <body><main><div class=\"mark\" aria-hidden=\"true\">{mark}</div><h1>{title}</h1><p>{text}</p></main></body></html>"
    );
    dress(Response::new(html), StatusCode::OK, HeaderValue::from_static("text/html; charset=utf-8"))
}

fn dress(mut response: Response<String>, status: StatusCode, content_type: HeaderValue) -> Response<String> {
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, content_type);
    headers.insert(CONTENT_SECURITY_POLICY, POLICY.clone());
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_page_says_in_which_language_it_is_and_speaks_it() {
        for (language, start, title) in [
            (Language::English, "<!doctype html><html lang=\"en\">", "<h1>Your answer has arrived</h1>"),
            (Language::French, "<!doctype html><html lang=\"fr\">", "<h1>Votre réponse est arrivée</h1>"),
        ] {
            let page = done(language).into_body();
            assert!(page.starts_with(start) && page.contains(title), "{page}");
        }
    }
}
