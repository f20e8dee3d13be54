//! What happens at the next authorizations: who logs in, what is allowed, and whether a person is asked at all.

use std::collections::VecDeque;

use monei::{Scope, ScopeSet};
use serde_json::{Value, json};

use crate::approval::{Asked, Decision};
use crate::people::Person;
use crate::scenario::AfterLast;

/// What is allowed of that which is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    All,
    NotSensitive,
    /// "Allow selected" with nothing selected.
    Nothing,
    /// "Deny".
    Deny,
    /// These, as far as they are asked for.
    Only(ScopeSet),
}

/// One planned authorization.
#[derive(Clone, Debug)]
pub(crate) struct Round {
    pub(crate) user: Option<&'static Person>,
    /// Exactly what the app has to ask for.
    pub(crate) asks: Option<ScopeSet>,
    pub(crate) rule: Rule,
    /// Answered at once, without a page.
    pub(crate) auto: bool,
    /// For so many authorizations.
    pub(crate) times: u32,
}

/// The planned rounds in their order.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    rounds: VecDeque<Round>,
    /// The first round has logged its person in already: whoever is logged in now was chosen by hand.
    logged_in: bool,
    /// A scenario answers without a person.
    auto: bool,
    after_last: Option<(AfterLast, Round)>,
}

/// What the plan says of an authorization request.
pub(crate) enum Advice {
    /// Nothing is planned: a person decides.
    Ask,
    /// A person decides, with these scopes switched on; logged in as this one first.
    Prepared { log_in: Option<&'static Person>, rule: Rule },
    /// Decided already.
    Decided(&'static Person, Decision),
    /// It can't go on as planned.
    Wrong(String),
}

impl Rule {
    /// What it makes of a request.
    pub(crate) fn decide(&self, asked: &ScopeSet) -> Decision {
        match self {
            Rule::Deny => Decision::Deny,
            rule => Decision::Allow(asked.iter().filter(|scope| rule.allows(scope)).cloned().collect()),
        }
    }

    /// Whether it switches this scope on.
    pub(crate) fn allows(&self, scope: &Scope) -> bool {
        match self {
            Rule::All => true,
            Rule::NotSensitive => !scope.is_sensitive(),
            Rule::Nothing | Rule::Deny => false,
            Rule::Only(scopes) => scopes.contains(scope),
        }
    }

    /// As scenarios write it.
    pub(crate) fn to_json(&self) -> Value {
        match self {
            Rule::All => json!("all"),
            Rule::NotSensitive => json!("not_sensitive"),
            Rule::Nothing => json!("none"),
            Rule::Deny => json!("deny"),
            Rule::Only(scopes) => json!(scopes),
        }
    }
}

impl Plan {
    /// Plans one more round.
    pub(crate) fn add(&mut self, round: Round) {
        self.rounds.push_back(round);
    }

    /// Replaces the plan by a scenario's rounds.
    pub(crate) fn of_scenario(rounds: Vec<Round>, after_last: AfterLast, auto: bool) -> Plan {
        let last = rounds.last().cloned();
        Plan { rounds: rounds.into(), logged_in: false, auto, after_last: last.map(|last| (after_last, last)) }
    }

    /// How many authorizations are planned, at most.
    pub(crate) fn len(&self) -> usize {
        self.rounds.len()
    }

    /// What to do with a request.
    pub(crate) fn advise(&mut self, asked: &Asked) -> Advice {
        let Some(round) = self.rounds.front() else {
            return match (&self.after_last, self.auto) {
                (Some((AfterLast::Repeat, last)), _) => {
                    self.rounds.push_back(Round { times: 1, ..last.clone() });
                    self.advise(asked)
                }
                (Some((AfterLast::Deny, last)), _) => match last.user {
                    Some(user) => Advice::Decided(user, Decision::Deny),
                    None => Advice::Ask,
                },
                (_, true) => Advice::Wrong("The scenario has no round left for this, and nobody is there to decide.".to_owned()),
                _ => Advice::Ask,
            };
        };
        if let Some(wanted) = &round.asks
            && *wanted != asked.scopes
        {
            return Advice::Wrong(format!(
                "The scenario expects the app to ask for {}; it asked for {}.",
                list(wanted),
                list(&asked.scopes)
            ));
        }
        match (round.user, round.auto || self.auto) {
            (Some(user), true) => Advice::Decided(user, round.rule.decide(&asked.scopes)),
            (user, _) => {
                let log_in = user.filter(|_| !self.logged_in);
                self.logged_in = true;
                Advice::Prepared { log_in, rule: round.rule.clone() }
            }
        }
    }

    /// An authorization was decided: the next round's turn.
    pub(crate) fn decided(&mut self) {
        self.logged_in = false;
        if let Some(round) = self.rounds.front_mut() {
            round.times = round.times.saturating_sub(1);
            if round.times == 0 {
                self.rounds.pop_front();
            }
        }
    }

    /// For the control API and page.
    pub(crate) fn to_json(&self) -> Value {
        let rounds = self.rounds.iter().map(|round| {
            json!({"user": round.user.map(|user| user.id), "asks": round.asks, "allow": round.rule.to_json(), "auto": round.auto || self.auto,
                   "times": round.times})
        });
        Value::Array(rounds.collect())
    }
}

fn list(scopes: &ScopeSet) -> String {
    scopes.iter().map(Scope::as_str).collect::<Vec<_>>().join(" ")
}
