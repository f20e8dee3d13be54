//! What happened, in English: one line of the history.

use connect_core::PaymentOutcome;
use connect_core::snapshot::ActivityEvent;

const CONNECTED: &str = "{who} was connected";
const RECONNECTED: &str = "{who} was asked for more";
const REFRESHED: &str = "Access of {who} was renewed";
const REVOKED: &str = "Monei ended access of {who}";
const TAKEN_BACK: &str = "Permissions of {who} were taken back";
const CONTRADICTED: &str = "Something in {who} turned out to be another person’s, and was set apart";
const DISCONNECTED: &str = "{who} was disconnected";
const FAILED: &str = "Connecting {who} didn’t work out";
const BACKEND_CHANGED: &str = "The connection service was set and confirmed";
const APP_ALLOWED: &str = "{app} was allowed to use {who}";
const APP_NARROWED: &str = "{app} may do less with {who}";
const APP_EXTENDED: &str = "{app} may go on using {who}";
const APP_TAKEN_BACK: &str = "{app} may not use {who} any more";
const PAYMENT_DONE: &str = "{app} paid from {who}, as you confirmed";
const PAYMENT_REFUSED: &str = "{app} wanted to pay from {who}, and Monei refused";
const PAYMENT_NOT_SENT: &str = "{app} wanted to pay from {who}, and nothing was sent";
const PAYMENT_UNKNOWN: &str = "{app} may have paid from {who}: Monei’s answer didn’t arrive";
const UNKNOWN: &str = "Something that this version of the program can’t show";

/// By the name that the web view knows each by; `{who}` stands for the account, `{app}` for the app.
pub(super) const TEMPLATES: [(&str, &str); 18] = [
    ("connected", CONNECTED),
    ("reconnected", RECONNECTED),
    ("refreshed", REFRESHED),
    ("revoked", REVOKED),
    ("taken_back", TAKEN_BACK),
    ("contradicted", CONTRADICTED),
    ("disconnected", DISCONNECTED),
    ("failed", FAILED),
    ("backend_changed", BACKEND_CHANGED),
    ("app_allowed", APP_ALLOWED),
    ("app_narrowed", APP_NARROWED),
    ("app_extended", APP_EXTENDED),
    ("app_taken_back", APP_TAKEN_BACK),
    ("payment_done", PAYMENT_DONE),
    ("payment_refused", PAYMENT_REFUSED),
    ("payment_not_sent", PAYMENT_NOT_SENT),
    ("payment_unknown", PAYMENT_UNKNOWN),
    ("unknown", UNKNOWN),
];

/// What happened to `who`.
pub fn words(event: &ActivityEvent, who: &str) -> String {
    let (template, app) = match event {
        ActivityEvent::Connected { .. } => (CONNECTED, ""),
        ActivityEvent::Reconnected { .. } => (RECONNECTED, ""),
        ActivityEvent::Refreshed => (REFRESHED, ""),
        ActivityEvent::Revoked { .. } => (REVOKED, ""),
        ActivityEvent::TakenBack { .. } => (TAKEN_BACK, ""),
        ActivityEvent::Contradicted { .. } => (CONTRADICTED, ""),
        ActivityEvent::Disconnected { .. } => (DISCONNECTED, ""),
        ActivityEvent::Failed { .. } => (FAILED, ""),
        ActivityEvent::BackendChanged { .. } => (BACKEND_CHANGED, ""),
        ActivityEvent::AppAllowed { app, .. } => (APP_ALLOWED, app.as_str()),
        ActivityEvent::AppNarrowed { app, .. } => (APP_NARROWED, app.as_str()),
        ActivityEvent::AppExtended { app, .. } => (APP_EXTENDED, app.as_str()),
        ActivityEvent::AppTakenBack { app } => (APP_TAKEN_BACK, app.as_str()),
        ActivityEvent::Payment { app, outcome, .. } => (payment(*outcome), app.as_str()),
        ActivityEvent::Unknown => (UNKNOWN, ""),
    };
    // The app's name first in each: neither name is searched for the other's place.
    match template.strip_prefix("{app}") {
        Some(rest) => format!("{app}{}", rest.replace("{who}", who)),
        None => template.replace("{who}", who),
    }
}

const fn payment(outcome: PaymentOutcome) -> &'static str {
    match outcome {
        PaymentOutcome::Done => PAYMENT_DONE,
        PaymentOutcome::Refused => PAYMENT_REFUSED,
        PaymentOutcome::NotSent => PAYMENT_NOT_SENT,
        PaymentOutcome::Unknown => PAYMENT_UNKNOWN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_shown_as_it_is_whatever_is_in_it() {
        let event = ActivityEvent::AppTakenBack { app: "{who} $&".to_owned() };
        assert_eq!(words(&event, "{app}"), "{who} $& may not use {app} any more");
        assert_eq!(words(&ActivityEvent::Refreshed, "{who}"), "Access of {who} was renewed");
    }
}
