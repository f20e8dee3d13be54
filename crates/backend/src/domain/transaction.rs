//! What travels through the browser, sealed: the `state` of an authorization request, and the handoff that takes Monei's code to the app.
//! Both are packed tightly, since they are part of addresses.

use monei::{AuthorizationCode, Scope, ScopeSet};
use serde::Serialize;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::budget::Id;
use super::digest::id;
use super::proof::Challenge;
use super::return_target::ReturnTarget;
use super::seal::{Purpose, Sealer, Unreadable};

/// How long a person has from start to callback, in seconds.
pub(crate) const STATE_LIFETIME: u64 = 600;
/// How long a handoff can be redeemed from the time of its place in the queue, in seconds.
pub(crate) const HANDOFF_LIFETIME: u64 = 120;
/// How long Monei's codes live, in seconds (Monei: oauth-flow). No handoff lives longer.
pub(crate) const CODE_LIFETIME: u64 = 600;
/// Longest authorization code taken, in bytes.
pub(crate) const MAX_CODE_LEN: usize = 1536;

/// Names the transaction's cookie: eight bytes, the first four the time it began, so that the oldest can be told.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct TransactionId([u8; 8]);

impl TransactionId {
    /// A new one, begun at `now` (seconds since 1970).
    pub(crate) fn new(now: u64) -> Self {
        let mut id = [0u8; 8];
        rand::fill(&mut id);
        // Wraps in 2106; only the order matters.
        id[..4].copy_from_slice(&(now as u32).to_be_bytes());
        Self(id)
    }

    /// As a number, for the budget of starts.
    pub(crate) fn number(self) -> u64 {
        u64::from_be_bytes(self.0)
    }

    pub(crate) fn text(self) -> String {
        hex::encode(self.0)
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut id = [0u8; 8];
        hex::decode_to_slice(text, &mut id).ok()?;
        (hex::encode(id) == text).then_some(Self(id))
    }
}

/// The digest of a transaction cookie's value, as the state carries it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CookieHash([u8; 16]);

impl CookieHash {
    pub(crate) fn of(value: &str) -> Self {
        let digest: [u8; 32] = Sha256::digest(value.as_bytes()).into();
        let mut half = [0u8; 16];
        half.copy_from_slice(&digest[..16]);
        Self(half)
    }

    /// Compares in constant time.
    pub(crate) fn matches(&self, value: &str) -> bool {
        self.0.ct_eq(&Self::of(value).0).into()
    }
}

/// What the backend remembers about a transaction while the person is at Monei, kept by the browser.
#[derive(Clone, Debug)]
pub(crate) struct State {
    pub(crate) challenge: Challenge,
    pub(crate) cookie: CookieHash,
    pub(crate) id: TransactionId,
    /// Seconds since 1970.
    pub(crate) expires: u64,
    pub(crate) scopes: ScopeSet,
    pub(crate) target: ReturnTarget,
    /// As which registration the person was sent to Monei; `None`: the first, as in what version 0.1 sealed.
    pub(crate) registration: Option<Id>,
}

impl State {
    pub(crate) fn seal(&self, sealer: &Sealer) -> String {
        let flag = if self.registration.is_some() { WITH_REGISTRATION } else { 0 };
        let plain = [
            &self.challenge.bytes()[..],
            &self.cookie.0,
            &self.id.0,
            &self.expires.to_be_bytes(),
            &(scope_bits(&self.scopes) | flag).to_be_bytes(),
            &self.registration.map(Id::to_be_bytes).map_or(Vec::new(), Vec::from),
            &self.target.to_bytes(),
        ]
        .concat();
        sealer.seal(Purpose::State, &plain)
    }

    /// Opens a state that isn't past its time at `now`.
    pub(crate) fn open(sealer: &Sealer, text: &str, now: u64) -> Result<State, Unreadable> {
        let plain = sealer.open(Purpose::State, text)?;
        let (challenge, rest) = plain.split_first_chunk::<32>().ok_or(Unreadable)?;
        let (cookie, rest) = rest.split_first_chunk::<16>().ok_or(Unreadable)?;
        let (id, rest) = rest.split_first_chunk::<8>().ok_or(Unreadable)?;
        let (expires, rest) = rest.split_first_chunk::<8>().ok_or(Unreadable)?;
        let (scopes, rest) = rest.split_first_chunk::<2>().ok_or(Unreadable)?;
        let scopes = u16::from_be_bytes(*scopes);
        let (registration, target) = match scopes & WITH_REGISTRATION {
            0 => (None, rest),
            _ => rest.split_first_chunk::<8>().map(|(name, target)| (Some(Id::from_be_bytes(*name)), target)).ok_or(Unreadable)?,
        };
        let state = State {
            challenge: Challenge::from_bytes(*challenge),
            cookie: CookieHash(*cookie),
            id: TransactionId(*id),
            expires: u64::from_be_bytes(*expires),
            scopes: scopes_of(scopes),
            target: ReturnTarget::from_bytes(target).map_err(|_| Unreadable)?,
            registration,
        };
        if now >= state.expires { Err(Unreadable) } else { Ok(state) }
    }
}

/// Among the bits of the scopes: the name of the registration follows.
const WITH_REGISTRATION: u16 = 1 << 15;

fn scope_bits(scopes: &ScopeSet) -> u16 {
    Scope::KNOWN.iter().enumerate().filter(|(_, scope)| scopes.contains(scope)).fold(0, |bits, (position, _)| bits | (1 << position))
}

fn scopes_of(bits: u16) -> ScopeSet {
    Scope::KNOWN.iter().enumerate().filter(|(position, _)| bits & (1 << position) != 0).map(|(_, scope)| scope.clone()).collect()
}

/// What Monei answered, on its way to the app: of use only with the verifier.
pub(crate) struct Handoff {
    pub(crate) challenge: Challenge,
    /// Seconds since 1970.
    pub(crate) expires: u64,
    pub(crate) reply: Reply,
    /// As in the state.
    pub(crate) registration: Option<Id>,
}

/// What Monei answered.
#[derive(Clone)]
pub(crate) enum Reply {
    /// A code to exchange.
    Code(AuthorizationCode),
    /// No code: why.
    Refused(Refusal),
}

/// Why Monei gave no code, as the app is told. Sealed like a code, since anybody can write a refusal in the clear into an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Refusal {
    /// The person said no (`access_denied`).
    Declined,
    /// Monei refused the request itself (`invalid_scope`, `invalid_request`).
    InvalidScope,
    /// Anything else: trouble at Monei.
    ProviderError,
}

impl Refusal {
    /// In the order of the byte that is sealed.
    const ALL: [Refusal; 3] = [Refusal::Declined, Refusal::InvalidScope, Refusal::ProviderError];

    /// Reads Monei's `error` (RFC 6749 §4.1.2.1). Nothing of the received text is passed on.
    pub(crate) fn of(error: &str) -> Self {
        match error {
            "access_denied" => Self::Declined,
            "invalid_scope" | "invalid_request" => Self::InvalidScope,
            _ => Self::ProviderError,
        }
    }

    /// As it stands in answers and logs.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Declined => "declined",
            Self::InvalidScope => "invalid_scope",
            Self::ProviderError => "provider_error",
        }
    }
}

/// Comes before a sealed refusal. No code begins with it: see [`is_code`].
const REFUSED: u8 = 0;
/// Comes before the name of the registration, with the reply after it. No code begins with it either.
const OF_REGISTRATION: u8 = 1;

impl Reply {
    fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(match self {
            Reply::Code(code) => code.expose().as_bytes().to_vec(),
            Reply::Refused(refusal) => vec![REFUSED, *refusal as u8],
        })
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, Unreadable> {
        match bytes {
            [REFUSED, which] => Refusal::ALL.get(usize::from(*which)).copied().map(Reply::Refused).ok_or(Unreadable),
            code => {
                let code = std::str::from_utf8(code).ok().filter(|code| is_code(code)).ok_or(Unreadable)?;
                Ok(Reply::Code(AuthorizationCode::new(code)))
            }
        }
    }
}

impl Handoff {
    pub(crate) fn seal(&self, sealer: &Sealer) -> String {
        let registration = self.registration.map_or(Vec::new(), |name| [&[OF_REGISTRATION][..], &name.to_be_bytes()].concat());
        let parts = [&self.challenge.bytes()[..], &self.expires.to_be_bytes(), &registration, &self.reply.to_bytes()];
        let plain = Zeroizing::new(parts.concat());
        sealer.seal(Purpose::Handoff, &plain)
    }

    /// Opens a handoff, whatever its age: whether it is too old is the caller's question, after the verifier was proven.
    pub(crate) fn open(sealer: &Sealer, text: &str) -> Result<Handoff, Unreadable> {
        let plain = sealer.open(Purpose::Handoff, text)?;
        let (challenge, rest) = plain.split_first_chunk::<32>().ok_or(Unreadable)?;
        let (expires, rest) = rest.split_first_chunk::<8>().ok_or(Unreadable)?;
        let (registration, reply) = match rest {
            [OF_REGISTRATION, rest @ ..] => {
                let (name, reply) = rest.split_first_chunk::<8>().ok_or(Unreadable)?;
                (Some(Id::from_be_bytes(*name)), reply)
            }
            reply => (None, reply),
        };
        Ok(Handoff {
            challenge: Challenge::from_bytes(*challenge),
            expires: u64::from_be_bytes(*expires),
            reply: Reply::from_bytes(reply)?,
            registration,
        })
    }
}

/// Names the place of a code's redeem in the queue.
pub(crate) fn ticket_of(code: &AuthorizationCode) -> Id {
    id(&[b"code", code.expose().as_bytes()])
}

/// Whether `text` can be a code of Monei's at all: 8 to [`MAX_CODE_LEN`] visible ASCII characters (RFC 6749 A.11 without the space).
pub(crate) fn is_code(text: &str) -> bool {
    (8..=MAX_CODE_LEN).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::seal::MasterKey;
    use crate::domain::settings::Environment;

    fn sealer() -> Sealer {
        Sealer::new(Environment::Sandbox, MasterKey::new([3; 32]), None)
    }

    fn state(target: &str, scopes: &str) -> State {
        State {
            challenge: Challenge::from_bytes([9; 32]),
            cookie: CookieHash::of("cookie"),
            id: TransactionId::new(1_000),
            expires: 1_600,
            scopes: ScopeSet::parse(scopes).unwrap(),
            target: ReturnTarget::parse(target).unwrap(),
            registration: Some(77),
        }
    }

    #[test]
    fn a_state_comes_back_as_it_was_and_stays_short() {
        let all = Scope::KNOWN.iter().cloned().collect::<ScopeSet>().to_string();
        for target in ["deep-link", "http://127.0.0.1:49152/AAAAAAAAAAAAAAAAAAAAAA", "http://[::1]:1024/AAAAAAAAAAAAAAAAAAAAAA"] {
            let state = state(target, &all);
            let text = state.seal(&sealer());
            assert!(text.len() < 200, "{} characters", text.len());
            let opened = State::open(&sealer(), &text, 1_599).unwrap();
            assert_eq!(
                (opened.challenge, opened.id, opened.expires, opened.target),
                (state.challenge, state.id, state.expires, state.target)
            );
            assert_eq!((opened.scopes.to_string(), opened.registration), (all.clone(), state.registration));
            assert!(opened.cookie.matches("cookie") && !opened.cookie.matches("Cookie"));
        }
    }

    #[test]
    fn a_state_past_its_time_does_not_open() {
        let text = state("deep-link", "wallet:read").seal(&sealer());
        assert!(State::open(&sealer(), &text, 1_599).is_ok());
        assert_eq!(State::open(&sealer(), &text, 1_600).unwrap_err(), Unreadable);
    }

    fn handoff(reply: Reply) -> Handoff {
        Handoff { challenge: Challenge::from_bytes([7; 32]), expires: 77, reply, registration: Some(5) }
    }

    #[test]
    fn a_handoff_carries_the_code() {
        let sealed = handoff(Reply::Code(AuthorizationCode::new("mcc_sim_code"))).seal(&sealer());
        let opened = Handoff::open(&sealer(), &sealed).unwrap();
        assert_eq!((opened.challenge, opened.expires), (Challenge::from_bytes([7; 32]), 77));
        assert!(matches!(opened.reply, Reply::Code(code) if code.expose() == "mcc_sim_code"));
    }

    /// During an update a browser brings back what the version before sealed.
    #[test]
    fn what_version_0_1_sealed_belongs_to_the_first_registration() {
        let state = State { registration: None, ..state("deep-link", "wallet:read") };
        assert_eq!(State::open(&sealer(), &state.seal(&sealer()), 0).unwrap().registration, None);
        let plain = [&[7; 32][..], &77_u64.to_be_bytes(), b"mcc_sim_code"].concat();
        let opened = Handoff::open(&sealer(), &sealer().seal(Purpose::Handoff, &plain)).unwrap();
        assert!(opened.registration.is_none() && matches!(opened.reply, Reply::Code(code) if code.expose() == "mcc_sim_code"));
    }

    #[test]
    fn a_handoff_carries_a_refusal() {
        for refusal in Refusal::ALL {
            let opened = Handoff::open(&sealer(), &handoff(Reply::Refused(refusal)).seal(&sealer())).unwrap();
            assert!(matches!(opened.reply, Reply::Refused(read) if read == refusal));
            assert_eq!(serde_json::to_value(refusal).unwrap(), refusal.as_str());
        }
        let unknown = [&[7; 32][..], &77_u64.to_be_bytes(), &[REFUSED, 3]].concat();
        assert!(Handoff::open(&sealer(), &sealer().seal(Purpose::Handoff, &unknown)).is_err());
    }

    #[test]
    fn transaction_ids_are_ordered_by_time() {
        assert!(TransactionId::new(1_000) < TransactionId::new(1_001));
        assert!(TransactionId::parse("ABCDEF0000000000").is_none(), "one spelling only");
    }

    proptest! {
        #[test]
        fn one_changed_byte_of_a_state_or_handoff_does_not_open(at: prop::sample::Index, by in 1u8..=255, handoff: bool) {
            use base64::Engine;
            use base64::engine::general_purpose::URL_SAFE_NO_PAD;
            let sealer = sealer();
            let text = match handoff {
                true => self::handoff(Reply::Code(AuthorizationCode::new("mcc_sim_code"))).seal(&sealer),
                false => state("deep-link", "wallet:read").seal(&sealer),
            };
            let mut bytes = URL_SAFE_NO_PAD.decode(text).unwrap();
            let at = at.index(bytes.len());
            bytes[at] ^= by;
            let changed = URL_SAFE_NO_PAD.encode(bytes);
            prop_assert!(State::open(&sealer, &changed, 0).is_err() && Handoff::open(&sealer, &changed).is_err());
        }

        #[test]
        fn sealed_nonsense_does_not_panic(plain: Vec<u8>) {
            let sealer = sealer();
            let _ = State::open(&sealer, &sealer.seal(Purpose::State, &plain), 0);
            let _ = Handoff::open(&sealer, &sealer.seal(Purpose::Handoff, &plain));
        }
    }
}
