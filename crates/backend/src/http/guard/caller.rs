//! Who calls: the peer, or whom a trusted proxy names. Anybody else's `X-Forwarded-For` is their own claim, and is not looked at.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::extract::{ConnectInfo, Request};
use http::HeaderMap;
use ipnet::IpNet;

/// A request that came over a socket in the file system.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LocalSocket;

/// The caller's address. Without a listener of ours (a test calls the router itself) all share one.
pub(super) fn caller(request: &Request, trusted: &[IpNet]) -> IpAddr {
    if request.extensions().get::<LocalSocket>().is_some() {
        // Who may connect there is a question of file permissions: it is believed like a listed proxy.
        let local = IpAddr::V4(Ipv4Addr::LOCALHOST);
        return behind(local, request.headers(), &[trusted, &[IpNet::from(local)]].concat());
    }
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |info| info.0.ip());
    behind(peer, request.headers(), trusted)
}

/// An address as proxies write it: alone, or with the port it came from (Azure's gateways do).
fn address(text: &str) -> Option<IpAddr> {
    let alone = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    alone.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()))
}

/// Whether `address` is a listed proxy's.
pub(crate) fn is_trusted(address: IpAddr, trusted: &[IpNet]) -> bool {
    trusted.iter().any(|network| network.contains(&address.to_canonical()))
}

/// The right-most address that is not a trusted proxy's: each proxy appends whom it saw, so what stands left of that may be made up.
fn behind(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let mut nearest = peer.to_canonical();
    let hops = headers.get_all("x-forwarded-for").into_iter().rev();
    for hop in hops.flat_map(|value| value.as_bytes().rsplit(|byte| *byte == b',')) {
        if !is_trusted(nearest, trusted) {
            return nearest;
        }
        // What isn't an address ends the walk: whoever wrote it is all that is known.
        let Some(address) = std::str::from_utf8(hop).ok().and_then(|text| address(text.trim())) else { return nearest };
        nearest = address.to_canonical();
    }
    nearest
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn seen(peer: &str, forwarded: &[&str]) -> String {
        let trusted: Vec<IpNet> = ["10.0.0.0/8", "127.0.0.1/32", "2001:db8:ffff::/48"].map(|text| text.parse().unwrap()).into();
        let headers = forwarded.iter().map(|value| (http::HeaderName::from_static("x-forwarded-for"), value.parse().unwrap())).collect();
        behind(peer.parse().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn only_a_listed_proxy_is_believed() {
        assert_eq!(seen("192.0.2.1", &["203.0.113.9"]), "192.0.2.1");
        assert_eq!(seen("10.1.2.3", &["203.0.113.9"]), "203.0.113.9");
        assert_eq!(seen("::ffff:10.1.2.3", &["203.0.113.9"]), "203.0.113.9");
        assert_eq!(seen("2001:db8:ffff::1", &["2001:db8::7"]), "2001:db8::7");
        assert_eq!(seen("10.1.2.3", &[]), "10.1.2.3");
    }

    /// With the port not understood, all callers were one.
    #[test]
    fn an_address_with_a_port_is_the_address() {
        assert_eq!(seen("10.1.2.3", &["203.0.113.7:50007"]), "203.0.113.7");
        assert_eq!(seen("10.1.2.3", &["[2001:db8::7]:443"]), "2001:db8::7");
        assert_eq!(seen("10.1.2.3", &["[2001:db8::7]"]), "2001:db8::7");
        assert_eq!(seen("10.1.2.3", &["203.0.113.9, 10.9.9.9:80"]), "203.0.113.9", "a proxy's own too");
        assert_eq!(seen("10.1.2.3", &["203.0.113.7:99999"]), "10.1.2.3");
    }

    #[test]
    fn what_the_caller_wrote_in_front_is_not_believed() {
        assert_eq!(seen("10.1.2.3", &["198.51.100.1, 203.0.113.9"]), "203.0.113.9");
        assert_eq!(seen("10.1.2.3", &["198.51.100.1", "203.0.113.9"]), "203.0.113.9");
        assert_eq!(seen("10.1.2.3", &["198.51.100.1, 203.0.113.9, 10.9.9.9"]), "203.0.113.9", "two proxies in a row");
        assert_eq!(seen("10.1.2.3", &["127.0.0.1, 203.0.113.9"]), "203.0.113.9");
    }

    proptest! {
        #[test]
        fn no_header_makes_it_panic_or_gives_an_address_that_is_not_in_it(
            values in proptest::collection::vec(prop_oneof![any::<Vec<u8>>(), "[0-9a-f.:, ]{0,60}".prop_map(String::into_bytes)], 0..4),
            peer: std::net::Ipv4Addr,
            proxy: bool,
        ) {
            let peer = IpAddr::V4(if proxy { "10.1.2.3".parse().unwrap() } else { peer });
            let trusted = ["10.0.0.0/8".parse::<IpNet>().unwrap()];
            let values: Vec<_> = values.iter().filter_map(|bytes| http::HeaderValue::from_bytes(bytes).ok()).collect();
            let headers = values.iter().map(|value| (http::HeaderName::from_static("x-forwarded-for"), value.clone())).collect();
            let got = behind(peer, &headers, &trusted);
            let written = values.iter().filter_map(|value| value.to_str().ok()).flat_map(|text| text.split(','));
            let is_written = |text: &str| text.trim().parse::<IpAddr>().is_ok_and(|address| address.to_canonical() == got);
            let mut written = written.map(is_written);
            prop_assert!(got == peer || (is_trusted(peer, &trusted) && written.any(|yes| yes)), "{got}");
        }
    }

    #[test]
    fn nonsense_counts_for_whoever_passed_it_on() {
        for nonsense in ["", "unknown", "203.0.113.9:http", "203.0.113", ",", "203.0.113.9, -"] {
            assert_eq!(seen("10.1.2.3", &[nonsense]), "10.1.2.3", "{nonsense}");
        }
        assert_eq!(seen("10.1.2.3", &["evil, 10.0.0.1"]), "10.0.0.1");
    }
}
