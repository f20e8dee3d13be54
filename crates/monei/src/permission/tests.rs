//! What holds for every row of the table.

use std::collections::HashSet;

use super::*;

#[test]
fn every_scope_and_every_feature_has_exactly_one_row() {
    for scope in Scope::KNOWN {
        assert_eq!(Permission::of(&scope).map(|row| &row.scope), Some(&scope));
        assert_eq!(PERMISSIONS.iter().filter(|row| row.scope == scope).count(), 1, "{scope}");
    }
    for row in &PERMISSIONS {
        assert_eq!(Permission::named(row.feature), Some(row));
        assert!(row.feature.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{}", row.feature);
    }
    assert_eq!(Permission::of(&"cards:freeze".parse().unwrap()), None);
}

#[test]
fn a_call_needs_one_permission_and_never_two() {
    let mut seen = HashSet::new();
    for row in &PERMISSIONS {
        for endpoint in row.endpoints {
            let path = endpoint.fill(&vec!["x"; endpoint.path.matches("/:").count()]).unwrap();
            assert!(seen.insert((endpoint.method, path.clone())), "{path} is listed twice");
            assert_eq!(find(endpoint.method, &path), Some((row, endpoint)), "{path}");
            let opened_by = PERMISSIONS.iter().filter(|other| other.opens(endpoint.method, &path).is_some()).count();
            assert_eq!(opened_by, 1, "{path}");
        }
    }
}

#[test]
fn the_group_of_a_permission_is_what_its_calls_do() {
    for row in &PERMISSIONS {
        let does = |effect| row.endpoints.iter().any(|endpoint| endpoint.effect == effect);
        let group = match (does(Effect::Spends), does(Effect::Receives)) {
            (true, _) => Group::Spend,
            (false, true) => Group::Receive,
            (false, false) => Group::See,
        };
        assert_eq!(row.group, group, "{}", row.scope);
        assert!(row.spends() || !row.sensitive, "{}: a warning about what spends nothing", row.scope);
    }
}

#[test]
fn reading_needs_no_post_and_no_get_moves_money() {
    for endpoint in PERMISSIONS.iter().flat_map(|row| row.endpoints) {
        assert!(endpoint.method == Method::Post || endpoint.effect == Effect::Reads, "GET {} does something", endpoint.path);
    }
    let reading = PERMISSIONS.iter().filter(|row| row.group == Group::See);
    assert!(reading.flat_map(|row| row.endpoints).all(|endpoint| endpoint.method == Method::Get));
}

/// Monei's scopes page, as far as it was seen.
#[test]
fn the_documented_scopes_are_all_there_and_four_of_them_warn() {
    let names: Vec<&str> = PERMISSIONS.iter().map(|row| row.scope.as_str()).collect();
    let documented = [
        "profile:read",
        "kyc:read",
        "wallet:read",
        "wallet:deposit",
        "wallet:send",
        "wallet:withdraw",
        "bills:pay",
        "swap:execute",
        "offramp:execute",
    ];
    assert_eq!(names, documented);
    let warned: Vec<&str> = PERMISSIONS.iter().filter(|row| row.sensitive).map(|row| row.scope.as_str()).collect();
    assert_eq!(warned, ["wallet:send", "wallet:withdraw", "swap:execute", "offramp:execute"]);
    let listed = Permission::of(&Scope::WalletRead).unwrap().endpoints.iter().filter(|row| row.source == Source::Documented);
    assert_eq!(listed.count(), 13);
}

#[test]
fn what_is_read_for_a_person_is_in_the_table() {
    use crate::read::{Bills, Deposit, KycLimits, KycStatus, Portfolio, Profile, Sale, Sales, Transactions, Wallet};
    let of_reference = [Sale::PATH, Deposit::PATH].map(|path| path.replace(":reference", "R-1"));
    let paths = [Profile::PATH, KycStatus::PATH, KycLimits::PATH, Wallet::PATH, Transactions::PATH, Transactions::OTHER_PATH];
    let parts = [Portfolio::evm_path(56), Portfolio::SOLANA_PATH.into(), Sales::PATH.into(), Bills::PATH.into()];
    for path in paths.map(str::to_owned).into_iter().chain(parts).chain(of_reference) {
        let path = path.as_str();
        assert!(find(Method::Get, path).is_some_and(|(row, _)| row.group == Group::See), "{path}");
    }
}

#[test]
fn the_older_bill_paths_need_the_permission_to_pay_bills() {
    for (method, path) in [
        (Method::Post, "/bills/buy-airtime"),
        (Method::Post, "/bills/buy-mobile-data"),
        (Method::Post, "/bills/buy-electricity"),
        (Method::Post, "/bills/subscribe-cable-tv"),
        (Method::Get, "/bills/discovery/electricity"),
        (Method::Get, "/bills/get-biller-items/CABLEBILLS/DSTV"),
    ] {
        assert!(find(method, path).is_some_and(|(row, _)| row.scope == Scope::BillsPay), "{path}");
    }
}

#[test]
fn nothing_else_is_called() {
    let long = format!("/wallet/deposit/status/{}", "a".repeat(129));
    for path in [
        "",
        "/",
        "/user",
        "/user/me/",
        "/user/me/x",
        "//user/me",
        "/User/me",
        "user/me",
        "/user/me?x=1",
        "/wallet/utils/banks",
        "/wallet/deposit/status/",
        "/wallet/deposit/status/.",
        "/wallet/deposit/status/..",
        "/wallet/deposit/status/a/b",
        "/wallet/deposit/status/a%2Fb",
        "/wallet/deposit/status/a b",
        "/wallet/deposit/status/ä",
        "/wallet/deposit/status/:reference/..",
        "/evm/portfolio/../../user/me",
        long.as_str(),
    ] {
        assert_eq!(find(Method::Get, path), None, "{path:.60}");
    }
    assert_eq!(find(Method::Post, "/user/me"), None);
    assert_eq!(find(Method::Get, "/wallet/payout/transfer"), None);
    assert!(find(Method::Get, "/wallet/deposit/status/DEP-2026_01:a.b").is_some());
}

#[test]
fn a_path_is_built_from_its_template_and_from_nothing_else() {
    let (_, status) = find(Method::Get, "/wallet/deposit/status/x").unwrap();
    assert_eq!(status.fill(&["DEP-1"]).as_deref(), Some("/wallet/deposit/status/DEP-1"));
    for wrong in [&[][..], &["a", "b"], &["../.."], &[".."], &["a/b"], &["a?b"], &["%2e%2e"], &[""]] {
        assert_eq!(status.fill(wrong), None, "{wrong:?}");
    }
}

#[test]
fn the_permissions_of_a_set_come_in_the_order_of_the_table() {
    let set = ScopeSet::parse("wallet:send cards:freeze profile:read").unwrap();
    assert_eq!(held(&set).map(|row| row.feature).collect::<Vec<_>>(), ["profile", "send"]);
}
