//! For development: the confidential backend, and in the sandbox environment Monei's stand-in, inside of this process. The same code and
//! the same steps as apart, on loopback. In no release package.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::{Duration, Instant};

use connect_app::settings::Settings;
use connect_backend::Backend;
use connect_core::snapshot::Environment;
use connect_core::vault::Vault;
use monei_sandbox::{Client, Sandbox};
use secrecy::{ExposeSecret, SecretString};
use tokio::net::TcpListener;
use tokio::sync::watch;
use url::Url;

/// Where the embedded backend listens.
pub const ADDRESS: &str = "http://127.0.0.1:43117";
/// Redirect URI of the embedded backend, registered at the sandbox. Monei compares it character for character.
const REDIRECT_URI: &str = "http://127.0.0.1:43117/v1/callback";
/// Where the sandbox is.
const SANDBOX_URL: &str = "http://127.0.0.1:43118";
/// This app's id at the sandbox. The same at each start, so that the sandbox's kept grants stay its own.
const CLIENT_ID: &str = "mc_sim_embedded";
/// Keychain entry with the backend's sealing key, without which no stored refresh token could be opened after a restart.
const SEALING_KEY: &str = "embedded-backend-sealing-key";

/// How long an earlier run of this program may take to let go of the addresses: no longer than its own end.
const EARLIER_RUN_ENDS: Duration = Duration::from_secs(10);

/// Both servers, until they are stopped.
pub struct Running {
    stop: watch::Sender<bool>,
}

impl Running {
    /// Ends every listener.
    pub fn stop(&self) {
        self.stop.send_replace(true);
    }
}

/// Why they don't run.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    /// The address is in use, most likely by another run of this program.
    #[error("{address} can't be listened on: {reason}")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// Why.
        reason: std::io::ErrorKind,
    },
    /// The sandbox must stay on this computer.
    #[error("MONEI_SANDBOX_URL must be http://127.0.0.1 with a port")]
    SandboxUrl,
    /// A setting of the backend.
    #[error("backend: {0}")]
    Backend(#[from] connect_backend::ConfigError),
    /// The sandbox itself.
    #[error("sandbox: {0}")]
    Sandbox(#[from] monei_sandbox::SandboxError),
}

/// Starts the backend, and the sandbox where the environment is that.
///
/// # Errors
/// [`EmbeddedError`]; nothing is left running then.
pub async fn start(settings: &Settings, vault: &dyn Vault) -> Result<Running, EmbeddedError> {
    let (stop, stopped) = watch::channel(false);
    let mut set = vec![("CONNECT_SEALING_KEY", sealing_key(vault).await), ("CONNECT_LINK_SCHEME", settings.link_scheme.clone().into())];
    let redirect_uri = variable("MONEI_REDIRECT_URI").unwrap_or_else(|| REDIRECT_URI.to_owned());
    let sandbox = if settings.environment == Environment::Sandbox {
        let url = variable("MONEI_SANDBOX_URL").unwrap_or_else(|| SANDBOX_URL.to_owned());
        let run = random_hex(4);
        let secret = format!("mcs_sim_CNRY{run}_{}", random_hex(16));
        set.extend([
            ("MONEI_ENVIRONMENT", SecretString::from("sandbox")),
            ("MONEI_CLIENT_ID", CLIENT_ID.into()),
            ("MONEI_CLIENT_SECRET", secret.as_str().into()),
            ("MONEI_SANDBOX_URL", url.as_str().into()),
        ]);
        let sandbox = sandbox(&settings.data_dir, run, secret, &redirect_uri)?;
        Some((listen(sandbox_address(&url)?).await?, sandbox))
    } else {
        set.push(("MONEI_ENVIRONMENT", settings.environment_name().into()));
        None
    };
    set.push(("MONEI_REDIRECT_URI", redirect_uri.into()));
    let config = connect_backend::Config::from_lookup(&|name| {
        let own = set.iter().find(|(key, _)| *key == name).map(|(_, value)| value.expose_secret().to_owned());
        // In the sandbox a secret of the real Monei is neither needed nor wanted.
        let foreign = sandbox.is_some() && name.starts_with("MONEI_CLIENT_");
        own.or_else(|| variable(name).filter(|_| !foreign))
    })?;
    let listener = listen(config.listen()).await?;
    let backend = Backend::new(config)?;

    if let Some((listener, sandbox)) = sandbox {
        tokio::spawn(logged("sandbox", monei_sandbox::serve(listener, sandbox, until(stopped.clone()))));
    }
    tokio::spawn(logged("backend", connect_backend::serve(listener, None, backend, until(stopped))));
    Ok(Running { stop })
}

fn sandbox(data_dir: &Path, run: String, client_secret: String, redirect_uri: &str) -> Result<Sandbox, EmbeddedError> {
    let client = Client {
        client_id: CLIENT_ID.to_owned(),
        client_secret,
        name: "Monei Connections".to_owned(),
        redirect_uris: vec![redirect_uri.to_owned()],
        website: None,
    };
    let options = monei_sandbox::Options {
        clients: vec![client],
        run: Some(run),
        state_file: Some(data_dir.join("monei-sandbox.json")),
        ..Default::default()
    };
    Ok(Sandbox::new(options)?)
}

fn sandbox_address(url: &str) -> Result<SocketAddr, EmbeddedError> {
    let url = Url::parse(url).map_err(|_| EmbeddedError::SandboxUrl)?;
    let here = url.scheme() == "http" && url.host_str() == Some("127.0.0.1");
    let port = url.port().filter(|_| here).ok_or(EmbeddedError::SandboxUrl)?;
    Ok((Ipv4Addr::LOCALHOST, port).into())
}

async fn listen(address: SocketAddr) -> Result<TcpListener, EmbeddedError> {
    let begun = Instant::now();
    loop {
        match TcpListener::bind(address).await {
            Ok(listener) => return Ok(listener),
            // An earlier run that is ending may still hold it.
            Err(error) if error.kind() == ErrorKind::AddrInUse && begun.elapsed() < EARLIER_RUN_ENDS => {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            Err(error) => return Err(EmbeddedError::Listen { address, reason: error.kind() }),
        }
    }
}

/// The kept key, or a new one. Without a keychain it lasts as long as this run, and so do the connections.
async fn sealing_key(vault: &dyn Vault) -> SecretString {
    match vault.read(SEALING_KEY).await {
        Ok(Some(key)) => return key,
        Ok(None) => {}
        Err(error) => {
            tracing::warn!(%error, "the sealing key can't be read; this run uses one of its own");
            return random_hex(32).into();
        }
    }
    let key = SecretString::from(random_hex(32));
    if let Err(error) = vault.write(SEALING_KEY, key.clone()).await {
        tracing::warn!(%error, "the sealing key can't be kept; it ends with this run");
    }
    key
}

fn random_hex(bytes: usize) -> String {
    hex::encode((0..bytes).map(|_| rand::random::<u8>()).collect::<Vec<u8>>())
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

async fn until(mut stopped: watch::Receiver<bool>) {
    // An error means that the program has dropped the other end: stop then, too.
    drop(stopped.wait_for(|stopped| *stopped).await);
}

async fn logged(name: &str, server: impl Future<Output = std::io::Result<()>>) {
    if let Err(error) = server.await {
        tracing::error!(server = name, kind = ?error.kind(), "an embedded server ended");
    }
}

#[cfg(test)]
mod tests {
    use connect_core::vault::MemoryVault;

    use super::*;

    #[tokio::test]
    async fn the_sealing_key_survives_a_restart() {
        let vault = MemoryVault::default();
        let first = sealing_key(&vault).await;
        assert_eq!(first.expose_secret().len(), 64);
        assert_eq!(sealing_key(&vault).await.expose_secret(), first.expose_secret());
        assert_ne!(sealing_key(&MemoryVault::default()).await.expose_secret(), first.expose_secret());
    }

    #[test]
    fn the_sandbox_listens_on_loopback_only() {
        assert_eq!(sandbox_address("http://127.0.0.1:5000").unwrap(), "127.0.0.1:5000".parse().unwrap());
        for url in ["http://0.0.0.0:5000", "http://127.0.0.1", "https://127.0.0.1:5000", "http://sandbox.example.test:80", "nonsense"] {
            assert!(sandbox_address(url).is_err(), "{url}");
        }
    }
}
