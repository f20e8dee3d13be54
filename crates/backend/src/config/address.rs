//! The addresses: constants of the environment, but for the redirect URI and, in the sandbox alone, Monei's own.

use std::net::{Ipv4Addr, SocketAddr};

use url::{Host, Url};

use super::{ConfigError, Environment};

/// Where the sandbox listens when nothing else is said.
const SANDBOX_URL: &str = "http://127.0.0.1:43118";
/// The redirect URI of the sandbox environment when nothing else is said.
const SANDBOX_REDIRECT_URI: &str = "http://127.0.0.1:43117/v1/callback";
/// Monei's consent page (Monei: oauth-flow). The development environment's own is not documented.
const AUTHORIZE_URL: &str = "https://monei.cc/connect/authorize";

/// The registered redirect URI, and what follows from it.
pub(super) struct RedirectUri {
    pub(super) text: String,
    pub(super) https: bool,
    pub(super) default_listen: SocketAddr,
}

/// Whether the URL's host is this computer by name or literal.
fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address == Ipv4Addr::LOCALHOST,
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

fn has_user_info(url: &Url) -> bool {
    !url.username().is_empty() || url.password().is_some()
}

pub(super) fn redirect_uri(environment: Environment, value: Option<String>) -> Result<RedirectUri, ConfigError> {
    const NAME: &str = "MONEI_REDIRECT_URI";
    let text = match (value, environment) {
        (Some(text), _) => text,
        (None, Environment::Sandbox) => SANDBOX_REDIRECT_URI.to_owned(),
        (None, _) => {
            let needed = "the redirect URI registered at Monei, an https address of this backend that ends in /v1/callback";
            return Err(ConfigError::Missing { name: NAME, needed });
        }
    };
    let url =
        Url::parse(&text).map_err(|_| ConfigError::invalid(NAME, "it is not an address like https://connect.example.org/v1/callback"))?;
    if has_user_info(&url) || url.query().is_some() || url.fragment().is_some() || url.path() != "/v1/callback" {
        return Err(ConfigError::invalid(NAME, "its path must be /v1/callback, without user name, query or fragment"));
    }
    // Monei compares characters, and browsers normalise: only what is its own normal form is safe.
    if url.as_str() != text {
        return Err(ConfigError::invalid(NAME, "it is not in normal form (lower-case host, no default port, nothing to decode)"));
    }
    if url.port() == Some(0) {
        return Err(ConfigError::invalid(NAME, "no browser can come back to port 0; write the port that is served"));
    }
    let loopback = is_loopback(&url);
    match (url.scheme(), environment) {
        ("https", Environment::Production) if loopback => {
            Err(ConfigError::invalid(NAME, "in production it must not be on this computer alone"))
        }
        ("https", _) => Ok(RedirectUri { text, https: true, default_listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)) }),
        ("http", Environment::Production) => Err(ConfigError::invalid(NAME, "in production it must be https")),
        ("http", _) if loopback => {
            let port = url.port().ok_or_else(|| ConfigError::invalid(NAME, "a loopback address needs a port"))?;
            let ip = match url.host() {
                Some(Host::Ipv6(address)) => address.into(),
                _ => Ipv4Addr::LOCALHOST.into(),
            };
            Ok(RedirectUri { text, https: false, default_listen: SocketAddr::new(ip, port) })
        }
        _ => Err(ConfigError::invalid(NAME, "it must be https, or http on this computer (127.0.0.1, ::1 or localhost)")),
    }
}

/// The sandbox's origin, without a slash at the end.
pub(super) fn sandbox_origin(environment: Environment, value: Option<String>) -> Result<Option<String>, ConfigError> {
    const NAME: &str = "MONEI_SANDBOX_URL";
    if environment != Environment::Sandbox {
        return match value {
            None => Ok(None),
            Some(_) => Err(ConfigError::invalid(NAME, "it is set, but MONEI_ENVIRONMENT is not sandbox")),
        };
    }
    let text = value.unwrap_or_else(|| SANDBOX_URL.to_owned());
    let wanted = "it must be an address on this computer without a path, like http://127.0.0.1:43118";
    let url = Url::parse(&text).map_err(|_| ConfigError::invalid(NAME, wanted))?;
    let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none() && !has_user_info(&url);
    if !matches!(url.scheme(), "http" | "https") || !is_loopback(&url) || !bare || url.port() == Some(0) {
        return Err(ConfigError::invalid(NAME, wanted));
    }
    Ok(Some(url.origin().ascii_serialization()))
}

pub(super) fn authorize_url(environment: Environment, value: Option<String>, sandbox: Option<&str>) -> Result<Url, ConfigError> {
    const NAME: &str = "MONEI_AUTHORIZE_URL";
    let text = match (environment, value, sandbox) {
        (Environment::Sandbox, None, Some(origin)) => format!("{origin}/connect/authorize"),
        (Environment::Production | Environment::Development, None, _) => AUTHORIZE_URL.to_owned(),
        (Environment::Development, Some(text), _) => text,
        _ => return Err(ConfigError::invalid(NAME, "it may be set in the development environment only")),
    };
    let wanted = "it must be an https address under monei.cc without port, query or fragment";
    let url = Url::parse(&text).map_err(|_| ConfigError::invalid(NAME, wanted))?;
    let under_monei = url.host_str().is_some_and(|host| host == "monei.cc" || host.ends_with(".monei.cc"));
    let plain = url.port().is_none() && url.query().is_none() && url.fragment().is_none() && !has_user_info(&url);
    if environment == Environment::Development && !(url.scheme() == "https" && under_monei && plain) {
        return Err(ConfigError::invalid(NAME, wanted));
    }
    Ok(url)
}
