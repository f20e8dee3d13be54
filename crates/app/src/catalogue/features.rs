//! What a person reads of each permission, in English. A row of the table of permissions without its words doesn't compile.

use monei::Scope;
use monei::permission::Group;

use super::{FeatureWords, GroupWords};

/// The words of the feature that needs `scope`; `None` for a scope that this version doesn't know.
pub const fn words(scope: &Scope) -> Option<FeatureWords> {
    let (title, allows, why) = match scope {
        Scope::ProfileRead => (
            "Profile",
            "see your name, e-mail address and phone number.",
            "Needed to tell your accounts apart, and to notice when somebody else approves by mistake.",
        ),
        Scope::KycRead => (
            "Tier and limits",
            "see your verification tier and what it lets you do.",
            "Needed to show your limits, and why Monei would refuse a payment.",
        ),
        Scope::WalletRead => (
            "Balance and history",
            "see your balances, wallets and transactions.",
            "Needed to show what you have and what came in and went out. It can’t move anything.",
        ),
        Scope::WalletDeposit => (
            "Receive money",
            "start deposits and make payment links into your wallet.",
            "Needed when a program of yours is to collect payments for you. It can’t take money out.",
        ),
        Scope::WalletSend => {
            ("Send to a Monei user", "pay other Monei users from your wallet.", "Needed only by a program of yours that pays people.")
        }
        Scope::WalletWithdraw => (
            "Pay out to a bank",
            "pay out from your wallet to a bank account.",
            "Needed only by a program of yours that moves money to banks.",
        ),
        Scope::BillsPay => {
            ("Pay bills", "buy airtime and data, and pay electricity and TV bills.", "Needed only by a program of yours that pays bills.")
        }
        Scope::SwapExecute => (
            "Swap and send crypto",
            "swap tokens and send crypto to any address.",
            "Needed only by a program of yours that trades or sends crypto.",
        ),
        Scope::OfframpExecute => (
            "Sell crypto to a bank",
            "sell crypto and have the proceeds paid to a bank account.",
            "Needed only by a program of yours that turns crypto into naira.",
        ),
        Scope::Other(_) => return None,
    };
    Some(FeatureWords { title, allows, why })
}

/// The words of a group of features.
pub const fn group(group: Group) -> GroupWords {
    let (title, lead) = match group {
        Group::See => ("See", "Reading only. Nothing here can move money."),
        Group::Receive => ("Receive", "Money coming in."),
        Group::Spend => {
            ("Spend", "Nothing in this program spends. These are for other programs of yours that may use this connection later.")
        }
    };
    GroupWords { title, lead }
}
