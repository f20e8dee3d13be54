//! A transaction that waits, as the vault keeps it: what a link needs to finish it in another run of the program, and the answers that are
//! being redeemed, so that another run can go on with them.

use std::sync::Arc;

use monei::ScopeSet;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::{MAX_ENTRY_LEN, RecordError};
use crate::model::answer::Handoff;
use crate::model::proof::Verifier;
use crate::model::{Environment, TransactionId};

/// What the names of these entries begin with; the transaction follows. No grant has a dot in its name.
pub const PENDING: &str = "pending.";

/// Version of the record that this program writes.
const VERSION: u32 = 1;

/// What redeeming the answer of one transaction needs.
pub struct PendingRecord {
    /// Proves that this program began the transaction. The challenge follows from it.
    pub verifier: Arc<Verifier>,
    /// The account that the approval is for; `None` for a new one.
    pub account: Option<String>,
    /// What was asked for.
    pub scopes: ScopeSet,
    /// Origin of the backend that the transaction was begun at. No other one ever receives the verifier.
    pub backend: String,
    /// Which Monei.
    pub environment: Environment,
    /// When the transaction ends, in milliseconds since the Unix epoch.
    pub expires_at: i64,
    /// The answers that are being redeemed, oldest first.
    pub answers: Vec<Arc<Handoff>>,
}

#[derive(Serialize)]
struct Out<'a> {
    v: u32,
    p: &'a str,
    a: Option<&'a str>,
    s: &'a ScopeSet,
    b: &'a str,
    n: Environment,
    e: i64,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    h: Vec<&'a str>,
}

#[derive(Deserialize)]
struct In {
    p: SecretString,
    a: Option<String>,
    s: ScopeSet,
    b: String,
    n: Environment,
    e: i64,
    #[serde(default)]
    h: Vec<SecretString>,
}

impl PendingRecord {
    /// The name of the transaction's entry.
    pub fn name(transaction: &TransactionId) -> String {
        format!("{PENDING}{}", &**transaction)
    }

    /// The text to store. Of the answers, as many of the latest ones as fit.
    pub fn encode(&self) -> SecretString {
        let mut text = self.encode_with(&self.answers);
        for left_out in 1..=self.answers.len() {
            if text.expose_secret().len() <= MAX_ENTRY_LEN {
                break;
            }
            text = self.encode_with(&self.answers[left_out..]);
        }
        text
    }

    fn encode_with(&self, answers: &[Arc<Handoff>]) -> SecretString {
        let out = Out {
            v: VERSION,
            p: self.verifier.expose(),
            a: self.account.as_deref(),
            s: &self.scopes,
            b: &self.backend,
            n: self.environment,
            e: self.expires_at,
            h: answers.iter().map(|answer| answer.expose()).collect(),
        };
        #[expect(clippy::expect_used, reason = "a struct of short strings and numbers always serialises")]
        let text = crate::wiped::json(&out).expect("plain data");
        SecretString::from(String::from_utf8_lossy(&text).as_ref())
    }

    /// Reads the stored text of `transaction`.
    ///
    /// # Errors
    /// [`RecordError`] for anything that [`PendingRecord::encode`] of this version didn't write for that transaction.
    pub fn decode(text: &SecretString, transaction: &TransactionId) -> Result<Self, RecordError> {
        super::record::check_version(text, VERSION)?;
        let record: In = serde_json::from_str(text.expose_secret()).map_err(|_| RecordError::Damaged)?;
        let verifier = Verifier::restore(record.p).ok_or(RecordError::Damaged)?;
        if verifier.challenge().transaction() != *transaction {
            return Err(RecordError::Damaged);
        }
        Ok(Self {
            verifier: Arc::new(verifier),
            account: record.a,
            scopes: record.s,
            backend: record.b,
            environment: record.n,
            expires_at: record.e,
            answers: record.h.into_iter().map(|text| Arc::new(Handoff::restore(text))).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use monei::Scope;

    fn record() -> PendingRecord {
        PendingRecord {
            verifier: Verifier::generate().into(),
            account: Some("A".repeat(22)),
            scopes: Scope::KNOWN.into_iter().collect(),
            backend: "https://connect.a-rather-long-host-name.example.org:65535".into(),
            environment: Environment::Development,
            expires_at: i64::MAX,
            answers: Vec::new(),
        }
    }

    #[test]
    fn a_record_survives_a_round_trip_and_fits_the_smallest_keychain() {
        let record = record();
        let text = record.encode();
        assert!(text.expose_secret().len() <= MAX_ENTRY_LEN);
        let read = PendingRecord::decode(&text, &record.verifier.challenge().transaction()).unwrap();
        assert_eq!(read.verifier.expose(), record.verifier.expose());
        assert_eq!((read.account, read.scopes, read.backend), (record.account, record.scopes, record.backend));
        assert_eq!((read.environment, read.expires_at), (record.environment, record.expires_at));
    }

    #[test]
    fn answers_are_kept_with_it_the_latest_ones_as_far_as_they_fit() {
        let answer = |letter: &str, length: usize| Arc::new(Handoff::restore(SecretString::from(letter.repeat(length))));
        let transaction = |record: &PendingRecord| record.verifier.challenge().transaction();
        let kept = |answers: Vec<Arc<Handoff>>| {
            let record = PendingRecord { answers, ..record() };
            let text = record.encode();
            assert!(text.expose_secret().len() <= MAX_ENTRY_LEN);
            let read = PendingRecord::decode(&text, &transaction(&record)).unwrap();
            read.answers.iter().map(|answer| answer.expose()[..1].to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(kept(vec![answer("a", 600), answer("b", 600)]), ["a", "b"]);
        assert_eq!(kept(vec![answer("a", 2000), answer("b", 600)]), ["b"]);
        assert!(kept(vec![answer("a", 2500)]).is_empty());
    }

    #[test]
    fn the_record_of_another_transaction_and_damaged_ones_are_refused() {
        let text = record().encode();
        assert_eq!(PendingRecord::decode(&text, &record().verifier.challenge().transaction()).err(), Some(RecordError::Damaged));
        for text in ["", "{}", "null", "{\"v\":1}", "{\"v\":1,\"p\":\"\"}"] {
            assert_eq!(PendingRecord::decode(&SecretString::from(text), &"".into()).err(), Some(RecordError::Damaged), "{text:?}");
        }
        assert_eq!(PendingRecord::decode(&SecretString::from("{\"v\":2}"), &"".into()).err(), Some(RecordError::Newer(2)));
    }
}
