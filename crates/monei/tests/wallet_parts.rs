//! Portfolios, sales of crypto, bills and deposits: the shapes that Monei documents or that were observed, and damaged ones.
#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up must fail")]

use monei::money::Amount;
use monei::read::{BillKind, Bills, Deposit, MAX_ITEMS, PaymentState, Portfolio, ReadError, Sale, SaleState, Sales};
use proptest::prelude::*;
use serde_json::{Value, json};

fn bytes(value: &Value) -> Vec<u8> {
    value.to_string().into_bytes()
}

fn amount(text: &str) -> Option<Amount> {
    Some(Amount(text.parse().unwrap()))
}

fn digits(holding: &monei::read::Holding) -> Option<&str> {
    holding.balance.as_ref().map(monei::money::TokenAmount::as_str)
}

#[test]
fn an_evm_portfolio_has_its_own_coin_and_tokens_by_worth() {
    let token = |symbol: &str, worth: Value| json!({"name": symbol, "symbol": symbol, "decimals": 6, "balance": "1.50", "balanceUSD": worth, "contractAddress": "0xAb", "type": "erc20"});
    let body = json!({"statusCode": 200, "message": "ok", "data": {
        "userId": "u", "walletAddress": "0x01", "network": "Base", "totalPortfolioValueUSD": "2231.30",
        "nativeToken": {"name": "Ether", "symbol": "ETH", "decimals": 18, "balance": "0.842", "balanceUSD": "2231.3", "contractAddress": "0xEe"},
        "tokens": [token("LOW", json!("1")), token("NONE", Value::Null), token("HIGH", json!("900.5"))]}});
    let portfolio = Portfolio::parse_evm(&bytes(&body)).unwrap();
    let native = portfolio.native.as_ref().unwrap();
    assert_eq!((native.symbol.as_deref(), digits(native), native.contract.as_deref()), (Some("ETH"), Some("0.842"), None));
    let symbols: Vec<_> = portfolio.tokens.iter().map(|token| token.symbol.as_deref().unwrap()).collect();
    assert_eq!(symbols, ["HIGH", "LOW", "NONE"]);
    assert_eq!(portfolio.tokens[0].contract.as_deref(), Some("0xAb"));
    assert_eq!((portfolio.address.as_deref(), portfolio.worth_usd), (Some("0x01"), amount("2231.30")));
}

#[test]
fn a_solana_portfolio_may_tell_no_worth_and_its_balances_may_be_numbers() {
    let body = json!({"data": {"address": "So1", "nativeBalance": "3.2", "nativeBalanceLamports": "3200000000", "tokens": [
        {"mintAddress": "M", "name": "USD Coin", "symbol": "USDC", "balance": 45.5, "rawBalance": "45500000", "decimals": 6}]}});
    let portfolio = Portfolio::parse_solana(&bytes(&body)).unwrap();
    assert_eq!(digits(portfolio.native.as_ref().unwrap()), Some("3.2"));
    assert_eq!((digits(&portfolio.tokens[0]), portfolio.tokens[0].contract.as_deref()), (Some("45.5"), Some("M")));
    assert_eq!((portfolio.worth_usd, portfolio.tokens[0].worth_usd), (None, None));
}

#[test]
fn a_balance_that_came_as_a_number_is_taken_from_the_smallest_units_where_they_are_told() {
    let body = br#"{"address":"a","nativeBalance":123456789.123456789,"nativeBalanceLamports":"123456789123456789","tokens":[
        {"symbol":"X","balance":123456789012.123456789,"rawBalance":"123456789012123456789","decimals":9},
        {"symbol":"Y","balance":0.5,"rawBalance":5,"decimals":"many"},
        {"symbol":"Z","balance":null,"rawBalance":"12","decimals":1},
        {"symbol":"V","balance":"12.000000000000000000000000000000000001","rawBalance":"1","decimals":0}]}"#;
    let portfolio = Portfolio::parse_solana(body).unwrap();
    let told: Vec<_> = portfolio.tokens.iter().map(digits).collect();
    let exact = "12.000000000000000000000000000000000001";
    assert_eq!(told, [Some("123456789012.123456789"), Some("0.5"), Some("1.2"), Some(exact)]);
    assert_eq!(digits(portfolio.native.as_ref().unwrap()), Some("123456789.123456789"));
}

#[test]
fn damaged_fields_of_a_portfolio_are_not_available_and_not_zero() {
    let body = json!({"nativeToken": "gone", "walletAddress": 7, "totalPortfolioValueUSD": "lots", "tokens": [
        {"name": ["x"], "symbol": "  ", "balance": "1,5", "balanceUSD": {}, "contractAddress": null}, "no token", null]});
    let portfolio = Portfolio::parse_evm(&bytes(&body)).unwrap();
    assert_eq!((portfolio.native.as_ref(), portfolio.address.as_ref(), portfolio.worth_usd), (None, None, None));
    assert_eq!(portfolio.tokens, [monei::read::Holding::default()]);
}

#[test]
fn many_tokens_are_cut_to_the_most_valuable_and_the_rest_is_counted() {
    let tokens: Vec<Value> =
        (0..MAX_ITEMS + 7).map(|index| json!({"symbol": index.to_string(), "balanceUSD": index.to_string()})).collect();
    let portfolio = Portfolio::parse_evm(&bytes(&json!({ "tokens": tokens }))).unwrap();
    assert_eq!((portfolio.tokens.len(), portfolio.left_out), (MAX_ITEMS, 7));
    assert_eq!(portfolio.tokens[0].symbol.as_deref(), Some("106"));
}

#[test]
fn sales_are_read_as_they_were_observed_and_as_the_older_description_has_them() {
    let observed = json!({"message": "ok", "data": [{"id": "i", "reference": "OFF-1", "status": "processing", "asset": "USDT", "network": "base",
        "cryptoAmount": 20, "fiatAmount": "29160.00", "fiatCurrency": "NGN", "exchangeRate": 1458.25,
        "beneficiary": {"bankCode": "GTBINGLA", "accountNumber": "0000000101"}, "createdAt": "2026-11-26T00:00:00.000Z"}],
        "meta": {"totalItems": 3, "currentPage": "1"}});
    let sales = Sales::parse(&bytes(&observed)).unwrap();
    let sale = &sales.items[0];
    assert_eq!(
        (sales.total, sale.state.clone(), sale.fiat, sale.rate),
        (Some(3), SaleState::Processing, amount("29160.00"), amount("1458.25"))
    );
    assert_eq!((sale.bank_code.as_deref(), sale.account_number.as_deref()), (Some("GTBINGLA"), Some("0000000101")));
    let older = json!({"internalReference": "OFF-2", "status": "COMPLETED", "fromCurrency": "USDC", "toCurrency": "KES", "cryptoAmount": "0.5",
        "debitPaymentDetails": {"network": "BEP20"}, "creditPaymentDetails": {"accountName": "Ada", "accountNumber": "1", "bankCode": "058"},
        "expiresAt": "2026-11-26T00:30:00.000Z", "failureReason": "none"});
    for body in [older.clone(), json!({"statusCode": 200, "data": older})] {
        let sale = Sale::parse(&bytes(&body)).unwrap();
        assert_eq!(
            (sale.reference.as_deref(), sale.state.clone(), sale.asset.as_deref()),
            (Some("OFF-2"), SaleState::Completed, Some("USDC"))
        );
        assert_eq!(
            (sale.network.as_deref(), sale.account_name.as_deref(), sale.fiat_currency.as_deref()),
            (Some("BEP20"), Some("Ada"), Some("KES"))
        );
        assert!(sale.expires_at.is_some() && sale.fiat.is_none());
    }
}

#[test]
fn every_status_of_a_sale_is_understood_in_any_case_and_an_unknown_one_is_kept() {
    use SaleState::{
        AwaitingDeposit, Begun, Cancelled, Completed, DepositReceived, Expired, Failed, FiatSent, Processing, Refunded, Unknown,
    };
    let told = [
        ("initiated", Begun),
        ("quote_created", Begun),
        ("awaiting_deposit", AwaitingDeposit),
        ("deposit_received", DepositReceived),
        ("pending", Processing),
        ("processing", Processing),
        ("fiat_sent", FiatSent),
        ("completed", Completed),
        ("failed", Failed),
        ("cancelled", Cancelled),
        ("refunded", Refunded),
        ("expired", Expired),
    ];
    let read = |status: Value| Sale::parse(&bytes(&json!({ "reference": "r", "status": status }))).unwrap().state;
    for (word, state) in told {
        assert_eq!(read(json!(word)), state);
        assert_eq!(read(json!(word.to_uppercase())), state);
    }
    assert_eq!(read(json!("under_review")), SaleState::Other("under_review".into()));
    assert_eq!((read(Value::Null), read(json!(7))), (Unknown, Unknown));
}

#[test]
fn bills_are_read_with_amounts_of_either_type_and_unknown_words_are_kept() {
    let body = json!({"statusCode": 200, "data": {"bills": [
        {"reference": "bill1", "type": "UTILITYBILLS", "status": "SUCCESS", "amount": "15000.00", "billerName": "Ikeja Electric", "customer": "4570",
         "createdAt": "2026-11-24T00:00:00.000Z", "token": "1234-5678", "units": 62.4, "metadata": {"phoneNumber": "x"}},
        {"reference": "bill2", "type": "tolls", "status": "on_hold", "amount": 50, "token": null, "metadata": "text"},
        {"amount": {}, "createdAt": "soon"}], "page": 1, "limit": 10, "total": 12, "hasNext": true}});
    let bills = Bills::parse(&bytes(&body)).unwrap();
    assert_eq!((bills.total, bills.has_next, bills.items.len()), (Some(12), Some(true), 3));
    let [power, other, damaged] = &bills.items[..] else { panic!("{bills:?}") };
    assert_eq!((power.kind.clone(), power.state.clone(), power.amount), (BillKind::Utility, PaymentState::Done, amount("15000.00")));
    assert_eq!((power.meter_code.as_deref(), power.units.as_deref()), (Some("1234-5678"), Some("62.4")));
    assert_eq!((other.kind.clone(), other.state.clone()), (BillKind::Other("tolls".into()), PaymentState::Other("on_hold".into())));
    assert_eq!((damaged.kind.clone(), damaged.state.clone()), (BillKind::Unknown, PaymentState::Unknown));
    assert_eq!((damaged.amount, damaged.created_at), (None, None));
}

#[test]
fn a_deposit_tells_what_to_pay_and_keeps_no_address_of_a_page() {
    let body = json!({"data": {"amount": 5000, "totalAmount": "5110.00", "moneiFee": 110, "reference": "DEP-1", "currency": "NGN", "status": "pending",
        "accountNumber": "9907581802", "bankName": "Indulge MFB", "accountName": "ADA", "expiry_datetime": "2026-11-27T00:00:00.000Z",
        "nextAction": {"type": "redirect_url", "redirect_url": {"url": "https://pay.example/x"}}}});
    let deposit = Deposit::parse(&bytes(&body)).unwrap();
    assert_eq!((deposit.state.clone(), deposit.total, deposit.fee), (PaymentState::Pending, amount("5110.00"), amount("110")));
    assert!(deposit.expires_at.is_some() && !format!("{deposit:?}").contains("pay.example"));
    for (word, state) in [("SUCCESS", PaymentState::Done), ("COMPLETED", PaymentState::Done), ("FAILED", PaymentState::Failed)] {
        assert_eq!(Deposit::parse(&bytes(&json!({ "status": word }))).unwrap().state, state);
    }
}

#[test]
fn another_body_altogether_is_an_error() {
    for body in [&b"null"[..], b"7", b"{}", br#"{"statusCode":404,"message":"Not found"}"#, br#"{"data":null,"message":"ok"}"#] {
        assert_eq!(Portfolio::parse_evm(body), Err(ReadError::NotThisShape));
        assert_eq!(Portfolio::parse_solana(body), Err(ReadError::NotThisShape));
        assert_eq!(Sales::parse(body), Err(ReadError::NotThisShape));
        assert_eq!(Sale::parse(body), Err(ReadError::NotThisShape));
        assert_eq!(Bills::parse(body), Err(ReadError::NotThisShape));
        assert_eq!(Deposit::parse(body), Err(ReadError::NotThisShape));
    }
    for body in [&b""[..], b"<html>", b"\xff"] {
        assert_eq!(Portfolio::parse_evm(body), Err(ReadError::NotJson));
        assert_eq!(Bills::parse(body), Err(ReadError::NotJson));
    }
}

/// JSON whose keys are often the ones that the readers look for.
fn any_json() -> impl Strategy<Value = Value> {
    let keys = [
        "data",
        "message",
        "meta",
        "totalItems",
        "nativeToken",
        "tokens",
        "balance",
        "rawBalance",
        "decimals",
        "balanceUSD",
        "nativeBalance",
        "bills",
        "status",
        "type",
        "amount",
        "token",
        "units",
        "reference",
        "cryptoAmount",
        "beneficiary",
        "creditPaymentDetails",
        "createdAt",
    ];
    let key = prop_oneof!["[a-z]{0,6}", prop::sample::select(keys.to_vec()).prop_map(str::to_owned)];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_map(|number| json!(number)),
        ".{0,12}".prop_map(Into::into),
        prop::sample::select(vec!["1e400", "-0", "5e-7", "00012", "FAILED", "\u{202e}x"]).prop_map(Into::into),
    ];
    leaf.prop_recursive(5, 64, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::Array),
            prop::collection::vec((key.clone(), inner), 0..8).prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_json_makes_a_reader_panic(value in any_json()) {
        let body = bytes(&value);
        let _ = (Portfolio::parse_evm(&body), Portfolio::parse_solana(&body), Sales::parse(&body));
        let _ = (Sale::parse(&body), Bills::parse(&body), Deposit::parse(&body));
    }
}
