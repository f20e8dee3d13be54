//! What a sandbox is started with, and why it may refuse.

use std::fmt;
use std::io;
use std::path::PathBuf;

use url::Url;

/// What a sandbox is started with.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The registered apps; at least one.
    pub clients: Vec<Client>,
    /// Marker inside of every secret that is minted, 1 to 32 letters and digits; random where `None`.
    pub run: Option<String>,
    /// File that keeps grants across restarts (hashes only); nothing is kept where `None`.
    pub state_file: Option<PathBuf>,
    /// Makes every secret and reference follow from this number, so that a run can be repeated; random where `None`.
    pub seed: Option<u64>,
    /// The clock stands at this time until the control API moves it; it goes where `None`.
    pub clock: Option<jiff::Timestamp>,
    /// Who may come in.
    pub access: Access,
}

/// Who may come in.
#[derive(Clone, Default)]
pub enum Access {
    /// Callers on this computer, by a loopback name. The control page needs no token.
    #[default]
    Loopback,
    /// Whoever reaches the listener.
    Remote {
        /// What requests may name as their host, besides loopback names; without port.
        hosts: Vec<String>,
        /// What the control page and its API want to see; at least 16 characters.
        control_token: String,
    },
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Access::Loopback => f.write_str("Loopback"),
            Access::Remote { hosts, .. } => f.debug_struct("Remote").field("hosts", hosts).finish_non_exhaustive(),
        }
    }
}

/// One registered app.
#[derive(Clone)]
pub struct Client {
    /// Public id, `mc_…`.
    pub client_id: String,
    /// Secret, `mcs_…`. Kept in memory only.
    pub client_secret: String,
    /// Name on the consent page.
    pub name: String,
    /// Registered redirect URIs, compared character for character.
    pub redirect_uris: Vec<String>,
    /// The operator's site, shown on the consent page.
    pub website: Option<String>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("client_id", &self.client_id).field("redirect_uris", &self.redirect_uris).finish_non_exhaustive()
    }
}

/// Why a sandbox can't be started.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// No client was given: nothing could be authorized.
    #[error("the sandbox needs at least one client")]
    NoClient,
    /// A client id is empty, used twice, or holds anything but visible ASCII.
    #[error("client id {0:?}: it must be unique visible ASCII of 1 to 128 characters")]
    ClientId(String),
    /// A client's secret is empty or longer than 512 bytes.
    #[error("the secret of client {0:?} must have 1 to 512 bytes")]
    ClientSecret(String),
    /// The name of an app on the consent page is empty or too long.
    #[error("the name of client {0:?} must have 1 to 200 characters")]
    Name(String),
    /// A host that requests may name isn't one.
    #[error("allowed host {0:?}: a name or an address is wanted, without scheme, port or path")]
    Host(String),
    /// A redirect URI can't be registered.
    #[error("redirect URI {uri:?}: {reason}")]
    RedirectUri {
        /// The URI as given.
        uri: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The token of the control page is too short, or holds what can't be typed.
    #[error("the token of the control page must have 16 to 512 visible ASCII characters")]
    ControlToken,
    /// The marker isn't 1 to 32 letters and digits.
    #[error("the run marker must be 1 to 32 letters and digits")]
    Run,
    /// The state file can't be read or written.
    #[error("the state file {path}: {source}")]
    StateFile {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The state file could not be written while the sandbox was running; its log says why.
    #[error("the state file could not be written")]
    NotSaved,
    /// A scenario can't be played; the text says why.
    #[error("{0}")]
    Played(String),
    /// The state file is not one of ours, or of another version.
    #[error("the state file {path} is not a state of this sandbox: {reason}. Move it away to start anew")]
    StateShape {
        /// Which file.
        path: PathBuf,
        /// What was wrong.
        reason: String,
    },
}

impl Options {
    pub(crate) fn check(&self) -> Result<(), SandboxError> {
        if self.clients.is_empty() {
            return Err(SandboxError::NoClient);
        }
        for (position, client) in self.clients.iter().enumerate() {
            let id = &client.client_id;
            let repeated = self.clients[..position].iter().any(|other| other.client_id == *id);
            if repeated || id.is_empty() || id.len() > 128 || !id.bytes().all(|byte| byte.is_ascii_graphic()) {
                return Err(SandboxError::ClientId(id.clone()));
            }
            check_secret(id, &client.client_secret)?;
            if client.name.trim().is_empty() || client.name.chars().count() > 200 {
                return Err(SandboxError::Name(id.clone()));
            }
            if client.redirect_uris.is_empty() {
                return Err(SandboxError::RedirectUri { uri: String::new(), reason: "each client needs at least one" });
            }
            for uri in &client.redirect_uris {
                check_redirect_uri(uri).map_err(|reason| SandboxError::RedirectUri { uri: uri.clone(), reason })?;
            }
        }
        if let Access::Remote { control_token, .. } = &self.access
            && (!(16..=512).contains(&control_token.len()) || !control_token.bytes().all(|byte| byte.is_ascii_graphic()))
        {
            return Err(SandboxError::ControlToken);
        }
        if let Access::Remote { hosts, .. } = &self.access
            && let Some(wrong) = hosts.iter().find(|host| host.contains('*') || url::Host::parse(host).is_err())
        {
            return Err(SandboxError::Host(wrong.clone()));
        }
        match &self.run {
            Some(run) if run.is_empty() || run.len() > 32 || !run.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
                Err(SandboxError::Run)
            }
            _ => Ok(()),
        }
    }
}

pub(crate) fn check_secret(client_id: &str, secret: &str) -> Result<(), SandboxError> {
    if secret.is_empty() || secret.len() > 512 {
        return Err(SandboxError::ClientSecret(client_id.to_owned()));
    }
    Ok(())
}

fn check_redirect_uri(uri: &str) -> Result<(), &'static str> {
    if !uri.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("only visible ASCII is allowed; percent-encode the rest");
    }
    if uri.contains('#') {
        return Err("a fragment is not allowed");
    }
    let url = Url::parse(uri).map_err(|_| "it is not an absolute URI")?;
    match url.scheme() {
        "http" | "https" if url.host().is_none() => Err("it has no host"),
        "javascript" | "data" | "file" | "blob" | "vbscript" | "about" => Err("a page can't be redirected there"),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(uri: &str) -> Options {
        Options {
            clients: vec![Client {
                client_id: "mc_test".into(),
                client_secret: "mcs_sim_test".into(),
                name: "Test".into(),
                redirect_uris: vec![uri.into()],
                website: None,
            }],
            ..Options::default()
        }
    }

    #[test]
    fn redirect_uris_that_no_page_may_go_to_are_refused() {
        for uri in ["javascript:alert(1)", "data:text/html,x", "http://a/#x", "/relative", "http://a/ü", "file:///etc/passwd", ""] {
            assert!(client(uri).check().is_err(), "{uri}");
        }
        for uri in ["http://127.0.0.1:43117/v1/callback", "https://app.example/callback", "com.example.app:/callback"] {
            assert!(client(uri).check().is_ok(), "{uri}");
        }
    }

    #[test]
    fn clients_and_markers_are_checked() {
        assert!(matches!(Options::default().check(), Err(SandboxError::NoClient)));
        let mut options = client("http://127.0.0.1/");
        options.clients.push(options.clients[0].clone());
        assert!(matches!(options.check(), Err(SandboxError::ClientId(_))));
        let mut options = client("http://127.0.0.1/");
        options.run = Some("with space".into());
        assert!(matches!(options.check(), Err(SandboxError::Run)));
    }

    #[test]
    fn debug_output_holds_no_secret() {
        let printed = format!("{:?}", client("http://127.0.0.1/"));
        assert!(!printed.contains("mcs_sim_test"), "{printed}");
    }
}
