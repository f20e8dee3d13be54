//! What goes on: a scenario's events as their time comes, and the record of what was done by hand.

use std::collections::BTreeMap;

use monei::{Scope, ScopeSet};

use crate::approval::Decision;
use crate::clock::Clock;
use crate::control::put_back;
use crate::grants::Grants;
use crate::people::Person;
use crate::plan::Plan;
use crate::sandbox::{NotSaved, Store};
use crate::scenario::{Act, Allow, Event, Part, Ready, ReadyAct, ReadyEvent, Round, Scenario, Setting, Switch, When};
use crate::switches::Switches;

/// Most rounds and most events that are recorded.
const KEPT: usize = 300;

/// The scenario that plays, and what was done.
#[derive(Debug, Default)]
pub(crate) struct Script {
    /// Its name.
    pub(crate) playing: Option<String>,
    events: Vec<ReadyEvent>,
    counts: BTreeMap<When, u32>,
    last: Option<(When, u32)>,
    switches: BTreeMap<String, Setting>,
    rounds: Vec<Round>,
    done: Vec<Event>,
    /// How many faults were armed since the record began.
    pub(crate) armed: u32,
}

impl Script {
    /// Records what somebody did with the sandbox; it came after whatever happened last.
    pub(crate) fn record(&mut self, act: Act) {
        // A switch that was set before anything happened is where a scenario starts from.
        if let (None, Act::Switch(Switch { name, value })) = (self.last, &act) {
            self.switches.insert(name.clone(), value.clone());
            return;
        }
        if let (None, Act::Reset(Part::Switches)) = (self.last, &act) {
            self.switches.clear();
            return;
        }
        let (when, number) = self.last.unwrap_or((When::Start, 1));
        if self.done.len() < KEPT {
            self.done.push(Event::after(when, number, act));
        }
    }

    /// Records a decision.
    pub(crate) fn record_round(&mut self, user: &Person, asked: &ScopeSet, decision: &Decision) {
        let names = |scopes: &ScopeSet| scopes.iter().map(|scope: &Scope| scope.as_str().to_owned()).collect::<Vec<_>>();
        let allow = match decision {
            Decision::Deny => Allow::Named("deny".to_owned()),
            Decision::Allow(scopes) if scopes.is_empty() => Allow::Named("none".to_owned()),
            Decision::Allow(scopes) => Allow::Scopes(names(scopes)),
        };
        if self.rounds.len() < KEPT {
            self.rounds.push(Round { user: user.id.to_owned(), asks: Some(names(asked)), allow });
        }
    }

    /// What was done, as a scenario.
    pub(crate) fn recorded(&self) -> Scenario {
        Scenario::recorded(self.switches.clone(), self.rounds.clone(), self.done.clone())
    }

    /// Whether anything was recorded.
    pub(crate) fn is_empty(&self) -> bool {
        self.switches.is_empty() && self.rounds.is_empty() && self.done.is_empty()
    }
}

/// Something happened: the events that waited for it come about. `path` is a call's, below `/api/v1`.
pub(crate) fn happened(store: &mut Store, what: When, path: Option<&str>) {
    let script = &mut store.script;
    let count = script.counts.entry(what).or_insert(0);
    *count += 1;
    script.last = Some((what, *count));
    let mut due = Vec::new();
    script.events.retain_mut(|event| {
        let hit = event.when == what && event.path.as_deref().is_none_or(|wanted| Some(wanted) == path);
        event.left -= u32::from(hit);
        if event.left == 0 {
            due.push(event.act.clone());
        }
        event.left > 0
    });
    for act in due {
        if carry_out(store, act).is_err() {
            tracing::error!("a scenario's event could not be kept in the state file");
        }
    }
}

/// Starts a scenario: switches, faults, clock and plan are its own from now on.
pub(crate) fn play(store: &mut Store, scenario: Ready, auto: bool) -> Result<(), NotSaved> {
    store.faults.clear();
    store.quotas.clear();
    store.switches = scenario.switches;
    store.clock = Clock::default();
    store.clock.set_offset_s(scenario.clock_offset_s);
    store.sessions.clear();
    if scenario.fresh {
        store.grants = Grants::default();
    }
    store.plan = Plan::of_scenario(scenario.rounds, scenario.after_last, auto);
    store.script = Script { playing: Some(scenario.name), events: scenario.events, ..Script::default() };
    happened(store, When::Start, None);
    store.script.last = None;
    store.save()
}

fn carry_out(store: &mut Store, act: ReadyAct) -> Result<(), NotSaved> {
    let now = store.now();
    match act {
        ReadyAct::Fault(fault) => store.arm(fault),
        ReadyAct::Disarm(number) => store.faults.retain(|fault| fault.number != number),
        ReadyAct::Reset(part) => put_back(store, part.what()),
        ReadyAct::Expire(user) => {
            store.grants.expire(user.map(|user| user.id), now);
            store.save()?;
        }
        ReadyAct::Revoke(user) => {
            store.grants.disconnect(user.map(|user| user.id), None);
            store.save()?;
        }
        ReadyAct::Switch(name, value) => {
            // Checked when the scenario was read.
            let mut switches: Switches = store.switches.clone();
            if switches.set(&name, &value).is_ok() {
                store.switches = switches;
            }
        }
        ReadyAct::Clock(offset) => {
            store.clock.set_offset_s(offset);
        }
        ReadyAct::Settle => {
            store.ledger.settle(None, now);
        }
    }
    Ok(())
}
