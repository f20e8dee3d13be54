//! States of Monei that testers want often, each in one step.

use serde_json::{Value, json};

use crate::control::{What, arm, expire_now, move_clock, reset_now, revoke_now};
use crate::faults::Order;
use crate::nest::NestError;
use crate::plan::{Plan, Round, Rule};
use crate::sandbox::Store;
use crate::scenario::{Act, Setting, Switch};

/// One of them.
pub(crate) struct Preset {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    pub(crate) about: &'static str,
    apply: fn(&mut Store) -> Result<(), NestError>,
}

/// As good as for ever.
const STANDING: u32 = 100_000;

/// Everything on offer.
pub(crate) static PRESETS: [Preset; 11] = [
    Preset {
        name: "normal",
        title: "Everything normal",
        about: "No faults, no plan, default switches, true time. Grants stay.",
        apply: |store| {
            for what in [What::Faults, What::Quotas, What::Next, What::Switches] {
                reset_now(store, what)?;
            }
            move_clock(store, 0)
        },
    },
    Preset {
        name: "revoked",
        title: "Revoked at Monei",
        about: "Everybody has disconnected the app in the settings. The next call is 401, and so is the refresh.",
        apply: |store| revoke_now(store, None).map(|_| ()),
    },
    Preset {
        name: "expired",
        title: "Access tokens expired",
        about: "The next call is 401; a refresh works.",
        apply: |store| expire_now(store, None).map(|_| ()),
    },
    Preset {
        name: "declines_sensitive",
        title: "Declines everything sensitive",
        about: "The consent page comes with everything switched on but what is sensitive.",
        apply: |store| {
            store.plan = Plan::default();
            store.plan.add(Round { user: None, asks: None, rule: Rule::NotSensitive, auto: false, times: STANDING });
            Ok(())
        },
    },
    Preset {
        name: "busy",
        title: "Busy",
        about: "429 with Retry-After for the next three token calls and the next three calls of the API.",
        apply: |store| {
            fault(store, json!({"target": "token", "kind": "status", "status": 429, "retry_after": 8, "times": 3}))?;
            fault(store, json!({"target": "api", "kind": "status", "status": 429, "retry_after": 8, "times": 3}))
        },
    },
    Preset {
        name: "outage",
        title: "Outage",
        about: "503 for every call, until faults are cleared.",
        apply: |store| {
            for target in ["token", "revoke", "api"] {
                fault(store, json!({"target": target, "kind": "status", "status": 503, "times": STANDING}))?;
            }
            Ok(())
        },
    },
    Preset {
        name: "flaky",
        title: "Flaky network",
        about: "The next calls of the API are slow, dropped, answered 502, and dropped after processing.",
        apply: |store| {
            fault(store, json!({"target": "api", "kind": "delay", "delay_ms": 1500, "times": 2}))?;
            fault(store, json!({"target": "api", "kind": "drop_before", "times": 1}))?;
            fault(store, json!({"target": "api", "kind": "status", "status": 502, "times": 1}))?;
            fault(store, json!({"target": "api", "kind": "drop_after", "times": 1}))
        },
    },
    Preset {
        name: "lost_refresh",
        title: "Lost answer to a refresh",
        about: "The next token call is processed, and its answer never arrives: the pair has rotated all the same.",
        apply: |store| fault(store, json!({"target": "token", "kind": "drop_after", "times": 1})),
    },
    Preset {
        name: "cumulative_tokens",
        title: "Cumulative tokens",
        about: "A later approval gives one token for all scopes, and the earlier pair dies.",
        apply: |store| set(store, &[("upgrade_scopes", "cumulative"), ("old_pair_after_upgrade", "dead")]),
    },
    Preset {
        name: "separate_tokens",
        title: "Separate tokens",
        about: "A later approval gives a token for the new scopes alone, and the earlier pair lives on.",
        apply: |store| set(store, &[("upgrade_scopes", "only_new"), ("old_pair_after_upgrade", "alive")]),
    },
    Preset {
        name: "other_shapes",
        title: "Other shapes",
        about: "Answers as the guides have them: amounts as texts, an errors map, nested limits, another profile.",
        apply: |store| {
            let shapes =
                [("money_types", "strings"), ("envelope", "with_errors"), ("kyc_limits_shape", "nested"), ("profile_shape", "guide")];
            set(store, &shapes)
        },
    },
];

/// Applies one by its name.
pub(crate) fn apply(store: &mut Store, name: &str) -> Result<(), NestError> {
    let preset = PRESETS.iter().find(|preset| preset.name == name);
    let names = || PRESETS.iter().map(|preset| preset.name).collect::<Vec<_>>().join(", ");
    (preset.ok_or_else(|| NestError::bad_request(format!("preset: one of {}", names())))?.apply)(store)
}

/// For the control API.
pub(crate) fn table() -> Value {
    Value::Array(PRESETS.iter().map(|preset| json!({"name": preset.name, "title": preset.title, "about": preset.about})).collect())
}

fn fault(store: &mut Store, order: Value) -> Result<(), NestError> {
    let order: Order = serde_json::from_value(order).map_err(|error| NestError::bad_request(error.to_string()))?;
    arm(store, order).map(|_| ())
}

/// Sets these switches.
fn set(store: &mut Store, switches: &[(&str, &str)]) -> Result<(), NestError> {
    for (name, value) in switches {
        store.switches.set(name, value).map_err(|error| NestError::bad_request(error.to_string()))?;
        store.script.record(Act::Switch(Switch { name: (*name).to_owned(), value: Setting::Text((*value).to_owned()) }));
    }
    Ok(())
}
