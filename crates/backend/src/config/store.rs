//! Where instances keep what they must agree on: one server, Sentinel or a cluster, and how it is reached.

use percent_encoding::percent_decode_str;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use secrecy::SecretString;
use url::Url;

use super::ConfigError;
use super::source::{Source, read_public};

const NAME: &str = "CONNECT_REDIS_URL";

/// The store of several instances.
#[derive(Clone)]
pub(crate) struct StoreSettings {
    pub(crate) address: StoreAddress,
    /// Certificates that are trusted in place of the system's, in PEM.
    pub(crate) ca: Option<Vec<u8>>,
    /// What this program shows to the store.
    pub(crate) client: Option<ClientCertificate>,
}

/// A certificate and its key, in PEM.
#[derive(Clone)]
pub(crate) struct ClientCertificate {
    pub(crate) certificate: Vec<u8>,
    pub(crate) key: SecretString,
}

/// How the store is set up.
#[derive(Clone)]
pub(crate) enum StoreAddress {
    /// One server; the address may hold a password.
    One(SecretString),
    /// The primary that Sentinel names.
    Sentinel {
        /// The sentinels; user and password are those of the servers.
        nodes: Nodes,
        /// Sentinel's name of them.
        service: String,
        database: i64,
        sentinel_user: Option<String>,
        sentinel_password: Option<SecretString>,
    },
    /// A cluster, by some of its nodes.
    Cluster(Nodes),
}

/// Several hosts that are reached alike.
#[derive(Clone)]
pub(crate) struct Nodes {
    pub(crate) hosts: Vec<(String, u16)>,
    pub(crate) user: Option<String>,
    pub(crate) password: Option<SecretString>,
    pub(crate) tls: bool,
}

impl StoreSettings {
    /// Whether both lead to the same store in the same way, as the same user.
    pub(crate) fn same_as(&self, other: &Self) -> bool {
        self.text() == other.text()
    }

    /// Whether both lead to the same store, by whatever user name, password and certificates.
    pub(crate) fn same_place_as(&self, other: &Self) -> bool {
        self.place() == other.place()
    }

    fn place(&self) -> String {
        use secrecy::ExposeSecret;
        match &self.address {
            StoreAddress::One(text) => Url::parse(text.expose_secret()).map_or_else(
                |_| String::new(),
                |url| {
                    // A socket's address has them behind the question mark.
                    let rest: Vec<_> = url.query_pairs().filter(|(name, _)| name != "user" && name != "pass").collect();
                    format!("{} {:?} {:?} {} {rest:?}", url.scheme(), url.host_str(), url.port(), url.path())
                },
            ),
            StoreAddress::Sentinel { nodes, service, database, .. } => format!("{:?} {} {service} {database}", nodes.hosts, nodes.tls),
            StoreAddress::Cluster(nodes) => format!("{:?} {}", nodes.hosts, nodes.tls),
        }
    }

    /// Everything in it. Never shown.
    fn text(&self) -> String {
        use secrecy::ExposeSecret;
        let nodes = |nodes: &Nodes| {
            let password = nodes.password.as_ref().map(|text| text.expose_secret().to_owned());
            format!("{:?} {:?} {password:?} {}", nodes.hosts, nodes.user, nodes.tls)
        };
        let address = match &self.address {
            StoreAddress::One(url) => url.expose_secret().to_owned(),
            StoreAddress::Sentinel { nodes: all, service, database, sentinel_user, sentinel_password } => {
                let password = sentinel_password.as_ref().map(|text| text.expose_secret().to_owned());
                format!("{} {service} {database} {sentinel_user:?} {password:?}", nodes(all))
            }
            StoreAddress::Cluster(all) => nodes(all),
        };
        let client = self.client.as_ref().map(|client| (client.certificate.clone(), client.key.expose_secret().to_owned()));
        format!("{address} {:?} {client:?}", self.ca)
    }
}

/// `CONNECT_REDIS_URL`, with the certificates for it. Encrypted unless it is on this computer (N-01).
pub(super) fn store(source: &Source<'_>) -> Result<Option<StoreSettings>, ConfigError> {
    let (ca, certificate, key) =
        (source.value("CONNECT_REDIS_CA_FILE"), source.value("CONNECT_REDIS_CERTIFICATE_FILE"), source.secret("CONNECT_REDIS_KEY")?);
    let Some(text) = source.secret(NAME)? else {
        let given = [
            ("CONNECT_REDIS_CA_FILE", ca.is_some()),
            ("CONNECT_REDIS_CERTIFICATE_FILE", certificate.is_some()),
            ("CONNECT_REDIS_KEY", key.is_some()),
        ];
        return match given.into_iter().find(|(_, given)| *given) {
            Some((name, _)) => Err(ConfigError::invalid(name, "it has no effect without CONNECT_REDIS_URL")),
            None => Ok(None),
        };
    };
    let (address, encrypted) = address(&text)?;
    let ca = ca.map(|path| certificates(source, "CONNECT_REDIS_CA_FILE", &path)).transpose()?;
    let client = match (certificate, key) {
        (Some(_), Some(key)) if PrivateKeyDer::from_pem_slice(key.as_bytes()).is_err() => {
            return Err(ConfigError::invalid("CONNECT_REDIS_KEY", "it is no private key in PEM"));
        }
        (Some(path), Some(key)) => Some(ClientCertificate {
            certificate: certificates(source, "CONNECT_REDIS_CERTIFICATE_FILE", &path)?,
            key: SecretString::from(key.as_str()),
        }),
        (None, None) => None,
        (Some(_), None) => {
            return Err(ConfigError::Missing { name: "CONNECT_REDIS_KEY", needed: "the key of CONNECT_REDIS_CERTIFICATE_FILE, in PEM" });
        }
        (None, Some(_)) => {
            let needed = "the certificate of CONNECT_REDIS_KEY, in PEM";
            return Err(ConfigError::Missing { name: "CONNECT_REDIS_CERTIFICATE_FILE", needed });
        }
    };
    if !encrypted && (ca.is_some() || client.is_some()) {
        return Err(ConfigError::invalid(NAME, "certificates are given, but it is not reached over TLS (rediss://)"));
    }
    Ok(Some(StoreSettings { address, ca, client }))
}

/// A file of certificates. One without any would be taken, and nobody trusted or nothing shown.
fn certificates(source: &Source<'_>, name: &'static str, path: &str) -> Result<Vec<u8>, ConfigError> {
    let text = read_public(&source.path(path), name)?;
    let mut found = CertificateDer::pem_slice_iter(&text).peekable();
    if found.peek().is_none() || found.any(|one| one.is_err()) {
        return Err(ConfigError::invalid(name, "its file has no certificate in PEM (-----BEGIN CERTIFICATE-----), or a damaged one"));
    }
    Ok(text)
}

/// The address, and whether it is reached over TLS.
fn address(text: &str) -> Result<(StoreAddress, bool), ConfigError> {
    let scheme = text.split_once("://").map_or("", |(scheme, _)| scheme);
    match scheme {
        "redis+sentinel" | "rediss+sentinel" | "redis+cluster" | "rediss+cluster" => several(text, scheme),
        _ => one(text),
    }
}

fn one(text: &str) -> Result<(StoreAddress, bool), ConfigError> {
    let not_one = "it is not an address like rediss://user:password@host:6379; signs such as # / @ in a password are written %23 %2F %40";
    let url = Url::parse(text).map_err(|_| ConfigError::invalid(NAME, not_one))?;
    if url.fragment().is_some() {
        return Err(ConfigError::invalid(NAME, "it has a #; in a password write %23 for it"));
    }
    if matches!(url.scheme(), "redis" | "rediss") && !url.path().trim_matches('/').bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(ConfigError::invalid(NAME, "its path may be the number of a database alone, as in rediss://host:6379/2"));
    }
    if matches!(url.scheme(), "redis+unix" | "unix") && matches!(url.path(), "" | "/") {
        return Err(ConfigError::invalid(NAME, "it names no socket; write one like redis+unix:///run/redis/redis-server.sock"));
    }
    // Not a special scheme, so its host is text.
    let loopback = url.host_str().is_some_and(is_loopback);
    let encrypted = match url.scheme() {
        "rediss" if url.host_str().is_some_and(|host| !host.is_empty()) => true,
        "redis" if loopback => false,
        "redis+unix" | "unix" if cfg!(unix) => false,
        "redis+unix" | "unix" => return Err(ConfigError::invalid(NAME, "sockets in the file system can be used on Unix alone")),
        "redis" => return Err(ConfigError::invalid(NAME, "a store on another computer must be reached over TLS (rediss://)")),
        _ => {
            let shapes = "it must begin with rediss://, redis://127.0.0.1, redis+unix:///, rediss+sentinel:// or rediss+cluster://";
            return Err(ConfigError::invalid(NAME, shapes));
        }
    };
    Ok((StoreAddress::One(SecretString::from(text)), encrypted))
}

fn is_loopback(host: &str) -> bool {
    matches!(host, "127.0.0.1" | "[::1]" | "localhost")
}

/// `scheme://[user:password@]host:port[,host:port]…`, with `/service[/database]` for Sentinel.
fn several(text: &str, scheme: &str) -> Result<(StoreAddress, bool), ConfigError> {
    let invalid = |reason: &str| ConfigError::invalid(NAME, reason);
    let decoded = |text: &str| percent_decode_str(text).decode_utf8().map(String::from).map_err(|_| invalid("it is not an address"));
    let rest = &text[scheme.len() + "://".len()..];
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let (user_info, hosts) = authority.rsplit_once('@').map_or((None, authority), |(info, hosts)| (Some(info), hosts));
    let tls = scheme.starts_with("rediss");
    let sentinel = scheme.ends_with("sentinel");
    let mut nodes = Vec::new();
    for node in hosts.split(',') {
        // An IPv6 address is in brackets.
        let (host, port) = match node.rsplit_once(':') {
            Some((host, port)) if !host.ends_with(':') && !port.ends_with(']') => (host, port.parse().ok()),
            _ => (node, Some(if sentinel { 26_379 } else { 6_379 })),
        };
        let sound = !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-[]:_".contains(&byte));
        let port = port.filter(|_| sound).ok_or_else(|| invalid("it must name hosts as host:port, separated by commas"))?;
        if !tls && !is_loopback(host) {
            return Err(invalid("a store on another computer must be reached over TLS (rediss+sentinel:// or rediss+cluster://)"));
        }
        nodes.push((host.trim_start_matches('[').trim_end_matches(']').to_owned(), port));
    }
    let (user, password) = match user_info {
        None => (None, None),
        Some(info) => {
            let (user, password) = info.split_once(':').unwrap_or((info, ""));
            let given = |text: String| Some(text).filter(|text| !text.is_empty());
            (given(decoded(user)?), given(decoded(password)?).map(SecretString::from))
        }
    };
    let nodes = Nodes { hosts: nodes, user, password, tls };
    let (mut sentinel_user, mut sentinel_password) = (None, None);
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match pair.split_once('=') {
            Some(("sentinel_user", value)) if sentinel => sentinel_user = Some(decoded(value)?),
            Some(("sentinel_pass", value)) if sentinel => sentinel_password = Some(SecretString::from(decoded(value)?)),
            _ => return Err(invalid("after ? it may have sentinel_user and sentinel_pass alone, and those for Sentinel")),
        }
    }
    if !sentinel {
        return match path {
            "" | "0" => Ok((StoreAddress::Cluster(nodes), tls)),
            _ => Err(invalid("a cluster has no path and no database")),
        };
    }
    let (service, database) = path.split_once('/').unwrap_or((path, "0"));
    let database = database.parse().map_err(|_| invalid("its path must be /service or /service/database"))?;
    if service.is_empty() {
        return Err(invalid("its path must name Sentinel's service, as in redis+sentinel://host:26379/mymaster"));
    }
    Ok((StoreAddress::Sentinel { nodes, service: decoded(service)?, database, sentinel_user, sentinel_password }, tls))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn sentinels_are_read_with_service_database_and_passwords() {
        let text = "rediss+sentinel://app:p%40ss@one.example:26379,two.example/mymaster/3?sentinel_pass=x";
        let (address, encrypted) = address(text).unwrap_or_else(|error| panic!("{error}"));
        let StoreAddress::Sentinel { nodes, service, database, sentinel_user, sentinel_password } = address else { panic!("{text}") };
        assert_eq!(nodes.hosts, [("one.example".to_owned(), 26_379), ("two.example".to_owned(), 26_379)]);
        assert_eq!((nodes.user.as_deref(), nodes.password.unwrap().expose_secret()), (Some("app"), "p@ss"));
        assert_eq!((service.as_str(), database, sentinel_user, encrypted, nodes.tls), ("mymaster", 3, None, true, true));
        assert_eq!(sentinel_password.unwrap().expose_secret(), "x");
    }

    #[test]
    fn a_cluster_is_read_by_some_of_its_nodes() {
        let (address, encrypted) = address("redis+cluster://127.0.0.1:7000,[::1]:7001,localhost").unwrap_or_else(|error| panic!("{error}"));
        let StoreAddress::Cluster(nodes) = address else { panic!("a cluster") };
        assert_eq!(nodes.hosts, [("127.0.0.1".to_owned(), 7000), ("::1".to_owned(), 7001), ("localhost".to_owned(), 6379)]);
        assert!(!encrypted && nodes.user.is_none() && nodes.password.is_none());
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for text in [
            "redis+sentinel://one.example/mymaster",
            "redis+sentinel://127.0.0.1:26379",
            "redis+sentinel://127.0.0.1:26379/",
            "redis+sentinel://127.0.0.1:26379/mymaster/x",
            "redis+sentinel:///mymaster",
            "redis+sentinel://127.0.0.1:26379,/mymaster",
            "redis+sentinel://127.0.0.1:0x1/mymaster",
            "redis+sentinel://127.0.0.1/mymaster?db=1",
            "redis+cluster://127.0.0.1/1",
            "redis+cluster://10.0.0.1",
            "redis+cluster://127.0.0.1,10.0.0.1:6379",
            "redis+cluster://127.0.0.1?sentinel_pass=x",
        ] {
            assert!(address(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_address_is_read_without_a_fault(text in "(rediss?(\\+(sentinel|cluster|unix))?://)?.{0,60}") {
            if let Err(error) = address(&text) {
                let said = error.to_string();
                // What the operator has written behind the scheme, which the sentence itself may name. A few letters are in any sentence.
                let own = text.split_once("://").map_or(&*text, |(_, rest)| rest).trim_matches('/');
                prop_assert!(own.len() < 6 || !said.contains(own), "{said}");
            }
        }
    }
}
