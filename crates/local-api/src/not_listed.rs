//! Calls that no permission opens: the sentence that says so, with the documented path where there is one.

/// Paths that published clients call and Monei's pages don't have, with the documented one.
const DOCUMENTED: [(&str, &str); 9] = [
    ("/wallet/peer-transfer", "POST /wallet/payout/transfer"),
    ("/wallet/withdrawals", "POST /wallet/payout/bank-transfer"),
    ("/wallet/user/fund-wallet", "POST /wallet/deposit"),
    ("/bills/history", "GET /bills/records"),
    ("/bills/validate", "POST /bills/validation/customer"),
    ("/evm-exchange/quote/native-to-token", "POST /evm-exchange/price/native-to-token"),
    ("/evm-exchange/quote/token-to-token", "POST /evm-exchange/price/token-to-token"),
    ("/evm-exchange/quote/token-to-native", "POST /evm-exchange/price/token-to-native"),
    ("/solana-exchange/quote", "GET /solana-exchange/quote/sol-to-token"),
];

/// What stands in the place of older paths that move money, whose bodies nobody documents.
const NEWER: [(&str, &str); 4] = [
    ("/bills/buy-airtime", "POST /bills/pay/airtime"),
    ("/bills/buy-mobile-data", "POST /bills/pay/data"),
    ("/bills/buy-electricity", "POST /bills/pay/electricity"),
    ("/bills/subscribe-cable-tv", "POST /bills/pay/cable-tv"),
];

/// The sentence for a path that moves money and can't be shown to the person.
pub(crate) fn older(path: &str) -> String {
    let newer = NEWER.iter().find(|(older, _)| *older == path).map(|(_, newer)| format!(" Use {newer} instead.")).unwrap_or_default();
    format!("What this call pays isn't documented, so it can't be shown to the person. Nothing was sent.{newer}")
}

/// Why a path below `/api/v1` isn't passed on, with the documented call where there is one.
pub fn sentence(path: &str) -> String {
    let other_method = |method| monei::permission::find(method, path).map(|_| method.as_str());
    if let Some((_, documented)) = DOCUMENTED.iter().find(|(undocumented, _)| *undocumented == path) {
        return format!("Monei Connections doesn't pass this call on. Monei documents {documented} instead.");
    }
    if let Some(method) = other_method(monei::Method::Get).or_else(|| other_method(monei::Method::Post)) {
        return format!("Monei Connections doesn't pass this call on. Monei documents this path with the method {method}.");
    }
    "Monei Connections doesn't pass this call on: no permission of Monei's opens it.".to_owned()
}

#[cfg(test)]
mod tests {
    use monei::Method;
    use monei::permission::find;

    use super::*;

    #[test]
    fn what_is_named_instead_is_passed_on_and_what_is_asked_is_not() {
        for (undocumented, documented) in DOCUMENTED {
            let is_listed = |name: &str, path| find(if name == "GET" { Method::Get } else { Method::Post }, path).is_some();
            assert!(documented.split_once(' ').is_some_and(|(method, path)| is_listed(method, path)), "{documented}");
            assert!(!is_listed("GET", undocumented) && !is_listed("POST", undocumented), "{undocumented}");
            assert!(sentence(undocumented).contains(documented));
        }
        for (older_path, newer) in NEWER {
            assert!(monei::payment::Form::of(older_path).is_none());
            assert!(newer.split_once(' ').is_some_and(|(_, path)| monei::payment::Form::of(path).is_some()), "{newer}");
            assert!(older(older_path).contains(newer));
        }
        assert!(sentence("/wallet/payout/transfer").contains("method POST"));
    }
}
