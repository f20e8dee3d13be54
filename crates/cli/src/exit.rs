//! With which code the program ends: one closed list, and the one place that says which problem has which.

use std::process::ExitCode;

use connect_core::problem::ProblemCode;

/// Why the program ends. The numbers are documented in `--help` and stay as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// What was wanted is done.
    Done = 0,
    /// Anything that no other code stands for.
    Other = 1,
    /// A word or a setting can't be used.
    Usage = 2,
    /// An account has to be reconnected.
    ReconnectNeeded = 3,
    /// A permission is missing.
    PermissionMissing = 4,
    /// The keychain can't be used.
    Keychain = 5,
    /// The connection service, Monei or the network can't be reached.
    Unreachable = 6,
    /// Denied, or not confirmed.
    Denied = 7,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit as u8)
    }
}

impl From<ProblemCode> for Exit {
    fn from(code: ProblemCode) -> Self {
        use ProblemCode as P;
        match code {
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
            | P::KeychainForgets => Exit::Keychain,
            P::AccessRevoked | P::RecordUnreadable | P::RecordMissing | P::SomebodyElse => Exit::ReconnectNeeded,
            P::ScopeMissing | P::LimitReached | P::NoSuchApp | P::PermissionNotGiven | P::PermissionSetAside => Exit::PermissionMissing,
            P::Offline
            | P::AddressUnknown
            | P::NetworkIntercepted
            | P::ProxyRefused
            | P::ProxyPassword
            | P::ProxyUnreachable
            | P::ProxySetting
            | P::BackendUnreachable
            | P::BackendCertificate
            | P::CertificatesMissing
            | P::ServiceUnavailable
            | P::ProviderUnavailable
            | P::Busy => Exit::Unreachable,
            P::Declined | P::NothingGranted | P::TimedOut | P::BackendUnconfirmed | P::ConfirmationNeeded => Exit::Denied,
            P::NoSuchAccount | P::InvalidInput | P::BackendMissing | P::BackendAddress | P::AppNameTaken => Exit::Usage,
            P::IndexUnavailable
            | P::IndexNewer
            | P::BackendEnvironment
            | P::BackendIncompatible
            | P::BrowserFailed
            | P::BrowserMissing
            | P::LoopbackUnavailable
            | P::AppsPortTaken
            | P::DeepLinkUnavailable
            | P::ApprovalExpired
            | P::ApprovalInvalid
            | P::RunEnded
            | P::RequestRefused
            | P::RevocationPending
            | P::ApprovalLost
            | P::AnswerUnreadable
            | P::HistoryIncomplete
            | P::AccountInUse
            | P::AnotherInProgress
            | P::OutcomeUnknown
            | P::ReportUnsaved
            | P::FileUnsaved
            | P::QuestionOpen
            | P::AskedTooOften
            | P::DialogUnavailable
            | P::ClipboardUnavailable
            | P::OthersRunning
            | P::ProgramEnding => Exit::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn every_code_is_in_the_help() {
        let help = crate::words::Words::command().render_help().to_string();
        for exit in [
            Exit::Done,
            Exit::Other,
            Exit::Usage,
            Exit::ReconnectNeeded,
            Exit::PermissionMissing,
            Exit::Keychain,
            Exit::Unreachable,
            Exit::Denied,
        ] {
            assert!(help.contains(&format!("\n  {}  ", exit as u8)), "{exit:?}");
        }
    }
}
