//! Monei's API as this program calls it: reading only, each endpoint with a token that holds its scope.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use monei::{AccessToken, Endpoint, ErrorBody};
use reqwest::header::{AUTHORIZATION, HeaderValue};
use reqwest::{Method, Request, StatusCode};
use url::Url;
use zeroize::Zeroizing;

use crate::http::{self, Connection, Http, Peer, took_ms};
use crate::problem::{Problem, ProblemCode};
use crate::view::Environment;

/// The bytes of an answer, wiped when they are dropped.
pub type Body = Zeroizing<Vec<u8>>;

/// What one call came to.
pub enum Verdict {
    /// 2xx, with the body.
    Answer(Body),
    /// 401: expired, stale or revoked; one refresh tells.
    Unauthorized,
    /// 403, although this program believes the scope granted.
    Forbidden {
        /// The body speaks of a scope; else it is a limit of the tier.
        scope: bool,
    },
    /// 404.
    NotFound,
    /// Anything else; nothing follows from it for the connection.
    Failed(Problem),
}

/// Monei's API at one address.
#[derive(Clone)]
pub struct Api {
    base: Url,
    http: Arc<Http>,
}

/// Where the API is: a constant of the environment (T-18), but for the sandbox, whose address the backend tells and which is loopback.
pub fn base_url(environment: Environment, sandbox: Option<&Url>) -> Option<Url> {
    let text = match environment {
        Environment::Production => "https://api.monei.cc/api/v1".to_owned(),
        Environment::Development => "https://api.dev.monei.cc/api/v1".to_owned(),
        Environment::Sandbox => format!("{}/api/v1", sandbox.filter(|url| http::is_loopback(url))?.as_str().trim_end_matches('/')),
    };
    Url::parse(&text).ok()
}

impl Api {
    /// For the API at `base`.
    pub fn new(base: Url, http: Arc<Http>) -> Self {
        Self { base, http }
    }

    /// `GET` on `endpoint`. The caller has made sure that the token holds its scope.
    pub async fn get(&self, endpoint: &Endpoint, token: &AccessToken, query: &[(&str, &str)], now_ms: i64) -> Verdict {
        let mut url = self.base.clone();
        url.set_path(&format!("{}{}", self.base.path().trim_end_matches('/'), endpoint.path));
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let Some(bearer) = bearer(token) else {
            return Verdict::Failed(ProblemCode::AnswerUnreadable.into());
        };
        let began = Instant::now();
        let mut request = Request::new(Method::GET, url);
        request.headers_mut().insert(AUTHORIZATION, bearer);
        let response = match self.http.send(request, Connection::Shared, Peer::Monei).await {
            Ok(response) => response,
            Err(problem) => {
                tracing::debug!(path = endpoint.path, code = ?problem.code, took_ms = took_ms(began), "no answer from Monei");
                return Verdict::Failed(problem);
            }
        };
        tracing::debug!(path = endpoint.path, status = response.status().as_u16(), took_ms = took_ms(began), "Monei answered");
        let status = response.status();
        match status {
            StatusCode::PROXY_AUTHENTICATION_REQUIRED | StatusCode::NETWORK_AUTHENTICATION_REQUIRED => return intercepted(),
            // Monei's API redirects nobody; a network that wants a sign-in does.
            _ if status.is_redirection() => return intercepted(),
            // Wanting to be left alone is heeded in whatever form it comes.
            StatusCode::TOO_MANY_REQUESTS => return Verdict::Failed(Problem::busy(http::retry_after(&response, now_ms))),
            _ if status.is_server_error() => return Verdict::Failed(ProblemCode::ProviderUnavailable.into()),
            _ => {}
        }
        let words = match http::body(response).await {
            // Monei answers in JSON. A page is a proxy's or a captive portal's, and says nothing of the token or of what was asked for.
            Ok(words) if http::is_page(&words) => return intercepted(),
            Err(http::BodyError::TooLong) if status.is_success() => return Verdict::Failed(ProblemCode::AnswerUnreadable.into()),
            Err(http::BodyError::BrokenOff) if status.is_success() => return Verdict::Failed(ProblemCode::ProviderUnavailable.into()),
            // The status of a refusal is enough.
            words => words.unwrap_or_default(),
        };
        match status {
            _ if status.is_success() => Verdict::Answer(words),
            StatusCode::UNAUTHORIZED => Verdict::Unauthorized,
            StatusCode::FORBIDDEN => {
                let message = ErrorBody::parse(&words).message.map(|message| message.to_ascii_lowercase());
                Verdict::Forbidden { scope: message.is_some_and(|message| message.contains("scope")) }
            }
            StatusCode::NOT_FOUND => Verdict::NotFound,
            _ => Verdict::Failed(ProblemCode::AnswerUnreadable.into()),
        }
    }
}

/// The header, marked as sensitive and wiped once it is sent.
fn bearer(token: &AccessToken) -> Option<HeaderValue> {
    let text = Zeroizing::new(["Bearer ".as_bytes(), token.expose().as_bytes()].concat());
    let mut value = HeaderValue::from_maybe_shared(Bytes::from_owner(text)).ok()?;
    value.set_sensitive(true);
    Some(value)
}

fn intercepted() -> Verdict {
    Verdict::Failed(ProblemCode::NetworkIntercepted.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_sandbox_takes_an_address_and_only_a_loopback_one() {
        let foreign = Url::parse("https://evil.test").unwrap();
        let local = Url::parse("http://127.0.0.1:43118").unwrap();
        assert_eq!(base_url(Environment::Production, Some(&foreign)).unwrap().as_str(), "https://api.monei.cc/api/v1");
        assert_eq!(base_url(Environment::Development, Some(&local)).unwrap().as_str(), "https://api.dev.monei.cc/api/v1");
        assert_eq!(base_url(Environment::Sandbox, Some(&foreign)), None);
        assert_eq!(base_url(Environment::Sandbox, None), None);
        assert_eq!(base_url(Environment::Sandbox, Some(&local)).unwrap().as_str(), "http://127.0.0.1:43118/api/v1");
    }
}
