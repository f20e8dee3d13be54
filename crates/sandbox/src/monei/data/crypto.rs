//! `/evm/…` and `/solana/…`. Money is text throughout, but for Solana's dollar values.

use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::{Value, json};

use crate::model::clock::{HOUR, iso};
use crate::model::coins::{Chain, Coin, TOKENS};
use crate::model::mint::{hash, stable_uuid};
use crate::model::people::Person;
use crate::model::switches::TokenType;
use crate::monei::call::{Answer, Call};
use crate::monei::data::swap::Swap;
use crate::monei::data::{Usually, amount, profile};
use crate::web::nest::NestError;

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
    // Every source has these as texts, whatever other amounts are.
    let text = |value: Decimal| json!(value.to_string());
    let logo = |symbol: &str| format!("{}/sandbox/coin/{}.svg", call.own, symbol.to_lowercase());
    let kind = match call.switches.token_type {
        TokenType::Token => "token",
        TokenType::Erc20 => "erc20",
    };
    let native = chain.native();
    let held = call.ledger.coin(call.person, native);
    let mut total = dollars(native, held);
    let tokens: Vec<Value> = TOKENS
        .into_iter()
        .map(|token| (token, call.ledger.coin(call.person, chain.coin(token))))
        .filter(|(_, held)| !held.is_zero())
        .map(|(token, held)| {
            let coin = chain.coin(token);
            let worth = dollars(coin, held);
            total += worth;
            json!({"name": token.name, "symbol": token.symbol, "decimals": coin.decimals(), "logoUrl": logo(token.symbol), "type": kind,
                   "contractAddress": chain.contract(token), "balance": text(held), "balanceUSD": text(worth), "priceUSD": text(coin.price()),
                   "rawBalance": raw(held, coin.decimals()), "network": chain.name})
        })
        .collect();
    let tokens: Vec<Value> = tokens.into_iter().chain((call.person.id == "markup").then(|| airdropped(chain))).collect();
    json!({
        "userId": profile::id(call.person), "walletAddress": evm_address(call.person), "network": chain.name,
        "totalPortfolioValueUSD": text(total),
        "nativeToken": {"name": chain.token, "symbol": chain.symbol, "decimals": native.decimals(), "logoUrl": logo(chain.symbol), "type": "native", "balance": text(held),
                        "balanceUSD": text(dollars(native, held)), "priceUSD": text(native.price()),
                        "rawBalance": raw(held, native.decimals()), "network": chain.name},
        "tokens": tokens, "updatedAt": iso(call.now - call.now % HOUR),
    })
}

/// A token that somebody else made and sent unasked: it calls itself naira, and its name is an invitation.
fn airdropped(chain: Chain) -> Value {
    json!({"name": "<b>Visit claim.example</b> \u{202E}ariaN", "symbol": "NGN", "decimals": 18, "logoUrl": null, "type": "token",
           "contractAddress": "0x000000000000000000000000000000000000dEaD", "balance": "123456789012345.000000000000000001", "balanceUSD": "0",
           "priceUSD": "0", "rawBalance": "123456789012345000000000000000001", "network": chain.name})
}

/// `GET /evm/balance/native?chainId=`
pub(crate) fn evm_native(call: &Call<'_>) -> Result<Answer, NestError> {
    let chain = chain(call.query.get("chainId").unwrap_or_default())?;
    balance(call.ledger.coin(call.person, chain.native()))
}

/// `GET /evm/balance/token?tokenAddress=&chainId=`
pub(crate) fn evm_token(call: &Call<'_>) -> Result<Answer, NestError> {
    let chain = chain(call.query.get("chainId").unwrap_or_default())?;
    let address = call.query.get("tokenAddress").unwrap_or_default();
    if !is_evm_address(address) {
        return Err(NestError::bad_request("tokenAddress must be an Ethereum address"));
    }
    balance(chain.token_at(address).map_or(Decimal::ZERO, |token| call.ledger.coin(call.person, chain.coin(token))))
}

/// Whether a text is `0x` and 40 hex digits.
pub(crate) fn is_evm_address(text: &str) -> bool {
    text.strip_prefix("0x").is_some_and(|rest| rest.len() == 40 && rest.bytes().all(|byte| byte.is_ascii_hexdigit()))
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
                   "rawBalance": raw(held, Coin::on_solana(token).decimals()), "decimals": Coin::on_solana(token).decimals(),
                   "priceUsd": number(Coin::on_solana(token).price()), "valueUsd": number(worth)})
        })
        .collect();
    let mut data = json!({
        "userId": profile::id(call.person), "address": solana_address_of(call.person),
        "nativeBalance": sol.to_string(), "nativeBalanceLamports": raw(sol, Coin::SOL.decimals()),
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
    balance(call.ledger.coin(call.person, Coin::SOL))
}

/// `GET /solana/address`
pub(crate) fn solana_address(call: &Call<'_>) -> Result<Answer, NestError> {
    Ok(Answer::Usual("Address retrieved successfully", json!({"address": solana_address_of(call.person)})))
}

fn balance(held: Decimal) -> Result<Answer, NestError> {
    Ok(Answer::Usual("Balance retrieved successfully", json!({"balance": held.to_string()})))
}

/// `GET /solana-exchange/quote/…`: what a swap would give. Fields as the newer Python SDK reads them, both spellings of the first among them.
pub(crate) fn solana_quote(call: &Call<'_>) -> Result<Answer, NestError> {
    let coin = |name: &str| match call.query.get(name) {
        None => Ok(Coin::SOL),
        Some(mint) => Coin::minted(mint).ok_or_else(|| NestError::bad_request("Unsupported token")),
    };
    let paid = call.query.get("amount").and_then(|text| text.parse::<Decimal>().ok()).filter(|paid| *paid > Decimal::ZERO);
    let paid = paid.ok_or_else(|| NestError::invalid(vec!["amount must be a positive number".to_owned()]))?;
    let (from, to) = (coin("inputMint")?, coin("outputMint")?);
    let swap = Swap::of(from, to, paid)?;
    let side = |coin: Coin| json!({"address": coin.mint(), "symbol": coin.symbol, "name": coin.name(), "decimals": coin.decimals()});
    let text = |value: Decimal| value.normalize().to_string();
    let worth = |coin: Coin, held: Decimal| amount(&text(dollars(coin, held)), Usually::Number, call.switches);
    let expiry = call.now / 1_000 + 30;
    Ok(Answer::Usual(
        "Quote retrieved successfully",
        json!({
            "quoteId": stable_uuid(&format!("quote {} {} {paid}", from.symbol, to.symbol)), "swapMode": "ExactIn",
            "fromToken": side(from), "froTtoken": side(from), "toToken": side(to),
            "amounts": {"inputAmount": text(paid), "outputAmount": text(swap.got), "minOutputAmount": text(swap.least()),
                        "inputAmountRaw": raw(paid, from.decimals()), "outputAmountRaw": raw(swap.got, to.decimals())},
            "rates": {"rate": text(swap.rate()), "reverseRate": text(swap.reverse_rate())},
            "fees": {"protocolFeePercent": "0.3", "protocolFeeAmount": text(swap.fee()), "totalFeePercent": "0.3",
                     "totalFeeAmount": text(swap.fee()), "gasFee": "0.000005", "totalCost": text(swap.fee())},
            "route": {"hops": 1, "dexes": ["Sandbox"], "tokens": [from.symbol, to.symbol], "efficiencyScore": 100},
            "priceImpact": "0", "usdValues": {"inputValue": worth(from, paid), "outputValue": worth(to, swap.got), "netValue": worth(to, swap.got)},
            "slippageTolerance": "0.5", "expiryTimestamp": expiry, "expiresIn": 30, "estimatedSwapTime": 15, "network": "mainnet-beta",
            "executable": true, "warnings": [],
        }),
    ))
}

/// What an amount of a coin is worth, in dollars and cents.
fn dollars(coin: Coin, held: Decimal) -> Decimal {
    (held * coin.price()).round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero)
}

/// The amount in the coin's smallest unit.
pub(crate) fn raw(held: Decimal, decimals: u32) -> String {
    let unit = 10_i128.checked_pow(decimals).and_then(|unit| Decimal::try_from_i128_with_scale(unit, 0).ok());
    unit.and_then(|unit| held.checked_mul(unit)).map_or_else(|| "0".to_owned(), |raw| raw.trunc().normalize().to_string())
}

fn network_known(call: &Call<'_>) -> Result<(), NestError> {
    match call.query.get("network") {
        None | Some("mainnet-beta" | "devnet" | "testnet") => Ok(()),
        Some(_) => Err(NestError::bad_request("network must be one of the following values: mainnet-beta, devnet, testnet")),
    }
}
