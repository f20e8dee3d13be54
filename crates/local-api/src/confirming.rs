//! A payment of an app waits for the person, who answers in a window of its own; then it is sent once, and only for a caller who is there.

mod book;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use connect_core::clock::Since;
use connect_core::problem::{Problem, ProblemCode};
use connect_core::{App, Connections};
use http::StatusCode;
use monei::Payment;
use secrecy::SecretString;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio_util::task::TaskTracker;

use book::{Book, LASTS, Step, Told, Unasked};

use crate::answer::{self, Answer, Refusal};
use crate::{Reason, Role};

pub use book::Request;

/// Why a payment has no answer of Monei's.
pub(crate) enum Unpaid {
    /// The person didn't confirm it, or wasn't asked.
    Refusal(Refusal),
    /// What sending it came to.
    Problem(Problem),
}

impl From<Refusal> for Unpaid {
    fn from(refusal: Refusal) -> Self {
        Self::Refusal(refusal)
    }
}

/// How long a call waits for the person.
const WAIT: Duration = Duration::from_secs(20);
/// So long from the moment at which a call sees the yes until it sends. Meanwhile the system's events are looked at, and a caller who went
/// before the yes is noticed as gone: this call ends with the connection.
const NOTICED: Duration = Duration::from_millis(50);

/// The payments that wait for the person. Cheap to clone.
#[derive(Clone)]
pub struct Confirmations {
    shared: Arc<Shared>,
}

struct Shared {
    connections: Connections,
    wait: Duration,
    book: Mutex<Book>,
    shown: watch::Sender<Option<Request>>,
    /// Counts what happened, to wake who waits for it.
    changes: watch::Sender<u64>,
    /// Where its tasks run: the person's answer may come from a thread of the window's.
    runtime: Handle,
    /// Payments under way, which nobody gives up half-way.
    sending: TaskTracker,
}

impl Confirmations {
    pub(crate) fn new(connections: Connections, wait: Option<Duration>) -> Self {
        let (shown, changes) = (watch::Sender::new(None), watch::Sender::new(0));
        let wait = wait.unwrap_or(WAIT);
        Self {
            shared: Arc::new(Shared {
                connections,
                wait,
                book: Mutex::default(),
                shown,
                changes,
                runtime: Handle::current(),
                sending: TaskTracker::new(),
            }),
        }
    }

    /// The payment that waits for the person, now and after each change. While nobody subscribes, nothing is asked and nothing is sent.
    pub fn subscribe(&self) -> watch::Receiver<Option<Request>> {
        self.shared.shown.subscribe()
    }

    /// The person answers payment `number`. With a yes it is sent for the caller who waits, or else for the one who repeats the same request
    /// within five minutes. False: that payment doesn't wait for an answer any more, and nothing is sent.
    pub fn answer(&self, number: u64, yes: bool, pin: Option<SecretString>) -> bool {
        let answered = self.shared.book().answer(number, yes, pin, &self.shared.now());
        self.shared.changed();
        self.look_again_later();
        answered
    }

    /// What is over is noticed then: a question that nobody answered isn't shown any longer, and no PIN is held longer than its yes counts.
    fn look_again_later(&self) {
        let (shared, clock) = (Arc::downgrade(&self.shared), self.shared.connections.clock());
        self.shared.runtime.spawn(async move {
            Since::now(clock.as_ref()).passes(LASTS, clock.as_ref(), |_| ()).await;
            if let Some(shared) = shared.upgrade() {
                shared.changed();
            }
        });
    }

    /// Asks nobody any more, so that no call waits for an answer that can't come.
    pub(crate) fn give_up(&self) {
        self.shared.book().give_up(&self.shared.now());
        self.shared.changed();
    }

    /// Waits, for a while, until no payment is under way.
    pub(crate) async fn finish(&self, within: Duration) {
        self.shared.sending.close();
        if tokio::time::timeout(within, self.shared.sending.wait()).await.is_err() {
            tracing::info!("a payment is under way: the program's end waits for it");
        }
    }

    /// Asks the person about a payment, and answers the call. Nothing is sent when the caller goes before the yes.
    pub(crate) async fn confirm(&self, role: Role, app: &App, payment: &Payment) -> Result<Answer, Unpaid> {
        let shared = &self.shared;
        if role == Role::Service || shared.shown.receiver_count() == 0 {
            return Err(Refusal::new(
                Reason::ConfirmationNeeded,
                "This call moves money and needs the person's confirmation. Nothing was sent. Open Monei Connections on this computer.",
            )
            .into());
        }
        let sent_before = shared.connections.sent_before(app, payment).await.map_err(Unpaid::Problem)?;
        let asked = shared.book().ask(app, payment, sent_before, &shared.now());
        let number = asked.map_err(|unasked| unasked_refusal(&unasked))?;
        let mut changes = shared.changes.subscribe();
        shared.changed();
        self.look_again_later();
        let until = tokio::time::Instant::now() + shared.wait;
        let mut seen = false;
        loop {
            changes.borrow_and_update();
            let step = shared.book().step(number, seen, &shared.now());
            match step {
                Step::Confirmed => {
                    tokio::time::sleep(NOTICED).await;
                    seen = true;
                }
                Step::Send(app, payment, pin) => {
                    self.send(number, app, payment, pin);
                    continue;
                }
                // What was sent is waited for, however long Monei takes.
                Step::UnderWay => {
                    if changes.changed().await.is_err() {
                        return Err(Unpaid::Problem(ProblemCode::OutcomeUnknown.into()));
                    }
                }
                Step::Wait => {
                    if tokio::time::timeout_at(until, changes.changed()).await.is_err() {
                        return Err(Refusal::new(
                            Reason::ConfirmationNeeded,
                            "This call moves money and waits for the person's confirmation in Monei Connections. Nothing was sent. Send the same \
                             request again within five minutes: it is carried out once the person has confirmed it.",
                        )
                        .into());
                    }
                }
                Step::Told(told) => return told_answer(told),
                Step::Denied => {
                    return Err(
                        Refusal::new(Reason::ConfirmationDenied, "The person didn't confirm this payment. Nothing was sent.").into()
                    );
                }
                Step::Over => {
                    return Err(Refusal::new(Reason::ConfirmationNeeded, "Nobody confirmed this payment in time. Nothing was sent.").into());
                }
            }
        }
    }

    /// Sends a payment that was confirmed, as a task of its own: who asked may go, and it isn't given up half-way.
    fn send(&self, number: u64, app: App, payment: Payment, pin: Option<SecretString>) {
        let confirmations = self.clone();
        self.shared.sending.spawn(async move {
            let shared = &confirmations.shared;
            // A task that ends without an outcome leaves none that says that nothing was sent.
            let mut unfinished = Unfinished { confirmations: confirmations.clone(), number, told: None };
            let paid = shared.connections.pay(&app, payment, pin).await;
            unfinished.told = Some(match paid {
                Ok(mut passed) => {
                    let sent = (200..300).contains(&passed.status);
                    (Told::Answer(passed.status, std::mem::take(&mut *passed.body).into()), sent)
                }
                Err(problem) => {
                    let sent = problem.code == ProblemCode::OutcomeUnknown;
                    (Told::Problem(problem), sent)
                }
            });
        });
    }
}

/// Tells what a payment came to when it is dropped, however that happens.
struct Unfinished {
    confirmations: Confirmations,
    number: u64,
    told: Option<(Told, bool)>,
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        let (told, sent) = self.told.take().unwrap_or_else(|| (Told::Problem(ProblemCode::OutcomeUnknown.into()), true));
        let shared = &self.confirmations.shared;
        shared.book().ended(self.number, told, sent, &shared.now());
        shared.changed();
    }
}

impl Shared {
    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Since {
        Since::now(self.connections.clock().as_ref())
    }

    /// Shows what waits now, and wakes who waits for a change.
    fn changed(&self) {
        let shown = self.book().shown(&self.now());
        self.shown.send_if_modified(|before| std::mem::replace(before, shown.clone()) != shown);
        self.changes.send_modify(|count| *count += 1);
    }
}

fn unasked_refusal(unasked: &Unasked) -> Refusal {
    let (seconds, message) = match unasked {
        Unasked::Busy => (
            30,
            "Another payment waits for the person's confirmation just now. Nothing was sent. Try again when it is answered.".to_owned(),
        ),
        Unasked::Stopped(seconds) => (
            *seconds,
            "The person has said no to this app's payments several times. Nothing was sent. Try again in ten minutes.".to_owned(),
        ),
    };
    Refusal { retry_after_s: Some(seconds), ..Refusal::new(Reason::Busy, message) }
}

fn told_answer(told: Told) -> Result<Answer, Unpaid> {
    match told {
        Told::Answer(status, body) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
            Ok(answer::of(status, Bytes::copy_from_slice(&body)))
        }
        Told::Problem(problem) => Err(Unpaid::Problem(problem)),
    }
}
