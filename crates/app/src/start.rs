//! From settings to a running core, the same for every front end.

use std::sync::Arc;

use connect_core::clock::SystemClock;
use connect_core::problem::{Problem, ProblemCode};
use connect_core::vault::{KeychainVault, Vault};
use connect_core::{Browser, Connections, DesktopProxies, Options};

use crate::guide;
use crate::language;
use crate::settings::Settings;

/// What a front end brings along.
pub struct Platform {
    /// Opens pages; [`crate::browser::SystemBrowser`] does on every system.
    pub browser: Arc<dyn Browser>,
    /// Knows the desktop's proxies. [`connect_core::SystemProxies`] does on macOS and Windows; on Linux it takes a library of the desktop's.
    pub proxies: Arc<dyn DesktopProxies>,
    /// Where the browser's answers come back, as [`Options::loopback_port`] has it.
    pub loopback_port: Option<u16>,
    /// Whether nothing is written to disk: what is approved ends with this process.
    pub in_memory: bool,
}

/// The system's keychain, for the entries of this environment.
///
/// # Errors
/// Why there is none.
pub fn vault(settings: &Settings) -> Result<Arc<dyn Vault>, Problem> {
    Ok(Arc::new(KeychainVault::new(&settings.namespace).map_err(ProblemCode::from)?))
}

/// The core, with its index open. Nothing is asked of the keychain or the network yet.
///
/// # Errors
/// As [`Connections::start`].
pub async fn connections(settings: &Settings, vault: Arc<dyn Vault>, platform: Platform) -> Result<Connections, Problem> {
    Connections::start(Options {
        environment: settings.environment,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        data_dir: (!platform.in_memory).then(|| settings.data_dir.clone()),
        link_scheme: settings.link_scheme.clone(),
        loopback_port: platform.loopback_port,
        backend: settings.backend.clone(),
        backend_managed: settings.backend_managed,
        guide: guide::url(),
        language: language::of_desktop(),
        browser: platform.browser,
        vault,
        clock: Arc::new(SystemClock),
        proxies: platform.proxies,
    })
    .await
}
