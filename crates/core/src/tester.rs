//! The tester's panel: what the sandbox does next. Only in the sandbox environment; the window names people, features, faults and
//! presets, and never an address.

use std::sync::Arc;

use monei::Scope;
use reqwest::StatusCode;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use url::Url;

use crate::model::feature::FeatureId;
use crate::model::problem::{Problem, ProblemCode};
use crate::model::snapshot::{
    Environment, TesterAllow, TesterArmed, TesterFault, TesterOrder, TesterPerson, TesterPlan, TesterPreset, TesterReset, TesterState,
    TesterSwitch, TesterTarget,
};
use crate::provider::Provider;
use crate::provider::http::{self, Connection, Http, Peer};

/// Most entries of a list that are shown.
const MOST: usize = 50;
/// Most faults that are shown; the sandbox holds no more.
const MOST_ARMED: usize = 100;
/// Most calls that one fault hits.
const MOST_TIMES: u32 = 100_000;
/// Longest delay, in seconds.
const LONGEST_DELAY: u32 = 600;
/// Longest word that names a person or preset, in bytes.
const LONGEST_WORD: usize = 32;
/// Longest text of the sandbox that is shown, in characters.
const LONGEST_TEXT: usize = 300;

/// What the sandbox offers and is about to do.
pub(crate) async fn view(provider: &Provider, environment: Environment) -> Result<TesterState, Problem> {
    sandbox(provider, environment).await?.view().await
}

/// Tells the sandbox what to do, and gives what it is about to do then.
pub(crate) async fn order(provider: &Provider, environment: Environment, order: TesterOrder) -> Result<TesterState, Problem> {
    let sandbox = sandbox(provider, environment).await?;
    let (verb, body) = request(order, &sandbox.base)?;
    sandbox.post(verb, &body).await?;
    sandbox.view().await
}

/// As everything else that a backend names, its sandbox is used only once the person has agreed to it.
async fn sandbox(provider: &Provider, environment: Environment) -> Result<Sandbox, Problem> {
    if environment != Environment::Sandbox {
        return Err(ProblemCode::InvalidInput.into());
    }
    Ok(Sandbox { base: provider.sandbox().await?, http: Arc::clone(provider.http()) })
}

/// The sandbox's control interface.
struct Sandbox {
    base: Url,
    http: Arc<Http>,
}

impl Sandbox {
    async fn view(&self) -> Result<TesterState, Problem> {
        #[derive(Deserialize)]
        struct State {
            faults: Vec<Armed>,
            next: Vec<Round>,
            clock_offset_s: i64,
            scenario: Option<String>,
        }
        let people: Vec<Named> = self.get("people").await?;
        let presets: Vec<Named> = self.get("presets").await?;
        let state: State = self.get("state").await?;
        let switches: Vec<Switch> = self.get("switches").await?;
        let changed = switches.into_iter().filter(|switch| switch.value != switch.default && is_word(&switch.name));
        let people = people.into_iter().filter_map(|person| {
            let id = person.id.filter(|id| is_word(id))?;
            Some(TesterPerson { id, name: text(&person.name), about: text(&person.about) })
        });
        let presets = presets.into_iter().filter(|preset| is_word(&preset.name)).map(|preset| TesterPreset {
            title: text(preset.title.as_deref().unwrap_or_default()),
            about: text(&preset.about),
            name: preset.name,
        });
        Ok(TesterState {
            people: people.take(MOST).collect(),
            presets: presets.take(MOST).collect(),
            planned: state.next.into_iter().take(MOST).filter_map(Round::shown).collect(),
            faults: state.faults.into_iter().take(MOST_ARMED).map(Armed::shown).collect(),
            switches: changed.map(|switch| TesterSwitch { name: switch.name, value: text(&switch.value) }).take(MOST).collect(),
            clock_offset_s: state.clock_offset_s,
            scenario: state.scenario.as_deref().map(text),
        })
    }

    async fn get<T: DeserializeOwned>(&self, what: &str) -> Result<T, Problem> {
        let response = self.http.get(self.url(what), Peer::Monei).await?;
        if response.status() != StatusCode::OK {
            return Err(ProblemCode::ProviderUnavailable.into());
        }
        let bytes = http::body(response).await.map_err(|_| ProblemCode::AnswerUnreadable)?;
        serde_json::from_slice(&bytes).map_err(|_| ProblemCode::AnswerUnreadable.into())
    }

    async fn post(&self, verb: &str, body: &Value) -> Result<(), Problem> {
        let request = http::post(self.url(verb), body).map_err(|_| ProblemCode::InvalidInput)?;
        match self.http.send(request, Connection::Own, Peer::Monei).await?.status() {
            status if status.is_success() => Ok(()),
            status if status.is_client_error() => Err(ProblemCode::InvalidInput.into()),
            _ => Err(ProblemCode::ProviderUnavailable.into()),
        }
    }

    fn url(&self, what: &str) -> Url {
        let mut url = self.base.clone();
        url.set_path(&format!("/sandbox/api/{what}"));
        url
    }
}

/// A person or a preset, as the sandbox lists them.
#[derive(Deserialize)]
struct Named {
    id: Option<String>,
    name: String,
    title: Option<String>,
    about: String,
}

/// A planned approval, as the sandbox lists it.
#[derive(Deserialize)]
struct Round {
    user: Option<String>,
    allow: Value,
    auto: bool,
    times: u32,
}

impl Round {
    fn shown(self) -> Option<TesterPlan> {
        let allow = match &self.allow {
            Value::String(rule) => match rule.as_str() {
                "all" => TesterAllow::All,
                "not_sensitive" => TesterAllow::NotSensitive,
                "none" => TesterAllow::Nothing,
                "deny" => TesterAllow::Deny,
                _ => return None,
            },
            Value::Array(scopes) => {
                let named = |id: &FeatureId| scopes.iter().any(|scope| scope.as_str() == Some(id.scope().as_str()));
                TesterAllow::Features { features: FeatureId::all().filter(named).collect() }
            }
            _ => return None,
        };
        Some(TesterPlan { person: self.user.filter(|id| is_word(id)), allow, auto: self.auto, times: self.times })
    }
}

/// A switch, as the sandbox lists it.
#[derive(Deserialize)]
struct Switch {
    name: String,
    value: String,
    default: String,
}

/// An armed fault, as the sandbox lists it.
#[derive(Deserialize)]
struct Armed {
    number: u32,
    target: String,
    kind: String,
    times: u32,
    status: Option<u16>,
    retry_after: Option<String>,
    delay_ms: Option<u64>,
}

impl Armed {
    fn shown(self) -> TesterArmed {
        use TesterFault as F;
        let fault = match (self.kind.as_str(), self.status, self.delay_ms) {
            ("status", Some(status), _) => {
                Some(F::Status { status, retry_after_s: self.retry_after.and_then(|seconds| seconds.parse().ok()) })
            }
            ("drop_before", ..) => Some(F::DropBefore),
            ("drop_after", ..) => Some(F::DropAfter),
            // Rounded up: a delay that is there is never shown as none.
            ("delay", _, Some(delay)) => Some(F::Delay { seconds: u32::try_from(delay.div_ceil(1000)).unwrap_or(u32::MAX) }),
            ("wrong_content_type", ..) => Some(F::WrongContentType),
            ("huge_body", ..) => Some(F::HugeBody),
            ("redirect", ..) => Some(F::Redirect),
            _ => None,
        };
        let target = TARGETS.into_iter().find(|(_, name)| *name == self.target).map(|(target, _)| target);
        TesterArmed { number: self.number, target, fault, times: self.times }
    }
}

/// The targets, in the sandbox's words.
const TARGETS: [(TesterTarget, &str); 7] = [
    (TesterTarget::Api, "api"),
    (TesterTarget::Profile, "/user/me"),
    (TesterTarget::Kyc, "/kyc/status"),
    (TesterTarget::Wallet, "/wallet/me"),
    (TesterTarget::Transactions, "/transactions"),
    (TesterTarget::Token, "token"),
    (TesterTarget::Revoke, "revoke"),
];

/// The call of the control interface that an order stands for.
fn request(order: TesterOrder, sandbox: &Url) -> Result<(&'static str, Value), Problem> {
    Ok(match order {
        TesterOrder::Plan { person, allow, auto } => {
            ("next", json!({"user": optional_word(person)?, "allow": allowed(&allow), "auto": auto}))
        }
        TesterOrder::Expire { person } => ("expire", json!({"user": optional_word(person)?})),
        TesterOrder::Revoke { person } => ("revoke", json!({"user": optional_word(person)?})),
        TesterOrder::Fault { target, fault, times } => ("fault", fault_body(target, fault, times, sandbox)?),
        TesterOrder::Disarm { number } => ("disarm", json!({"number": number})),
        TesterOrder::Preset { name } => ("preset", json!({"name": word(name)?})),
        TesterOrder::Reset { what } => {
            let what = match what {
                TesterReset::Plan => "next",
                TesterReset::Faults => "faults",
                TesterReset::All => "all",
            };
            ("reset", json!({"what": what}))
        }
    })
}

fn allowed(allow: &TesterAllow) -> Value {
    match allow {
        TesterAllow::All => json!("all"),
        TesterAllow::NotSensitive => json!("not_sensitive"),
        TesterAllow::Nothing => json!("none"),
        TesterAllow::Deny => json!("deny"),
        // In the catalogue's order and each once, whatever was listed.
        TesterAllow::Features { features } => {
            let chosen: Vec<&Scope> = FeatureId::all().filter(|id| features.contains(id)).map(FeatureId::scope).collect();
            json!(chosen)
        }
    }
}

fn fault_body(target: TesterTarget, fault: TesterFault, times: u32, sandbox: &Url) -> Result<Value, Problem> {
    use TesterFault as F;
    let mut body = match fault {
        F::Status { status, retry_after_s } if (200..=599).contains(&status) => {
            json!({"kind": "status", "status": status, "retry_after": retry_after_s})
        }
        F::Delay { seconds } if seconds <= LONGEST_DELAY => json!({"kind": "delay", "delay_ms": u64::from(seconds) * 1000}),
        F::Status { .. } | F::Delay { .. } => return Err(ProblemCode::InvalidInput.into()),
        F::DropBefore => json!({"kind": "drop_before"}),
        F::DropAfter => json!({"kind": "drop_after"}),
        F::WrongContentType => json!({"kind": "wrong_content_type"}),
        F::HugeBody => json!({"kind": "huge_body"}),
        F::Redirect => json!({"kind": "redirect", "location": sandbox.as_str()}),
    };
    if !(1..=MOST_TIMES).contains(&times) {
        return Err(ProblemCode::InvalidInput.into());
    }
    body["times"] = json!(times);
    body["target"] = json!(TARGETS.into_iter().find(|(known, _)| *known == target).map(|(_, name)| name));
    Ok(body)
}

fn optional_word(text: Option<String>) -> Result<Option<String>, Problem> {
    text.map(word).transpose()
}

fn word(text: String) -> Result<String, Problem> {
    if is_word(&text) { Ok(text) } else { Err(ProblemCode::InvalidInput.into()) }
}

/// A lower-case letter, then such letters, digits and underscores.
fn is_word(text: &str) -> bool {
    text.len() <= LONGEST_WORD
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

fn text(text: &str) -> String {
    text.chars().take(LONGEST_TEXT).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_words_name_people_and_presets() {
        for good in ["ada", "declines_sensitive", "p2"] {
            assert!(is_word(good), "{good}");
        }
        for bad in ["", "Ada", "2p", "_a", "a b", "a/../b", "a\"", "é", &"a".repeat(LONGEST_WORD + 1)] {
            assert!(!is_word(bad), "{bad}");
        }
    }

    #[test]
    fn an_order_with_another_name_or_out_of_range_goes_nowhere() {
        let sandbox = Url::parse("http://127.0.0.1:43118").unwrap();
        let fault = |fault, times| TesterOrder::Fault { target: TesterTarget::Api, fault, times };
        for order in [
            fault(TesterFault::HugeBody, 0),
            fault(TesterFault::HugeBody, MOST_TIMES + 1),
            fault(TesterFault::Delay { seconds: LONGEST_DELAY + 1 }, 1),
            fault(TesterFault::Status { status: 199, retry_after_s: None }, 1),
            fault(TesterFault::Status { status: 600, retry_after_s: None }, 1),
            TesterOrder::Expire { person: Some("../state".into()) },
            TesterOrder::Plan { person: Some("A".into()), allow: TesterAllow::All, auto: false },
            TesterOrder::Preset { name: "x y".into() },
        ] {
            assert_eq!(request(order, &sandbox), Err(Problem::new(ProblemCode::InvalidInput)));
        }
    }
}
