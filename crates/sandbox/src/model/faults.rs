//! Faults: which calls they hit, and what happens to these. What that is in HTTP stands in `monei::faults`.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

/// Most faults armed at once.
pub(crate) const MAX_ARMED: usize = 100;
/// Longest delay: ten minutes.
const MAX_DELAY_MS: u64 = 600_000;

/// Which calls are hit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// `POST /connect/token`
    Token,
    /// `POST /connect/token/revoke`
    Revoke,
    /// Every other path below `/api/v1`.
    Api,
    /// One path below `/api/v1`, with a leading slash.
    Path(String),
}

/// What happens to them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// This status instead of processing.
    Status { status: u16, retry_after: Option<String> },
    /// The connection is closed before processing.
    DropBefore,
    /// Processed; then the connection is closed without an answer.
    DropAfter,
    /// Processed after a while.
    Delay(Duration),
    /// Processed; the answer says `text/html`.
    WrongContentType,
    /// 10 MiB instead of processing.
    HugeBody,
    /// 302 to this location instead of processing.
    Redirect(String),
}

/// An armed fault.
#[derive(Clone, Debug)]
pub(crate) struct Fault {
    /// Ordinal since recording began; used by `/disarm`.
    pub(crate) number: u32,
    pub(crate) target: Target,
    /// Calls of this method alone.
    pub(crate) method: Option<String>,
    pub(crate) kind: Kind,
    /// How many calls it still hits.
    pub(crate) times: u32,
}

/// Body of `POST /sandbox/api/fault`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Fault)]
pub(crate) struct Order {
    /// `token`, `revoke`, `api` (every other call), or a path below `/api/v1`.
    target: String,
    /// `status`, `drop_before`, `drop_after`, `delay`, `wrong_content_type`, `huge_body` or `redirect`.
    kind: String,
    /// Calls of this method alone; for `api` and paths.
    #[serde(skip_serializing_if = "Option::is_none")]
    method: Option<String>,
    /// 200 to 599; for the kind `status`.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    retry_after: Option<Value>,
    /// At most ten minutes; for the kind `delay`.
    #[serde(skip_serializing_if = "Option::is_none")]
    delay_ms: Option<u64>,
    /// Where to; for the kind `redirect`.
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<String>,
    /// How many calls it hits; 1 where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    times: Option<u32>,
}

impl Order {
    /// Reads the form of the control page, whose fields are all text and may be empty.
    pub(crate) fn from_form(field: &dyn Fn(&str) -> Option<String>) -> Result<Self, String> {
        fn number<N: std::str::FromStr>(text: Option<String>, name: &str) -> Result<Option<N>, String> {
            text.map(|text| text.parse().map_err(|_| format!("{name} is not a number in range"))).transpose()
        }
        Ok(Self {
            target: field("target").unwrap_or_default(),
            kind: field("kind").unwrap_or_default(),
            method: field("method"),
            status: number(field("status"), "status")?,
            retry_after: field("retry_after").map(Value::from),
            delay_ms: number(field("delay_ms"), "delay_ms")?,
            location: field("location"),
            times: number(field("times"), "times")?,
        })
    }

    /// Checks the order. The text of an error says what is wrong.
    pub(crate) fn arm(self) -> Result<Fault, String> {
        let target = match self.target.as_str() {
            "token" => Target::Token,
            "revoke" => Target::Revoke,
            "api" => Target::Api,
            path if !path.trim_matches('/').is_empty() && path.len() <= 256 => Target::Path(format!("/{}", path.trim_matches('/'))),
            _ => return Err("target: token, revoke, api, or a path below /api/v1".into()),
        };
        let kind = match self.kind.as_str() {
            "status" => Kind::Status {
                status: self.status.filter(|status| (200..=599).contains(status)).ok_or("status: a number from 200 to 599")?,
                retry_after: self.retry_after.map(retry_after).transpose()?,
            },
            "drop_before" => Kind::DropBefore,
            "drop_after" => Kind::DropAfter,
            "delay" => match self.delay_ms {
                Some(delay) if delay <= MAX_DELAY_MS => Kind::Delay(Duration::from_millis(delay)),
                _ => return Err(format!("delay_ms: 0 to {MAX_DELAY_MS}")),
            },
            "wrong_content_type" => Kind::WrongContentType,
            "huge_body" => Kind::HugeBody,
            "redirect" => {
                let location = self.location.ok_or("location: where to redirect")?;
                Kind::Redirect(header_text(location, "location")?)
            }
            _ => return Err("kind: status, drop_before, drop_after, delay, wrong_content_type, huge_body or redirect".into()),
        };
        let method = self.method.map(|method| method.to_ascii_uppercase());
        if method.as_deref().is_some_and(|method| !["GET", "POST", "PUT", "PATCH", "DELETE"].contains(&method)) {
            return Err("method: GET, POST, PUT, PATCH or DELETE".into());
        }
        match self.times.unwrap_or(1) {
            0 => Err("times: at least 1".into()),
            times => Ok(Fault { number: 0, target, method, kind, times }),
        }
    }
}

impl Order {
    /// Fields that another kind of fault has: they change nothing here.
    pub(crate) fn remarks(&self) -> Vec<String> {
        let given = [
            ("status", "status", self.status.is_some()),
            ("retry_after", "status", self.retry_after.is_some()),
            ("delay_ms", "delay", self.delay_ms.is_some()),
            ("location", "redirect", self.location.is_some()),
        ];
        let idle = given.into_iter().filter(|(_, kind, there)| *there && self.kind != *kind);
        idle.map(|(field, kind, _)| format!("{field} has no effect: it belongs to the kind {kind}")).collect()
    }
}

/// A text that can stand in a header.
fn header_text(text: String, name: &str) -> Result<String, String> {
    if !text.is_empty() && text.len() <= 4_096 && text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        Ok(text)
    } else {
        Err(format!("{name}: not a header value"))
    }
}

fn retry_after(value: Value) -> Result<String, String> {
    let text = match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text,
        _ => return Err("retry_after: seconds, or the header's text".into()),
    };
    header_text(text, "retry_after")
}

impl Fault {
    /// Whether it hits a call that Monei serves: by its method and its path below `/api/v1`.
    pub(crate) fn hits(&self, method: &str, path: &str) -> bool {
        let target = match &self.target {
            Target::Token => method == "POST" && path == "/connect/token",
            Target::Revoke => method == "POST" && path == "/connect/token/revoke",
            Target::Api => !matches!(path, "/connect/token" | "/connect/token/revoke"),
            Target::Path(wanted) => path == wanted,
        };
        target && self.method.as_ref().is_none_or(|wanted| wanted == method)
    }

    /// For the control API: as it was ordered, with its number and how often it still strikes.
    pub(crate) fn to_json(&self) -> Value {
        let mut shown = json!({"number": self.number, "target": self.target.name(), "kind": self.kind.name(), "times": self.times});
        if let Some(method) = &self.method {
            shown["method"] = json!(method);
        }
        match &self.kind {
            Kind::Status { status, retry_after } => {
                shown["status"] = json!(status);
                shown["retry_after"] = json!(retry_after);
            }
            Kind::Delay(delay) => shown["delay_ms"] = json!(delay.as_millis()),
            Kind::Redirect(location) => shown["location"] = json!(location),
            Kind::DropBefore | Kind::DropAfter | Kind::WrongContentType | Kind::HugeBody => {}
        }
        shown
    }

    /// In words, for the control page and the log.
    pub(crate) fn describe(&self) -> String {
        let what = match &self.kind {
            Kind::Status { status, retry_after: None } => format!("status {status}"),
            Kind::Status { status, retry_after: Some(after) } => format!("status {status}, Retry-After {after}"),
            Kind::Delay(delay) => format!("answered {} ms late", delay.as_millis()),
            Kind::DropBefore => "dropped before it is processed".to_owned(),
            Kind::DropAfter => "processed, and the answer is lost".to_owned(),
            Kind::WrongContentType => "answered as HTML".to_owned(),
            Kind::HugeBody => "answered with 10 MiB".to_owned(),
            Kind::Redirect(location) => format!("redirected to {location}"),
        };
        match &self.method {
            Some(method) => format!("{what}, {method} alone"),
            None => what,
        }
    }
}

impl Target {
    /// As an order names it.
    pub(crate) fn name(&self) -> &str {
        match self {
            Target::Token => "token",
            Target::Revoke => "revoke",
            Target::Api => "api",
            Target::Path(path) => path,
        }
    }
}

impl Kind {
    /// As an order names it.
    fn name(&self) -> &'static str {
        match self {
            Kind::Status { .. } => "status",
            Kind::DropBefore => "drop_before",
            Kind::DropAfter => "drop_after",
            Kind::Delay(_) => "delay",
            Kind::WrongContentType => "wrong_content_type",
            Kind::HugeBody => "huge_body",
            Kind::Redirect(_) => "redirect",
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn whatever_is_armed_hits_only_calls_that_it_names_and_says_what_it_does(
            target in "token|revoke|api|/user/me|user/me/|/|.{0,10}", kind in "status|drop_before|drop_after|delay|wrong_content_type|huge_body|redirect|.{0,6}",
            method in proptest::option::of("GET|post|PUT|.{0,4}"), status in proptest::option::of("[0-9]{0,4}|.{0,3}"),
            delay_ms in proptest::option::of("[0-9]{0,8}"), location in proptest::option::of(".{0,20}"), times in proptest::option::of("[0-9]{0,11}"),
            retry_after in proptest::option::of(".{0,10}"),
        ) {
            let fields = [("target", Some(target)), ("kind", Some(kind)), ("method", method), ("status", status), ("delay_ms", delay_ms),
                          ("location", location), ("times", times), ("retry_after", retry_after)];
            let order = Order::from_form(&|name| fields.iter().find(|(known, _)| *known == name).and_then(|(_, value)| value.clone()));
            if let Ok(fault) = order.and_then(Order::arm) {
                prop_assert!(fault.times > 0 && !fault.describe().is_empty());
                prop_assert!(!fault.hits("OPTIONS", "/user/me") || fault.method.is_none());
                prop_assert!(!(fault.hits("POST", "/connect/token") && fault.hits("GET", "/user/me")));
            }
        }
    }
}
