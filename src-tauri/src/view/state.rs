//! Everything that the window shows, but for what is fetched from Monei on demand.

use super::convert::{Convert, mirror};
use super::leaving::LeavingView;
use super::model;
use super::problem::{FeatureId, Problem};

mirror! {
    out;
    /// Which Monei.
    #[serde(rename_all = "snake_case")]
    pub enum Environment = Environment {
        /// Real money.
        Production,
        /// Monei's development hosts.
        Development,
        /// A local stand-in; nothing is real.
        Sandbox,
    }
}

mirror! {
    both;
    /// How the browser's answer comes back.
    #[serde(rename_all = "snake_case")]
    pub enum Channel = Channel {
        /// `http://127.0.0.1:…`
        Loopback,
        /// This program's own link scheme.
        DeepLink,
    }
}

mirror! {
    out;
    /// Where a feature stands on the dashboard.
    #[serde(rename_all = "snake_case")]
    pub enum FeatureGroup = FeatureGroup {
        /// Reading only.
        See,
        /// Money coming in.
        Receive,
        /// Money going out. Nothing in this program spends.
        Spend,
    }
}

mirror! {
    out;
    /// One entry of the catalogue, as the web view gets it.
    pub struct Feature = Feature {
        /// Which one.
        pub id: FeatureId,
        /// Where it stands.
        pub group: FeatureGroup,
        /// The one scope it needs, in Monei's words.
        pub scope: String,
        /// Monei's consent page warns about it.
        pub sensitive: bool,
        /// Whoever holds the scope can move money.
        pub spends: bool,
    }
}

mirror! {
    out;
    /// Everything the window shows, but for what is fetched from Monei on demand ([`SectionView`]).
    pub struct AppView = Snapshot {
        /// Which Monei this is.
        pub environment: Environment,
        /// The program's version.
        pub version: String,
        /// The backend that every approval passes through.
        pub backend: BackendView,
        /// Whether tokens can be kept.
        pub keychain: KeychainState,
        /// The person chose to keep new approvals in memory alone. They end, revoked, with this run.
        pub in_memory: bool,
        /// A damaged index that was set aside, and what was found again.
        pub set_aside: Option<SetAsideView>,
        /// What a connection can be used for, in the order of the dashboard.
        pub catalogue: Vec<Feature>,
        /// The connected accounts, in the person's order; those that were never moved follow, oldest first.
        pub accounts: Vec<AccountView>,
        /// The connection being made, or the outcome of the last one until it is dismissed.
        pub transaction: Option<TransactionView>,
        /// The person's choices.
        pub preferences: Preferences,
        /// What the program speaks: the language that the person chose, or the desktop's.
        pub language: Language,
        /// The person has left this computer: nothing is kept here any more, and nothing can be begun in this run.
        pub left: Option<LeavingView>,
    }
}

mirror! {
    out;
    /// The backend as Settings and the first run name it.
    pub struct BackendView = BackendSnapshot {
        /// Its address, without credentials or path. `None` where none was set.
        pub address: Option<String>,
        /// The address leads to this computer, where any program of any user may be what answers.
        pub on_this_computer: bool,
        /// The address was set by the packager or the environment and can't be changed here.
        pub managed: bool,
        /// The person has seen what it says of itself, and agreed.
        pub confirmed: bool,
        /// Who runs it, as it says itself. `None` until it has answered.
        pub operator: Option<OperatorView>,
        /// What it said of itself when the person agreed, where it says something else now.
        pub formerly: Option<OperatorView>,
        /// There is a guide to running one, behind [`Link::OperatorGuide`].
        pub guide: bool,
        /// What it allows to be asked for. Empty until it has answered.
        pub scopes: Vec<String>,
        /// Whether it can be used.
        pub status: BackendStatus,
    }
}

mirror! {
    out;
    /// A damaged index.
    pub struct SetAsideView = SetAsideFile {
        /// Name of the file it is in now, in the program's data folder.
        pub file: String,
        /// How many accounts were found again in the keychain. `None` while that wasn't possible.
        pub recovered: Option<u32>,
    }
}

mirror! {
    out;
    /// Who runs a backend, as it says itself. Anybody can give a service any name: it is shown as a claim, beside the address.
    pub struct OperatorView = OperatorClaim {
        /// Name as the backend gives it; at most 80 characters. `None` where it gives none, or poses as Monei.
        pub name: Option<String>,
        /// Host of the operator's page; opened through `Link::Operator`, never from the web view.
        pub host: Option<String>,
        /// Its name or page read like Monei's own, so neither is shown.
        pub poses_as_monei: bool,
    }
}

mirror! {
    out;
    /// Whether the backend can be used.
    #[serde(tag = "kind", rename_all = "snake_case")]
    pub enum BackendStatus = BackendStatus {
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
}

mirror! {
    out;
    /// Whether tokens can be kept.
    #[serde(rename_all = "snake_case")]
    pub enum KeychainState = KeychainState {
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
}

mirror! {
    out;
    /// One connected account.
    pub struct AccountView = AccountSnapshot {
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
        pub features: Vec<FeatureView>,
        /// Granted scopes that this version has no feature for.
        pub other_scopes: Vec<String>,
        /// The backend that gave its grants, when that isn't the present one: such grants rest.
        pub other_backend: Option<String>,
        /// When the first of its live access tokens ends; refreshed by itself when it is used.
        pub expires_at: Option<i64>,
        /// An older account here that is the same Monei user's, where that was noticed.
        pub same_user_as: Option<String>,
    }
}

mirror! {
    out;
    /// How an account is.
    #[serde(tag = "kind", rename_all = "snake_case")]
    pub enum Health = Health {
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
}

mirror! {
    out;
    /// One feature of one account.
    pub struct FeatureView = AccountFeature {
        /// Which one.
        pub id: FeatureId,
        /// Whether it can be used.
        pub state: FeatureState,
    }
}

mirror! {
    out;
    /// Whether a feature can be used.
    #[serde(tag = "kind", rename_all = "snake_case")]
    pub enum FeatureState = FeatureState {
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
}

mirror! {
    out;
    /// A connection being made.
    pub struct TransactionView = RunSnapshot {
        /// The account it is for; `None` for a new one.
        pub account: Option<String>,
        /// What is asked for.
        pub requested: Vec<String>,
        /// How the browser's answer comes back.
        pub channel: Channel,
        /// How far it is.
        pub stage: Stage,
    }
}

mirror! {
    out;
    /// How far a connection is.
    #[serde(tag = "kind", rename_all = "snake_case")]
    pub enum Stage = Stage {
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
}

mirror! {
    out;
    /// Why a person has to decide where a new grant belongs.
    #[serde(tag = "kind", rename_all = "snake_case")]
    pub enum Conflict = Conflict {
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
}

mirror! {
    both;
    /// Light or dark.
    #[serde(rename_all = "snake_case")]
    pub enum Theme = Theme {
        /// As the desktop has it.
        System,
        /// Light, whatever the desktop has.
        Light,
        /// Dark, whatever the desktop has.
        Dark,
    }
}

mirror! {
    both;
    /// A language that the program speaks, by its BCP 47 tag.
    pub enum Language = Language {
        /// English.
        #[serde(rename = "en")]
        English,
        /// French.
        #[serde(rename = "fr")]
        French,
    }
}

mirror! {
    both;
    /// The person's choices.
    pub struct Preferences = Preferences {
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
}
