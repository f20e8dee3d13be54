//! What somebody wants to be done, as the functions see it that do it, and what they answer.

use http::StatusCode;
use serde_json::Value;

use super::dto::Dto;
use crate::model::clock::Millis;
use crate::model::fields::Fields;
use crate::model::ledger::Ledger;
use crate::model::people::Person;
use crate::model::switches::{Switches, WriteBodyStatus, WriteStatus};
use crate::web::nest::NestError;

/// What a write function works on.
pub(crate) struct Order<'a> {
    pub(super) person: &'static Person,
    pub(super) switches: &'a Switches,
    pub(super) ledger: &'a mut Ledger,
    pub(super) now: Millis,
    pub(super) query: Fields,
    pub(super) body: Dto,
    /// The sandbox's own address.
    pub(super) own: String,
    /// It came by a path of the Python package 0.1.3.
    pub(super) old: bool,
}

impl Order<'_> {
    /// Refuses a body that didn't validate.
    pub(super) fn checked(&mut self) -> Result<(), NestError> {
        std::mem::replace(&mut self.body, Dto::new(serde_json::Map::new(), self.switches.unknown_fields)).finish()
    }
}

/// What kind of call went well; its statuses follow from it and from the switches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sort {
    /// Something was moved.
    Written,
    /// An offramp order, whose body says 201 in the documentation.
    Ordered,
    /// Nothing was moved: a price, a validation.
    Looked,
}

impl Sort {
    pub(super) fn with(self, message: &'static str, data: Value) -> Well {
        Well { sort: self, message, data }
    }

    /// Status of the answer, and the one that its body says.
    pub(super) fn statuses(self, switches: &Switches) -> (StatusCode, StatusCode) {
        let written = match switches.write_status {
            WriteStatus::Created => StatusCode::CREATED,
            WriteStatus::Ok => StatusCode::OK,
        };
        let body = match switches.write_body_status {
            WriteBodyStatus::Created => StatusCode::CREATED,
            WriteBodyStatus::Ok => StatusCode::OK,
        };
        match self {
            Sort::Written => (written, body),
            Sort::Ordered => (written, StatusCode::CREATED),
            Sort::Looked => (StatusCode::OK, StatusCode::OK),
        }
    }
}

/// What a call that went well answers.
pub(crate) struct Well {
    pub(super) sort: Sort,
    pub(super) message: &'static str,
    pub(super) data: Value,
}

pub(super) type Done = Result<Well, NestError>;
