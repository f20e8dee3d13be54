//! The whole history of an account, and its way into a file.

use super::convert::{Convert, mirror};
use super::model;
use super::section::TransactionItem;

mirror! {
    in;
    /// What is asked for: every filter that Monei documents. Empty fields filter nothing.
    pub struct HistoryFilter = HistoryFilter {
        /// How it stands.
        pub status: Option<HistoryStatus>,
        /// Which way the money went.
        pub kind: Option<HistoryKind>,
        /// Currency, such as `NGN`.
        pub currency: Option<String>,
        /// Smallest amount, in major units.
        pub min_amount: Option<String>,
        /// Largest amount, in major units.
        pub max_amount: Option<String>,
        /// Part of what it was for.
        pub narration: Option<String>,
        /// Monei's reference.
        pub reference: Option<String>,
        /// The reference of the provider Fincra.
        pub fincra_reference: Option<String>,
        /// The reference of the provider Flutterwave.
        pub flutterwave_reference: Option<String>,
        /// First day, `YYYY-MM-DD`.
        pub from: Option<String>,
        /// Last day, `YYYY-MM-DD`.
        pub to: Option<String>,
        /// In which order.
        pub order: HistoryOrder,
    }
}

mirror! {
    in;
    /// How a transaction stands, as Monei's list takes it.
    #[serde(rename_all = "snake_case")]
    pub enum HistoryStatus = HistoryStatus {
        /// Not through yet.
        Pending,
        /// Through.
        Success,
        /// Through, as some kinds of payment call it.
        Completed,
        /// Failed.
        Failed,
        /// Taken back.
        Cancelled,
    }
}

mirror! {
    in;
    /// Which way the money went, as Monei's list takes it.
    #[serde(rename_all = "snake_case")]
    pub enum HistoryKind = HistoryKind {
        /// Money went out.
        Debit,
        /// Money came in.
        Credit,
        /// Between two users.
        PeerTransfer,
    }
}

mirror! {
    in;
    /// In which order.
    #[serde(rename_all = "snake_case")]
    pub enum HistoryOrder = HistoryOrder {
        /// Newest first.
        Newest,
        /// Oldest first.
        Oldest,
        /// Last changed first.
        Changed,
        /// Largest amount first.
        Largest,
        /// Smallest amount first.
        Smallest,
    }
}

mirror! {
    out;
    /// One page of it.
    pub struct HistoryPage = HistoryPage {
        /// In the order that was asked for.
        pub items: Vec<TransactionItem>,
        /// How many there are in all.
        pub total: Option<u32>,
        /// Whether there is a page after it.
        pub more: bool,
    }
}

/// Which kind of file.
#[derive(Clone, Copy, Debug, serde::Deserialize, ts_rs::TS)]
#[ts(export_to = "bindings.ts")]
#[serde(rename_all = "snake_case")]
pub enum ExportFormat {
    /// For a spreadsheet.
    Csv,
    /// For bookkeeping.
    Ofx,
    /// For programs.
    Json,
}

/// How far an export is.
#[derive(Clone, Copy, Debug, serde::Serialize, ts_rs::TS)]
#[ts(export_to = "bindings.ts")]
pub struct ExportProgress {
    /// How many transactions have come.
    pub fetched: u32,
    /// How many there are in all, where Monei told it.
    pub total: Option<u32>,
}

/// An export that went through.
#[derive(Clone, Debug, serde::Serialize, ts_rs::TS)]
#[ts(export_to = "bindings.ts")]
pub struct Exported {
    /// The file, with `~` for the home folder.
    pub file: String,
    /// How many transactions are in it.
    pub written: u32,
    /// How many the format has no place for.
    pub left_out: u32,
}

impl From<ExportFormat> for connect_app::export::Format {
    fn from(format: ExportFormat) -> Self {
        match format {
            ExportFormat::Csv => Self::Csv,
            ExportFormat::Ofx => Self::Ofx,
            ExportFormat::Json => Self::Json,
        }
    }
}
