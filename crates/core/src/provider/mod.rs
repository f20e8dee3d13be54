//! The network: the backend, and Monei's API. One client for each way out, for the whole run.
//!
//! [`Provider`] knows which backend is used and what it says of itself, and how long Monei asked not to be called about an account.

mod api;
pub mod backend;
mod backoff;
pub mod http;
mod identify;
mod service;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::Http;
use url::Url;

use crate::changed::Changed;
use crate::clock::Clock;
use crate::model::{AccountId, Environment};

pub use api::{Body, RawVerdict, Verdict};
pub use identify::Told;
pub use service::{Service, ServiceStatus};

/// The network. Cheap to clone.
#[derive(Clone)]
pub struct Provider {
    inner: Arc<Inner>,
}

struct Inner {
    http: Arc<Http>,
    clock: Arc<dyn Clock>,
    environment: Environment,
    changed: Changed,
    service: Mutex<Service>,
    /// Held while the backend is asked before the first refresh.
    asking: tokio::sync::Mutex<()>,
    backoff: Mutex<HashMap<AccountId, backoff::RateLimit>>,
}

impl Provider {
    /// Opens nothing yet.
    pub fn new(http: Http, clock: Arc<dyn Clock>, environment: Environment, changed: Changed, service: Service) -> Self {
        let inner = Inner {
            http: Arc::new(http),
            clock,
            environment,
            changed,
            service: Mutex::new(service),
            asking: tokio::sync::Mutex::default(),
            backoff: Mutex::default(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// The one HTTP client policy.
    pub fn http(&self) -> &Arc<Http> {
        &self.inner.http
    }

    /// Seconds by which the clock at `url` is ahead of ours, if it tells.
    pub async fn skew_s(&self, url: &Url, peer: http::Peer) -> Option<i64> {
        self.inner.http.skew_s(url, peer, self.now()).await
    }

    /// Seconds by which `at_ms`, in milliseconds since the Unix epoch, is ahead of our clock.
    pub fn ahead_s(&self, at_ms: i64) -> i64 {
        (at_ms - self.now()) / 1000
    }

    fn now(&self) -> i64 {
        self.inner.clock.now_ms()
    }
}

fn held<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}
