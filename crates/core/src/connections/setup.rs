//! Starting, and what must be in order before anybody is sent to the browser: the keychain and the backend.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex};

use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use url::Url;

use super::{Connections, Inner, Options, State, present, tokens};
use crate::backend::{BackendClient, parse_address};
use crate::http::Http;
use crate::index::{Index, IndexError, REBUILD, Tables};
use crate::operator::Claim;
use crate::problem::{Problem, ProblemCode};
use crate::vault::SessionVault;
use crate::view::{ActivityEvent, BackendStatus, Channel, KeychainState, Preferences, SetAsideView, Stage, TransactionView};

const ADDRESS: &str = "backend_address";
const CONFIRMED: &str = "backend_confirmed";
const CHANNEL: &str = "channel";
/// Written and removed, to see whether the disk has room.
const DISK: &str = "room";
/// Bytes that a new account takes in the index, and some to spare.
const ROOM: usize = 16 * 1024;

pub(super) async fn open(options: Options) -> Result<Connections, Problem> {
    let directory = options.data_dir.clone();
    let opened = tokio::task::spawn_blocking(move || {
        make_private_dir(&directory)?;
        Index::open(&directory.join("index.sqlite")).map_err(|error| {
            tracing::error!(%error, "index");
            match error {
                IndexError::Newer { .. } => ProblemCode::IndexNewer,
                IndexError::Unavailable(_) => ProblemCode::IndexUnavailable,
            }
        })
    })
    .await
    .map_err(|_| ProblemCode::IndexUnavailable)??;
    let index = opened.index;
    let unavailable = |error: IndexError| {
        tracing::error!(%error, "index");
        Problem::new(ProblemCode::IndexUnavailable)
    };
    let tables = index.tables();
    if let Some(file) = opened.set_aside.as_deref().and_then(std::path::Path::file_name) {
        tracing::warn!(?file, "the index was damaged; it was set aside and a fresh one made");
    }
    let set_aside = tables.setting(REBUILD).map_err(unavailable)?.map(|file| SetAsideView { file, recovered: None });
    let chosen = tables.setting(ADDRESS).map_err(unavailable)?.and_then(|text| parse_address(&text).ok());
    let backend = chosen.filter(|_| !options.backend_managed).or_else(|| options.backend.clone());
    let agreed = agreements(&tables).map_err(unavailable)?.remove(&backend.as_ref().map(origin).unwrap_or_default());
    let deep_link = tables.setting(CHANNEL).map_err(unavailable)?.as_deref() == Some("deep_link");
    let state = State {
        status: status_before_asking(backend.as_ref()),
        backend,
        agreed,
        info: None,
        keychain: KeychainState::Unknown,
        dialogs: Arc::default(),
        swept: false,
        probes_left: HashSet::new(),
        preferences: Preferences { channel: if deep_link { Channel::DeepLink } else { Channel::Loopback } },
        transaction: None,
        pending: None,
        undecided: None,
        missing: HashMap::new(),
        left_alone: HashMap::new(),
        ended: HashSet::new(),
        set_aside,
        looked: None,
        finished: None,
        ending: false,
        run: 0,
    };
    let (accounts, marks) = present::load(&tables).map_err(unavailable)?;
    let view = watch::Sender::new(Arc::new(present::app(
        &options,
        &state,
        false,
        present::accounts(&state, options.clock.as_ref(), &accounts, &marks),
    )));
    let inner = Inner {
        http: Arc::new(Http::new(Arc::clone(&options.proxies))),
        vault: SessionVault::new(Arc::clone(&options.vault)),
        options,
        index: Mutex::new(index),
        state: Mutex::new(state),
        view,
        under_way: super::under_way::UnderWay::default(),
        reloading: tokio::sync::Mutex::default(),
        refreshing: tokens::SingleFlight::default(),
        unsaved: Mutex::default(),
    };
    Ok(Connections { inner: Arc::new(inner) })
}

/// What a person agreed to, of one backend. `None`: an earlier version kept no names, so nobody knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Agreed(pub(super) Option<Claim>);

impl Agreed {
    /// Whether that is what it says now.
    pub(super) fn fits(&self, now: &Claim) -> bool {
        self.0.as_ref() == Some(now)
    }
}

/// What was agreed to, by origin.
fn agreements(index: &Tables<'_>) -> Result<BTreeMap<String, Agreed>, IndexError> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Stored {
        ByOrigin(BTreeMap<String, Agreed>),
        OriginsOnly(Vec<String>),
    }
    let stored = index.setting(CONFIRMED)?.and_then(|text| serde_json::from_str(&text).ok());
    Ok(match stored {
        Some(Stored::ByOrigin(agreements)) => agreements,
        Some(Stored::OriginsOnly(origins)) => origins.into_iter().map(|origin| (origin, Agreed(None))).collect(),
        None => BTreeMap::new(),
    })
}

fn status_before_asking(backend: Option<&Url>) -> BackendStatus {
    match backend {
        Some(_) => BackendStatus::Unknown,
        None => BackendStatus::Problem { problem: ProblemCode::BackendMissing.into() },
    }
}

fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

fn make_private_dir(directory: &std::path::Path) -> Result<(), ProblemCode> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory).map_err(|error| {
        tracing::error!(kind = ?error.kind(), "the data folder can't be made");
        ProblemCode::IndexUnavailable
    })
}

impl Connections {
    /// The person wants everything tried anew: the keychain, which may open its dialog, and the backend. Finishes what an earlier run left
    /// undone, and checks the accounts that the keychain kept locked.
    pub async fn probe(&self) {
        self.asked(async {
            let (keychain, backend) = tokio::join!(self.check_keychain(), self.ask_backend());
            self.publish();
            self.after_check(keychain.is_ok(), backend.is_ok()).await;
            if keychain.is_ok() {
                let locked_out = self.locked_out();
                self.check_all(&locked_out).await;
            }
        })
        .await;
    }

    /// Reads how the keychain stands, without opening its dialog, and asks the backend who it is.
    pub async fn poll(&self) {
        let (keychain, backend) = tokio::join!(self.look_at_keychain(), self.ask_backend());
        self.publish();
        self.after_check(keychain.is_ok(), backend.is_ok()).await;
    }

    async fn after_check(&self, keychain: bool, backend: bool) {
        if self.state().keychain == KeychainState::Ready {
            self.rebuild().await;
        }
        if keychain && backend {
            self.discard_leftovers().await;
        }
    }

    /// Asks the backend who runs it.
    pub(super) async fn ask_backend(&self) -> Result<(), Problem> {
        let Some(address) = self.state().backend.clone() else { return Err(ProblemCode::BackendMissing.into()) };
        let client = BackendClient::new(address.clone(), Arc::clone(&self.inner.http));
        let asked = client.client_info(self.inner.options.environment, self.now()).await;
        let mut state = self.state();
        // The address may have been changed meanwhile.
        if state.backend.as_ref() != Some(&address) {
            return Err(ProblemCode::BackendUnconfirmed.into());
        }
        match asked {
            Ok(info) => {
                state.info = Some(info);
                state.status = BackendStatus::Ready;
                Ok(())
            }
            Err(problem) => {
                state.status = BackendStatus::Problem { problem: problem.clone() };
                Err(problem)
            }
        }
    }

    /// Writes to the index and takes it back: a full disk is found out before an approval is.
    pub(super) async fn check_disk(&self) -> Result<(), Problem> {
        let padding = "x".repeat(ROOM);
        self.index(move |index| index.set_setting(DISK, &padding)).await?;
        self.index(|index| index.remove_setting(DISK)).await
    }

    /// Sets another backend. It is asked who runs it, and nothing else until [`Connections::confirm_backend`]. What the present one
    /// gave rests until the person comes back to it.
    ///
    /// # Errors
    /// [`ProblemCode::BackendAddress`] if the address is unsafe, [`ProblemCode::InvalidInput`] if it can't be changed here.
    pub async fn set_backend(&self, address: &str) -> Result<(), Problem> {
        if self.inner.options.backend_managed {
            return Err(ProblemCode::InvalidInput.into());
        }
        let url = parse_address(address)?;
        if matches!(self.state().transaction, Some(TransactionView { stage: Stage::Failed { .. }, .. })) {
            // Behind a refusal a better answer is waited for; that ends with the backend.
            self.state().stop_waiting();
        }
        if self.state().pending.is_some() || self.state().undecided.is_some() {
            return Err(ProblemCode::AnotherInProgress.into());
        }
        let stored = url.to_string();
        let agreed = self
            .index(move |index| {
                index.set_setting(ADDRESS, &stored)?;
                agreements(index)
            })
            .await?
            .remove(&origin(&url));
        {
            let mut state = self.state();
            state.status = status_before_asking(Some(&url));
            state.backend = Some(url);
            state.agreed = agreed;
            state.info = None;
        }
        self.reload().await?;
        // Its answer, or why there is none, shows in the view.
        drop(self.ask_backend().await);
        self.publish();
        Ok(())
    }

    /// The person has seen what the backend at `address` calls itself (`name`, as [`crate::view::OperatorView`] has it) and agrees. Both
    /// guard against agreeing to another than was shown.
    ///
    /// # Errors
    /// [`ProblemCode::InvalidInput`] if that isn't the present one, or why the backend can't be used.
    pub async fn confirm_backend(&self, address: &str, name: Option<&str>) -> Result<(), Problem> {
        let shown = Some(parse_address(address)?);
        if self.state().backend != shown {
            return Err(ProblemCode::InvalidInput.into());
        }
        if self.state().info.is_none() {
            self.ask_backend().await?;
        }
        let claim = self.state().info.as_ref().map(|info| info.operator.clone()).ok_or(ProblemCode::InvalidInput)?;
        if claim.view().name.as_deref() != name {
            return Err(ProblemCode::InvalidInput.into());
        }
        let agreed = Agreed(Some(claim));
        let at = self.now();
        let (confirmed_origin, confirmed) = (shown.as_ref().map(origin).unwrap_or_default(), agreed.clone());
        self.index(move |index| {
            let mut all = agreements(index)?;
            if all.insert(confirmed_origin.clone(), confirmed.clone()) != Some(confirmed) {
                let text = serde_json::to_string(&all).unwrap_or_default();
                index.set_setting(CONFIRMED, &text)?;
                index.log(at, None, None, &ActivityEvent::BackendChanged { address: confirmed_origin })?;
            }
            Ok(())
        })
        .await?;
        {
            let mut state = self.state();
            // Another may have been set meanwhile, which nobody has agreed to yet.
            if state.backend != shown {
                return Err(ProblemCode::InvalidInput.into());
            }
            state.agreed = Some(agreed);
        }
        self.publish();
        Ok(())
    }

    /// Stores the person's choices.
    ///
    /// # Errors
    /// [`ProblemCode::IndexUnavailable`].
    pub async fn set_preferences(&self, preferences: Preferences) -> Result<(), Problem> {
        let text = match preferences.channel {
            Channel::Loopback => "loopback",
            Channel::DeepLink => "deep_link",
        };
        self.index(move |index| index.set_setting(CHANNEL, text)).await?;
        self.state().preferences = preferences;
        self.publish();
        Ok(())
    }
}
