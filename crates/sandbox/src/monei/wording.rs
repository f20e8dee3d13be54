//! Scopes in plain English, as the consent page shows them.

use monei::Scope;

/// What a person reads about one scope.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Words {
    pub(crate) title: &'static str,
    pub(crate) detail: &'static str,
    /// Shown besides for the sensitive ones.
    pub(crate) warning: Option<&'static str>,
}

/// The words for `scope`.
pub(crate) fn of(scope: &Scope) -> Words {
    let (title, detail, warning) = match scope {
        Scope::ProfileRead => ("See your profile", "Your name, email address, phone number and account details.", None),
        Scope::KycRead => ("See your verification level", "Your KYC tier and the limits that come with it.", None),
        Scope::WalletRead => {
            ("See your wallets and history", "Balances, portfolios, transactions, bill records and sales of crypto.", None)
        }
        Scope::WalletDeposit => ("Start deposits", "Start deposits into your wallet and make payment links.", None),
        Scope::WalletSend => (
            "Send money to Monei users",
            "Pay other Monei users out of your wallet.",
            Some("This app can send your money to other people. A payment can't be taken back."),
        ),
        Scope::WalletWithdraw => (
            "Withdraw to bank accounts",
            "Pay out of your wallet to any bank account.",
            Some("This app can move your money to a bank account. A payout can't be taken back."),
        ),
        Scope::SwapExecute => (
            "Swap and send crypto",
            "Swap tokens and send crypto on EVM networks and Solana.",
            Some("This app can trade your crypto and send it away, without asking you for each time."),
        ),
        Scope::BillsPay => ("Pay bills", "Find billers, check customers, and pay airtime, data, electricity and TV.", None),
        Scope::OfframpExecute => (
            "Sell crypto to a bank account",
            "Get quotes, convert crypto to naira and pay it out.",
            Some("This app can sell your crypto and pay the money out, without asking you for each time."),
        ),
        Scope::Other(_) => ("Unknown permission", "The sandbox has no words for this permission.", None),
    };
    Words { title, detail, warning }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_the_sensitive_scopes_carry_a_warning() {
        for scope in Scope::KNOWN {
            assert_eq!(of(&scope).warning.is_some(), scope.is_sensitive(), "{scope}");
        }
    }
}
