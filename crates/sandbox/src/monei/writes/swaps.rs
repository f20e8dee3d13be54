//! `/evm-exchange/…`, `/evm/send/…`, `/solana/transfer…`, `/solana-exchange/…`. No PIN: the consent alone authorises these.

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::order::{Done, Order, Sort};
use super::spending::transaction_hash;
use crate::model::coins::{Chain, Coin, Network};
use crate::model::mint::stable_uuid;
use crate::monei::data::crypto::{is_evm_address, raw};
use crate::monei::data::swap::Swap;
use crate::web::nest::NestError;

/// Which way an EVM swap goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    NativeToToken,
    TokenToToken,
    TokenToNative,
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
    Ok(Sort::Written.with("Swap successful", json!({"txHash": transaction_hash(&mut order)})))
}

/// A price. The newer Python SDK reads sixteen fields, the Node SDK `transaction`: both are there.
fn price(mut order: Order<'_>, way: Way) -> Done {
    let swap = read(&mut order, way)?;
    let side = |coin: Coin| json!({"address": coin.contract(), "symbol": coin.symbol, "decimals": coin.decimals()});
    let text = |value: Decimal| value.normalize().to_string();
    let chain = match swap.from.network {
        Network::Evm(id) => id,
        Network::Solana => 0,
    };
    let data = json!({
        "quoteId": stable_uuid(&format!("price {chain} {} {} {}", swap.from.symbol, swap.to.symbol, swap.paid)),
        "fromToken": side(swap.from), "toToken": side(swap.to),
        "fromAmount": raw(swap.paid, swap.from.decimals()), "toAmount": raw(swap.got, swap.to.decimals()),
        "rate": text(swap.rate()), "reverseRate": text(swap.reverse_rate()), "minToAmount": raw(swap.least(), swap.to.decimals()),
        "protocolFee": raw(swap.fee(), swap.from.decimals()), "protocolFeeToken": side(swap.from), "estimatedGas": "180000",
        "priceImpact": "0", "liquidityAvailable": true, "expiryTimestamp": order.now / 1_000 + 30,
        "blockNumber": (order.now / 12_000).to_string(), "chainId": chain, "permit2": null,
        "transaction": {"to": NOBODY, "data": "0x", "gas": "180000", "gasPrice": "1000000000", "value": "0"},
        "amountIn": text(swap.paid), "amountOut": text(swap.got),
    });
    Ok(Sort::Looked.with("Price retrieved successfully", data))
}

/// Where a made-up transaction goes.
const NOBODY: &str = "0x0000000000000000000000000000000000000000";

fn read(order: &mut Order<'_>, way: Way) -> Result<Swap, NestError> {
    let token = |order: &mut Order<'_>, name, older| {
        // The Python package 0.1.3 sends Solana's names to the EVM endpoints.
        let name = if order.old && order.body.has(older) { older } else { name };
        order.body.matching(name, is_evm_address, "an Ethereum address")
    };
    let from = (way != Way::NativeToToken).then(|| token(order, "tokenIn", "inputMint"));
    let to = (way != Way::TokenToNative).then(|| token(order, "tokenOut", "outputMint"));
    let paid = order.body.coins("amount");
    order.body.ignore(&["slippageBps"]);
    // The Node SDK may leave it out.
    let chain = order.body.optional_whole("chainId").unwrap_or(1);
    order.checked()?;
    let chain = chain_of(chain)?;
    let coin = |address: Option<String>| match address {
        None => Ok(chain.native()),
        Some(address) => chain.token_at(&address).map(|token| chain.coin(token)).ok_or_else(|| NestError::bad_request("Unsupported token")),
    };
    Swap::of(coin(from)?, coin(to)?, paid)
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
        Some(address) => chain.coin(chain.token_at(&address).ok_or_else(|| NestError::bad_request("Unsupported token"))?),
    };
    send(&mut order, coin, sent, &to)?;
    Ok(Sort::Written.with("Transaction sent successfully", json!({"txHash": transaction_hash(&mut order)})))
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
    let coin = mint.map_or(Ok(Coin::SOL), |mint| minted(&mint))?;
    send(&mut order, coin, sent, &to)?;
    Ok(Sort::Written.with("Transaction sent successfully", json!({"signature": signature(&mut order)})))
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
    let coin = |mint: Option<String>| mint.map_or(Ok(Coin::SOL), |mint| minted(&mint));
    let swap = Swap::of(coin(from)?, coin(to)?, paid)?;
    exchange(&mut order, &swap)?;
    let signature = signature(&mut order);
    let url = format!("https://explorer.invalid/tx/{}", signature.as_str().unwrap_or_default());
    Ok(Sort::Written.with("Swap successful", json!({"signature": signature, "txUrl": url})))
}

fn chain_of(id: u64) -> Result<Chain, NestError> {
    Chain::find(id).ok_or_else(|| NestError::bad_request("Unsupported chain"))
}

fn minted(mint: &str) -> Result<Coin, NestError> {
    Coin::minted(mint).ok_or_else(|| NestError::bad_request("Unsupported token"))
}

fn is_solana_address(text: &str) -> bool {
    (32..=44).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() && !matches!(byte, b'0' | b'O' | b'I' | b'l'))
}

/// Base 58 has no zero: hex without it does for a made-up signature.
fn signature(order: &mut Order<'_>) -> Value {
    json!(format!("{}{}", order.ledger.random_hex(), &order.ledger.random_hex()[..24]).replace('0', "z"))
}
