//! What moves money, against the real backend and the real sandbox: nothing without the person's yes, at most once for each yes, and
//! nothing for a caller who has gone.

#![allow(clippy::unwrap_used, reason = "a step of a test that fails is a failed test")]

#[path = "../../core/tests/support/mod.rs"]
mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use connect_core::snapshot::ActivityEvent;
use connect_core::{App, AppKey, Caller, NewApp, PaymentOutcome};
use connect_local_api::{ConfirmationRequest, LocalApi, Place, Reach, Role};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};
use support::{World, scopes};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinHandle;

const PATH: &str = "/wallet/payout/transfer";
const PIN: &str = "2468";
const GIVEN: &[&str] = &["wallet:send", "bills:pay"];

/// A served API, with an app that may pay and the window's end of its questions.
struct Paying {
    world: World,
    api: LocalApi,
    place: Place,
    app: App,
    key: AppKey,
    questions: watch::Receiver<Option<ConfirmationRequest>>,
    _folder: tempfile::TempDir,
}

impl Paying {
    async fn new(wait: Duration) -> Self {
        let world = World::new().await;
        let account = world.connect("ada", GIVEN, GIVEN).await;
        let folder = tempfile::tempdir().unwrap();
        let place = Place { socket: None, locks: world.data_dir() };
        let new = NewApp { name: "Bill payer".into(), account, scopes: scopes(GIVEN), until: None };
        let (app, key) = world.core.allow_app(&Caller::Window, new).await.unwrap();
        let api = LocalApi::start_with(world.core.clone(), place.clone(), Role::Window, Some(wait));
        let questions = api.confirmations().subscribe();
        Self { world, api, place, app, key, questions, _folder: folder }
    }

    async fn base(&self) -> String {
        let mut status = self.api.status();
        let open = tokio::time::timeout(Duration::from_secs(20), status.wait_for(|status| status.tcp == Reach::Open));
        let port = open.await.unwrap().unwrap().port.unwrap();
        format!("http://127.0.0.1:{port}/api/v1")
    }

    /// Begins a call.
    async fn call(&self, path: &str, body: Value) -> JoinHandle<(u16, String, Value)> {
        let (url, key) = (format!("{}{path}", self.base().await), self.key.expose().to_owned());
        tokio::spawn(async move {
            let answer = support::http().post(url).header("x-api-key", key).json(&body).send().await.unwrap();
            let reason = answer.headers().get("connect-reason").map(|reason| reason.to_str().unwrap().to_owned());
            (answer.status().as_u16(), reason.unwrap_or_default(), answer.json().await.unwrap())
        })
    }

    async fn pay(&self, amount: u32) -> JoinHandle<(u16, String, Value)> {
        self.call(PATH, json!({"receiver": "tunde.bello@example.net", "amount": amount})).await
    }

    /// A connection over which a payment was asked for.
    async fn raw(&self, amount: u32) -> TcpStream {
        let address = self.base().await.trim_start_matches("http://").trim_end_matches("/api/v1").to_owned();
        let body = json!({"receiver": "tunde.bello@example.net", "amount": amount}).to_string();
        let head = format!("POST /api/v1{PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-API-KEY: {}\r\n", self.key.expose());
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()).as_bytes()).await.unwrap();
        stream
    }

    /// What the person is asked, as soon as it is.
    async fn question(&mut self) -> ConfirmationRequest {
        let asked = tokio::time::timeout(Duration::from_secs(20), self.questions.wait_for(Option::is_some));
        asked.await.unwrap().unwrap().clone().unwrap()
    }

    /// From a thread of its own, as the window's is.
    fn answer(&self, question: &ConfirmationRequest, yes: bool) -> bool {
        let (confirmations, number) = (self.api.confirmations().clone(), question.number);
        std::thread::spawn(move || confirmations.answer(number, yes, yes.then(|| PIN.into()))).join().unwrap()
    }

    /// Naira that ada has.
    async fn balance(&self) -> i64 {
        self.world.sandbox_state().await["balances_kobo"]["ada"].as_i64().unwrap() / 100
    }

    async fn history(&self) -> Vec<PaymentOutcome> {
        let lines = self.world.core.activity(None).await.unwrap();
        let outcome = |event| if let ActivityEvent::Payment { outcome, .. } = event { Some(outcome) } else { None };
        lines.into_iter().filter_map(|line| outcome(line.event)).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_is_sent_once_for_the_persons_yes_with_their_pin_and_told_again_when_it_is_repeated() {
    let mut paying = Paying::new(Duration::from_secs(20)).await;
    let before = paying.balance().await;
    let body = json!({"receiver": "tunde.bello@example.net", "amount": 500, "transactionPin": "9999"});
    let call = paying.call(PATH, body.clone()).await;
    let question = paying.question().await;
    assert_eq!((question.app.name.as_str(), question.payment.to().as_deref()), ("Bill payer", Some("tunde.bello@example.net")));
    assert_eq!((paying.world.calls(PATH).await, question.sent_before), (0, None));
    assert!(paying.answer(&question, true));
    let (status, reason, answer) = call.await.unwrap();
    assert!(matches!(status, 200 | 201) && reason.is_empty(), "{status} {reason} {answer}");
    assert_eq!(paying.balance().await, before - 500);
    // The same again, also written otherwise: its outcome, and nothing sent.
    for same in [body, json!({"amount": "500.00", "receiver": "tunde.bello@example.net"})] {
        assert_eq!(paying.call(PATH, same).await.await.unwrap().2, answer);
    }
    assert_eq!((paying.world.calls(PATH).await, paying.balance().await), (1, before - 500));
    assert!(!paying.answer(&question, true), "one answer");
    assert_eq!(paying.history().await, [PaymentOutcome::Done]);
    paying.api.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_new_start_the_person_is_told_that_the_same_was_sent_and_of_another_amount_nothing() {
    let mut paying = Paying::new(Duration::from_secs(20)).await;
    let call = paying.pay(500).await;
    let question = paying.question().await;
    assert!(paying.answer(&question, true));
    assert!(call.await.unwrap().0 < 300);
    paying.api.shutdown().await;
    paying.api = LocalApi::start_with(paying.world.core.clone(), paying.place.clone(), Role::Window, Some(Duration::from_secs(20)));
    paying.questions = paying.api.confirmations().subscribe();
    for (amount, sent) in [(501, false), (500, true)] {
        let call = paying.pay(amount).await;
        let question = paying.question().await;
        assert_eq!(question.sent_before.is_some(), sent, "{amount}");
        assert!(paying.answer(&question, false));
        assert_eq!(call.await.unwrap().1, "confirmation_denied");
        paying.questions.wait_for(Option::is_none).await.unwrap();
    }
    assert_eq!(paying.world.calls(PATH).await, 1);
    paying.api.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_no_and_no_answer_send_nothing_and_two_denials_stop_the_app() {
    let mut paying = Paying::new(Duration::from_millis(200)).await;
    assert_eq!(paying.pay(1).await.await.unwrap().1, "confirmation_needed");
    for _ in 0..2 {
        let call = paying.pay(1).await;
        let question = paying.question().await;
        assert!(paying.answer(&question, false));
        assert_eq!(call.await.unwrap().1, "confirmation_denied");
    }
    let (status, reason, _) = paying.pay(2).await.await.unwrap();
    assert_eq!((status, reason.as_str()), (429, "busy"));
    assert_eq!(paying.world.calls(PATH).await, 0);
    // Every call is in the record all the same.
    let uses = paying.world.core.app_log(&paying.app.id).await.unwrap();
    let mut told: Vec<_> = uses.iter().map(|row| (row.outcome.as_str(), row.count)).collect();
    told.sort_unstable();
    assert_eq!(told, [("busy", 1), ("confirmation_needed", 1), ("declined", 2)]);
    paying.api.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_yes_for_a_caller_who_has_gone_or_waited_too_long_sends_only_when_the_same_is_asked_again() {
    for goes in [true, false] {
        let mut paying = Paying::new(Duration::from_millis(if goes { 20_000 } else { 300 })).await;
        let before = paying.balance().await;
        let question = if goes {
            let caller = paying.raw(700).await;
            let question = paying.question().await;
            // Closed on this side is closed on the other: they are one computer.
            drop(caller);
            question
        } else {
            let call = paying.pay(700).await;
            let question = paying.question().await;
            assert_eq!(call.await.unwrap().1, "confirmation_needed");
            question
        };
        assert!(paying.answer(&question, true));
        // Another payment isn't the same.
        let other = paying.pay(701).await;
        let second = paying.question().await;
        assert!(paying.answer(&second, false));
        assert_eq!(other.await.unwrap().1, "confirmation_denied");
        assert_eq!((paying.world.calls(PATH).await, paying.balance().await), (0, before), "sent for nobody");
        let (status, ..) = paying.pay(700).await.await.unwrap();
        assert!(matches!(status, 200 | 201));
        assert_eq!(paying.balance().await, before - 700);
        paying.api.shutdown().await;
    }
}

/// The computer slept, and no timer of the program noticed it.
#[tokio::test(flavor = "multi_thread")]
async fn a_yes_and_an_answer_grow_old_while_the_computer_sleeps() {
    let mut paying = Paying::new(Duration::from_millis(300)).await;
    let call = paying.pay(500).await;
    let question = paying.question().await;
    assert_eq!(call.await.unwrap().1, "confirmation_needed");
    assert!(paying.answer(&question, true));
    // The yes was for the five minutes after it.
    paying.world.clock.advance(Duration::from_secs(301));
    let call = paying.pay(500).await;
    let again = paying.question().await;
    assert_eq!((again.number != question.number, paying.world.calls(PATH).await), (true, 0), "sent by a yes of hours ago");
    assert!(paying.answer(&again, true));
    // A slow yes comes after the call has ended: then it is asked for again.
    let status = match call.await.unwrap() {
        (403, ..) => paying.pay(500).await.await.unwrap().0,
        (status, ..) => status,
    };
    assert!(matches!(status, 200 | 201), "{status}");
    // The next day the same is another payment, and isn't told to be done.
    paying.world.clock.advance(Duration::from_secs(601));
    let call = paying.pay(500).await;
    let next = tokio::time::timeout(Duration::from_secs(5), paying.questions.wait_for(Option::is_some)).await;
    assert!(next.is_ok_and(|asked| asked.is_ok()), "told the answer of another day: {:?}", call.await.unwrap());
    // A question that nobody answered isn't shown after the night.
    paying.world.clock.advance(Duration::from_secs(301));
    tokio::time::timeout(Duration::from_secs(5), paying.questions.wait_for(Option::is_none)).await.unwrap().unwrap();
    assert_eq!(paying.world.calls(PATH).await, 1);
    paying.api.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_no_connection_to_monei_could_be_made_for_was_not_sent() {
    let mut paying = Paying::new(Duration::from_secs(20)).await;
    let call = paying.pay(500).await;
    let question = paying.question().await;
    paying.world.stop_monei().await;
    assert!(paying.answer(&question, true));
    let (status, reason, _) = call.await.unwrap();
    assert_eq!((status, reason.as_str()), (503, "unreachable"));
    assert_eq!(paying.history().await, [PaymentOutcome::NotSent]);
    paying.api.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outcome_that_nobody_knows_is_told_as_such_and_not_sent_again() {
    for (kind, fault) in [
        ("answer lost", json!({"target": PATH, "kind": "drop_after", "times": 1})),
        ("request lost", json!({"target": PATH, "kind": "drop_before", "times": 1})),
        ("a fault of Monei's", json!({"target": PATH, "kind": "status", "status": 502, "times": 1})),
    ] {
        let mut paying = Paying::new(Duration::from_secs(20)).await;
        paying.world.control("fault", fault).await;
        let call = paying.pay(500).await;
        let question = paying.question().await;
        assert!(paying.answer(&question, true));
        let (status, reason, _) = call.await.unwrap();
        assert_eq!((status, reason.as_str()), (504, "outcome_unknown"), "{kind}");
        assert_eq!(paying.pay(500).await.await.unwrap().1, "outcome_unknown", "{kind}");
        assert_eq!(paying.world.calls(PATH).await, 1, "{kind}");
        assert_eq!(paying.history().await, [PaymentOutcome::Unknown], "{kind}");
        paying.api.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_monei_refused_is_told_and_the_person_is_asked_anew() {
    let mut paying = Paying::new(Duration::from_secs(20)).await;
    let call = paying.pay(500).await;
    let question = paying.question().await;
    assert!(paying.api.confirmations().answer(question.number, true, Some("0000".into())));
    let (status, reason, answer) = call.await.unwrap();
    assert!((400..404).contains(&status) && reason.is_empty(), "Monei's own words: {status} {answer}");
    let call = paying.pay(500).await;
    let again = paying.question().await;
    assert_ne!(again.number, question.number);
    assert!(paying.answer(&again, true));
    assert!(matches!(call.await.unwrap().0, 200 | 201));
    assert_eq!(paying.history().await, [PaymentOutcome::Done, PaymentOutcome::Refused]);
    paying.api.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_taken_back_between_question_and_yes_is_not_sent() {
    let mut paying = Paying::new(Duration::from_secs(20)).await;
    let call = paying.pay(500).await;
    let question = paying.question().await;
    paying.world.core.narrow_app(&paying.app.id, &scopes(&["bills:pay"])).await.unwrap();
    assert!(paying.answer(&question, true));
    assert_eq!(call.await.unwrap().1, "permission_not_given");
    assert_eq!(paying.world.calls(PATH).await, 0);
    paying.api.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_asked_about_what_cannot_be_shown_whole_or_was_not_given_or_where_nobody_can_answer() {
    let paying = Paying::new(Duration::from_secs(20)).await;
    let whole = json!({"receiver": "tunde.bello@example.net", "amount": 500});
    for (path, body, expected) in [
        (PATH, json!({"receiver": "tunde.bello@example.net", "amount": 500, "memo": "x"}), "request_invalid"),
        (PATH, json!({"receiver": "tunde.bello@example.net", "amount": -500}), "request_invalid"),
        (PATH, json!({"amount": 500}), "request_invalid"),
        ("/wallet/payout/transfer?amount=1", whole.clone(), "request_invalid"),
        ("/bills/buy-airtime", json!({"amount": 500}), "request_invalid"),
        ("/offramp/exchange/initiate", json!({}), "permission_not_given"),
    ] {
        let (_, reason, answer) = paying.call(path, body.clone()).await.await.unwrap();
        assert_eq!(reason, expected, "{path} {body} {answer}");
    }
    assert!(paying.questions.borrow().is_none());
    // No window listens.
    let Paying { api, world, place, app: _, key, questions, _folder } = paying;
    drop(questions);
    let rest = Paying { questions: watch::channel(None).1, api, world, place, app: unused(), key, _folder };
    let (_, reason, answer) = rest.call(PATH, whole).await.await.unwrap();
    assert_eq!(reason, "confirmation_needed");
    assert!(answer["message"].as_str().unwrap().contains("Open Monei Connections"), "{answer}");
    rest.api.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_is_open_does_not_hold_up_the_end_of_the_program() {
    let mut paying = Paying::new(Duration::from_secs(20)).await;
    let call = paying.pay(500).await;
    paying.question().await;
    tokio::time::timeout(Duration::from_secs(3), paying.api.shutdown()).await.unwrap();
    assert_eq!(call.await.unwrap().1, "confirmation_needed");
    assert_eq!(paying.world.calls(PATH).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_under_way_is_waited_for_at_the_end_of_the_program() {
    let mut paying = Paying::new(Duration::from_secs(20)).await;
    paying.world.control("fault", json!({"target": PATH, "kind": "delay", "delay_ms": 13_000, "times": 1})).await;
    let before = paying.balance().await;
    let _call = paying.pay(500).await;
    let question = paying.question().await;
    assert!(paying.answer(&question, true));
    let begun = async {
        while paying.world.core.sent_before(&paying.app, &question.payment).await.unwrap().is_none() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), begun).await.unwrap();
    let Paying { api, world, .. } = &mut paying;
    let elsewhere = LocalApi::start(world.core.clone(), Place { socket: None, locks: world.data_dir().join("elsewhere") }, Role::Service);
    std::mem::replace(api, elsewhere).shutdown().await;
    world.core.shutdown().await;
    assert_eq!((paying.history().await, paying.balance().await), (vec![PaymentOutcome::Done], before - 500));
}

/// An app that nothing is asked of.
fn unused() -> App {
    App {
        id: "unused".into(),
        name: String::new(),
        account: "unused".into(),
        scopes: monei::ScopeSet::new(),
        until: None,
        created_at: 0,
        taken_back_at: None,
        over_tcp: false,
        last_used_at: None,
        uses: 0,
    }
}

#[derive(Clone, Debug)]
enum Deed {
    /// The app asks, for one of two payments.
    Ask(bool),
    /// The latest caller goes.
    Go,
    /// The person answers.
    Answer(bool),
    /// The next payment goes wrong at Monei.
    Fault(&'static str),
    /// The program is ended and started again.
    Restart,
    /// So many milliseconds pass: a call waits 150.
    Wait(u64),
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        6 => any::<bool>().prop_map(Deed::Ask),
        2 => Just(Deed::Go),
        5 => prop::bool::weighted(0.8).prop_map(Deed::Answer),
        2 => prop_oneof![Just("drop_after"), Just("drop_before")].prop_map(Deed::Fault),
        1 => Just(Deed::Restart),
        2 => (0_u64..250).prop_map(Deed::Wait),
    ]
}

/// Whatever the app, the person, the network and the program do in which order: the sandbox's ledger shows at most one payment for each
/// yes, and none without.
#[test]
fn no_interleaving_pays_more_often_than_the_person_said_yes() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let mut runner = TestRunner::new(Config { cases: 12, max_shrink_iters: 20, failure_persistence: None, ..Config::default() });
    let paid_at_all = Arc::new(AtomicU64::new(0));
    let deeds = prop::collection::vec(deed(), 4..24);
    let outcome = runner.run(&deeds, |deeds| {
        let (yes, paid) = runtime.block_on(play(&deeds));
        paid_at_all.fetch_add(paid, Ordering::Relaxed);
        prop_assert!(paid <= yes, "{paid} payments for {yes} confirmations");
        Ok(())
    });
    outcome.unwrap();
    assert!(paid_at_all.load(Ordering::Relaxed) > 0, "nothing was ever paid: the property was not tried");
}

/// How often the person said yes, and how often ada paid.
async fn play(deeds: &[Deed]) -> (u64, u64) {
    // On a busy machine a shorter one ends each call before the person is asked.
    let wait = Duration::from_millis(150);
    let mut paying = Paying::new(wait).await;
    let before = paying.balance().await;
    let mut yes = 0;
    let mut calls: Vec<JoinHandle<(u16, String, Value)>> = Vec::new();
    for deed in deeds {
        match deed {
            Deed::Ask(first) => {
                let (url, key) = (format!("{}{PATH}", paying.base().await), paying.key.expose().to_owned());
                // One or two lines of the same amount, so that the balance counts them.
                let receiver = if *first { "tunde.bello@example.net" } else { "ngozi.eze@example.com" };
                let body = json!({"receiver": receiver, "amount": 100});
                calls.push(tokio::spawn(async move {
                    match support::http().post(url).header("x-api-key", key).json(&body).send().await {
                        Ok(answer) => (answer.status().as_u16(), String::new(), Value::Null),
                        Err(_) => (0, String::new(), Value::Null),
                    }
                }));
                tokio::time::timeout(wait / 2, paying.questions.wait_for(Option::is_some)).await.ok();
            }
            Deed::Go => {
                if let Some(call) = calls.pop() {
                    call.abort();
                }
            }
            Deed::Answer(allows) => {
                let question = paying.questions.borrow().clone();
                if let Some(question) = question
                    && paying.answer(&question, *allows)
                {
                    yes += u64::from(*allows);
                }
            }
            Deed::Fault(kind) => paying.world.control("fault", json!({"target": PATH, "kind": kind, "times": 1})).await,
            Deed::Restart => {
                let Paying { world, api, place, app, key, _folder, .. } = paying;
                api.shutdown().await;
                let api = LocalApi::start_with(world.core.clone(), place.clone(), Role::Window, Some(wait));
                let questions = api.confirmations().subscribe();
                paying = Paying { world, api, place, app, key, questions, _folder };
            }
            Deed::Wait(milliseconds) => tokio::time::sleep(Duration::from_millis(*milliseconds)).await,
        }
    }
    for call in calls {
        call.await.ok();
    }
    let Paying { world, api, .. } = paying;
    api.shutdown().await;
    let after = world.sandbox_state().await["balances_kobo"]["ada"].as_i64().unwrap() / 100;
    (yes, u64::try_from((before - after) / 100).unwrap())
}
