//! Who can be paid: airtime, data, electricity and TV. Fields as Monei's SDKs read them; what stands in them is made up.

use serde_json::{Value, json};

use crate::model::switches::Switches;
use crate::monei::call::{Answer, Call};
use crate::monei::data::{Usually, amount, naira};
use crate::web::nest::NestError;

/// One thing that can be paid for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Item {
    pub(crate) category: &'static str,
    pub(crate) biller: &'static str,
    pub(crate) biller_code: &'static str,
    pub(crate) item_code: &'static str,
    pub(crate) name: &'static str,
    /// Price in kobo; 0 where the payer chooses.
    pub(crate) kobo: i64,
    pub(crate) validity: Option<&'static str>,
}

const fn item(of: [&'static str; 5], kobo: i64, validity: Option<&'static str>) -> Item {
    let [category, biller, biller_code, item_code, name] = of;
    Item { category, biller, biller_code, item_code, name, kobo, validity }
}

/// Everything on offer.
pub(crate) const ITEMS: [Item; 17] = [
    item(["AIRTIME", "glo", "BIL102", "AT133", "Glo airtime"], 0, None),
    item(["AIRTIME", "mtn", "BIL099", "AT099", "MTN airtime"], 0, None),
    item(["AIRTIME", "airtel", "BIL100", "AT100", "Airtel airtime"], 0, None),
    item(["AIRTIME", "9mobile", "BIL103", "AT103", "9mobile airtime"], 0, None),
    item(["MOBILEDATA", "mtn", "BIL104", "MD104", "MTN 1.5 GB"], 150_050, Some("30")),
    item(["MOBILEDATA", "mtn", "BIL104", "MD108", "MTN 10 GB"], 450_000, Some("30")),
    item(["MOBILEDATA", "glo", "BIL105", "MD131", "Glo 3.9 GB"], 100_000, Some("30")),
    item(["MOBILEDATA", "airtel", "BIL106", "MD136", "Airtel 2 GB"], 120_000, Some("30")),
    item(["MOBILEDATA", "9mobile", "BIL107", "MD141", "9mobile 4.5 GB"], 200_000, Some("30")),
    item(["UTILITYBILLS", "Ikeja Electric", "BIL113", "UB159", "Ikeja Electric, prepaid"], 0, None),
    item(["UTILITYBILLS", "Eko Electric", "BIL112", "UB157", "Eko Electric, prepaid"], 0, None),
    item(["UTILITYBILLS", "IBADAN DISCO ELECTRICITY", "BIL114", "UB161", "Ibadan Electric, prepaid"], 0, None),
    item(["UTILITYBILLS", "Abuja Electric", "BIL115", "UB163", "Abuja Electric, prepaid"], 0, None),
    item(["CABLEBILLS", "DSTV", "BIL119", "CB141", "DSTV Compact"], 1_250_000, Some("30")),
    item(["CABLEBILLS", "DSTV", "BIL119", "CB177", "DSTV Padi"], 360_000, Some("30")),
    item(["CABLEBILLS", "GOTV", "BIL121", "CB180", "GOtv Max"], 720_000, Some("30")),
    item(["CABLEBILLS", "STARTIMES", "BIL123", "CB201", "StarTimes Classic"], 550_000, Some("30")),
];

/// Looks an item up by category and by the biller's name, code or item, and by the item's code where one is given.
pub(crate) fn find(category: &str, biller: &str, code: Option<&str>) -> Option<Item> {
    ITEMS.into_iter().find(|item| {
        item.category == category
            && [item.biller, item.biller_code, item.item_code].iter().any(|known| known.eq_ignore_ascii_case(biller))
            && code.is_none_or(|code| item.item_code.eq_ignore_ascii_case(code))
    })
}

/// `GET /bills/discovery/biller-items/:category/:billerName`
pub(crate) fn items(call: &Call<'_>) -> Result<Answer, NestError> {
    let biller = call.params.get(1).map(String::as_str).unwrap_or_default();
    let category = call.param().to_uppercase();
    if !ITEMS.iter().any(|item| item.category == category) {
        return Err(NestError::bad_request("category must be one of the following values: AIRTIME, MOBILEDATA, CABLEBILLS, UTILITYBILLS"));
    }
    let found = (1_u64..).zip(&ITEMS).filter(|(_, item)| item.category == category && item.biller.eq_ignore_ascii_case(biller));
    let found: Vec<Value> = found.map(|(id, item)| show(id, item, call.switches)).collect();
    if found.is_empty() {
        return Err(NestError::not_found("Biller not found"));
    }
    Ok(Answer::Usual("Biller items retrieved successfully", json!(found)))
}

/// `GET /bills/discovery/electricity-operators` and `GET /bills/discovery/electricity`, whose envelope says `StatusCode`. `code` is what a
/// payment sends as `disco`.
pub(crate) fn electricity(_: &Call<'_>) -> Result<Answer, NestError> {
    let operators: Vec<Value> = ITEMS
        .iter()
        .filter(|item| item.category == "UTILITYBILLS")
        .map(|item| json!({"name": item.biller, "code": item.item_code, "billerCode": item.biller_code}))
        .collect();
    Ok(Answer::Capital("Electricity operators retrieved successfully", json!(operators)))
}

fn show(id: u64, item: &Item, switches: &Switches) -> Value {
    let (label, pattern) = match item.category {
        "UTILITYBILLS" => ("Meter number", "^[0-9]{10,13}$"),
        "CABLEBILLS" => ("Smartcard number", "^[0-9]{10,12}$"),
        _ => ("Mobile number", "^[0-9]{11,13}$"),
    };
    json!({
        "id": id, "biller_code": item.biller_code, "name": item.name, "default_commission": 0.02, "date_added": "2026-01-01T00:00:00Z",
        "country": "NG", "is_airtime": item.category == "AIRTIME", "biller_name": item.biller, "item_code": item.item_code,
        "short_name": item.name, "fee": 0, "commission_on_fee": false, "reg_expression": pattern, "label_name": label,
        "amount": amount(&naira(item.kobo), Usually::Number, switches), "is_resolvable": item.category != "AIRTIME",
        "group_name": item.biller, "category_name": item.category, "is_data": item.category == "MOBILEDATA",
        "default_commission_on_amount": 0, "commission_on_fee_or_amount": 0, "validity_period": item.validity,
    })
}
