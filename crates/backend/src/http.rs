//! The service over HTTP: routes, what guards them, pages and problems, and the server.

pub(crate) mod cookie;
pub(crate) mod guard;
pub(crate) mod language;
pub(crate) mod pages;
pub(crate) mod problem;
pub(crate) mod query;
pub(crate) mod routes;
pub(crate) mod server;

use std::ops::Deref;
use std::sync::Arc;

use ipnet::IpNet;

use crate::domain::settings::Environment;
use crate::flow::callback::Callback;
use crate::flow::health::Health;
use crate::flow::redeem::Redeem;
use crate::flow::refresh::Refresh;
use crate::flow::revoke::Revoke;
use crate::flow::start::Start;
use crate::metrics::Metrics;
use cookie::Cookies;
use guard::address::AddressLimit;

/// What handlers need. Clones are the same.
#[derive(Clone)]
pub(crate) struct Service(pub(crate) Arc<Parts>);

/// The flows, and what is HTTP's own.
pub(crate) struct Parts {
    pub(crate) start: Start,
    pub(crate) callback: Callback,
    pub(crate) redeem: Redeem,
    pub(crate) refresh: Refresh,
    pub(crate) revoke: Revoke,
    pub(crate) health: Health,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) cookies: Cookies,
    pub(crate) address_limit: AddressLimit,
    /// Whose `X-Forwarded-For` is believed.
    pub(crate) trusted_proxies: Vec<IpNet>,
    pub(crate) about: About,
}

/// Who runs this backend, and for which Monei.
pub(crate) struct About {
    pub(crate) environment: Environment,
    pub(crate) operator_name: String,
    pub(crate) operator_url: Option<String>,
    pub(crate) sandbox_url: Option<String>,
}

impl Deref for Service {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}
