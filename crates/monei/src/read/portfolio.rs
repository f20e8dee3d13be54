//! `GET /evm/portfolio/:chainId` and `GET /solana/portfolio` (scope `wallet:read`). Names and symbols of tokens are chosen by whoever made
//! the token: they say nothing about what it is.

use std::cmp::Reverse;

use serde_json::Value;

use super::envelope::{Body, Object, amount, count, first, nested, text};
use super::{MAX_ITEMS, ReadError};
use crate::money::{Amount, TokenAmount};

/// What an address holds on one network.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Portfolio {
    /// The address.
    pub address: Option<String>,
    /// What all of it is worth, in US dollars.
    pub worth_usd: Option<Amount>,
    /// The network's own coin.
    pub native: Option<Holding>,
    /// Tokens by what they are worth, at most [`MAX_ITEMS`]; those without a worth last.
    pub tokens: Vec<Holding>,
    /// How many tokens more the answer had.
    pub left_out: usize,
}

/// How much of one coin or token.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holding {
    /// Its name.
    pub name: Option<String>,
    /// Its symbol, such as `USDT`.
    pub symbol: Option<String>,
    /// Address of its contract or mint, which tells it from another one of the same name.
    pub contract: Option<String>,
    /// How much.
    pub balance: Option<TokenAmount>,
    /// What that is worth, in US dollars.
    pub worth_usd: Option<Amount>,
}

/// What Solana's own coin is called; its portfolio doesn't say.
const SOLANA: (&str, &str) = ("Solana", "SOL");
/// Lamports of one SOL, as a power of ten.
const SOL_DECIMALS: u64 = 9;

impl Portfolio {
    /// Where Solana's is read, below the API base.
    pub const SOLANA_PATH: &str = "/solana/portfolio";

    /// Where an EVM network's is read, below the API base.
    pub fn evm_path(chain_id: u32) -> String {
        format!("/evm/portfolio/{chain_id}")
    }

    /// Reads an answer of `GET /evm/portfolio/:chainId`.
    ///
    /// # Errors
    /// [`ReadError`] when the body as a whole is something else.
    pub fn parse_evm(body: &[u8]) -> Result<Self, ReadError> {
        let object = Body::parse(body)?.object_with(&["nativeToken", "tokens", "walletAddress", "totalPortfolioValueUSD"])?;
        let native = nested(&object, &["nativeToken"]).map(|coin| Holding { contract: None, ..Holding::of(coin) });
        Ok(Self {
            address: text(&object, &["walletAddress"]),
            worth_usd: amount(&object, &["totalPortfolioValueUSD"]),
            native,
            ..Self::tokens_of(&object)
        })
    }

    /// Reads an answer of `GET /solana/portfolio`.
    ///
    /// # Errors
    /// [`ReadError`] when the body as a whole is something else.
    pub fn parse_solana(body: &[u8]) -> Result<Self, ReadError> {
        let object = Body::parse(body)?.object_with(&["nativeBalance", "nativeBalanceLamports", "tokens", "address"])?;
        let (name, symbol) = SOLANA;
        let native = Holding {
            name: Some(name.to_owned()),
            symbol: Some(symbol.to_owned()),
            contract: None,
            balance: balance(&object, &["nativeBalance"], &["nativeBalanceLamports"], Some(SOL_DECIMALS)),
            worth_usd: amount(&object, &["nativeBalanceUsd"]),
        };
        Ok(Self {
            address: text(&object, &["address"]),
            worth_usd: amount(&object, &["totalValueUsd"]),
            native: Some(native).filter(|native| native.balance.is_some()),
            ..Self::tokens_of(&object)
        })
    }

    fn tokens_of(object: &Object) -> Self {
        let list = object.get("tokens").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let mut tokens: Vec<Holding> = list.iter().filter_map(Value::as_object).map(Holding::of).collect();
        // Stable: the answer's own order decides where the worth is the same.
        tokens.sort_by_key(|token| Reverse(token.worth_usd.map(|worth| worth.0)));
        let left_out = tokens.len().saturating_sub(MAX_ITEMS);
        tokens.truncate(MAX_ITEMS);
        Self { tokens, left_out, ..Self::default() }
    }
}

impl Holding {
    fn of(item: &Object) -> Self {
        Self {
            name: text(item, &["name"]),
            symbol: text(item, &["symbol"]),
            contract: text(item, &["contractAddress", "mintAddress"]),
            balance: balance(item, &["balance"], &["rawBalance"], count(item, &["decimals"])),
            worth_usd: amount(item, &["balanceUSD", "valueUsd"]),
        }
    }
}

/// The amount as Monei writes it; where that is a JSON number, which may have lost digits, from the smallest units if they are told.
fn balance(item: &Object, major: &[&str], smallest: &[&str], decimals: Option<u64>) -> Option<TokenAmount> {
    let written = first(item, major);
    let as_text = written.filter(|value| value.is_string()).and_then(TokenAmount::from_json);
    let counted = || TokenAmount::from_smallest_units(first(item, smallest)?.as_str()?, decimals?);
    as_text.or_else(counted).or_else(|| written.and_then(TokenAmount::from_json))
}
