//! Calls to Monei: exchange a code, refresh, revoke. The one place where the client secret is used, and the only hosts ever called.

pub(crate) mod answer;

use std::time::Duration;

use monei::{AccessToken, AuthorizationCode, ClientSecret, RefreshToken};
use serde::Serialize;
use zeroize::Zeroizing;

use crate::config::{Config, ConfigError, RefreshAuth};
use answer::{Answer, read};

/// How long a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a call may take as a whole.
const TOTAL_TIMEOUT: Duration = Duration::from_secs(20);

/// Monei's token and revoke endpoints, as this backend's client.
pub(crate) struct Provider {
    http: reqwest::Client,
    token_url: String,
    revoke_url: String,
    client_id: String,
    redirect_uri: String,
    refresh_auth: RefreshAuth,
    secret: ClientSecret,
    previous_secret: Option<ClientSecret>,
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
            // A call on a connection that Monei is just closing would have an unknown outcome; at ten calls a minute a new one is cheap.
            .pool_max_idle_per_host(0)
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TOTAL_TIMEOUT)
            .build()
            .map_err(|error| ConfigError::Tls(error.without_url().to_string()))?;
        Ok(Self {
            http,
            token_url: format!("{}/connect/token", config.api_base),
            revoke_url: format!("{}/connect/token/revoke", config.api_base),
            client_id: config.client_id.clone(),
            redirect_uri: config.redirect_uri.clone(),
            refresh_auth: config.refresh_auth,
            secret: config.client_secret.clone(),
            previous_secret: config.client_secret_previous.clone(),
        })
    }

    /// Whether there is a second secret to try.
    pub(crate) fn has_previous_secret(&self) -> bool {
        self.previous_secret.is_some()
    }

    /// Whether a refresh carries the secret.
    pub(crate) fn refresh_auth(&self) -> RefreshAuth {
        self.refresh_auth
    }

    fn secret(&self, which: Which) -> &ClientSecret {
        match (which, &self.previous_secret) {
            (Which::Previous, Some(previous)) => previous,
            _ => &self.secret,
        }
    }

    /// `grant_type=authorization_code` (Monei: oauth-flow).
    pub(crate) async fn exchange(&self, code: &AuthorizationCode, which: Which) -> Answer {
        let body = ExchangeBody {
            grant_type: "authorization_code",
            code: code.expose(),
            redirect_uri: &self.redirect_uri,
            client_id: &self.client_id,
            client_secret: self.secret(which).expose(),
        };
        self.post("exchange", &self.token_url, &body).await
    }

    /// `grant_type=refresh_token`, with the body that Monei documents or, where configured, with credentials (Monei: tokens).
    pub(crate) async fn refresh(&self, token: &RefreshToken, which: Which) -> Answer {
        let with_secret = self.refresh_auth == RefreshAuth::Secret;
        let body = RefreshBody {
            grant_type: "refresh_token",
            refresh_token: token.expose(),
            client_id: with_secret.then_some(self.client_id.as_str()),
            client_secret: with_secret.then(|| self.secret(which).expose()),
        };
        self.post("refresh", &self.token_url, &body).await
    }

    /// Revokes the pair that the access token belongs to (Monei: tokens).
    pub(crate) async fn revoke_access(&self, token: &AccessToken) -> Answer {
        self.post("revoke", &self.revoke_url, &RevokeBody { token: token.expose() }).await
    }

    /// The same by the refresh token, which Monei doesn't document but may accept.
    pub(crate) async fn revoke_refresh(&self, token: &RefreshToken) -> Answer {
        self.post("revoke", &self.revoke_url, &RevokeBody { token: token.expose() }).await
    }

    async fn post<B: Serialize>(&self, call: &'static str, url: &str, body: &B) -> Answer {
        let Ok(body) = serde_json::to_vec(body).map(Zeroizing::new) else { return Answer::NotSent };
        let request = self
            .http
            .post(url)
            .header(http::header::CONTENT_TYPE, "application/json")
            .header(http::header::ACCEPT, "application/json")
            .body(body.to_vec());
        let answer = read(request.send().await).await;
        tracing::info!(event = "provider_call", call, result = answer.label());
        answer
    }
}
