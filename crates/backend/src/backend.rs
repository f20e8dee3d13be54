//! The backend as one value: what wires configuration, ports, flows and HTTP together.

use std::io;
use std::sync::Arc;

use axum::Router;
use tokio::net::TcpListener;

use crate::config::{Config, ConfigError, Environment};
use crate::domain::budget::Limits;
use crate::domain::seal::Sealer;
use crate::flow::answers::Answers;
use crate::flow::callback::Callback;
use crate::flow::gate::Gate;
use crate::flow::health::Health;
use crate::flow::once::Once;
use crate::flow::redeem::Redeem;
use crate::flow::refresh::Refresh;
use crate::flow::refusals::Refusals;
use crate::flow::revoke::Revoke;
use crate::flow::standing::Standing;
use crate::flow::start::Start;
use crate::flow::under_way::UnderWay;
use crate::http::cookie::Cookies;
use crate::http::guard::address::AddressLimit;
use crate::http::server::{self, Listener, Served};
use crate::http::{About, Parts, Service, routes};
use crate::metrics::Metrics;
use crate::ports::Store;
use crate::ports::clock::{Clock, SystemClock};
use crate::ports::memory::MemoryStore;
use crate::ports::monei::Monei;
use crate::ports::provider::Provider;
use crate::ports::redis::RedisStore;

/// The service. Cheap to clone; all clones are the same.
#[derive(Clone)]
pub struct Backend(Arc<Inner>);

/// What a reload changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reloaded {
    /// The client secret, or the previous one.
    pub client_secrets: bool,
    /// The sealing key, or the previous one.
    pub sealing_keys: bool,
    /// How the store is reached: its user name, its password, or certificates.
    pub store_link: bool,
    /// Why a new way to reach the store isn't used: the store doesn't take it. The one before stays in use.
    pub store_link_refused: Option<String>,
}

struct Inner {
    config: Config,
    monei: Arc<Monei>,
    sealer: Arc<Sealer>,
    standing: Arc<Standing>,
    store: Arc<dyn Store>,
    /// The same, where it is one.
    redis: Option<Arc<RedisStore>>,
    under_way: UnderWay,
    service: Service,
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
        let metrics = Arc::new(Metrics::default());
        let monei = Arc::new(Monei::new(&config, metrics.clone())?);
        let redis = config.store.as_ref().map(|settings| RedisStore::new(settings, &config).map(Arc::new)).transpose()?;
        let store: Arc<dyn Store> = match &redis {
            Some(redis) => redis.clone(),
            None => Arc::new(MemoryStore::new(clock.clone(), config.environment == Environment::Production)),
        };
        let sealer = Arc::new(Sealer::new(config.environment, config.sealing_key.clone(), config.sealing_key_previous.clone()));
        let (standing, under_way) = (Arc::new(Standing::default()), UnderWay::default());
        let provider: Arc<dyn Provider> = monei.clone();
        let gate = Arc::new(Gate {
            budgets: store.clone(),
            limits: Limits::new(config.token_calls_per_minute, config.authorize_calls_per_minute),
            scope: config.budget_scope,
            registrations: config.registrations.clone(),
            standing: standing.clone(),
            metrics: metrics.clone(),
        });
        let answers = Arc::new(Answers { sealer: sealer.clone(), standing: standing.clone(), metrics: metrics.clone() });
        let once = Once { replays: store.clone(), sealer: sealer.clone(), under_way: under_way.clone() };
        let refusals = Arc::new(Refusals {
            marks: store.clone(),
            clock: clock.clone(),
            policy: config.refusals,
            registrations: config.registrations.clone(),
        });
        let parts = Parts {
            start: Start {
                sealer: sealer.clone(),
                clock: clock.clone(),
                gate: gate.clone(),
                metrics: metrics.clone(),
                authorize_url: config.authorize_url.clone(),
            },
            callback: Callback {
                sealer: sealer.clone(),
                clock: clock.clone(),
                marks: store.clone(),
                gate: gate.clone(),
                answers: answers.clone(),
                metrics: metrics.clone(),
                issuer: config.authorize_url.origin().ascii_serialization(),
                link_scheme: config.link_scheme.clone(),
            },
            redeem: Redeem {
                sealer: sealer.clone(),
                clock,
                marks: store.clone(),
                provider: provider.clone(),
                once: once.clone(),
                gate: gate.clone(),
                answers: answers.clone(),
                metrics: metrics.clone(),
            },
            refresh: Refresh {
                sealer: sealer.clone(),
                provider: provider.clone(),
                once: once.clone(),
                gate: gate.clone(),
                answers,
                refusals,
                standing: standing.clone(),
            },
            revoke: Revoke { sealer: sealer.clone(), provider, once, gate: gate.clone() },
            health: Health { store: store.clone(), gate, standing: standing.clone(), metrics: metrics.clone() },
            metrics,
            cookies: Cookies::new(config.https),
            address_limit: AddressLimit::new(config.per_address_per_minute),
            trusted_proxies: config.trusted_proxies.clone(),
            about: About {
                environment: config.environment,
                operator_name: config.operator_name.clone(),
                operator_url: config.operator_url.clone(),
                sandbox_url: config.sandbox_url.clone(),
            },
        };
        let service = Service(Arc::new(parts));
        Ok(Self(Arc::new(Inner { config, monei, sealer, standing, store, redis, under_way, service })))
    }

    /// Uses the client secrets and sealing keys of `config` from now on, as after a rotation, and its way to reach the same store, if the store takes
    /// it. Requests under way keep those they began with. Tells which are others than before.
    ///
    /// # Errors
    /// [`ConfigError::Restart`] when anything else differs, which takes a restart; nothing is changed then.
    pub async fn reload(&self, config: &Config) -> Result<Reloaded, ConfigError> {
        let inner = &self.0;
        inner.config.differs_in_more_than_secrets(config).map_or(Ok(()), |name| Err(ConfigError::Restart { name }))?;
        let sealing_keys = inner.sealer.replace(config.sealing_key.clone(), config.sealing_key_previous.clone());
        let client_secrets = inner.monei.replace_secrets(config);
        if client_secrets {
            inner.standing.forget();
        }
        let store_link = match (&inner.redis, &config.store) {
            (Some(redis), Some(settings)) => redis.replace_link(settings, config).await,
            _ => Ok(false),
        };
        Ok(Reloaded { client_secrets, sealing_keys, store_link: store_link == Ok(true), store_link_refused: store_link.err() })
    }

    /// What callers may reach.
    pub fn router(&self) -> Router {
        routes::public(self.service())
    }

    /// Health and metrics, for a listener that callers can't reach.
    pub fn private_router(&self) -> Router {
        routes::private(self.service())
    }

    /// What can't be reached or used, a sentence each. Tries the store with a key that nothing else uses, and asks Monei without any credentials.
    pub async fn unreachable(&self) -> Vec<String> {
        let mut sentences = Vec::new();
        if let Err(reason) = self.0.store.check().await {
            sentences.push(format!("CONNECT_REDIS_URL: the store can't be used: {reason}."));
        }
        if let Err(reason) = self.0.monei.greet().await {
            sentences.push(format!("Monei ({}) can't be reached: {reason}.", self.0.config.api_base));
        }
        sentences
    }

    /// Where the metrics read how many lines the log lost because nobody took them in time.
    pub fn watch_log(&self, dropped: impl Fn() -> u64 + Send + Sync + 'static) {
        self.0.service.metrics.watch_log(Box::new(dropped));
    }

    /// Serves callers on `listeners`, and health and metrics on `private`, until `shutdown`; then lets requests under way finish.
    ///
    /// # Errors
    /// When a task that accepts connections fails, which is a fault of this program.
    pub async fn serve(
        &self,
        listeners: Vec<Listener>,
        private: Vec<Listener>,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> io::Result<()> {
        let served = Served {
            public: self.router(),
            private: self.private_router(),
            under_way: self.0.under_way.clone(),
            connections_per_address: self.0.config.connections_per_address,
            trusted_proxies: self.0.config.trusted_proxies.clone(),
        };
        server::serve(listeners, private, served, shutdown).await
    }

    pub(crate) fn service(&self) -> Service {
        self.0.service.clone()
    }

    #[cfg(test)]
    pub(crate) fn sealer(&self) -> &Sealer {
        &self.0.sealer
    }
}

/// Serves `backend` on one address, and health and metrics on `private`: see [`Backend::serve`].
///
/// # Errors
/// As [`Backend::serve`].
pub async fn serve(
    listener: TcpListener,
    private: Option<TcpListener>,
    backend: Backend,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    backend.serve(vec![listener.into()], private.map(Listener::from).into_iter().collect(), shutdown).await
}
