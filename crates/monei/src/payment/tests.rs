#![allow(clippy::unwrap_used, reason = "a step of a test that fails is a failed test")]

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::permission::{Effect, Method, Source, find};

const SEND: &str = "/wallet/payout/transfer";

fn read(path: &str, body: &Value) -> Result<Payment, NotAPayment> {
    Payment::read(path, body.to_string().as_bytes())
}

#[test]
fn each_documented_call_that_spends_has_one_form_and_nothing_else_has() {
    for form in FORMS {
        let (_, endpoint) = find(Method::Post, form.path).unwrap();
        assert_eq!(endpoint.effect, Effect::Spends, "{}", form.path);
        assert_eq!(FORMS.iter().filter(|other| other.path == form.path).count(), 1, "{}", form.path);
    }
    for row in &crate::permission::PERMISSIONS {
        for endpoint in row.endpoints.iter().filter(|endpoint| endpoint.effect == Effect::Spends) {
            assert_eq!(Form::of(endpoint.path).is_some(), endpoint.source != Source::Older, "{}", endpoint.path);
        }
    }
}

#[test]
fn what_is_sent_is_what_was_shown_and_the_pin_comes_from_the_person_alone() {
    let payment = read(SEND, &json!({"receiver": "tunde@example.test", "amount": "500.50", "transactionPin": "9999"})).unwrap();
    let shown: Vec<_> = payment.values().map(|(field, text)| (field.meaning, text)).collect();
    assert_eq!(shown, [(Meaning::Receiver, "tunde@example.test".to_owned()), (Meaning::Amount, "500.5".to_owned())]);
    assert_eq!(&*payment.body(None), br#"{"receiver":"tunde@example.test","amount":500.5}"#);
    let pin = SecretString::from("1234");
    assert_eq!(&*payment.body(Some(&pin)), br#"{"receiver":"tunde@example.test","amount":500.5,"transactionPin":"1234"}"#);
    assert_eq!(payment.currency().as_deref(), Some("NGN"));
    // Where Monei wants none, none is sent, and a field of that name is refused like any other.
    let airtime = json!({"phoneNumber": "08030000000", "biller": "MTN", "amount": 100});
    assert!(!String::from_utf8_lossy(&read("/bills/pay/airtime", &airtime).unwrap().body(Some(&pin))).contains("1234"));
    let with = json!({"phoneNumber": "08030000000", "biller": "MTN", "amount": 100, "transactionPin": "1234"});
    assert_eq!(read("/bills/pay/airtime", &with), Err(NotAPayment::Field("transactionPin".into())));
}

#[test]
fn a_body_with_anything_that_cannot_be_shown_is_refused() {
    let with = |name: &str, value: Value| {
        let mut body = json!({"receiver": "tunde@example.test", "amount": 500});
        body.as_object_mut().unwrap().insert(name.to_owned(), value);
        read(SEND, &body)
    };
    assert!(with("currency", json!("NGN")).is_ok() && with("currency", Value::Null).is_ok());
    assert_eq!(with("memo", json!("x")), Err(NotAPayment::Field("memo".into())));
    for (name, value) in [
        ("amount", json!(0)),
        ("amount", json!(-5)),
        ("amount", json!("a lot")),
        ("amount", json!([500])),
        ("receiver", json!("")),
        ("receiver", json!({"email": "x"})),
        ("receiver", json!("tunde@example.test\u{202e}")),
        ("receiver", json!("tunde@example\u{200b}.test")),
        ("receiver", json!("tunde@example\u{3164}.test")),
        ("receiver", json!("tunde@example\u{34f}.test")),
        ("receiver", json!("\u{2800}tunde@example.test")),
        ("receiver", json!("x".repeat(129))),
    ] {
        assert!(matches!(with(name, value.clone()), Err(NotAPayment::Wrong(_))), "{name}: {value}");
    }
    assert_eq!(read(SEND, &json!({"amount": 5})), Err(NotAPayment::Missing("receiver")));
    assert_eq!(read("/bills/buy-airtime", &json!({"amount": 5})), Err(NotAPayment::Unknown));
    for body in ["", "[]", "1", "{"] {
        assert_eq!(Payment::read(SEND, body.as_bytes()), Err(NotAPayment::NoObject), "{body}");
    }
}

#[test]
fn two_payments_are_the_same_where_the_same_would_be_sent() {
    let of = |amount: Value| read(SEND, &json!({"amount": amount, "receiver": "t@example.test"})).unwrap();
    assert_eq!(of(json!(500)), of(json!("500.00")));
    assert_ne!(of(json!(500)), of(json!(501)));
}

proptest! {
    #[test]
    fn an_amount_is_sent_exactly_as_it_is_shown(units in 1_u64..1_000_000_000_000_000, places in 0_u32..9) {
        let exact = Decimal::from_i128_with_scale(i128::from(units), places);
        let payment = read(SEND, &json!({"receiver": "x", "amount": exact.to_string()})).unwrap();
        let shown = payment.value(Meaning::Amount).unwrap();
        let sent = format!(r#"{{"receiver":"x","amount":{shown}}}"#);
        prop_assert_eq!(payment.body(None).to_vec(), sent.into_bytes());
        prop_assert_eq!(shown.parse::<Decimal>().unwrap(), exact);
    }

    #[test]
    fn no_body_is_too_odd_to_be_judged(body in ".{0,200}") {
        for form in FORMS {
            let _ = Payment::read(form.path, body.as_bytes());
        }
    }
}

#[test]
fn an_answer_with_a_good_status_may_say_that_nothing_was_paid() {
    for (body, expected) in [
        (r#"{"statusCode":200,"message":"ok","data":{"reference":"r","status":"SUCCESS","amount":5},"errors":{}}"#, Answered::CarriedOut),
        (r#"{"statusCode":201,"data":{"status":"PENDING"}}"#, Answered::CarriedOut),
        (r#"{"txHash":"0x1"}"#, Answered::CarriedOut),
        ("[]", Answered::CarriedOut),
        (r#"{"statusCode":400,"message":"Insufficient balance"}"#, Answered::Refused),
        (r#"{"statusCode":201,"message":"ok","data":{"reference":"r","status":"failed"}}"#, Answered::Refused),
        (r#"{"reference":"r","status":"CANCELLED"}"#, Answered::Refused),
        (r#"{"statusCode":500,"message":"Internal server error"}"#, Answered::Unclear),
        (r#"{"statusCode":408,"message":"Timeout"}"#, Answered::Unclear),
        (r#"{"success":false,"message":"no"}"#, Answered::Unclear),
    ] {
        assert_eq!(Answered::read(body.as_bytes()), expected, "{body}");
    }
}
