//! What happened, as the history keeps it: JSON with a word for its kind. These words are what is on disk, whatever the window calls them.

use serde::{Deserialize, Serialize};

use crate::model::payment::PaymentOutcome;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Event {
    /// An account was connected. Scopes in Monei's words, as in all of these.
    Connected {
        /// Granted of what was asked for.
        granted: Vec<String>,
        /// Not granted.
        declined: Vec<String>,
    },
    /// More was granted, or declined, on a reconnect.
    Reconnected {
        /// Granted of what was asked for.
        granted: Vec<String>,
        /// Not granted.
        declined: Vec<String>,
    },
    /// A token was refreshed.
    Refreshed,
    /// Monei ended the access.
    Revoked {
        /// What was lost.
        scopes: Vec<String>,
    },
    /// The person took permissions back.
    TakenBack {
        /// Which ones.
        scopes: Vec<String>,
        /// What ended with them.
        along: Vec<String>,
        /// Through whom, as with [`Event::Disconnected`].
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<String>,
    },
    /// The person switched permissions off here.
    SetAside {
        /// Which ones.
        scopes: Vec<String>,
        /// Through whom.
        by: String,
    },
    /// The person switched permissions on again that were set aside.
    SwitchedOn {
        /// Which ones.
        scopes: Vec<String>,
        /// Through whom.
        by: String,
    },
    /// A grant turned out to be another person's.
    Contradicted {
        /// What was lost with it.
        scopes: Vec<String>,
    },
    /// The person disconnected.
    Disconnected {
        /// Monei confirmed.
        confirmed: bool,
        /// Through whom: the word of a [`crate::model::Caller`]. `None` in what earlier builds wrote.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<String>,
    },
    /// A connection was tried and ended without effect.
    Failed {
        /// Snake-case code of a problem.
        code: String,
    },
    /// Another backend was agreed to.
    BackendChanged {
        /// Its origin.
        address: String,
    },
    /// The person allowed an app to use the account.
    AppAllowed {
        /// Its name.
        app: String,
        /// What it was given.
        scopes: Vec<String>,
    },
    /// The person took permissions from an app.
    AppNarrowed {
        /// Its name.
        app: String,
        /// What was taken.
        scopes: Vec<String>,
    },
    /// The person gave an app more permissions, or another end.
    AppExtended {
        /// Its name.
        app: String,
        /// What was added.
        scopes: Vec<String>,
    },
    /// What an app may do was taken back.
    AppTakenBack {
        /// Its name.
        app: String,
    },
    /// An app paid, after the person confirmed it.
    Payment {
        /// Its name.
        app: String,
        /// How much, in major units.
        amount: Option<String>,
        /// Of what.
        currency: Option<String>,
        /// To whom, or for what.
        to: Option<String>,
        /// The app's own reference for it. `None` also in what earlier builds wrote.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reference: Option<String>,
        /// What became of it.
        outcome: StoredOutcome,
    },
    /// Something that this version doesn't know, or that can't be read. The line stays on disk as it is.
    #[serde(skip)]
    Unknown,
}

/// What became of a payment, as it is on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum StoredOutcome {
    /// Monei carried it out.
    Done,
    /// Monei refused it.
    Refused,
    /// Nothing was sent to Monei.
    NotSent,
    /// Nobody can tell whether Monei carried it out. So is a word that this version doesn't know: who was paid how much is still shown.
    #[serde(other)]
    Unknown,
}

impl From<PaymentOutcome> for StoredOutcome {
    fn from(outcome: PaymentOutcome) -> Self {
        match outcome {
            PaymentOutcome::Done => Self::Done,
            PaymentOutcome::Refused => Self::Refused,
            PaymentOutcome::NotSent => Self::NotSent,
            PaymentOutcome::Unknown => Self::Unknown,
        }
    }
}

/// How long a line of history is kept. The numbers are on disk, in the column `routine`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// While there aren't a thousand newer ones of this kind.
    Many = 0,
    /// While there aren't fifty newer ones: they come by themselves again and again.
    Few = 1,
    /// As long as the record of uses goes back.
    TwoYears = 2,
}

impl Event {
    /// Reads a stored text. What isn't known is [`Event::Unknown`].
    pub fn read(text: &str) -> Self {
        serde_json::from_str(text).unwrap_or(Event::Unknown)
    }

    /// How long it is kept.
    pub fn kept(&self) -> Kept {
        match self {
            Event::Refreshed => Kept::Few,
            Event::Payment { .. } => Kept::TwoYears,
            _ => Kept::Many,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_another_version_wrote_is_unknown_and_what_this_one_writes_comes_back() {
        for text in ["", "{}", "null", r#"{"kind":"app_painted","app":"x"}"#, r#"{"kind":"revoked"}"#, r#"{"kind":"unknown"}"#, "\u{0}"] {
            assert_eq!(Event::read(text), Event::Unknown, "{text}");
        }
        let events = [
            Event::Refreshed,
            Event::Failed { code: "a_code_of_tomorrow".into() },
            Event::Disconnected { confirmed: true, by: Some("window".into()) },
        ];
        for event in events {
            assert_eq!(Event::read(&serde_json::to_string(&event).unwrap()), event);
        }
        let of_before = r#"{"kind":"disconnected","confirmed":true}"#;
        assert_eq!(Event::read(of_before), Event::Disconnected { confirmed: true, by: None });
        // A payment stays one, whatever a later version says of its end.
        let of_tomorrow = r#"{"kind":"payment","app":"Till","amount":"5","currency":"NGN","to":"t","outcome":"sent_back"}"#;
        assert!(matches!(Event::read(of_tomorrow), Event::Payment { outcome: StoredOutcome::Unknown, .. }));
        // A field more than this version knows takes nothing away.
        assert_eq!(Event::read(r#"{"kind":"revoked","scopes":["kyc:read"],"by":"x"}"#), Event::Revoked { scopes: vec!["kyc:read".into()] });
    }
}
