//! Monei's answers about parts of a wallet as a person sees them: pure mapping.

use jiff::Timestamp;
use monei::money::{Amount, TokenAmount};
use monei::read::{self, Bill, Bills, Deposit, Nature, PaymentState, Portfolio, Sale, SaleState, Sales, Transaction, Transactions};

use super::reads::{NAIRA, money, transaction};
use crate::model::snapshot::{
    BillItem, BillKind, BillsData, DepositItem, DepositsData, Holding, MoneyAmount, PortfolioData, SaleItem, SaleStatus, SalesData,
    TransactionStatus,
};

/// The currency of what coins are worth.
const DOLLARS: &str = "USD";

/// `GET /evm/portfolio/:chainId` or `GET /solana/portfolio` for display.
pub fn portfolio(portfolio: &Portfolio) -> PortfolioData {
    let native = portfolio.native.iter().map(|coin| holding(coin, true));
    let tokens = portfolio.tokens.iter().map(|token| holding(token, false));
    PortfolioData {
        address: portfolio.address.clone(),
        worth: dollars(portfolio.worth_usd),
        holdings: native.chain(tokens).collect(),
        left_out: u32::try_from(portfolio.left_out).unwrap_or(u32::MAX),
    }
}

fn holding(coin: &read::Holding, native: bool) -> Holding {
    Holding {
        native,
        name: coin.name.clone(),
        symbol: coin.symbol.clone(),
        contract: coin.contract.clone(),
        balance: coin.balance.as_ref().map(TokenAmount::to_string),
        worth: dollars(coin.worth_usd),
    }
}

fn dollars(worth: Option<Amount>) -> Option<MoneyAmount> {
    worth.map(|worth| money(worth.0, DOLLARS))
}

/// `GET /offramp/ledger/history` for display.
pub fn sales(sales: &Sales, more: bool) -> SalesData {
    SalesData { items: sales.items.iter().map(sale).collect(), total: count(sales.total), more }
}

/// `GET /offramp/ledger/status/:reference`, or a line of the list, for display.
pub fn sale(sale: &Sale) -> SaleItem {
    let (status, said) = sale_status(&sale.state);
    let in_fiat = |amount: Option<Amount>| amount.zip(sale.fiat_currency.as_deref());
    SaleItem {
        reference: sale.reference.clone(),
        status,
        said,
        crypto: sale.crypto.as_ref().map(TokenAmount::to_string),
        asset: sale.asset.clone(),
        network: sale.network.clone(),
        fiat: in_fiat(sale.fiat).map(|(amount, currency)| money(amount.0, currency)),
        // A rate keeps all of its places.
        rate: in_fiat(sale.rate)
            .map(|(rate, currency)| MoneyAmount { amount: rate.0.normalize().to_string(), currency: currency.to_owned() }),
        bank_code: sale.bank_code.clone(),
        account_number: sale.account_number.clone(),
        account_name: sale.account_name.clone(),
        failure: sale.failure.clone(),
        at: millis(sale.created_at),
        updated_at: millis(sale.updated_at),
        ended_at: millis(sale.completed_at.or(sale.failed_at)),
        expires_at: millis(sale.expires_at),
    }
}

fn sale_status(state: &SaleState) -> (SaleStatus, Option<String>) {
    let status = match state {
        SaleState::Begun => SaleStatus::Begun,
        SaleState::AwaitingDeposit => SaleStatus::AwaitingDeposit,
        SaleState::DepositReceived => SaleStatus::DepositReceived,
        SaleState::Processing => SaleStatus::Processing,
        SaleState::FiatSent => SaleStatus::FiatSent,
        SaleState::Completed => SaleStatus::Completed,
        SaleState::Failed => SaleStatus::Failed,
        SaleState::Cancelled => SaleStatus::Cancelled,
        SaleState::Refunded => SaleStatus::Refunded,
        SaleState::Expired => SaleStatus::Expired,
        SaleState::Other(word) => return (SaleStatus::Unknown, Some(word.clone())),
        SaleState::Unknown => SaleStatus::Unknown,
    };
    (status, None)
}

/// `GET /bills/records` for display.
pub fn bills(bills: &Bills, more: bool) -> BillsData {
    BillsData { items: bills.items.iter().map(bill).collect(), total: count(bills.total), more }
}

fn bill(bill: &Bill) -> BillItem {
    let (status, said) = payment_status(&bill.state);
    BillItem {
        reference: bill.reference.clone(),
        kind: match bill.kind {
            read::BillKind::Airtime => BillKind::Airtime,
            read::BillKind::MobileData => BillKind::MobileData,
            read::BillKind::CableTv => BillKind::CableTv,
            read::BillKind::Utility => BillKind::Utility,
            read::BillKind::Other(_) | read::BillKind::Unknown => BillKind::Unknown,
        },
        status,
        said,
        biller: bill.biller.clone(),
        customer: bill.customer.clone(),
        amount: bill.amount.map(|amount| money(amount.0, NAIRA)),
        at: millis(bill.created_at),
        meter_code: bill.meter_code.clone(),
        units: bill.units.clone(),
        validity: bill.validity.clone(),
    }
}

/// Naira that came in, of `GET /transactions`. What Monei says is something else, such as crypto that was sold, is left out.
pub fn deposits(found: &Transactions, more: bool) -> DepositsData {
    let is_deposit = |item: &&Transaction| matches!(item.nature, None | Some(Nature::FiatIn));
    DepositsData { items: found.items.iter().filter(is_deposit).map(transaction).collect(), more }
}

/// `GET /wallet/deposit/status/:reference` for display.
pub fn deposit(deposit: &Deposit) -> DepositItem {
    let (status, said) = payment_status(&deposit.state);
    let currency = deposit.currency.as_deref().unwrap_or(NAIRA);
    let paid = |amount: Option<Amount>| amount.map(|amount| money(amount.0, currency));
    DepositItem {
        status,
        said,
        amount: paid(deposit.amount),
        total: paid(deposit.total),
        fee: paid(deposit.fee),
        narration: deposit.narration.clone(),
        bank_name: deposit.bank_name.clone(),
        account_number: deposit.account_number.clone(),
        account_name: deposit.account_name.clone(),
        expires_at: millis(deposit.expires_at),
    }
}

fn payment_status(state: &PaymentState) -> (TransactionStatus, Option<String>) {
    let status = match state {
        PaymentState::Pending => TransactionStatus::Pending,
        PaymentState::Done => TransactionStatus::Done,
        PaymentState::Failed => TransactionStatus::Failed,
        PaymentState::Cancelled => TransactionStatus::Cancelled,
        PaymentState::Other(word) => return (TransactionStatus::Unknown, Some(word.clone())),
        PaymentState::Unknown => TransactionStatus::Unknown,
    };
    (status, None)
}

fn count(total: Option<u64>) -> Option<u32> {
    total.and_then(|total| u32::try_from(total).ok())
}

fn millis(at: Option<Timestamp>) -> Option<i64> {
    at.map(Timestamp::as_millisecond)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_called_like_a_currency_stays_a_token_with_all_of_its_digits() {
        let body =
            br#"{"nativeToken":null,"tokens":[{"name":"Naira","symbol":"NGN","balance":"1000000.123456789","contractAddress":"0x1"}]}"#;
        let shown = portfolio(&Portfolio::parse_evm(body).unwrap());
        assert_eq!(shown.holdings[0].balance.as_deref(), Some("1000000.123456789"));
        assert_eq!((shown.holdings[0].symbol.as_deref(), shown.holdings[0].worth.as_ref()), (Some("NGN"), None));
    }

    #[test]
    fn a_status_that_this_version_does_not_know_is_shown_in_monei_s_word() {
        let shown = sale(&Sale::parse(br#"{"reference":"OFF-1","status":"on_hold","exchangeRate":1550.2575,"toCurrency":"NGN"}"#).unwrap());
        assert_eq!((shown.status, shown.said.as_deref()), (SaleStatus::Unknown, Some("on_hold")));
        assert_eq!(shown.rate.unwrap().amount, "1550.2575");
        let shown = deposit(&Deposit::parse(br#"{"reference":"D","status":"ON_HOLD","amount":5}"#).unwrap());
        assert_eq!((shown.status, shown.said.as_deref()), (TransactionStatus::Unknown, Some("ON_HOLD")));
        let shown = bills(&Bills::parse(br#"{"bills":[{"status":"ON_HOLD","type":"TOLLS"}]}"#).unwrap(), false);
        assert_eq!((shown.items[0].kind, shown.items[0].said.as_deref()), (BillKind::Unknown, Some("ON_HOLD")));
    }

    #[test]
    fn crypto_that_was_sold_is_no_deposit_and_what_names_no_kind_may_be_one() {
        let found = Transactions::parse(
            br#"[{"reference":"a","nature":"FIAT_DEPOSIT"},{"reference":"b","nature":"CRYPTO_TRADE_SELL"},{"reference":"c","nature":"CRYPTO_DEPOSIT"},{"reference":"d"}]"#,
        );
        let shown: Vec<_> = deposits(&found.unwrap(), false).items.into_iter().filter_map(|item| item.reference).collect();
        assert_eq!(shown, ["a", "d"]);
    }
}
