//! Calls to Monei: exchange a code, refresh, revoke. The one place where client secrets are used, and the only hosts ever called.

mod answer;

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use monei::{AccessToken, AuthorizationCode, ClientSecret, RefreshToken};
use serde::Serialize;
use zeroize::Zeroizing;

use tracing::Instrument;

use super::Later;
use super::provider::{Answer, Provider, Which};
use crate::config::{Config, ConfigError};
use crate::domain::registration::{Registrations, Shard};
use crate::domain::settings::RefreshAuth;
use crate::metrics::Metrics;
use answer::{Asked, deepest, read};

/// How long a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long after an answer its connection may carry another call. A call on a connection that Monei is just closing would have an unknown
/// outcome, and servers close idle connections after five seconds or more (Node: 5 s, nginx: 75 s).
const REUSE_WITHIN: Duration = Duration::from_secs(1);
/// How long a call may take as a whole.
const TOTAL_TIMEOUT: Duration = Duration::from_secs(20);

/// Monei over HTTPS.
pub(crate) struct Monei {
    http: reqwest::Client,
    root_url: String,
    token_url: String,
    revoke_url: String,
    registrations: Registrations,
    refresh_auth: RefreshAuth,
    secrets: RwLock<Arc<Secrets>>,
    metrics: Arc<Metrics>,
}

/// The secrets of each registration, in the order of the configuration.
#[derive(PartialEq)]
struct Secrets(Vec<Pair>);

/// A client secret, and the one before it while Monei may still want that.
#[derive(Clone)]
pub(crate) struct Pair {
    pub(crate) present: ClientSecret,
    pub(crate) previous: Option<ClientSecret>,
}

impl PartialEq for Pair {
    fn eq(&self, other: &Self) -> bool {
        let texts = |pair: &Self| (pair.present.expose().to_owned(), pair.previous.as_ref().map(|previous| previous.expose().to_owned()));
        let (one, two) = (texts(self), texts(other));
        one == two
    }
}

impl Secrets {
    fn of(config: &Config) -> Arc<Self> {
        Arc::new(Self(config.secrets.clone()))
    }

    fn get(&self, shard: Shard, which: Which) -> Option<&ClientSecret> {
        let pair = self.0.get(shard.index())?;
        Some(match (which, &pair.previous) {
            (Which::Previous, Some(previous)) => previous,
            _ => &pair.present,
        })
    }
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

impl Monei {
    /// # Errors
    /// [`ConfigError::Tls`] when the HTTPS client can't be set up.
    pub(crate) fn new(config: &Config, metrics: Arc<Metrics>) -> Result<Self, ConfigError> {
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
            registrations: config.registrations.clone(),
            refresh_auth: config.refresh_auth,
            secrets: RwLock::new(Secrets::of(config)),
            metrics,
        })
    }

    /// Uses the secrets of `config` from now on. False if they are those in use.
    pub(crate) fn replace_secrets(&self, config: &Config) -> bool {
        let secrets = Secrets::of(config);
        let mut used = self.secrets.write().unwrap_or_else(PoisonError::into_inner);
        let others = **used != *secrets;
        *used = secrets;
        others
    }

    fn secrets(&self) -> Arc<Secrets> {
        self.secrets.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn post<B: Serialize>(&self, call: &'static str, url: &str, body: &B, asked: Asked) -> Answer {
        let Ok(body) = serde_json::to_vec(body).map(Zeroizing::new) else { return Answer::NotSent };
        let request = self
            .http
            .post(url)
            .header(http::header::CONTENT_TYPE, "application/json")
            .header(http::header::ACCEPT, "application/json")
            .body(Bytes::from_owner(body));
        let asking = async {
            let began = Instant::now();
            let answer = read(request.send().await, asked).await;
            let took = began.elapsed();
            tracing::info!(event = "provider_call", call, result = answer.label(), ms = took.as_millis() as u64);
            self.metrics.observe(call, took);
            answer
        };
        asking.instrument(tracing::error_span!("call", call)).await
    }
}

impl Provider for Monei {
    fn exchange<'a>(&'a self, shard: Shard, code: &'a AuthorizationCode, which: Which) -> Later<'a, Answer> {
        Box::pin(async move {
            let secrets = self.secrets();
            let Some(secret) = secrets.get(shard, which) else { return Answer::NotSent };
            let registration = self.registrations.get(shard);
            let body = ExchangeBody {
                grant_type: "authorization_code",
                code: code.expose(),
                redirect_uri: &registration.redirect_uri,
                client_id: &registration.client_id,
                client_secret: secret.expose(),
            };
            self.post("exchange", &self.token_url, &body, Asked::Tokens).await
        })
    }

    /// With the body that Monei documents or, where configured, with credentials.
    fn refresh<'a>(&'a self, shard: Shard, token: &'a RefreshToken, which: Which) -> Later<'a, Answer> {
        Box::pin(async move {
            let with_secret = self.refresh_auth == RefreshAuth::Secret;
            let secrets = self.secrets();
            let Some(secret) = secrets.get(shard, which) else { return Answer::NotSent };
            let body = RefreshBody {
                grant_type: "refresh_token",
                refresh_token: token.expose(),
                client_id: with_secret.then_some(self.registrations.get(shard).client_id.as_str()),
                client_secret: with_secret.then(|| secret.expose()),
            };
            self.post("refresh", &self.token_url, &body, Asked::Tokens).await
        })
    }

    fn revoke_access<'a>(&'a self, token: &'a AccessToken) -> Later<'a, Answer> {
        Box::pin(async move { self.post("revoke", &self.revoke_url, &RevokeBody { token: token.expose() }, Asked::Done).await })
    }

    fn revoke_refresh<'a>(&'a self, token: &'a RefreshToken) -> Later<'a, Answer> {
        Box::pin(async move { self.post("revoke", &self.revoke_url, &RevokeBody { token: token.expose() }, Asked::Done).await })
    }

    fn has_previous_secret(&self, shard: Shard) -> bool {
        self.secrets().0.get(shard.index()).is_some_and(|pair| pair.previous.is_some())
    }

    fn refresh_auth(&self) -> RefreshAuth {
        self.refresh_auth
    }

    fn greet(&self) -> Later<'_, Result<(), String>> {
        Box::pin(async move { self.http.get(&self.root_url).send().await.map(drop).map_err(deepest) })
    }
}
