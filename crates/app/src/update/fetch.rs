//! Requests to an update server. A client of their own: it follows redirects, one by one and over https alone, and waits longer than a
//! request to the connection service may.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use connect_core::DesktopProxies;
use reqwest::header::LOCATION;
use reqwest::{Client, Proxy, Response, StatusCode};
use rustls_platform_verifier::BuilderVerifierExt as _;
use tokio::io::AsyncWriteExt as _;
use url::Url;

use super::UpdateFailure;
use super::source::may_be_asked;

/// Time for a connection, TLS included.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);
/// Longest time in which nothing comes.
const QUIET_LIMIT: Duration = Duration::from_secs(if cfg!(test) { 1 } else { 30 });
/// Time for a short text.
const TEXT_LIMIT: Duration = Duration::from_secs(20);
/// Time for a package: 30 MB at 20 kB/s.
const PACKAGE_LIMIT: Duration = Duration::from_secs(1800);
/// Most redirects of one request. Hosts of files use two or three.
const MOST_REDIRECTS: usize = 5;
/// Most ways out that are tried.
const MOST_WAYS: usize = 5;
/// Variables that name a proxy for https; `reqwest` reads them.
const VARIABLES: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];

pub(super) struct Http {
    proxies: Arc<dyn DesktopProxies>,
}

/// How a request leaves the computer.
enum Way {
    /// As the environment's variables say.
    Environment,
    Direct,
    Through(Box<Proxy>),
}

impl Http {
    pub(super) fn new(proxies: Arc<dyn DesktopProxies>) -> Self {
        Self { proxies }
    }

    /// A short answer, whole; `None` where there is no such file.
    pub(super) async fn text(&self, url: Url, most: usize) -> Result<Option<Vec<u8>>, UpdateFailure> {
        let Some(mut response) = self.get(url, TEXT_LIMIT).await? else { return Ok(None) };
        let mut text = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(|_| UpdateFailure::Incomplete)? {
            if text.len() + piece.len() > most {
                return Err(UpdateFailure::Unusable);
            }
            text.extend_from_slice(&piece);
        }
        Ok(Some(text))
    }

    /// Puts exactly `size` bytes into `file`, and onto the disk. Says how far it is after each `step` bytes.
    pub(super) async fn download(
        &self,
        url: Url,
        size: u64,
        file: std::fs::File,
        step: u64,
        told: impl Fn(u64),
    ) -> Result<(), UpdateFailure> {
        let mut response = self.get(url, PACKAGE_LIMIT).await?.ok_or(UpdateFailure::Unusable)?;
        if response.content_length().is_some_and(|length| length != size) {
            return Err(UpdateFailure::Unusable);
        }
        let mut file = tokio::fs::File::from_std(file);
        let (mut fetched, mut reported) = (0, 0);
        while let Some(piece) = response.chunk().await.map_err(|_| UpdateFailure::Incomplete)? {
            fetched += piece.len() as u64;
            if fetched > size {
                return Err(UpdateFailure::Unusable);
            }
            file.write_all(&piece).await.map_err(|error| of_disk(&error))?;
            if fetched - reported >= step {
                reported = fetched;
                told(fetched);
            }
        }
        if fetched < size {
            return Err(UpdateFailure::Incomplete);
        }
        file.flush().await.map_err(|error| of_disk(&error))?;
        file.sync_all().await.map_err(|error| of_disk(&error))
    }

    /// The answer at `url`, wherever it leads; `None` where there is nothing.
    async fn get(&self, mut url: Url, limit: Duration) -> Result<Option<Response>, UpdateFailure> {
        for _ in 0..=MOST_REDIRECTS {
            if !may_be_asked(&url) {
                tracing::warn!("an update server leads to an address without encryption");
                return Err(UpdateFailure::Unusable);
            }
            let response = self.send(&url, limit).await?;
            let status = response.status();
            if status.is_redirection() {
                let to = response.headers().get(LOCATION).and_then(|value| value.to_str().ok()).ok_or(UpdateFailure::Unusable)?;
                url = url.join(to).map_err(|_| UpdateFailure::Unusable)?;
                continue;
            }
            return match status {
                StatusCode::OK => Ok(Some(response)),
                StatusCode::NOT_FOUND | StatusCode::GONE => Ok(None),
                _ if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS => Err(UpdateFailure::Unreachable),
                _ => Err(UpdateFailure::Unusable),
            };
        }
        Err(UpdateFailure::Unusable)
    }

    async fn send(&self, url: &Url, limit: Duration) -> Result<Response, UpdateFailure> {
        for way in self.ways(url).await {
            let client = client(way).await?;
            match client.get(url.clone()).timeout(limit).send().await {
                Ok(response) => return Ok(response),
                // Its words hold the address, and a proxy's password.
                Err(error) => tracing::info!(connecting = error.is_connect(), late = error.is_timeout(), "an update server doesn't answer"),
            }
        }
        Err(UpdateFailure::Unreachable)
    }

    /// The ways to `url`, best first: the environment's variables, else what the desktop is set up with.
    async fn ways(&self, url: &Url) -> Vec<Way> {
        if url.scheme() != "https" {
            return vec![Way::Direct];
        }
        if VARIABLES.iter().any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty())) {
            return vec![Way::Environment];
        }
        // A script that tells the way has no business with paths.
        let mut asked = url.clone();
        asked.set_path("/");
        asked.set_query(None);
        let proxies = Arc::clone(&self.proxies);
        let told = tokio::time::timeout(CONNECT_LIMIT, tokio::task::spawn_blocking(move || proxies.ways_to(&asked))).await;
        let told = told.ok().and_then(Result::ok).unwrap_or_default();
        if told.is_empty() {
            return vec![Way::Direct];
        }
        told.into_iter().take(MOST_WAYS).filter_map(|way| way_of(&way)).collect()
    }
}

/// What a desktop calls a way out. GNOME's `socks` has names looked up by the proxy.
fn way_of(told: &str) -> Option<Way> {
    match told.split_once("://")? {
        ("direct", _) => Some(Way::Direct),
        ("socks", rest) => Proxy::all(format!("socks5h://{rest}")).ok().map(|proxy| Way::Through(Box::new(proxy))),
        _ => Proxy::all(told).ok().map(|proxy| Way::Through(Box::new(proxy))),
    }
}

async fn client(way: Way) -> Result<Client, UpdateFailure> {
    // What the system trusts. Reading it may take a while.
    let built = tokio::task::spawn_blocking(move || build(way)).await.ok().flatten();
    built.ok_or_else(|| {
        tracing::error!("the system's certificates can't be used");
        UpdateFailure::Unreachable
    })
}

fn build(way: Way) -> Option<Client> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().ok()?;
    let mut tls = config.with_platform_verifier().ok()?.with_no_client_auth();
    tls.alpn_protocols = vec![b"http/1.1".to_vec()];
    let builder = Client::builder()
        .tls_backend_preconfigured(tls)
        .https_only(!cfg!(test))
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .connect_timeout(CONNECT_LIMIT)
        .read_timeout(QUIET_LIMIT)
        .user_agent(concat!("monei-connect/", env!("CARGO_PKG_VERSION")));
    match way {
        Way::Environment => builder,
        Way::Direct => builder.no_proxy(),
        Way::Through(proxy) => builder.no_proxy().proxy(*proxy),
    }
    .build()
    .ok()
}

/// What a failure of the disk means to the person.
pub(super) fn of_disk(error: &io::Error) -> UpdateFailure {
    tracing::warn!(kind = ?error.kind(), "a package can't be written");
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => UpdateFailure::NoRoom,
        _ => UpdateFailure::NotWritable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_told_from_one_that_takes_nothing() {
        for (kind, expected) in [
            (io::ErrorKind::StorageFull, UpdateFailure::NoRoom),
            (io::ErrorKind::QuotaExceeded, UpdateFailure::NoRoom),
            (io::ErrorKind::PermissionDenied, UpdateFailure::NotWritable),
            (io::ErrorKind::ReadOnlyFilesystem, UpdateFailure::NotWritable),
        ] {
            assert_eq!(of_disk(&kind.into()), expected, "{kind}");
        }
    }

    #[test]
    fn every_way_that_a_desktop_tells_is_taken_or_left_out() {
        for told in ["http://proxy.test:3128", "https://proxy.test", "socks5://proxy.test:1080", "socks://proxy.test:1080"] {
            assert!(matches!(way_of(told), Some(Way::Through(_))), "{told}");
        }
        assert!(matches!(way_of("direct://"), Some(Way::Direct)));
        assert!(way_of("nonsense").is_none());
    }
}
