//! What happened: one line of the history.

use connect_core::PaymentOutcome;
use connect_core::snapshot::{ActivityEvent, Language};
use serde::Serialize;

/// A template for each kind of event, by the name that the web view knows it by; `{who}` stands for the account, `{app}` for the app.
#[derive(Serialize)]
pub(super) struct Templates {
    app_allowed: &'static str,
    app_extended: &'static str,
    app_narrowed: &'static str,
    app_taken_back: &'static str,
    backend_changed: &'static str,
    connected: &'static str,
    contradicted: &'static str,
    disconnected: &'static str,
    failed: &'static str,
    payment_done: &'static str,
    payment_not_sent: &'static str,
    payment_refused: &'static str,
    payment_unknown: &'static str,
    reconnected: &'static str,
    refreshed: &'static str,
    revoked: &'static str,
    set_aside: &'static str,
    switched_on: &'static str,
    taken_back: &'static str,
    unknown: &'static str,
}

const ENGLISH: Templates = Templates {
    connected: "{who} was connected",
    reconnected: "{who} was asked for more",
    refreshed: "Access of {who} was renewed",
    revoked: "Monei ended access of {who}",
    set_aside: "A permission of {who} was set aside",
    switched_on: "A permission of {who} was switched on again",
    taken_back: "Permissions of {who} were taken back",
    contradicted: "Something in {who} turned out to be another person’s, and was set apart",
    disconnected: "{who} was disconnected",
    failed: "Connecting {who} didn’t work out",
    backend_changed: "The connection service was set and confirmed",
    app_allowed: "{app} was allowed to use {who}",
    app_narrowed: "{app} may do less with {who}",
    app_extended: "{app} may go on using {who}",
    app_taken_back: "{app} may not use {who} any more",
    payment_done: "{app} paid from {who}, as you confirmed",
    payment_refused: "{app} wanted to pay from {who}, and Monei refused",
    payment_not_sent: "{app} wanted to pay from {who}, and nothing was sent",
    payment_unknown: "{app} may have paid from {who}: Monei’s answer didn’t arrive",
    unknown: "Something that this version of the program can’t show",
};

const FRENCH: Templates = Templates {
    connected: "Compte connecté : {who}",
    reconnected: "Nouvelles autorisations demandées : {who}",
    refreshed: "Accès renouvelé : {who}",
    revoked: "Accès terminé par Monei : {who}",
    set_aside: "Autorisation mise de côté : {who}",
    switched_on: "Autorisation réactivée : {who}",
    taken_back: "Autorisations retirées : {who}",
    contradicted: "Mis de côté, car lié à une autre personne : {who}",
    disconnected: "Compte déconnecté : {who}",
    failed: "Connexion non aboutie : {who}",
    backend_changed: "Le service de connexion a été défini et confirmé",
    app_allowed: "{app} peut utiliser {who}",
    app_narrowed: "{app} a moins d’autorisations pour {who}",
    app_extended: "{app} peut continuer à utiliser {who}",
    app_taken_back: "{app} ne peut plus utiliser {who}",
    payment_done: "{app} a payé depuis {who}, avec votre confirmation",
    payment_refused: "{app} a voulu payer depuis {who}, et Monei a refusé",
    payment_not_sent: "{app} a voulu payer depuis {who}, et rien n’a été envoyé",
    payment_unknown: "{app} a peut-être payé depuis {who} : la réponse de Monei n’est pas arrivée",
    unknown: "Un événement que cette version du programme ne peut pas afficher",
};

/// The templates of a language.
pub(super) const fn templates(language: Language) -> &'static Templates {
    match language {
        Language::English => &ENGLISH,
        Language::French => &FRENCH,
    }
}

/// What happened to `who`.
pub fn words(language: Language, event: &ActivityEvent, who: &str) -> String {
    let t = templates(language);
    let (template, app) = match event {
        ActivityEvent::Connected { .. } => (t.connected, ""),
        ActivityEvent::Reconnected { .. } => (t.reconnected, ""),
        ActivityEvent::Refreshed => (t.refreshed, ""),
        ActivityEvent::Revoked { .. } => (t.revoked, ""),
        ActivityEvent::TakenBack { .. } => (t.taken_back, ""),
        ActivityEvent::SetAside { .. } => (t.set_aside, ""),
        ActivityEvent::SwitchedOn { .. } => (t.switched_on, ""),
        ActivityEvent::Contradicted { .. } => (t.contradicted, ""),
        ActivityEvent::Disconnected { .. } => (t.disconnected, ""),
        ActivityEvent::Failed { .. } => (t.failed, ""),
        ActivityEvent::BackendChanged { .. } => (t.backend_changed, ""),
        ActivityEvent::AppAllowed { app, .. } => (t.app_allowed, app.as_str()),
        ActivityEvent::AppNarrowed { app, .. } => (t.app_narrowed, app.as_str()),
        ActivityEvent::AppExtended { app, .. } => (t.app_extended, app.as_str()),
        ActivityEvent::AppTakenBack { app } => (t.app_taken_back, app.as_str()),
        ActivityEvent::Payment { app, outcome, .. } => (t.payment(*outcome), app.as_str()),
        ActivityEvent::Unknown => (t.unknown, ""),
    };
    // The app's name first in each: neither name is searched for the other's place.
    match template.strip_prefix("{app}") {
        Some(rest) => format!("{app}{}", rest.replace("{who}", who)),
        None => template.replace("{who}", who),
    }
}

impl Templates {
    const fn payment(&self, outcome: PaymentOutcome) -> &'static str {
        match outcome {
            PaymentOutcome::Done => self.payment_done,
            PaymentOutcome::Refused => self.payment_refused,
            PaymentOutcome::NotSent => self.payment_not_sent,
            PaymentOutcome::Unknown => self.payment_unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_shown_as_it_is_whatever_is_in_it() {
        let event = ActivityEvent::AppTakenBack { app: "{who} $&".to_owned() };
        assert_eq!(words(Language::English, &event, "{app}"), "{who} $& may not use {app} any more");
        assert_eq!(words(Language::English, &ActivityEvent::Refreshed, "{who}"), "Access of {who} was renewed");
        assert_eq!(words(Language::French, &event, "{app}"), "{who} $& ne peut plus utiliser {app}");
    }

    #[test]
    fn every_template_has_the_same_places_in_each_language() {
        let of = |language| serde_json::to_value(templates(language)).unwrap();
        let (english, french) = (of(Language::English), of(Language::French));
        for (name, template) in english.as_object().unwrap() {
            let places = |text: &serde_json::Value| ["{app}", "{who}"].map(|place| text.as_str().unwrap().matches(place).count());
            assert_eq!(places(template), places(&french[name]), "{name}");
            // See `words`.
            assert_eq!(template.as_str().unwrap().starts_with("{app}"), french[name].as_str().unwrap().starts_with("{app}"), "{name}");
        }
    }
}
