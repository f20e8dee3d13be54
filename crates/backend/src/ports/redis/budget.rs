//! Budgets in Redis: each is one value, replaced as a whole if nobody replaced it meanwhile. The model is the same as in memory.
//!
//! A store that lost data, as in a failover, may have lost calls of the last minute with them. Each instance remembers the last value that it
//! wrote or read, and adds what is missing: see [`Shared`].

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use redis::Script;

use super::{RedisStore, millis, scripts, unavailable};
use crate::domain::budget::{Charge, Id, Limits, Loss, Op, Remembered, Shared, Visitor};
use crate::ports::{Scope, StoreUnavailable};

/// How long the budget of one grant is kept: longer than anything in it matters.
const GRANT_KEPT: Duration = Duration::from_secs(1_500);
/// How often a replacement is tried while others replace the same budget.
const TRIES: u32 = 100;

/// By how much the time when data began may be ahead, in milliseconds: the clock of a server before may have been.
const HEAD_AHEAD: u64 = 120_000;

/// What this instance knows about the budgets.
pub(super) struct Budgets {
    read: Script,
    replace: Script,
    /// Names this run of this program.
    instance: Id,
    /// Whether a store without data may have had some, and whether others must know of an instance before it calls. In development both are
    /// begun anew all the time, and a 429 harms nobody else.
    pub(super) strict: bool,
    /// The state of each shared budget that was seen last.
    seen: Mutex<HashMap<Id, Seen>>,
    /// One at a time, so that requests of this instance don't get in each other's way.
    turn: tokio::sync::Mutex<()>,
    began: Instant,
    #[cfg(test)]
    pretended: std::sync::Mutex<Pretended>,
}

/// What a test has the world be, where it isn't 0.
#[cfg(test)]
#[derive(Clone, Copy, Default)]
pub(super) struct Pretended {
    /// Redis' clock.
    pub(super) store: u64,
    /// This computer's.
    pub(super) own: u64,
    /// The server's run.
    pub(super) server: Id,
}

/// Names a state of a budget: the data it is in, and how many states came before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Head {
    generation: u64,
    /// When these data began, by Redis' clock, in milliseconds.
    began: u64,
    count: u64,
}

/// A state that was in the store, and when.
struct Seen {
    head: Head,
    state: Shared,
    /// By Redis' clock.
    now: u64,
    /// By this computer's clock, when the answer had come.
    at: u64,
    /// By this computer's clock, a time before this instance last wrote that it is there.
    told: u64,
}

/// A budget as it was read, with what this instance knows added.
pub(super) struct Read {
    pub(super) state: Shared,
    pub(super) visitor: Visitor,
    /// Of what was read, as it stands in the store; empty if there was nothing.
    head: String,
    /// What it is to be replaced with.
    next: Head,
    /// Of what was read, where it needn't be replaced.
    found: Option<Head>,
    /// By this computer's clock, before it was read.
    asked: u64,
}

/// Of another version, or damaged: what it says is lost.
#[derive(Clone, Copy)]
struct Unreadable;

impl Head {
    fn text(self) -> String {
        format!("{:016x}.{}.{}", self.generation, self.began, self.count)
    }

    fn parse(text: &str) -> Option<Self> {
        let (generation, rest) = text.split_once('.')?;
        let (began, count) = rest.split_once('.')?;
        Some(Self { generation: u64::from_str_radix(generation, 16).ok()?, began: began.parse().ok()?, count: count.parse().ok()? })
    }
}

impl Budgets {
    pub(super) fn new(strict: bool) -> Self {
        let (read, replace) = (Script::new(scripts::READ_BUDGET), Script::new(scripts::REPLACE_BUDGET));
        Self {
            read,
            replace,
            instance: rand::random(),
            strict,
            seen: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
            began: Instant::now(),
            #[cfg(test)]
            pretended: std::sync::Mutex::default(),
        }
    }

    /// Whether data are missing that this instance has seen, or that may have been there before it began.
    fn loss(&self, seen: Option<Head>, found: Option<Head>) -> Loss {
        match (seen, found) {
            (None, None) if self.strict => Loss::Noticed,
            (None, _) => Loss::Nothing,
            (Some(_), None) => Loss::Noticed,
            // Others may have noticed long ago: what was lost was sent before the new data began.
            (Some(seen), Some(found)) if seen.generation != found.generation => Loss::Before(found.began),
            (Some(seen), Some(found)) if seen.count > found.count => Loss::Noticed,
            (Some(_), Some(_)) => Loss::Nothing,
        }
    }

    #[cfg(not(test))]
    fn steady(&self) -> u64 {
        millis(self.began.elapsed())
    }

    #[cfg(test)]
    fn steady(&self) -> u64 {
        match self.pretended.lock().unwrap().own {
            0 => millis(self.began.elapsed()),
            own => own,
        }
    }

    #[cfg(not(test))]
    fn visitor(&self, now: u64, server: Id) -> Visitor {
        Visitor { instance: self.instance, server, now }
    }

    #[cfg(test)]
    fn visitor(&self, now: u64, server: Id) -> Visitor {
        let pretended = *self.pretended.lock().unwrap();
        let or = |pretended, real| if pretended == 0 { real } else { pretended };
        Visitor { instance: self.instance, server: or(pretended.server, server), now: or(pretended.store, now) }
    }

    #[cfg(test)]
    pub(super) fn forget(&self) {
        self.seen.lock().unwrap().clear();
    }

    fn remember(&self, budget: Id, head: Head, read: Read) {
        let Read { state, visitor, asked, .. } = read;
        let at = self.steady();
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        // It was written at this reading, or at an earlier one: how long ago, the store's clock says.
        let told = match (seen.get(&budget), state.seen(self.instance)) {
            (Some(before), same) if same == before.state.seen(self.instance) => before.told,
            (_, written) => asked.saturating_sub(visitor.now.saturating_sub(written.unwrap_or(visitor.now))),
        };
        seen.insert(budget, Seen { head, state, now: visitor.now, at, told });
    }

    /// Adds to what was found what this instance knows. Gives the loss, and whether there is something to write.
    fn visit(&self, id: Id, state: &mut Shared, found: Result<Option<Head>, Unreadable>, visitor: Visitor, asked: u64) -> (Loss, bool) {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = seen.get(&id);
        let remembered = seen.map(|seen| Remembered {
            state: &seen.state,
            now: seen.now,
            age: asked.saturating_sub(seen.at),
            unseen: self.steady().saturating_sub(seen.told),
        });
        let loss = match found {
            Err(Unreadable) => Loss::Noticed,
            Ok(Some(_)) if state.lost_calls(None, visitor) => Loss::Noticed,
            Ok(found) => match self.loss(seen.map(|seen| seen.head), found) {
                Loss::Nothing if state.lost_calls(remembered, visitor) => Loss::Noticed,
                loss => loss,
            },
        };
        let incomplete = state.is_incomplete();
        let changed = state.visit(visitor, loss, remembered);
        if changed && incomplete != state.is_incomplete() {
            tracing::warn!(event = if incomplete { "budget_known" } else { "budget_unknown" });
        }
        (loss, changed)
    }
}

impl RedisStore {
    pub(super) fn budget_name(&self, scope: Scope) -> String {
        match scope {
            Scope::Shared(id) => format!("{{{}:{id:016x}}}:budget", self.prefix),
            Scope::Grant(id) => format!("{{{}:{id:016x}}}:budget-of-grant", self.prefix),
        }
    }

    /// The budget as it is, with what this instance knows, and whether that is new to the store.
    pub(super) async fn read(&self, scope: Scope) -> Result<(Read, bool), String> {
        let script = self.budgets.read.key(self.budget_name(scope));
        let script = &script;
        let asked = self.budgets.steady();
        let (seconds, micros, run, value): (u64, u64, String, Option<String>) =
            self.try_ask(|mut connection, _| async move { script.invoke_async(&mut connection).await }).await?;
        let visitor = self.budgets.visitor(seconds * 1_000 + micros / 1_000, u64::from_str_radix(&run, 16).unwrap_or_default());
        let parsed = value.as_deref().and_then(|value| {
            let (head, json) = value.split_once(':')?;
            let head = Head::parse(head).filter(|head| head.count < u64::MAX && head.began <= visitor.now + HEAD_AHEAD)?;
            Some((head, serde_json::from_str::<Shared>(json).ok().filter(|state| state.is_sound(visitor.now))?))
        });
        let found = match (&parsed, &value) {
            (Some((head, _)), _) => Ok(Some(*head)),
            (None, None) => Ok(None),
            (None, Some(_)) => {
                tracing::error!(event = "budget_unreadable");
                Err(Unreadable)
            }
        };
        let mut state = parsed.map_or_else(|| Shared::new(visitor), |(_, state)| state);
        let (loss, changed) = match scope {
            Scope::Shared(id) => self.budgets.visit(id, &mut state, found, visitor, asked),
            Scope::Grant(_) => (Loss::Nothing, false),
        };
        let found = found.unwrap_or(None);
        let next = match found {
            Some(head) if loss != Loss::Noticed => Head { count: head.count + 1, ..head },
            _ => Head { generation: rand::random(), began: visitor.now, count: 0 },
        };
        let head = value.as_deref().map(|value| value.split(':').next().unwrap_or_default().to_owned()).unwrap_or_default();
        Ok((Read { state, visitor, head, next, found, asked }, changed))
    }

    /// Replaces what was read, unless it was replaced meanwhile.
    async fn replace(&self, scope: Scope, read: &Read) -> Result<bool, String> {
        let json = serde_json::to_string(&read.state).map_err(|_| "a budget can't be written down".to_owned())?;
        let kept = match scope {
            Scope::Shared(_) => 0,
            Scope::Grant(_) => millis(GRANT_KEPT),
        };
        let mut script = self.budgets.replace.key(self.budget_name(scope));
        script.arg(&read.head).arg(format!("{}:{json}", read.next.text())).arg(kept);
        // Asked again after a lost answer it finds its own value, and the call is counted twice: too careful, never too many.
        let script = &script;
        let replaced: u8 = self.try_ask(|mut connection, _| async move { script.invoke_async(&mut connection).await }).await?;
        Ok(replaced == 1)
    }

    /// Reads the budget, has `change` change it, and writes it if `change` or the visit of this instance changed it; again while others do.
    async fn update<T>(&self, scope: Scope, change: impl Fn(&mut Read) -> (T, bool)) -> Result<T, String> {
        let _turn = self.budgets.turn.lock().await;
        for _ in 0..TRIES {
            let (mut read, visited) = self.read(scope).await?;
            let (given, changed) = change(&mut read);
            let head = match read.found {
                Some(found) if !visited && !changed => found,
                _ if self.replace(scope, &read).await? => read.next,
                _ => continue,
            };
            if let Scope::Shared(id) = scope {
                self.budgets.remember(id, head, read);
            }
            return Ok(given);
        }
        tracing::error!(event = "budget_contended");
        Err("others replace a budget all the time".to_owned())
    }

    pub(super) async fn apply_op(&self, scope: Scope, op: Op, limits: Limits) -> Result<Charge, StoreUnavailable> {
        let strict = self.budgets.strict && matches!((scope, op), (Scope::Shared(_), Op::Reserve(_)));
        let change = |read: &mut Read| {
            let charge = match read.state.unknown_for(read.visitor).filter(|_| strict) {
                Some(wait) => Charge::Wait(wait),
                None => read.state.budget.apply(op, limits, read.visitor.now),
            };
            (charge, true)
        };
        self.update(scope, change).await.map_err(unavailable)
    }

    /// Has others know that this instance is there, and adds what it knows where calls are missing.
    pub(super) async fn visit_budget(&self, scope: Scope) -> Result<(), String> {
        self.update(scope, |_| ((), false)).await
    }

    /// This instance makes no more calls.
    pub(super) async fn leave_budget(&self, scope: Scope) -> Result<(), String> {
        let instance = self.budgets.instance;
        self.update(scope, |read| (read.state.leave(instance), true)).await
    }

    /// Has it be `now`, whatever Redis' clock and this computer's say.
    #[cfg(test)]
    pub(crate) fn set_time(&self, now: u64) {
        self.pretend(Pretended { store: now, own: now, server: 0 });
    }

    #[cfg(test)]
    pub(super) fn pretend(&self, pretended: Pretended) {
        *self.budgets.pretended.lock().unwrap() = pretended;
    }
}
