//! New versions of the program, for packages that no package manager looks after: the AppImage and the installer for Windows.
//!
//! A packager builds in an address and a public key ([`Source`]). The program asks there when the person presses the button, or once a day
//! where they switched that on. It shows what is new; it downloads and installs on the person's word alone. Everything that is fetched is
//! signed, https only, bounded in size and time, and checked as a whole before a file is touched. A version that isn't newer is never offered.

#[cfg(target_os = "linux")]
mod appimage;
mod choice;
mod fetch;
mod installer;
mod manifest;
mod place;
mod signature;
mod source;
#[cfg(all(test, target_os = "linux"))]
mod tests;

use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use connect_core::DesktopProxies;
use semver::Version;
use tokio::sync::futures::Notified;
use tokio::sync::{Notify, watch};

pub use place::Place;
pub use source::Source;

use choice::Choice;
use fetch::Http;
use manifest::{Manifest, Package};

/// How long after one look of its own the program looks again, in milliseconds: a day.
const EVERY_MS: i64 = 24 * 60 * 60 * 1000;
/// How much is downloaded between two reports of it, in bytes.
const REPORT_EVERY: u64 = 256 * 1024;

/// How new versions come to this copy of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpdateWay {
    /// The program fetches them, when the person wants it.
    Own,
    /// The system's package manager brings them.
    System,
    /// It was unpacked or built by hand: nothing is known of where it came from.
    Elsewhere,
    /// Whoever made the package set no address for updates.
    NotSet,
}

/// A version that is newer than this one, and can be had for this system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpdateOffer {
    /// Its number.
    pub version: String,
    /// What changed, as plain text. The publisher signed it.
    pub notes: String,
    /// Size of the package, in bytes.
    pub size: u64,
}

/// Why there is no new version. Whatever it is, nothing was replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpdateFailure {
    /// The server can't be reached, or has trouble of its own.
    Unreachable,
    /// What it answers isn't what an update server answers: the publisher must put it right.
    Unusable,
    /// A signature is missing, or isn't the publisher's, or is for something else; or the package isn't what was signed.
    NotGenuine,
    /// The download broke off.
    Incomplete,
    /// There is a newer version, and no package of it for this system.
    NoPackage,
    /// The disk is full.
    NoRoom,
    /// The program's file isn't the person's own, or its folder can't be written.
    NotWritable,
    /// The program's file was moved or replaced since the program started.
    Moved,
    /// The installer can't be started.
    NotStarted,
}

/// What is known of new versions, and what is being done about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UpdateState {
    /// Nobody has looked in this run.
    Idle,
    /// The server is being asked.
    Looking,
    /// Nothing newer is there.
    Current,
    /// A newer version is there.
    Available {
        /// Which.
        offer: UpdateOffer,
    },
    /// The person wants it, and it is being fetched.
    Downloading {
        /// Which.
        offer: UpdateOffer,
        /// How much of it is here, in bytes.
        fetched: u64,
    },
    /// It is in place, and used from the next start on.
    Installed {
        /// Its number.
        version: String,
    },
    /// Its installer was started; the program ends for it.
    Started {
        /// Its number.
        version: String,
    },
    /// It didn't work.
    Failed {
        /// Why.
        failure: UpdateFailure,
        /// What was to be installed, if anything: it can be tried again.
        offer: Option<UpdateOffer>,
    },
}

/// What a front end shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpdateStatus {
    /// How new versions come here.
    pub way: UpdateWay,
    /// The program looks once a day by itself.
    pub daily: bool,
    /// When it last asked, in milliseconds since the Unix epoch.
    pub looked_at: Option<i64>,
    /// What is known.
    pub state: UpdateState,
}

/// What an installation needs of the program afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// It goes on.
    GoOn,
    /// It ends, in order: the installer waits for that.
    End,
}

/// Starts a program and doesn't wait for it.
type Start = Box<dyn Fn(Command) -> std::io::Result<()> + Send + Sync>;

/// Looks for new versions and installs them. One for the whole run.
pub struct Updater {
    source: Option<Source>,
    place: Place,
    current: Version,
    folder: PathBuf,
    http: Http,
    start: Start,
    status: watch::Sender<UpdateStatus>,
    /// What was last offered.
    offered: Mutex<Option<Offered>>,
    /// One look or installation at a time.
    busy: tokio::sync::Mutex<()>,
    cancelled: Notify,
}

#[derive(Clone)]
struct Offered {
    version: Version,
    package: Package,
    offer: UpdateOffer,
}

impl Updater {
    /// For this copy of the program. `folder` keeps the person's choice, and on Windows what was downloaded. Asks nothing yet.
    pub fn new(folder: PathBuf, proxies: Arc<dyn DesktopProxies>) -> Self {
        let start: Start = Box::new(|mut installer| installer.spawn().map(drop));
        Self::with(Source::built_in(), Place::of_this_program(), env!("CARGO_PKG_VERSION"), folder, proxies, start)
    }

    fn with(source: Option<Source>, place: Place, current: &str, folder: PathBuf, proxies: Arc<dyn DesktopProxies>, start: Start) -> Self {
        let way = match &place {
            #[cfg(target_os = "linux")]
            Place::AppImage(_) if source.is_some() => UpdateWay::Own,
            #[cfg(target_os = "linux")]
            Place::AppImage(_) => UpdateWay::NotSet,
            Place::Installer if source.is_some() => UpdateWay::Own,
            Place::Installer => UpdateWay::NotSet,
            Place::System => UpdateWay::System,
            Place::Elsewhere => UpdateWay::Elsewhere,
        };
        let kept = if way == UpdateWay::Own { Choice::read(&folder) } else { Choice::default() };
        let status = UpdateStatus { way, daily: kept.daily, looked_at: kept.looked_at, state: UpdateState::Idle };
        Self {
            source: source.filter(|_| way == UpdateWay::Own),
            place,
            // The version of this package is one.
            current: Version::parse(current).unwrap_or(Version::new(u64::MAX, 0, 0)),
            folder,
            http: Http::new(proxies),
            start,
            status: watch::Sender::new(status),
            offered: Mutex::default(),
            busy: tokio::sync::Mutex::default(),
            cancelled: Notify::default(),
        }
    }

    /// What is known now, and each change of it.
    pub fn subscribe(&self) -> watch::Receiver<UpdateStatus> {
        self.status.subscribe()
    }

    /// Has the program look once a day by itself, or not any more.
    ///
    /// # Errors
    /// Where the choice can't be written down.
    pub fn set_daily(&self, daily: bool) -> std::io::Result<()> {
        if self.source.is_none() {
            return Err(std::io::ErrorKind::Unsupported.into());
        }
        let looked_at = self.status.borrow().looked_at;
        Choice { daily, looked_at }.write(&self.folder)?;
        self.status.send_modify(|status| status.daily = daily);
        Ok(())
    }

    /// Asks the server, where the person chose that and the last time is a day ago. That it can't be reached then is no news.
    pub async fn look_if_due(&self, now_ms: i64, language: &str) {
        let due = {
            let status = self.status.borrow();
            // A clock that was set back doesn't stop it.
            let rested = status.looked_at.is_none_or(|at| now_ms - at >= EVERY_MS || at > now_ms);
            status.daily && rested && matches!(status.state, UpdateState::Idle | UpdateState::Current)
        };
        if due {
            self.ask(now_ms, language, true).await;
        }
    }

    /// Asks the server, since the person wants to know.
    pub async fn look(&self, now_ms: i64, language: &str) {
        self.ask(now_ms, language, false).await;
    }

    async fn ask(&self, now_ms: i64, language: &str, unasked: bool) {
        let Some(source) = &self.source else { return };
        // Whoever presses twice gets the answer of the first time.
        let Ok(_busy) = self.busy.try_lock() else { return };
        let before = self.status.borrow().state.clone();
        if matches!(before, UpdateState::Installed { .. } | UpdateState::Started { .. }) {
            return;
        }
        let daily = self.status.borrow().daily;
        // Before the request: one that fails counts, too.
        if let Err(error) = (Choice { daily, looked_at: Some(now_ms) }).write(&self.folder) {
            tracing::warn!(kind = ?error.kind(), "when new versions were looked for can't be written down");
            if unasked {
                return;
            }
        }
        self.status.send_modify(|status| status.looked_at = Some(now_ms));
        if !unasked {
            self.show(UpdateState::Looking);
        }
        let state = match self.newest(source, language).await {
            Ok(Some(offered)) => {
                let offer = offered.offer.clone();
                *self.offered() = Some(offered);
                UpdateState::Available { offer }
            }
            Ok(None) => UpdateState::Current,
            Err(failure) if unasked => {
                tracing::info!(?failure, "no answer about new versions");
                before
            }
            Err(failure) => UpdateState::Failed { failure, offer: None },
        };
        self.show(state);
    }

    /// What is newer than this version.
    async fn newest(&self, source: &Source, language: &str) -> Result<Option<Offered>, UpdateFailure> {
        let manifest = Manifest::fetch(&self.http, source).await?;
        if manifest.version.cmp_precedence(&self.current).is_le() {
            return Ok(None);
        }
        let notes = manifest.notes(language);
        let package = manifest.package().ok_or(UpdateFailure::NoPackage)?;
        let offer = UpdateOffer { version: manifest.version.to_string(), notes, size: package.size };
        Ok(Some(Offered { version: manifest.version, package, offer }))
    }

    /// Fetches and installs the version that the person was shown and agreed to.
    pub async fn install(&self, version: &str) -> Then {
        let Some(source) = &self.source else { return Then::GoOn };
        let Ok(_busy) = self.busy.try_lock() else { return Then::GoOn };
        let Some(offered) = self.offered().clone().filter(|offered| offered.offer.version == version) else { return Then::GoOn };
        if matches!(self.status.borrow().state, UpdateState::Installed { .. } | UpdateState::Started { .. }) {
            return Then::GoOn;
        }
        // From now on, so that no cancelling is missed once the download shows.
        let cancelled = self.cancelled.notified();
        self.show(UpdateState::Downloading { offer: offered.offer.clone(), fetched: 0 });
        let done = self.fetch_and_install(source, &offered, cancelled).await;
        let (state, then) = match done {
            Ok(Some((state, then))) => (state, then),
            Ok(None) => (UpdateState::Available { offer: offered.offer }, Then::GoOn),
            Err(failure) => {
                tracing::warn!(?failure, "the new version isn't installed");
                (UpdateState::Failed { failure, offer: Some(offered.offer) }, Then::GoOn)
            }
        };
        self.show(state);
        then
    }

    /// `None`: the person cancelled the download.
    async fn fetch_and_install(
        &self,
        source: &Source,
        offered: &Offered,
        cancelled: Notified<'_>,
    ) -> Result<Option<(UpdateState, Then)>, UpdateFailure> {
        let part = self.place.part(&self.folder, &offered.package.file)?;
        let url = source.file(&offered.package.file).ok_or(UpdateFailure::Unusable)?;
        let told = |fetched: u64| {
            let state = UpdateState::Downloading { offer: offered.offer.clone(), fetched };
            self.show(state);
        };
        let file = part.file().try_clone().map_err(|error| fetch::of_disk(&error))?;
        let download = self.http.download(url, offered.package.size, file, REPORT_EVERY, told);
        tokio::select! {
            done = download => done?,
            // What is there of it goes with `part`.
            () = cancelled => return Ok(None),
        }
        let (key, package, version) = (source.key.clone(), offered.package.clone(), offered.version.clone());
        // From the disk, as it will be used.
        let checked = tokio::task::spawn_blocking(move || {
            let comment = signature::verified(&key, &package.signature, part.reader()?)?;
            signature::is_for(&comment, &version, &package.file)?;
            Ok::<_, UpdateFailure>(part)
        });
        let part = checked.await.map_err(|_| UpdateFailure::NotGenuine)??;
        let version = offered.offer.version.clone();
        Ok(Some(match &self.place {
            #[cfg(target_os = "linux")]
            Place::AppImage(target) => {
                target.replace(part)?;
                (UpdateState::Installed { version }, Then::GoOn)
            }
            Place::Installer => {
                let path = part.kept()?;
                (self.start)(installer::command(&path)).map_err(|error| {
                    tracing::warn!(kind = ?error.kind(), "the installer can't be started");
                    UpdateFailure::NotStarted
                })?;
                (UpdateState::Started { version }, Then::End)
            }
            Place::System | Place::Elsewhere => return Err(UpdateFailure::NotWritable),
        }))
    }

    /// The person doesn't want the download any more.
    pub fn cancel(&self) {
        self.cancelled.notify_waiters();
    }

    fn show(&self, state: UpdateState) {
        self.status.send_modify(|status| status.state = state);
    }

    fn offered(&self) -> MutexGuard<'_, Option<Offered>> {
        self.offered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
