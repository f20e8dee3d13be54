//! How many requests one address may make a minute. The address is the peer's: a header that says otherwise is the caller's own claim.

use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

/// A bucket per address, or none at all.
pub(crate) struct AddressLimit {
    limiter: Option<DefaultKeyedRateLimiter<IpAddr>>,
    asked: AtomicU64,
}

impl AddressLimit {
    pub(crate) fn new(per_minute: Option<NonZeroU32>) -> Self {
        Self { limiter: per_minute.map(|count| RateLimiter::keyed(Quota::per_minute(count))), asked: AtomicU64::new(0) }
    }

    /// Counts a request of `address`; the seconds to wait if it is one too many.
    pub(crate) fn check(&self, address: IpAddr) -> Result<(), u64> {
        let Some(limiter) = &self.limiter else { return Ok(()) };
        // Forgets idle addresses now and then, so that a flood of them doesn't fill memory.
        if self.asked.fetch_add(1, Ordering::Relaxed) % 1024 == 1023 {
            limiter.retain_recent();
        }
        limiter.check_key(&network(address)).map_err(|refused| refused.wait_time_from(DefaultClock::default().now()).as_secs() + 1)
    }
}

/// One caller's network: an IPv4 address, or the /64 that an IPv6 caller has all to itself.
pub(crate) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 => v4,
    }
}

/// Names the network that shares Monei's limits as one: an IPv4 address, or an IPv6 /48, of which a caller can have as many /64s as it likes.
pub(crate) fn network_id(address: IpAddr) -> u64 {
    match address.to_canonical() {
        IpAddr::V4(v4) => crate::once::id(&[b"network", &v4.octets()]),
        IpAddr::V6(v6) => crate::once::id(&[b"network", &v6.octets()[..6]]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_address_has_its_own_bucket_and_zero_is_off() {
        let limit = AddressLimit::new(NonZeroU32::new(3));
        let [one, two]: [IpAddr; 2] = ["192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap()];
        assert_eq!((0..9).filter(|_| limit.check(one).is_ok()).count(), 3);
        assert!(limit.check(two).is_ok());
        assert!((1..=21).contains(&limit.check(one).unwrap_err()));
        let off = AddressLimit::new(None);
        assert_eq!((0..9).filter(|_| off.check(one).is_ok()).count(), 9);
    }

    #[test]
    fn an_ipv6_caller_is_its_network_and_a_mapped_one_its_ipv4_address() {
        let parse = |text: &str| text.parse::<IpAddr>().unwrap();
        assert_eq!(network(parse("2001:db8:1:2:3:4:5:6")), network(parse("2001:db8:1:2::9")));
        assert_ne!(network(parse("2001:db8:1:2::1")), network(parse("2001:db8:1:3::1")));
        assert_eq!(network(parse("::ffff:192.0.2.1")), parse("192.0.2.1"));
    }
}
