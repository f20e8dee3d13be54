//! A budget that several instances share in a store, and how they know again what was sent when the store lost data.
//!
//! Every instance keeps the state that it saw last. Where a store is found empty, behind, or run by another server, token calls wait, and each
//! instance that shares the budget adds what it knows. They go on as soon as all have, and after a minute at the latest. Nobody is forgotten in
//! that: an instance makes its first token call only when all others that share the budget know of it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Budget, Id, WINDOW_MS};

/// An instance that wasn't seen for so long, in milliseconds, doesn't count as sharing any more, and what it remembers doesn't say who does.
const MEMBER_MS: u64 = 30_000;
/// How often an instance writes that it is there.
const SEEN_EVERY_MS: u64 = 5_000;
/// How long others usually take to notice something, in milliseconds: they look every second.
const USUALLY_MS: u64 = 5_000;
/// What callers are told to wait meanwhile.
const SHORTLY_MS: u64 = 2_000;

/// The state in the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Shared {
    pub(crate) budget: Budget,
    /// The run of the server that it was written to. A server that takes over or restarts has another.
    server: Id,
    members: Vec<Member>,
    recovery: Option<Recovery>,
}

/// An instance that shares the budget.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Member {
    instance: Id,
    /// By the store's clock.
    seen: u64,
    /// Others that don't know of it yet.
    unknown_to: Vec<Id>,
}

/// Calls may be missing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Recovery {
    /// None is missing that was sent later, by the store's clock.
    since: u64,
    /// Instances that added what they know.
    reported: Vec<Id>,
    /// Instances that share the budget and didn't yet.
    awaited: Vec<Id>,
    /// Whether one of those that reported knew who shares the budget.
    members_known: bool,
}

/// Whether data are missing in what was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Loss {
    /// None.
    Nothing,
    /// Others noticed, or may have: of what was sent before this time.
    Before(u64),
    /// This instance notices it.
    Noticed,
}

/// What an instance remembers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Remembered<'a> {
    /// The state that it saw or wrote last.
    pub(crate) state: &'a Shared,
    /// The store's time then.
    pub(crate) now: u64,
    /// For how many milliseconds at least that is past, by this computer's clock.
    pub(crate) age: u64,
    /// For how many at most it is past that it wrote that it is there.
    pub(crate) unseen: u64,
}

/// Who looks, where and when.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Visitor {
    pub(crate) instance: Id,
    pub(crate) server: Id,
    pub(crate) now: u64,
}

impl Shared {
    /// A budget that nobody used.
    pub(crate) fn new(visitor: Visitor) -> Self {
        Self { budget: Budget::new(visitor.now, false), server: visitor.server, members: Vec::new(), recovery: None }
    }

    /// Whether this can be a state of `now`: see [`Budget::is_sound`].
    pub(crate) fn is_sound(&self, now: u64) -> bool {
        let was = |at: u64| at <= now + super::AHEAD_MS;
        self.budget.is_sound(now)
            && self.members.iter().all(|member| was(member.seen))
            && self.recovery.as_ref().is_none_or(|recovery| was(recovery.since))
    }

    /// Whether `remembered` shows that this isn't what the store once had, or another server gives it.
    pub(crate) fn lost_calls(&self, remembered: Option<Remembered<'_>>, visitor: Visitor) -> bool {
        self.server != visitor.server
            || remembered.is_some_and(|remembered| !self.budget.holds_calls_of(&remembered.state.budget, visitor.now))
    }

    /// Adds what the visitor knows: of others, of itself, and of calls that are missing. Gives whether others should get to know it, that is
    /// whether it is to be written.
    pub(crate) fn visit(&mut self, visitor: Visitor, loss: Loss, remembered: Option<Remembered<'_>>) -> bool {
        let before = (self.recovery.clone(), self.server);
        match loss {
            Loss::Noticed => self.begin_recovery(visitor.now),
            // Where the others already knew all that it knows, nothing is missing.
            Loss::Before(at) if self.recovery.is_none() && visitor.now < at + WINDOW_MS && self.lost_calls(remembered, visitor) => {
                self.begin_recovery(at);
            }
            Loss::Before(_) | Loss::Nothing => {}
        }
        self.server = visitor.server;
        self.report(visitor, remembered);
        self.end_recovery(visitor.now);
        let changed = self.be_a_member(visitor, remembered);
        changed || before != (self.recovery.clone(), self.server)
    }

    /// How long the instance must wait with its first token call; `None` if all others know of it.
    pub(crate) fn unknown_for(&self, visitor: Visitor) -> Option<Duration> {
        let Some(member) = self.members.iter().find(|member| member.instance == visitor.instance) else {
            return Some(Duration::from_millis(SHORTLY_MS));
        };
        let waits = member.unknown_to.iter().map(|other| {
            let seen = self.members.iter().find(|member| member.instance == *other).map_or(0, |member| member.seen);
            // One that is there looks soon; one that isn't is forgotten in time.
            if seen + 2 * SEEN_EVERY_MS > visitor.now { SHORTLY_MS } else { (seen + MEMBER_MS).saturating_sub(visitor.now).max(SHORTLY_MS) }
        });
        waits.max().map(Duration::from_millis)
    }

    /// The instance ends in good order. What it sent is here.
    pub(crate) fn leave(&mut self, instance: Id) {
        self.members.retain(|member| member.instance != instance);
        self.members.iter_mut().for_each(|member| member.unknown_to.retain(|other| *other != instance));
    }

    /// Whether calls may be missing.
    pub(crate) fn is_incomplete(&self) -> bool {
        self.recovery.is_some()
    }

    fn begin_recovery(&mut self, since: u64) {
        let earlier = self.recovery.take().unwrap_or_default();
        let mut awaited: Vec<Id> = self.members.iter().map(|member| member.instance).collect();
        add(&mut awaited, earlier.awaited.into_iter().chain(earlier.reported));
        self.recovery = Some(Recovery { since, awaited, ..Recovery::default() });
    }

    fn report(&mut self, visitor: Visitor, remembered: Option<Remembered<'_>>) {
        let Some(recovery) = &mut self.recovery else { return };
        if recovery.reported.contains(&visitor.instance) {
            return;
        }
        recovery.reported.push(visitor.instance);
        if let Some(remembered) = remembered {
            let by_its_clock = remembered.now + remembered.age;
            let shift = i64::try_from(visitor.now).unwrap_or(i64::MAX) - i64::try_from(by_its_clock).unwrap_or(i64::MAX);
            self.budget.merge(&remembered.state.budget, shift);
            // Whoever was forgotten meanwhile may not know of those that came since.
            if remembered.unseen < MEMBER_MS {
                recovery.members_known = true;
                add(&mut recovery.awaited, remembered.state.members.iter().map(|member| member.instance));
                for member in &remembered.state.members {
                    if self.members.iter().all(|own| own.instance != member.instance) {
                        let seen = member.seen.saturating_add_signed(shift);
                        self.members.push(Member { seen, ..member.clone() });
                    }
                }
            }
        }
        recovery.awaited.retain(|instance| !recovery.reported.contains(instance));
    }

    /// Ends it when all is known or a minute is over; else has token calls wait.
    fn end_recovery(&mut self, now: u64) {
        let Some(recovery) = &self.recovery else { return };
        let known = recovery.members_known && recovery.awaited.is_empty();
        let at_last = recovery.since + WINDOW_MS;
        if known || at_last <= now {
            self.budget.unknown_until = 0;
            self.recovery = None;
        } else if !recovery.awaited.is_empty() && now < recovery.since + USUALLY_MS {
            self.budget.unknown_until = at_last.min(now + SHORTLY_MS);
        } else {
            self.budget.unknown_until = at_last;
        }
    }

    /// Writes that the visitor is there, and which others it remembers; forgets those that are gone. It says that it knows another only when it
    /// remembers it: an answer to this writing may get lost.
    fn be_a_member(&mut self, visitor: Visitor, remembered: Option<Remembered<'_>>) -> bool {
        let mut changed = false;
        if self.recovery.is_none() {
            let gone: Vec<Id> =
                self.members.iter().filter(|member| member.seen + MEMBER_MS <= visitor.now).map(|member| member.instance).collect();
            for instance in gone.into_iter().filter(|instance| *instance != visitor.instance) {
                self.leave(instance);
                changed = true;
            }
        }
        for member in &mut self.members {
            if remembered.is_none_or(|remembered| remembered.state.seen(member.instance).is_none()) {
                continue;
            }
            let unknown = member.unknown_to.len();
            member.unknown_to.retain(|other| *other != visitor.instance);
            changed |= member.unknown_to.len() != unknown;
        }
        match self.members.iter_mut().find(|member| member.instance == visitor.instance) {
            // Not seen for so long, it may not have heard of those that came meanwhile: it begins anew.
            Some(member) if member.seen + SEEN_EVERY_MS > visitor.now && member.seen <= visitor.now => {}
            Some(member) => {
                member.seen = visitor.now;
                changed = true;
            }
            None => {
                let unknown_to = self.members.iter().map(|member| member.instance).collect();
                self.members.push(Member { instance: visitor.instance, seen: visitor.now, unknown_to });
                changed = true;
            }
        }
        changed
    }

    /// When the instance wrote that it is there, by the store's clock.
    pub(crate) fn seen(&self, instance: Id) -> Option<u64> {
        self.members.iter().find(|member| member.instance == instance).map(|member| member.seen)
    }
}

fn add(list: &mut Vec<Id>, more: impl IntoIterator<Item = Id>) {
    for id in more {
        if !list.contains(&id) {
            list.push(id);
        }
    }
}
