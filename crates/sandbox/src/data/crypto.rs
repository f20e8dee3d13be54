//! `/evm/…` and `/solana/…`. Money is text throughout, but for Solana's dollar values.

use serde_json::{Value, json};

use crate::api::{Answer, Call};
use crate::clock::{HOUR, iso};
use crate::data::{Usually, amount, profile};
use crate::mint::hash;
use crate::nest::NestError;
use crate::people::Person;

/// An EVM network: id, name, native token, and its price in dollars.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Chain {
    name: &'static str,
    token: &'static str,
    symbol: &'static str,
    balance: &'static str,
    dollars: &'static str,
    price: &'static str,
    raw: &'static str,
}

const fn network(
    name: &'static str,
    token: &'static str,
    symbol: &'static str,
    [balance, raw, price, dollars]: [&'static str; 4],
) -> Chain {
    Chain { name, token, symbol, balance, dollars, price, raw }
}

const ETH: [&str; 4] = ["0.842", "842000000000000000", "2650.00", "2231.30"];
const CHAINS: [(u64, Chain); 8] = [
    (1, network("Ethereum", "Ether", "ETH", ETH)),
    (10, network("Optimism", "Ether", "ETH", ETH)),
    (56, network("BNB Smart Chain", "BNB", "BNB", ["1.5", "1500000000000000000", "610.00", "915.00"])),
    (137, network("Polygon", "POL", "POL", ["320.75", "320750000000000000000", "0.45", "144.34"])),
    (1_135, network("Lisk", "Ether", "ETH", ETH)),
    (8_453, network("Base", "Ether", "ETH", ETH)),
    (42_161, network("Arbitrum One", "Ether", "ETH", ETH)),
    (534_352, network("Scroll", "Ether", "ETH", ETH)),
];
const USDT: &str = "0xdAC17F958D2ee523a2206206994597C13D831ec7";

/// The network of a chain id.
pub(crate) fn chain(text: &str) -> Result<Chain, NestError> {
    let id: u64 = text.parse().map_err(|_| NestError::bad_request("chainId must be a number"))?;
    CHAINS.iter().find(|(known, _)| *known == id).map(|(_, chain)| *chain).ok_or_else(|| NestError::bad_request("Unsupported chain"))
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
    let chain = chain(&call.param)?;
    Ok(Answer::Usual("Portfolio retrieved successfully", portfolio(call, chain)))
}

/// The portfolio itself, which `/wallet/me?chainId=` shows too.
pub(crate) fn portfolio(call: &Call<'_>, chain: Chain) -> Value {
    let rich = holds(call.person);
    let text = |value: &str| amount(if rich { value } else { "0" }, Usually::Text, call.switches);
    let total = chain.dollars.parse::<f64>().unwrap_or_default() + 120.0;
    let tokens = if rich {
        json!([{"name": "Tether USD", "symbol": "USDT", "decimals": 6, "type": "erc20", "contractAddress": USDT, "balance": text("120.00"),
                "balanceUSD": text("120.00"), "priceUSD": text("1.00"), "rawBalance": "120000000", "network": chain.name}])
    } else {
        json!([])
    };
    json!({
        "userId": profile::id(call.person), "walletAddress": evm_address(call.person), "network": chain.name,
        "totalPortfolioValueUSD": text(&format!("{total:.2}")),
        "nativeToken": {"name": chain.token, "symbol": chain.symbol, "decimals": 18, "type": "native", "balance": text(chain.balance),
                        "balanceUSD": text(chain.dollars), "priceUSD": amount(chain.price, Usually::Text, call.switches),
                        "rawBalance": if rich { chain.raw } else { "0" }, "network": chain.name},
        "tokens": tokens, "updatedAt": iso(call.now - call.now % HOUR),
    })
}

/// `GET /evm/balance/native?chainId=`
pub(crate) fn evm_native(call: &Call<'_>) -> Result<Answer, NestError> {
    let chain = chain(call.query.get("chainId").unwrap_or_default())?;
    balance(call, chain.balance)
}

/// `GET /evm/balance/token?tokenAddress=&chainId=`
pub(crate) fn evm_token(call: &Call<'_>) -> Result<Answer, NestError> {
    chain(call.query.get("chainId").unwrap_or_default())?;
    let token = call.query.get("tokenAddress").unwrap_or_default();
    if !token.strip_prefix("0x").is_some_and(|rest| rest.len() == 40 && rest.bytes().all(|byte| byte.is_ascii_hexdigit())) {
        return Err(NestError::bad_request("tokenAddress must be an Ethereum address"));
    }
    balance(call, if token.eq_ignore_ascii_case(USDT) { "120.00" } else { "0" })
}

/// `GET /solana/portfolio?network=`
pub(crate) fn solana_portfolio(call: &Call<'_>) -> Result<Answer, NestError> {
    network_known(call)?;
    let rich = holds(call.person);
    let number = |value: &str| amount(value, Usually::Number, call.switches);
    let tokens = if rich {
        json!([{"mintAddress": "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v", "name": "USD Coin", "symbol": "USDC", "balance": number("45.5"),
                "rawBalance": "45500000", "decimals": 6, "priceUsd": number("1"), "valueUsd": number("45.5")}])
    } else {
        json!([])
    };
    let mut data = json!({
        "userId": profile::id(call.person), "address": solana_address_of(call.person),
        "nativeBalance": amount(if rich { "3.2" } else { "0" }, Usually::Text, call.switches),
        "nativeBalanceLamports": if rich { "3200000000" } else { "0" }, "tokens": tokens,
    });
    // Dollar values may be missing.
    if rich {
        data["nativeBalanceUsd"] = number("486.4");
        data["totalValueUsd"] = number("531.9");
    }
    Ok(Answer::Usual("Portfolio retrieved successfully", data))
}

/// `GET /solana/balance?network=`
pub(crate) fn solana_balance(call: &Call<'_>) -> Result<Answer, NestError> {
    network_known(call)?;
    balance(call, "3.2")
}

/// `GET /solana/address`
pub(crate) fn solana_address(call: &Call<'_>) -> Result<Answer, NestError> {
    Ok(Answer::Usual("Address retrieved successfully", json!({"address": solana_address_of(call.person)})))
}

fn balance(call: &Call<'_>, value: &str) -> Result<Answer, NestError> {
    let value = if holds(call.person) { value } else { "0" };
    Ok(Answer::Usual("Balance retrieved successfully", json!({"balance": amount(value, Usually::Text, call.switches)})))
}

fn holds(person: &Person) -> bool {
    person.tier >= 3
}

fn network_known(call: &Call<'_>) -> Result<(), NestError> {
    match call.query.get("network") {
        None | Some("mainnet-beta" | "devnet" | "testnet") => Ok(()),
        Some(_) => Err(NestError::bad_request("network must be one of the following values: mainnet-beta, devnet, testnet")),
    }
}
