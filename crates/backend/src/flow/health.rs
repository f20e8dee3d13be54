//! What operators want to know: whether this instance can serve, and how much it did.

use std::sync::Arc;

use crate::domain::budget::{Kind, REVOCATIONS, Usage};
use crate::domain::registration::Shard;
use crate::flow::gate::Gate;
use crate::flow::standing::{Credentials, Standing};
use crate::metrics::{Gauges, Metrics};
use crate::ports::Store;

/// Looks at the store and at how Monei took the credentials.
pub(crate) struct Health {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) gate: Arc<Gate>,
    pub(crate) standing: Arc<Standing>,
    pub(crate) metrics: Arc<Metrics>,
}

/// Whether this instance can serve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Readiness {
    /// The store can't be used: it must be writable, which a replica and a full one are not.
    StoreUnusable,
    /// How Monei takes the credentials is said, but decides nothing: a balancer that took an instance away for it would keep away the very
    /// calls that can show that they are accepted again.
    Ready(Credentials),
}

impl Health {
    pub(crate) async fn run(&self) -> Readiness {
        if let Err(reason) = self.usage().await {
            tracing::error!(event = "not_ready", reason);
            return Readiness::StoreUnusable;
        }
        // The worst of all registrations.
        let all: Vec<_> = self.shards().map(|shard| self.standing.credentials(shard)).collect();
        let worst = [Credentials::Refused, Credentials::Untried].into_iter().find(|worst| all.contains(worst));
        Readiness::Ready(worst.unwrap_or(Credentials::Accepted))
    }

    /// How much of the budgets is used, if the store can be written to and read. Of a cluster, one part may be lost while others answer: the budgets
    /// are what every start needs.
    async fn usage(&self) -> Result<Vec<Usage>, String> {
        self.store.check().await?;
        self.gate.usage().await.map_err(|error| error.to_string())
    }

    fn shards(&self) -> impl Iterator<Item = Shard> + use<> {
        self.gate.registrations.shards()
    }

    /// Every counter and gauge, in Prometheus' text format.
    pub(crate) async fn metrics(&self) -> String {
        let usage = self.usage().await;
        let all = usage.as_deref().unwrap_or_default();
        let gauges = Gauges {
            store_up: usage.is_ok(),
            left: if all.is_empty() { Vec::new() } else { self.left(all) },
            waiting: all.iter().map(|usage| u64::from(usage.waiting)).sum(),
            credentials_refused: self.shards().filter(|shard| self.standing.credentials(*shard) == Credentials::Refused).count() as u64,
            pause: all.iter().map(|usage| usage.busy).max().unwrap_or_default(),
        };
        self.metrics.text(gauges)
    }

    /// How many calls of each kind may still be sent now; no line where there is no limit.
    fn left(&self, all: &[Usage]) -> Vec<(&'static str, u64)> {
        let limits = self.gate.limits;
        let sum = |left: &dyn Fn(&Usage) -> u32| all.iter().map(|usage| u64::from(left(usage))).sum();
        let of = |kind: Kind| {
            move |usage: &Usage| {
                let held = !usage.busy.is_zero() || !usage.unknown.is_zero();
                let of_all = limits.total().saturating_sub(usage.redeem + usage.refresh);
                let used = if kind == Kind::Redeem { usage.redeem } else { usage.refresh };
                if held { 0 } else { limits.of(kind).saturating_sub(used).min(of_all) }
            }
        };
        let mut lanes = Vec::new();
        if !limits.is_unlimited() {
            lanes.push(("redeem", sum(&of(Kind::Redeem))));
            lanes.push(("refresh", sum(&of(Kind::Refresh))));
        }
        if let Some(most) = limits.authorize() {
            lanes.push(("authorize", sum(&move |usage| most.saturating_sub(usage.authorize))));
        }
        lanes.push(("revoke", sum(&|usage| REVOCATIONS.saturating_sub(usage.revoke))));
        lanes
    }
}
