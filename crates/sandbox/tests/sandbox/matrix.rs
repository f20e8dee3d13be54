//! Every request that Monei's Node SDK, its Python SDK and its MCP server make within the nine scopes, as they make it: with all scopes the answer
//! has the shape that they declare, and with one scope alone exactly its own requests are answered.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::kit::{World, nest_error};

const SCOPES: [&str; 9] = [
    "profile:read",
    "kyc:read",
    "wallet:read",
    "wallet:deposit",
    "wallet:send",
    "wallet:withdraw",
    "swap:execute",
    "bills:pay",
    "offramp:execute",
];
const USDT: &str = "0xdAC17F958D2ee523a2206206994597C13D831ec7";
const USDC: &str = "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48";
const BSC_USDT: &str = "0x55d398326f99059fF775485246999027B3197955";
const BSC_USDC: &str = "0x8AC76a51cc950d9822D68b83fE1Ad97B32Cd580d";
const USDT_MINT: &str = "Es9vMFrzaCERmJfrF4H2FYD4KCoNkY11McCe8BenwNYB";
const USDC_MINT: &str = "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v";
const SEPOLIA_USDC: &str = "0x1c7D4B196Cb0C7B01d743Fbc6116a902379C7238";
const SEPOLIA_EURC: &str = "0x08210F9170F89Ab7658F0B5E3fF39b0E03C594D4";
/// USDC on Solana's test network.
const TEST_USDC_MINT: &str = "4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU";
const EURC_MINT: &str = "HzwqbKZw8HxMN6bF2yFZNrht3c2iXXzpKcFu7uBEDKtr";
const TO: &str = "0x00000000000000000000000000000000000000aa";
const TO_SOLANA: &str = "9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin";

/// One request of a client.
struct Row {
    scope: &'static str,
    /// Which method of which client makes it.
    of: &'static str,
    path: String,
    /// `None` for a GET.
    body: Option<Value>,
    /// `place:kinds`, where a place is names with dots between, `[]` stands for each entry of a list that has some, and kinds are `s`tring,
    /// `n`umber, whole number `i`, `b`oolean, `o`bject, `l`ist, `z` for null; several for one of several.
    shape: &'static str,
}

fn get(scope: &'static str, of: &'static str, path: impl Into<String>, shape: &'static str) -> Row {
    Row { scope, of, path: path.into(), body: None, shape }
}

fn post(scope: &'static str, of: &'static str, path: &str, body: Value, shape: &'static str) -> Row {
    Row { scope, of, path: path.to_owned(), body: Some(body), shape }
}

const LIMITS: &str = "data.maxSingleTransaction:n data.dailyTransactionLimit:n data.monthlyTransactionLimit:n data.maxWalletBalance:n data.cryptoAllowed:b \
                      data.crossBorderAllowed:b data.p2pAllowed:b data.withdrawalAllowed:b data.cryptoDailyLimit:n";
const TRANSACTIONS: &str = "statusCode:i message:s data.transactions[].id:s data.transactions[].amount:ns data.transactions[].type:s \
                            data.transactions[].status:s data.transactions[].reference:s data.transactions[].narration:sz data.pagination.page:i \
                            data.pagination.limit:i data.pagination.total:i data.pagination.totalPages:i data.pagination.hasNextPage:b \
                            data.pagination.hasPreviousPage:b";
const DEPOSIT: &str = "data.amount:i data.totalAmount:i data.reference:s data.currency:s data.narration:s data.accountNumber:s data.bankName:s data.accountName:s \
                       data.expiry_datetime:s data.note:s data.status:s data.nextAction.type:s data.nextAction.redirect_url.url:s \
                       data.nextAction.payment_instruction.note:s data.feeBreakdown.amountToCredit:n";
const EVM: &str = "data.userId:s data.walletAddress:s data.network:s data.totalPortfolioValueUSD:s data.nativeToken.symbol:s data.nativeToken.decimals:i \
                   data.nativeToken.balance:s data.nativeToken.rawBalance:s data.nativeToken.priceUSD:s data.nativeToken.logoUrl:s \
                   data.tokens[].contractAddress:s data.tokens[].type:s data.tokens[].balanceUSD:s data.tokens[].logoUrl:s data.updatedAt:s";
const BILLS: &str = "data.bills[].id:s data.bills[].amount:s data.bills[].metadata:o data.bills[].billerCode:s data.bills[].itemCode:s \
                     data.bills[].customer:s data.bills[].type:s data.bills[].status:s data.bills[].txRef:s data.page:i data.limit:i data.total:i \
                     data.totalPages:i data.hasNext:b data.hasPrev:b";
const HISTORY: &str = "statusCode:i message:s data[].id:s data[].reference:s data[].status:s data[].asset:s data[].network:s data[].cryptoAmount:n \
                       data[].fiatAmount:n data[].fiatCurrency:s data[].exchangeRate:n data[].beneficiary.bankCode:s \
                       data[].beneficiary.accountNumber:s data[].createdAt:s data[].provider:s data[].fromCurrency:s data[].toCurrency:s \
                       data[].updatedAt:s data[].expiresAt:s meta.totalItems:i meta.itemCount:i meta.itemsPerPage:i \
                       meta.totalPages:i meta.currentPage:is";
const TRACKED: &str = "id:s internalReference:s provider:s providerTransactionId:s status:s cryptoAmount:n fiatAmount:n exchangeRate:n fromCurrency:s \
                       toCurrency:s createdAt:s updatedAt:s expiresAt:s providerStatus:s fees.providerFee:n fees.networkFee:n fees.serviceFee:n \
                       debitPaymentDetails.paymentMethod:s debitPaymentDetails.currency:s debitPaymentDetails.network:s \
                       debitPaymentDetails.walletAddress:s creditPaymentDetails.paymentMethod:s creditPaymentDetails.currency:s \
                       creditPaymentDetails.accountName:s creditPaymentDetails.accountNumber:s creditPaymentDetails.bankCode:s completedAt:sz";
const PRICE: &str = "data.quoteId:s data.fromToken.address:s data.fromToken.symbol:s data.fromToken.decimals:i data.toToken.address:s data.fromAmount:s \
                     data.toAmount:s data.rate:s data.reverseRate:s data.minToAmount:s data.protocolFee:s data.protocolFeeToken.address:s \
                     data.estimatedGas:s data.priceImpact:s data.liquidityAvailable:b data.expiryTimestamp:i data.blockNumber:s data.chainId:i \
                     data.transaction:o data.permit2:oz";
const QUOTE: &str = "data.quoteId:s data.swapMode:s data.fromToken.symbol:s data.toToken.decimals:i data.amounts.inputAmount:s \
                     data.amounts.minOutputAmount:s data.fees.totalCost:s data.route.hops:i data.route.dexes:l data.usdValues.inputValue:n \
                     data.expiryTimestamp:i data.network:s data.executable:b data.warnings:l";
const ITEMS: &str = "data[].id:i data[].biller_code:s data[].name:s data[].default_commission:n data[].date_added:s data[].country:s data[].is_airtime:b \
                     data[].biller_name:s data[].item_code:s data[].short_name:s data[].fee:n data[].commission_on_fee:b data[].reg_expression:s \
                     data[].label_name:s data[].amount:n data[].is_resolvable:b data[].group_name:s data[].category_name:s data[].is_data:b \
                     data[].default_commission_on_amount:n data[].commission_on_fee_or_amount:i data[].validity_period:sz";
const OPERATORS: &str = "StatusCode:i message:s data[].name:s data[].code:s data[].billerCode:s";
const PAID: &str = "statusCode:i data.id:s data.createdAt:s data.reference:s data.billerCode:s data.itemCode:s data.customer:s data.amount:n data.type:s \
                    data.status:s data.txRef:s data.billerName:s data.metadata:sz data.token:sz data.units:sz data.validityPeriod:sz";
const ORDER: &str = "statusCode:i data.id:s data.reference:s data.status:s data.amounts.crypto.value:n data.amounts.fiat.value:n \
                     data.amounts.fiat.currency:s data.amounts.exchangeRate:n data.amounts.totalFee:n data.beneficiary.bankName:s \
                     data.beneficiary.accountNumber:s data.onChain.depositAddress:s data.onChain.txHash:s data.timestamps.created:s";

fn reads() -> Vec<Row> {
    let w = "wallet:read";
    vec![
        get(
            "profile:read",
            "user.getCurrentUser, get_current_user, get_account",
            "/user/me",
            "statusCode:i data.id:s data.email:s data.phone:s data.createdAt:s data.verified:b data.kycInfo.currentTier:s",
        ),
        get(
            "kyc:read",
            "user.kycStatus, get_kyc_status",
            "/kyc/status",
            "data.currentTier:s data.status:s data.canUpgrade:b data.limits:o data.verified.nin:b data.requirements:s",
        ),
        get("kyc:read", "user.getDepositLimit, get_kyc_limits", "/kyc/limits", LIMITS),
        get(
            w,
            "wallet.me, account.me, get_wallet",
            "/wallet/me",
            "data.nairaBalance:s data.subwallets[].id:s data.subwallets[].type:s data.subwallets[].balance:n data.subwallets[].virtualAccount:oz",
        ),
        get(w, "wallet.me(56)", "/wallet/me?chainId=56", "data.nairaBalance:s data.evmPortfolio.totalPortfolioValueUSD:s"),
        get(w, "account.naira_wallet", "/wallet/naira-wallet", "data.id:s data.type:s data.currency:s data.balance:n data.createdAt:s"),
        get(w, "transactions.getUserTransactions, get_transaction_history", "/transactions/user", TRANSACTIONS),
        get(
            w,
            "transactions.getUserTransactions with empty parameters",
            "/transactions/user?page=1&limit=5&type=&status=&currency=",
            TRANSACTIONS,
        ),
        get(w, "transactions.getUserTransactionsByType", "/transactions/user?type=CREDIT", TRANSACTIONS),
        get(w, "the scopes page", "/transactions", TRANSACTIONS),
        get(w, "deposits.getStatus, get_status, check_deposit_status", "/wallet/deposit/status/DEP-ada-1", DEPOSIT),
        get(w, "evm.getPortfolio, get_portfolio", "/evm/portfolio/1", EVM),
        get(w, "evm.getPortfolio on BSC", "/evm/portfolio/56", EVM),
        get(w, "evm.getPortfolio on Sepolia", "/evm/portfolio/11155111", "data.nativeToken.symbol:s"),
        get(w, "evm.getNativeBalance", "/evm/balance/native?chainId=1", "data.balance:s"),
        get(w, "evm.getTokenBalance", format!("/evm/balance/token?tokenAddress={USDT}&chainId=1"), "data.balance:s"),
        get(w, "solana.getAddress", "/solana/address", "data.address:s"),
        get(w, "solana.getBalance", "/solana/balance?network=mainnet-beta", "data.balance:s"),
        get(
            w,
            "solana.getPortfolio",
            "/solana/portfolio?network=mainnet-beta",
            "data.userId:s data.address:s data.nativeBalance:s data.nativeBalanceLamports:s data.tokens[].mintAddress:s data.tokens[].balance:sn data.tokens[].decimals:i",
        ),
        get(w, "bills.getBills, get_bill_history", "/bills/records?page=1&limit=10&type=&status=", BILLS),
        get(w, "ledger.getHistory", "/offramp/ledger/history?page=1&limit=10", HISTORY),
        get(w, "ledger.trackOrder", "/offramp/ledger/status/OFF-A1B2C3D4", TRACKED),
    ]
}

fn money() -> Vec<Row> {
    let (card, link) = ("wallet:deposit", "/wallet/deposit/payment-link");
    let transfer = |receiver: &str| json!({"receiver": receiver, "amount": 10, "transactionPin": "2468", "currency": "NGN"});
    let payout =
        |bank: &str| json!({"amount": 100, "bank": bank, "accountNumber": "0000000101", "transactionPin": "2468", "narration": "x"});
    let paid = "statusCode:i data.reference:s data.status:s data.amount:n";
    let card_of =
        json!({"cardNumber": "4000 0000 0000 0002", "cvv": "123", "expiryMonth": "09", "expiryYear": "32", "cardHolderName": "A"});
    vec![
        post(
            card,
            "deposits.initializeDeposit by bank",
            "/wallet/deposit?method=BANK_TRANSFER",
            json!({"amount": 500, "currency": "NGN", "narration": "x"}),
            DEPOSIT,
        ),
        post(
            card,
            "deposits.initializeDeposit by USSD",
            "/wallet/deposit?method=USSD",
            json!({"amount": 500, "ussd": {"bankCode": "058"}}),
            DEPOSIT,
        ),
        post(card, "deposits.initializeDeposit by card", "/wallet/deposit?method=CARD", json!({"amount": 500, "card": card_of}), DEPOSIT),
        post(
            card,
            "deposits.initializeDeposit of an amount whose fee is no whole naira",
            "/wallet/deposit?method=BANK_TRANSFER",
            json!({"amount": 1234}),
            DEPOSIT,
        ),
        post(
            card,
            "deposits.generatePaymentLink",
            link,
            json!({"amount": 500, "customer": {"email": "a@example.com", "phoneNumber": "+2348000000101", "name": "A"}, "customization": {"title": "T"}}),
            "statusCode:i data.link:s",
        ),
        post(card, "deposits.generatePaymentLink without a customer", link, json!({"amount": 500}), "data.link:s"),
        post(
            card,
            "generate_deposit_link (MCP)",
            link,
            json!({"amount": 500, "customer": {"email": "a@example.com", "name": "A", "phone": "0800"}}),
            "data.link:s",
        ),
        post(
            card,
            "deposits.generate_payment_link (Python) with empty texts",
            link,
            json!({"amount": 500, "reference": "", "currency": "", "redirectUrl": "", "narration": "", "customer": {"email": "", "phoneNumber": "", "name": ""}}),
            "data.link:s",
        ),
        post("wallet:send", "payout.transfer by email", "/wallet/payout/transfer", transfer("tunde.bello@example.net"), paid),
        post(
            "wallet:send",
            "send_naira_to_user (MCP) by a local number",
            "/wallet/payout/transfer",
            transfer("08000000102"),
            "data.reference:s data.createdAt:s",
        ),
        post("wallet:withdraw", "payout.bankTransfer", "/wallet/payout/bank-transfer", payout("058"), paid),
        post("wallet:withdraw", "payout.bank_transfer to a code of six digits", "/wallet/payout/bank-transfer", payout("100004"), paid),
    ]
}

fn swaps() -> Vec<Row> {
    let s = "swap:execute";
    let native = json!({"amount": "0.01", "tokenOut": USDT, "chainId": 1});
    let back = json!({"amount": "1", "tokenIn": USDT, "chainId": 1});
    let tokens = json!({"amount": "1", "tokenIn": BSC_USDT, "tokenOut": BSC_USDC, "chainId": 56, "slippageBps": 50});
    let (hash, signature) = ("statusCode:i data.txHash:s", "statusCode:i data.signature:s");
    let mut rows = vec![
        post(s, "evm.sendNativeToken", "/evm/send/native", json!({"to": TO, "amount": "0.01", "chainId": 1}), hash),
        post(s, "evm.sendToken", "/evm/send/token", json!({"to": TO, "tokenAddress": BSC_USDT, "amount": "1", "chainId": 56}), hash),
        post(s, "evm.sendNativeToken on Sepolia", "/evm/send/native", json!({"to": TO, "amount": "0.01", "chainId": 11_155_111}), hash),
        post(s, "solana.transfer", "/solana/transfer", json!({"to": TO_SOLANA, "amount": "0.01", "network": "mainnet-beta"}), signature),
        post(
            s,
            "solana.transferToken",
            "/solana/transfer-token",
            json!({"to": TO_SOLANA, "tokenMintAddress": USDC_MINT, "amount": "1"}),
            signature,
        ),
    ];
    for (way, body) in [("native-to-token", &native), ("token-to-token", &tokens), ("token-to-native", &back)] {
        rows.push(Row {
            path: format!("/evm-exchange/price/{way}"),
            ..post(s, "exchange.getPrice…, get_price_…", "", body.clone(), PRICE)
        });
        rows.push(Row { path: format!("/evm-exchange/{way}"), ..post(s, "exchange.swap…, swap_tokens_evm", "", body.clone(), hash) });
    }
    let on_sepolia = json!({"amount": "1.5", "tokenIn": SEPOLIA_USDC, "tokenOut": SEPOLIA_EURC, "chainId": 11_155_111});
    rows.push(post(s, "get_token_to_token_price (Python) on Sepolia", "/evm-exchange/price/token-to-token", on_sepolia.clone(), PRICE));
    rows.push(post(s, "swap_token_to_token (Python) on Sepolia", "/evm-exchange/token-to-token", on_sepolia, hash));
    let from_sepolia = json!({"amount": "0.0001", "tokenIn": SEPOLIA_USDC, "chainId": 11_155_111});
    rows.push(post(s, "swap_token_to_native (Python) on Sepolia", "/evm-exchange/token-to-native", from_sepolia, hash));
    rows.push(get(
        s,
        "get_token_to_token_quote (Python) on Solana's test network",
        format!("/solana-exchange/quote/token-to-token?inputMint={TEST_USDC_MINT}&outputMint={EURC_MINT}&amount=0.01"),
        QUOTE,
    ));
    rows.push(post(
        s,
        "swap_sol_to_token (Python) on Solana's test network",
        "/solana-exchange/swap-sol-to-token",
        json!({"outputMint": TEST_USDC_MINT, "amount": 0.01, "slippageBps": null}),
        signature,
    ));
    let without_chain = json!({"amount": "0.01", "tokenOut": USDC});
    rows.push(post(s, "exchange.getPriceNativeToToken without a chain", "/evm-exchange/price/native-to-token", without_chain, PRICE));
    for (way, query, body) in [
        ("sol-to-token", format!("outputMint={USDC_MINT}&amount=0.1"), json!({"outputMint": USDC_MINT, "amount": 0.1})),
        (
            "token-to-sol",
            format!("inputMint={USDC_MINT}&amount=5&slippageBps=50"),
            json!({"inputMint": USDC_MINT, "amount": 5, "slippageBps": 50}),
        ),
        (
            "token-to-token",
            format!("inputMint={USDC_MINT}&outputMint={USDT_MINT}&amount=5"),
            json!({"inputMint": USDC_MINT, "outputMint": USDT_MINT, "amount": 5}),
        ),
    ] {
        rows.push(get(s, "exchange.getSolanaQuote…", format!("/solana-exchange/quote/{way}?{query}"), QUOTE));
        rows.push(Row {
            path: format!("/solana-exchange/swap-{way}"),
            ..post(s, "exchange.swap… on Solana", "", body, "statusCode:i data.signature:s data.txUrl:s")
        });
    }
    rows
}

fn bills() -> Vec<Row> {
    let b = "bills:pay";
    let mut rows = vec![
        get(b, "discovery.getElectricity (Node, MCP)", "/bills/discovery/electricity", OPERATORS),
        get(b, "discovery.get_electricity_operators (Python)", "/bills/discovery/electricity-operators", OPERATORS),
        post(
            b,
            "validation.validateCustomer",
            "/bills/validation/customer",
            json!({"billerCode": "BIL114", "itemCode": "UB161", "customer": "45083311550"}),
            "data.customer:s data.name:s",
        ),
        post(
            b,
            "validation.validateCustomer without an item",
            "/bills/validation/customer",
            json!({"billerCode": "BIL114", "customer": "45083311550"}),
            "data.customer:s",
        ),
    ];
    for folder in ["discovery/biller-items", "get-biller-items"] {
        for biller in [
            "AIRTIME/glo",
            "AIRTIME/MTN",
            "AIRTIME/9mobile",
            "MOBILEDATA/mtn",
            "MOBILEDATA/9mobile",
            "CABLEBILLS/DSTV",
            "CABLEBILLS/dstv",
            "UTILITYBILLS/IBADAN%20DISCO%20ELECTRICITY",
        ] {
            rows.push(get(b, "discovery.getBiller, get_biller_items, get_bill_providers", format!("/bills/{folder}/{biller}"), ITEMS));
        }
    }
    for (pay, buy, body) in [
        ("pay/airtime", "buy-airtime", json!({"phoneNumber": "08000000101", "biller": "airtel", "amount": 350})),
        (
            "pay/data",
            "buy-mobile-data",
            json!({"phoneNumber": "08000000101", "biller": "airtel", "itemCode": "MD136", "isSchedule": false}),
        ),
        ("pay/electricity", "buy-electricity", json!({"meterNumber": "45083311550", "disco": "UB161", "amount": 100})),
        ("pay/cable-tv", "subscribe-cable-tv", json!({"smartcardNumber": "1000000001", "biller": "DSTV", "itemCode": "CB141"})),
        // What the newer Python SDK's own test subscribes to, with every field that its model sends.
        (
            "pay/cable-tv",
            "subscribe-cable-tv",
            json!({"smartcardNumber": "1234567890", "biller": "dstv", "itemCode": "CB177", "isSchedule": false, "scheduleData": null, "saveBeneficiary": false, "beneficiaryName": null}),
        ),
    ] {
        for (path, of) in [(pay, "pay.… (Python, documentation)"), (buy, "pay.… (Node), pay_bill (MCP)")] {
            rows.push(Row { path: format!("/bills/{path}"), ..post(b, of, "", body.clone(), PAID) });
        }
    }
    rows
}

fn offramp() -> Vec<Row> {
    let o = "offramp:execute";
    let order = |bank: &str, fiat: &str| json!({"amount": 10, "token": "USDT", "network": "bnb-smart-chain", "fiatCurrency": fiat, "bankCode": bank, "accountNumber": "0000000101", "accountName": "ADA OKAFOR"});
    let quote = "/offramp/exchange/quote?token=USDT&network=bnb-smart-chain&amount=100";
    vec![
        get(
            o,
            "exchange.getAssets",
            "/offramp/exchange/assets",
            "data[].symbol:s data[].name:s data[].networks[].network:s data[].networks[].contractAddress:s data[].networks[].decimals:i data[].networks[].baseCurrency:s",
        ),
        get(o, "exchange.getQuote, get_offramp_quote", format!("{quote}&fiat=NGN"), "data:s"),
        get(o, "exchange.getQuote without a currency", format!("{quote}&fiat=undefined"), "data:s"),
        post(o, "exchange.initiate with the documentation's bank", "/offramp/exchange/initiate", order("058", "NGN"), ORDER),
        post(
            o,
            "exchange.initiate with the SDKs' bank, sell_crypto_for_naira",
            "/offramp/exchange/initiate",
            order("GTBINGLA", "NGN"),
            ORDER,
        ),
        post(
            o,
            "exchange.initiate of USDC, as the Node SDK's own test sells it",
            "/offramp/exchange/initiate",
            json!({"amount": 200, "token": "USDC", "network": "polygon", "fiatCurrency": "NGN", "bankCode": "058", "accountNumber": "1122334455", "accountName": "ADA OKAFOR"}),
            ORDER,
        ),
        post(o, "exchange.initiate in shillings", "/offramp/exchange/initiate", order("058", "KES"), ORDER),
        get(o, "payouts.getBanks", "/offramp/payouts/banks", "data[].code:s data[].name:s data[].type:s"),
        post(
            o,
            "payouts.verifyAccount",
            "/offramp/payouts/verify",
            json!({"bankCode": "GTBINGLA", "accountNumber": "0000000101"}),
            "statusCode:i data.accountName:s data.accountNumber:s data.bankName:s",
        ),
        post(
            o,
            "payouts.verifyAccount with a number",
            "/offramp/payouts/verify",
            json!({"bankCode": 58, "accountNumber": "0000000101"}),
            "data.accountName:s",
        ),
    ]
}

fn rows() -> Vec<Row> {
    [reads(), money(), swaps(), bills(), offramp()].into_iter().flatten().collect()
}

/// Requests of the clients that are in no scope's list.
const CLOSED: [(&str, &str); 15] = [
    ("GET", "/wallet/utils/banks"),
    ("POST", "/wallet/utils/verify-bank-account"),
    ("GET", "/evm/networks"),
    ("GET", "/solana/token-balance/EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v"),
    ("GET", "/transactions/8d9e6679-7425-40de-944b-e07fc1f90ae7"),
    ("GET", "/transactions/reference/DEP-ada-1"),
    ("GET", "/bills/records/reference/bill0"),
    ("GET", "/bills/records/receipt/bill0"),
    ("GET", "/payment-methods"),
    ("POST", "/payment-methods"),
    ("POST", "/wallet/deposit/authorize"),
    ("POST", "/wallet/deposit/payment-method"),
    ("POST", "/wallet/virtual-account"),
    ("PATCH", "/user/update/8d9e6679-7425-40de-944b-e07fc1f90ae7"),
    ("DELETE", "/payment-methods/1"),
];

#[expect(clippy::unwrap_used, reason = "a test's own plumbing: a panic is its way to fail")]
async fn send(world: &World, access: &str, row: &Row) -> reqwest::Response {
    let url = format!("{}/api/v1{}", world.base, row.path);
    // The clients say so of every request, also where there is no body; one sends its own key beside the token.
    let request = match &row.body {
        None => world.http.get(url).header("content-type", "application/json"),
        Some(body) => world.http.post(url).json(body),
    };
    request.header("x-api-key", "sk_of_another_service").header("user-agent", "axios/1.13.2").bearer_auth(access).send().await.unwrap()
}

/// What is at `place` of a value: each of them where a list stands on the way.
fn at<'a>(value: &'a Value, place: &str) -> Vec<&'a Value> {
    let mut found = vec![value];
    for name in place.split('.') {
        let (name, each) = name.strip_suffix("[]").map_or((name, false), |name| (name, true));
        found = found.into_iter().filter_map(|value| value.get(name)).collect();
        if each {
            found = found.into_iter().flat_map(|value| value.as_array().into_iter().flatten()).collect();
        }
    }
    found
}

fn misfits(answer: &Value, shape: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    for field in shape.split_whitespace() {
        let Some((place, kinds)) = field.split_once(':') else { return vec![format!("{field} is no field of a shape")] };
        let found = at(answer, place);
        if found.is_empty() {
            wrong.push(format!("{place} is missing"));
        }
        let fits = |value: &Value| {
            kinds.chars().any(|kind| match kind {
                's' => value.is_string(),
                'n' => value.is_number(),
                'i' => value.is_i64() || value.is_u64(),
                'b' => value.is_boolean(),
                'o' => value.is_object(),
                'l' => value.is_array(),
                _ => value.is_null(),
            })
        };
        wrong.extend(found.into_iter().filter(|value| !fits(value)).map(|value| format!("{place} is {value}, not {kinds}")));
    }
    wrong
}

#[test]
fn a_shape_notices_what_is_missing_and_what_is_of_another_kind() {
    let answer = json!({"a": {"b": [{"c": 1}, {"c": "x"}]}});
    assert!(misfits(&answer, "a.b[].c:is a.b:l a:o").is_empty());
    assert_eq!(misfits(&answer, "a.b[].c:i a.b[].d:s a.x:s").len(), 3);
}

#[tokio::test]
async fn every_request_of_the_clients_is_answered_in_the_shape_that_they_declare() {
    let world = World::new().await;
    let access = world.connect("ada", &SCOPES.join(" ")).await.access;
    let rows = rows();
    assert!(rows.len() >= 80, "{}", rows.len());
    let mut wrong = Vec::new();
    for row in &rows {
        let answer = send(&world, &access, row).await;
        let (status, answer): (_, Value) = (answer.status().as_u16(), answer.json().await.unwrap());
        if !matches!(status, 200 | 201) {
            wrong.push(format!("{} ({}): {status} {answer}", row.of, row.path));
            continue;
        }
        wrong.extend(misfits(&answer, row.shape).into_iter().map(|misfit| format!("{} ({}): {misfit}", row.of, row.path)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn a_sale_of_this_run_is_tracked_in_the_shape_of_earlier_ones_until_it_is_completed() {
    let world = World::new().await;
    let access = world.connect("ada", &SCOPES.join(" ")).await.access;
    let sold = json!({"amount": 10, "token": "USDT", "network": "base", "bankCode": "058", "accountNumber": "0000000101", "accountName": "ADA OKAFOR"});
    let order = send(&world, &access, &post("offramp:execute", "", "/offramp/exchange/initiate", sold, "")).await;
    let order: Value = order.json().await.unwrap();
    let path = format!("/offramp/ledger/status/{}", order["data"]["reference"].as_str().unwrap());
    for completed in [false, true] {
        let tracked: Value = world.get(&path, &access).await.json().await.unwrap();
        assert!(misfits(&tracked, TRACKED).is_empty(), "{:?} in {tracked}", misfits(&tracked, TRACKED));
        assert_eq!(tracked["completedAt"].is_string(), completed, "{tracked}");
        world.control("settle", json!({})).await;
    }
}

#[tokio::test]
async fn one_scope_alone_opens_exactly_its_own_requests() {
    let world = World::new().await;
    world.switch("token_calls_per_minute", "0").await;
    let (mut opened, mut refused) = (BTreeSet::new(), 0);
    for scope in SCOPES {
        world.control("revoke", json!({})).await;
        world.control("reset", json!({"what": "money"})).await;
        let access = world.connect("ada", scope).await.access;
        for row in rows() {
            let answer = send(&world, &access, &row).await;
            if row.scope == scope {
                assert!(matches!(answer.status().as_u16(), 200 | 201), "{} with {scope}: {}", row.path, answer.status());
                opened.insert(scope);
            } else {
                assert_eq!(
                    nest_error(answer, 403).await,
                    format!("Insufficient scope: {} is required", row.scope),
                    "{} with {scope}",
                    row.path
                );
                refused += 1;
            }
        }
    }
    assert_eq!((opened.len(), refused), (9, rows().len() * 8));
}

#[tokio::test]
async fn what_is_in_no_scopes_list_is_403_with_a_token_and_401_without() {
    let world = World::new().await;
    let access = world.connect("ada", &SCOPES.join(" ")).await.access;
    for (method, path) in CLOSED {
        let request = || {
            world.http.request(method.parse().unwrap(), format!("{}/api/v1{path}", world.base)).header("content-type", "application/json")
        };
        assert_eq!(request().bearer_auth(&access).send().await.unwrap().status(), 403, "{method} {path}");
        assert_eq!(request().send().await.unwrap().status(), 401, "{method} {path}");
    }
    for odd in ["/offramp/ledger/status/[object%20Object]", "/offramp/ledger/status/%5Bobject%20Object%5D", "/wallet/deposit/status/%20"] {
        let answer = world.http.get(format!("{}/api/v1{odd}", world.base)).bearer_auth(&access).body("{}").send().await.unwrap();
        assert_eq!(answer.status(), 404, "{odd}");
    }
}
