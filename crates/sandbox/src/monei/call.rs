//! A read of the API as the functions see it that answer it.

use serde_json::Value;

use crate::model::clock::Millis;
use crate::model::fields::Fields;
use crate::model::ledger::Ledger;
use crate::model::people::Person;
use crate::model::switches::Switches;

/// What a data function knows of a call.
pub(crate) struct Call<'a> {
    pub(crate) person: &'static Person,
    pub(crate) switches: &'a Switches,
    pub(crate) now: Millis,
    pub(crate) ledger: &'a Ledger,
    pub(crate) query: Fields,
    /// The variable parts of the path.
    pub(crate) params: Vec<String>,
    /// The sandbox's own address.
    pub(crate) own: String,
}

impl Call<'_> {
    /// The first variable part of the path; empty where there is none.
    pub(crate) fn param(&self) -> &str {
        self.params.first().map_or("", String::as_str)
    }
}

/// What it answers.
pub(crate) enum Answer {
    /// In the usual envelope, with this message.
    Usual(&'static str, Value),
    /// In the envelope whose status is spelt `StatusCode`, whatever is switched on.
    Capital(&'static str, Value),
    /// As it is, where Monei has no envelope.
    Bare(Value),
}
