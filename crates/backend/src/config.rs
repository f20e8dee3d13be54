//! What the operator sets, checked once at the start. A wrong or missing value stops the start with one sentence that names it.

mod address;
mod clients;
mod error;
mod source;
pub(crate) mod store;
#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;

use ipnet::IpNet;
use url::Url;
use zeroize::Zeroizing;

use crate::domain::refusal::Policy;
use crate::domain::registration::Registrations;
use crate::domain::seal::MasterKey;
use crate::domain::settings::BudgetScope;
pub use crate::domain::settings::{Environment, RefreshAuth};
use crate::ports::monei::Pair;
use address::{authorize_url, redirect_uri, sandbox_origin};
pub use error::ConfigError;
use source::Source;

/// Everything the backend needs to know. Made by [`Config::from_env`] or [`Config::from_lookup`] alone, so that it is always sound.
#[derive(Clone)]
pub struct Config {
    pub(crate) environment: Environment,
    /// Their redirect URIs are sent byte for byte as the operator wrote them: Monei compares characters.
    pub(crate) registrations: Registrations,
    /// Of each registration.
    pub(crate) secrets: Vec<Pair>,
    /// Whether callers come over https, which cookies depend on.
    pub(crate) https: bool,
    pub(crate) authorize_url: Url,
    /// `…/api/v1`, without a slash at the end.
    pub(crate) api_base: String,
    pub(crate) sandbox_url: Option<String>,
    pub(crate) refresh_auth: RefreshAuth,
    /// When a refusal of Monei's ends a connection.
    pub(crate) refusals: Policy,
    pub(crate) budget_scope: BudgetScope,
    pub(crate) token_calls_per_minute: NonZeroU32,
    /// Starts a minute; without a limit where absent.
    pub(crate) authorize_calls_per_minute: Option<NonZeroU32>,
    /// Where several instances agree.
    pub(crate) store: Option<store::StoreSettings>,
    /// Whose `X-Forwarded-For` is believed.
    pub(crate) trusted_proxies: Vec<IpNet>,
    pub(crate) per_address_per_minute: Option<NonZeroU32>,
    pub(crate) connections_per_address: Option<NonZeroU32>,
    pub(crate) operator_name: String,
    pub(crate) operator_url: Option<String>,
    pub(crate) link_scheme: String,
    pub(crate) sealing_key: MasterKey,
    pub(crate) sealing_key_previous: Option<MasterKey>,
    listen: SocketAddr,
    private_listen: Option<SocketAddr>,
}

impl std::fmt::Debug for Config {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Config").field("environment", &self.environment).field("listen", &self.listen).finish_non_exhaustive()
    }
}

impl Config {
    /// Reads the process environment, and the files and credentials it names.
    ///
    /// # Errors
    /// [`ConfigError`] for the first value that is missing or can't be used.
    pub fn from_env() -> Result<Config, ConfigError> {
        refuse_what_is_no_text(std::env::vars_os())?;
        Self::from_lookup(&|name| std::env::var(name).ok())
    }

    /// Reads values from `get`, as an embedding program or a test has them. Files and credentials are read as with [`Config::from_env`].
    ///
    /// # Errors
    /// [`ConfigError`] for the first value that is missing or can't be used.
    pub fn from_lookup(get: &dyn Fn(&str) -> Option<String>) -> Result<Config, ConfigError> {
        let source = Source::new(get);
        let environment = environment(&source)?;
        let sandbox_url = sandbox_origin(environment, source.value("MONEI_SANDBOX_URL"))?;
        let redirect = redirect_uri(environment, source.value("MONEI_REDIRECT_URI"))?;
        let authorize_url = authorize_url(environment, source.value("MONEI_AUTHORIZE_URL"), sandbox_url.as_deref())?;
        let api_base = match (environment, &sandbox_url) {
            (Environment::Production, _) => "https://api.monei.cc/api/v1".to_owned(),
            (Environment::Development, _) => "https://api.dev.monei.cc/api/v1".to_owned(),
            (Environment::Sandbox, origin) => format!("{}/api/v1", origin.as_deref().unwrap_or_default()),
        };
        let (registrations, secrets) = clients::registrations(environment, &source, &redirect)?;
        let needed = "32 random bytes as 64 hexadecimal digits";
        let sealing_key =
            master_key(&source, "CONNECT_SEALING_KEY")?.ok_or(ConfigError::Missing { name: "CONNECT_SEALING_KEY", needed })?;
        let sealing_key_previous = master_key(&source, "CONNECT_SEALING_KEY_PREVIOUS")?;
        if sealing_key_previous.as_ref().is_some_and(|previous| previous == &sealing_key) {
            return Err(ConfigError::invalid("CONNECT_SEALING_KEY_PREVIOUS", "it is the same as CONNECT_SEALING_KEY"));
        }
        Ok(Config {
            environment,
            registrations,
            secrets,
            listen: socket(&source, "CONNECT_LISTEN")?.unwrap_or(redirect.default_listen),
            private_listen: socket(&source, "CONNECT_PRIVATE_LISTEN")?,
            https: redirect.https,
            authorize_url,
            api_base,
            sandbox_url,
            refresh_auth: match source.value("MONEI_REFRESH_AUTH").as_deref() {
                None | Some("none") => RefreshAuth::None,
                Some("secret") => RefreshAuth::Secret,
                Some(_) => return Err(ConfigError::invalid("MONEI_REFRESH_AUTH", "it must be none or secret")),
            },
            refusals: match (source.value("CONNECT_REFUSALS").as_deref(), environment) {
                (Some("confirmed"), _) | (None, Environment::Production | Environment::Development) => Policy::Confirmed,
                (Some("at_once"), _) | (None, Environment::Sandbox) => Policy::AtOnce,
                _ => return Err(ConfigError::invalid("CONNECT_REFUSALS", "it must be confirmed or at_once")),
            },
            budget_scope: budget_scope(&source)?,
            token_calls_per_minute: at_least_one(&source, "MONEI_TOKEN_CALLS_PER_MINUTE", 10, u32::MAX)?,
            authorize_calls_per_minute: NonZeroU32::new(count(&source, "MONEI_AUTHORIZE_CALLS_PER_MINUTE", 20, 1_000_000)?),
            store: store::store(&source)?,
            trusted_proxies: trusted_proxies(&source)?,
            per_address_per_minute: NonZeroU32::new(count(&source, "CONNECT_PER_ADDRESS_PER_MINUTE", 120, 1_000_000)?),
            connections_per_address: NonZeroU32::new(count(&source, "CONNECT_CONNECTIONS_PER_ADDRESS", 512, 1_000_000)?),
            operator_name: operator_name(environment, &source)?,
            operator_url: operator_url(&source)?,
            link_scheme: link_scheme(&source, environment)?,
            sealing_key,
            sealing_key_previous,
        })
    }

    /// The first value that is not the same in `other`, other than secrets and what this program shows to its store and trusts about it.
    pub(crate) fn differs_in_more_than_secrets(&self, other: &Config) -> Option<&'static str> {
        let same_store = match (&self.store, &other.store) {
            (Some(one), Some(two)) => one.same_place_as(two),
            (one, two) => one.is_none() && two.is_none(),
        };
        let same = [
            ("MONEI_ENVIRONMENT", self.environment == other.environment),
            ("MONEI_SANDBOX_URL", self.sandbox_url == other.sandbox_url),
            (
                "MONEI_CLIENT_ID",
                self.registrations.are_several() || self.registrations.first().client_id == other.registrations.first().client_id,
            ),
            ("MONEI_REDIRECT_URI", self.registrations.first().redirect_uri == other.registrations.first().redirect_uri),
            ("CONNECT_CLIENTS_FILE", self.registrations == other.registrations),
            ("MONEI_AUTHORIZE_URL", self.authorize_url == other.authorize_url),
            ("MONEI_REFRESH_AUTH", self.refresh_auth == other.refresh_auth),
            ("MONEI_BUDGET_SCOPE", self.budget_scope == other.budget_scope),
            ("CONNECT_REFUSALS", self.refusals == other.refusals),
            ("MONEI_TOKEN_CALLS_PER_MINUTE", self.token_calls_per_minute == other.token_calls_per_minute),
            ("MONEI_AUTHORIZE_CALLS_PER_MINUTE", self.authorize_calls_per_minute == other.authorize_calls_per_minute),
            ("CONNECT_PER_ADDRESS_PER_MINUTE", self.per_address_per_minute == other.per_address_per_minute),
            ("CONNECT_CONNECTIONS_PER_ADDRESS", self.connections_per_address == other.connections_per_address),
            ("CONNECT_REDIS_URL", same_store),
            ("CONNECT_TRUSTED_PROXIES", self.trusted_proxies == other.trusted_proxies),
            ("CONNECT_OPERATOR_NAME", self.operator_name == other.operator_name),
            ("CONNECT_OPERATOR_URL", self.operator_url == other.operator_url),
            ("CONNECT_LINK_SCHEME", self.link_scheme == other.link_scheme),
            ("CONNECT_LISTEN", self.listen == other.listen),
            ("CONNECT_PRIVATE_LISTEN", self.private_listen == other.private_listen),
        ];
        same.into_iter().find(|(_, same)| !same).map(|(name, _)| name)
    }

    /// Where callers connect.
    pub fn listen(&self) -> SocketAddr {
        self.listen
    }

    /// Where health and metrics are served, if at all.
    pub fn private_listen(&self) -> Option<SocketAddr> {
        self.private_listen
    }

    /// Whether one process can listen on both addresses. Where sockets are handed over, neither need be listened on.
    ///
    /// # Errors
    /// [`ConfigError::Invalid`] where both take the same port.
    pub fn check_listeners(&self) -> Result<(), ConfigError> {
        match self.private_listen {
            Some(private) if overlap(self.listen, private) => {
                let reason = format!("CONNECT_LISTEN ({}) takes the same port; give one of them another port", self.listen);
                Err(ConfigError::invalid("CONNECT_PRIVATE_LISTEN", reason))
            }
            _ => Ok(()),
        }
    }
}

/// Whether nobody could listen on both.
fn overlap(one: SocketAddr, other: SocketAddr) -> bool {
    let (first, second) = (one.ip().to_canonical(), other.ip().to_canonical());
    // On Windows alone, all of IPv6 leaves IPv4 out.
    let takes = |all: IpAddr, ip: IpAddr| all.is_unspecified() && (all.is_ipv4() == ip.is_ipv4() || (all.is_ipv6() && cfg!(not(windows))));
    one.port() == other.port() && one.port() != 0 && (first == second || takes(first, second) || takes(second, first))
}

/// Values that aren't text would count as absent, and defaults take their place.
fn refuse_what_is_no_text(values: impl Iterator<Item = (OsString, OsString)>) -> Result<(), ConfigError> {
    for (name, value) in values {
        let ours =
            name.to_str().filter(|name| name.starts_with("MONEI_") || name.starts_with("CONNECT_") || *name == "CREDENTIALS_DIRECTORY");
        if let (Some(name), None) = (ours, value.to_str()) {
            return Err(ConfigError::NotText { name: name.to_owned() });
        }
    }
    Ok(())
}

fn environment(source: &Source<'_>) -> Result<Environment, ConfigError> {
    match source.value("MONEI_ENVIRONMENT").as_deref() {
        Some("production") => Ok(Environment::Production),
        Some("development") => Ok(Environment::Development),
        Some("sandbox") => Ok(Environment::Sandbox),
        Some(_) => Err(ConfigError::invalid("MONEI_ENVIRONMENT", "it must be production, development or sandbox")),
        None => Err(ConfigError::Missing { name: "MONEI_ENVIRONMENT", needed: "production, development or sandbox" }),
    }
}

fn master_key(source: &Source<'_>, name: &'static str) -> Result<Option<MasterKey>, ConfigError> {
    let Some(text) = source.secret(name)? else { return Ok(None) };
    let mut bytes = Zeroizing::new([0u8; 32]);
    hex::decode_to_slice(text.as_bytes(), bytes.as_mut())
        .map_err(|_| ConfigError::invalid(name, "it must be 32 bytes as 64 hexadecimal digits; make one with `openssl rand -hex 32`"))?;
    let distinct = bytes.iter().collect::<std::collections::BTreeSet<_>>().len();
    if distinct < 8 {
        return Err(ConfigError::invalid(name, "it is not random; make one with `openssl rand -hex 32`"));
    }
    Ok(Some(MasterKey::new(*bytes)))
}

fn socket(source: &Source<'_>, name: &'static str) -> Result<Option<SocketAddr>, ConfigError> {
    let Some(text) = source.value(name) else { return Ok(None) };
    let wanted = "it must be an IP address and a port up to 65535, like 127.0.0.1:8080 or [::1]:8080";
    text.parse().map(Some).map_err(|_| ConfigError::invalid(name, wanted))
}

/// A number that is at least 1.
fn at_least_one(source: &Source<'_>, name: &'static str, default: u32, most: u32) -> Result<NonZeroU32, ConfigError> {
    NonZeroU32::new(count(source, name, default, most)?).ok_or_else(|| ConfigError::invalid(name, "it must be at least 1"))
}

fn count(source: &Source<'_>, name: &'static str, default: u32, most: u32) -> Result<u32, ConfigError> {
    let Some(text) = source.value(name) else { return Ok(default) };
    match text.parse::<u32>() {
        Ok(number) if number <= most => Ok(number),
        _ => Err(ConfigError::invalid(name, format!("it must be a whole number up to {most} in digits alone, without a unit"))),
    }
}

/// `MONEI_BUDGET_SCOPE`, with `CONNECT_EGRESS_ID` where it is by address.
fn budget_scope(source: &Source<'_>) -> Result<BudgetScope, ConfigError> {
    let egress = source.value("CONNECT_EGRESS_ID");
    match (source.value("MONEI_BUDGET_SCOPE").as_deref(), egress) {
        (Some("egress"), Some(id)) if id.chars().count() <= 64 => {
            Ok(BudgetScope::Egress(crate::domain::digest::id(&[b"egress", id.as_bytes()])))
        }
        (Some("egress"), Some(_)) => Err(ConfigError::invalid("CONNECT_EGRESS_ID", "it must have at most 64 characters")),
        (Some("egress"), None) => {
            Err(ConfigError::Missing { name: "CONNECT_EGRESS_ID", needed: "a name of the address by which this instance reaches Monei" })
        }
        (_, Some(_)) => Err(ConfigError::invalid("CONNECT_EGRESS_ID", "it has no effect unless MONEI_BUDGET_SCOPE is egress")),
        (None | Some("client"), None) => Ok(BudgetScope::Client),
        (Some("grant"), None) => Ok(BudgetScope::Grant),
        _ => Err(ConfigError::invalid("MONEI_BUDGET_SCOPE", "it must be client, egress or grant")),
    }
}

/// Addresses and networks, separated by commas or spaces.
fn trusted_proxies(source: &Source<'_>) -> Result<Vec<IpNet>, ConfigError> {
    const NAME: &str = "CONNECT_TRUSTED_PROXIES";
    let text = source.value(NAME).unwrap_or_default();
    let one = |text: &str| match text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from)).map(canonical) {
        Ok(network) if network.prefix_len() == 0 => Err(ConfigError::invalid(NAME, "it would trust everybody's word about their address")),
        Ok(network) => Ok(network),
        Err(_) => Err(ConfigError::invalid(NAME, "it must be addresses or networks like 127.0.0.1 or 10.0.0.0/8, separated by commas")),
    };
    text.split(|sign: char| sign == ',' || sign.is_whitespace()).filter(|part| !part.is_empty()).map(one).collect()
}

/// An IPv4 network that is written as one of IPv6 (`::ffff:10.0.0.0/104`): callers' addresses are compared in their own form.
fn canonical(network: IpNet) -> IpNet {
    match (network.addr().to_canonical(), network.prefix_len().checked_sub(96)) {
        (IpAddr::V4(v4), Some(length)) if network.addr().is_ipv6() => IpNet::new(v4.into(), length).unwrap_or(network),
        _ => network,
    }
}

fn operator_name(environment: Environment, source: &Source<'_>) -> Result<String, ConfigError> {
    const NAME: &str = "CONNECT_OPERATOR_NAME";
    match source.value(NAME) {
        Some(name) if name.chars().count() > 80 || name.chars().any(char::is_control) => {
            Err(ConfigError::invalid(NAME, "it must have at most 80 characters and no control characters"))
        }
        Some(name) => Ok(name),
        None if environment == Environment::Sandbox => Ok("Local sandbox".to_owned()),
        None => Err(ConfigError::Missing { name: NAME, needed: "the name of who runs this backend, as people shall read it" }),
    }
}

fn operator_url(source: &Source<'_>) -> Result<Option<String>, ConfigError> {
    const NAME: &str = "CONNECT_OPERATOR_URL";
    let Some(text) = source.value(NAME) else { return Ok(None) };
    match Url::parse(&text) {
        Ok(url) if url.scheme() == "https" && url.username().is_empty() && url.password().is_none() && text.len() <= 512 => {
            Ok(Some(url.into()))
        }
        _ => Err(ConfigError::invalid(
            NAME,
            "it must be an https address without a user name, like https://example.org, of at most 512 characters",
        )),
    }
}

/// The desktop program of this environment has the same by default.
fn link_scheme(source: &Source<'_>, environment: Environment) -> Result<String, ConfigError> {
    const NAME: &str = "CONNECT_LINK_SCHEME";
    let Some(text) = source.value(NAME) else {
        let scheme = match environment {
            Environment::Production => "org.moneiconnections.manager",
            Environment::Development => "org.moneiconnections.manager.development",
            Environment::Sandbox => "org.moneiconnections.manager.sandbox",
        };
        return Ok(scheme.to_owned());
    };
    let shape = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(&byte);
    let sound = text.len() <= 128 && text.contains('.') && text.starts_with(|first: char| first.is_ascii_lowercase());
    if !sound || !text.bytes().all(shape) {
        return Err(ConfigError::invalid(NAME, "it must be a reverse domain name in lower case, like org.example.app (RFC 8252 §7.1)"));
    }
    Ok(text)
}
