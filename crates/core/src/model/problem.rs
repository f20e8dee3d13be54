//! What can go wrong, one code per thing that a person does differently. The sentences are in the catalogue of `connect-app`.

use serde::{Deserialize, Serialize};

use super::ProxySetting;

/// A failure as the web view gets it: a code from a closed list, and nothing of what a provider said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{code:?}")]
pub struct Problem {
    /// What happened.
    pub code: ProblemCode,
    /// Seconds to wait before trying again, where the other side said so (1 to 300).
    pub retry_after_s: Option<u32>,
    /// Where a proxy that is the trouble was set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proxy: Option<ProxySetting>,
}

/// The closed list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, strum::Display, strum::EnumString, strum::VariantArray)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ProblemCode {
    /// The keychain is locked.
    KeychainLocked,
    /// The keychain's dialog was cancelled, or couldn't be shown.
    KeychainDismissed,
    /// The keychain was never set up: there is no default keyring.
    KeychainNotSetUp,
    /// There is no keychain service.
    KeychainAbsent,
    /// There is no session bus, through which the keychain is reached.
    KeychainNoBus,
    /// A keychain is installed, and can't be started or used.
    KeychainFailed,
    /// The keychain ended while it was asked.
    KeychainStopped,
    /// The keychain refused the read or write, or answered in a way we don't understand.
    KeychainRefused,
    /// The keychain did not answer in time, though no dialog of it is open.
    KeychainTimeout,
    /// The record is too long for the keychain.
    KeychainTooLong,
    /// What the keychain takes doesn't last, or no other process can see it: it isn't the system's own.
    KeychainForgets,
    /// A stored record is damaged or was written by a newer version.
    RecordUnreadable,
    /// The keychain works and has no record where one should be: somebody removed it, or this is another keychain.
    RecordMissing,
    /// The index on disk can't be read or written.
    IndexUnavailable,
    /// A newer version of this program wrote the index.
    IndexNewer,
    /// No network at all, or nobody who could look a name up.
    Offline,
    /// There is a network, and the backend's name doesn't exist.
    AddressUnknown,
    /// Something on the network answered instead of Monei or the backend: a sign-in page, or a proxy.
    NetworkIntercepted,
    /// The proxy that is set refused to lead to the address, or couldn't.
    ProxyRefused,
    /// The proxy that is set wants a user name and password: none is set, or not the right ones.
    ProxyPassword,
    /// The proxy that is set can't be reached, or doesn't answer.
    ProxyUnreachable,
    /// The address of a proxy can't be used: its scheme isn't known here, or it is malformed. Nothing was sent.
    ProxySetting,
    /// No backend's address was set: by no packager, no environment, and not by the person.
    BackendMissing,
    /// The backend did not answer.
    BackendUnreachable,
    /// The certificate of the backend, of Monei, or of what the network put in their place was refused.
    BackendCertificate,
    /// The system's list of trusted certificates can't be read, or is empty.
    CertificatesMissing,
    /// The backend is of another environment than this program.
    BackendEnvironment,
    /// The backend speaks another version, or isn't one at all.
    BackendIncompatible,
    /// The backend's address, or who it says that it is, has changed and isn't confirmed yet.
    BackendUnconfirmed,
    /// The backend's address is malformed, or neither https nor loopback.
    BackendAddress,
    /// The backend can't work with Monei (its own credentials, say). Not the person's doing.
    ServiceUnavailable,
    /// Monei did not answer, or with a fault of its own.
    ProviderUnavailable,
    /// Monei is busy; `retry_after_s` says how long.
    Busy,
    /// The browser could not be opened.
    BrowserFailed,
    /// There is no browser with a window on this computer.
    BrowserMissing,
    /// The loopback address could not be opened.
    LoopbackUnavailable,
    /// Another program holds the port that apps were told.
    AppsPortTaken,
    /// The system does not bring this program's links back to it.
    DeepLinkUnavailable,
    /// The person said no on Monei's page.
    Declined,
    /// The person approved none of what was asked for.
    NothingGranted,
    /// Nobody answered for ten minutes.
    TimedOut,
    /// The approval was too old or used already.
    ApprovalExpired,
    /// The answer did not fit what was asked; nothing was stored.
    ApprovalInvalid,
    /// The approval was for a run of this program that has ended; nothing was stored.
    RunEnded,
    /// Monei refused the request itself (scopes, redirect address).
    RequestRefused,
    /// The person took the access back at Monei, or Monei ended it.
    AccessRevoked,
    /// Monei hasn't confirmed that an approval ended that the person didn't want: it is kept, unused, and Monei is asked again.
    RevocationPending,
    /// An approval that nobody uses may be alive at Monei, and what could end it from here is lost.
    ApprovalLost,
    /// What was used was approved by another person than the account's. It is set apart.
    SomebodyElse,
    /// The scope this needs isn't granted; nothing was called.
    ScopeMissing,
    /// Monei refused although the scope is granted: a limit of the verification tier.
    LimitReached,
    /// An answer of Monei could not be understood.
    AnswerUnreadable,
    /// Monei gave other transactions than it says there are, so that no file has all of them.
    HistoryIncomplete,
    /// Another connection is being made already.
    AnotherInProgress,
    /// Another program of this computer holds the account: it refreshes or ends its access, or was stopped while it did.
    AccountInUse,
    /// There is no such account (any more).
    NoSuchAccount,
    /// There is no such app, or what it was given has ended or was taken back.
    NoSuchApp,
    /// An app of that name, or of one that looks like it, is there already.
    AppNameTaken,
    /// The app wasn't given the permission; nothing was called.
    PermissionNotGiven,
    /// The person switched the permission off here; nothing was called.
    PermissionSetAside,
    /// The call moves money, so that the person confirms it first; nothing was called.
    ConfirmationNeeded,
    /// Something was sent, and nobody can tell whether Monei carried it out. It is never repeated by itself.
    OutcomeUnknown,
    /// The report of a diagnosis can't be written, neither to the Downloads folder nor to the home folder.
    ReportUnsaved,
    /// A file can't be written where the person wants it.
    FileUnsaved,
    /// The system's dialog is open with another question.
    QuestionOpen,
    /// The person said no to several questions: for a while nobody is asked; `retry_after_s` says how long.
    AskedTooOften,
    /// The system shows no dialog in which the person could be asked.
    DialogUnavailable,
    /// There is no clipboard, or it doesn't take anything.
    ClipboardUnavailable,
    /// The program is about to end; nothing was sent.
    ProgramEnding,
    /// Another process of this program runs, and would go on with what is to be removed or replaced.
    OthersRunning,
    /// The command's arguments are out of range.
    InvalidInput,
}

impl ProblemCode {
    /// The whole list.
    pub const fn all() -> &'static [Self] {
        <Self as strum::VariantArray>::VARIANTS
    }

    /// Its name in snake case, as the index and the activity list keep it.
    pub fn name(self) -> String {
        self.to_string()
    }

    /// The one of that name; `None` for a name that this version doesn't know.
    pub fn named(name: &str) -> Option<Self> {
        name.parse().ok()
    }

    /// Whether a grant's record can't be read, so that nothing is known of the connection.
    pub fn is_of_keychain(self) -> bool {
        matches!(
            self,
            Self::KeychainLocked
                | Self::KeychainDismissed
                | Self::KeychainNotSetUp
                | Self::KeychainAbsent
                | Self::KeychainNoBus
                | Self::KeychainFailed
                | Self::KeychainStopped
                | Self::KeychainRefused
                | Self::KeychainTimeout
                | Self::KeychainTooLong
                | Self::KeychainForgets
                | Self::RecordUnreadable
        )
    }

    /// Whether it is one grant's record that is gone or damaged: another grant may still work.
    pub fn is_of_one_record(self) -> bool {
        matches!(self, Self::RecordMissing | Self::RecordUnreadable)
    }

    /// Whether it may be over at any moment without anybody doing something about it on this computer: worth another look soon.
    pub fn may_pass(self) -> bool {
        matches!(
            self,
            Self::Offline
                | Self::AddressUnknown
                | Self::NetworkIntercepted
                | Self::ProxyRefused
                | Self::ProxyUnreachable
                | Self::BackendUnreachable
                | Self::ProviderUnavailable
        )
    }
}

impl Problem {
    /// A problem without a waiting time.
    pub const fn new(code: ProblemCode) -> Self {
        Self { code, retry_after_s: None, proxy: None }
    }

    /// A problem with the proxy that `setting` names.
    pub fn of_proxy(code: ProblemCode, setting: ProxySetting) -> Self {
        Self { code, retry_after_s: None, proxy: Some(setting) }
    }

    /// [`ProblemCode::Busy`], with the seconds clamped to 1..=300.
    pub fn busy(seconds: u64) -> Self {
        let seconds = u32::try_from(seconds.clamp(1, 300)).unwrap_or(300);
        Self { code: ProblemCode::Busy, retry_after_s: Some(seconds), proxy: None }
    }
}

impl From<ProblemCode> for Problem {
    fn from(code: ProblemCode) -> Self {
        Self::new(code)
    }
}
