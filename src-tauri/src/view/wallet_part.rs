//! Parts of a wallet that are looked at by themselves. `None` in any field means that Monei's answer didn't tell: "not available", never zero.

use serde::Serialize;
use ts_rs::TS;

use super::convert::{Convert, mirror};
use super::model;
use super::section::{MoneyView, TransactionItem, TransactionStatus};

mirror! {
    in;
    /// What is looked at. A page is counted from 1.
    #[serde(tag = "part", rename_all = "snake_case")]
    pub enum WalletPart = WalletPart {
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
}

mirror! {
    in;
    /// A network that Monei has wallets on (Monei: API reference, EVM and Solana).
    #[serde(rename_all = "snake_case")]
    pub enum Network = Network {
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
}

/// What a part holds.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(tag = "part", rename_all = "snake_case")]
#[ts(export_to = "bindings.ts")]
pub enum WalletPartView {
    /// Coins on one network.
    Portfolio(PortfolioView),
    /// Crypto that was sold.
    Sales(SalesView),
    /// One sale.
    Sale(SaleFound),
    /// Bills.
    Bills(BillsView),
    /// Naira that came in.
    Deposits(DepositsView),
    /// One deposit.
    Deposit(DepositFound),
}

impl Convert<WalletPartView> for model::WalletPartData {
    fn convert(self) -> WalletPartView {
        match self {
            Self::Portfolio(data) => WalletPartView::Portfolio(data.convert()),
            Self::Sales(data) => WalletPartView::Sales(data.convert()),
            Self::Sale(data) => WalletPartView::Sale(data.convert()),
            Self::Bills(data) => WalletPartView::Bills(data.convert()),
            Self::Deposits(data) => WalletPartView::Deposits(data.convert()),
            Self::Deposit(data) => WalletPartView::Deposit(data.convert()),
        }
    }
}

mirror! {
    out;
    /// Coins on one network.
    pub struct PortfolioView = PortfolioData {
        /// The person's address there.
        pub address: Option<String>,
        /// What all of it is worth, in US dollars.
        pub worth: Option<MoneyView>,
        /// The network's own coin first, then tokens by what they are worth.
        pub holdings: Vec<Holding>,
        /// How many tokens more Monei listed.
        pub left_out: u32,
    }
}

mirror! {
    out;
    /// How much of one coin or token. Name and symbol of a token are chosen by whoever made it: never to be shown as a currency.
    pub struct Holding = Holding {
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
        pub worth: Option<MoneyView>,
    }
}

mirror! {
    out;
    /// A page of what was sold.
    pub struct SalesView = SalesData {
        /// In the order of the answer.
        pub items: Vec<SaleItem>,
        /// How many there are in all.
        pub total: Option<u32>,
        /// Whether there is a page after it.
        pub more: bool,
    }
}

mirror! {
    out;
    /// One sale, if there is one of this reference.
    pub struct SaleFound = SaleFound {
        /// The sale.
        pub sale: Option<SaleItem>,
    }
}

mirror! {
    out;
    /// One sale of crypto for money on a bank account.
    pub struct SaleItem = SaleItem {
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
        pub fiat: Option<MoneyView>,
        /// What one of the asset is paid with.
        pub rate: Option<MoneyView>,
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
}

mirror! {
    out;
    /// How a sale stands (Monei: off-ramp ledger).
    #[serde(rename_all = "snake_case")]
    pub enum SaleStatus = SaleStatus {
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
}

mirror! {
    out;
    /// A page of bills.
    pub struct BillsView = BillsData {
        /// In the order of the answer.
        pub items: Vec<BillItem>,
        /// How many there are in all.
        pub total: Option<u32>,
        /// Whether there is a page after it.
        pub more: bool,
    }
}

mirror! {
    out;
    /// One bill.
    pub struct BillItem = BillItem {
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
        pub amount: Option<MoneyView>,
        /// When.
        pub at: Option<i64>,
        /// What is typed into a prepaid electricity meter.
        pub meter_code: Option<String>,
        /// Units of electricity that it gives.
        pub units: Option<String>,
        /// How long what was bought is good for.
        pub validity: Option<String>,
    }
}

mirror! {
    out;
    /// Kind of a bill (Monei: bill records).
    #[serde(rename_all = "snake_case")]
    pub enum BillKind = BillKind {
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
}

mirror! {
    out;
    /// A page of naira that came in.
    pub struct DepositsView = DepositsData {
        /// Newest first. What Monei says came in by other ways isn't among them.
        pub items: Vec<TransactionItem>,
        /// Whether there is a page after it.
        pub more: bool,
    }
}

mirror! {
    out;
    /// One deposit, if there is one of this reference.
    pub struct DepositFound = DepositFound {
        /// The deposit.
        pub deposit: Option<DepositItem>,
    }
}

mirror! {
    out;
    /// How a deposit of naira stands.
    pub struct DepositItem = DepositItem {
        /// How it stands.
        pub status: TransactionStatus,
        /// Monei's word for that, where this version doesn't know it.
        pub said: Option<String>,
        /// What arrives in the wallet.
        pub amount: Option<MoneyView>,
        /// What has to be paid, with Monei's fee.
        pub total: Option<MoneyView>,
        /// Monei's fee.
        pub fee: Option<MoneyView>,
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
}
