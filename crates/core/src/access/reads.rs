//! Monei's answers as a person sees them: pure mapping from [`monei::read`] to [`crate::model::snapshot`].

use jiff::Timestamp;
use monei::money::Amount;
use monei::read::{KycLimits, KycStatus, Nature, Profile, Subwallet, Transaction, TransactionKind, TransactionState, Transactions, Wallet};
use rust_decimal::{Decimal, RoundingStrategy};

use crate::model::snapshot::{
    Allowance, AllowanceKind, Direction, HistoryRow, KycData, Limit, LimitKind, MoneyAmount, ProfileData, SubwalletData, SubwalletKind,
    TransactionItem, TransactionStatus, TransactionsData, WalletData,
};

/// Most transactions shown.
const SHOWN: usize = 10;

/// Currencies that Monei's pages name as fiat, shown with two places. Anything else is a token and shown in full.
const FIAT: [&str; 8] = ["NGN", "USD", "EUR", "GBP", "GHS", "KES", "ZAR", "CAD"];

/// The currency of naira amounts.
pub(super) const NAIRA: &str = "NGN";

/// `GET /user/me` for display.
pub fn profile(profile: &Profile) -> ProfileData {
    ProfileData {
        name: profile.name(),
        email: profile.email.clone(),
        phone: profile.phone.clone(),
        verified: profile.verified,
        member_since: profile.created_at.map(Timestamp::as_millisecond),
    }
}

/// `GET /kyc/status` with `GET /kyc/limits`, where that answered. Every limit and allowance has its line, told or not.
pub fn kyc(status: &KycStatus, limits: Option<&KycLimits>) -> KycData {
    let limits = limits.cloned().unwrap_or_default().or(status.limits.clone());
    let limit = |kind, amount: Option<Amount>| Limit { kind, amount: amount.map(|amount| money(amount.0, NAIRA)) };
    let allowance = |kind, allowed| Allowance { kind, allowed };
    KycData {
        tier: status.tier.or(limits.tier),
        status: status.status.clone(),
        can_upgrade: status.can_upgrade,
        limits: vec![
            limit(LimitKind::Single, limits.single),
            limit(LimitKind::Daily, limits.daily),
            limit(LimitKind::Monthly, limits.monthly),
            limit(LimitKind::Balance, limits.balance),
            limit(LimitKind::CryptoDaily, limits.crypto_daily),
        ],
        allowances: vec![
            allowance(AllowanceKind::Crypto, limits.crypto),
            allowance(AllowanceKind::CrossBorder, limits.cross_border),
            allowance(AllowanceKind::P2p, limits.p2p),
            allowance(AllowanceKind::Withdrawal, limits.withdrawal),
        ],
    }
}

/// `GET /wallet/me` for display.
pub fn wallet(wallet: &Wallet) -> WalletData {
    let naira = wallet.naira.or_else(|| wallet.naira_wallet()?.balance);
    WalletData { naira: naira.map(|amount| money(amount.0, NAIRA)), subwallets: wallet.subwallets.iter().map(subwallet).collect() }
}

/// `GET /transactions` for display: the newest ten.
pub fn transactions(transactions: &Transactions) -> TransactionsData {
    let mut items: Vec<TransactionItem> = transactions.items.iter().map(transaction).collect();
    // Stable, so that the answer's own order decides where times are equal; without a time comes last.
    items.sort_by_key(|item| std::cmp::Reverse(item.at));
    items.truncate(SHOWN);
    TransactionsData { items, total: transactions.total.and_then(|total| u32::try_from(total).ok()) }
}

fn subwallet(wallet: &Subwallet) -> SubwalletData {
    let kind = match wallet.kind {
        monei::read::SubwalletKind::Fiat => SubwalletKind::Fiat,
        monei::read::SubwalletKind::Crypto => SubwalletKind::Crypto,
        monei::read::SubwalletKind::Unknown => SubwalletKind::Unknown,
    };
    // Whose units a crypto wallet's own `balance` counts isn't told reliably: only a portfolio names the coin.
    let stated = wallet.balance.zip(wallet.currency.as_deref()).filter(|_| kind != SubwalletKind::Crypto);
    let native = wallet.native.as_ref().map(|native| money(native.amount, &native.currency));
    let balance = native.or_else(|| stated.map(|(amount, currency)| money(amount.0, currency)));
    SubwalletData {
        kind,
        chain: wallet.chain.clone(),
        balance,
        address: wallet.address.clone(),
        bank_name: wallet.bank_name.clone(),
        account_number: wallet.account_number.clone(),
    }
}

/// A transaction for display.
pub fn transaction(item: &Transaction) -> TransactionItem {
    TransactionItem {
        at: item.created_at.map(Timestamp::as_millisecond),
        amount: item.amount.zip(currency(item)).map(|(amount, currency)| money(amount.0, currency)),
        direction: direction(item.kind, item.nature),
        status: status(item.state),
        narration: item.narration.clone(),
        reference: item.reference.clone(),
    }
}

/// A transaction with its exact amount, for a file.
pub fn row(item: &Transaction) -> HistoryRow {
    HistoryRow {
        id: item.id.clone(),
        at: item.created_at.map(Timestamp::as_millisecond),
        amount: item.amount.map(|amount| amount.0),
        currency: currency(item).map(str::to_owned),
        direction: direction(item.kind, item.nature),
        status: status(item.state),
        narration: item.narration.clone(),
        reference: item.reference.clone(),
    }
}

fn currency(item: &Transaction) -> Option<&str> {
    // Without a currency only the nature can tell that it was naira.
    let fiat = matches!(item.nature, Some(Nature::FiatIn | Nature::FiatOut | Nature::FiatPeer));
    item.currency.as_deref().or(fiat.then_some(NAIRA))
}

fn status(state: TransactionState) -> TransactionStatus {
    match state {
        TransactionState::Pending => TransactionStatus::Pending,
        TransactionState::Done => TransactionStatus::Done,
        TransactionState::Failed => TransactionStatus::Failed,
        TransactionState::Cancelled => TransactionStatus::Cancelled,
        TransactionState::Unknown => TransactionStatus::Unknown,
    }
}

fn direction(kind: Option<TransactionKind>, nature: Option<Nature>) -> Direction {
    match (kind, nature) {
        (Some(TransactionKind::Credit), _) => Direction::In,
        (Some(TransactionKind::Debit), _) => Direction::Out,
        (_, Some(Nature::FiatIn | Nature::OtherIn)) => Direction::In,
        (_, Some(Nature::FiatOut | Nature::OtherOut)) => Direction::Out,
        _ => Direction::Unknown,
    }
}

/// An amount for display.
pub(super) fn money(amount: Decimal, currency: &str) -> MoneyAmount {
    let currency = currency.to_owned();
    // "-0" is no amount that a person has.
    let amount = if amount.is_zero() { amount.abs() } else { amount };
    if FIAT.iter().any(|code| currency.eq_ignore_ascii_case(code)) {
        let rounded = amount.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero);
        return MoneyAmount { amount: format!("{rounded:.2}"), currency: currency.to_ascii_uppercase() };
    }
    MoneyAmount { amount: amount.to_string(), currency }
}

#[cfg(test)]
mod tests {
    use monei::money::Money;

    use super::*;

    fn amount(text: &str) -> Amount {
        Amount(text.parse().unwrap())
    }

    fn shown(text: &str, currency: &str) -> String {
        money(text.parse().unwrap(), currency).amount
    }

    fn one() -> Transaction {
        Transaction {
            id: None,
            reference: None,
            created_at: None,
            amount: Some(amount("1000")),
            currency: Some("NGN".into()),
            kind: None,
            nature: None,
            state: TransactionState::Done,
            narration: None,
        }
    }

    fn bare_subwallet(kind: monei::read::SubwalletKind) -> Subwallet {
        Subwallet {
            id: None,
            parent_id: None,
            kind,
            currency: None,
            balance: None,
            native: None,
            chain: None,
            address: None,
            bank_name: None,
            account_number: None,
        }
    }

    #[test]
    fn fiat_has_two_places_and_a_token_all_of_them() {
        assert_eq!(shown("1805", "NGN"), "1805.00");
        assert_eq!(shown("1805.005", "ngn"), "1805.01");
        assert_eq!(shown("-0", "NGN"), "0.00");
        assert_eq!(shown("0.0012000000", "ETH"), "0.0012000000");
        assert_eq!(shown("0.000000000000000001", "ETH"), "0.000000000000000001");
    }

    #[test]
    fn an_unknown_limit_keeps_its_line_and_is_not_zero() {
        let view = kyc(&KycStatus::default(), None);
        assert_eq!((view.limits.len(), view.allowances.len()), (5, 4));
        assert!(view.limits.iter().all(|limit| limit.amount.is_none()));
        assert!(view.allowances.iter().all(|allowance| allowance.allowed.is_none()));
    }

    #[test]
    fn the_limits_answer_goes_before_what_the_status_says() {
        let of_status = KycLimits { tier: Some(1), daily: Some(amount("1")), monthly: Some(amount("2")), ..KycLimits::default() };
        let status = KycStatus { limits: of_status, ..KycStatus::default() };
        let view = kyc(&status, Some(&KycLimits { daily: Some(amount("200000")), ..KycLimits::default() }));
        let text = |index: usize| view.limits[index].amount.as_ref().map(|money| money.amount.as_str());
        assert_eq!((text(1), text(2), view.tier), (Some("200000.00"), Some("2.00"), Some(1)));
    }

    #[test]
    fn the_newest_ten_come_first_and_the_undated_last() {
        let dated = |day: u32| Transaction { created_at: format!("2024-03-{day:02}T00:00:00Z").parse().ok(), ..one() };
        let mut items: Vec<_> = (1..=6).map(dated).collect();
        items.push(one());
        items.extend((7..=12).map(dated));
        let view = transactions(&Transactions { items, total: Some(u64::MAX), left_out: 0 });
        let times: Vec<_> = view.items.iter().map(|item| item.at.unwrap()).collect();
        assert_eq!(times.len(), 10);
        assert!(times.is_sorted_by(|a, b| a > b));
        assert_eq!(view.total, None);
    }

    #[test]
    fn direction_comes_from_the_type_and_else_from_the_nature() {
        use TransactionKind::{Credit, Debit, PeerTransfer};
        assert_eq!(direction(Some(Debit), None), Direction::Out);
        assert_eq!(direction(Some(Credit), Some(Nature::FiatOut)), Direction::In);
        assert_eq!(direction(Some(Debit), Some(Nature::FiatIn)), Direction::Out);
        assert_eq!(direction(Some(PeerTransfer), None), Direction::Unknown);
        assert_eq!(direction(Some(PeerTransfer), Some(Nature::FiatPeer)), Direction::Unknown);
        assert_eq!(direction(Some(PeerTransfer), Some(Nature::OtherOut)), Direction::Out);
        assert_eq!(direction(None, Some(Nature::FiatIn)), Direction::In);
        assert_eq!(direction(None, None), Direction::Unknown);
    }

    #[test]
    fn an_amount_of_unknown_currency_is_not_called_naira() {
        assert_eq!(transaction(&Transaction { currency: None, ..one() }).amount, None);
        let naira = transaction(&Transaction { currency: None, nature: Some(Nature::FiatIn), ..one() }).amount;
        assert_eq!(naira, Some(MoneyAmount { amount: "1000.00".into(), currency: "NGN".into() }));
    }

    #[test]
    fn the_naira_balance_falls_back_to_the_naira_wallet() {
        let fiat =
            Subwallet { currency: Some("NGN".into()), balance: Some(amount("5")), ..bare_subwallet(monei::read::SubwalletKind::Fiat) };
        let view = wallet(&Wallet { naira: None, subwallets: vec![fiat] });
        assert_eq!(view.naira.unwrap().amount, "5.00");
        assert_eq!(wallet(&Wallet::default()).naira, None);
    }

    #[test]
    fn a_crypto_wallet_shows_its_own_coin_or_nothing() {
        let crypto = Subwallet {
            currency: Some("NGN".into()),
            balance: Some(amount("0")),
            chain: Some("EVM".into()),
            ..bare_subwallet(monei::read::SubwalletKind::Crypto)
        };
        assert_eq!(subwallet(&crypto).balance, None);
        assert_eq!(subwallet(&Subwallet { currency: Some("CRYPTO".into()), ..crypto.clone() }).balance, None);
        let with_coin = Subwallet { native: Some(Money { amount: "0.5".parse().unwrap(), currency: "ETH".into() }), ..crypto };
        assert_eq!(subwallet(&with_coin).balance, Some(MoneyAmount { amount: "0.5".into(), currency: "ETH".into() }));
    }
}
