//! What happens at the next authorizations: who logs in, what is allowed, and whether a person is asked at all.

use std::collections::VecDeque;

use monei::{Scope, ScopeSet};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::model::people::Person;

/// What a person decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    Allow(ScopeSet),
    Deny,
}

/// What authorizations get when all rounds are through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AfterLast {
    /// A person is asked.
    #[default]
    Ask,
    /// They are denied.
    Deny,
    /// The last round again.
    Repeat,
}

/// What is allowed, as scenarios and the control API write it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(untagged, expecting = "allow: \"all\", \"not_sensitive\", \"none\", \"deny\", or a list of scopes")]
pub(crate) enum Allow {
    /// `all`, `not_sensitive`, `none` or `deny`.
    Named(String),
    /// These scopes, as far as they are asked for.
    Scopes(Vec<String>),
}

impl Allow {
    /// The rule that it names.
    ///
    /// # Errors
    /// A text for a person, where it names none.
    pub(crate) fn rule(&self) -> Result<Rule, String> {
        match self {
            Allow::Named(name) => match name.as_str() {
                "all" => Ok(Rule::All),
                "not_sensitive" => Ok(Rule::NotSensitive),
                "none" => Ok(Rule::Nothing),
                "deny" => Ok(Rule::Deny),
                _ => Err("allow: \"all\", \"not_sensitive\", \"none\", \"deny\", or a list of scopes".into()),
            },
            Allow::Scopes(list) if list.is_empty() => Ok(Rule::Nothing),
            Allow::Scopes(list) => known_scopes(list, "allow").map(Rule::Only),
        }
    }
}

/// Names of scopes.
pub(crate) fn names(scopes: &ScopeSet) -> Vec<String> {
    scopes.iter().map(|scope: &Scope| scope.as_str().to_owned()).collect()
}

/// Reads names of Monei's nine scopes; `field` begins the complaint.
pub(crate) fn known_scopes(list: &[String], field: &str) -> Result<ScopeSet, String> {
    let scopes = list
        .iter()
        .map(|text| text.parse::<Scope>().ok().filter(Scope::is_known).ok_or(format!("{field}: {text:?} is no scope of Monei's")));
    scopes.collect()
}

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
    /// Which app has to ask; any where absent.
    pub(crate) client: Option<String>,
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
    pub(crate) fn allow(&self) -> Allow {
        match self {
            Rule::All => Allow::Named("all".to_owned()),
            Rule::NotSensitive => Allow::Named("not_sensitive".to_owned()),
            Rule::Nothing => Allow::Named("none".to_owned()),
            Rule::Deny => Allow::Named("deny".to_owned()),
            Rule::Only(scopes) => Allow::Scopes(names(scopes)),
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

    /// The rounds that are still to come.
    pub(crate) fn rounds(&self) -> impl Iterator<Item = &Round> {
        self.rounds.iter()
    }

    /// What comes after the last of a scenario's rounds.
    pub(crate) fn after_last(&self) -> Option<(AfterLast, &Round)> {
        self.after_last.as_ref().map(|(after, last)| (*after, last))
    }

    /// How many authorizations are planned, at most.
    pub(crate) fn len(&self) -> usize {
        self.rounds.len()
    }

    /// What to do with a request.
    pub(crate) fn advise(&mut self, client_id: &str, asked: &ScopeSet) -> Advice {
        let Some(round) = self.rounds.front() else {
            return match (&self.after_last, self.auto) {
                (Some((AfterLast::Repeat, last)), _) => {
                    self.rounds.push_back(Round { times: 1, ..last.clone() });
                    self.advise(client_id, asked)
                }
                (Some((AfterLast::Deny, last)), _) => match last.user {
                    Some(user) => Advice::Decided(user, Decision::Deny),
                    None => Advice::Ask,
                },
                (_, true) => Advice::Wrong("The scenario has no round left for this, and nobody is there to decide.".to_owned()),
                _ => Advice::Ask,
            };
        };
        if let Some(wanted) = &round.client
            && wanted != client_id
        {
            return Advice::Wrong(format!("The scenario expects {wanted} to ask; it was {client_id}."));
        }
        if let Some(wanted) = &round.asks
            && wanted != asked
        {
            return Advice::Wrong(format!("The scenario expects the app to ask for {}; it asked for {}.", list(wanted), list(asked)));
        }
        match (round.user, round.auto || self.auto) {
            (Some(user), true) => Advice::Decided(user, round.rule.decide(asked)),
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
            json!({"user": round.user.map(|user| user.id), "asks": round.asks, "allow": round.rule.allow(), "auto": round.auto || self.auto,
                   "times": round.times})
        });
        Value::Array(rounds.collect())
    }
}

fn list(scopes: &ScopeSet) -> String {
    scopes.iter().map(Scope::as_str).collect::<Vec<_>>().join(" ")
}
