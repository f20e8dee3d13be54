//! Tells the person where they must act, outside of the window: in the tray's words and menu, and by one notification while no window of the
//! program has the focus. Also sees to it that the program never runs where nobody could reach it: without a window and without a tray.

use std::sync::Arc;
use std::time::Duration;

use connect_app::attention::{self, Matter, Matters, Notice, Standing, Step};
use connect_app::{catalogue, naming};
use connect_core::Connections;
use connect_core::snapshot::{AccountSnapshot, FeatureState, Language, Review, Snapshot};
use connect_local_api::{Confirmations, Pairings};
use tauri::{AppHandle, Manager as _};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until};

use crate::host::Host;
use crate::notify::{Notifier, Outcome};
use crate::presence::Presence;
use crate::tray::{Act, Face, Tray};
use crate::view::Place;
use crate::window::{self, confirm};

/// A notification waits so long for more that belongs to it, and for a window of the program to take the focus.
const SETTLES: Duration = Duration::from_secs(1);
/// A notification that couldn't be shown is tried again after so long, as at login, where what shows them may come later.
const SHOWN_LATER: Duration = Duration::from_secs(60);
/// Reviews come due by the day.
const REVIEWS_EVERY: Duration = Duration::from_secs(3600);
/// How long a tray may be away, as while a desktop starts or its panel is started anew, before the window comes back.
const TRAY_COMES_BACK: Duration = Duration::from_secs(10);
/// Longest name of an account in the tray's menu, in characters.
const LONGEST_NAME: usize = 40;

/// Does so until `end`.
pub async fn attend(
    app: AppHandle,
    connections: Connections,
    pairings: Pairings,
    confirmations: Confirmations,
    end: oneshot::Receiver<()>,
) {
    let host = app.state::<Arc<Host>>().inner().clone();
    let (acts, mut acted) = mpsc::unbounded_channel();
    let (outcomes, mut outcome_of) = mpsc::unbounded_channel();
    let mut attendant = Attendant {
        tray: Tray::new(&app, acts, host.tray_there().clone()),
        notifier: Notifier::new(&app, outcomes),
        notice: Notice::default(),
        shown_later: None,
        called_for: None,
        reviewed: Reviewed::default(),
        app,
        connections,
        host,
    };
    let (mut views, mut doubtful) = (attendant.connections.subscribe(), attendant.connections.doubtful());
    let (mut requests, mut payments) = (pairings.subscribe(), confirmations.subscribe());
    let (mut presence, mut there) = (attendant.host.presence().subscribe(), attendant.host.tray_there().subscribe());
    let mut settled: Option<Instant> = None;
    let mut alone: Option<Instant> = None;
    tokio::pin!(end);
    loop {
        let view = Arc::clone(&views.borrow_and_update());
        let doubted: Vec<String> = doubtful.borrow_and_update().iter().map(|id| id.to_string()).collect();
        let payment = payments.borrow_and_update().as_ref().map(|request| request.number);
        let pairing = requests.borrow_and_update().as_ref().map(|request| request.number);
        let (now, tray) = (*presence.borrow_and_update(), *there.borrow_and_update());
        let reviews = attendant.reviewed.now(&attendant.connections, &view).await;
        let matters = attention::matters(&view, doubted.iter().map(String::as_str), reviews, payment, pairing);
        attendant.show_in_tray(&view, &matters).await;
        attendant.call_for_request(&matters, now, view.preferences.notifications);
        settled = attendant.notify(&view, &matters, now, settled).await;
        alone = if now.in_tray && !tray { alone.or_else(|| Some(Instant::now() + TRAY_COMES_BACK)) } else { None };

        let next = [settled, alone, attendant.shown_later, attendant.reviewed.next()].into_iter().flatten().min();
        let waits = next.unwrap_or_else(|| Instant::now() + REVIEWS_EVERY);
        let more = tokio::select! {
            changed = views.changed() => changed.is_ok(),
            changed = doubtful.changed() => changed.is_ok(),
            changed = requests.changed() => changed.is_ok(),
            changed = payments.changed() => changed.is_ok(),
            changed = presence.changed() => changed.is_ok(),
            changed = there.changed() => changed.is_ok(),
            Some(act) = acted.recv() => { attendant.act(act); true }
            Some((id, outcome)) = outcome_of.recv() => { attendant.outcome(id, outcome); true }
            () = sleep_until(waits) => {
                if alone.is_some_and(|at| at <= Instant::now()) {
                    tracing::info!("there is no tray: the window comes back");
                    window::raise(&attendant.app);
                    alone = None;
                }
                true
            }
            _ = &mut end => false,
        };
        if !more {
            break;
        }
    }
    attendant.notifier.withdraw().await;
    attendant.tray.set(None).await;
}

struct Attendant {
    app: AppHandle,
    host: Arc<Host>,
    connections: Connections,
    tray: Tray,
    notifier: Notifier,
    notice: Notice,
    /// When what couldn't be shown is tried again.
    shown_later: Option<Instant>,
    /// The request to be allowed that the window was last brought to the front for, or left to the notification.
    called_for: Option<u64>,
    reviewed: Reviewed,
}

impl Attendant {
    async fn show_in_tray(&mut self, view: &Snapshot, matters: &Matters) {
        let wanted = view.preferences.close_to_tray && view.left.is_none();
        let language = view.language;
        let face = wanted.then(|| Face {
            standing: catalogue::standing(language, Standing::of(view, matters)),
            waits: !matters.is_empty(),
            entries: matters
                .iter()
                .map(|matter| (matter.clone(), catalogue::tray_entry(language, matter, &name_of(view, matter.account(), language))))
                .collect(),
            words: catalogue::tray(language),
        });
        self.tray.set(face).await;
    }

    /// A program that asks brings the window to the front, so that somebody sees it; out of the tray a notification does, where the person
    /// wants those.
    fn call_for_request(&mut self, matters: &Matters, presence: Presence, notifies: bool) {
        let request = matters.iter().find_map(|matter| if let Matter::Pairing(number) = matter { Some(*number) } else { None });
        let before = std::mem::replace(&mut self.called_for, request);
        if request.is_some() && request != before && !(presence.in_tray && notifies) {
            window::raise(&self.app);
        }
    }

    /// Gives back when it is to be looked at again, where something has come that is not yet shown.
    async fn notify(&mut self, view: &Snapshot, matters: &Matters, presence: Presence, settled: Option<Instant>) -> Option<Instant> {
        if self.shown_later.is_some_and(|at| at <= Instant::now()) {
            self.shown_later = None;
            self.notice.try_again();
        }
        let (wanted, looks) = (view.preferences.notifications, presence.looks());
        if self.notice.has_news(matters, wanted, looks) {
            let settled = settled.unwrap_or_else(|| Instant::now() + SETTLES);
            if settled > Instant::now() {
                return Some(settled);
            }
        }
        match self.notice.step(matters, wanted, looks) {
            Step::Stay => {}
            Step::Withdraw => self.notifier.withdraw().await,
            Step::Show(these) => {
                let shown = match catalogue::notification(view.language, &these) {
                    Some(words) => self.notifier.show(&words).await,
                    None => true,
                };
                if !shown {
                    self.notice.failed();
                    self.shown_later = self.shown_later.or_else(|| Some(Instant::now() + SHOWN_LATER));
                }
                // Whoever asks waits for an answer; all else can wait until the window is opened.
                if !shown && presence.in_tray && these.iter().any(|matter| matches!(matter, Matter::Pairing(_))) {
                    window::raise(&self.app);
                }
            }
        }
        None
    }

    fn act(&mut self, act: Act) {
        match act {
            Act::Open(token) => self.raise(token),
            Act::Deal(matter, token) => self.deal_with(&Matters::from([matter]), token),
            Act::Quit => self.app.exit(0),
        }
    }

    fn outcome(&mut self, id: u32, outcome: Outcome) {
        if !self.notifier.shows(id) {
            return;
        }
        self.notifier.forget();
        let shown = self.notice.gone();
        if let Outcome::Pressed(token) = outcome {
            self.deal_with(&shown, token);
        }
    }

    /// Brings up where the person can deal with the first of these.
    fn deal_with(&self, matters: &Matters, token: Option<String>) {
        match matters.first() {
            Some(Matter::Payment(_)) => {
                confirm::raise(&self.app);
                return self.activate(window::CONFIRM, token);
            }
            Some(Matter::Pairing(_)) => self.host.show_place(Place::Request),
            None => {}
            Some(first) => {
                let account = first.account().filter(|id| matters.iter().all(|matter| matter.account() == Some(id)));
                self.host.show_place(account.map_or(Place::Overview, |id| Place::Account { account: id.to_owned() }));
            }
        }
        self.raise(token);
    }

    fn raise(&self, token: Option<String>) {
        window::raise(&self.app);
        self.activate(window::MAIN, token);
    }

    /// Lets the window come to the front where the desktop wants a token for that.
    fn activate(&self, label: &'static str, token: Option<String>) {
        #[cfg(target_os = "linux")]
        if let Some(token) = token {
            crate::activation::use_token(&self.app, label, token);
        }
        // No desktop there gives one.
        #[cfg(not(target_os = "linux"))]
        drop((&self.app, label, token));
    }
}

/// What is worth another look, as far as that was asked.
#[derive(Default)]
struct Reviewed {
    reviews: Vec<Review>,
    /// What it depends on besides the day, as it was then.
    known: Option<(bool, Vec<(String, usize)>)>,
    next: Option<Instant>,
}

impl Reviewed {
    /// When it is to be asked again.
    fn next(&self) -> Option<Instant> {
        self.next
    }

    async fn now(&mut self, connections: &Connections, view: &Snapshot) -> &[Review] {
        let granted = |account: &AccountSnapshot| {
            account.features.iter().filter(|feature| matches!(feature.state, FeatureState::Enabled { .. })).count()
        };
        let known = (view.preferences.reminders, view.accounts.iter().map(|account| (account.id.clone(), granted(account))).collect());
        let due = self.next.is_none_or(|at| at <= Instant::now());
        if due || self.known.as_ref() != Some(&known) {
            self.known = Some(known);
            self.next = Some(Instant::now() + REVIEWS_EVERY);
            match connections.reviews().await {
                Ok(reviews) => self.reviews = reviews,
                Err(problem) => tracing::warn!(code = ?problem.code, "what is worth another look can't be read"),
            }
        }
        &self.reviews
    }
}

/// A name for the menu. What comes from elsewhere can't turn the line around or fill the screen.
fn name_of(view: &Snapshot, account: Option<&str>, language: Language) -> String {
    let account = account.and_then(|id| view.accounts.iter().find(|account| account.id == id));
    account.map(|account| short(&naming::name_of(&view.accounts, account, language))).unwrap_or_default()
}

fn short(name: &str) -> String {
    match name.char_indices().nth(LONGEST_NAME) {
        Some((end, _)) => format!("{}…", &name[..end]),
        None => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_in_the_menu_is_short() {
        assert_eq!(short("Ada’s shop"), "Ada’s shop");
        assert_eq!(short(&"a".repeat(41)), format!("{}…", "a".repeat(40)));
    }
}
