//! What the editor can start from: presets and the sample scenarios.

use crate::command::{Command, Next, Switch};
use crate::model::plan::{AfterLast, Allow};
use crate::presets;
use crate::scenario::{Event, Round, Scenario, When};

/// The samples: file and text.
pub(super) const SAMPLES: [(&str, &str); 6] = [
    ("partial-grant", include_str!("../../../scenarios/partial-grant.toml")),
    ("declined", include_str!("../../../scenarios/declined.toml")),
    ("wrong-person", include_str!("../../../scenarios/wrong-person.toml")),
    ("separate-tokens", include_str!("../../../scenarios/separate-tokens.toml")),
    ("revoked-at-monei", include_str!("../../../scenarios/revoked-at-monei.toml")),
    ("busy-and-outage", include_str!("../../../scenarios/busy-and-outage.toml")),
];

/// A preset as a scenario: its switches are where the scenario starts from, its plan is a round, and the rest happens at the start.
///
/// # Errors
/// A text for a person, where there is no such preset.
pub(super) fn of_preset(name: &str) -> Result<Scenario, String> {
    let preset = presets::PRESETS.iter().find(|preset| preset.name == name).ok_or("There is no such preset.")?;
    let mut scenario = Scenario::empty(preset.title);
    scenario.about = Some(preset.about.to_owned());
    for command in presets::commands(name).map_err(|failed| failed.to_string())? {
        match command {
            Command::Switch(Switch { name, value }) => {
                scenario.switches.insert(name, value);
            }
            Command::Next(Next { user, allow, auto, times }) => {
                let allow = allow.unwrap_or(Allow::Named("none".to_owned()));
                scenario.rounds.push(Round { user, client: None, asks: None, allow, auto, times: times.unwrap_or(1) });
            }
            // A scenario begins with faults, switches, quotas, plan and clock put back.
            Command::Reset(_) | Command::Clock(_) => {}
            command => scenario.events.push(Event::after(When::Start, 1, None, &command)),
        }
    }
    if scenario.rounds.is_empty() {
        let allow = Allow::Named("all".to_owned());
        scenario.rounds.push(Round { user: Some("ada".to_owned()), client: None, asks: None, allow, auto: false, times: 1 });
        scenario.after_last = AfterLast::Ask;
    }
    Ok(scenario)
}

/// What the choice `start` of the form names: `preset:busy`, `sample:declined`.
///
/// # Errors
/// A text for a person.
pub(super) fn named(start: &str) -> Result<Scenario, String> {
    match start.split_once(':') {
        Some(("preset", name)) => of_preset(name),
        Some(("sample", name)) => {
            let (_, text) = SAMPLES.iter().find(|(known, _)| *known == name).ok_or("There is no such sample.")?;
            Scenario::parse(text).map_err(|error| error.to_string())
        }
        _ => Err("Choose what to start from.".to_owned()),
    }
}
