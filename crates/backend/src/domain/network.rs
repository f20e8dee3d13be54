//! Whom a caller shares Monei's limits with: an IPv4 address, or an IPv6 /64 within its /48.
//!
//! A provider gives an IPv6 customer a /64 at least and often a whole /48, so a /64 alone would let one customer count as 65,536 callers, and a
//! /48 alone would make one caller of all customers of a small provider.

use std::net::{IpAddr, Ipv6Addr};

use serde::{Deserialize, Serialize};

use super::budget::Id;

/// A caller's network as the budget knows it: names, not addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Network {
    /// The IPv4 address or the IPv6 /48. Sites get equal turns.
    pub(crate) site: Id,
    /// The IPv4 address or the IPv6 /64. Within a site its parts get equal turns.
    pub(crate) part: Id,
}

impl Network {
    /// The network of `address`.
    pub(crate) fn of(address: IpAddr) -> Self {
        let name = |address: IpAddr| match address {
            IpAddr::V4(v4) => super::digest::id(&[b"network", &v4.octets()]),
            IpAddr::V6(v6) => super::digest::id(&[b"network", &v6.octets()]),
        };
        Self { site: name(site(address)), part: name(part(address)) }
    }

    /// A network without parts.
    #[cfg(test)]
    pub(crate) fn alone(id: Id) -> Self {
        Self { site: id, part: id }
    }
}

/// The IPv4 address, or the /64.
pub(crate) fn part(address: IpAddr) -> IpAddr {
    prefix(address, 4)
}

/// The IPv4 address, or the /48.
pub(crate) fn site(address: IpAddr) -> IpAddr {
    prefix(address, 3)
}

/// The first `kept` groups of sixteen bits of an IPv6 address; an IPv4 address as it is, mapped or not.
fn prefix(address: IpAddr, kept: usize) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let mut groups = v6.segments();
            groups[kept..].fill(0);
            IpAddr::V6(Ipv6Addr::from(groups))
        }
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Network {
        Network::of(text.parse().unwrap())
    }

    #[test]
    fn an_ipv6_caller_is_its_64_within_its_48_and_a_mapped_one_its_ipv4_address() {
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), of("2001:db8:1:2::9"));
        let (one, two) = (of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert!(one.part != two.part && one.site == two.site);
        assert_ne!(one.site, of("2001:db8:2:2::1").site);
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
        assert_eq!(of("192.0.2.1").site, of("192.0.2.1").part);
        assert_ne!(of("192.0.2.1").site, of("192.0.2.2").site);
    }
}
