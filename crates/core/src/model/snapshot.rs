//! What is known, published as a whole after each change: plain data for a front end to show. No token, code, handoff, verifier, state or
//! address with any of them.
//!
//! Times are milliseconds since the Unix epoch. Money is a decimal string in major units.

mod activity;
mod consent;
mod history;
mod leaving;
mod permission;
#[cfg(feature = "tester")]
mod tester;
mod wallet_part;

use serde::{Deserialize, Serialize};

use super::feature::{Feature, FeatureId};
use super::problem::{Problem, ProblemCode};

pub use super::{Channel, Environment, Language, Theme};

pub use activity::{ActivityAbout, ActivityFilter};
pub use consent::{Receipt, Review, UnusedPermission};
pub use history::{HistoryFilter, HistoryKind, HistoryOrder, HistoryPage, HistoryRow, HistoryStatus};
pub use leaving::{LeaveOutcome, Leaving, LeftAccount};
pub use permission::{
    EndpointEffect, PermissionDetails, PermissionEndpoint, PermissionEvent, PermissionMoment, PermissionUse, SetAsideOutcome,
};
#[cfg(feature = "tester")]
pub use tester::{
    TesterAllow, TesterArmed, TesterFault, TesterOrder, TesterPerson, TesterPlan, TesterPreset, TesterReset, TesterState, TesterSwitch,
    TesterTarget,
};
pub use wallet_part::{
    BillItem, BillKind, BillsData, DepositFound, DepositItem, DepositsData, Holding, Network, PortfolioData, SaleFound, SaleItem,
    SaleStatus, SalesData, WalletPart, WalletPartData,
};

/// Everything a front end shows, but for what is fetched from Monei on demand ([`SectionData`]).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Snapshot {
    /// Which Monei this is.
    pub environment: Environment,
    /// The program's version.
    pub version: String,
    /// The backend that every approval passes through.
    pub backend: BackendSnapshot,
    /// Whether tokens can be kept.
    pub keychain: KeychainState,
    /// The person chose to keep new approvals in memory alone. They end, revoked, with this run.
    pub in_memory: bool,
    /// A damaged index that was set aside, and what was found again.
    pub set_aside: Option<SetAsideFile>,
    /// What a connection can be used for, in the order of the dashboard.
    pub catalogue: Vec<Feature>,
    /// The connected accounts, in the person's order; those that were never moved follow, oldest first.
    pub accounts: Vec<AccountSnapshot>,
    /// The connection being made, or the outcome of the last one until it is dismissed.
    pub transaction: Option<RunSnapshot>,
    /// The person's choices.
    pub preferences: Preferences,
    /// What the program speaks: the language that the person chose, or the desktop's.
    pub language: Language,
    /// The person has left this computer: nothing is kept here any more, and nothing can be begun in this run.
    pub left: Option<Leaving>,
}

/// The backend as Settings and the first run name it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BackendSnapshot {
    /// Its address, without credentials or path. `None` where none was set.
    pub address: Option<String>,
    /// The address leads to this computer, where any program of any user may be what answers.
    pub on_this_computer: bool,
    /// The address was set by the packager or the environment and can't be changed here.
    pub managed: bool,
    /// The person has seen what it says of itself, and agreed.
    pub confirmed: bool,
    /// Who runs it, as it says itself. `None` until it has answered.
    pub operator: Option<OperatorClaim>,
    /// What it said of itself when the person agreed, where it says something else now.
    pub formerly: Option<OperatorClaim>,
    /// There is a guide to running one, behind [`Link::OperatorGuide`].
    pub guide: bool,
    /// What it allows to be asked for. Empty until it has answered.
    pub scopes: Vec<String>,
    /// Whether it can be used.
    pub status: BackendStatus,
}

/// A damaged index.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SetAsideFile {
    /// Name of the file it is in now, in the program's data folder.
    pub file: String,
    /// How many accounts were found again in the keychain. `None` while that wasn't possible.
    pub recovered: Option<u32>,
}

/// Who runs a backend, as it says itself. Anybody can give a service any name: it is shown as a claim, beside the address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OperatorClaim {
    /// Name as the backend gives it; at most 80 characters. `None` where it gives none, or poses as Monei.
    pub name: Option<String>,
    /// Host of the operator's page; opened through `Link::Operator`, never from the web view.
    pub host: Option<String>,
    /// Its name or page read like Monei's own, so neither is shown.
    pub poses_as_monei: bool,
}

/// Whether the backend can be used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum BackendStatus {
    /// Not asked yet.
    Unknown,
    /// It answered and fits.
    Ready,
    /// It can't be used.
    Problem {
        /// Why.
        problem: Problem,
    },
}

/// Whether tokens can be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum KeychainState {
    /// Not tried yet.
    Unknown,
    /// It is open.
    Ready,
    /// Its own dialog is open, and waits for the person.
    Asking,
    /// Locked.
    Locked,
    /// Its dialog was cancelled, or couldn't be shown.
    Dismissed,
    /// There is no default keyring.
    NotSetUp,
    /// No keychain service.
    Absent,
    /// No session bus to reach it by.
    NoBus,
    /// It is installed, and can't be started or used.
    Failed,
    /// It ended while it was asked.
    Stopped,
    /// It refused.
    Refused,
    /// It didn't answer in time.
    Timeout,
}

/// One connected account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AccountSnapshot {
    /// Opaque handle for commands; never shown.
    pub id: String,
    /// The person's own name for it.
    pub label: Option<String>,
    /// Name as Monei tells it, when `profile:read` is granted.
    pub name: Option<String>,
    /// Email as Monei tells it.
    pub email: Option<String>,
    /// How it is.
    pub health: Health,
    /// Whether Monei can be asked about it without spending. Else a revocation shows only when it is used.
    pub checkable: bool,
    /// When it was first connected.
    pub connected_at: i64,
    /// When Monei last answered for it.
    pub checked_at: Option<i64>,
    /// One entry per feature of the catalogue, in its order.
    pub features: Vec<AccountFeature>,
    /// Granted scopes that this version has no feature for.
    pub other_scopes: Vec<String>,
    /// The backend that gave its grants, when that isn't the present one: such grants rest.
    pub other_backend: Option<String>,
    /// When the first of its live access tokens ends; refreshed by itself when it is used.
    pub expires_at: Option<i64>,
    /// An older account here that is the same Monei user's, where that was noticed.
    pub same_user_as: Option<String>,
}

impl AccountSnapshot {
    /// Whether nothing is allowed any more by the person's own choice: all was taken back or set aside, and nothing ended that is wanted.
    pub fn is_given_up(&self) -> bool {
        let ended = matches!(&self.health, Health::NeedsReconnect { reason } if reason.code == ProblemCode::AccessRevoked);
        ended && !self.features.iter().any(|feature| matches!(feature.state, FeatureState::Lost { .. }))
    }
}

/// How an account is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Health {
    /// Works, as far as is known.
    Connected,
    /// Only approving again helps.
    NeedsReconnect {
        /// Why.
        reason: Problem,
    },
    /// The last try failed for a reason that may pass.
    Unreachable {
        /// Why.
        reason: Problem,
    },
    /// Its tokens can't be read.
    Locked {
        /// Why.
        reason: Problem,
    },
}

/// One feature of one account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AccountFeature {
    /// Which one.
    pub id: FeatureId,
    /// Whether it can be used.
    pub state: FeatureState,
}

/// Whether a feature can be used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FeatureState {
    /// Granted.
    Enabled {
        /// Since when.
        at: i64,
    },
    /// Never asked for.
    NotAsked,
    /// Asked for and not granted.
    Declined {
        /// When last.
        at: i64,
    },
    /// Was granted, and ended at Monei's side.
    Lost {
        /// When it was noticed.
        at: i64,
    },
    /// Granted at Monei, and switched off here by the person: no app and no window uses it.
    SetAside {
        /// Since when.
        at: i64,
    },
}

/// A connection being made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RunSnapshot {
    /// The account it is for; `None` for a new one.
    pub account: Option<String>,
    /// What is asked for.
    pub requested: Vec<String>,
    /// How the browser's answer comes back.
    pub channel: Channel,
    /// How far it is.
    pub stage: Stage,
}

/// How far a connection is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Stage {
    /// Keychain and backend are checked before the browser opens, so that an approval can be stored.
    Checking,
    /// The browser has been opened; the person decides there.
    Waiting {
        /// When it ends by itself.
        expires_at: i64,
        /// The browser could not be opened: the person can copy the link.
        browser_failed: bool,
        /// App links were chosen, and don't come back to this program: this time the answer comes through this computer.
        links_elsewhere: bool,
    },
    /// The approval came back and is exchanged and stored.
    Finishing {
        /// Nothing has come of it yet, so that the person can still cancel.
        cancellable: bool,
    },
    /// Somebody else approved, or it can't be told who: the person chooses.
    Decide {
        /// What is the matter.
        conflict: Conflict,
    },
    /// Stored.
    Done {
        /// The account.
        account: String,
        /// Granted of what was asked for.
        granted: Vec<String>,
        /// Not granted of what was asked for.
        declined: Vec<String>,
        /// Granted without having been asked for.
        extra: Vec<String>,
    },
    /// Ended without effect. What was there is untouched.
    Failed {
        /// Why.
        problem: Problem,
    },
}

/// Why a person has to decide where a new grant belongs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Conflict {
    /// The reconnect was approved by another Monei user.
    OtherUser {
        /// Who the account belongs to.
        expected: Option<String>,
        /// Who approved.
        approved_by: Option<String>,
        /// That user is connected already, as this account.
        existing: Option<String>,
    },
    /// Nothing tells whether the account's owner approved.
    UnknownUser {
        /// Who the account belongs to, when known.
        expected: Option<String>,
        /// Who approved, as far as Monei tells.
        approved_by: Option<String>,
    },
    /// "Connect an account" was approved by somebody who isn't connected yet: the person says whether it was them, since anybody who has
    /// the start link can approve.
    NewUser {
        /// Who approved, as far as Monei tells.
        approved_by: Option<String>,
        /// Their email, as far as Monei tells.
        email: Option<String>,
    },
    /// "Connect an account" was approved by a user who is connected already, as this account.
    AlreadyConnected {
        /// The account.
        existing: String,
        /// Who.
        name: Option<String>,
    },
}

/// What a person does about a [`Conflict`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// Put the grant to the account it was meant for, or to the one that is this user's already.
    Merge,
    /// Keep it as an account of its own: "This is me".
    AddAsAccount,
    /// Revoke it at Monei and forget it.
    Discard,
}

/// A part of an account that is fetched from Monei.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Section {
    /// `GET /user/me`
    Profile,
    /// `GET /kyc/status` and `/kyc/limits`
    Kyc,
    /// `GET /wallet/me`
    Wallet,
    /// `GET /transactions`
    Transactions,
}

/// What a section holds. `None` in any field means that Monei's answer didn't tell: "not available", never zero.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "section", rename_all = "snake_case")]
pub enum SectionData {
    /// Who.
    Profile(ProfileData),
    /// Tier and limits.
    Kyc(KycData),
    /// Balances.
    Wallet(WalletData),
    /// The latest ten.
    Transactions(TransactionsData),
}

/// Who.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ProfileData {
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

/// Tier and limits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct KycData {
    /// 1 to 4.
    pub tier: Option<u8>,
    /// Status in Monei's words.
    pub status: Option<String>,
    /// Whether a higher tier can be asked for.
    pub can_upgrade: Option<bool>,
    /// Limits, in the order of [`LimitKind`].
    pub limits: Vec<Limit>,
    /// What is allowed.
    pub allowances: Vec<Allowance>,
}

/// One limit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Limit {
    /// Of what.
    pub kind: LimitKind,
    /// How much.
    pub amount: Option<MoneyAmount>,
}

/// Which limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LimitKind {
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

/// One thing a tier allows or not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Allowance {
    /// What.
    pub kind: AllowanceKind,
    /// Whether.
    pub allowed: Option<bool>,
}

/// What a tier can allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AllowanceKind {
    /// Crypto.
    Crypto,
    /// Payments abroad.
    CrossBorder,
    /// Payments between users.
    P2p,
    /// Payouts.
    Withdrawal,
}

/// Money for display.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MoneyAmount {
    /// Decimal string in major units, such as `1805.00`.
    pub amount: String,
    /// ISO 4217 for fiat, the token's symbol otherwise.
    pub currency: String,
}

/// Balances.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct WalletData {
    /// The naira balance.
    pub naira: Option<MoneyAmount>,
    /// The wallets within.
    pub subwallets: Vec<SubwalletData>,
}

/// A wallet within.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SubwalletData {
    /// Fiat, crypto, or unknown.
    pub kind: SubwalletKind,
    /// Chain of a crypto wallet, such as `EVM`.
    pub chain: Option<String>,
    /// Balance.
    pub balance: Option<MoneyAmount>,
    /// Address on the chain.
    pub address: Option<String>,
    /// Bank of the virtual account.
    pub bank_name: Option<String>,
    /// Number of the virtual account.
    pub account_number: Option<String>,
}

/// Kind of a wallet within.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SubwalletKind {
    /// Naira and the like.
    Fiat,
    /// On a chain.
    Crypto,
    /// Monei said something else.
    Unknown,
}

/// The latest transactions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TransactionsData {
    /// Newest first, at most ten.
    pub items: Vec<TransactionItem>,
    /// How many there are in all.
    pub total: Option<u32>,
}

/// One transaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TransactionItem {
    /// When.
    pub at: Option<i64>,
    /// How much.
    pub amount: Option<MoneyAmount>,
    /// In or out.
    pub direction: Direction,
    /// How it stands.
    pub status: TransactionStatus,
    /// What it was for.
    pub narration: Option<String>,
    /// What it can be looked up by.
    pub reference: Option<String>,
}

/// In or out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Money came in.
    In,
    /// Money went out.
    Out,
    /// Monei didn't say.
    Unknown,
}

/// How a transaction stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TransactionStatus {
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

/// What a person wants where Monei doesn't confirm that an access has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unrevoked {
    /// What could still end it stays here, and it is asked again later.
    Keep,
    /// It is removed here all the same. Only after the person was told what may live on.
    Remove,
}

/// How a disconnect ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DisconnectOutcome {
    /// Monei confirmed. Nothing is left here.
    Revoked,
    /// Monei didn't confirm. The account is still here, with what can be used to ask again.
    Unconfirmed {
        /// Why.
        problem: Problem,
    },
    /// What would be needed to ask Monei is gone from the keychain, or can't be read. The account is still here.
    Unrevocable,
    /// Monei didn't confirm, and it is removed here on the person's choice: look at Monei's settings.
    Removed,
}

/// One line of the activity list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ActivityItem {
    /// When.
    pub at: i64,
    /// Opaque handle of the account, if it is still there.
    pub account: Option<String>,
    /// The account's name at the time.
    pub account_name: Option<String>,
    /// What happened.
    pub event: ActivityEvent,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, strum::IntoStaticStr)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ActivityEvent {
    /// An account was connected.
    Connected {
        /// Granted.
        granted: Vec<String>,
        /// Not granted.
        declined: Vec<String>,
    },
    /// More was granted, or declined, on a reconnect.
    Reconnected {
        /// Granted.
        granted: Vec<String>,
        /// Not granted.
        declined: Vec<String>,
    },
    /// A token was refreshed.
    Refreshed,
    /// Monei ended the access.
    Revoked {
        /// What was lost.
        scopes: Vec<String>,
    },
    /// The person took permissions back.
    TakenBack {
        /// Which ones.
        scopes: Vec<String>,
        /// What ended with them, because it was approved together.
        along: Vec<String>,
        /// Through whom: the word of a caller, where it was written down.
        by: Option<String>,
    },
    /// The person switched permissions off here.
    SetAside {
        /// Which ones.
        scopes: Vec<String>,
        /// Through whom: the word of a caller.
        by: String,
    },
    /// The person switched permissions on again that were set aside.
    SwitchedOn {
        /// Which ones.
        scopes: Vec<String>,
        /// Through whom: the word of a caller.
        by: String,
    },
    /// What was used turned out to be approved by another person, and was set apart.
    Contradicted {
        /// What was lost with it.
        scopes: Vec<String>,
    },
    /// The person disconnected.
    Disconnected {
        /// Monei confirmed.
        confirmed: bool,
        /// Through whom: the word of a caller, where it was written down.
        by: Option<String>,
    },
    /// A connection was tried and ended without effect.
    Failed {
        /// Snake-case [`crate::model::problem::ProblemCode`].
        code: String,
    },
    /// The backend's address was changed.
    BackendChanged {
        /// To which.
        address: String,
    },
    /// The person allowed an app to use the account.
    AppAllowed {
        /// Its name.
        app: String,
        /// What it was given.
        scopes: Vec<String>,
    },
    /// The person took permissions from an app.
    AppNarrowed {
        /// Its name.
        app: String,
        /// What was taken.
        scopes: Vec<String>,
    },
    /// The person gave an app more permissions, or another end.
    AppExtended {
        /// Its name.
        app: String,
        /// What was added.
        scopes: Vec<String>,
    },
    /// What an app may do was taken back.
    AppTakenBack {
        /// Its name.
        app: String,
    },
    /// An app paid, after the person confirmed it.
    Payment {
        /// Its name.
        app: String,
        /// How much, in major units; a decimal.
        amount: Option<String>,
        /// Of what.
        currency: Option<String>,
        /// To whom, or for what.
        to: Option<String>,
        /// The app's own reference for it.
        reference: Option<String>,
        /// What became of it.
        outcome: super::payment::PaymentOutcome,
    },
    /// Something that another version of this program wrote down, or a line that can't be read.
    Unknown,
}

/// The person's choices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preferences {
    /// How the browser's answer comes back first.
    pub channel: Channel,
    /// Light or dark.
    pub theme: Theme,
    /// The language; `None` for the desktop's.
    pub language: Option<Language>,
    /// Amounts of money are not shown until the person asks for them.
    pub hide_amounts: bool,
    /// The person is reminded of consents that are worth another look.
    pub reminders: bool,
    /// A connection that rests is refreshed once a week while the program runs.
    pub keep_alive: bool,
    /// Closing the window keeps the program running in the desktop's tray, where there is one.
    pub close_to_tray: bool,
    /// The desktop shows a notification when the person must do something.
    pub notifications: bool,
}

/// Pages outside that the program can open. Rust knows the addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Link {
    /// Monei's settings, where access can be taken back by hand (in the sandbox: its connected-apps page).
    MoneiSettings,
    /// The operator of the backend.
    Operator,
    /// How to run a backend, for who has none.
    OperatorGuide,
    /// The sandbox's control page. Sandbox environment only, as all that follow.
    SandboxControl,
    /// Its switches.
    SandboxSwitches,
    /// Its clock.
    SandboxClock,
    /// Its scenarios: play one, export what was just done.
    SandboxScenario,
    /// The live log of requests.
    SandboxLog,
}
