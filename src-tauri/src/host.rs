//! What the commands work on: the core, started once, and the window that is told of each change.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use connect_app::browser::SystemBrowser;
use connect_app::diagnose::Found;
use connect_app::settings::Settings;
use connect_app::update::{UpdateStatus, Updater};
use connect_app::{language, leaving, logging, resting, start};
use connect_core::problem::{Problem, ProblemCode};
use connect_core::snapshot::{Language, Leaving, Snapshot, Stage, Unrevoked};
use connect_core::{Caller, Check, Connections};
use connect_local_api::{LocalApi, Pairings, Place, Port, Role};
use tauri::AppHandle;
use tauri::async_runtime::JoinHandle;
use tauri::ipc::Channel;
use tokio::sync::{OnceCell, oneshot, watch};

use crate::asking::Questions;
use crate::attend::attend;
use crate::clipboard::CopiedKey;
use crate::confirming::Confirming;
use crate::places::Places;
use crate::presence::Presence;
use crate::view::{AppView, AppsView, Convert as _, Place as PagePlace, UpdateView};
use crate::{apps, platform, proxies, window};

/// Longest wait for the desktop to take notification and icon away.
const ATTENDING_ENDS: Duration = Duration::from_secs(1);

/// The running program, apart from its window.
pub struct Host {
    app: AppHandle,
    settings: Settings,
    browser: Arc<SystemBrowser>,
    connections: OnceCell<Connections>,
    /// Tells the page of changes; `None` before it has shown its first picture.
    telling: Mutex<Option<JoinHandle<()>>>,
    /// Tells it of apps.
    telling_apps: Mutex<Option<JoinHandle<()>>>,
    /// Tells it of new versions.
    telling_updates: Mutex<Option<JoinHandle<()>>>,
    /// Looks for those; made once the page wants to be told.
    updater: OnceLock<Arc<Updater>>,
    /// What other programs of the person use; `None` before the page has shown its first picture.
    api: Mutex<Option<LocalApi>>,
    /// Whether that, and all else that goes on without the page, was begun in this run.
    begun: AtomicBool,
    /// Tells the person where they must act; ended by its first part.
    attending: Mutex<Option<(oneshot::Sender<()>, JoinHandle<()>)>>,
    /// Where the program is for the person.
    presence: watch::Sender<Presence>,
    /// Whether a tray shows the program's icon.
    tray_there: watch::Sender<bool>,
    /// Where the person is led from there.
    places: Places,
    /// An app's key on the clipboard.
    copied_key: CopiedKey,
    /// Payments that wait for the person.
    confirming: Arc<Confirming>,
    /// What is asked in the system's own dialogs.
    questions: Questions,
    /// What the last diagnosis found, in words.
    report: Mutex<Option<String>>,
    /// The export that is under way: whether anybody still wants it.
    export: Mutex<Arc<AtomicBool>>,
    /// Whether the files were removed because the person left.
    erased: Mutex<bool>,
    #[cfg(feature = "embedded")]
    embedded: OnceCell<crate::embedded::Running>,
}

impl Host {
    /// Starts nothing yet.
    pub fn new(app: AppHandle, settings: Settings) -> Self {
        Self {
            browser: Arc::new(platform::browser_of(app.clone(), &settings)),
            app,
            settings,
            connections: OnceCell::new(),
            telling: Mutex::default(),
            telling_apps: Mutex::default(),
            telling_updates: Mutex::default(),
            updater: OnceLock::new(),
            api: Mutex::default(),
            begun: AtomicBool::default(),
            attending: Mutex::default(),
            presence: watch::Sender::default(),
            tray_there: watch::Sender::default(),
            places: Places::default(),
            copied_key: CopiedKey::default(),
            confirming: Arc::default(),
            questions: Questions::default(),
            report: Mutex::default(),
            export: Mutex::default(),
            erased: Mutex::default(),
            #[cfg(feature = "embedded")]
            embedded: OnceCell::new(),
        }
    }

    /// The core, started by whoever asks first. A start that failed is tried anew by the next one.
    ///
    /// # Errors
    /// Why it can't be started.
    pub async fn connections(&self) -> Result<Connections, Problem> {
        self.connections.get_or_try_init(|| self.start()).await.cloned()
    }

    /// What the program speaks: the desktop's language until the core says what the person chose.
    pub fn language(&self) -> Language {
        self.connections.get().map_or_else(language::of_desktop, |connections| connections.view().language)
    }

    /// The person's browser, for the pages outside that the program knows.
    pub fn browser(&self) -> Arc<SystemBrowser> {
        Arc::clone(&self.browser)
    }

    /// An export begins: it is wanted until the next one begins or [`Host::end_export`].
    pub fn begin_export(&self) -> Arc<AtomicBool> {
        let wanted = Arc::new(AtomicBool::new(true));
        let earlier = std::mem::replace(&mut *self.export.lock().unwrap_or_else(PoisonError::into_inner), Arc::clone(&wanted));
        earlier.store(false, Ordering::Relaxed);
        wanted
    }

    /// Nobody wants the export any more.
    pub fn end_export(&self) {
        self.export.lock().unwrap_or_else(PoisonError::into_inner).store(false, Ordering::Relaxed);
    }

    /// What is asked in the system's own dialogs.
    pub fn questions(&self) -> &Questions {
        &self.questions
    }

    /// The window's program, for the clipboard.
    pub fn app(&self) -> &AppHandle {
        &self.app
    }

    /// The page has its first picture: from now on it is told each view through `views`, the present one first, and the first look begins,
    /// which would only have held that picture up. So does the local API.
    ///
    /// # Errors
    /// As [`Host::connections`].
    pub async fn watch(&self, views: Channel<AppView>) -> Result<(), Problem> {
        let connections = self.connections().await?;
        let telling = tauri::async_runtime::spawn(tell_page(views, connections.subscribe()));
        let before = self.telling.lock().unwrap_or_else(PoisonError::into_inner).replace(telling);
        self.begin(&connections);
        match before {
            Some(before) => before.abort(),
            None => drop(tauri::async_runtime::spawn(async move { connections.look().await })),
        }
        Ok(())
    }

    /// The program was started into the tray: what goes on without the page begins. Where the person doesn't want it there, the window opens, and
    /// so it does for an approval that an earlier run was redeeming: there is little time to go on with it, and its decision is the person's.
    pub async fn start_in_tray(&self) {
        match self.connections().await {
            Ok(connections) if connections.view().preferences.close_to_tray => {
                self.begin(&connections);
                connections.take_up_answers().await;
                if connections.view().transaction.is_some() {
                    window::raise(&self.app);
                }
            }
            Ok(_) | Err(_) => window::raise(&self.app),
        }
    }

    /// Begins what goes on without the page, once in a run: other programs are served, resting connections kept alive, and the person is told
    /// where they must act. The page's calls may come in any order: each finds it begun.
    fn begin(&self, connections: &Connections) {
        let mut api = self.api();
        if self.begun.swap(true, Ordering::Relaxed) {
            return;
        }
        drop(tauri::async_runtime::spawn(resting::keep_alive(connections.clone())));
        let started = LocalApi::start(connections.clone(), Place::of(&self.settings), Role::Window);
        let (confirming, app, confirmations) = (Arc::clone(&self.confirming), self.app.clone(), started.confirmations().clone());
        let asked = connections.clone();
        drop(tauri::async_runtime::spawn(async move { confirming.follow(app, confirmations, asked).await }));
        let (end, ended) = oneshot::channel();
        let (pairings, confirmations) = (started.pairings().clone(), started.confirmations().clone());
        let attending = tauri::async_runtime::spawn(attend(self.app.clone(), connections.clone(), pairings, confirmations, ended));
        *self.attending.lock().unwrap_or_else(PoisonError::into_inner) = Some((end, attending));
        *api = Some(started);
    }

    /// Where the program is for the person.
    pub fn presence(&self) -> &watch::Sender<Presence> {
        &self.presence
    }

    /// Whether a tray shows the program's icon.
    pub fn tray_there(&self) -> &watch::Sender<bool> {
        &self.tray_there
    }

    /// Whether the program goes on in the tray without its window.
    pub fn stays_in_tray(&self) -> bool {
        let wanted = |view: &Snapshot| view.preferences.close_to_tray && view.left.is_none();
        *self.tray_there.borrow() && self.connections.get().is_some_and(|connections| wanted(&connections.view()))
    }

    /// Whether the program goes on where no window is left: it was never shown in this run, or a tray shows it.
    pub fn goes_on_alone(&self) -> bool {
        self.presence.borrow().in_tray
    }

    /// The way to the page for [`Host::show_place`].
    pub fn places(&self) -> &Places {
        &self.places
    }

    /// Leads the person to a page, as soon as there is one.
    pub fn show_place(&self, place: PagePlace) {
        self.places.show(place);
    }

    /// Where the program's settings come from.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Nobody looks at the window: what the core may find out then. It knows whether anything is due.
    pub async fn look_unseen(&self) {
        if let Some(connections) = self.connections.get().filter(|_| self.begun.load(Ordering::Relaxed)) {
            connections.look_unseen().await;
        }
    }

    /// Somebody looks at the window. The core knows whether anything is due: the computer may have slept or changed networks, and access
    /// may have been taken back at Monei.
    pub async fn look_again(&self) {
        let is_shown = self.telling.lock().unwrap_or_else(PoisonError::into_inner).is_some();
        if let Some(connections) = self.connections.get().filter(|_| is_shown) {
            connections.look().await;
        }
    }

    /// Tries everything that a connection needs, and keeps a report of it.
    ///
    /// # Errors
    /// Why nothing could be tried.
    pub async fn diagnose(&self) -> Result<Vec<Check>, Problem> {
        let connections = self.connections().await?;
        let apps_port = match self.api().as_ref().map(LocalApi::status) {
            Some(status) => Port::of(&status.borrow()).is_ours(),
            None => None,
        };
        let found = Found::with(&connections, self.settings.environment, apps_port).await;
        *self.report.lock().unwrap_or_else(PoisonError::into_inner) = Some(found.text());
        Ok(found.checks)
    }

    /// The report of the last diagnosis, if there was one in this run.
    pub fn report(&self) -> Option<String> {
        self.report.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The page has its first picture: from now on it is told of apps through `views`, the present ones first.
    ///
    /// # Errors
    /// As [`Host::connections`]; [`ProblemCode::InvalidInput`] once the person has left this computer.
    pub async fn watch_apps(&self, views: Channel<AppsView>) -> Result<(), crate::view::Problem> {
        let connections = self.connections().await?;
        self.begin(&connections);
        let api = self.api().as_ref().map(|api| (api.status(), api.pairings().clone()));
        let (status, pairings) = api.ok_or(ProblemCode::InvalidInput)?;
        let presence = self.presence.subscribe();
        let telling = tauri::async_runtime::spawn(apps::tell(views, connections, status, pairings, presence));
        let before = self.telling_apps.lock().unwrap_or_else(PoisonError::into_inner).replace(telling);
        if let Some(before) = before {
            before.abort();
        }
        Ok(())
    }

    /// What looks for new versions. It asks nobody by being there.
    pub fn updater(&self) -> &Arc<Updater> {
        self.updater.get_or_init(|| Arc::new(Updater::new(self.settings.data_dir.clone(), proxies::of_the_desktop())))
    }

    /// The page has its first picture: from now on it is told through `views` what is known of new versions, the present first.
    pub fn watch_updates(&self, views: Channel<UpdateView>) {
        let telling = tauri::async_runtime::spawn(tell_of_updates(views, self.updater().subscribe()));
        let before = self.telling_updates.lock().unwrap_or_else(PoisonError::into_inner).replace(telling);
        if let Some(before) = before {
            before.abort();
        }
    }

    /// The person wants to know whether there is a new version.
    pub async fn look_for_update(&self) {
        self.updater().look(jiff::Timestamp::now().as_millisecond(), self.language().tag()).await;
    }

    /// Somebody looks at the window: whether there is a new version is asked, where they chose that and it is due. Doesn't wait for it.
    pub fn look_for_update_if_due(&self) {
        if let Some(updater) = self.updater.get().map(Arc::clone) {
            let language = self.language();
            drop(tauri::async_runtime::spawn(async move {
                updater.look_if_due(jiff::Timestamp::now().as_millisecond(), language.tag()).await;
            }));
        }
    }

    /// Payments that wait for the person.
    pub fn confirming(&self) -> &Confirming {
        &self.confirming
    }

    /// The folder of this environment's data.
    pub fn data_dir(&self) -> &Path {
        &self.settings.data_dir
    }

    /// An app's key on the clipboard.
    pub fn copied_key(&self) -> &CopiedKey {
        &self.copied_key
    }

    /// The programs that ask to be allowed.
    pub fn pairings(&self) -> Option<Pairings> {
        self.api().as_ref().map(|api| api.pairings().clone())
    }

    /// What is open for apps is looked at now.
    pub fn apps_changed(&self) {
        if let Some(api) = self.api().as_ref() {
            api.refresh();
        }
    }

    /// Leaves this computer: every connection ends, and once all have ended nothing stays stored and no other program is served. What came of
    /// it shows in the view, too.
    ///
    /// # Errors
    /// As [`Connections::leave`].
    pub async fn leave(&self, unrevoked: Unrevoked) -> Result<Leaving, Problem> {
        let connections = self.connections().await?;
        let left = connections.leave(&Caller::Window, unrevoked).await?;
        if left.complete {
            let api = self.api().take();
            if let Some(api) = api {
                api.shutdown().await;
            }
            // What the window's processes have open goes at the program's end.
            self.erase(&connections);
        }
        Ok(left)
    }

    /// Removes the files. From the second time on another process may have begun anew.
    fn erase(&self, connections: &Connections) {
        // Held meanwhile, so that the program doesn't end in between.
        let mut erased = self.erased.lock().unwrap_or_else(PoisonError::into_inner);
        let place = Place::of(&self.settings);
        let left = if std::mem::replace(&mut *erased, true) {
            leaving::erase_again(&self.settings, place.folder())
        } else {
            leaving::erase(&self.settings, place.folder(), || connections.release_index())
        };
        for path in left {
            tracing::warn!(path = %path.display(), "it can't be removed yet");
        }
    }

    fn api(&self) -> MutexGuard<'_, Option<LocalApi>> {
        self.api.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends every listener. Gives the names of the accounts that were kept in memory alone and of which Monei didn't confirm the end.
    pub async fn shutdown(&self) -> Vec<Option<String>> {
        self.copied_key.clear();
        let attending = self.attending.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some((end, attending)) = attending {
            // It may have ended by itself.
            let _ = end.send(());
            if tokio::time::timeout(ATTENDING_ENDS, attending).await.is_err() {
                tracing::warn!("the desktop keeps a notification or an icon");
            }
        }
        let api = self.api().take();
        if let Some(api) = api {
            api.shutdown().await;
        }
        let mut living = Vec::new();
        if let Some(connections) = self.connections.get() {
            living = connections.shutdown().await;
            if connections.view().left.is_some() {
                logging::end();
                self.erase(connections);
            }
        }
        #[cfg(feature = "embedded")]
        if let Some(running) = self.embedded.get() {
            running.stop();
        }
        living
    }

    async fn start(&self) -> Result<Connections, Problem> {
        let settings = &self.settings;
        let vault = start::vault(settings)?;
        #[cfg(feature = "embedded")]
        if settings.embedded {
            let running = self.embedded.get_or_try_init(|| crate::embedded::start(settings, vault.as_ref())).await;
            running.map_err(|error| {
                tracing::error!(%error, "the embedded backend can't be started");
                connect_core::problem::ProblemCode::BackendUnreachable
            })?;
        }
        let connections = start::connections(settings, vault, platform::with_browser(self.browser())).await?;
        tokio::spawn(follow_answers(self.app.clone(), connections.subscribe()));
        Ok(connections)
    }
}

/// Tells the page the present view and each that follows. Of several that come while it is told, only the last.
async fn tell_page(page: Channel<AppView>, mut views: watch::Receiver<Arc<Snapshot>>) {
    views.mark_changed();
    while views.changed().await.is_ok() {
        let snapshot = Snapshot::clone(&views.borrow_and_update());
        if let Err(error) = page.send(snapshot.convert()) {
            tracing::warn!(%error, "the page can't be told of a change");
        }
    }
}

/// Tells the page what is known of new versions, and each change of it.
async fn tell_of_updates(page: Channel<UpdateView>, mut statuses: watch::Receiver<UpdateStatus>) {
    statuses.mark_changed();
    while statuses.changed().await.is_ok() {
        let status = statuses.borrow_and_update().clone();
        if let Err(error) = page.send(status.convert()) {
            tracing::warn!(%error, "the page can't be told of new versions");
        }
    }
}

/// Brings the window to the front when the browser's answer has come.
async fn follow_answers(app: AppHandle, mut views: watch::Receiver<Arc<Snapshot>>) {
    let mut before = None;
    while views.changed().await.is_ok() {
        let view = Arc::clone(&views.borrow_and_update());
        let stage = view.transaction.as_ref().map(|transaction| transaction.stage.clone());
        if calls_for_the_person(before.as_ref(), stage.as_ref()) {
            window::raise(&app);
        }
        before = stage;
    }
}

/// Whether the browser brought something between these stages. A fast answer may already be past `Finishing` when it is seen here, and
/// after a refusal a better answer may come.
fn calls_for_the_person(before: Option<&Stage>, after: Option<&Stage>) -> bool {
    let went_on = matches!(after, Some(Stage::Finishing { .. } | Stage::Decide { .. } | Stage::Done { .. }));
    match before {
        Some(Stage::Waiting { .. }) => went_on || matches!(after, Some(Stage::Failed { .. })),
        Some(Stage::Failed { .. }) => went_on,
        _ => false,
    }
}

#[cfg(test)]
mod tests {

    use super::*;

    #[test]
    fn the_window_comes_to_the_front_when_the_browser_has_answered_and_not_over_and_over() {
        let waiting = Stage::Waiting { expires_at: 1, browser_failed: false, links_elsewhere: false };
        let failed = Stage::Failed { problem: ProblemCode::Declined.into() };
        let finishing = Stage::Finishing { cancellable: true };
        let cases = [
            (None, Some(&waiting), false),
            (Some(&waiting), Some(&waiting), false),
            (Some(&waiting), None, false),
            (Some(&waiting), Some(&finishing), true),
            (Some(&waiting), Some(&failed), true),
            (Some(&failed), Some(&failed), false),
            (Some(&failed), Some(&waiting), false),
            (Some(&failed), Some(&Stage::Checking), false),
            (Some(&failed), Some(&finishing), true),
            (Some(&finishing), Some(&failed), false),
        ];
        for (before, after, calls) in cases {
            assert_eq!(calls_for_the_person(before, after), calls, "{before:?} to {after:?}");
        }
    }
}
