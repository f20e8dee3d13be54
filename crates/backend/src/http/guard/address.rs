//! How many requests one address may make a minute. The address is the peer's: a header that says otherwise is the caller's own claim.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::domain::network::{part, site};

/// An IPv6 /48 may make so many times what one of its /64s may.
const PARTS_OF_A_SITE: u32 = 4;

/// A bucket per IPv4 address, and per IPv6 /64 and /48; or none at all.
pub(crate) struct AddressLimit {
    parts: Option<DefaultKeyedRateLimiter<IpAddr>>,
    sites: Option<DefaultKeyedRateLimiter<IpAddr>>,
    asked: AtomicU64,
}

impl AddressLimit {
    pub(crate) fn new(per_minute: Option<NonZeroU32>) -> Self {
        let bucket = |count| RateLimiter::keyed(Quota::per_minute(count));
        let of_a_site = per_minute.map(|count| count.saturating_mul(NonZeroU32::MIN.saturating_add(PARTS_OF_A_SITE - 1)));
        Self { parts: per_minute.map(bucket), sites: of_a_site.map(bucket), asked: AtomicU64::new(0) }
    }

    /// Counts a request of `address`; the seconds to wait if it is one too many.
    pub(crate) fn check(&self, address: IpAddr) -> Result<(), u64> {
        let (Some(parts), Some(sites)) = (&self.parts, &self.sites) else { return Ok(()) };
        // Forgets idle addresses now and then, so that a flood of them doesn't fill memory.
        if self.asked.fetch_add(1, Ordering::Relaxed) % 1024 == 1023 {
            parts.retain_recent();
            sites.retain_recent();
        }
        let address = address.to_canonical();
        let checked =
            parts.check_key(&part(address)).and_then(|()| if address.is_ipv6() { sites.check_key(&site(address)) } else { Ok(()) });
        checked.map_err(|refused| refused.wait_time_from(DefaultClock::default().now()).as_secs() + 1)
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
    fn a_site_with_many_parts_gets_four_times_what_a_part_gets() {
        let limit = AddressLimit::new(NonZeroU32::new(3));
        let of = |part: u16, host: u16| IpAddr::from([0x2001, 0xdb8, 1, part, 0, 0, 0, host]);
        assert_eq!((0..9).filter(|host| limit.check(of(0, *host)).is_ok()).count(), 3);
        assert_eq!((1..100).filter(|part| limit.check(of(*part, 1)).is_ok()).count(), 9);
        assert!(limit.check(IpAddr::from([0x2001, 0xdb8, 2, 0, 0, 0, 0, 1])).is_ok(), "another site");
    }
}
