//! Everything that can be done to the sandbox on purpose. The control page, the JSON API, presets, scenarios and the export of what was done
//! all speak of these commands, so that none of them can do what the others can't.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::model::clock::{MAX_OFFSET_S, SECOND, span};
use crate::model::faults::{MAX_ARMED, Order, Target};
use crate::model::grants::Grants;
use crate::model::journal::Journal;
use crate::model::people::Person;
use crate::model::plan::{Allow, Plan, Round, Rule};
use crate::model::switches::Switches;
use crate::model::timeline::Timeline;
use crate::model::{NotSaved, Serves, World};
use crate::options::check_secret;

/// Most rounds planned at once.
const MOST_PLANNED: usize = 100;

/// One thing that somebody does to the sandbox. Written in a scenario under its name, posted to `/sandbox/api/<name>`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Command {
    Expire(Who),
    Revoke(Revoke),
    Fault(Order),
    Disarm(Disarm),
    Switch(Switch),
    Clock(Shift),
    Reset(Reset),
    Settle(Settle),
    /// Plans an authorization. An export has the plan itself.
    #[serde(skip_serializing)]
    Next(Next),
    /// Not in an export: a scenario holds no secrets.
    #[serde(skip_serializing)]
    Secret(NewSecret),
    /// Made of other commands.
    #[serde(skip_serializing)]
    Preset(Preset),
    /// Made of other commands.
    #[serde(skip_serializing)]
    Scenario(Play),
}

/// Access tokens expire now.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Who {
    /// Whose; everybody's where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "ada")]
    pub(crate) user: Option<String>,
}

/// A person disconnects an app in the settings.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Revoke {
    /// Who does; everybody where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "ada")]
    pub(crate) user: Option<String>,
    /// Which app; every one where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) client_id: Option<String>,
}

/// Takes one fault back. One that has struck for the last time is gone already, which is as good.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Disarm {
    /// Ordinal of the fault since recording began, from 1; `state` tells it.
    #[schema(example = 1)]
    pub(crate) number: u32,
}

/// Sets a switch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Switch {
    /// Its name.
    #[schema(example = "refresh_scopes")]
    pub(crate) name: String,
    /// One of its values; `true` and `false` are `on` and `off`.
    #[schema(value_type = String, example = "absent")]
    pub(crate) value: Value,
}

/// Moves the sandbox's clock; exactly one of the two.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Shift {
    /// To so many seconds from the computer's time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = 3600)]
    pub(crate) offset_s: Option<i64>,
    /// On (or back) by so many seconds from where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) by_s: Option<i64>,
}

/// Puts something back to how it was at the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Reset {
    pub(crate) what: What,
}

/// What a reset puts back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum What {
    /// Everything below, and sessions and the clock. A new record begins.
    #[default]
    All,
    /// Counters and the list of requests.
    Counters,
    /// Armed faults.
    Faults,
    /// Switches.
    Switches,
    /// The calls that quotas have counted.
    Quotas,
    /// What was planned for the next authorizations, and the scenario with it.
    Next,
    /// Balances, and the records of what was moved.
    Money,
    /// Grants, codes and what people have allowed.
    Grants,
}

impl What {
    /// As the API and scenarios name it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            What::All => "all",
            What::Counters => "counters",
            What::Faults => "faults",
            What::Switches => "switches",
            What::Quotas => "quotas",
            What::Next => "next",
            What::Money => "money",
            What::Grants => "grants",
        }
    }
}

/// Pending deposits are paid, and sales completed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Settle {
    /// Which; all where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reference: Option<String>,
}

/// Plans the next authorization.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Next {
    /// Who is logged in; whoever is, where absent.
    #[schema(example = "tunde")]
    pub(crate) user: Option<String>,
    /// What is switched on; nothing where absent.
    pub(crate) allow: Option<Allow>,
    /// Answers at once, without a page; wants a person.
    #[serde(default)]
    pub(crate) auto: bool,
    /// For so many authorizations; 1 where absent.
    pub(crate) times: Option<u32>,
}

/// Gives an app another secret; the switch `secret_overlap` says whether the previous one works on.
#[derive(Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewSecret {
    #[schema(example = "mc_sim_test")]
    client_id: String,
    #[schema(example = "mcs_sim_another")]
    client_secret: String,
}

impl std::fmt::Debug for NewSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewSecret").field("client_id", &self.client_id).finish_non_exhaustive()
    }
}

/// Applies a preset.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Preset {
    #[schema(example = "normal")]
    pub(crate) name: String,
}

/// Plays a scenario from its start.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Play {
    /// The scenario's text.
    #[schema(example = "name = \"One round\"\n[[round]]\nuser = \"ada\"\nallow = \"all\"\n")]
    pub(crate) toml: String,
    /// Answers each authorization at once, without a person.
    #[serde(default)]
    pub(crate) auto_approve: bool,
}

/// What a command came to.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Done {
    /// So many access tokens expired.
    Expired(usize),
    /// So many pairs ended.
    Ended(usize),
    /// So many faults are armed now.
    Armed(usize),
    /// The clock's distance from the computer's time, in seconds.
    ClockOffsetS(i64),
    /// It was put back.
    Reset(bool),
    /// The secret was changed.
    Changed(bool),
    /// So many authorizations are planned now.
    Planned(usize),
    /// So many deposits and sales came about.
    Settled(usize),
    /// The preset's name.
    Applied(String),
    /// The scenario's name.
    Playing(String),
    /// The switches as they are now.
    #[serde(untagged)]
    Switches(Value),
}

/// Why a command does nothing.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Failed {
    /// It can't be; the text says why.
    Wrong(String),
    /// There is no such thing.
    NotFound(String),
    /// The state file could not be written.
    NotSaved,
}

impl From<NotSaved> for Failed {
    fn from(_: NotSaved) -> Self {
        Failed::NotSaved
    }
}

impl Failed {
    pub(crate) fn wrong(text: impl Into<String>) -> Failed {
        Failed::Wrong(text.into())
    }
}

impl std::fmt::Display for Failed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Failed::Wrong(text) | Failed::NotFound(text) => f.write_str(text),
            Failed::NotSaved => f.write_str("the state file could not be written; the sandbox's log says why"),
        }
    }
}

impl Command {
    /// Every command, by its name in the API and in scenarios.
    pub(crate) const NAMES: [&str; 12] =
        ["expire", "revoke", "fault", "disarm", "switch", "clock", "reset", "settle", "next", "secret", "preset", "scenario"];

    /// Reads the command `name` from its fields, or from the short form that scenarios may use: `revoke = "ada"`.
    ///
    /// # Errors
    /// A text for a person.
    pub(crate) fn read(name: &str, value: Value) -> Result<Command, String> {
        fn fields<T: DeserializeOwned>(value: Value) -> Result<T, String> {
            read_fields(value)
        }
        let everyone = |user: String| (user != "all").then_some(user);
        Ok(match (name, value) {
            ("expire", Value::String(user)) => Command::Expire(Who { user: everyone(user) }),
            ("expire", value) => Command::Expire(fields(value)?),
            ("revoke", Value::String(user)) => Command::Revoke(Revoke { user: everyone(user), client_id: None }),
            ("revoke", value) => Command::Revoke(fields(value)?),
            ("fault", value) => Command::Fault(fields(value)?),
            ("disarm", number @ Value::Number(_)) => Command::Disarm(Disarm { number: fields(number)? }),
            ("disarm", value) => Command::Disarm(fields(value)?),
            ("switch", value) => Command::Switch(fields(value)?),
            ("clock_offset_s", number) => Command::Clock(Shift { offset_s: Some(fields(number)?), by_s: None }),
            ("clock", value) => Command::Clock(fields(value)?),
            ("reset", text @ Value::String(_)) => Command::Reset(Reset { what: fields(text)? }),
            ("reset", value) => Command::Reset(fields(value)?),
            ("settle", Value::Bool(true)) => Command::Settle(Settle::default()),
            ("settle", Value::Bool(false)) => return Err("settle: true".into()),
            ("settle", Value::String(reference)) => Command::Settle(Settle { reference: Some(reference) }),
            ("settle", value) => Command::Settle(fields(value)?),
            ("next", value) => Command::Next(fields(value)?),
            ("secret", value) => Command::Secret(fields(value)?),
            ("preset", value) => Command::Preset(fields(value)?),
            ("scenario", value) => Command::Scenario(fields(value)?),
            (name, _) => return Err(format!("{name:?} is no command; there are {}", Command::NAMES.join(", "))),
        })
    }

    /// What it does, in words for the timeline.
    pub(crate) fn in_words(&self) -> String {
        let whose = |user: &Option<String>| user.clone().unwrap_or_else(|| "everybody".to_owned());
        match self {
            Command::Expire(Who { user }) => format!("lets the access tokens of {} expire", whose(user)),
            Command::Revoke(Revoke { user, client_id: Some(app) }) => format!("{} disconnects {app}", whose(user)),
            Command::Revoke(Revoke { user, client_id: None }) => format!("{} disconnects every app", whose(user)),
            Command::Fault(order) => match order.clone().arm() {
                Ok(fault) => format!("arms a fault: {} on {}, {}", fault.describe(), fault.target.name(), often(fault.times)),
                Err(wrong) => wrong,
            },
            Command::Disarm(Disarm { number }) => format!("takes fault {number} back"),
            Command::Switch(switch) => format!("sets the switch {} to {}", switch.name, switch.text().unwrap_or_default()),
            Command::Clock(Shift { by_s: Some(by), .. }) if *by < 0 => {
                format!("moves the clock back by {}", span(by.saturating_mul(-SECOND)))
            }
            Command::Clock(Shift { by_s: Some(by), .. }) => format!("moves the clock on by {}", span(by.saturating_mul(SECOND))),
            Command::Clock(Shift { offset_s, .. }) => {
                format!("moves the clock to {} s from the computer's time", offset_s.unwrap_or_default())
            }
            Command::Reset(Reset { what }) => format!("resets {}", what.name()),
            Command::Settle(Settle { reference: Some(reference) }) => format!("settles {reference}"),
            Command::Settle(Settle { reference: None }) => "settles deposits and sales".to_owned(),
            Command::Next(_) => "plans an authorization".to_owned(),
            Command::Secret(new) => format!("changes the secret of {}", new.client_id),
            Command::Preset(preset) => format!("applies the preset {:?}", preset.name),
            Command::Scenario(_) => "plays a scenario".to_owned(),
        }
    }

    /// Looks at what can be seen to be wrong without doing it.
    ///
    /// # Errors
    /// A text for a person.
    pub(crate) fn check(&self) -> Result<(), String> {
        match self {
            Command::Expire(Who { user }) | Command::Revoke(Revoke { user, .. }) => person(user.as_deref()).map(|_| ()),
            Command::Fault(order) => order.clone().arm().map(|_| ()),
            Command::Disarm(Disarm { number: 0 }) => Err("disarm: ordinal of a fault that was armed; counts from 1".into()),
            Command::Switch(switch) => Switches::default().set(&switch.name, &switch.text()?).map_err(|error| error.to_string()),
            Command::Clock(shift) => shift.from(0).map(|_| ()),
            _ => Ok(()),
        }
    }

    /// What is strange about it, though it can be done: what waits for a call that Monei doesn't have waits for ever.
    pub(crate) fn remarks(&self, serves: Serves) -> Vec<String> {
        let Command::Fault(order) = self else { return Vec::new() };
        let mut remarks = order.remarks();
        if let Ok(fault) = order.clone().arm() {
            let path = match &fault.target {
                Target::Token => "/connect/token",
                Target::Revoke => "/connect/token/revoke",
                Target::Api => return remarks,
                Target::Path(path) => path,
            };
            if !serves(fault.method.as_deref(), path) {
                let method = fault.method.map(|method| format!("{method} ")).unwrap_or_default();
                remarks.push(format!("Monei has no {method}{path}, so that no call is hit"));
            }
        }
        remarks
    }

    /// Does it. [`crate::script::Stage::apply`] is what everybody calls: it records what was done, too.
    pub(crate) fn carry_out(&self, world: &mut World) -> Result<Done, Failed> {
        self.check().map_err(Failed::Wrong)?;
        let now = world.now();
        Ok(match self {
            Command::Expire(Who { user }) => {
                let expired = world.grants.expire(user.as_deref(), now);
                world.save()?;
                Done::Expired(expired)
            }
            Command::Revoke(Revoke { user, client_id }) => {
                if client_id.as_deref().is_some_and(|id| world.client(id).is_none()) {
                    return Err(Failed::NotFound("App not found".into()));
                }
                let ended = world.grants.disconnect(user.as_deref(), client_id.as_deref());
                world.save()?;
                Done::Ended(ended)
            }
            Command::Fault(order) => {
                let fault = order.clone().arm().map_err(Failed::Wrong)?;
                if world.faults.len() >= MAX_ARMED {
                    return Err(Failed::Wrong(format!("at most {MAX_ARMED} faults can be armed at once")));
                }
                world.arm(fault);
                Done::Armed(world.faults.len())
            }
            Command::Disarm(Disarm { number }) => {
                world.faults.retain(|fault| fault.number != *number);
                Done::Armed(world.faults.len())
            }
            Command::Switch(switch) => {
                let text = switch.text().map_err(Failed::Wrong)?;
                world.switches.set(&switch.name, &text).map_err(|error| Failed::Wrong(error.to_string()))?;
                Done::Switches(world.switches.values())
            }
            Command::Clock(shift) => {
                let offset = shift.from(world.clock.offset_s()).map_err(Failed::Wrong)?;
                world.clock.set_offset_s(offset);
                let now = world.now();
                world.quotas.moved(now);
                Done::ClockOffsetS(offset)
            }
            Command::Reset(Reset { what }) => {
                put_back(world, *what);
                world.save()?;
                Done::Reset(true)
            }
            Command::Settle(Settle { reference }) => Done::Settled(world.ledger.settle(reference.as_deref(), now)),
            Command::Next(next) => {
                let round = next.round().map_err(Failed::Wrong)?;
                if world.plan.len() >= MOST_PLANNED {
                    return Err(Failed::Wrong(format!("at most {MOST_PLANNED} authorizations can be planned")));
                }
                world.plan.add(round);
                Done::Planned(world.plan.len())
            }
            Command::Secret(new) => {
                check_secret(&new.client_id, &new.client_secret).map_err(|error| Failed::Wrong(error.to_string()))?;
                if !world.change_secret(&new.client_id, &new.client_secret) {
                    return Err(Failed::NotFound("App not found".into()));
                }
                Done::Changed(true)
            }
            Command::Preset(_) | Command::Scenario(_) => return Err(Failed::wrong("this is made of other commands")),
        })
    }
}

/// Reads the fields of an order.
///
/// # Errors
/// A text for a person: which field, and what is wrong with it.
pub(crate) fn read_fields<T: DeserializeOwned>(value: Value) -> Result<T, String> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = error.path().to_string();
        let numbers = ["u16", "u32", "u64", "i64"];
        let text = numbers.iter().fold(error.into_inner().to_string(), |text, kind| {
            text.replace(&format!("expected {kind}"), "expected a whole number in range")
        });
        if path == "." { text } else { format!("{path}: {text}") }
    })
}

impl Switch {
    /// The value as [`Switches::set`] takes it.
    pub(crate) fn text(&self) -> Result<String, String> {
        match &self.value {
            Value::String(text) => Ok(text.clone()),
            Value::Number(number) => Ok(number.to_string()),
            Value::Bool(on) => Ok(if *on { "on" } else { "off" }.to_owned()),
            _ => Err("value: a text or a number".into()),
        }
    }
}

impl Shift {
    /// The offset that it makes of `before`.
    fn from(&self, before: i64) -> Result<i64, String> {
        let offset = match (self.offset_s, self.by_s) {
            (Some(offset), None) => offset,
            (None, Some(by)) => before.saturating_add(by),
            _ => return Err("clock: exactly one of offset_s and by_s".into()),
        };
        if (-MAX_OFFSET_S..=MAX_OFFSET_S).contains(&offset) { Ok(offset) } else { Err("clock_offset_s: at most ten years".into()) }
    }
}

impl Next {
    fn round(&self) -> Result<Round, String> {
        let rule = self.allow.as_ref().map_or(Ok(Rule::Nothing), Allow::rule)?;
        let (user, times) = (person(self.user.as_deref())?, self.times.unwrap_or(1));
        if self.auto && user.is_none() {
            return Err("auto: only with a user".into());
        }
        if times == 0 {
            return Err("times: at least 1".into());
        }
        Ok(Round { user, client: None, asks: None, rule, auto: self.auto, times })
    }
}

/// How often a fault strikes. A preset's outage stands until it is taken back.
pub(crate) fn often(times: u32) -> String {
    match times {
        1 => "once".into(),
        times if times > 1_000 => "until it is taken back".into(),
        times => format!("{times} times"),
    }
}

/// Somebody by their id.
///
/// # Errors
/// A text for a person.
pub(crate) fn person(id: Option<&str>) -> Result<Option<&'static Person>, String> {
    id.map(|id| Person::find(id).ok_or_else(|| "user: ada, tunde, markup or blocked".to_owned())).transpose()
}

/// Fields of a form as those of a command: empty ones are absent.
pub(crate) fn fields(pairs: &[(&str, Option<&str>)]) -> Value {
    let given = pairs.iter().filter_map(|(name, value)| value.map(|value| ((*name).to_owned(), Value::from(value))));
    Value::Object(given.collect::<Map<_, _>>())
}

fn put_back(world: &mut World, what: What) {
    let all = what == What::All;
    if all || what == What::Counters {
        world.journal = Journal::default();
        world.timeline = Timeline::default();
    }
    if all || what == What::Faults {
        world.faults.clear();
    }
    if all || what == What::Switches {
        world.switches = Switches::default();
    }
    if all || what == What::Quotas {
        world.quotas.clear();
    }
    if all || what == What::Next {
        world.plan = Plan::default();
    }
    if all || what == What::Money {
        world.ledger.clear();
    }
    if all || what == What::Grants {
        world.grants = Grants::emptied();
    }
    if all {
        world.armed = 0;
        world.sessions.clear();
        world.clock.reset();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use serde_json::json;

    use super::*;

    #[test]
    fn short_forms_and_fields_are_the_same_command() {
        for (name, short, long) in [
            ("revoke", json!("ada"), json!({"user": "ada"})),
            ("expire", json!("all"), json!({})),
            ("reset", json!("faults"), json!({"what": "faults"})),
            ("disarm", json!(2), json!({"number": 2})),
            ("settle", json!(true), json!({})),
        ] {
            assert_eq!(Command::read(name, short), Command::read(name, long), "{name}");
        }
        assert_eq!(Command::read("clock_offset_s", json!(5)), Command::read("clock", json!({"offset_s": 5})));
        assert!(Command::read("dance", json!({})).is_err());
    }

    #[test]
    fn what_is_exported_of_a_command_is_read_as_the_same_command() {
        for (name, value) in [
            ("revoke", json!({"user": "ada", "client_id": "mc_x"})),
            ("expire", json!({})),
            ("fault", json!({"target": "api", "kind": "status", "status": 503, "times": 2, "method": "GET"})),
            ("switch", json!({"name": "iss", "value": "present"})),
            ("clock", json!({"by_s": -60})),
            ("settle", json!({"reference": "a"})),
        ] {
            let command = Command::read(name, value).unwrap();
            let Value::Object(written) = serde_json::to_value(&command).unwrap() else { panic!("{name}") };
            let (written_name, written) = written.into_iter().next().unwrap();
            assert_eq!((written_name.as_str(), Command::read(name, written)), (name, Ok(command)));
        }
    }

    /// JSON near what commands take.
    fn near() -> impl Strategy<Value = Value> {
        let word = "all|ada|bob|token|api|revoke|status|drop_after|delay|redirect|GET|iss|present|absent|faults|quotas|/user/me|[ -~]{0,8}";
        let leaf = prop_oneof![
            word.prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            (0_i64..700).prop_map(Value::from),
            any::<bool>().prop_map(Value::from),
            Just(Value::Null),
        ];
        let field = "user|client_id|target|kind|method|status|retry_after|delay_ms|location|times|number|name|value|offset_s|by_s|what|reference|[a-z]{1,4}";
        let object =
            proptest::collection::btree_map(field, leaf.clone(), 0..5).prop_map(|fields| Value::Object(fields.into_iter().collect()));
        prop_oneof![leaf, object]
    }

    proptest! {
        #[test]
        fn whatever_is_read_as_a_command_can_be_told_and_is_read_again_as_the_same(
            name in proptest::sample::select(Command::NAMES.to_vec()), value in near(),
        ) {
            if let Ok(command) = Command::read(name, value) {
                prop_assert!(!command.in_words().is_empty());
                let checked = command.check();
                if let Ok(Value::Object(written)) = serde_json::to_value(&command) {
                    let (name, value) = written.into_iter().next().unwrap();
                    let again = Command::read(&name, value).unwrap();
                    prop_assert_eq!(again.check(), checked);
                    prop_assert_eq!(again, command);
                }
            }
        }
    }
}
