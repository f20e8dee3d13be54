//! `/bills/records`.

use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::model::clock::{DAY, Millis, iso};
use crate::model::ledger::Bill;
use crate::model::mint::stable_uuid;
use crate::model::people::Person;
use crate::model::switches::Switches;
use crate::monei::call::{Answer, Call};
use crate::monei::data::filters::{Bounds, one_of};
use crate::monei::data::paging::Page;
use crate::monei::data::{Usually, amount, naira, profile};
use crate::web::nest::NestError;

/// Type, biller, biller code, item code, customer, kobo, status.
const BILLS: [(&str, &str, &str, &str, &str, i64, &str); 4] = [
    ("AIRTIME", "glo", "BIL102", "AT133", "08000000101", 50_000, "SUCCESS"),
    ("UTILITYBILLS", "Ikeja Electric", "BIL113", "UB159", "45700000001", 1_500_000, "SUCCESS"),
    ("CABLEBILLS", "DSTV", "BIL119", "CB141", "1000000001", 1_250_000, "FAILED"),
    ("MOBILEDATA", "mtn", "BIL104", "MD104", "08000000102", 150_050, "PENDING"),
];

/// `GET /bills/records`
pub(crate) fn records(call: &Call<'_>) -> Result<Answer, NestError> {
    let page = Page::read(&call.query)?;
    let bounds = Bounds::read(&call.query)?;
    let kind = one_of(&call.query, "type", &["AIRTIME", "MOBILEDATA", "CABLEBILLS", "UTILITYBILLS"])?;
    let status = one_of(&call.query, "status", &["PENDING", "SUCCESS", "FAILED"])?;
    let part = |name: &str| call.query.get(name).map(str::to_lowercase);
    let (biller, search) = (part("billerName"), part("search"));
    let same = |name: &str, value: &str| call.query.get(name).is_none_or(|wanted| wanted == value);
    let wanted = |bill: &Shown| {
        kind.is_none_or(|kind| bill.kind == kind)
            && status.is_none_or(|status| bill.status == status)
            && same("billerCode", bill.biller_code)
            && same("customer", bill.customer)
            && biller.as_ref().is_none_or(|part| bill.biller.to_lowercase().contains(part))
            && search.as_ref().is_none_or(|part| [&bill.reference, &bill.tx_ref].iter().any(|text| text.to_lowercase().contains(part)))
            && bounds.hold(bill.at, Decimal::new(bill.kobo, 2))
    };
    let paid = call.ledger.bills.iter().rev().filter(|bill| bill.person == call.person.id).map(shown);
    let earlier = BILLS.iter().zip(0_i64..).filter(|_| call.person.tier > 1).map(|(bill, position)| {
        let (kind, biller, biller_code, item, customer, kobo, status) = *bill;
        let power = kind == "UTILITYBILLS";
        Shown {
            id: stable_uuid(&format!("bill {} {position}", call.person.id)),
            at: call.now - call.now % DAY - (position + 2) * DAY,
            reference: format!("bill{position}-{}", profile::id(call.person)),
            tx_ref: format!("CF-FLYAPI-{position:04}"),
            biller,
            biller_code,
            item,
            customer,
            kobo,
            kind,
            status,
            token: power.then_some("1234-5678-9012-3456"),
            units: power.then_some("62.4"),
        }
    });
    let bills = paid.chain(earlier).filter(wanted).map(|bill| bill.to_json(call.person, call.switches)).collect();
    let (bills, place) = page.cut(bills);
    let data = json!({"bills": bills, "page": page.page, "limit": page.limit, "total": place.total, "totalPages": place.pages,
                      "hasNext": place.next, "hasPrev": place.previous});
    Ok(Answer::Usual("Bill records retrieved successfully", data))
}

/// A bill as it is listed.
struct Shown<'a> {
    id: String,
    at: Millis,
    reference: String,
    tx_ref: String,
    biller: &'a str,
    biller_code: &'a str,
    item: &'a str,
    customer: &'a str,
    kobo: i64,
    kind: &'a str,
    status: &'a str,
    token: Option<&'a str>,
    units: Option<&'a str>,
}

impl Shown<'_> {
    fn to_json(&self, person: &Person, switches: &Switches) -> Value {
        let at = iso(self.at);
        json!({
            "id": self.id, "createdAt": at, "updatedAt": at, "deletedDate": null, "userId": profile::id(person), "reference": self.reference,
            "billerCode": self.biller_code, "itemCode": self.item, "customer": self.customer,
            "amount": amount(&naira(self.kobo), Usually::Text, switches), "type": self.kind, "status": self.status, "providerData": null,
            "txRef": self.tx_ref, "billerName": self.biller, "validityPeriod": null, "metadata": {"phoneNumber": self.customer},
            "token": self.token, "units": self.units,
        })
    }
}

fn shown(bill: &Bill) -> Shown<'_> {
    Shown {
        id: stable_uuid(&format!("bill {}", bill.reference)),
        at: bill.at,
        reference: bill.reference.clone(),
        tx_ref: format!("CF-FLYAPI-{}", bill.reference),
        biller: bill.biller,
        biller_code: bill.biller_code,
        item: &bill.item,
        customer: &bill.customer,
        kobo: bill.kobo,
        kind: bill.kind,
        status: "SUCCESS",
        token: bill.token.as_deref(),
        units: bill.units.as_deref(),
    }
}

/// What paying a bill answers: not the record of it. The amount is a number, there is no metadata, and three fields are missing.
pub(crate) fn receipt(person: &Person, bill: &Bill, switches: &Switches) -> Value {
    let mut receipt = shown(bill).to_json(person, switches);
    receipt["amount"] = amount(&naira(bill.kobo), Usually::Number, switches);
    receipt["metadata"] = Value::Null;
    if let Some(fields) = receipt.as_object_mut() {
        for name in ["updatedAt", "deletedDate", "providerData"] {
            fields.remove(name);
        }
    }
    receipt
}

/// `GET /bills/history`, which the Python package 0.1.3 calls: the bills of this run alone, without pages.
pub(crate) fn history(call: &Call<'_>) -> Result<Answer, NestError> {
    let mine = call.ledger.bills.iter().rev().filter(|bill| bill.person == call.person.id);
    let bills = mine.map(|bill| {
        let mut record = shown(bill).to_json(call.person, call.switches);
        record["metadata"] = Value::Null;
        record
    });
    Ok(Answer::Usual("Bill history retrieved successfully", json!(bills.collect::<Vec<_>>())))
}
