//! What is fetched from Monei on demand. `None` in any field means that Monei's answer didn't tell: "not available", never zero.

use serde::Serialize;
use ts_rs::TS;

use super::convert::{Convert, mirror};
use super::model;

/// What a section holds.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(tag = "section", rename_all = "snake_case")]
#[ts(export_to = "bindings.ts")]
pub enum SectionView {
    /// Who.
    Profile(ProfileView),
    /// Tier and limits.
    Kyc(KycView),
    /// Balances.
    Wallet(WalletView),
    /// The latest ten.
    Transactions(TransactionsView),
}

impl Convert<SectionView> for model::SectionData {
    fn convert(self) -> SectionView {
        match self {
            Self::Profile(data) => SectionView::Profile(data.convert()),
            Self::Kyc(data) => SectionView::Kyc(data.convert()),
            Self::Wallet(data) => SectionView::Wallet(data.convert()),
            Self::Transactions(data) => SectionView::Transactions(data.convert()),
        }
    }
}

mirror! {
    in;
    /// A part of an account that is fetched from Monei.
    #[serde(rename_all = "snake_case")]
    pub enum Section = Section {
        /// `GET /user/me`
        Profile,
        /// `GET /kyc/status` and `/kyc/limits`
        Kyc,
        /// `GET /wallet/me`
        Wallet,
        /// `GET /transactions`
        Transactions,
    }
}

mirror! {
    out;
    /// Who.
    pub struct ProfileView = ProfileData {
        /// Full name.
        pub name: Option<String>,
        /// Email.
        pub email: Option<String>,
        /// Telephone.
        pub phone: Option<String>,
        /// Verified by Monei.
        pub verified: Option<bool>,
        /// Member since.
        pub member_since: Option<i64>,
    }
}

mirror! {
    out;
    /// Tier and limits.
    pub struct KycView = KycData {
        /// 1 to 4.
        pub tier: Option<u8>,
        /// Status in Monei's words.
        pub status: Option<String>,
        /// Whether a higher tier can be asked for.
        pub can_upgrade: Option<bool>,
        /// Limits, in the order of [`LimitKind`].
        pub limits: Vec<LimitView>,
        /// What is allowed.
        pub allowances: Vec<AllowanceView>,
    }
}

mirror! {
    out;
    /// One limit.
    pub struct LimitView = Limit {
        /// Of what.
        pub kind: LimitKind,
        /// How much.
        pub amount: Option<MoneyView>,
    }
}

mirror! {
    out;
    /// Which limit.
    #[serde(rename_all = "snake_case")]
    pub enum LimitKind = LimitKind {
        /// One transaction.
        Single,
        /// A day.
        Daily,
        /// A month.
        Monthly,
        /// What the wallet may hold.
        Balance,
        /// Crypto in a day.
        CryptoDaily,
    }
}

mirror! {
    out;
    /// One thing a tier allows or not.
    pub struct AllowanceView = Allowance {
        /// What.
        pub kind: AllowanceKind,
        /// Whether.
        pub allowed: Option<bool>,
    }
}

mirror! {
    out;
    /// What a tier can allow.
    #[serde(rename_all = "snake_case")]
    pub enum AllowanceKind = AllowanceKind {
        /// Crypto.
        Crypto,
        /// Payments abroad.
        CrossBorder,
        /// Payments between users.
        P2p,
        /// Payouts.
        Withdrawal,
    }
}

mirror! {
    out;
    /// Money for display.
    pub struct MoneyView = MoneyAmount {
        /// Decimal string in major units, such as `1805.00`.
        pub amount: String,
        /// ISO 4217 for fiat, the token's symbol otherwise.
        pub currency: String,
    }
}

mirror! {
    out;
    /// Balances.
    pub struct WalletView = WalletData {
        /// The naira balance.
        pub naira: Option<MoneyView>,
        /// The wallets within.
        pub subwallets: Vec<SubwalletView>,
    }
}

mirror! {
    out;
    /// A wallet within.
    pub struct SubwalletView = SubwalletData {
        /// Fiat, crypto, or unknown.
        pub kind: SubwalletKind,
        /// Chain of a crypto wallet, such as `EVM`.
        pub chain: Option<String>,
        /// Balance.
        pub balance: Option<MoneyView>,
        /// Address on the chain.
        pub address: Option<String>,
        /// Bank of the virtual account.
        pub bank_name: Option<String>,
        /// Number of the virtual account.
        pub account_number: Option<String>,
    }
}

mirror! {
    out;
    /// Kind of a wallet within.
    #[serde(rename_all = "snake_case")]
    pub enum SubwalletKind = SubwalletKind {
        /// Naira and the like.
        Fiat,
        /// On a chain.
        Crypto,
        /// Monei said something else.
        Unknown,
    }
}

mirror! {
    out;
    /// The latest transactions.
    pub struct TransactionsView = TransactionsData {
        /// Newest first, at most ten.
        pub items: Vec<TransactionItem>,
        /// How many there are in all.
        pub total: Option<u32>,
    }
}

mirror! {
    out;
    /// One transaction.
    pub struct TransactionItem = TransactionItem {
        /// When.
        pub at: Option<i64>,
        /// How much.
        pub amount: Option<MoneyView>,
        /// In or out.
        pub direction: Direction,
        /// How it stands.
        pub status: TransactionStatus,
        /// What it was for.
        pub narration: Option<String>,
        /// What it can be looked up by.
        pub reference: Option<String>,
    }
}

mirror! {
    out;
    /// In or out.
    #[serde(rename_all = "snake_case")]
    pub enum Direction = Direction {
        /// Money came in.
        In,
        /// Money went out.
        Out,
        /// Monei didn't say.
        Unknown,
    }
}

mirror! {
    out;
    /// How a transaction stands.
    #[serde(rename_all = "snake_case")]
    pub enum TransactionStatus = TransactionStatus {
        /// Not through yet.
        Pending,
        /// Through.
        Done,
        /// Failed.
        Failed,
        /// Taken back.
        Cancelled,
        /// Monei said something else.
        Unknown,
    }
}
