//! What crosses to the web view and comes from it: plain display data, mirrored from the core's types, and the source of the TypeScript in
//! `ui/src/lib/bindings.ts`. No token, code, handoff, verifier, state or address with any of them.
//!
//! Times are milliseconds since the Unix epoch, as JavaScript counts them. Money is a decimal string in major units.

mod activity;
mod apps;
mod choice;
mod confirming;
mod consent;
mod convert;
mod desktop;
mod history;
mod leaving;
mod permission;
mod problem;
mod section;
mod state;
#[cfg(feature = "tester")]
mod tester;
mod update;
mod wallet_part;

pub use activity::{ActivityEvent, ActivityFilter, ActivityFormat, ActivityItem};
pub use apps::{ApiView, AppItem, AppState, AppsView, Lasts, PairingView};
pub use choice::{Decision, DisconnectOutcome, Link, Unrevoked};
pub use confirming::{ConfirmationView, PaymentField};
pub use consent::{Receipt, ReceiptFormat, Review};
pub use convert::Convert;
pub use desktop::{DesktopView, Place};
pub use history::{ExportFormat, ExportProgress, Exported, HistoryFilter, HistoryPage};
pub use leaving::LeavingView;
pub use permission::{PermissionUse, PermissionView, SetAsideOutcome};
pub use problem::{Check, CheckName, FeatureId, Problem, ProblemCode, ProxySetting};
pub use section::{Section, SectionView};
pub use state::{AppView, Environment, Language, Preferences, Stage, Theme};
#[cfg(feature = "tester")]
pub use tester::{TesterOrder, TesterView};
pub use update::UpdateView;
pub use wallet_part::{WalletPart, WalletPartView};

/// The core's types, and the application's.
mod model {
    pub use connect_app::update::{UpdateFailure, UpdateOffer, UpdateState, UpdateStatus, UpdateWay};
    pub use connect_core::feature::{Feature, FeatureGroup, FeatureId};
    pub use connect_core::problem::{Problem, ProblemCode};
    pub use connect_core::snapshot::*;
    pub use connect_core::{Check, CheckName, PaymentOutcome, ProxySetting};
}

impl From<connect_core::problem::Problem> for Problem {
    fn from(problem: connect_core::problem::Problem) -> Self {
        problem.convert()
    }
}

impl From<connect_core::problem::ProblemCode> for Problem {
    fn from(code: connect_core::problem::ProblemCode) -> Self {
        connect_core::problem::Problem::from(code).convert()
    }
}
