//! Calls to Monei: exchange a code, refresh, revoke. The one place where the client secret is used, and the only hosts ever called.

pub(crate) mod answer;

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use monei::{AccessToken, AuthorizationCode, ClientSecret, RefreshToken};
use serde::Serialize;
use zeroize::Zeroizing;

use crate::config::{Config, ConfigError, RefreshAuth};
use crate::metrics::Latency;
use answer::{Answer, Asked, deepest, read};

/// How long a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long after an answer its connection may carry another call. A call on a connection that Monei is just closing would have an unknown
/// outcome, and servers close idle connections after five seconds or more (Node: 5 s, nginx: 75 s).
const REUSE_WITHIN: Duration = Duration::from_secs(1);
/// How long a call may take as a whole.
const TOTAL_TIMEOUT: Duration = Duration::from_secs(20);

/// Monei's token and revoke endpoints, as this backend's client.
pub(crate) struct Provider {
    http: reqwest::Client,
    root_url: String,
    token_url: String,
    revoke_url: String,
    client_id: String,
    redirect_uri: String,
    refresh_auth: RefreshAuth,
    secrets: RwLock<Arc<Secrets>>,
    /// How long Monei takes.
    pub(crate) latency: Latency,
}

/// The client secret, and the one before it while Monei may still want that.
struct Secrets {
    present: ClientSecret,
    previous: Option<ClientSecret>,
}

impl Secrets {
    fn of(config: &Config) -> Arc<Self> {
        Arc::new(Self { present: config.client_secret.clone(), previous: config.client_secret_previous.clone() })
    }

    fn same_as(&self, other: &Self) -> bool {
        [Which::Present, Which::Previous].into_iter().all(|which| self.get(which).expose() == other.get(which).expose())
            && self.previous.is_some() == other.previous.is_some()
    }

    fn get(&self, which: Which) -> &ClientSecret {
        match (which, &self.previous) {
            (Which::Previous, Some(previous)) => previous,
            _ => &self.present,
        }
    }
}

/// Which of the two secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which {
    /// `MONEI_CLIENT_SECRET`.
    Present,
    /// `MONEI_CLIENT_SECRET_PREVIOUS`.
    Previous,
}

#[derive(Serialize)]
struct ExchangeBody<'a> {
    grant_type: &'static str,
    code: &'a str,
    redirect_uri: &'a str,
    client_id: &'a str,
    client_secret: &'a str,
}

#[derive(Serialize)]
struct RefreshBody<'a> {
    grant_type: &'static str,
    refresh_token: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret: Option<&'a str>,
}

#[derive(Serialize)]
struct RevokeBody<'a> {
    token: &'a str,
}

impl Provider {
    /// # Errors
    /// [`ConfigError::Tls`] when the HTTPS client can't be set up.
    pub(crate) fn new(config: &Config) -> Result<Self, ConfigError> {
        // Fails only when one is set already, which then is the one to use.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .https_only(config.api_base.starts_with("https://"))
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .no_proxy()
            .http1_only()
            .pool_idle_timeout(REUSE_WITHIN)
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TOTAL_TIMEOUT)
            .build()
            .map_err(|error| ConfigError::Tls(error.without_url().to_string()))?;
        Ok(Self {
            http,
            root_url: config.api_base.trim_end_matches("api/v1").to_owned(),
            token_url: format!("{}/connect/token", config.api_base),
            revoke_url: format!("{}/connect/token/revoke", config.api_base),
            client_id: config.client_id.clone(),
            redirect_uri: config.redirect_uri.clone(),
            refresh_auth: config.refresh_auth,
            secrets: RwLock::new(Secrets::of(config)),
            latency: Latency::default(),
        })
    }

    /// Whether there is a second secret to try.
    pub(crate) fn has_previous_secret(&self) -> bool {
        self.secrets().previous.is_some()
    }

    /// Uses the secrets of `config` from now on. False if they are those in use.
    pub(crate) fn replace_secrets(&self, config: &Config) -> bool {
        let secrets = Secrets::of(config);
        let mut used = self.secrets.write().unwrap_or_else(PoisonError::into_inner);
        let others = !used.same_as(&secrets);
        *used = secrets;
        others
    }

    fn secrets(&self) -> Arc<Secrets> {
        self.secrets.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether a refresh carries the secret.
    pub(crate) fn refresh_auth(&self) -> RefreshAuth {
        self.refresh_auth
    }

    /// `grant_type=authorization_code` (Monei: oauth-flow).
    pub(crate) async fn exchange(&self, code: &AuthorizationCode, which: Which) -> Answer {
        let secrets = self.secrets();
        let body = ExchangeBody {
            grant_type: "authorization_code",
            code: code.expose(),
            redirect_uri: &self.redirect_uri,
            client_id: &self.client_id,
            client_secret: secrets.get(which).expose(),
        };
        self.post("exchange", &self.token_url, &body, Asked::Tokens).await
    }

    /// `grant_type=refresh_token`, with the body that Monei documents or, where configured, with credentials (Monei: tokens).
    pub(crate) async fn refresh(&self, token: &RefreshToken, which: Which) -> Answer {
        let with_secret = self.refresh_auth == RefreshAuth::Secret;
        let secrets = self.secrets();
        let body = RefreshBody {
            grant_type: "refresh_token",
            refresh_token: token.expose(),
            client_id: with_secret.then_some(self.client_id.as_str()),
            client_secret: with_secret.then(|| secrets.get(which).expose()),
        };
        self.post("refresh", &self.token_url, &body, Asked::Tokens).await
    }

    /// Revokes the pair that the access token belongs to (Monei: tokens).
    pub(crate) async fn revoke_access(&self, token: &AccessToken) -> Answer {
        self.post("revoke", &self.revoke_url, &RevokeBody { token: token.expose() }, Asked::Done).await
    }

    /// The same by the refresh token, which Monei doesn't document but may accept.
    pub(crate) async fn revoke_refresh(&self, token: &RefreshToken) -> Answer {
        self.post("revoke", &self.revoke_url, &RevokeBody { token: token.expose() }, Asked::Done).await
    }

    /// Whether Monei's host answers at all, whatever it answers. No token call, and no credentials.
    pub(crate) async fn greet(&self) -> Result<(), String> {
        match self.http.get(&self.root_url).send().await {
            Ok(_) => Ok(()),
            Err(error) => Err(deepest(error)),
        }
    }

    async fn post<B: Serialize>(&self, call: &'static str, url: &str, body: &B, asked: Asked) -> Answer {
        let Ok(body) = serde_json::to_vec(body).map(Zeroizing::new) else { return Answer::NotSent };
        let request = self
            .http
            .post(url)
            .header(http::header::CONTENT_TYPE, "application/json")
            .header(http::header::ACCEPT, "application/json")
            .body(Bytes::from_owner(body));
        let began = Instant::now();
        let answer = read(request.send().await, asked).await;
        let took = began.elapsed();
        tracing::info!(event = "provider_call", call, result = answer.label(), ms = took.as_millis() as u64);
        self.latency.observe(call, took);
        answer
    }
}
