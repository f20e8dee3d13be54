//! Why a call wasn't passed on: the closed list that programs see as `Connect-Reason`, and what each problem of the core is in it.

use connect_core::problem::ProblemCode;

/// A refusal of this program's own. Its name is the value of the header `Connect-Reason`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::Display, strum::VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Reason {
    /// The request is malformed.
    RequestInvalid,
    /// There is no key, or none that works now.
    KeyUnknown,
    /// It comes from a web page.
    BrowserRefused,
    /// The person didn't give the app this permission.
    PermissionNotGiven,
    /// The account doesn't have the permission at Monei.
    ScopeNotGranted,
    /// Monei doesn't accept the connection any more.
    AccountNeedsReconnect,
    /// The person confirms it first.
    ConfirmationNeeded,
    /// The person said no.
    ConfirmationDenied,
    /// The keychain can't be read.
    KeychainLocked,
    /// No permission opens the call.
    NotListed,
    /// The request is too long.
    TooLarge,
    /// Too many calls.
    Busy,
    /// Monei's answer can't be passed on.
    AnswerUnusable,
    /// Monei can't be reached.
    Unreachable,
    /// Nobody can tell whether Monei carried it out.
    OutcomeUnknown,
}

impl Reason {
    /// The HTTP status.
    pub const fn status(self) -> u16 {
        match self {
            Self::RequestInvalid => 400,
            Self::KeyUnknown => 401,
            Self::BrowserRefused
            | Self::PermissionNotGiven
            | Self::ScopeNotGranted
            | Self::AccountNeedsReconnect
            | Self::ConfirmationNeeded
            | Self::ConfirmationDenied
            | Self::KeychainLocked => 403,
            Self::NotListed => 404,
            Self::TooLarge => 413,
            Self::Busy => 429,
            Self::AnswerUnusable => 502,
            Self::Unreachable => 503,
            Self::OutcomeUnknown => 504,
        }
    }

    /// What a problem of the core is to a program.
    pub const fn of(code: ProblemCode) -> Self {
        use ProblemCode as P;
        match code {
            P::NoSuchApp | P::NoSuchAccount => Self::KeyUnknown,
            P::PermissionNotGiven | P::PermissionSetAside => Self::PermissionNotGiven,
            P::ScopeMissing | P::LimitReached => Self::ScopeNotGranted,
            P::AccessRevoked
            | P::RecordMissing
            | P::RecordUnreadable
            | P::SomebodyElse
            | P::RevocationPending
            | P::ApprovalLost
            | P::BackendUnconfirmed
            | P::BackendMissing
            | P::BackendAddress
            | P::BackendEnvironment
            | P::BackendIncompatible => Self::AccountNeedsReconnect,
            P::ConfirmationNeeded => Self::ConfirmationNeeded,
            P::Declined => Self::ConfirmationDenied,
            P::KeychainLocked
            | P::KeychainDismissed
            | P::KeychainNotSetUp
            | P::KeychainAbsent
            | P::KeychainNoBus
            | P::KeychainFailed
            | P::KeychainStopped
            | P::KeychainRefused
            | P::KeychainTimeout
            | P::KeychainTooLong
            | P::KeychainForgets => Self::KeychainLocked,
            P::Busy => Self::Busy,
            P::AnswerUnreadable | P::HistoryIncomplete | P::NetworkIntercepted => Self::AnswerUnusable,
            P::OutcomeUnknown => Self::OutcomeUnknown,
            P::InvalidInput | P::AppNameTaken => Self::RequestInvalid,
            P::IndexUnavailable
            | P::IndexNewer
            | P::Offline
            | P::AddressUnknown
            | P::ProxyRefused
            | P::ProxyPassword
            | P::ProxyUnreachable
            | P::ProxySetting
            | P::BackendUnreachable
            | P::BackendCertificate
            | P::CertificatesMissing
            | P::ServiceUnavailable
            | P::ProviderUnavailable
            | P::BrowserFailed
            | P::BrowserMissing
            | P::LoopbackUnavailable
            | P::AppsPortTaken
            | P::DeepLinkUnavailable
            | P::NothingGranted
            | P::TimedOut
            | P::ApprovalExpired
            | P::ApprovalInvalid
            | P::RunEnded
            | P::RequestRefused
            | P::AnotherInProgress
            | P::AccountInUse
            | P::ReportUnsaved
            | P::FileUnsaved
            | P::QuestionOpen
            | P::AskedTooOften
            | P::DialogUnavailable
            | P::ClipboardUnavailable
            | P::OthersRunning
            | P::ProgramEnding => Self::Unreachable,
        }
    }
}
