//! `/evm/…` and `/solana/…`. Money is text throughout, but for Solana's dollar values.

use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::{Value, json};

use crate::api::{Answer, Call};
use crate::clock::{HOUR, iso};
use crate::coins::{Chain, Coin, TOKEN_DECIMALS, TOKENS, Token};
use crate::data::{Usually, amount, profile};
use crate::mint::hash;
use crate::nest::NestError;
use crate::people::Person;

/// The network of a chain id.
pub(crate) fn chain(text: &str) -> Result<Chain, NestError> {
    let id: u64 = text.parse().map_err(|_| NestError::bad_request("chainId must be a number"))?;
    Chain::find(id).ok_or_else(|| NestError::bad_request("Unsupported chain"))
}

/// The person's address on every EVM network.
pub(crate) fn evm_address(person: &Person) -> String {
    format!("0x{}", &hash(&format!("evm {}", person.id))[..40])
}

/// The person's address on Solana: 44 characters of base 58.
pub(crate) fn solana_address_of(person: &Person) -> String {
    const BASE58: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    hash(&format!("solana {}", person.id))
        .bytes()
        .take(44)
        .enumerate()
        .map(|(place, byte)| char::from(BASE58[(usize::from(byte) * 7 + place * 13) % 58]))
        .collect()
}

/// `GET /evm/portfolio/:chainId`
pub(crate) fn evm_portfolio(call: &Call<'_>) -> Result<Answer, NestError> {
    let chain = chain(call.param())?;
    Ok(Answer::Usual("Portfolio retrieved successfully", portfolio(call, chain)))
}

/// The portfolio itself, which `/wallet/me?chainId=` shows too.
pub(crate) fn portfolio(call: &Call<'_>, chain: Chain) -> Value {
    let text = |value: Decimal| amount(&value.to_string(), Usually::Text, call.switches);
    let native = chain.native();
    let held = call.ledger.coin(call.person, native);
    let mut total = dollars(native, held);
    let tokens: Vec<Value> = TOKENS
        .into_iter()
        .map(|token| (token, call.ledger.coin(call.person, chain.coin(token))))
        .filter(|(_, held)| !held.is_zero())
        .map(|(token, held)| {
            let worth = dollars(chain.coin(token), held);
            total += worth;
            json!({"name": token.name, "symbol": token.symbol, "decimals": TOKEN_DECIMALS, "type": "erc20", "contractAddress": token.address,
                   "balance": text(held), "balanceUSD": text(worth), "priceUSD": text(chain.coin(token).price()),
                   "rawBalance": raw(held, TOKEN_DECIMALS), "network": chain.name})
        })
        .collect();
    json!({
        "userId": profile::id(call.person), "walletAddress": evm_address(call.person), "network": chain.name,
        "totalPortfolioValueUSD": text(total),
        "nativeToken": {"name": chain.token, "symbol": chain.symbol, "decimals": native.decimals(), "type": "native", "balance": text(held),
                        "balanceUSD": text(dollars(native, held)), "priceUSD": text(native.price()),
                        "rawBalance": raw(held, native.decimals()), "network": chain.name},
        "tokens": tokens, "updatedAt": iso(call.now - call.now % HOUR),
    })
}

/// `GET /evm/balance/native?chainId=`
pub(crate) fn evm_native(call: &Call<'_>) -> Result<Answer, NestError> {
    let chain = chain(call.query.get("chainId").unwrap_or_default())?;
    balance(call, call.ledger.coin(call.person, chain.native()))
}

/// `GET /evm/balance/token?tokenAddress=&chainId=`
pub(crate) fn evm_token(call: &Call<'_>) -> Result<Answer, NestError> {
    let chain = chain(call.query.get("chainId").unwrap_or_default())?;
    let address = call.query.get("tokenAddress").unwrap_or_default();
    if !is_evm_address(address) {
        return Err(NestError::bad_request("tokenAddress must be an Ethereum address"));
    }
    balance(call, token_at(address).map_or(Decimal::ZERO, |token| call.ledger.coin(call.person, chain.coin(token))))
}

/// Whether a text is `0x` and 40 hex digits.
pub(crate) fn is_evm_address(text: &str) -> bool {
    text.strip_prefix("0x").is_some_and(|rest| rest.len() == 40 && rest.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// The token with this address on the EVM networks.
pub(crate) fn token_at(address: &str) -> Option<Token> {
    TOKENS.into_iter().find(|token| token.address.eq_ignore_ascii_case(address))
}

/// `GET /solana/portfolio?network=`
pub(crate) fn solana_portfolio(call: &Call<'_>) -> Result<Answer, NestError> {
    network_known(call)?;
    let number = |value: Decimal| amount(&value.normalize().to_string(), Usually::Number, call.switches);
    let sol = call.ledger.coin(call.person, Coin::SOL);
    let mut total = dollars(Coin::SOL, sol);
    let tokens: Vec<Value> = TOKENS
        .into_iter()
        .map(|token| (token, call.ledger.coin(call.person, Coin::on_solana(token))))
        .filter(|(_, held)| !held.is_zero())
        .map(|(token, held)| {
            let worth = dollars(Coin::on_solana(token), held);
            total += worth;
            json!({"mintAddress": token.mint, "name": token.name, "symbol": token.symbol, "balance": number(held),
                   "rawBalance": raw(held, TOKEN_DECIMALS), "decimals": TOKEN_DECIMALS,
                   "priceUsd": number(Coin::on_solana(token).price()), "valueUsd": number(worth)})
        })
        .collect();
    let mut data = json!({
        "userId": profile::id(call.person), "address": solana_address_of(call.person),
        "nativeBalance": amount(&sol.to_string(), Usually::Text, call.switches), "nativeBalanceLamports": raw(sol, Coin::SOL.decimals()),
        "tokens": tokens,
    });
    // Dollar values may be missing.
    if !total.is_zero() {
        data["nativeBalanceUsd"] = number(dollars(Coin::SOL, sol));
        data["totalValueUsd"] = number(total);
    }
    Ok(Answer::Usual("Portfolio retrieved successfully", data))
}

/// `GET /solana/balance?network=`
pub(crate) fn solana_balance(call: &Call<'_>) -> Result<Answer, NestError> {
    network_known(call)?;
    balance(call, call.ledger.coin(call.person, Coin::SOL))
}

/// `GET /solana/address`
pub(crate) fn solana_address(call: &Call<'_>) -> Result<Answer, NestError> {
    Ok(Answer::Usual("Address retrieved successfully", json!({"address": solana_address_of(call.person)})))
}

fn balance(call: &Call<'_>, held: Decimal) -> Result<Answer, NestError> {
    Ok(Answer::Usual("Balance retrieved successfully", json!({"balance": amount(&held.to_string(), Usually::Text, call.switches)})))
}

/// What an amount of a coin is worth, in dollars and cents.
fn dollars(coin: Coin, held: Decimal) -> Decimal {
    (held * coin.price()).round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero)
}

/// The amount in the coin's smallest unit.
fn raw(held: Decimal, decimals: u32) -> String {
    let unit = 10_i128.checked_pow(decimals).and_then(|unit| Decimal::try_from_i128_with_scale(unit, 0).ok());
    unit.and_then(|unit| held.checked_mul(unit)).map_or_else(|| "0".to_owned(), |raw| raw.trunc().normalize().to_string())
}

fn network_known(call: &Call<'_>) -> Result<(), NestError> {
    match call.query.get("network") {
        None | Some("mainnet-beta" | "devnet" | "testnet") => Ok(()),
        Some(_) => Err(NestError::bad_request("network must be one of the following values: mainnet-beta, devnet, testnet")),
    }
}
