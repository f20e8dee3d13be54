//! Why a request got no answer, as far as it can be told: a certificate, a proxy, a name that doesn't exist, or no network at all.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::time::Duration;

use dns_lookup::LookupErrorKind;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::{SocksV5, Tunnel};
use tower_service::Service;
use url::Url;

use super::way::Way;
use crate::model::problem::{Problem, ProblemCode};

/// Time for looking a name up once more. A resolver that isn't reached may take half a minute.
const LOOKUP_LIMIT: Duration = Duration::from_secs(2);
/// A name that this program has to do with anyway. Where it is known, another that isn't is itself at fault.
const KNOWN_NAME: &str = "api.monei.cc";
/// Addresses that belong to nobody (RFC 5737, RFC 3849): with a route to one of them there is a network.
const ANYWHERE: [IpAddr; 2] = [IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1))];
/// Any port: nothing is sent to it.
const ANY_PORT: u16 = 443;

// The errors of hyper-util's proxies, which it gives no other names.
type TunnelError = <Tunnel<HttpConnector> as Service<http::Uri>>::Error;
type SocksError = <SocksV5<HttpConnector> as Service<http::Uri>>::Error;

/// Who was called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// The backend, whose address a person may have typed.
    Backend,
    /// Monei, whose addresses are constants.
    Monei,
}

impl Peer {
    /// There is a network, and no answer.
    pub fn unreachable(self) -> ProblemCode {
        match self {
            Self::Backend => ProblemCode::BackendUnreachable,
            Self::Monei => ProblemCode::ProviderUnavailable,
        }
    }

    fn unknown(self) -> ProblemCode {
        match self {
            Self::Backend => ProblemCode::AddressUnknown,
            Self::Monei => ProblemCode::ProviderUnavailable,
        }
    }
}

/// What came of looking a name up.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Name {
    /// It has addresses.
    Known(Vec<IpAddr>),
    /// It doesn't exist, or has no address.
    Unknown,
    /// Nobody could tell.
    Untold,
}

/// Why `error` came instead of an answer from `url`, called by `way`.
pub(super) async fn problem(error: &reqwest::Error, way: &Way, url: &Url, peer: Peer) -> Problem {
    let told = |code| match way {
        Way::Proxy(proxy) => Problem::of_proxy(code, proxy.setting()),
        Way::Direct => Problem::new(code),
    };
    if is_certificate(error) {
        return ProblemCode::BackendCertificate.into();
    }
    // Something was sent already; or this computer itself was called, which needs no network.
    if !error.is_connect() || super::names_this_computer(url) {
        return peer.unreachable().into();
    }
    let at_proxy = match way {
        Way::Direct => None,
        // A name that the proxy was never asked for.
        Way::Proxy(proxy) if error.is_dns() && proxy.looks_up_here() => None,
        Way::Proxy(proxy) => Some((proxy, stage(error))),
    };
    match at_proxy {
        Some((proxy, Stage::NotReached)) if !proxy.is_here() && !has_route(&ANYWHERE) => ProblemCode::Offline.into(),
        Some((_, Stage::NotReached)) => told(ProblemCode::ProxyUnreachable),
        Some((_, Stage::Password)) => told(ProblemCode::ProxyPassword),
        Some((_, Stage::Refused)) => told(ProblemCode::ProxyRefused),
        Some((_, Stage::Passed)) => peer.unreachable().into(),
        None => by_name(url, peer).await.into(),
    }
}

/// How far a connection through a proxy came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Not to the proxy, or it didn't answer in time.
    NotReached,
    /// The proxy wants a user name and password: none was sent, or not the right ones.
    Password,
    /// The proxy said no, ended the connection, or isn't one.
    Refused,
    /// Through it.
    Passed,
}

fn stage(error: &reqwest::Error) -> Stage {
    for cause in causes(error) {
        if let Some(tunnel) = cause.downcast_ref::<TunnelError>() {
            return match tunnel {
                TunnelError::ConnectFailed(_) => Stage::NotReached,
                TunnelError::ProxyAuthRequired => Stage::Password,
                _ => Stage::Refused,
            };
        }
        if let Some(socks) = cause.downcast_ref::<SocksError>() {
            return match socks {
                SocksError::Inner(_) => Stage::NotReached,
                // Its kinds have no name outside of that crate; `proxies.rs` of the tests holds this to real answers.
                SocksError::V5(why) if format!("{why:?}").starts_with("Auth") => Stage::Password,
                _ => Stage::Refused,
            };
        }
    }
    if error.is_timeout() || error.is_dns() { Stage::NotReached } else { Stage::Passed }
}

/// Whether a certificate was refused.
fn is_certificate(error: &(dyn std::error::Error + 'static)) -> bool {
    if let Some(tls) = error.downcast_ref::<rustls::Error>() {
        return matches!(tls, rustls::Error::InvalidCertificate(_));
    }
    match error.downcast_ref::<std::io::Error>() {
        // Its `source` skips the error that it wraps, and hyper wraps one in another.
        Some(io) => io.get_ref().is_some_and(|inner| is_certificate(inner)),
        None => error.source().is_some_and(is_certificate),
    }
}

fn causes(error: &reqwest::Error) -> impl Iterator<Item = &(dyn std::error::Error + 'static)> {
    std::iter::successors(std::error::Error::source(error), |cause| cause.source())
}

/// Why an address wasn't reached directly.
async fn by_name(url: &Url, peer: Peer) -> ProblemCode {
    let name = match url.host() {
        Some(url::Host::Domain(name)) => look_up(name.to_owned()).await,
        Some(url::Host::Ipv4(address)) => Name::Known(vec![address.into()]),
        Some(url::Host::Ipv6(address)) => Name::Known(vec![address.into()]),
        None => Name::Unknown,
    };
    let routed = match &name {
        Name::Known(addresses) => has_route(addresses),
        Name::Unknown | Name::Untold => has_route(&ANYWHERE),
    };
    let another_known = name == Name::Untold && routed && matches!(look_up(KNOWN_NAME.to_owned()).await, Name::Known(_));
    verdict(&name, routed, another_known, peer)
}

fn verdict(name: &Name, routed: bool, another_known: bool, peer: Peer) -> ProblemCode {
    match name {
        _ if !routed => ProblemCode::Offline,
        Name::Known(_) => peer.unreachable(),
        Name::Unknown => peer.unknown(),
        Name::Untold if another_known => peer.unknown(),
        Name::Untold => ProblemCode::Offline,
    }
}

/// Looks `name` up by the system's own rules. Its words depend on the language, so its numbers are read.
async fn look_up(name: String) -> Name {
    let asked = tokio::task::spawn_blocking(move || dns_lookup::getaddrinfo(Some(&name), None, None).map(Iterator::collect::<Vec<_>>));
    match tokio::time::timeout(LOOKUP_LIMIT, asked).await {
        Ok(Ok(Ok(told))) => Name::Known(told.into_iter().filter_map(|address| Some(address.ok()?.sockaddr.ip())).collect()),
        Ok(Ok(Err(error))) if matches!(error.kind(), LookupErrorKind::NoName | LookupErrorKind::NoData) => Name::Unknown,
        _ => Name::Untold,
    }
}

/// Whether packets to one of `addresses` would leave this computer. None is sent.
fn has_route(addresses: &[IpAddr]) -> bool {
    addresses.iter().any(|address| {
        let from = if address.is_ipv4() { IpAddr::V4(Ipv4Addr::UNSPECIFIED) } else { IpAddr::V6(Ipv6Addr::UNSPECIFIED) };
        UdpSocket::bind((from, 0)).is_ok_and(|socket| socket.connect(SocketAddr::new(*address, ANY_PORT)).is_ok())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_network_a_wrong_address_and_a_service_that_is_down_are_told_apart() {
        let known = Name::Known(vec![IpAddr::V4(Ipv4Addr::LOCALHOST)]);
        for (name, routed, another_known, expected) in [
            (&known, true, false, ProblemCode::BackendUnreachable),
            (&known, false, false, ProblemCode::Offline),
            (&Name::Unknown, true, false, ProblemCode::AddressUnknown),
            (&Name::Unknown, false, false, ProblemCode::Offline),
            (&Name::Untold, true, true, ProblemCode::AddressUnknown),
            (&Name::Untold, true, false, ProblemCode::Offline),
            (&Name::Untold, false, false, ProblemCode::Offline),
        ] {
            assert_eq!(verdict(name, routed, another_known, Peer::Backend), expected, "{name:?} {routed} {another_known}");
        }
        // Nobody has typed Monei's address.
        assert_eq!(verdict(&Name::Unknown, true, false, Peer::Monei), ProblemCode::ProviderUnavailable);
        assert_eq!(verdict(&Name::Untold, true, false, Peer::Monei), ProblemCode::Offline);
    }

    #[tokio::test]
    async fn this_computer_is_known_and_reached_without_any_network() {
        let Name::Known(addresses) = look_up("localhost".into()).await else { panic!() };
        assert!(!addresses.is_empty() && has_route(&addresses), "{addresses:?}");
        assert!(has_route(&[IpAddr::V4(Ipv4Addr::LOCALHOST)]));
        assert!(!has_route(&[]));
    }
}
