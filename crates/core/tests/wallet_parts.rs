//! Parts of a wallet that are looked at by themselves: one call each, none without the permission, and every use is recorded.

#![allow(clippy::unwrap_used, reason = "a step of a test that fails is a failed test")]

mod support;

use connect_core::Caller;
use connect_core::problem::{Problem, ProblemCode};
use connect_core::snapshot::{Network, SaleStatus, TransactionStatus, WalletPart, WalletPartData};
use serde_json::json;
use support::World;

const WALLET: &[&str] = &["wallet:read"];

/// Every part, and the end of the path that it calls.
fn parts() -> Vec<(WalletPart, &'static str)> {
    vec![
        (WalletPart::Portfolio { network: Network::Ethereum }, "/evm/portfolio/1"),
        (WalletPart::Portfolio { network: Network::Solana }, "/solana/portfolio"),
        (WalletPart::Sales { page: 1 }, "/offramp/ledger/history"),
        (WalletPart::Sale { reference: "OFF-A1B2C3D4".into() }, "/offramp/ledger/status/OFF-A1B2C3D4"),
        (WalletPart::Bills { page: 1 }, "/bills/records"),
        (WalletPart::Deposits { page: 1 }, "/transactions"),
        (WalletPart::Deposit { reference: "DEP-ada-2".into() }, "/wallet/deposit/status/DEP-ada-2"),
    ]
}

async fn read(world: &World, account: &str, part: &WalletPart) -> Result<WalletPartData, Problem> {
    world.core.wallet_part(&Caller::Window, account, part).await
}

async fn api_calls(world: &World) -> u64 {
    let state = world.sandbox_state().await;
    let rows = state["counters"]["requests"].as_array().unwrap().clone();
    rows.iter().filter(|row| row["path"].as_str().unwrap().contains("/api/v1/")).map(|row| row["count"].as_u64().unwrap()).sum()
}

#[tokio::test]
async fn each_part_costs_one_call_and_is_recorded_under_the_permission_to_read_the_wallet() {
    let world = World::new().await;
    let account = world.connect("ada", WALLET, WALLET).await;
    for (part, path) in parts() {
        let before = api_calls(&world).await;
        read(&world, &account, &part).await.unwrap();
        assert_eq!(api_calls(&world).await - before, 1, "{part:?}");
        assert!(world.calls(path).await > 0, "{path}");
    }
    let uses = world.core.uses(&account).await.unwrap();
    assert!(uses.iter().all(|row| row.permission == "wallet:read" && row.outcome == "ok"), "{uses:?}");
    // The two portfolios are of two endpoints.
    assert_eq!(uses.len(), parts().len());
}

#[tokio::test]
async fn without_the_permission_nothing_is_called() {
    let world = World::new().await;
    let account = world.connect("ada", &["profile:read", "wallet:read"], &["profile:read"]).await;
    let before = api_calls(&world).await;
    for (part, _) in parts() {
        assert_eq!(read(&world, &account, &part).await.unwrap_err().code, ProblemCode::ScopeMissing, "{part:?}");
    }
    assert_eq!(api_calls(&world).await, before);
}

#[tokio::test]
async fn a_portfolio_has_exact_amounts_and_a_token_called_like_a_currency_stays_one() {
    let world = World::new().await;
    let ada = world.connect("ada", WALLET, WALLET).await;
    let WalletPartData::Portfolio(coins) = read(&world, &ada, &WalletPart::Portfolio { network: Network::Ethereum }).await.unwrap() else {
        panic!("no portfolio")
    };
    let told: Vec<_> = coins.holdings.iter().map(|coin| (coin.symbol.as_deref().unwrap(), coin.balance.as_deref().unwrap())).collect();
    assert_eq!(told, [("ETH", "0.842"), ("USDC", "850"), ("USDT", "120")]);
    assert!(coins.address.unwrap().starts_with("0x") && coins.worth.unwrap().currency == "USD");
    let markup = world.connect("markup", WALLET, WALLET).await;
    let WalletPartData::Portfolio(coins) = read(&world, &markup, &WalletPart::Portfolio { network: Network::Base }).await.unwrap() else {
        panic!("no portfolio")
    };
    let stranger = coins.holdings.iter().find(|coin| coin.symbol.as_deref() == Some("NGN")).unwrap();
    assert_eq!(stranger.balance.as_deref(), Some("123456789012345.000000000000000001"));
}

#[tokio::test]
async fn each_way_that_a_sale_can_stand_is_told() {
    let world = World::new().await;
    let account = world.connect("ada", WALLET, WALLET).await;
    let WalletPartData::Sales(sales) = read(&world, &account, &WalletPart::Sales { page: 1 }).await.unwrap() else { panic!("no sales") };
    let told: Vec<SaleStatus> = sales.items.iter().map(|sale| sale.status).collect();
    use SaleStatus::{AwaitingDeposit, Completed, Expired, Failed, FiatSent, Processing, Refunded};
    assert_eq!(told, [Completed, Processing, Expired, Failed, Refunded, FiatSent, AwaitingDeposit]);
    assert!(!sales.more);
    for sale in &sales.items {
        let part = WalletPart::Sale { reference: sale.reference.clone().unwrap() };
        let WalletPartData::Sale(found) = read(&world, &account, &part).await.unwrap() else { panic!("no sale") };
        let found = found.sale.unwrap();
        assert_eq!((found.status, &found.crypto, &found.fiat), (sale.status, &sale.crypto, &sale.fiat));
        assert_eq!(found.account_name.as_deref(), Some("Ada Okafor"));
    }
}

#[tokio::test]
async fn bills_and_deposits_are_pending_failed_and_done() {
    let world = World::new().await;
    let account = world.connect("ada", WALLET, WALLET).await;
    let WalletPartData::Bills(bills) = read(&world, &account, &WalletPart::Bills { page: 1 }).await.unwrap() else { panic!("no bills") };
    for status in [TransactionStatus::Done, TransactionStatus::Failed, TransactionStatus::Pending] {
        assert!(bills.items.iter().any(|bill| bill.status == status), "{status:?}");
    }
    let WalletPartData::Deposits(deposits) = read(&world, &account, &WalletPart::Deposits { page: 1 }).await.unwrap() else {
        panic!("none")
    };
    let mut seen = Vec::new();
    for item in &deposits.items {
        let part = WalletPart::Deposit { reference: item.reference.clone().unwrap() };
        let WalletPartData::Deposit(found) = read(&world, &account, &part).await.unwrap() else { panic!("no deposit") };
        let found = found.deposit.unwrap();
        assert_eq!((found.status, &found.amount), (item.status, &item.amount));
        seen.push(found.status);
    }
    for status in [TransactionStatus::Done, TransactionStatus::Failed, TransactionStatus::Pending] {
        assert!(seen.contains(&status), "{status:?}");
    }
}

#[tokio::test]
async fn a_reference_that_monei_does_not_know_says_nothing_against_the_connection() {
    let world = World::new().await;
    let account = world.connect("ada", WALLET, WALLET).await;
    let part = WalletPart::Deposit { reference: "DEP-nobody".into() };
    let WalletPartData::Deposit(found) = read(&world, &account, &part).await.unwrap() else { panic!("no answer") };
    assert_eq!(found.deposit, None);
    let before = api_calls(&world).await;
    let part = WalletPart::Deposit { reference: "../../user/me".into() };
    assert_eq!(read(&world, &account, &part).await.unwrap_err().code, ProblemCode::InvalidInput);
    assert_eq!(api_calls(&world).await, before);
    let health = serde_json::to_value(&world.core.view().accounts[0].health).unwrap();
    assert_eq!(health["kind"], "connected");
}

#[tokio::test]
async fn a_tier_that_blocks_reading_is_said_as_such() {
    let world = World::new().await;
    let account = world.connect("blocked", WALLET, WALLET).await;
    world.control("switch", json!({"name": "kyc_blocks", "value": "wallet_reads"})).await;
    for (part, _) in parts() {
        assert_eq!(read(&world, &account, &part).await.unwrap_err().code, ProblemCode::LimitReached, "{part:?}");
    }
}
