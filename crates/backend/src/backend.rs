//! The backend as one value: configuration, keys, store and the way to Monei.

use std::sync::Arc;

use axum::Router;

use crate::clock::{Clock, SystemClock};
use crate::config::{BudgetScope, Config, ConfigError, Environment};
use crate::cookie::Cookies;
use crate::domain::budget::{Call, Charge, Endpoint, Id, Limits, Op};
use crate::guard::address::AddressLimit;
use crate::metrics::{Counter, Metrics};
use crate::problem::{Code, Problem};
use crate::provider::Provider;
use crate::provider::answer::Answer;
use crate::seal::Sealer;
use crate::standing::{Credentials, Standing};
use crate::store::memory::MemoryStore;
use crate::store::redis::RedisStore;
use crate::store::{Scope, Store};
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
    pub(crate) async fn charge(&self, op: Op) -> Result<(), Problem> {
        let inner = self.inner();
        if inner.limits.is_unlimited() && matches!(op, Op::Reserve(_)) {
            return Ok(());
        }
        match inner.store.budget(self.scope_of(&op), op, inner.limits).await? {
            Charge::Granted => Ok(()),
            Charge::Wait(wait) => Err(Problem::from(Code::RateLimited).retry_after(whole_seconds(wait))),
            Charge::Paused(wait) => Err(Problem::from(Code::ProviderBusy).retry_after(whole_seconds(wait))),
        }
    }

    /// Takes a place for the redeem of a code that just arrived; the seconds until its time. Where no place can be had the code is handed over all
    /// the same: it is the person's only one.
    pub(crate) async fn book(&self, call: Call, id: Id) -> u64 {
        let inner = self.inner();
        let op = Op::Book { call, id };
        if inner.limits.is_unlimited() {
            return 0;
        }
        match inner.store.budget(self.scope_of(&op), op, inner.limits).await {
            Ok(Charge::Granted) => 0,
            Ok(Charge::Wait(wait) | Charge::Paused(wait)) => whole_seconds(wait),
            Err(_) => {
                tracing::warn!(event = "no_place_booked");
                0
            }
        }
    }

    /// A person came back from the consent page without a code.
    pub(crate) async fn returned(&self, id: Id) {
        let inner = self.inner();
        if !inner.limits.is_unlimited() && inner.store.budget(self.shared_scope(), Op::Returned { id }, inner.limits).await.is_err() {
            tracing::warn!(event = "return_not_counted");
        }
    }

    /// Counts a call to Monei, and records when Monei asked for a pause.
    pub(crate) async fn note_call(&self, call: &'static str, endpoint: Endpoint, ticket: Id, answer: &Answer) {
        let inner = self.inner();
        inner.metrics.count(Counter::Provider(call, answer.label()));
        if call == "refresh" && matches!(answer, Answer::Busy(_) | Answer::Failed(_) | Answer::NotSent) && !inner.limits.is_unlimited() {
            let op = Op::NotDone { ticket };
            if inner.store.budget(self.scope_of(&op), op, inner.limits).await.is_err() {
                tracing::warn!(event = "refresh_not_uncounted");
            }
        }
        let Some(seconds) = answer.wait() else { return };
        // A 503 is about the service as a whole, a 429 about a limit of whatever kind.
        let ticket = matches!(answer, Answer::Busy(_)).then_some(ticket);
        let op = Op::Busy { endpoint, ticket, ms: seconds.saturating_mul(1_000) };
        match inner.store.budget(self.scope_of(&op), op, inner.limits).await {
            Ok(charge) => self.compare_with_scope(endpoint, answer, charge != Charge::Granted).await,
            Err(_) => tracing::warn!(event = "pause_not_shared"),
        }
    }

    /// A limit of Monei's that counts something else than `MONEI_BUDGET_SCOPE` says raises an alert: a 429 though this backend kept to the limit, or
    /// one that concerns several grants where each is said to have its own.
    async fn compare_with_scope(&self, endpoint: Endpoint, answer: &Answer, all: bool) {
        let inner = self.inner();
        if endpoint != Endpoint::Token || !matches!(answer, Answer::Busy(_)) {
            return;
        }
        let contradicted = match inner.config.budget_scope {
            BudgetScope::Grant => all,
            BudgetScope::Client | BudgetScope::Egress(_) => {
                let usage = inner.store.usage(self.shared_scope()).await.unwrap_or_default();
                usage.redeem + usage.refresh < inner.limits.total()
            }
        };
        if contradicted {
            inner.metrics.count(Counter::ScopeContradicted);
            tracing::error!(event = "budget_scope_contradicted", all);
        }
    }

    fn scope_of(&self, op: &Op) -> Scope {
        match (self.inner().config.budget_scope, op) {
            (BudgetScope::Grant, Op::Reserve(call) | Op::Book { call, .. }) => Scope::Grant(call.ticket),
            (BudgetScope::Grant, Op::NotDone { ticket }) => Scope::Grant(*ticket),
            (BudgetScope::Grant, Op::Busy { endpoint: Endpoint::Token, ticket: Some(ticket), .. }) => Scope::Grant(*ticket),
            _ => self.shared_scope(),
        }
    }

    /// What all callers share.
    pub(crate) fn shared_scope(&self) -> Scope {
        match self.inner().config.budget_scope {
            BudgetScope::Egress(id) => Scope::Shared(id),
            BudgetScope::Client | BudgetScope::Grant => Scope::Shared(0),
        }
    }
}

/// Rounded up, so that who waits this long has waited long enough.
pub(crate) fn whole_seconds(wait: std::time::Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}
