//! Monei's API as this program calls it: one call for one permit.

use std::time::Instant;

use bytes::Bytes;
use monei::{AccessToken, ErrorBody};
use reqwest::header::{AUTHORIZATION, HeaderValue};
use reqwest::{Method, Request, StatusCode};
use url::Url;
use zeroize::Zeroizing;

use super::Provider;
use super::http::{self, Connection, Peer, took_ms};
use crate::model::problem::{Problem, ProblemCode};
use crate::model::{Environment, Permit};

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

/// Where the API is: a constant of the environment (T-18), but for the sandbox, whose address the backend tells and which is loopback.
pub(super) fn base_url(environment: Environment, sandbox: Option<&Url>) -> Option<Url> {
    let text = match environment {
        Environment::Production => "https://api.monei.cc/api/v1".to_owned(),
        Environment::Development => "https://api.dev.monei.cc/api/v1".to_owned(),
        Environment::Sandbox => format!("{}/api/v1", sandbox.filter(|url| http::is_loopback(url))?.as_str().trim_end_matches('/')),
    };
    Url::parse(&text).ok()
}

impl Provider {
    /// Makes the call that `permit` allows, with a token that the backend at `origin` gave.
    ///
    /// # Errors
    /// [`ProblemCode::BackendUnconfirmed`] where another backend is used by now: it may name another API. Nothing is sent then.
    pub async fn call(&self, permit: &Permit, origin: &str, token: &AccessToken, query: &[(&str, &str)]) -> Result<Verdict, Problem> {
        let base = self.api_base(origin).await?;
        Ok(self.send(permit, &base, token, query).await)
    }

    async fn send(&self, permit: &Permit, base: &Url, token: &AccessToken, query: &[(&str, &str)]) -> Verdict {
        let (template, scope) = (permit.endpoint().path, permit.permission().scope.as_str());
        let mut url = base.clone();
        url.set_path(&format!("{}{}", base.path().trim_end_matches('/'), permit.path()));
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let Some(bearer) = bearer(token) else {
            return Verdict::Failed(ProblemCode::AnswerUnreadable.into());
        };
        let began = Instant::now();
        let mut request = Request::new(method(permit.endpoint().method), url);
        request.headers_mut().insert(AUTHORIZATION, bearer);
        let response = match self.inner.http.send(request, Connection::Shared, Peer::Monei).await {
            Ok(response) => response,
            Err(problem) => {
                tracing::debug!(caller = %permit.caller(), scope, path = template, code = ?problem.code, took_ms = took_ms(began), "no answer from Monei");
                return Verdict::Failed(problem);
            }
        };
        let status = response.status();
        tracing::debug!(caller = %permit.caller(), scope, path = template, status = status.as_u16(), took_ms = took_ms(began), "Monei answered");
        match status {
            StatusCode::PROXY_AUTHENTICATION_REQUIRED | StatusCode::NETWORK_AUTHENTICATION_REQUIRED => return intercepted(),
            // Monei's API redirects nobody; a network that wants a sign-in does.
            _ if status.is_redirection() => return intercepted(),
            // A rate limit counts in whatever form it comes.
            StatusCode::TOO_MANY_REQUESTS => return Verdict::Failed(Problem::busy(http::retry_after(&response, self.now()))),
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

const fn method(method: monei::Method) -> Method {
    match method {
        monei::Method::Get => Method::GET,
        monei::Method::Post => Method::POST,
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
