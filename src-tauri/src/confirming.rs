//! A payment of an app waits for the person: a window of its own opens, says what is paid, and closes with the answer. A yes counts only a
//! second after that window has the focus and shows the payment, so that no click or key meant for something else pays.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use connect_app::naming;
use connect_core::Connections;
use connect_core::problem::ProblemCode;
use connect_local_api::{ConfirmationRequest, Confirmations};
use secrecy::{ExposeSecret as _, SecretString};
use tauri::AppHandle;
use tauri::ipc::Channel;

use crate::view::{ConfirmationView, Convert as _, PaymentField};
use crate::window::confirm;

/// How soon it is tried again to open the window.
const AGAIN: Duration = Duration::from_millis(200);
/// How long the payment must have been in sight.
const IN_SIGHT: Duration = Duration::from_secs(1);

/// The window's part in confirming payments.
#[derive(Default)]
pub struct Confirming {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    running: Option<(Confirmations, Connections)>,
    page: Option<Channel<Option<ConfirmationView>>>,
    /// Since when the window has the focus.
    focused: Option<Instant>,
    /// The payment that the page shows, and since when.
    shown: Option<(u64, Instant)>,
    /// Which window it is: the one before may still be closing.
    window: u64,
}

impl Confirming {
    /// Begins to ask the person about what `confirmations` hold, until these end.
    pub async fn follow(&self, app: AppHandle, confirmations: Confirmations, connections: Connections) {
        let mut requests = confirmations.subscribe();
        self.begin(confirmations, connections);
        let mut before = None;
        let mut opened = true;
        loop {
            let number = requests.borrow_and_update().as_ref().map(|request| request.number);
            if number != before || !opened {
                opened = self.change(&app, number.is_some());
                before = number;
            }
            // The window of the payment before may still be closing.
            let again = if opened { Duration::MAX } else { AGAIN };
            if tokio::time::timeout(again, requests.changed()).await.is_ok_and(|changed| changed.is_err()) {
                return;
            }
        }
    }

    fn begin(&self, confirmations: Confirmations, connections: Connections) {
        self.state().running = Some((confirmations, connections));
    }

    /// Another payment waits, or none any more. False: its window isn't open.
    fn change(&self, app: &AppHandle, waits: bool) -> bool {
        let (page, window) = {
            let mut state = self.state();
            state.shown = None;
            (state.page.clone(), state.window)
        };
        if !waits {
            self.forget();
            confirm::close(app);
        } else if let Some(page) = page {
            self.tell_now(&page);
            confirm::raise(app);
        } else if let Err(error) = confirm::open(app, window) {
            tracing::warn!(%error, "the window for confirming a payment can't be opened");
            return false;
        }
        true
    }

    /// The page of the window is there: it is told what waits, now and after each change.
    ///
    /// # Errors
    /// [`ProblemCode::InvalidInput`] while nothing runs that could ask.
    pub fn tell(&self, page: Channel<Option<ConfirmationView>>) -> Result<(), ProblemCode> {
        {
            let mut state = self.state();
            if state.running.is_none() {
                return Err(ProblemCode::InvalidInput);
            }
            state.page = Some(page.clone());
        }
        self.tell_now(&page);
        Ok(())
    }

    fn tell_now(&self, page: &Channel<Option<ConfirmationView>>) {
        let Some((confirmations, connections)) = self.state().running.clone() else { return };
        let request = confirmations.subscribe().borrow().clone();
        self.state().shown = request.as_ref().map(|request| (request.number, Instant::now()));
        if let Err(error) = page.send(request.map(|request| view(&connections, request))) {
            tracing::warn!(%error, "the page can't be told of a payment");
        }
    }

    /// The person answers in the window.
    ///
    /// # Errors
    /// [`ProblemCode::InvalidInput`] for a yes that comes too early, or for a payment that doesn't wait any more; nothing is sent then.
    pub fn answer(&self, number: u64, yes: bool, pin: Option<SecretString>) -> Result<(), ProblemCode> {
        let (confirmations, in_sight) = {
            let state = self.state();
            let since = state.shown.filter(|(shown, _)| *shown == number).map(|(_, since)| since);
            let seen = since.zip(state.focused).is_some_and(|(shown, focused)| shown.max(focused).elapsed() >= IN_SIGHT);
            (state.running.as_ref().map(|(confirmations, _)| confirmations.clone()), seen)
        };
        let confirmations = confirmations.ok_or(ProblemCode::InvalidInput)?;
        if yes && !in_sight {
            return Err(ProblemCode::InvalidInput);
        }
        if confirmations.answer(number, yes, pin) { Ok(()) } else { Err(ProblemCode::InvalidInput) }
    }

    /// The window got the focus, or lost it.
    pub fn focused(&self, is: bool) {
        self.state().focused = is.then(Instant::now);
    }

    /// A window is gone: what it asked, or was about to ask, is denied.
    pub fn closed(&self, window: u64) {
        let running = {
            let state = self.state();
            state.running.clone().filter(|_| state.window == window)
        };
        let Some((confirmations, _)) = running else { return };
        let waits = confirmations.subscribe().borrow().as_ref().map(|request| request.number);
        if let Some(number) = waits {
            confirmations.answer(number, false, None);
        }
        self.forget();
    }

    fn forget(&self) {
        let mut state = self.state();
        (state.page, state.focused, state.shown) = (None, None, None);
        state.window += 1;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Four to six digits (Monei: payouts; Monei's MCP server).
pub fn is_pin(pin: &SecretString) -> bool {
    let pin = pin.expose_secret();
    (4..=6).contains(&pin.len()) && pin.bytes().all(|byte| byte.is_ascii_digit())
}

fn view(connections: &Connections, request: ConfirmationRequest) -> ConfirmationView {
    let ConfirmationRequest { number, app, payment, sent_before } = request;
    let known = connections.view();
    let account = known.accounts.iter().find(|row| *row.id == *app.account);
    let form = payment.form();
    ConfirmationView {
        number,
        app: app.name,
        account: account.map(|row| naming::named(&known.accounts, row, known.language).told_apart(known.language)),
        action: form.action.into(),
        amount: payment.value(monei::payment::Meaning::Amount),
        currency: payment.currency(),
        to: payment.to(),
        fields: payment.values().map(|(field, value)| PaymentField { meaning: field.meaning.into(), value }).collect(),
        wants_pin: form.wants_pin,
        sent_before,
        environment: known.environment.convert(),
        theme: known.preferences.theme.convert(),
        language: known.language.convert(),
    }
}

#[cfg(test)]
mod tests;
