//! What a person reads of each permission, in English. A row of the table of permissions without its words doesn't compile.

use monei::Scope;
use monei::permission::Group;

use crate::catalogue::{FeatureWords, GroupWords};

/// The words of the feature that needs `scope`; `None` for a scope that this version doesn't know.
pub const fn words(scope: &Scope) -> Option<FeatureWords> {
    let (title, allows, why, worst) = match scope {
        Scope::ProfileRead => (
            "Profile",
            "see your name, email address and phone number.",
            "Needed to tell your accounts apart, and to notice when somebody else approves by mistake.",
            "Somebody learns who you are and how to reach you.",
        ),
        Scope::KycRead => (
            "Tier and limits",
            "see your verification tier and what it lets you do.",
            "Needed to show your limits, and why Monei would refuse a payment.",
            "Somebody learns how far Monei has verified you, and how much you may move.",
        ),
        Scope::WalletRead => (
            "Balance and history",
            "see your balances, wallets and transactions.",
            "Needed to show what you have and what came in and went out. It can’t move anything.",
            "Somebody learns how much you have, and whom you pay.",
        ),
        Scope::WalletDeposit => (
            "Receive money",
            "start deposits and make payment links into your wallet.",
            "Needed when a program of yours is to collect payments for you. It can’t take money out.",
            "Somebody asks others for money in your name. It would arrive in your wallet.",
        ),
        Scope::WalletSend => (
            "Send to a Monei user",
            "pay other Monei users from your wallet.",
            "Needed only by a program of yours that pays people.",
            "Your naira balance is paid to another Monei user, up to the limits of your tier. Such a payment can’t be called back.",
        ),
        Scope::WalletWithdraw => (
            "Pay out to a bank",
            "pay out from your wallet to a bank account.",
            "Needed only by a program of yours that moves money to banks.",
            "Your naira balance is paid out to somebody else’s bank account, up to the limits of your tier.",
        ),
        Scope::BillsPay => (
            "Pay bills",
            "buy airtime and data, and pay electricity and TV bills.",
            "Needed only by a program of yours that pays bills.",
            "Your naira balance is spent on airtime, data or bills of somebody else. Monei asks for no PIN for it.",
        ),
        Scope::SwapExecute => (
            "Swap and send crypto",
            "swap tokens and send crypto to any address.",
            "Needed only by a program of yours that trades or sends crypto.",
            "All your crypto is sent to an address of somebody else, for good. Monei asks for no PIN for it.",
        ),
        Scope::OfframpExecute => (
            "Sell crypto to a bank",
            "sell crypto and have the proceeds paid to a bank account.",
            "Needed only by a program of yours that turns crypto into naira.",
            "Your crypto is sold, and what it brings is paid to somebody else’s bank account. Monei asks for no PIN for it.",
        ),
        Scope::Other(_) => return None,
    };
    Some(FeatureWords { title, allows, why, worst })
}

/// The words of a group of features.
pub const fn group(group: Group) -> GroupWords {
    let (title, lead) = match group {
        Group::See => ("See", "Reading only. Nothing here can move money."),
        Group::Receive => ("Receive", "Money coming in."),
        Group::Spend => (
            "Spend",
            "This program spends nothing by itself. These are for other programs of yours, and you confirm each of their payments.",
        ),
    };
    GroupWords { title, lead }
}
