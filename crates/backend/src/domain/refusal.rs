//! When a refused refresh token is believed to be a person's decision, and when Monei is asked about it again.
//!
//! Monei in trouble may refuse every token in the words that it uses for a revoked one. Believing that would sign everybody out, so a refusal
//! needs proof that Monei's refreshes work: another grant's refresh that succeeded after it, with the token refused once more afterwards.

/// How long the same refused token is answered without asking Monei again, in seconds.
pub(crate) const REMEMBERED: u64 = 600;
/// After so many seconds of nothing but refusals the token is taken for refused: an outage of eight hours and half as much again. For an operator
/// with one account, whose other refreshes can't prove anything. Why no other sign is taken: docs/decisions/0004.
pub(crate) const BELIEVED_ALONE: u64 = 12 * 3_600;
/// How long a refused token is kept in the store, in seconds.
pub(crate) const KEPT: u64 = BELIEVED_ALONE + 2 * 3_600;
/// With [`Policy::AtOnce`]: so many different tokens refused without a success between them are no people's decisions any more.
pub(crate) const RUN: u8 = 5;

/// What a refusal needs to be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Policy {
    /// A success after it, and a second refusal after that.
    Confirmed,
    /// Nothing, unless it is the [`RUN`]th in a row. For the sandbox, where a tester revokes and wants to see what comes of it.
    AtOnce,
}

/// What is known of a refused token. Times are seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// When it was refused for the first time.
    pub(crate) first: u64,
    /// When Monei was last asked.
    pub(crate) last: u64,
    /// Whether it is believed.
    pub(crate) believed: bool,
}

/// What to do with a token before Monei is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Before {
    /// Ask.
    Ask,
    /// Answer that the grant is refused.
    Refused,
    /// Neither: come back after so many seconds.
    Wait(u64),
}

impl Refusal {
    /// As kept in the store.
    pub(crate) fn to_bytes(self) -> Vec<u8> {
        [&[u8::from(self.believed)][..], &self.first.to_be_bytes(), &self.last.to_be_bytes()].concat()
    }

    /// The reverse.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (believed, times) = bytes.split_first()?;
        let (first, last) = times.split_first_chunk::<8>()?;
        let last = <[u8; 8]>::try_from(last).ok()?;
        Some(Self { first: u64::from_be_bytes(*first), last: u64::from_be_bytes(last), believed: *believed == 1 })
    }

    /// Before Monei is asked about a token that was refused before. `succeeded`: when a refresh last succeeded, of whichever grant.
    pub(crate) fn before(self, succeeded: Option<u64>, now: u64) -> Before {
        let left = (self.last + REMEMBERED).saturating_sub(now);
        match self.believed {
            _ if left == 0 => Before::Ask,
            true => Before::Refused,
            false if succeeded.is_some_and(|at| at > self.last) => Before::Ask,
            false => Before::Wait(left),
        }
    }

    /// After Monei refused the token. `place`: how many other tokens were refused since the last success.
    pub(crate) fn after(policy: Policy, known: Option<Refusal>, succeeded: Option<u64>, place: u8, now: u64) -> Refusal {
        let first = known.map_or(now, |known| known.first);
        let believed = known.is_some_and(|known| known.believed)
            || match policy {
                Policy::AtOnce => place + 1 < RUN,
                Policy::Confirmed => known.is_some() && (succeeded.is_some_and(|at| at > first) || now >= first + BELIEVED_ALONE),
            };
        Refusal { first, last: now, believed }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_refusal_is_believed_after_a_success_and_a_second_refusal() {
        let first = Refusal::after(Policy::Confirmed, None, Some(90), 0, 100);
        assert!(!first.believed, "the success was before it");
        assert_eq!(first.before(Some(90), 101), Before::Wait(599));
        assert_eq!(first.before(Some(105), 106), Before::Ask);
        let second = Refusal::after(Policy::Confirmed, Some(first), Some(105), 0, 106);
        assert_eq!((second.believed, second.before(Some(105), 107)), (true, Before::Refused));
        assert_eq!(second.before(Some(105), 106 + REMEMBERED), Before::Ask, "it is forgotten after ten minutes");
        assert!(Refusal::after(Policy::Confirmed, Some(second), None, 9, 2_000).believed, "what was believed stays so");
    }

    #[test]
    fn a_lone_grant_is_believed_after_half_a_day() {
        let first = Refusal::after(Policy::Confirmed, None, None, 0, 100);
        assert!(!Refusal::after(Policy::Confirmed, Some(first), None, 0, 100 + BELIEVED_ALONE - 1).believed);
        assert!(Refusal::after(Policy::Confirmed, Some(first), None, 0, 100 + BELIEVED_ALONE).believed);
    }

    #[test]
    fn at_once_believes_four_in_a_row() {
        let believed: Vec<_> = (0..7).map(|place| Refusal::after(Policy::AtOnce, None, None, place, 100).believed).collect();
        assert_eq!(believed, [true, true, true, true, false, false, false]);
    }

    proptest! {
        /// However many grants there are, and however often their apps ask: without a success nobody is signed out within 12 hours.
        #[test]
        fn an_outage_of_less_than_half_a_day_ends_no_connection(
            succeeded in proptest::option::of(0_u64..1_000),
            asks in proptest::collection::vec((0_u8..5, 1_u64..3_600), 1..200),
        ) {
            let mut known = [None; 5];
            let mut now = 1_000;
            for (grant, pause) in asks {
                now += pause;
                if now >= 1_000 + BELIEVED_ALONE {
                    break;
                }
                let known = &mut known[usize::from(grant)];
                let before = known.map_or(Before::Ask, |known: Refusal| known.before(succeeded, now));
                prop_assert_ne!(before, Before::Refused);
                if before == Before::Ask {
                    let refusal = Refusal::after(Policy::Confirmed, *known, succeeded, 4, now);
                    prop_assert!(!refusal.believed);
                    *known = Some(refusal);
                }
            }
        }

        #[test]
        fn what_is_kept_comes_back(first: u64, last: u64, believed: bool, junk: Vec<u8>) {
            let refusal = Refusal { first, last, believed };
            prop_assert_eq!(Refusal::from_bytes(&refusal.to_bytes()), Some(refusal));
            let _ = Refusal::from_bytes(&junk);
        }
    }
}
