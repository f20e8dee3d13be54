//! `/evm-exchange/…`, `/evm/send/…`, `/solana/transfer…`, `/solana-exchange/…`. No PIN: the consent alone authorises these.

use http::StatusCode;
use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::{Value, json};

use super::spending::transaction_hash;
use super::{Done, Order};
use crate::coins::{Chain, Coin, TOKENS, Token};
use crate::data::crypto::{is_evm_address, token_at};
use crate::mint::random_hex;
use crate::nest::NestError;

/// What remains of a swap after its fee: 99.7 %.
const KEPT: Decimal = Decimal::from_parts(997, 0, 0, false, 3);

/// Which way an EVM swap goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    NativeToToken,
    TokenToToken,
    TokenToNative,
}

struct Swap {
    from: Coin,
    to: Coin,
    paid: Decimal,
    got: Decimal,
}

/// `POST /evm-exchange/native-to-token`
pub(super) fn native_to_token(order: Order<'_>) -> Done {
    evm_swap(order, Way::NativeToToken)
}

/// `POST /evm-exchange/token-to-token`
pub(super) fn token_to_token(order: Order<'_>) -> Done {
    evm_swap(order, Way::TokenToToken)
}

/// `POST /evm-exchange/token-to-native`
pub(super) fn token_to_native(order: Order<'_>) -> Done {
    evm_swap(order, Way::TokenToNative)
}

/// `POST /evm-exchange/price/native-to-token`
pub(super) fn price_native_to_token(order: Order<'_>) -> Done {
    price(order, Way::NativeToToken)
}

/// `POST /evm-exchange/price/token-to-token`
pub(super) fn price_token_to_token(order: Order<'_>) -> Done {
    price(order, Way::TokenToToken)
}

/// `POST /evm-exchange/price/token-to-native`
pub(super) fn price_token_to_native(order: Order<'_>) -> Done {
    price(order, Way::TokenToNative)
}

fn evm_swap(mut order: Order<'_>, way: Way) -> Done {
    let swap = read(&mut order, way)?;
    exchange(&mut order, &swap)?;
    Ok((StatusCode::CREATED, "Swap successful", json!({"txHash": transaction_hash()})))
}

/// What a quote answers is inferred.
fn price(mut order: Order<'_>, way: Way) -> Done {
    let swap = read(&mut order, way)?;
    let data = json!({"amountIn": swap.paid.normalize().to_string(), "amountOut": swap.got.normalize().to_string(),
                      "tokenIn": swap.from.symbol, "tokenOut": swap.to.symbol, "fee": "0.3%"});
    Ok((StatusCode::OK, "Price retrieved successfully", data))
}

fn read(order: &mut Order<'_>, way: Way) -> Result<Swap, NestError> {
    let token = |order: &mut Order<'_>, name| order.body.matching(name, is_evm_address, "an Ethereum address");
    let from = (way != Way::NativeToToken).then(|| token(order, "tokenIn"));
    let to = (way != Way::TokenToNative).then(|| token(order, "tokenOut"));
    let paid = order.body.coins("amount");
    let chain = order.body.whole("chainId");
    order.checked()?;
    let chain = chain_of(chain)?;
    let coin = |address: Option<String>| match address {
        None => Ok(chain.native()),
        Some(address) => token_at(&address).map(|token| chain.coin(token)).ok_or_else(|| NestError::bad_request("Unsupported token")),
    };
    quote(coin(from)?, coin(to)?, paid)
}

fn quote(from: Coin, to: Coin, paid: Decimal) -> Result<Swap, NestError> {
    if from == to {
        return Err(NestError::bad_request("A token cannot be swapped for itself"));
    }
    let got = paid
        .checked_mul(from.price() * KEPT)
        .and_then(|dollars| dollars.checked_div(to.price()))
        .map(|got| got.round_dp_with_strategy(to.decimals().min(12), RoundingStrategy::ToZero).normalize());
    let got = got.ok_or_else(|| NestError::invalid(vec!["amount must be a number conforming to the specified constraints".into()]))?;
    Ok(Swap { from, to, paid, got })
}

fn exchange(order: &mut Order<'_>, swap: &Swap) -> Result<(), NestError> {
    order.take(swap.from, swap.paid)?;
    order.ledger.add_coin(order.person, swap.to, swap.got);
    let narration = format!("Swapped {} {} for {} {}", swap.paid.normalize(), swap.from.symbol, swap.got.normalize(), swap.to.symbol);
    order.crypto(swap.from, swap.paid, "DEBIT", "CRYPTO_TRADE_SELL", narration.clone());
    order.crypto(swap.to, swap.got, "CREDIT", "CRYPTO_TRADE_BUY", narration);
    Ok(())
}

/// `POST /evm/send/native`
pub(super) fn send_native(order: Order<'_>) -> Done {
    evm_send(order, false)
}

/// `POST /evm/send/token`
pub(super) fn send_token(order: Order<'_>) -> Done {
    evm_send(order, true)
}

fn evm_send(mut order: Order<'_>, of_token: bool) -> Done {
    let body = &mut order.body;
    let to = body.matching("to", is_evm_address, "an Ethereum address");
    let sent = body.coins_text("amount");
    let chain = body.whole("chainId");
    let token = of_token.then(|| body.matching("tokenAddress", is_evm_address, "an Ethereum address"));
    order.checked()?;
    let chain = chain_of(chain)?;
    let coin = match token {
        None => chain.native(),
        Some(address) => chain.coin(token_at(&address).ok_or_else(|| NestError::bad_request("Unsupported token"))?),
    };
    send(&mut order, coin, sent, &to)?;
    Ok((StatusCode::CREATED, "Transaction sent successfully", json!({"txHash": transaction_hash()})))
}

/// `POST /solana/transfer`
pub(super) fn solana_send(order: Order<'_>) -> Done {
    send_on_solana(order, false)
}

/// `POST /solana/transfer-token`
pub(super) fn solana_send_token(order: Order<'_>) -> Done {
    send_on_solana(order, true)
}

fn send_on_solana(mut order: Order<'_>, of_token: bool) -> Done {
    let body = &mut order.body;
    let to = body.matching("to", is_solana_address, "a Solana address");
    let sent = body.coins_text("amount");
    let mint = of_token.then(|| body.matching("tokenMintAddress", is_solana_address, "a Solana address"));
    if body.optional_text("network", 16).is_some_and(|network| !matches!(network.as_str(), "mainnet-beta" | "devnet" | "testnet")) {
        body.complain("network must be one of the following values: mainnet-beta, devnet, testnet");
    }
    order.checked()?;
    let coin = mint.map_or(Ok(Coin::SOL), |mint| minted(&mint).map(Coin::on_solana))?;
    send(&mut order, coin, sent, &to)?;
    Ok((StatusCode::CREATED, "Transaction sent successfully", json!({"signature": signature()})))
}

fn send(order: &mut Order<'_>, coin: Coin, sent: Decimal, to: &str) -> Result<(), NestError> {
    order.take(coin, sent)?;
    order.crypto(coin, sent, "DEBIT", "CRYPTO_WITHDRAWAL", format!("Sent to {to}"));
    Ok(())
}

/// `POST /solana-exchange/swap-sol-to-token`
pub(super) fn sol_to_token(order: Order<'_>) -> Done {
    solana_swap(order, false, true)
}

/// `POST /solana-exchange/swap-token-to-token`
pub(super) fn solana_token_to_token(order: Order<'_>) -> Done {
    solana_swap(order, true, true)
}

/// `POST /solana-exchange/swap-token-to-sol`
pub(super) fn token_to_sol(order: Order<'_>) -> Done {
    solana_swap(order, true, false)
}

fn solana_swap(mut order: Order<'_>, from_token: bool, to_token: bool) -> Done {
    let body = &mut order.body;
    let from = from_token.then(|| body.matching("inputMint", is_solana_address, "a Solana address"));
    let to = to_token.then(|| body.matching("outputMint", is_solana_address, "a Solana address"));
    let paid = body.coins("amount");
    body.ignore(&["slippageBps"]);
    order.checked()?;
    let coin = |mint: Option<String>| mint.map_or(Ok(Coin::SOL), |mint| minted(&mint).map(Coin::on_solana));
    let swap = quote(coin(from)?, coin(to)?, paid)?;
    exchange(&mut order, &swap)?;
    let signature = signature();
    let url = format!("https://explorer.invalid/tx/{}", signature.as_str().unwrap_or_default());
    Ok((StatusCode::CREATED, "Swap successful", json!({"signature": signature, "txUrl": url})))
}

fn chain_of(id: u64) -> Result<Chain, NestError> {
    Chain::find(id).ok_or_else(|| NestError::bad_request("Unsupported chain"))
}

fn minted(mint: &str) -> Result<Token, NestError> {
    TOKENS.into_iter().find(|token| token.mint == mint).ok_or_else(|| NestError::bad_request("Unsupported token"))
}

fn is_solana_address(text: &str) -> bool {
    (32..=44).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() && !matches!(byte, b'0' | b'O' | b'I' | b'l'))
}

/// Base 58 has no zero: hex without it does for a made-up signature.
fn signature() -> Value {
    json!(format!("{}{}", random_hex(), &random_hex()[..24]).replace('0', "z"))
}
