//! The confidential backend as this program sees it: who runs it, and the three token routes. Its answers are hostile input too.

use std::sync::Arc;
use std::time::{Duration, Instant};

use monei::{AccessToken, ScopeSet};
use reqwest::header::HeaderValue;
use reqwest::{Method, Request, Response, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, Serialize};
use url::Url;
use zeroize::Zeroizing;

use crate::model::Environment;
use crate::model::answer::Handoff;
use crate::model::operator::Claim;
use crate::model::problem::{Problem, ProblemCode};
use crate::model::proof::Verifier;
use crate::provider::http::{self, Connection, Http, NoAnswer, Peer, took_ms};

/// Version of the backend's interface that this program speaks.
const API_VERSION: u32 = 1;
/// Time for `/v1/client`, connection included. A backend answers it from memory, and whoever asks for an account's state waits for it.
const CLIENT_INFO_LIMIT: Duration = Duration::from_secs(8);

/// A refresh token under the backend's own seal: of no use at Monei, and at no other backend.
#[derive(Clone)]
pub struct SealedRefreshToken(SecretString);

impl SealedRefreshToken {
    /// Wraps `text`.
    pub fn new(text: impl Into<String>) -> Self {
        Self(SecretString::from(text.into()))
    }

    /// The text, for the one place that sends or stores it.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl<'de> Deserialize<'de> for SealedRefreshToken {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(SecretString::deserialize(deserializer)?))
    }
}

/// Who runs a backend and what it allows.
#[derive(Clone, Debug)]
pub struct ClientInfo {
    /// Which Monei it speaks to.
    pub environment: Environment,
    /// Who runs it, as it says.
    pub operator: Claim,
    /// Their page, https only. `None` where the claim [poses as Monei](Claim::poses_as_monei).
    pub operator_url: Option<Url>,
    /// What it allows to be asked for.
    pub scopes: ScopeSet,
    /// The sandbox's address, loopback only. `None` outside of the sandbox environment.
    pub sandbox_url: Option<Url>,
}

/// What a redeem or refresh gave.
pub struct Tokens {
    /// The access token.
    pub access: AccessToken,
    /// The refresh token, sealed.
    pub refresh: SealedRefreshToken,
    /// Lifetime of the access token in seconds.
    pub expires_in: u64,
    /// What was granted; `None` where the answer didn't say.
    pub scopes: Option<ScopeSet>,
}

/// What a redeem gave.
pub enum Redeemed {
    /// The tokens of an approval.
    Tokens(Tokens),
    /// Monei gave no code: why.
    Refused(Refusal),
}

/// Why Monei gave no code, as the backend sealed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// The person said no.
    Declined,
    /// Monei refused the request itself.
    InvalidScope,
    /// Trouble at Monei; and any word that this version doesn't know.
    #[serde(other)]
    ProviderError,
}

impl From<Refusal> for ProblemCode {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Declined => ProblemCode::Declined,
            Refusal::InvalidScope => ProblemCode::RequestRefused,
            Refusal::ProviderError => ProblemCode::ProviderUnavailable,
        }
    }
}

/// Why a token route gave nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenError {
    /// Monei definitely refused: the approval is spent or too old, or the grant is gone.
    Refused,
    /// The backend can't read what it sealed, or the proof doesn't fit.
    Unreadable,
    /// Nothing was decided; asking again with the same proof or key is safe. Says what to tell the person meanwhile.
    Undecided(Problem),
    /// The same, and nothing of the request has left this computer.
    Unsent(Problem),
}

/// One backend.
#[derive(Clone)]
pub struct BackendClient {
    base: Url,
    http: Arc<Http>,
}

impl BackendClient {
    /// For the backend at `base` (an origin).
    pub fn new(base: Url, http: Arc<Http>) -> Self {
        Self { base, http }
    }

    /// Its origin, as grants are tied to.
    pub fn origin(&self) -> String {
        self.base.origin().ascii_serialization()
    }

    /// The address that the system browser opens.
    pub fn start_url(&self, challenge: &str, return_to: &str, scopes: &ScopeSet) -> Url {
        let mut url = self.url("/v1/start");
        url.query_pairs_mut()
            .append_pair("challenge", challenge)
            .append_pair("return", return_to)
            .append_pair("scope", &scopes.to_string());
        url
    }

    /// `GET /v1/client`, checked against the environment this program is for.
    ///
    /// # Errors
    /// A [`Problem`] that says why it can't be used.
    pub async fn client_info(&self, environment: Environment, now_ms: i64) -> Result<ClientInfo, Problem> {
        #[derive(Deserialize)]
        struct Operator {
            name: String,
            url: Option<String>,
        }
        #[derive(Deserialize)]
        struct Raw {
            environment: Environment,
            operator: Operator,
            scopes: Vec<String>,
            api_version: u32,
            sandbox_url: Option<String>,
        }
        let mut request = Request::new(Method::GET, self.url("/v1/client"));
        *request.timeout_mut() = Some(CLIENT_INFO_LIMIT);
        let response = self.http.send(request, Connection::Shared, Peer::Backend).await?;
        match response.status() {
            StatusCode::OK => {}
            StatusCode::TOO_MANY_REQUESTS => return Err(Problem::busy(http::retry_after(&response, now_ms))),
            StatusCode::PROXY_AUTHENTICATION_REQUIRED | StatusCode::NETWORK_AUTHENTICATION_REQUIRED => {
                return Err(ProblemCode::NetworkIntercepted.into());
            }
            // The backend redirects nobody on this route; a network that wants a sign-in does.
            status if status.is_redirection() => return Err(ProblemCode::NetworkIntercepted.into()),
            status if status.is_server_error() => return Err(ProblemCode::BackendUnreachable.into()),
            _ => {
                let page = http::is_page(&http::body(response).await.unwrap_or_default());
                return Err(if page { ProblemCode::NetworkIntercepted } else { ProblemCode::BackendIncompatible }.into());
            }
        }
        let bytes = http::body(response).await.map_err(|_| Problem::new(ProblemCode::BackendIncompatible))?;
        if http::is_page(&bytes) {
            return Err(ProblemCode::NetworkIntercepted.into());
        }
        let raw: Raw = serde_json::from_slice(&bytes).map_err(|_| Problem::new(ProblemCode::BackendIncompatible))?;
        if raw.api_version != API_VERSION {
            return Err(ProblemCode::BackendIncompatible.into());
        }
        if raw.environment != environment {
            return Err(ProblemCode::BackendEnvironment.into());
        }
        let scopes = raw.scopes.iter().map(|text| text.parse()).collect::<Result<ScopeSet, _>>();
        let sandbox_url = match (environment, raw.sandbox_url) {
            (Environment::Sandbox, Some(text)) => {
                Some(Url::parse(&text).ok().filter(http::is_loopback).ok_or(ProblemCode::BackendEnvironment)?)
            }
            (Environment::Sandbox, None) => return Err(ProblemCode::BackendIncompatible.into()),
            _ => None,
        };
        let page = raw.operator.url.and_then(|text| Url::parse(&text).ok()).filter(|url| url.scheme() == "https" && url.has_host());
        let operator = Claim::new(&raw.operator.name, page.as_ref());
        Ok(ClientInfo {
            environment,
            operator_url: page.filter(|_| !operator.poses_as_monei()),
            operator,
            scopes: scopes.map_err(|_| ProblemCode::BackendIncompatible)?,
            sandbox_url,
        })
    }

    /// `POST /v1/redeem`. The same handoff and verifier may be offered again within 120 seconds.
    ///
    /// # Errors
    /// [`TokenError`].
    pub async fn redeem(&self, handoff: &Handoff, verifier: &Verifier, now_ms: i64) -> Result<Redeemed, TokenError> {
        #[derive(Deserialize)]
        struct Refused {
            refused: Refusal,
        }
        #[derive(Serialize)]
        struct Body<'a> {
            handoff: &'a str,
            code_verifier: &'a str,
        }
        let body = Body { handoff: handoff.expose(), code_verifier: verifier.expose() };
        let answer = self.ask("/v1/redeem", None, &body, now_ms).await?;
        if let Ok(Refused { refused }) = serde_json::from_slice(&answer) {
            return Ok(Redeemed::Refused(refused));
        }
        read_tokens(&answer).map(Redeemed::Tokens)
    }

    /// `POST /v1/refresh`. The same key and token may be offered again within 120 seconds, and give the same pair.
    ///
    /// # Errors
    /// [`TokenError`].
    pub async fn refresh(&self, idempotency_key: &str, refresh: &SealedRefreshToken, now_ms: i64) -> Result<Tokens, TokenError> {
        #[derive(Serialize)]
        struct Body<'a> {
            refresh_token: &'a str,
        }
        let body = Body { refresh_token: refresh.expose() };
        read_tokens(&self.ask("/v1/refresh", Some(idempotency_key), &body, now_ms).await?)
    }

    /// `POST /v1/revoke`.
    ///
    /// # Errors
    /// Why Monei didn't confirm.
    pub async fn revoke(&self, access: &AccessToken, refresh: &SealedRefreshToken, now_ms: i64) -> Result<(), Problem> {
        #[derive(Serialize)]
        struct Body<'a> {
            access_token: &'a str,
            refresh_token: &'a str,
        }
        let body = Body { access_token: access.expose(), refresh_token: refresh.expose() };
        let request = http::post(self.url("/v1/revoke"), &body).map_err(|_| ProblemCode::BackendIncompatible)?;
        let response = self.http.send(request, Connection::Own, Peer::Backend).await?;
        if response.status() == StatusCode::NO_CONTENT {
            return Ok(());
        }
        Err(match refusal(response, now_ms).await {
            TokenError::Undecided(problem) | TokenError::Unsent(problem) => problem,
            // It can't open its own seal.
            TokenError::Unreadable => ProblemCode::ServiceUnavailable.into(),
            TokenError::Refused => ProblemCode::BackendIncompatible.into(),
        })
    }

    /// Posts to a token route, and gives the body of its answer.
    async fn ask(&self, path: &str, key: Option<&str>, body: &impl Serialize, now_ms: i64) -> Result<Zeroizing<Vec<u8>>, TokenError> {
        let incompatible = || TokenError::Undecided(ProblemCode::BackendIncompatible.into());
        let mut request = http::post(self.url(path), body).map_err(|_| incompatible())?;
        if let Some(key) = key {
            request.headers_mut().insert("Idempotency-Key", HeaderValue::from_str(key).map_err(|_| incompatible())?);
        }
        let began = Instant::now();
        let response = match self.http.send(request, Connection::Own, Peer::Backend).await {
            Ok(response) => response,
            Err(NoAnswer { problem, sent }) => {
                tracing::debug!(path, code = ?problem.code, sent, took_ms = took_ms(began), "no answer from the backend");
                return Err(if sent { TokenError::Undecided(problem) } else { TokenError::Unsent(problem) });
            }
        };
        tracing::debug!(path, status = response.status().as_u16(), took_ms = took_ms(began), "the backend answered");
        if response.status() != StatusCode::OK {
            return Err(refusal(response, now_ms).await);
        }
        let bytes = http::body(response).await.map_err(|_| TokenError::Undecided(ProblemCode::BackendUnreachable.into()))?;
        if http::is_page(&bytes) {
            return Err(TokenError::Undecided(ProblemCode::NetworkIntercepted.into()));
        }
        Ok(bytes)
    }

    fn url(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        url.set_path(path);
        url
    }
}

/// Reads tokens in Monei's own shape, with the refresh token under seal.
fn read_tokens(answer: &[u8]) -> Result<Tokens, TokenError> {
    let parsed = monei::TokenResponse::parse(answer).map_err(|_| TokenError::Undecided(ProblemCode::BackendIncompatible.into()))?;
    Ok(Tokens {
        access: parsed.access_token,
        refresh: SealedRefreshToken::new(parsed.refresh_token.expose()),
        expires_in: parsed.expires_in,
        scopes: parsed.scopes,
    })
}

async fn refusal(response: Response, now_ms: i64) -> TokenError {
    #[derive(Deserialize)]
    struct Body {
        code: String,
    }
    let status = response.status();
    let busy = Problem::busy(http::retry_after(&response, now_ms));
    let says_when = response.headers().contains_key(reqwest::header::RETRY_AFTER);
    let words = http::body(response).await.unwrap_or_default();
    let code = serde_json::from_slice::<Body>(&words).ok().map(|body| body.code);
    let undecided = |code: ProblemCode| TokenError::Undecided(code.into());
    let asks_to_sign_in = matches!(status, StatusCode::PROXY_AUTHENTICATION_REQUIRED | StatusCode::NETWORK_AUTHENTICATION_REQUIRED);
    match code.as_deref() {
        Some("approval_refused" | "grant_refused" | "handoff_used") => TokenError::Refused,
        Some("invalid_handoff" | "invalid_token") => TokenError::Unreadable,
        Some("rate_limited" | "provider_busy") => TokenError::Undecided(busy),
        Some("provider_unavailable" | "outcome_unknown" | "revoke_unconfirmed") => undecided(ProblemCode::ProviderUnavailable),
        // Over by then: it can't reach its store, say. Without a time Monei refuses its registration.
        Some("service_unavailable") if says_when => TokenError::Undecided(Problem { code: ProblemCode::BackendUnreachable, ..busy }),
        Some("service_unavailable" | "internal") => undecided(ProblemCode::ServiceUnavailable),
        // A proxy in between, or a backend of another version: nothing is decided by it.
        _ if status == StatusCode::TOO_MANY_REQUESTS => TokenError::Undecided(busy),
        _ if asks_to_sign_in => undecided(ProblemCode::NetworkIntercepted),
        _ if status.is_server_error() => undecided(ProblemCode::BackendUnreachable),
        _ if http::is_page(&words) || status.is_redirection() => undecided(ProblemCode::NetworkIntercepted),
        _ => undecided(ProblemCode::BackendIncompatible),
    }
}

/// Reads a backend address that a person or packager gave: an https origin, or http on loopback.
///
/// # Errors
/// [`ProblemCode::BackendAddress`] for anything else.
pub fn parse_address(text: &str) -> Result<Url, Problem> {
    let refused = || Problem::new(ProblemCode::BackendAddress);
    if text.len() > 200 {
        return Err(refused());
    }
    let url = Url::parse(text.trim()).map_err(|_| refused())?;
    let safe = http::is_loopback(&url) || (url.scheme() == "https" && url.has_host());
    let bare =
        url.username().is_empty() && url.password().is_none() && url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    if safe && bare { Ok(url) } else { Err(refused()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_or_loopback_origins_are_addresses() {
        for good in ["https://connect.example.org", "https://connect.example.org:8443/", "http://127.0.0.1:43117", " http://localhost:1 "] {
            assert!(parse_address(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "connect.example.org",
            "http://connect.example.org",
            "https://user@host",
            "https://user:pw@host",
            "https://host/path",
            "https://host?x=1",
            "https://host/#f",
            "ftp://host",
            "file:///etc/passwd",
            "javascript:alert(1)",
            "http://10.0.0.1",
        ] {
            assert_eq!(parse_address(bad), Err(Problem::new(ProblemCode::BackendAddress)), "{bad}");
        }
    }
}
