//! Parts of a wallet that are looked at by themselves: each is fetched by one call, when somebody opens it.

use serde::{Deserialize, Serialize};

use super::{MoneyAmount, TransactionItem, TransactionStatus};

/// What is looked at. A page is counted from 1.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "part", rename_all = "snake_case")]
pub enum WalletPart {
    /// Coins on one network: `GET /evm/portfolio/:chainId` or `GET /solana/portfolio`.
    Portfolio {
        /// Which.
        network: Network,
    },
    /// Crypto that was sold: `GET /offramp/ledger/history`.
    Sales {
        /// Which page.
        page: u32,
    },
    /// How one sale stands: `GET /offramp/ledger/status/:reference`.
    Sale {
        /// Monei's reference.
        reference: String,
    },
    /// Bills that were paid: `GET /bills/records`.
    Bills {
        /// Which page.
        page: u32,
    },
    /// Naira that came in: `GET /transactions` with `type=CREDIT`. Monei has no list of deposits.
    Deposits {
        /// Which page.
        page: u32,
    },
    /// How one deposit stands: `GET /wallet/deposit/status/:reference`.
    Deposit {
        /// Monei's reference.
        reference: String,
    },
}

/// A network that Monei has wallets on (Monei: API reference, EVM and Solana).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Network {
    /// Ethereum.
    Ethereum,
    /// BNB Smart Chain.
    BnbSmartChain,
    /// Polygon.
    Polygon,
    /// Base.
    Base,
    /// Arbitrum One.
    ArbitrumOne,
    /// Optimism.
    Optimism,
    /// Lisk.
    Lisk,
    /// Scroll.
    Scroll,
    /// Solana.
    Solana,
    /// Ethereum's test network, where nothing has a value.
    Sepolia,
}

/// What a part holds. `None` in any field means that Monei's answer didn't tell: "not available", never zero.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "part", rename_all = "snake_case")]
pub enum WalletPartData {
    /// Coins on one network.
    Portfolio(PortfolioData),
    /// Crypto that was sold.
    Sales(SalesData),
    /// One sale; `None` inside where Monei knows none of this reference.
    Sale(SaleFound),
    /// Bills.
    Bills(BillsData),
    /// Naira that came in.
    Deposits(DepositsData),
    /// One deposit; `None` inside where Monei knows none of this reference.
    Deposit(DepositFound),
}

/// Coins on one network.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PortfolioData {
    /// The person's address there.
    pub address: Option<String>,
    /// What all of it is worth, in US dollars.
    pub worth: Option<MoneyAmount>,
    /// The network's own coin first, then tokens by what they are worth.
    pub holdings: Vec<Holding>,
    /// How many tokens more Monei listed.
    pub left_out: u32,
}

/// How much of one coin or token. Name and symbol of a token are chosen by whoever made it: never to be shown as a currency.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Holding {
    /// The network's own coin.
    pub native: bool,
    /// Its name.
    pub name: Option<String>,
    /// Its symbol.
    pub symbol: Option<String>,
    /// Address of its contract or mint.
    pub contract: Option<String>,
    /// How much: plain digits, exact, of any length.
    pub balance: Option<String>,
    /// What that is worth, in US dollars.
    pub worth: Option<MoneyAmount>,
}

/// A page of what was sold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SalesData {
    /// In the order of the answer.
    pub items: Vec<SaleItem>,
    /// How many there are in all.
    pub total: Option<u32>,
    /// Whether there is a page after it.
    pub more: bool,
}

/// One sale, if there is one of this reference.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SaleFound {
    /// The sale.
    pub sale: Option<SaleItem>,
}

/// One sale of crypto for money on a bank account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SaleItem {
    /// What it can be followed by.
    pub reference: Option<String>,
    /// How it stands.
    pub status: SaleStatus,
    /// Monei's word for that, where this version doesn't know it.
    pub said: Option<String>,
    /// How much is sold: plain digits, exact.
    pub crypto: Option<String>,
    /// Symbol of what is sold.
    pub asset: Option<String>,
    /// Network that it is on, in Monei's word.
    pub network: Option<String>,
    /// What is paid out.
    pub fiat: Option<MoneyAmount>,
    /// What one of the asset is paid with.
    pub rate: Option<MoneyAmount>,
    /// Code of the bank.
    pub bank_code: Option<String>,
    /// Number of the bank account.
    pub account_number: Option<String>,
    /// Owner of the bank account.
    pub account_name: Option<String>,
    /// Why it failed, in the words of whoever was to pay out.
    pub failure: Option<String>,
    /// When it was begun.
    pub at: Option<i64>,
    /// When it last changed.
    pub updated_at: Option<i64>,
    /// When it came to its end, well or not.
    pub ended_at: Option<i64>,
    /// Until when the coins have to arrive.
    pub expires_at: Option<i64>,
}

/// How a sale stands (Monei: off-ramp ledger).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SaleStatus {
    /// Begun.
    Begun,
    /// The coins haven't been sent yet.
    AwaitingDeposit,
    /// The coins are there.
    DepositReceived,
    /// They are being exchanged.
    Processing,
    /// The money is on its way to the bank.
    FiatSent,
    /// Through.
    Completed,
    /// It failed.
    Failed,
    /// It was called off.
    Cancelled,
    /// The coins came back.
    Refunded,
    /// The coins didn't arrive in time.
    Expired,
    /// Monei said something else, or nothing.
    Unknown,
}

/// A page of bills.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct BillsData {
    /// In the order of the answer.
    pub items: Vec<BillItem>,
    /// How many there are in all.
    pub total: Option<u32>,
    /// Whether there is a page after it.
    pub more: bool,
}

/// One bill.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BillItem {
    /// What it can be looked up by.
    pub reference: Option<String>,
    /// Of what kind.
    pub kind: BillKind,
    /// How it stands.
    pub status: TransactionStatus,
    /// Monei's word for that, where this version doesn't know it.
    pub said: Option<String>,
    /// Who was paid.
    pub biller: Option<String>,
    /// For whom: a telephone, meter or card number.
    pub customer: Option<String>,
    /// How much.
    pub amount: Option<MoneyAmount>,
    /// When.
    pub at: Option<i64>,
    /// What is typed into a prepaid electricity meter.
    pub meter_code: Option<String>,
    /// Units of electricity that it gives.
    pub units: Option<String>,
    /// How long what was bought is good for.
    pub validity: Option<String>,
}

/// Kind of a bill (Monei: bill records).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BillKind {
    /// Airtime.
    Airtime,
    /// Mobile data.
    MobileData,
    /// Cable television.
    CableTv,
    /// Electricity and the like.
    Utility,
    /// Monei said something else, or nothing.
    Unknown,
}

/// A page of naira that came in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DepositsData {
    /// Newest first. What Monei says came in by other ways isn't among them.
    pub items: Vec<TransactionItem>,
    /// Whether there is a page after it.
    pub more: bool,
}

/// One deposit, if there is one of this reference.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DepositFound {
    /// The deposit.
    pub deposit: Option<DepositItem>,
}

/// How a deposit of naira stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DepositItem {
    /// How it stands.
    pub status: TransactionStatus,
    /// Monei's word for that, where this version doesn't know it.
    pub said: Option<String>,
    /// What arrives in the wallet.
    pub amount: Option<MoneyAmount>,
    /// What has to be paid, with Monei's fee.
    pub total: Option<MoneyAmount>,
    /// Monei's fee.
    pub fee: Option<MoneyAmount>,
    /// What it is for.
    pub narration: Option<String>,
    /// Bank of the account to pay into.
    pub bank_name: Option<String>,
    /// Number of the account to pay into.
    pub account_number: Option<String>,
    /// Owner of the account to pay into.
    pub account_name: Option<String>,
    /// Until when it can be paid.
    pub expires_at: Option<i64>,
}

impl Network {
    /// Every one, in the order in which they are offered.
    pub const ALL: [Network; 10] = [
        Self::Ethereum,
        Self::BnbSmartChain,
        Self::Polygon,
        Self::Base,
        Self::ArbitrumOne,
        Self::Optimism,
        Self::Lisk,
        Self::Scroll,
        Self::Solana,
        Self::Sepolia,
    ];

    /// Its chain id (EIP-155); `None` for Solana, which isn't of that kind.
    pub fn chain_id(self) -> Option<u32> {
        match self {
            Self::Ethereum => Some(1),
            Self::Optimism => Some(10),
            Self::BnbSmartChain => Some(56),
            Self::Polygon => Some(137),
            Self::Lisk => Some(1_135),
            Self::Base => Some(8_453),
            Self::ArbitrumOne => Some(42_161),
            Self::Scroll => Some(534_352),
            Self::Sepolia => Some(11_155_111),
            Self::Solana => None,
        }
    }
}
