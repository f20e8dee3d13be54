//! Leave to call Monei: each call is counted in the budget that its registration, egress address or grant has, before it is sent.

use std::sync::Arc;
use std::time::Duration;

use crate::domain::budget::{Call, Charge, Endpoint, Id, Limits, Op, Usage};
use crate::domain::network::Network;
use crate::domain::problem::{Code, Problem};
use crate::domain::registration::{Registrations, Shard};
use crate::domain::settings::BudgetScope;
use crate::flow::standing::{Credentials, Standing};
use crate::metrics::{Counter, Metrics};
use crate::ports::provider::Answer;
use crate::ports::{Budgets, Scope, StoreUnavailable};

/// Among so many registrations, drawn by chance, a start looks for the one with most room. Each costs a question to the store.
const LOOKED_AT: usize = 8;

/// A call that was made, for the count.
#[derive(Clone, Copy)]
pub(crate) struct Made {
    /// `exchange`, `refresh` or `revoke`.
    pub(crate) call: &'static str,
    /// Where it went.
    pub(crate) endpoint: Endpoint,
    /// As which registration.
    pub(crate) shard: Shard,
    /// The grant, or the code.
    pub(crate) ticket: Id,
}

/// The budgets of all registrations.
pub(crate) struct Gate {
    pub(crate) budgets: Arc<dyn Budgets>,
    pub(crate) limits: Limits,
    pub(crate) scope: BudgetScope,
    pub(crate) registrations: Registrations,
    pub(crate) standing: Arc<Standing>,
    pub(crate) metrics: Arc<Metrics>,
}

impl Gate {
    /// Makes room for one token call, or says how long to wait.
    pub(crate) async fn reserve(&self, shard: Shard, call: Call) -> Result<(), Problem> {
        if self.limits.is_unlimited() {
            return Ok(());
        }
        if self.scope == BudgetScope::Grant {
            // Monei may have asked all for a pause, whatever its limits count.
            let pause = self.budgets.usage(self.shared(shard)).await?.busy;
            if !pause.is_zero() {
                return Err(paused(pause));
            }
        }
        granted(self.budgets.apply(self.of_ticket(shard, call.ticket), Op::Reserve(call), self.limits).await?)
    }

    /// The same for a revocation.
    pub(crate) async fn revoke(&self, shard: Shard, grant: Id, network: Option<Network>) -> Result<(), Problem> {
        granted(self.budgets.apply(self.shared(shard), Op::Revoke { grant, network }, self.limits).await?)
    }

    /// Lets a person go to the consent page, as the registration that has most room, or says when there is room.
    pub(crate) async fn start(&self, id: Id, network: Option<Network>) -> Result<Shard, Problem> {
        // Where each grant has a limit of its own, people don't wait for each other.
        let limits = if self.scope == BudgetScope::Grant { self.limits.without_token_limit() } else { self.limits };
        let mut least: Option<Problem> = None;
        for shard in self.by_room().await? {
            match granted(self.budgets.apply(self.shared(shard), Op::Start { id, network }, limits).await?) {
                Ok(()) => return Ok(shard),
                Err(problem) if least.is_none_or(|least| problem.retry_after < least.retry_after) => least = Some(problem),
                Err(_) => {}
            }
        }
        Err(least.unwrap_or(Code::Internal.into()))
    }

    /// Some registrations by chance, the one with most room first.
    async fn by_room(&self) -> Result<Vec<Shard>, StoreUnavailable> {
        let mut shards: Vec<_> = self.registrations.shards().collect();
        if !self.registrations.are_several() {
            return Ok(shards);
        }
        let count = shards.len();
        for at in 0..count.min(LOOKED_AT) {
            shards.swap(at, rand::random_range(at..count));
        }
        shards.truncate(LOOKED_AT);
        if matches!(self.scope, BudgetScope::Egress(_)) {
            // One budget for all: any will do whose credentials were not refused.
            let accepted = shards.iter().position(|shard| self.standing.credentials(*shard) != Credentials::Refused);
            return Ok(vec![shards[accepted.unwrap_or(0)]]);
        }
        let mut known = Vec::with_capacity(shards.len());
        for shard in shards {
            let refused = self.standing.credentials(shard) == Credentials::Refused;
            known.push((refused, self.budgets.usage(self.shared(shard)).await?.room(self.limits), shard));
        }
        known.sort_by(|(refused, room, _), (other_refused, other_room, _)| (refused, room).cmp(&(other_refused, other_room)));
        Ok(known.into_iter().map(|(_, _, shard)| shard).collect())
    }

    /// Takes a place for the redeem of a code that just arrived; the seconds until its time. Where no place can be had the code is handed over all
    /// the same: it is the person's only one.
    pub(crate) async fn book(&self, shard: Shard, call: Call, id: Id) -> u64 {
        if self.limits.is_unlimited() {
            return 0;
        }
        let scope = self.of_ticket(shard, call.ticket);
        let booked = self.budgets.apply(scope, Op::Book { call, id }, self.limits).await;
        if scope != self.shared(shard) {
            self.returned(shard, id).await;
        }
        match booked {
            Ok(Charge::Granted) => 0,
            Ok(Charge::Wait(wait) | Charge::Paused(wait)) => whole_seconds(wait),
            Err(StoreUnavailable) => {
                tracing::warn!(event = "no_place_booked");
                0
            }
        }
    }

    /// A person came back from the consent page without a code.
    pub(crate) async fn returned(&self, shard: Shard, id: Id) {
        if !self.limits.is_unlimited() && self.budgets.apply(self.shared(shard), Op::Returned { id }, self.limits).await.is_err() {
            tracing::warn!(event = "return_not_counted");
        }
    }

    /// Counts a call to Monei, and records when Monei asked for a pause.
    pub(crate) async fn note(&self, made: Made, answer: &Answer) {
        self.metrics.count(Counter::Provider(made.call, answer.label()));
        if made.call == "refresh" && matches!(answer, Answer::Busy(_) | Answer::Failed(_) | Answer::NotSent) && !self.limits.is_unlimited()
        {
            let op = Op::NotDone { ticket: made.ticket };
            if self.budgets.apply(self.of_ticket(made.shard, made.ticket), op, self.limits).await.is_err() {
                tracing::warn!(event = "refresh_not_uncounted");
            }
        }
        if let Some(seconds) = answer.wait()
            && self.pause(made, answer, seconds.saturating_mul(1_000)).await.is_err()
        {
            tracing::warn!(event = "pause_not_shared");
        }
    }

    /// Monei asked for a pause: first of the grant alone, then of its registration, then of all.
    async fn pause(&self, made: Made, answer: &Answer, ms: u64) -> Result<(), StoreUnavailable> {
        // A 503 is about the service as a whole, a 429 about a limit of whatever kind.
        let ticket = matches!(answer, Answer::Busy(_)).then_some(made.ticket);
        let op = Op::Busy { endpoint: made.endpoint, ticket, ms };
        let own = self.of_ticket(made.shard, made.ticket);
        if own != self.shared(made.shard) && made.endpoint == Endpoint::Token {
            self.budgets.apply(own, op, self.limits).await?;
        }
        let all_of_shard = self.budgets.apply(self.shared(made.shard), op, self.limits).await? != Charge::Granted;
        if all_of_shard && made.endpoint == Endpoint::Token {
            self.pause_others(made.shard, ticket.is_none(), ms).await?;
        }
        if made.endpoint == Endpoint::Token && matches!(answer, Answer::Busy(_)) {
            self.compare_with_scope(made.shard, all_of_shard).await?;
        }
        Ok(())
    }

    /// Pauses the other registrations too, if the whole service asked for it or one of them is paused already.
    async fn pause_others(&self, shard: Shard, whole_service: bool, ms: u64) -> Result<(), StoreUnavailable> {
        let others: Vec<_> =
            self.registrations.shards().map(|other| self.shared(other)).filter(|other| *other != self.shared(shard)).collect();
        let mut all = whole_service;
        for other in &others {
            all = all || !self.budgets.usage(*other).await?.busy.is_zero();
        }
        for other in others.into_iter().filter(|_| all) {
            self.budgets.apply(other, Op::Busy { endpoint: Endpoint::Token, ticket: None, ms }, self.limits).await?;
        }
        Ok(())
    }

    /// A limit of Monei's that counts something else than `MONEI_BUDGET_SCOPE` says raises an alert: a 429 though this backend kept to the limit, or
    /// one that concerns several grants where each is said to have its own.
    async fn compare_with_scope(&self, shard: Shard, all: bool) -> Result<(), StoreUnavailable> {
        let contradicted = match self.scope {
            BudgetScope::Grant => all,
            BudgetScope::Client | BudgetScope::Egress(_) => {
                let usage = self.budgets.usage(self.shared(shard)).await?;
                usage.redeem + usage.refresh < self.limits.total()
            }
        };
        if contradicted {
            self.metrics.count(Counter::ScopeContradicted);
            tracing::error!(event = "budget_scope_contradicted", all);
        }
        Ok(())
    }

    /// The budget that a token call with this ticket is counted in.
    fn of_ticket(&self, shard: Shard, ticket: Id) -> Scope {
        match self.scope {
            BudgetScope::Grant => Scope::Grant(ticket),
            BudgetScope::Client | BudgetScope::Egress(_) => self.shared(shard),
        }
    }

    /// What all callers of a registration share; by egress address, all of all.
    fn shared(&self, shard: Shard) -> Scope {
        match self.scope {
            BudgetScope::Egress(id) => Scope::Shared(id),
            BudgetScope::Client | BudgetScope::Grant if shard.is_first() => Scope::Shared(0),
            BudgetScope::Client | BudgetScope::Grant => Scope::Shared(self.registrations.get(shard).name()),
        }
    }

    /// How much is used of every budget that callers share.
    pub(crate) async fn usage(&self) -> Result<Vec<Usage>, StoreUnavailable> {
        let mut scopes: Vec<_> = self.registrations.shards().map(|shard| self.shared(shard)).collect();
        scopes.dedup();
        let mut all = Vec::with_capacity(scopes.len());
        for scope in scopes {
            all.push(self.budgets.usage(scope).await?);
        }
        Ok(all)
    }
}

fn granted(charge: Charge) -> Result<(), Problem> {
    match charge {
        Charge::Granted => Ok(()),
        Charge::Wait(wait) => Err(Problem::from(Code::RateLimited).retry_after(whole_seconds(wait))),
        Charge::Paused(wait) => Err(paused(wait)),
    }
}

fn paused(wait: Duration) -> Problem {
    Problem::from(Code::ProviderBusy).retry_after(whole_seconds(wait))
}

/// Rounded up, so that who waits this long has waited long enough.
pub(crate) fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}
