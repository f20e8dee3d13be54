//! One kind of connection, whichever way the store is set up: a server alone, the primary that Sentinel names, or a cluster.

use std::time::Duration;

use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::cluster::ClusterClient;
use redis::cluster_async::ClusterConnection;
use redis::sentinel::{SentinelClient, SentinelClientBuilder, SentinelServerType};
use redis::{
    AsyncConnectionConfig, Client, ClientTlsConfig, Cmd, ConnectionAddr, Pipeline, RedisError, RedisFuture, TlsCertificates, TlsMode, Value,
};
use secrecy::ExposeSecret;
use tokio::sync::Mutex;

use crate::config::store::{Nodes, StoreAddress, StoreSettings};

/// How long connecting, and how long one answer may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(1);
/// How often a cluster is asked again by the library, which learns on the way that a slot has moved.
const RETRIES: u32 = 2;

/// Where connections come from.
pub(super) enum Source {
    One(Box<Client>),
    Sentinel(Box<Mutex<SentinelClient>>),
    Cluster(Box<ClusterClient>),
}

impl Source {
    /// Doesn't connect yet.
    pub(super) fn new(settings: &StoreSettings) -> Result<Self, RedisError> {
        let certificates = certificates(settings);
        match &settings.address {
            StoreAddress::One(url) => {
                let client = match certificates {
                    Some(certificates) => Client::build_with_tls(url.expose_secret(), certificates)?,
                    None => Client::open(url.expose_secret())?,
                };
                Ok(Self::One(Box::new(client)))
            }
            StoreAddress::Sentinel { nodes, service, database, sentinel_user, sentinel_password } => {
                let mut builder = SentinelClientBuilder::new(nodes.addresses(), service, SentinelServerType::Master)?;
                builder = builder.set_client_to_redis_db(*database);
                if nodes.tls {
                    builder = builder.set_client_to_redis_tls_mode(TlsMode::Secure).set_client_to_sentinel_tls_mode(TlsMode::Secure);
                }
                if let Some(certificates) = certificates {
                    builder =
                        builder.set_client_to_redis_certificates(certificates.clone()).set_client_to_sentinel_certificates(certificates);
                }
                if let Some(user) = &nodes.user {
                    builder = builder.set_client_to_redis_username(user);
                }
                if let Some(password) = &nodes.password {
                    builder = builder.set_client_to_redis_password(password.expose_secret());
                }
                if let Some(user) = sentinel_user {
                    builder = builder.set_client_to_sentinel_username(user);
                }
                if let Some(password) = sentinel_password {
                    builder = builder.set_client_to_sentinel_password(password.expose_secret());
                }
                Ok(Self::Sentinel(Box::new(Mutex::new(builder.build()?))))
            }
            StoreAddress::Cluster(nodes) => {
                let mut builder =
                    ClusterClient::builder(nodes.addresses()).retries(RETRIES).connection_timeout(PATIENCE).response_timeout(PATIENCE);
                if nodes.tls {
                    builder = builder.tls(TlsMode::Secure);
                }
                if let Some(certificates) = certificates {
                    builder = builder.certs(certificates);
                }
                if let Some(user) = &nodes.user {
                    builder = builder.username(user);
                }
                if let Some(password) = &nodes.password {
                    builder = builder.password(password.expose_secret());
                }
                Ok(Self::Cluster(Box::new(builder.build()?)))
            }
        }
    }

    /// A new connection, to the server that is the primary now.
    pub(super) async fn connect(&self) -> Result<Connection, RedisError> {
        let config = AsyncConnectionConfig::new().set_connection_timeout(Some(PATIENCE)).set_response_timeout(Some(PATIENCE));
        match self {
            Self::One(client) => client.get_multiplexed_async_connection_with_config(&config).await.map(Connection::One),
            Self::Sentinel(client) => client.lock().await.get_async_connection_with_config(&config).await.map(Connection::One),
            Self::Cluster(client) => client.get_async_connection().await.map(Connection::Cluster),
        }
    }
}

impl Nodes {
    fn addresses(&self) -> Vec<ConnectionAddr> {
        let address = |(host, port): &(String, u16)| match self.tls {
            true => ConnectionAddr::TcpTls { host: host.clone(), port: *port, insecure: false, tls_params: None },
            false => ConnectionAddr::Tcp(host.clone(), *port),
        };
        self.hosts.iter().map(address).collect()
    }
}

fn certificates(settings: &StoreSettings) -> Option<TlsCertificates> {
    let client_tls = settings.client.as_ref().map(|client| ClientTlsConfig {
        client_cert: client.certificate.clone(),
        client_key: client.key.expose_secret().as_bytes().to_vec(),
    });
    (client_tls.is_some() || settings.ca.is_some()).then(|| TlsCertificates { client_tls, root_cert: settings.ca.clone() })
}

/// A connection. Clones share it.
#[derive(Clone)]
pub(super) enum Connection {
    One(MultiplexedConnection),
    Cluster(ClusterConnection),
}

impl ConnectionLike for Connection {
    fn req_packed_command<'a>(&'a mut self, cmd: &'a Cmd) -> RedisFuture<'a, Value> {
        match self {
            Self::One(connection) => connection.req_packed_command(cmd),
            Self::Cluster(connection) => connection.req_packed_command(cmd),
        }
    }

    fn req_packed_commands<'a>(&'a mut self, pipeline: &'a Pipeline, offset: usize, count: usize) -> RedisFuture<'a, Vec<Value>> {
        match self {
            Self::One(connection) => connection.req_packed_commands(pipeline, offset, count),
            Self::Cluster(connection) => connection.req_packed_commands(pipeline, offset, count),
        }
    }

    fn get_db(&self) -> i64 {
        match self {
            Self::One(connection) => connection.get_db(),
            Self::Cluster(connection) => connection.get_db(),
        }
    }
}
