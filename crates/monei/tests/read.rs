//! One fixture per shape that Monei documents or that was observed.
#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up must fail")]

use jiff::Timestamp;
use monei::money::{Amount, Money};
use monei::read::{
    KycLimits, KycStatus, MAX_ITEMS, Nature, Profile, ReadError, SubwalletKind, TransactionKind, TransactionState, Transactions, Wallet,
};
use proptest::prelude::*;

macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!("fixtures/", $name, ".json"))
    };
}

fn amount(text: &str) -> Option<Amount> {
    Some(Amount(text.parse().unwrap()))
}

fn ada() -> Profile {
    Profile {
        id: Some("6f1c2d34-0000-4000-8000-000000000001".into()),
        first_name: Some("Ada".into()),
        last_name: Some("Obi".into()),
        full_name: None,
        email: Some("ada@example.test".into()),
        phone: Some("+2348012345678".into()),
        verified: Some(true),
        created_at: Some("2024-03-05T09:30:00Z".parse::<Timestamp>().unwrap()),
    }
}

fn limits(tier: Option<u8>) -> KycLimits {
    KycLimits {
        tier,
        single: amount("200000"),
        daily: amount("200000"),
        monthly: amount("2000000"),
        balance: amount("500000.5"),
        crypto_daily: amount("100000"),
        crypto: Some(true),
        cross_border: Some(false),
        p2p: Some(true),
        withdrawal: Some(false),
    }
}

#[test]
fn profile_in_an_envelope() {
    let profile = Profile::parse(fixture!("profile/envelope")).unwrap();
    assert_eq!(profile, ada());
    assert_eq!(profile.name().as_deref(), Some("Ada Obi"));
    assert!(!format!("{profile:?}").contains("DROP"), "device and token fields must not be kept");
}

#[test]
fn profile_as_the_account_page_has_it() {
    assert_eq!(Profile::parse(fixture!("profile/docs")).unwrap(), ada());
}

#[test]
fn profile_bare_and_minimal() {
    let profile = Profile::parse(fixture!("profile/bare_minimal")).unwrap();
    assert_eq!(
        (profile.id.as_deref(), profile.name().as_deref(), profile.phone, profile.verified),
        (Some("u-2"), Some("Tunde"), None, None)
    );
}

#[test]
fn profile_with_capital_status_code_and_one_name() {
    assert_eq!(Profile::parse(fixture!("profile/capital_status_code")).unwrap().name().as_deref(), Some("Single Name"));
}

#[test]
fn profile_without_kyc_info() {
    assert_eq!(Profile::parse(fixture!("profile/kyc_info_null")).unwrap(), Profile { verified: None, ..ada() });
}

#[test]
fn damaged_profile_fields_are_not_available() {
    assert_eq!(Profile::parse(fixture!("profile/damaged_fields")).unwrap(), Profile::default());
}

#[test]
fn kyc_status_in_every_wrapping() {
    for body in [&fixture!("kyc_status/envelope")[..], fixture!("kyc_status/bare"), fixture!("kyc_status/misspelt_limits")] {
        let status = KycStatus::parse(body).unwrap();
        assert_eq!((status.tier, status.status.as_deref(), status.can_upgrade), (Some(1), Some("verified"), Some(true)));
        assert_eq!(status.limits, limits(Some(1)));
    }
}

#[test]
fn kyc_level_is_no_tier() {
    let status = KycStatus::parse(fixture!("kyc_status/level")).unwrap();
    assert_eq!((status.tier, status.level, status.status.as_deref()), (None, Some(1), Some("pending")));
}

#[test]
fn kyc_tier_in_upper_case() {
    let status = KycStatus::parse(fixture!("kyc_status/upper_case_tier")).unwrap();
    assert_eq!((status.tier, status.can_upgrade, status.limits), (Some(4), Some(false), KycLimits::default()));
}

#[test]
fn damaged_kyc_fields_are_not_available() {
    assert_eq!(KycStatus::parse(fixture!("kyc_status/damaged_fields")).unwrap(), KycStatus::default());
}

#[test]
fn kyc_limits_flat_or_nested() {
    for body in [&fixture!("kyc_limits/flat")[..], fixture!("kyc_limits/flat_bare"), fixture!("kyc_limits/flat_misspelt")] {
        assert_eq!(KycLimits::parse(body).unwrap(), limits(None));
    }
    for body in [&fixture!("kyc_limits/nested")[..], fixture!("kyc_limits/nested_bare")] {
        assert_eq!(KycLimits::parse(body).unwrap(), limits(Some(3)));
    }
}

#[test]
fn a_limit_that_is_not_told_is_not_zero() {
    let partial = KycLimits::parse(fixture!("kyc_limits/partial")).unwrap();
    assert_eq!(partial, KycLimits { daily: amount("200000"), crypto: Some(true), ..KycLimits::default() });
    assert_eq!(partial.or(limits(Some(1))).monthly, amount("2000000"));
}

#[test]
fn wallet_with_the_balance_as_string_or_number() {
    let wallet = Wallet::parse(fixture!("wallet/naira_string")).unwrap();
    assert_eq!((wallet.naira, wallet.id()), (amount("1805.00"), Some("w-fiat")));
    let fiat = &wallet.subwallets[0];
    assert_eq!((fiat.kind, fiat.currency.as_deref(), fiat.balance), (SubwalletKind::Fiat, Some("NGN"), amount("1805")));
    assert_eq!((fiat.bank_name.as_deref(), fiat.account_number.as_deref()), (Some("Indulge MFB"), Some("9907581802")));
    let solana = &wallet.subwallets[2];
    assert_eq!(
        (solana.kind, solana.chain.as_deref(), solana.address.as_deref()),
        (SubwalletKind::Crypto, Some("SOLANA"), Some("So1ExampleAddress"))
    );
    assert_eq!(Wallet::parse(fixture!("wallet/naira_number")).unwrap().naira, amount("1805.5"));
    assert_eq!(Wallet::parse(fixture!("wallet/bare")).unwrap().naira, amount("1805"));
}

#[test]
fn wallet_without_parent_id_is_still_recognised_as_the_same() {
    let wallet = Wallet::parse(fixture!("wallet/no_parent_no_account")).unwrap();
    assert_eq!(wallet.id(), Wallet::parse(fixture!("wallet/bare")).unwrap().id());
    assert_eq!((&wallet.subwallets[0].parent_id, &wallet.subwallets[0].bank_name), (&None, &None));
}

#[test]
fn portfolios_are_found_beside_and_inside() {
    for body in [&fixture!("wallet/portfolios_beside")[..], fixture!("wallet/portfolios_inside")] {
        let native: Vec<_> = Wallet::parse(body).unwrap().subwallets.into_iter().map(|wallet| wallet.native).collect();
        let coin = |amount: &str, symbol: &str| Some(Money { amount: amount.parse().unwrap(), currency: symbol.into() });
        assert_eq!(native, [None, coin("0.0012", "ETH"), coin("2.500000001", "SOL")]);
    }
}

#[test]
fn damaged_wallet_fields_are_not_available() {
    let wallet = Wallet::parse(fixture!("wallet/damaged_fields")).unwrap();
    assert_eq!((wallet.naira, wallet.subwallets.len()), (None, 2));
    assert_eq!((wallet.subwallets[0].kind, wallet.subwallets[0].balance, &wallet.subwallets[0].id), (SubwalletKind::Unknown, None, &None));
    assert_eq!((wallet.subwallets[1].kind, wallet.subwallets[1].balance), (SubwalletKind::Fiat, None));
}

#[test]
fn transactions_in_every_wrapping() {
    for body in [&fixture!("transactions/envelope")[..], fixture!("transactions/bare"), fixture!("transactions/list_with_meta")] {
        let page = Transactions::parse(body).unwrap();
        assert_eq!((page.total, page.items[0].amount, page.items[0].kind), (Some(42), amount("1000"), Some(TransactionKind::Debit)));
    }
    let list = Transactions::parse(fixture!("transactions/bare_list")).unwrap();
    assert_eq!((list.items.len(), list.total), (1, None));
}

#[test]
fn transaction_without_currency_and_narration() {
    let item = Transactions::parse(fixture!("transactions/no_currency_null_narration")).unwrap().items.remove(0);
    assert_eq!((item.amount, item.currency, item.narration), (amount("1000.50"), None, None));
}

#[test]
fn every_status_is_understood_in_any_case() {
    use TransactionState::{Cancelled, Done, Failed, Pending, Unknown};
    let states: Vec<_> = Transactions::parse(fixture!("transactions/every_status")).unwrap().items.iter().map(|item| item.state).collect();
    assert_eq!(states, [Pending, Done, Failed, Done, Cancelled, Pending, Pending, Pending, Done, Failed, Unknown, Unknown]);
}

#[test]
fn type_and_nature_are_understood_in_any_case() {
    use TransactionKind::{Credit, Debit, PeerTransfer};
    let page = Transactions::parse(fixture!("transactions/every_type")).unwrap();
    let kinds: Vec<_> = page.items.iter().map(|item| (item.kind, item.nature)).collect();
    let peer = Some(PeerTransfer);
    let expected = [
        (Some(Debit), None),
        (Some(Credit), None),
        (peer, Some(Nature::FiatPeer)),
        (peer, Some(Nature::FiatIn)),
        (peer, Some(Nature::OtherOut)),
        (None, Some(Nature::Other)),
    ];
    assert_eq!(kinds, expected);
}

#[test]
fn damaged_transaction_fields_are_not_available() {
    let page = Transactions::parse(fixture!("transactions/damaged_fields")).unwrap();
    let item = &page.items[0];
    assert_eq!((page.items.len(), page.total, item.amount, item.kind, item.state), (1, None, None, None, TransactionState::Unknown));
}

#[test]
fn another_body_altogether_is_an_error() {
    for body in [
        &b"null"[..],
        b"7",
        b"[]",
        b"{}",
        br#"{"statusCode":404,"message":"Not found"}"#,
        br#"{"statusCode":200,"message":"ok","data":null}"#,
    ] {
        assert_eq!(Profile::parse(body), Err(ReadError::NotThisShape));
        assert_eq!(KycStatus::parse(body), Err(ReadError::NotThisShape));
        assert_eq!(KycLimits::parse(body), Err(ReadError::NotThisShape));
        assert_eq!(Wallet::parse(body), Err(ReadError::NotThisShape));
        assert!(body == b"[]" || Transactions::parse(body) == Err(ReadError::NotThisShape));
    }
    for body in [&b""[..], b"<html>", b"\xff\xfe", &[b'['; 100_000]] {
        assert_eq!(Profile::parse(body), Err(ReadError::NotJson));
        assert_eq!(Transactions::parse(body), Err(ReadError::NotJson));
    }
}

#[test]
fn lists_are_bounded() {
    let subwallets: Vec<_> = (0..MAX_ITEMS + 5).map(|n| serde_json::json!({"id": n.to_string(), "type": "FIAT"})).collect();
    let wallet = Wallet::parse(serde_json::json!({ "subwallets": subwallets }).to_string().as_bytes()).unwrap();
    assert_eq!(wallet.subwallets.len(), MAX_ITEMS);
    let transactions = vec![serde_json::json!({}); MAX_ITEMS + 5];
    assert_eq!(Transactions::parse(serde_json::json!(transactions).to_string().as_bytes()).unwrap().items.len(), MAX_ITEMS);
}

/// JSON whose keys are often the ones that the readers look for.
fn any_json() -> impl Strategy<Value = serde_json::Value> {
    let key = prop_oneof![
        "[a-z]{0,6}",
        prop::sample::select(vec![
            "data",
            "statusCode",
            "message",
            "meta",
            "id",
            "name",
            "firstName",
            "kycInfo",
            "verified",
            "createdAt",
            "currentTier",
            "level",
            "limits",
            "nairaBalance",
            "subwallets",
            "type",
            "chain",
            "balance",
            "virtualAccount",
            "evmPortfolio",
            "nativeToken",
            "transactions",
            "pagination",
            "total",
            "amount",
            "status",
            "nature",
            "dailyTransactionLimit",
        ])
        .prop_map(str::to_owned),
    ];
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_map(|number| serde_json::json!(number)),
        ".{0,12}".prop_map(Into::into),
        prop::sample::select(vec!["tier_1", "FIAT", "EVM", "SOLANA", "1e400", "-0", "2024-03-05T09:30:00Z", "\u{202e}x"])
            .prop_map(Into::into),
    ];
    leaf.prop_recursive(5, 64, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(serde_json::Value::Array),
            prop::collection::vec((key.clone(), inner), 0..8).prop_map(|pairs| serde_json::Value::Object(pairs.into_iter().collect())),
        ]
    })
}

fn read_all(body: &[u8]) {
    let _ = Profile::parse(body);
    let _ = KycStatus::parse(body);
    let _ = KycLimits::parse(body);
    let _ = Wallet::parse(body).map(|wallet| wallet.id().map(str::to_owned));
    let _ = Transactions::parse(body);
}

proptest! {
    #[test]
    fn no_json_makes_a_reader_panic(value in any_json()) {
        read_all(value.to_string().as_bytes());
    }

    #[test]
    fn no_bytes_make_a_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..256)) {
        read_all(&bytes);
    }
}
