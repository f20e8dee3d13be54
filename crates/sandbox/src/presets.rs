//! States of Monei that testers want often, each a list of commands.

use serde_json::{Value, json};

use crate::command::{Command, Failed};

/// One of them.
pub(crate) struct Preset {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    pub(crate) about: &'static str,
    commands: fn() -> Vec<(&'static str, Value)>,
}

/// As good as for ever.
const STANDING: u32 = 100_000;

fn switch(name: &str, value: &str) -> (&'static str, Value) {
    ("switch", json!({"name": name, "value": value}))
}

fn busy(target: &str) -> (&'static str, Value) {
    ("fault", json!({"target": target, "kind": "status", "status": 429, "retry_after": 8, "times": 3}))
}

fn down(target: &str) -> (&'static str, Value) {
    ("fault", json!({"target": target, "kind": "status", "status": 503, "times": STANDING}))
}

/// Everything on offer.
pub(crate) static PRESETS: [Preset; 11] = [
    Preset {
        name: "normal",
        title: "Everything normal",
        about: "No faults, no plan, default switches, true time. Grants stay.",
        commands: || {
            let reset = |what| ("reset", json!(what));
            vec![reset("faults"), reset("quotas"), reset("next"), reset("switches"), ("clock", json!({"offset_s": 0}))]
        },
    },
    Preset {
        name: "revoked",
        title: "Revoked at Monei",
        about: "Everybody has disconnected the app in the settings. The next call is 401, and so is the refresh.",
        commands: || vec![("revoke", json!({}))],
    },
    Preset {
        name: "expired",
        title: "Access tokens expired",
        about: "The next call is 401; a refresh works.",
        commands: || vec![("expire", json!({}))],
    },
    Preset {
        name: "declines_sensitive",
        title: "Declines everything sensitive",
        about: "The consent page comes with everything switched on but what is sensitive.",
        commands: || vec![("reset", json!("next")), ("next", json!({"allow": "not_sensitive", "times": STANDING}))],
    },
    Preset {
        name: "busy",
        title: "Busy",
        about: "429 with Retry-After for the next three token calls and the next three calls of the API.",
        commands: || vec![busy("token"), busy("api")],
    },
    Preset {
        name: "outage",
        title: "Outage",
        about: "503 for every call, until faults are cleared.",
        commands: || vec![down("token"), down("revoke"), down("api")],
    },
    Preset {
        name: "flaky",
        title: "Flaky network",
        about: "The next calls of the API are slow, dropped, answered 502, and dropped after processing.",
        commands: || {
            vec![
                ("fault", json!({"target": "api", "kind": "delay", "delay_ms": 1500, "times": 2})),
                ("fault", json!({"target": "api", "kind": "drop_before", "times": 1})),
                ("fault", json!({"target": "api", "kind": "status", "status": 502, "times": 1})),
                ("fault", json!({"target": "api", "kind": "drop_after", "times": 1})),
            ]
        },
    },
    Preset {
        name: "lost_refresh",
        title: "Lost answer to a refresh",
        about: "The next token call is processed, and its answer never arrives: the pair has rotated all the same.",
        commands: || vec![("fault", json!({"target": "token", "kind": "drop_after", "times": 1}))],
    },
    Preset {
        name: "cumulative_tokens",
        title: "Cumulative tokens",
        about: "A later approval gives one token for all scopes, and the earlier pair dies.",
        commands: || vec![switch("upgrade_scopes", "cumulative"), switch("old_pair_after_upgrade", "dead")],
    },
    Preset {
        name: "separate_tokens",
        title: "Separate tokens",
        about: "A later approval gives a token for the new scopes alone, and the earlier pair lives on.",
        commands: || vec![switch("upgrade_scopes", "only_new"), switch("old_pair_after_upgrade", "alive")],
    },
    Preset {
        name: "other_shapes",
        title: "Other shapes",
        about: "Answers as the guides have them: amounts as texts, an errors map, nested limits, another profile.",
        commands: || {
            vec![
                switch("money_types", "strings"),
                switch("envelope", "with_errors"),
                switch("kyc_limits_shape", "nested"),
                switch("profile_shape", "guide"),
            ]
        },
    },
];

/// The commands of one by its name.
pub(crate) fn commands(name: &str) -> Result<Vec<Command>, Failed> {
    let names = || PRESETS.iter().map(|preset| preset.name).collect::<Vec<_>>().join(", ");
    let preset = PRESETS.iter().find(|preset| preset.name == name).ok_or_else(|| Failed::Wrong(format!("preset: one of {}", names())))?;
    (preset.commands)().into_iter().map(|(name, value)| Command::read(name, value).map_err(Failed::Wrong)).collect()
}

/// For the control API.
pub(crate) fn table() -> Value {
    Value::Array(PRESETS.iter().map(|preset| json!({"name": preset.name, "title": preset.title, "about": preset.about})).collect())
}
