//! `GET /wallet/me` (scope `wallet:read`).

use serde_json::Value;

use super::envelope::{Body, Object, amount, id, nested, text};
use super::{MAX_ITEMS, ReadError};
use crate::money::{Amount, Money};

/// What a person has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wallet {
    /// `nairaBalance`, in naira (major units).
    pub naira: Option<Amount>,
    /// The wallets within, at most [`MAX_ITEMS`].
    pub subwallets: Vec<Subwallet>,
}

/// A wallet within.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subwallet {
    /// Monei's id: to compare, never to show.
    pub id: Option<String>,
    /// Id of the wallet it belongs to; may be missing.
    pub parent_id: Option<String>,
    /// Fiat, crypto, or something else.
    pub kind: SubwalletKind,
    /// Currency as sent. Not reliable for crypto: go by `kind` and `chain`.
    pub currency: Option<String>,
    /// `balance`, in the currency's major units.
    pub balance: Option<Amount>,
    /// The chain's own coin, where a portfolio tells it.
    pub native: Option<Money>,
    /// Chain of a crypto wallet: `EVM`, `SOLANA`.
    pub chain: Option<String>,
    /// Address on the chain.
    pub address: Option<String>,
    /// Bank of the virtual account.
    pub bank_name: Option<String>,
    /// Number of the virtual account.
    pub account_number: Option<String>,
}

/// `type` of a wallet within.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubwalletKind {
    /// `FIAT`
    Fiat,
    /// `CRYPTO`
    Crypto,
    /// Anything else, or nothing.
    Unknown,
}

impl Wallet {
    /// Where it is read, below the API base.
    pub const PATH: &str = "/wallet/me";

    /// Reads an answer of `GET /wallet/me`.
    ///
    /// # Errors
    /// [`ReadError`] when the body as a whole is something else.
    pub fn parse(body: &[u8]) -> Result<Self, ReadError> {
        let wallet = Body::parse(body)?.object_with(&["nairaBalance", "subwallets"])?;
        let list = wallet.get("subwallets").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let subwallets = list.iter().filter_map(Value::as_object).take(MAX_ITEMS).map(|item| Subwallet::of(item, &wallet)).collect();
        Ok(Self { naira: amount(&wallet, &["nairaBalance"]), subwallets })
    }

    /// The naira wallet, by which two answers can be compared: its own id, since `parentWalletId` may be missing.
    pub fn id(&self) -> Option<&str> {
        let naira = self.naira_wallet()?;
        naira.id.as_deref().or(naira.parent_id.as_deref())
    }

    /// The fiat wallet in naira, or else the only fiat wallet there is.
    pub fn naira_wallet(&self) -> Option<&Subwallet> {
        let fiat = || self.subwallets.iter().filter(|wallet| wallet.kind == SubwalletKind::Fiat);
        let is_naira = |wallet: &&Subwallet| wallet.currency.as_deref().is_some_and(|currency| currency.eq_ignore_ascii_case("NGN"));
        // The smallest id, so that the order of an answer makes no difference.
        fiat().filter(is_naira).min_by(|a, b| a.id.cmp(&b.id)).or_else(|| fiat().next().filter(|_| fiat().count() == 1))
    }
}

impl Subwallet {
    fn of(item: &Object, wallet: &Object) -> Self {
        let kind = match text(item, &["type"]).map(|kind| kind.to_ascii_uppercase()).as_deref() {
            Some("FIAT") => SubwalletKind::Fiat,
            Some("CRYPTO") => SubwalletKind::Crypto,
            _ => SubwalletKind::Unknown,
        };
        let chain = text(item, &["chain"]);
        let account = nested(item, &["virtualAccount"]);
        Self {
            id: id(item, &["id"]),
            parent_id: id(item, &["parentWalletId"]),
            kind,
            currency: text(item, &["currency"]),
            balance: amount(item, &["balance"]),
            native: native(item, wallet, chain.as_deref()),
            chain,
            address: text(item, &["publicAddress"]),
            bank_name: account.and_then(|account| text(account, &["bankName"])),
            account_number: account.and_then(|account| text(account, &["accountNumber"])),
        }
    }
}

/// A portfolio stands beside the wallets or inside of the one it belongs to.
fn native(item: &Object, wallet: &Object, chain: Option<&str>) -> Option<Money> {
    let chain = chain?.to_ascii_uppercase();
    let portfolio = |key: &str| nested(item, &[key]).or_else(|| nested(wallet, &[key]));
    match chain.as_str() {
        "EVM" => {
            let coin = nested(portfolio("evmPortfolio")?, &["nativeToken"])?;
            Some(Money { amount: amount(coin, &["balance"])?.0, currency: text(coin, &["symbol"])? })
        }
        "SOLANA" => Some(Money { amount: amount(portfolio("solPortfolio")?, &["nativeBalance"])?.0, currency: "SOL".to_owned() }),
        _ => None,
    }
}
