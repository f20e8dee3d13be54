//! `GET /kyc/status` and `GET /kyc/limits` (scope `kyc:read`).

use serde_json::Value;

use super::ReadError;
use super::envelope::{Body, Object, amount, flag, nested, text};
use crate::money::Amount;

/// How far a person is verified.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KycStatus {
    /// 1 to 4, of `tier_1` to `tier_4`. The SDK page's `level` (0 to 2) counts something else, so it doesn't fill this.
    pub tier: Option<u8>,
    /// The SDK page's alternative, 0 to 2.
    pub level: Option<u8>,
    /// Monei's own word, such as `verified`.
    pub status: Option<String>,
    /// Whether a higher tier can be asked for.
    pub can_upgrade: Option<bool>,
    /// The tier's limits, where this answer has them.
    pub limits: KycLimits,
}

/// What a tier limits, in naira (major units), and what it allows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KycLimits {
    /// The tier the limits are of, where the answer says so.
    pub tier: Option<u8>,
    /// One transaction.
    pub single: Option<Amount>,
    /// A day.
    pub daily: Option<Amount>,
    /// A month.
    pub monthly: Option<Amount>,
    /// What the wallet may hold.
    pub balance: Option<Amount>,
    /// Crypto in a day.
    pub crypto_daily: Option<Amount>,
    /// Crypto at all.
    pub crypto: Option<bool>,
    /// Payments abroad.
    pub cross_border: Option<bool>,
    /// Payments between users.
    pub p2p: Option<bool>,
    /// Payouts.
    pub withdrawal: Option<bool>,
}

const TIER: [&str; 2] = ["currentTier", "tier"];
// The second spelling of each is the Node SDK's.
const SINGLE: [&str; 2] = ["maxSingleTransaction", "maxSingleTranscation"];
const DAILY: [&str; 2] = ["dailyTransactionLimit", "dailyTransactionLimits"];
const MONTHLY: [&str; 2] = ["monthlyTransactionLimit", "monthlyTransactionLimits"];
const CRYPTO_DAILY: [&str; 2] = ["cryptoDailyLimit", "cryptoDailyLimits"];
const REST: [&str; 5] = ["maxWalletBalance", "cryptoAllowed", "crossBorderAllowed", "p2pAllowed", "withdrawalAllowed"];

impl KycStatus {
    /// Where it is read, below the API base.
    pub const PATH: &str = "/kyc/status";

    /// Reads an answer of `GET /kyc/status`.
    ///
    /// # Errors
    /// [`ReadError`] when the body as a whole is something else.
    pub fn parse(body: &[u8]) -> Result<Self, ReadError> {
        let object = Body::parse(body)?.object_with(&["currentTier", "tier", "status", "level", "limits", "canUpgrade"])?;
        let tier = tier(&object);
        Ok(Self {
            tier,
            level: object.get("level").and_then(Value::as_u64).and_then(|level| u8::try_from(level).ok()).filter(|level| *level <= 2),
            status: text(&object, &["status"]),
            can_upgrade: flag(&object, &["canUpgrade"]),
            limits: nested(&object, &["limits"]).map(|limits| KycLimits::of(limits, tier)).unwrap_or_default(),
        })
    }
}

impl KycLimits {
    /// Where it is read, below the API base.
    pub const PATH: &str = "/kyc/limits";

    /// Reads an answer of `GET /kyc/limits`: the limits at the root, or under `limits`.
    ///
    /// # Errors
    /// [`ReadError`] when the body as a whole is something else.
    pub fn parse(body: &[u8]) -> Result<Self, ReadError> {
        let keys: Vec<&str> = [SINGLE, DAILY, MONTHLY, CRYPTO_DAILY].concat().into_iter().chain(REST).chain(["limits"]).collect();
        let object = Body::parse(body)?.object_with(&keys)?;
        let tier = tier(&object);
        Ok(match object.get("limits") {
            Some(Value::Object(limits)) => Self::of(limits, tier),
            _ => Self::of(&object, tier),
        })
    }

    /// Fills what this answer doesn't tell from `other`.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            tier: self.tier.or(other.tier),
            single: self.single.or(other.single),
            daily: self.daily.or(other.daily),
            monthly: self.monthly.or(other.monthly),
            balance: self.balance.or(other.balance),
            crypto_daily: self.crypto_daily.or(other.crypto_daily),
            crypto: self.crypto.or(other.crypto),
            cross_border: self.cross_border.or(other.cross_border),
            p2p: self.p2p.or(other.p2p),
            withdrawal: self.withdrawal.or(other.withdrawal),
        }
    }

    fn of(object: &Object, outer_tier: Option<u8>) -> Self {
        Self {
            tier: tier(object).or(outer_tier),
            single: amount(object, &SINGLE),
            daily: amount(object, &DAILY),
            monthly: amount(object, &MONTHLY),
            balance: amount(object, &["maxWalletBalance"]),
            crypto_daily: amount(object, &CRYPTO_DAILY),
            crypto: flag(object, &["cryptoAllowed"]),
            cross_border: flag(object, &["crossBorderAllowed"]),
            p2p: flag(object, &["p2pAllowed"]),
            withdrawal: flag(object, &["withdrawalAllowed"]),
        }
    }
}

/// `tier_1` to `tier_4` in any case; anything else is not available.
fn tier(object: &Object) -> Option<u8> {
    let text = text(object, &TIER)?.to_ascii_lowercase();
    let number: u8 = text.strip_prefix("tier_")?.parse().ok()?;
    (1..=4).contains(&number).then_some(number)
}
