//! What is found out when somebody looks: how things stand, by the monitor, and what an earlier run left behind, which the monitor knows
//! nothing of.

use crate::approval::Approvals;
use crate::grants::Grants;
use crate::monitor::Monitor;

/// Somebody looks at the window: what may have happened meanwhile is found out, and asked about where the person must decide.
pub(crate) async fn look(approvals: &Approvals, monitor: &Monitor) {
    approvals.take_up_answers(true).await;
    approvals.then_ask(monitor.look()).await;
}

/// Reads how the keychain and the backend stand, with nobody there to ask.
pub(crate) async fn poll(approvals: &Approvals, monitor: &Monitor) {
    approvals.take_up_answers(false).await;
    monitor.poll().await;
}

/// The person wants everything tried anew.
pub(crate) async fn probe(grants: &Grants, approvals: &Approvals, monitor: &Monitor) {
    grants.asked(monitor.probe()).await;
    approvals.take_up_answers(true).await;
}
