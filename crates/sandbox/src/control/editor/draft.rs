//! A scenario while somebody edits it: every field as the text that stands in the form, so that nothing is lost while something is wrong.

use std::collections::BTreeMap;

use monei::Scope;
use serde_json::{Map, Value};

use crate::command::Command;
use crate::model::fields::Fields;
use crate::model::plan::{AfterLast, Allow};
use crate::scenario::{Event, Round, Scenario, When};

/// Most rounds, events and switches that the editor takes.
pub(super) const MOST: usize = 50;
/// Longest text of a field, in bytes.
const LONGEST: usize = 4_096;

/// The whole of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Draft {
    pub(super) name: String,
    pub(super) about: String,
    pub(super) fresh: bool,
    pub(super) after_last: String,
    pub(super) clock_offset_s: String,
    pub(super) switches: Vec<(String, String)>,
    pub(super) rounds: Vec<RoundDraft>,
    pub(super) events: Vec<EventDraft>,
}

/// One authorization.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct RoundDraft {
    /// Empty for whoever is logged in.
    pub(super) user: String,
    /// Empty for every app.
    pub(super) client: String,
    /// Scopes that have to be asked for, with spaces between; empty for any.
    pub(super) asks: String,
    /// `all`, `not_sensitive`, `none`, `deny`, or [`THESE`].
    pub(super) allow: String,
    pub(super) scopes: Vec<String>,
    pub(super) auto: bool,
    pub(super) times: String,
}

/// The choice of single scopes.
pub(super) const THESE: &str = "these";

/// Something that happens.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct EventDraft {
    pub(super) when: String,
    pub(super) number: String,
    /// For calls: of which path; empty for any.
    pub(super) path: String,
    /// Name of the command.
    pub(super) action: String,
    /// The command's fields.
    pub(super) fields: BTreeMap<String, String>,
}

/// What can happen in an event, with the fields that the form has for it.
pub(super) const ACTIONS: [(&str, &[&str]); 8] = [
    ("fault", &["target", "kind", "method", "status", "retry_after", "delay_ms", "location", "times"]),
    ("expire", &["user"]),
    ("revoke", &["user", "client_id"]),
    ("clock", &["by_s", "offset_s"]),
    ("switch", &["name", "value"]),
    ("settle", &["reference"]),
    ("reset", &["what"]),
    ("disarm", &["number"]),
];
/// Fields that are numbers in a scenario.
const NUMBERS: [&str; 6] = ["status", "delay_ms", "times", "number", "by_s", "offset_s"];

impl EventDraft {
    /// A new one of this action, with values that work where some are needed.
    pub(super) fn of(action: &str) -> EventDraft {
        let given: &[(&str, &str)] = match action {
            "fault" => &[("target", "api"), ("kind", "status"), ("status", "503"), ("times", "1")],
            "clock" => &[("by_s", "3600")],
            "switch" => &[("name", "refresh_scopes"), ("value", "absent")],
            "reset" => &[("what", "faults")],
            "disarm" => &[("number", "1")],
            _ => &[],
        };
        let fields = given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        EventDraft { when: "call".into(), number: "1".into(), action: action.to_owned(), fields, ..EventDraft::default() }
    }

    pub(super) fn field(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str)
    }

    /// The names of the action's fields that mean something with the others as they are.
    pub(super) fn shown(&self) -> Vec<&'static str> {
        let known = ACTIONS.iter().find(|(action, _)| *action == self.action).map_or(&[][..], |(_, fields)| fields);
        let fits = |name: &str| match (self.action.as_str(), name) {
            ("fault", "status" | "retry_after") => self.field("kind") == "status",
            ("fault", "delay_ms") => self.field("kind") == "delay",
            ("fault", "location") => self.field("kind") == "redirect",
            _ => true,
        };
        known.iter().copied().filter(|name| fits(name)).collect()
    }

    fn event(&self) -> Result<Event, String> {
        let mut fields = Map::new();
        for name in self.shown() {
            let text = self.field(name);
            if text.is_empty() {
                continue;
            }
            let value = if NUMBERS.contains(&name) { Value::from(number::<i64>(text, name)?) } else { Value::from(text) };
            fields.insert(name.to_owned(), value);
        }
        let when: When = serde_json::from_value(Value::from(self.when.as_str())).map_err(|_| "when: not one of the list".to_owned())?;
        let path = Some(self.path.clone()).filter(|path| !path.is_empty() && when == When::Call);
        let command = BTreeMap::from([(self.action.clone(), Value::Object(fields))]);
        Ok(Event { when, number: number(&self.number, "number")?, path, command })
    }

    fn read(event: &Event) -> Result<EventDraft, String> {
        let (Some((name, value)), 1) = (event.command.iter().next(), event.command.len()) else { return Err("one command".into()) };
        // Short forms are written in full.
        let command = Command::read(name, value.clone())?;
        let Ok(Value::Object(written)) = serde_json::to_value(&command) else { return Err("a command for a scenario".into()) };
        let Some((action, Value::Object(fields))) = written.into_iter().next() else { return Err("a command for a scenario".into()) };
        let fields = fields.into_iter().map(|(name, value)| (name, text_of(&value))).collect();
        let when = serde_json::to_value(event.when).map(|value| text_of(&value)).unwrap_or_default();
        Ok(EventDraft { when, number: event.number.to_string(), path: event.path.clone().unwrap_or_default(), action, fields })
    }
}

impl RoundDraft {
    /// A new one: a person allows everything.
    pub(super) fn fresh() -> RoundDraft {
        RoundDraft { user: "ada".into(), allow: "all".into(), times: "1".into(), ..RoundDraft::default() }
    }

    fn round(&self) -> Result<Round, String> {
        let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let asks: Vec<String> = self.asks.split_whitespace().map(str::to_owned).collect();
        let allow = if self.allow == THESE { Allow::Scopes(self.scopes.clone()) } else { Allow::Named(self.allow.clone()) };
        Ok(Round {
            user: some(&self.user),
            client: some(&self.client),
            asks: Some(asks).filter(|asks| !asks.is_empty()),
            allow,
            auto: self.auto,
            times: number(&self.times, "times")?,
        })
    }

    fn read(round: &Round) -> RoundDraft {
        let (allow, scopes) = match &round.allow {
            Allow::Named(name) => (name.clone(), Vec::new()),
            Allow::Scopes(scopes) => (THESE.to_owned(), scopes.clone()),
        };
        RoundDraft {
            user: round.user.clone().unwrap_or_default(),
            client: round.client.clone().unwrap_or_default(),
            asks: round.asks.as_ref().map(|asks| asks.join(" ")).unwrap_or_default(),
            allow,
            scopes,
            auto: round.auto,
            times: round.times.to_string(),
        }
    }
}

impl Draft {
    /// An empty one, with the round that most begin with.
    pub(super) fn fresh() -> Draft {
        Draft {
            name: "My scenario".into(),
            after_last: "ask".into(),
            clock_offset_s: "0".into(),
            rounds: vec![RoundDraft::fresh()],
            ..Draft::default()
        }
    }

    /// As the form posts it.
    pub(super) fn of_form(form: &Fields) -> Draft {
        let text = |name: &str| cut(form.get(name).unwrap_or_default());
        let numbered = |kind: &str, field: &str| {
            (0..MOST).map_while(|place| form.get(&format!("{kind}-{place}-{field}")).map(|_| format!("{kind}-{place}"))).collect::<Vec<_>>()
        };
        let rounds = numbered("round", "allow").into_iter().map(|round| RoundDraft {
            user: text(&format!("{round}-user")),
            client: text(&format!("{round}-client")),
            asks: text(&format!("{round}-asks")),
            allow: text(&format!("{round}-allow")),
            scopes: Scope::KNOWN
                .iter()
                .map(|scope| scope.as_str().to_owned())
                .filter(|scope| form.get(&format!("{round}-scope-{scope}")).is_some())
                .collect(),
            auto: form.get(&format!("{round}-auto")).is_some(),
            times: text(&format!("{round}-times")),
        });
        let events = numbered("event", "action").into_iter().map(|event| {
            let action = text(&format!("{event}-action"));
            let known = ACTIONS.iter().find(|(known, _)| *known == action).map_or(&[][..], |(_, fields)| fields);
            let fields =
                known.iter().map(|name| ((*name).to_owned(), text(&format!("{event}-{name}")))).filter(|(_, value)| !value.is_empty());
            EventDraft {
                when: text(&format!("{event}-when")),
                number: text(&format!("{event}-number")),
                path: text(&format!("{event}-path")),
                fields: fields.collect(),
                action,
            }
        });
        let switches =
            numbered("switch", "name").into_iter().map(|switch| (text(&format!("{switch}-name")), text(&format!("{switch}-value"))));
        Draft {
            name: text("name"),
            about: text("about"),
            fresh: form.get("fresh").is_some(),
            after_last: text("after_last"),
            clock_offset_s: text("clock_offset_s"),
            switches: switches.collect(),
            rounds: rounds.collect(),
            events: events.collect(),
        }
    }

    /// Of a scenario.
    ///
    /// # Errors
    /// A text for a person, where it is longer than the editor takes.
    pub(super) fn of_scenario(scenario: &Scenario) -> Result<Draft, String> {
        if scenario.rounds.len() > MOST || scenario.events.len() > MOST {
            return Err(format!("The editor takes at most {MOST} rounds and {MOST} events. Longer scenarios can be played all the same."));
        }
        let after_last = serde_json::to_value(scenario.after_last).map(|value| text_of(&value)).unwrap_or_default();
        Ok(Draft {
            name: scenario.name.clone(),
            about: scenario.about.clone().unwrap_or_default(),
            fresh: scenario.fresh,
            after_last,
            clock_offset_s: scenario.clock_offset_s.to_string(),
            switches: scenario.switches.iter().map(|(name, value)| (name.clone(), text_of(value))).collect(),
            rounds: scenario.rounds.iter().map(RoundDraft::read).collect(),
            events: scenario.events.iter().map(EventDraft::read).collect::<Result<_, _>>()?,
        })
    }

    /// As a scenario, checked.
    ///
    /// # Errors
    /// A text for a person.
    pub(super) fn scenario(&self) -> Result<Scenario, String> {
        let after_last: AfterLast =
            serde_json::from_value(Value::from(self.after_last.as_str())).map_err(|_| "after_last: ask, deny or repeat".to_owned())?;
        let rounds = self.rounds.iter().zip(1..).map(|(round, place)| round.round().map_err(|wrong| format!("round {place}: {wrong}")));
        let events = self.events.iter().zip(1..).map(|(event, place)| event.event().map_err(|wrong| format!("event {place}: {wrong}")));
        let scenario = Scenario {
            name: self.name.clone(),
            about: Some(self.about.clone()).filter(|about| !about.is_empty()),
            fresh: self.fresh,
            after_last,
            clock_offset_s: number(&self.clock_offset_s, "clock_offset_s")?,
            switches: self.switches.iter().map(|(name, value)| (name.clone(), switch_value(value))).collect(),
            rounds: rounds.collect::<Result<_, _>>()?,
            events: events.collect::<Result<_, _>>()?,
        };
        scenario.ready().map_err(|error| error.to_string())?;
        Ok(scenario)
    }
}

/// Numbers are written as numbers.
fn switch_value(text: &str) -> Value {
    text.parse::<u64>().map_or_else(|_| Value::from(text), Value::from)
}

fn number<N: std::str::FromStr>(text: &str, name: &str) -> Result<N, String> {
    text.trim().parse().map_err(|_| format!("{name}: {text:?} is not a number in range"))
}

/// A value as it stands in a field.
fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

fn cut(text: &str) -> String {
    let mut end = text.len().min(LONGEST);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::string::string_regex;

    use super::*;

    /// Texts of this form. A form that stands as a text of its own is read anew for every value, which took most of the time.
    fn like(form: &str) -> impl Strategy<Value = String> + use<> {
        string_regex(form).unwrap()
    }

    fn round() -> impl Strategy<Value = RoundDraft> {
        let scopes = || proptest::sample::subsequence(Scope::KNOWN.iter().map(|scope| scope.as_str().to_owned()).collect::<Vec<_>>(), 0..4);
        (
            prop_oneof![like("ada|tunde|markup|blocked|"), like(".{0,4}")],
            like("|mc_sim_local|.{0,4}"),
            scopes(),
            prop_oneof![like("all|not_sensitive|none|deny|these"), like(".{0,4}")],
            scopes(),
            any::<bool>(),
            like("[0-9]{1,3}|.{0,3}"),
        )
            .prop_map(|(user, client, asks, allow, scopes, auto, times)| RoundDraft {
                user,
                client,
                asks: asks.join(" "),
                allow,
                scopes,
                auto,
                times,
            })
    }

    fn event() -> impl Strategy<Value = EventDraft> {
        let value =
            like("ada|all|token|/user/me|status|delay|redirect|drop_after|GET|503|5|-60|iss|present|faults|money|[ -~]{0,6}|.{0,4}");
        (
            proptest::sample::select(ACTIONS.to_vec()),
            proptest::collection::vec(value, 8),
            like("start|round|exchange|call|request|.{0,3}"),
            like("[0-9]{1,3}"),
            like("|/user/me|.{0,6}"),
        )
            .prop_map(|((action, names), values, when, number, path)| EventDraft {
                when,
                number,
                path,
                action: action.to_owned(),
                fields: names.iter().map(|name| (*name).to_owned()).zip(values).filter(|(_, value)| !value.is_empty()).collect(),
            })
    }

    proptest! {
        #[test]
        fn what_the_editor_writes_it_reads_back_as_the_same(
            name in like(".{0,20}"), about in like(".{0,20}"), fresh in any::<bool>(), after_last in like("ask|deny|repeat"),
            clock in like("-?[0-9]{1,6}"),
            switches in proptest::collection::btree_map(
                like("iss|token_status|refresh_scopes|token_calls_per_minute|.{0,4}"), like("present|200|absent|0|.{0,3}"), 0..3,
            ),
            rounds in proptest::collection::vec(round(), 0..3), events in proptest::collection::vec(event(), 0..3),
        ) {
            let draft = Draft { name, about, fresh, after_last, clock_offset_s: clock, switches: switches.into_iter().collect(), rounds, events };
            if let Ok(scenario) = draft.scenario() {
                let text = scenario.to_toml().unwrap();
                let again = Scenario::parse(&text).unwrap();
                let read = Draft::of_scenario(&again).unwrap();
                prop_assert_eq!(read.scenario().unwrap().to_toml().unwrap(), text);
                prop_assert_eq!((read.rounds.len(), read.events.len(), &read.name), (draft.rounds.len(), draft.events.len(), &draft.name));
            }
        }
    }

    #[test]
    fn a_form_is_read_as_the_draft_that_it_shows() {
        let form = "name=N&fresh=1&after_last=deny&clock_offset_s=60&round-0-user=ada&round-0-allow=these&round-0-scope-kyc%3Aread=1&round-0-times=2\
                    &round-0-auto=1&event-0-action=fault&event-0-when=call&event-0-number=3&event-0-path=%2Fuser%2Fme&event-0-target=api\
                    &event-0-kind=delay&event-0-delay_ms=100&event-0-status=503&switch-0-name=iss&switch-0-value=present";
        let draft = Draft::of_form(&Fields::parse(form.as_bytes()).unwrap());
        let text = draft.scenario().unwrap().to_toml().unwrap();
        for part in [
            "allow = [\"kyc:read\"]",
            "auto = true",
            "delay_ms = 100",
            "iss = \"present\"",
            "number = 3",
            "path = \"/user/me\"",
            "after_last = \"deny\"",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert!(!text.contains("503"), "a status means nothing to a delay: {text}");
    }
}
