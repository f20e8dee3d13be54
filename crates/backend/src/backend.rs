//! The backend as one value: configuration, keys, store and the way to Monei.

use std::num::NonZeroU32;
use std::sync::Arc;

use axum::Router;

use crate::budget::{Charge, Endpoint, Lane, Limits};
use crate::clock::{Clock, SystemClock};
use crate::config::{Config, ConfigError, Environment};
use crate::cookie::Cookies;
use crate::guard::address::AddressLimit;
use crate::metrics::{Counter, Metrics};
use crate::problem::{Code, Problem};
use crate::provider::Provider;
use crate::provider::answer::Answer;
use crate::seal::Sealer;
use crate::standing::{Credentials, Standing};
use crate::store::Store;
use crate::store::memory::MemoryStore;
use crate::store::redis::RedisStore;
use crate::under_way::UnderWay;

/// The service. Cheap to clone; all clones are the same.
#[derive(Clone)]
pub struct Backend(Arc<Inner>);

/// What a reload changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reloaded {
    /// The client secret, or the previous one.
    pub client_secrets: bool,
    /// The sealing key, or the previous one.
    pub sealing_keys: bool,
}

pub(crate) struct Inner {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) cookies: Cookies,
    pub(crate) limits: Limits,
    pub(crate) address_limit: AddressLimit,
    /// No single address may use up everybody's starts.
    pub(crate) start_limit: AddressLimit,
    pub(crate) metrics: Metrics,
    pub(crate) provider: Provider,
    pub(crate) sealer: Sealer,
    pub(crate) standing: Standing,
    pub(crate) store: Box<dyn Store>,
    pub(crate) under_way: UnderWay,
    pub(crate) config: Config,
}

impl std::fmt::Debug for Backend {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Backend").field(&self.0.config).finish()
    }
}

impl Backend {
    /// A backend with the computer's clock.
    ///
    /// # Errors
    /// [`ConfigError::Tls`] when the HTTPS client can't be set up.
    pub fn new(config: Config) -> Result<Backend, ConfigError> {
        Self::with_clock(config, Arc::new(SystemClock::default()))
    }

    /// A backend that reads the time from `clock`, for tests of what happens later.
    ///
    /// # Errors
    /// [`ConfigError::Tls`] when the HTTPS client can't be set up.
    pub fn with_clock(config: Config, clock: Arc<dyn Clock>) -> Result<Backend, ConfigError> {
        let provider = Provider::new(&config)?;
        let store: Box<dyn Store> = match &config.redis_url {
            Some(url) => Box::new(RedisStore::new(url, &config)?),
            None => Box::new(MemoryStore::new(clock.clone(), config.environment == Environment::Production)),
        };
        let sealer = Sealer::new(config.environment, config.sealing_key.clone(), config.sealing_key_previous.clone());
        Ok(Self(Arc::new(Inner {
            cookies: Cookies::new(config.https),
            limits: Limits::new(config.token_calls_per_minute, config.authorize_calls_per_minute),
            address_limit: AddressLimit::new(config.per_address_per_minute),
            start_limit: AddressLimit::new(starts_per_address(&config)),
            metrics: Metrics::default(),
            provider,
            sealer,
            standing: Standing::default(),
            store,
            under_way: UnderWay::default(),
            clock,
            config,
        })))
    }

    /// Uses the client secrets and sealing keys of `config` from now on, as after a rotation. Requests under way keep those they began with.
    /// Tells which of the two are others than before.
    ///
    /// # Errors
    /// [`ConfigError::Restart`] when anything else differs, which takes a restart; nothing is changed then.
    pub fn reload(&self, config: &Config) -> Result<Reloaded, ConfigError> {
        let inner = self.inner();
        inner.config.differs_in_more_than_secrets(config).map_or(Ok(()), |name| Err(ConfigError::Restart { name }))?;
        let sealing_keys = inner.sealer.replace(config.sealing_key.clone(), config.sealing_key_previous.clone());
        let client_secrets = inner.provider.replace_secrets(config);
        if client_secrets {
            // They are yet to be tried.
            inner.standing.set_credentials(Credentials::Untried);
        }
        Ok(Reloaded { client_secrets, sealing_keys })
    }

    /// What callers may reach.
    pub fn router(&self) -> Router {
        crate::routes::public(self.clone())
    }

    /// Health and metrics, for a listener that callers can't reach.
    pub fn private_router(&self) -> Router {
        crate::routes::private(self.clone())
    }

    /// What can't be reached or used, a sentence each. Tries the store with a key of nobody's, and asks Monei without any credentials.
    pub async fn unreachable(&self) -> Vec<String> {
        let inner = self.inner();
        let mut sentences = Vec::new();
        if let Err(reason) = inner.store.check().await {
            sentences.push(format!("CONNECT_REDIS_URL: the store can't be used: {reason}."));
        }
        if let Err(reason) = inner.provider.greet().await {
            sentences.push(format!("Monei ({}) can't be reached: {reason}.", inner.config.api_base));
        }
        sentences
    }

    pub(crate) fn inner(&self) -> &Inner {
        &self.0
    }

    /// Makes room for one call to Monei, or says how long to wait.
    pub(crate) async fn charge(&self, lane: Lane) -> Result<(), Problem> {
        let inner = self.inner();
        if let Some(left) = inner.standing.busy_for(lane.endpoint(), inner.clock.steady()) {
            return Err(Problem::from(Code::ProviderBusy).retry_after(whole_seconds(left)));
        }
        match inner.store.charge(lane, inner.limits).await? {
            Charge::Granted => Ok(()),
            Charge::Wait(wait) => Err(Problem::from(Code::RateLimited).retry_after(whole_seconds(wait))),
            Charge::Paused(wait) => Err(Problem::from(Code::ProviderBusy).retry_after(whole_seconds(wait))),
        }
    }

    /// Counts a call to Monei, and notes when Monei asked to wait. Other instances are told of the token endpoint alone: of the other, each
    /// finds out by one call.
    pub(crate) async fn note_call(&self, call: &'static str, endpoint: Endpoint, answer: &Answer) {
        let inner = self.inner();
        inner.metrics.count(Counter::Provider(call, answer.label()));
        let Some(seconds) = answer.wait() else { return };
        inner.standing.busy(endpoint, inner.clock.steady(), seconds);
        if endpoint == Endpoint::Token && inner.store.pause(std::time::Duration::from_secs(seconds)).await.is_err() {
            tracing::warn!(event = "pause_not_shared");
        }
    }
}

/// Half of the starts a minute, where there are limits at all.
fn starts_per_address(config: &Config) -> Option<NonZeroU32> {
    let (per_address, all) = (config.per_address_per_minute?, config.authorize_calls_per_minute?);
    NonZeroU32::new(all.get().div_ceil(2)).map(|half| half.min(per_address))
}

/// Rounded up, so that who waits this long has waited long enough.
pub(crate) fn whole_seconds(wait: std::time::Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}
