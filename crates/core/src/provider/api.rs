//! Monei's API as this program calls it: one call for one permit.

use std::time::Instant;

use bytes::Bytes;
use monei::permission::Effect;
use monei::{AccessToken, ErrorBody};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::{Method, Request, StatusCode};
use url::Url;
use zeroize::Zeroizing;

use super::Provider;
use super::http::{self, Connection, NoAnswer, Peer, took_ms};
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

/// What a call came to that is passed on to a program of the person.
pub enum RawVerdict {
    /// Any answer but 401, as it came: JSON of at most 1 MiB, and no redirect.
    Answer {
        /// Monei's status.
        status: StatusCode,
        /// Monei's body.
        body: Body,
        /// Seconds that Monei asks to wait, with 429.
        retry_after_s: Option<u64>,
    },
    /// 401: expired, stale or revoked; one refresh tells. With Monei's body, where that is one that can be passed on.
    Unauthorized(Option<Body>),
    /// There is no answer, or none that can be passed on.
    Failed(Problem),
}

impl Provider {
    /// As [`Provider::call`], with a body where there is one, and with the answer as it came. A call that does more than read goes out on a
    /// connection of its own, so that it is never sent twice.
    ///
    /// # Errors
    /// As for [`Provider::call`]. [`ProblemCode::OutcomeUnknown`] in the verdict where Monei may have carried out more than a read.
    pub async fn call_raw(
        &self,
        permit: &Permit,
        origin: &str,
        token: &AccessToken,
        query: &[(&str, &str)],
        body: Option<Bytes>,
    ) -> Result<RawVerdict, Problem> {
        let base = self.api_base(origin).await?;
        let reads = permit.endpoint().effect == Effect::Reads;
        let Some(mut request) = request(permit, &base, token, query) else {
            return Ok(RawVerdict::Failed(ProblemCode::AnswerUnreadable.into()));
        };
        if let Some(body) = body {
            request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            *request.body_mut() = Some(body.into());
        }
        let connection = if reads { Connection::Shared } else { Connection::Own };
        let (caller, scope, path) = (permit.caller(), permit.permission().scope.as_str(), permit.endpoint().path);
        let response = match self.inner.http.send(request, connection, Peer::Monei).await {
            Ok(response) => response,
            Err(NoAnswer { problem, sent }) => {
                tracing::debug!(%caller, scope, path, code = ?problem.code, sent, "no answer from Monei");
                return Ok(RawVerdict::Failed(if reads || !sent { problem } else { ProblemCode::OutcomeUnknown.into() }));
            }
        };
        let status = response.status();
        tracing::debug!(%caller, scope, path, status = status.as_u16(), "Monei answered");
        let retry_after_s = (status == StatusCode::TOO_MANY_REQUESTS).then(|| http::retry_after(&response, self.now()));
        let body = http::body(response).await;
        // An answer that repeats what was sent would hand the token on.
        let is_json = |body: &Body| {
            let json = serde_json::from_slice::<serde::de::IgnoredAny>(body).is_ok();
            json && memchr::memmem::find(body, token.expose().as_bytes()).is_none()
        };
        if status == StatusCode::UNAUTHORIZED {
            // A page is a proxy's or a captive portal's, and says nothing of the token: none is given up for it.
            return Ok(match body {
                Ok(body) if http::is_page(&body) && reads => RawVerdict::Failed(ProblemCode::NetworkIntercepted.into()),
                Ok(body) if http::is_page(&body) => RawVerdict::Failed(ProblemCode::AnswerUnreadable.into()),
                body => RawVerdict::Unauthorized(body.ok().filter(is_json)),
            });
        }
        let body = match body {
            Ok(body) => body,
            Err(http::BodyError::BrokenOff) if !reads => return Ok(RawVerdict::Failed(ProblemCode::OutcomeUnknown.into())),
            Err(_) => return Ok(RawVerdict::Failed(ProblemCode::AnswerUnreadable.into())),
        };
        if status.is_redirection() || !is_json(&body) {
            return Ok(RawVerdict::Failed(ProblemCode::AnswerUnreadable.into()));
        }
        Ok(RawVerdict::Answer { status, body, retry_after_s })
    }

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
        let Some(request) = request(permit, base, token, query) else {
            return Verdict::Failed(ProblemCode::AnswerUnreadable.into());
        };
        let began = Instant::now();
        let response = match self.inner.http.send(request, Connection::Shared, Peer::Monei).await {
            Ok(response) => response,
            Err(NoAnswer { problem, .. }) => {
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

/// The request that a permit stands for, with nothing in it of whoever asked but the query. `None` for a token that can't be in a header.
fn request(permit: &Permit, base: &Url, token: &AccessToken, query: &[(&str, &str)]) -> Option<Request> {
    let mut url = base.clone();
    url.set_path(&format!("{}{}", base.path().trim_end_matches('/'), permit.path()));
    if !query.is_empty() {
        url.query_pairs_mut().extend_pairs(query);
    }
    let mut request = Request::new(method(permit.endpoint().method), url);
    request.headers_mut().insert(AUTHORIZATION, bearer(token)?);
    Some(request)
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
