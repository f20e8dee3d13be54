//! Has the other instances know that this one shares their budgets, so that all of them know what was sent when the store lost it.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::MissedTickBehavior;

use crate::flow::gate::Gate;

/// How often each budget is visited; less often where they are many.
const EVERY: Duration = Duration::from_secs(1);
/// Between two visits.
const BETWEEN: Duration = Duration::from_millis(5);
/// How long a visit may take. Requests wait for it, and have patience of their own.
const VISIT_WITHIN: Duration = Duration::from_millis(500);
/// How long it may take to leave all.
const LEAVE_WITHIN: Duration = Duration::from_secs(2);

/// Visits and leaves the budgets that instances share.
pub(crate) struct Presence(Arc<Gate>);

impl Presence {
    pub(crate) fn new(gate: Arc<Gate>) -> Self {
        Self(gate)
    }

    /// Visits every budget again and again. Never ends where there is one to visit.
    pub(crate) async fn keep(&self) {
        if !self.is_needed() {
            return;
        }
        let mut rounds = tokio::time::interval(EVERY);
        rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            rounds.tick().await;
            for scope in self.0.all_shared() {
                // Requests and the health of the instance say why it can't be reached; saying it every second helps nobody.
                match tokio::time::timeout(VISIT_WITHIN, self.0.budgets.visit(scope)).await {
                    Ok(Ok(())) => {}
                    Ok(Err(reason)) => tracing::debug!(event = "budget_not_visited", reason),
                    Err(_) => tracing::debug!(event = "budget_not_visited", reason = "the store is slow"),
                }
                tokio::time::sleep(BETWEEN).await;
            }
        }
    }

    /// Leaves every budget, so that nobody waits for this instance.
    pub(crate) async fn leave(&self) {
        if !self.is_needed() {
            return;
        }
        let all = async {
            for scope in self.0.all_shared() {
                if let Err(reason) = self.0.budgets.leave(scope).await {
                    tracing::warn!(event = "budget_not_left", reason);
                }
            }
        };
        if tokio::time::timeout(LEAVE_WITHIN, all).await.is_err() {
            tracing::warn!(event = "budgets_not_left");
        }
    }

    fn is_needed(&self) -> bool {
        self.0.budgets.are_shared() && !self.0.limits.is_unlimited()
    }
}
