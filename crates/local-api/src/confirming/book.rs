//! What may become of a payment between the app's request and its answer: one confirmation waits at a time, each yes sends once, and a
//! payment that was sent is told again and not sent again. Without a clock or a network of its own.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use connect_core::clock::Since;
use connect_core::{App, AppId};
use monei::Payment;
use secrecy::SecretString;

/// How long the person has to answer, and how long a yes then waits for the app to repeat the request. No PIN is held longer. As every time
/// here it includes the time that the computer slept.
pub(super) const LASTS: Duration = Duration::from_secs(300);
/// How long a payment that was sent answers a repeated request, and how long denials count.
const REMEMBERED: Duration = Duration::from_secs(600);
/// After so many denials within [`REMEMBERED`] an app's payments are stopped.
const DENIALS: usize = 2;

/// The payments of this run.
#[derive(Default)]
pub(super) struct Book {
    last: u64,
    entries: Vec<Entry>,
    denials: HashMap<AppId, VecDeque<Since>>,
}

struct Entry {
    number: u64,
    app: App,
    payment: Payment,
    sent_before: Option<i64>,
    state: State,
    /// Since when it is in that state.
    since: Since,
}

enum State {
    /// The person hasn't answered.
    Waits,
    /// The person said yes, and nobody took it yet.
    Confirmed(Option<SecretString>),
    /// It is being sent.
    Sending,
    /// `sent`: Monei carried it out, or may have.
    Ended { told: Told, sent: bool },
    /// The person said no. `told`: a caller has heard it; until then it answers the same request once more.
    Denied { told: bool },
    /// Nobody answered in time, or the app didn't come back.
    Over,
}

/// What sending a payment came to, for every caller who asks for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// Monei's status and body.
    Answer(u16, Arc<[u8]>),
    /// Why there is none.
    Problem(connect_core::problem::Problem),
}

/// What a caller does next.
#[derive(Debug)]
pub(super) enum Step {
    /// Wait for the person.
    Wait,
    /// The person said yes: step again with that seen, once a caller who has gone would be noticed.
    Confirmed,
    /// Send it, now and once: nobody else is told so.
    Send(App, Payment, Option<SecretString>),
    /// Wait for what is under way.
    UnderWay,
    /// That is the answer.
    Told(Told),
    /// The person said no.
    Denied,
    /// Nobody answered.
    Over,
}

/// Why the person isn't asked.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unasked {
    /// Another payment waits for the person.
    Busy,
    /// The person said no several times: so many seconds to wait.
    Stopped(u32),
}

/// What the person is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Names it to [`super::Confirmations::answer`].
    pub number: u64,
    /// Who asks.
    pub app: App,
    /// What is paid.
    pub payment: Payment,
    /// When the same was last sent, in milliseconds since the Unix epoch.
    pub sent_before: Option<i64>,
}

impl Book {
    /// The number of this payment: of the one that is there already, or of a new one, which waits for the person. `sent_before`: when the
    /// record has the same as sent.
    pub(super) fn ask(&mut self, app: &App, payment: &Payment, sent_before: Option<i64>, now: &Since) -> Result<u64, Unasked> {
        self.forget(now);
        let is_same = |entry: &&Entry| entry.app.id == app.id && entry.app.account == app.account && entry.payment == *payment;
        let counts = |entry: &&Entry| match entry.state {
            State::Waits | State::Confirmed(_) | State::Sending => true,
            State::Ended { sent, .. } => sent,
            State::Denied { told } => !told,
            State::Over => false,
        };
        if let Some(entry) = self.entries.iter().rev().filter(is_same).find(counts) {
            return Ok(entry.number);
        }
        if let Some(denials) = self.denials.get(&app.id).filter(|denials| denials.len() >= DENIALS) {
            let left = denials.front().map_or(REMEMBERED, |first| REMEMBERED.saturating_sub(first.until(now)));
            return Err(Unasked::Stopped(u32::try_from(left.as_secs()).unwrap_or(600).max(1)));
        }
        if self.waiting().is_some() {
            return Err(Unasked::Busy);
        }
        self.last += 1;
        let (app, payment) = (app.clone(), payment.clone());
        self.entries.push(Entry { number: self.last, app, payment, sent_before, state: State::Waits, since: now.clone() });
        Ok(self.last)
    }

    /// What the caller of payment `number` does next, who has `seen` the yes by [`Step::Confirmed`] or not. A yes is taken by whoever is first,
    /// and by nobody else.
    pub(super) fn step(&mut self, number: u64, seen: bool, now: &Since) -> Step {
        self.forget(now);
        let Some(entry) = self.entries.iter_mut().find(|entry| entry.number == number) else { return Step::Over };
        match &mut entry.state {
            State::Waits => Step::Wait,
            State::Confirmed(_) if !seen => Step::Confirmed,
            State::Confirmed(pin) => {
                let pin = pin.take();
                (entry.state, entry.since) = (State::Sending, now.clone());
                Step::Send(entry.app.clone(), entry.payment.clone(), pin)
            }
            State::Sending => Step::UnderWay,
            State::Ended { told, .. } => Step::Told(told.clone()),
            State::Denied { told } => {
                *told = true;
                Step::Denied
            }
            State::Over => Step::Over,
        }
    }

    /// The person answers. False: that payment doesn't wait for an answer.
    pub(super) fn answer(&mut self, number: u64, yes: bool, pin: Option<SecretString>, now: &Since) -> bool {
        self.forget(now);
        let waits = |entry: &&mut Entry| entry.number == number && matches!(entry.state, State::Waits);
        let Some(entry) = self.entries.iter_mut().find(waits) else { return false };
        entry.since = now.clone();
        if yes {
            entry.state = State::Confirmed(pin);
        } else {
            entry.state = State::Denied { told: false };
            self.denials.entry(entry.app.id.clone()).or_default().push_back(now.clone());
        }
        true
    }

    /// What sending came to. `sent`: Monei carried it out or may have, so that the same isn't sent again by itself.
    pub(super) fn ended(&mut self, number: u64, told: Told, sent: bool, now: &Since) {
        let Some(entry) = self.entries.iter_mut().find(|entry| entry.number == number) else { return };
        (entry.state, entry.since) = (State::Ended { told, sent }, now.clone());
    }

    /// What the person is to be asked now.
    pub(super) fn shown(&mut self, now: &Since) -> Option<Request> {
        self.forget(now);
        let Entry { number, app, payment, sent_before, .. } = self.waiting()?;
        Some(Request { number: *number, app: app.clone(), payment: payment.clone(), sent_before: *sent_before })
    }

    /// Nobody is asked any more: the program ends. What waits, and every yes that nobody took, is over.
    pub(super) fn give_up(&mut self, now: &Since) {
        for entry in self.entries.iter_mut().filter(|entry| matches!(entry.state, State::Waits | State::Confirmed(_))) {
            (entry.state, entry.since) = (State::Over, now.clone());
        }
    }

    fn waiting(&self) -> Option<&Entry> {
        self.entries.iter().find(|entry| matches!(entry.state, State::Waits))
    }

    fn forget(&mut self, now: &Since) {
        for entry in &mut self.entries {
            let age = entry.since.until(now);
            if matches!(entry.state, State::Waits | State::Confirmed(_)) && age >= LASTS {
                (entry.state, entry.since) = (State::Over, now.clone());
            }
        }
        let is_past = |entry: &Entry| !matches!(entry.state, State::Waits | State::Confirmed(_) | State::Sending);
        self.entries.retain(|entry| !is_past(entry) || entry.since.until(now) < REMEMBERED);
        self.denials.values_mut().for_each(|denials| denials.retain(|at| at.until(now) < REMEMBERED));
        self.denials.retain(|_, denials| !denials.is_empty());
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a step of a test that fails is a failed test")]
    use connect_core::clock::{Clock, Uptime};
    use connect_core::problem::ProblemCode;
    use proptest::prelude::*;

    use super::*;

    /// A computer that has been on for so long, asleep or not.
    struct On(Duration);

    impl Clock for On {
        fn now_ms(&self) -> i64 {
            0
        }

        fn uptime(&self) -> Option<Uptime> {
            Some(Uptime { boot: "one".into(), ms: i64::try_from(self.0.as_millis()).unwrap() })
        }
    }

    fn after(time: Duration) -> Since {
        Since::now(&On(time))
    }

    fn app(id: &str) -> App {
        App {
            id: id.into(),
            name: id.to_owned(),
            account: "account".into(),
            scopes: [monei::Scope::WalletSend].into_iter().collect(),
            until: None,
            created_at: 0,
            taken_back_at: None,
            over_tcp: false,
            last_used_at: None,
            uses: 0,
        }
    }

    fn payment(amount: u8) -> Payment {
        Payment::read(
            "/wallet/payout/transfer",
            format!(r#"{{"receiver":"t@example.test","amount":{}}}"#, u32::from(amount) + 1).as_bytes(),
        )
        .unwrap()
    }

    fn answer() -> Told {
        Told::Answer(200, b"{}".as_slice().into())
    }

    #[test]
    fn a_yes_is_taken_once_and_what_was_sent_is_told_again_and_not_sent_again() {
        let (mut book, start) = (Book::default(), &after(Duration::ZERO));
        let number = book.ask(&app("a"), &payment(1), None, start).unwrap();
        assert!(matches!(book.step(number, true, start), Step::Wait));
        assert!(book.answer(number, true, Some("1234".into()), start));
        assert!(!book.answer(number, true, None, start), "one answer");
        assert!(matches!(book.step(number, false, start), Step::Confirmed), "taken before a caller who has gone is noticed");
        assert!(matches!(book.step(number, true, start), Step::Send(_, _, Some(_))));
        assert!(matches!(book.step(number, true, start), Step::UnderWay));
        book.ended(number, answer(), true, start);
        assert_eq!(book.ask(&app("a"), &payment(1), None, start), Ok(number));
        assert!(matches!(book.step(number, true, start), Step::Told(_)));
        // Later it is another payment, and the person is told that the same was sent.
        let later = after(REMEMBERED);
        let again = book.ask(&app("a"), &payment(1), Some(7), &later).unwrap();
        assert_ne!(again, number);
        assert_eq!(book.shown(&later).unwrap().sent_before, Some(7));
    }

    #[test]
    fn what_monei_refused_is_asked_anew() {
        let (mut book, start) = (Book::default(), &after(Duration::ZERO));
        let number = book.ask(&app("a"), &payment(1), None, start).unwrap();
        book.answer(number, true, None, start);
        book.step(number, true, start);
        book.ended(number, Told::Answer(400, b"{}".as_slice().into()), false, start);
        assert!(matches!(book.step(number, true, start), Step::Told(_)), "whoever waits for it");
        assert_ne!(book.ask(&app("a"), &payment(1), None, start), Ok(number));
        assert_eq!(book.shown(start).unwrap().sent_before, None);
    }

    #[test]
    fn one_waits_at_a_time_and_two_denials_stop_that_app_alone() {
        let (mut book, start) = (Book::default(), &after(Duration::ZERO));
        for turn in 0..2 {
            let number = book.ask(&app("a"), &payment(turn), None, start).unwrap_or_else(|_| panic!("turn {turn}"));
            assert_eq!(book.ask(&app("b"), &payment(1), None, start), Err(Unasked::Busy));
            assert!(book.answer(number, false, None, start));
            assert!(matches!(book.step(number, true, start), Step::Denied));
        }
        assert_eq!(book.ask(&app("a"), &payment(3), None, &after(Duration::from_secs(1))), Err(Unasked::Stopped(599)));
        assert!(book.ask(&app("b"), &payment(1), None, start).is_ok());
        book.answer(3, false, None, start);
        assert!(book.ask(&app("a"), &payment(3), None, &after(REMEMBERED)).is_ok());
    }

    #[test]
    fn a_no_that_came_after_the_call_had_ended_answers_the_next_one_and_asks_nobody_again() {
        let (mut book, start) = (Book::default(), &after(Duration::ZERO));
        let number = book.ask(&app("a"), &payment(1), None, start).unwrap();
        assert!(book.answer(number, false, None, start));
        assert_eq!(book.ask(&app("a"), &payment(1), None, start), Ok(number));
        assert!(matches!(book.step(number, true, start), Step::Denied));
        assert_ne!(book.ask(&app("a"), &payment(1), None, start), Ok(number), "asked anew from then on");
    }

    #[test]
    fn an_answer_that_comes_too_late_and_a_yes_that_nobody_fetches_send_nothing() {
        let (mut book, start) = (Book::default(), &after(Duration::ZERO));
        let number = book.ask(&app("a"), &payment(1), None, start).unwrap();
        assert!(!book.answer(number, true, None, &after(LASTS)));
        assert!(matches!(book.step(number, true, &after(LASTS)), Step::Over));
        let number = book.ask(&app("a"), &payment(1), None, &after(LASTS)).unwrap();
        assert!(book.answer(number, true, Some("1234".into()), &after(LASTS)));
        assert!(matches!(book.step(number, true, &after(LASTS * 2)), Step::Over), "five minutes after the yes");
    }

    #[test]
    fn at_the_end_of_the_program_what_waits_is_over_and_what_is_being_sent_is_not() {
        let (mut book, start) = (Book::default(), &after(Duration::ZERO));
        let sending = book.ask(&app("a"), &payment(1), None, start).unwrap();
        book.answer(sending, true, None, start);
        book.step(sending, true, start);
        let confirmed = book.ask(&app("a"), &payment(2), None, start).unwrap();
        book.answer(confirmed, true, None, start);
        let waits = book.ask(&app("a"), &payment(3), None, start).unwrap();
        book.give_up(start);
        for number in [confirmed, waits] {
            assert!(matches!(book.step(number, true, start), Step::Over));
        }
        assert!(matches!(book.step(sending, true, start), Step::UnderWay));
    }

    #[derive(Clone, Debug)]
    enum Do {
        Ask(u8, u8),
        Step(u64),
        Answer(u64, bool),
        End(u64, bool),
        Wait(u64),
    }

    fn what() -> impl Strategy<Value = Do> {
        prop_oneof![
            4 => (0_u8..2, 0_u8..2).prop_map(|(app, amount)| Do::Ask(app, amount)),
            6 => (1_u64..6).prop_map(Do::Step),
            4 => ((1_u64..6), any::<bool>()).prop_map(|(number, yes)| Do::Answer(number, yes)),
            3 => ((1_u64..6), any::<bool>()).prop_map(|(number, sent)| Do::End(number, sent)),
            2 => (0_u64..700).prop_map(Do::Wait),
        ]
    }

    proptest! {
        /// Whatever comes in which order: for each payment at most one yes, at most one send, no send without the yes, and none of the same
        /// while one that was sent is remembered.
        #[test]
        fn each_yes_sends_at_most_once(deeds in prop::collection::vec(what(), 0..60)) {
            let (mut book, mut passed) = (Book::default(), Duration::ZERO);
            let (mut yes, mut sends): (HashMap<u64, u32>, HashMap<u64, u32>) = (HashMap::new(), HashMap::new());
            let mut under_way = std::collections::HashSet::new();
            for deed in deeds {
                let now = &after(passed);
                match deed {
                    Do::Ask(of, amount) => {
                        let _ = book.ask(&app(&of.to_string()), &payment(amount), None, now);
                    }
                    Do::Step(number) => {
                        if let Step::Send(..) = book.step(number, true, now) {
                            *sends.entry(number).or_default() += 1;
                            under_way.insert(number);
                        }
                    }
                    Do::Answer(number, allows) => {
                        if book.answer(number, allows, None, now) && allows {
                            *yes.entry(number).or_default() += 1;
                        }
                    }
                    Do::End(number, sent) => {
                        if under_way.remove(&number) {
                            let told = if sent { answer() } else { Told::Problem(ProblemCode::Offline.into()) };
                            book.ended(number, told, sent, now);
                        }
                    }
                    Do::Wait(seconds) => passed += Duration::from_secs(seconds),
                }
                prop_assert!(book.entries.iter().filter(|entry| matches!(entry.state, State::Waits)).count() <= 1);
            }
            for (number, count) in &sends {
                prop_assert_eq!(*count, 1);
                prop_assert_eq!(yes.get(number), Some(&1));
            }
        }
    }
}
