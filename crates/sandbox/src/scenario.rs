//! Scenarios: a TOML file that says who logs in, what is granted in which round, and what goes wrong when.

use std::collections::BTreeMap;

use monei::{Scope, ScopeSet};
use serde::{Deserialize, Serialize};

use crate::clock::MAX_OFFSET_S;
use crate::control::What;
use crate::faults::{self, Fault};
use crate::people::Person;
use crate::plan::{self, Rule};
use crate::switches::Switches;

/// Most rounds, and most events.
const MOST: usize = 500;

/// A scenario that was read and checked. [`crate::Sandbox::play`] plays it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    about: Option<String>,
    /// Ends every grant first.
    #[serde(default, skip_serializing_if = "is_false")]
    fresh: bool,
    #[serde(default)]
    after_last: AfterLast,
    #[serde(default, skip_serializing_if = "is_zero")]
    clock_offset_s: i64,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    switches: BTreeMap<String, Setting>,
    #[serde(default, rename = "round", skip_serializing_if = "Vec::is_empty")]
    rounds: Vec<Round>,
    #[serde(default, rename = "event", skip_serializing_if = "Vec::is_empty")]
    events: Vec<Event>,
}

/// Why a scenario is refused.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    /// Not TOML, or not with a scenario's fields; the text has line and column.
    #[error("{0}")]
    Syntax(String),
    /// A field says something that can't be.
    #[error("{place}: {wrong}")]
    Meaning {
        /// Which round, event or switch.
        place: String,
        /// What is wrong with it.
        wrong: String,
    },
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

/// A switch's value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged, expecting = "a switch's value is a text or a whole number")]
pub(crate) enum Setting {
    Number(u32),
    Text(String),
}

/// One authorization.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Round {
    pub(crate) user: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) asks: Option<Vec<String>>,
    pub(crate) allow: Allow,
}

/// What is allowed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, expecting = "allow: \"all\", \"not_sensitive\", \"none\", \"deny\", or a list of scopes")]
pub(crate) enum Allow {
    Named(String),
    Scopes(Vec<String>),
}

/// After what an event comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum When {
    /// Before anything else.
    Start,
    /// A decision on the consent page.
    Round,
    /// A code that was exchanged.
    Exchange,
    /// A refresh that was answered, or whose answer was dropped.
    Refresh,
    /// A token that the app revoked.
    Revoke,
    /// A call of the API that went well.
    Call,
}

/// Something that happens to the app.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Event {
    pub(crate) when: When,
    /// After the how manieth.
    #[serde(default = "one")]
    pub(crate) number: u32,
    /// Of this path below `/api/v1`; for calls alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) path: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expire: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    revoke: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    clock_offset_s: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    settle: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    disarm: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reset: Option<Part>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fault: Option<faults::Order>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    switch: Option<Switch>,
}

/// What happens: exactly one of an event's last eight fields.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    Fault(faults::Order),
    /// A fault is taken back: the how manieth that was armed.
    Disarm(u32),
    Reset(Part),
    /// Access tokens expire: a person's, or everyone's (`all`).
    Expire(String),
    /// The person disconnects the app in the settings; or everyone does (`all`).
    Revoke(String),
    Switch(Switch),
    ClockOffsetS(i64),
    /// Pending deposits and sales come about.
    Settle(bool),
}

/// What a scenario can put back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Part {
    /// Armed faults.
    Faults,
    /// Switches, to their defaults.
    Switches,
    /// The calls that quotas have counted.
    Quotas,
    /// Balances, and the records of what was moved.
    Money,
}

/// A switch and its value.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Switch {
    pub(crate) name: String,
    pub(crate) value: Setting,
}

/// A scenario in the sandbox's own terms.
#[derive(Debug)]
pub(crate) struct Ready {
    pub(crate) name: String,
    pub(crate) fresh: bool,
    pub(crate) after_last: AfterLast,
    pub(crate) clock_offset_s: i64,
    pub(crate) switches: Switches,
    pub(crate) rounds: Vec<plan::Round>,
    pub(crate) events: Vec<ReadyEvent>,
}

/// An event in the sandbox's own terms.
#[derive(Clone, Debug)]
pub(crate) struct ReadyEvent {
    pub(crate) when: When,
    pub(crate) path: Option<String>,
    /// How many more of them until it happens.
    pub(crate) left: u32,
    pub(crate) act: ReadyAct,
}

/// What happens, in the sandbox's own terms. `None` is everyone.
#[derive(Clone, Debug)]
pub(crate) enum ReadyAct {
    Fault(Fault),
    Expire(Option<&'static Person>),
    Revoke(Option<&'static Person>),
    Switch(String, String),
    Clock(i64),
    Settle,
    Disarm(u32),
    Reset(Part),
}

impl Scenario {
    /// Reads and checks a scenario.
    ///
    /// # Errors
    /// [`ScenarioError`], for a person to read.
    pub fn parse(text: &str) -> Result<Scenario, ScenarioError> {
        let scenario: Scenario = toml::from_str(text).map_err(|error| ScenarioError::Syntax(error.to_string()))?;
        scenario.ready().map(|_| scenario)
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How many authorizations it answers.
    pub fn rounds(&self) -> usize {
        self.rounds.len()
    }

    pub(crate) fn recorded(switches: BTreeMap<String, Setting>, rounds: Vec<Round>, events: Vec<Event>) -> Scenario {
        Scenario {
            name: "What was done by hand".to_owned(),
            about: None,
            fresh: true,
            after_last: AfterLast::Ask,
            clock_offset_s: 0,
            switches,
            rounds,
            events,
        }
    }

    /// As TOML.
    pub(crate) fn to_toml(&self) -> Result<String, toml::ser::Error> {
        toml::to_string_pretty(self)
    }

    pub(crate) fn ready(&self) -> Result<Ready, ScenarioError> {
        let wrong = |place: String, wrong: String| ScenarioError::Meaning { place, wrong };
        if self.rounds.len() > MOST || self.events.len() > MOST {
            return Err(wrong("scenario".into(), format!("at most {MOST} rounds and {MOST} events")));
        }
        if !(-MAX_OFFSET_S..=MAX_OFFSET_S).contains(&self.clock_offset_s) {
            return Err(wrong("clock_offset_s".into(), "at most ten years".into()));
        }
        let mut switches = Switches::default();
        for (name, value) in &self.switches {
            switches.set(name, &value.text()).map_err(|error| wrong("switches".into(), error.to_string()))?;
        }
        let rounds =
            self.rounds.iter().zip(1..).map(|(round, number)| round.ready().map_err(|text| wrong(format!("round {number}"), text)));
        let events =
            self.events.iter().zip(1..).map(|(event, number)| event.ready().map_err(|text| wrong(format!("event {number}"), text)));
        Ok(Ready {
            name: self.name.clone(),
            fresh: self.fresh,
            after_last: self.after_last,
            clock_offset_s: self.clock_offset_s,
            rounds: rounds.collect::<Result<_, _>>()?,
            events: events.collect::<Result<_, _>>()?,
            switches,
        })
    }
}

impl Part {
    const ALL: [Part; 4] = [Part::Faults, Part::Switches, Part::Quotas, Part::Money];

    /// The part of a record that a reset is. None: a reset of everything begins a new record, a plan is recorded as it was decided, and
    /// counters change nothing.
    pub(crate) fn of(what: What) -> Option<Part> {
        Part::ALL.into_iter().find(|part| part.what() == what)
    }

    /// What it puts back.
    pub(crate) fn what(self) -> What {
        match self {
            Part::Faults => What::Faults,
            Part::Switches => What::Switches,
            Part::Quotas => What::Quotas,
            Part::Money => What::Money,
        }
    }
}

impl Setting {
    /// As [`Switches::set`] takes it.
    pub(crate) fn text(&self) -> String {
        match self {
            Setting::Number(number) => number.to_string(),
            Setting::Text(text) => text.clone(),
        }
    }
}

impl Round {
    fn ready(&self) -> Result<plan::Round, String> {
        let user = Person::find(&self.user).ok_or("user: ada, tunde, markup or blocked")?;
        let asks = self.asks.as_ref().map(|list| known(list, "asks")).transpose()?;
        let rule = self.allow.rule()?;
        if let (Some(asks), Rule::Only(allow)) = (&asks, &rule)
            && !allow.is_subset(asks)
        {
            return Err("allow: only scopes that are in asks".into());
        }
        Ok(plan::Round { user: Some(user), asks, rule, auto: false, times: 1 })
    }
}

impl Allow {
    /// The rule that it names.
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
            Allow::Scopes(list) => known(list, "allow").map(Rule::Only),
        }
    }
}

impl Event {
    /// This act, after that.
    pub(crate) fn after(when: When, number: u32, act: Act) -> Event {
        let mut event = Event {
            when,
            number,
            path: None,
            expire: None,
            revoke: None,
            clock_offset_s: None,
            settle: None,
            disarm: None,
            reset: None,
            fault: None,
            switch: None,
        };
        match act {
            Act::Disarm(number) => event.disarm = Some(number),
            Act::Reset(part) => event.reset = Some(part),
            Act::Fault(order) => event.fault = Some(order),
            Act::Expire(user) => event.expire = Some(user),
            Act::Revoke(user) => event.revoke = Some(user),
            Act::Switch(switch) => event.switch = Some(switch),
            Act::ClockOffsetS(offset) => event.clock_offset_s = Some(offset),
            Act::Settle(settle) => event.settle = Some(settle),
        }
        event
    }

    fn act(&self) -> Result<Act, String> {
        let acts = [
            self.fault.clone().map(Act::Fault),
            self.expire.clone().map(Act::Expire),
            self.revoke.clone().map(Act::Revoke),
            self.switch.clone().map(Act::Switch),
            self.clock_offset_s.map(Act::ClockOffsetS),
            self.settle.map(Act::Settle),
            self.disarm.map(Act::Disarm),
            self.reset.map(Act::Reset),
        ];
        let mut acts = acts.into_iter().flatten();
        match (acts.next(), acts.next()) {
            (Some(act), None) => Ok(act),
            _ => Err("exactly one of fault, disarm, expire, revoke, switch, reset, clock_offset_s, settle".into()),
        }
    }

    fn ready(&self) -> Result<ReadyEvent, String> {
        if self.number == 0 {
            return Err("number: counts from 1".into());
        }
        if self.path.is_some() && self.when != When::Call {
            return Err("path: only with when = \"call\"".into());
        }
        let who = |text: &str| match text {
            "all" => Ok(None),
            id => Person::find(id).map(Some).ok_or("a person is ada, tunde, markup, blocked or all"),
        };
        let act = match self.act()? {
            Act::Fault(order) => ReadyAct::Fault(order.arm()?),
            Act::Expire(user) => ReadyAct::Expire(who(&user)?),
            Act::Revoke(user) => ReadyAct::Revoke(who(&user)?),
            Act::Switch(switch) => {
                let value = switch.value.text();
                Switches::default().set(&switch.name, &value).map_err(|error| error.to_string())?;
                ReadyAct::Switch(switch.name, value)
            }
            Act::ClockOffsetS(offset) if (-MAX_OFFSET_S..=MAX_OFFSET_S).contains(&offset) => ReadyAct::Clock(offset),
            Act::ClockOffsetS(_) => return Err("clock_offset_s: at most ten years".into()),
            Act::Settle(true) => ReadyAct::Settle,
            Act::Disarm(0) => return Err("disarm: the how manieth fault that was armed; counts from 1".into()),
            Act::Disarm(number) => ReadyAct::Disarm(number),
            Act::Reset(part) => ReadyAct::Reset(part),
            Act::Settle(false) => return Err("settle: true".into()),
        };
        let path = self.path.as_ref().map(|path| format!("/{}", path.trim_matches('/')));
        Ok(ReadyEvent { when: self.when, path, left: self.number, act })
    }
}

fn known(list: &[String], field: &str) -> Result<ScopeSet, String> {
    let scopes = list
        .iter()
        .map(|text| text.parse::<Scope>().ok().filter(Scope::is_known).ok_or(format!("{field}: {text:?} is no scope of Monei's")));
    scopes.collect()
}

fn one() -> u32 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_false(value: &bool) -> bool {
    !value
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_zero(value: &i64) -> bool {
    *value == 0
}
