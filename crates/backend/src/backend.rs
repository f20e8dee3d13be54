//! The backend as one value: configuration, keys, store and the way to Monei.

use std::sync::Arc;

use axum::Router;

use crate::budget::{Charge, Lane, Limits};
use crate::clock::{Clock, SystemClock};
use crate::config::{Config, ConfigError};
use crate::cookie::Cookies;
use crate::guard::address::AddressLimit;
use crate::metrics::{Counter, Metrics};
use crate::problem::{Code, Problem};
use crate::provider::Provider;
use crate::provider::answer::Answer;
use crate::seal::Sealer;
use crate::standing::Standing;
use crate::store::Store;
use crate::store::memory::MemoryStore;

/// The service. Cheap to clone; all clones are the same.
#[derive(Clone)]
pub struct Backend(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) cookies: Cookies,
    pub(crate) limits: Limits,
    pub(crate) address_limit: AddressLimit,
    pub(crate) metrics: Metrics,
    pub(crate) provider: Provider,
    pub(crate) sealer: Sealer,
    pub(crate) standing: Standing,
    pub(crate) store: Box<dyn Store>,
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
        let sealer = Sealer::new(config.environment, config.sealing_key.clone(), config.sealing_key_previous.clone());
        Ok(Self(Arc::new(Inner {
            cookies: Cookies::new(config.https),
            limits: Limits::new(config.token_calls_per_minute),
            address_limit: AddressLimit::new(config.per_address_per_minute),
            metrics: Metrics::default(),
            provider: Provider::new(&config)?,
            sealer,
            standing: Standing::default(),
            store: Box::new(MemoryStore::new(clock.clone())),
            clock,
            config,
        })))
    }

    /// What callers may reach.
    pub fn router(&self) -> Router {
        crate::routes::public(self.clone())
    }

    /// Health and metrics, for a listener that callers can't reach.
    pub fn private_router(&self) -> Router {
        crate::routes::private(self.clone())
    }

    pub(crate) fn inner(&self) -> &Inner {
        &self.0
    }

    /// Makes room for one token call, or says how long to wait.
    pub(crate) async fn charge(&self, lane: Lane) -> Result<(), Problem> {
        let inner = self.inner();
        if let Some(left) = inner.standing.busy_for(inner.clock.steady()) {
            return Err(Problem::from(Code::ProviderBusy).retry_after(whole_seconds(left)));
        }
        match inner.store.charge(lane, inner.limits).await? {
            Charge::Granted => Ok(()),
            Charge::Wait(wait) => Err(Problem::from(Code::RateLimited).retry_after(whole_seconds(wait))),
        }
    }

    /// Counts a call to the token endpoint, and notes when Monei asked to wait.
    pub(crate) fn note_token_call(&self, call: &'static str, answer: &Answer) {
        self.note_call(call, answer);
        if let Answer::Busy(seconds) = answer {
            self.inner().standing.busy(self.inner().clock.steady(), *seconds);
        }
    }

    /// Counts a call to Monei.
    pub(crate) fn note_call(&self, call: &'static str, answer: &Answer) {
        self.inner().metrics.count(Counter::Provider(call, answer.label()));
    }
}

/// Rounded up, so that who waits this long has waited long enough.
fn whole_seconds(wait: std::time::Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}
