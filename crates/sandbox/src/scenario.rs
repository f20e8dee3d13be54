//! Scenarios: small TOML files that tell a whole course of events: who logs in, what is granted in which round, and what goes wrong when.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::command::{Command, Reset, Switch, What, person};
use crate::model::Serves;
use crate::model::clock::MAX_OFFSET_S;
use crate::model::plan::{self, AfterLast, Allow, Rule, known_scopes, names};
use crate::model::switches::Switches;

/// Most rounds, and most events: as many as are recorded.
pub(crate) const MOST: usize = 100_000;

/// A scenario that was read and checked. [`crate::Sandbox::play`] plays it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    pub(crate) name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) about: Option<String>,
    /// Ends every grant first.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) fresh: bool,
    #[serde(default)]
    pub(crate) after_last: AfterLast,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) clock_offset_s: i64,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) switches: BTreeMap<String, Value>,
    #[serde(default, rename = "round", skip_serializing_if = "Vec::is_empty")]
    pub(crate) rounds: Vec<Round>,
    #[serde(default, rename = "event", skip_serializing_if = "Vec::is_empty")]
    pub(crate) events: Vec<Event>,
}

/// What an event can do.
const COMMANDS: [&str; 9] = ["fault", "disarm", "expire", "revoke", "switch", "reset", "clock", "clock_offset_s", "settle"];

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

/// One authorization.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Round {
    /// Who decides; whoever is logged in where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<String>,
    /// Which app asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) client: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) asks: Option<Vec<String>>,
    pub(crate) allow: Allow,
    /// Answered at once, without a page.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) auto: bool,
    /// For so many authorizations.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub(crate) times: u32,
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
    /// Any request below `/api/v1`, whatever came of it.
    Request,
}

/// Something that happens to the app: `when`, `number`, `path`, and one command.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Event {
    pub(crate) when: When,
    /// After the first, the second and so on.
    #[serde(default = "one")]
    pub(crate) number: u32,
    /// Of this path below `/api/v1`; for calls alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) path: Option<String>,
    #[serde(flatten)]
    pub(crate) command: BTreeMap<String, Value>,
}

/// A scenario in the sandbox's own terms.
#[derive(Debug)]
pub(crate) struct Ready {
    pub(crate) name: String,
    pub(crate) fresh: bool,
    pub(crate) after_last: AfterLast,
    pub(crate) clock_offset_s: i64,
    pub(crate) switches: BTreeMap<String, Value>,
    pub(crate) rounds: Vec<plan::Round>,
    pub(crate) events: Vec<ReadyEvent>,
}

/// An event in the sandbox's own terms.
#[derive(Clone, Debug)]
pub(crate) struct ReadyEvent {
    pub(crate) when: When,
    pub(crate) path: Option<String>,
    pub(crate) number: u32,
    pub(crate) command: Command,
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

    /// One in which nothing happens.
    pub(crate) fn empty(name: &str) -> Scenario {
        let (switches, rounds, events) = (BTreeMap::new(), Vec::new(), Vec::new());
        Scenario {
            name: name.to_owned(),
            about: None,
            fresh: false,
            after_last: AfterLast::Ask,
            clock_offset_s: 0,
            switches,
            rounds,
            events,
        }
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How many authorizations it answers.
    pub fn rounds(&self) -> usize {
        self.rounds.len()
    }

    /// Of what was done.
    pub(crate) fn recorded(switches: BTreeMap<String, Value>, rounds: Vec<Round>, events: Vec<Event>, after_last: AfterLast) -> Scenario {
        let name = "What was done by hand".to_owned();
        Scenario { name, about: None, fresh: true, after_last, clock_offset_s: 0, switches, rounds, events }
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
            let switch = Switch { name: name.clone(), value: value.clone() };
            let text = switch.text().map_err(|text| wrong(format!("switches: {name}"), text))?;
            switches.set(name, &text).map_err(|error| wrong("switches".into(), error.to_string()))?;
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
            switches: self.switches.clone(),
        })
    }
}

impl Ready {
    /// What is strange about it, though it can be played: an event that waits for a call that Monei doesn't have waits for ever.
    pub(crate) fn remarks(&self, serves: Serves) -> Vec<String> {
        let of_event = |(event, number): (&ReadyEvent, u32)| {
            let path = event.path.as_deref().filter(|path| !serves(None, path)).map(|path| format!("path: Monei has no {path}"));
            path.into_iter().chain(event.command.remarks(serves)).map(move |remark| format!("event {number}: {remark}"))
        };
        self.events.iter().zip(1..).flat_map(of_event).collect()
    }
}

impl Round {
    /// One that was decided, or is planned.
    pub(crate) fn of(round: &plan::Round) -> Round {
        Round {
            user: round.user.map(|user| user.id.to_owned()),
            client: round.client.clone(),
            asks: round.asks.as_ref().map(names),
            allow: round.rule.allow(),
            auto: round.auto,
            times: round.times,
        }
    }

    fn ready(&self) -> Result<plan::Round, String> {
        let user = person(self.user.as_deref())?;
        let asks = self.asks.as_ref().map(|list| known_scopes(list, "asks")).transpose()?;
        let rule = self.allow.rule()?;
        if let (Some(asks), Rule::Only(allow)) = (&asks, &rule)
            && !allow.is_subset(asks)
        {
            return Err("allow: only scopes that are in asks".into());
        }
        if self.times == 0 {
            return Err("times: at least 1".into());
        }
        if self.auto && user.is_none() {
            return Err("auto: only with a user".into());
        }
        Ok(plan::Round { user, client: self.client.clone(), asks, rule, auto: self.auto, times: self.times })
    }
}

impl Event {
    /// This command, after that.
    pub(crate) fn after(when: When, number: u32, path: Option<String>, command: &Command) -> Event {
        // Only commands that can be written are recorded.
        let command = match serde_json::to_value(command) {
            Ok(Value::Object(command)) => command.into_iter().collect(),
            _ => BTreeMap::new(),
        };
        Event { when, number, path, command }
    }

    fn ready(&self) -> Result<ReadyEvent, String> {
        if self.number == 0 {
            return Err("number: counts from 1".into());
        }
        if self.path.is_some() && self.when != When::Call {
            return Err("path: only with when = \"call\"".into());
        }
        let one = "exactly one of fault, disarm, expire, revoke, switch, reset, clock, settle";
        let mut commands = self.command.iter();
        let (Some((name, value)), None) = (commands.next(), commands.next()) else { return Err(one.into()) };
        if !COMMANDS.contains(&name.as_str()) {
            return Err(format!("{name:?} is nothing that an event can do; it has {one}"));
        }
        let command = Command::read(name, value.clone()).map_err(|wrong| format!("{name}: {wrong}"))?;
        match &command {
            Command::Reset(Reset { what: What::All | What::Next }) => {
                return Err("reset: a part of the sandbox, but neither \"all\" nor \"next\"".into());
            }
            command => command.check()?,
        }
        let path = self.path.as_ref().map(|path| format!("/{}", path.trim_matches('/')));
        Ok(ReadyEvent { when: self.when, path, number: self.number, command })
    }
}

fn one() -> u32 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_one(value: &u32) -> bool {
    *value == 1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_false(value: &bool) -> bool {
    !value
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_zero(value: &i64) -> bool {
    *value == 0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::string::string_regex;

    use super::*;

    proptest! {
        #[test]
        fn whatever_is_read_as_a_scenario_can_be_written_and_read_again(
            // Read once, not for every value.
            name in string_regex("[ -~]{0,10}|.{0,6}").unwrap(), lines in proptest::collection::vec(
                string_regex("user = \"(ada|bob)\"|allow = (\"(all|deny|some)\"|\\[\"(kyc:read|x)\"\\])|times = [0-9]{1,11}|auto = true|asks = \\[\"profile:read\"\\]|\\[\\[round\\]\\]|\\[\\[event\\]\\]|when = \"(call|start|never)\"|revoke = \"(ada|all)\"|clock_offset_s = -?[0-9]{1,12}|fault = \\{ target = \"api\", kind = \"(status|delay)\", status = [0-9]{1,4} \\}|\\[switches\\]|iss = \"present\"|[ -~]{0,12}").unwrap(),
                0..10,
            ),
        ) {
            let text = format!("name = {}\n{}\n", Value::from(name), lines.join("\n"));
            if let Ok(scenario) = Scenario::parse(&text) {
                let written = scenario.to_toml().unwrap();
                prop_assert_eq!(Scenario::parse(&written).unwrap().to_toml().unwrap(), written);
            }
        }
    }
}
