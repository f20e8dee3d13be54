//! What went wrong, why, and what to do, in English: one entry per code. A code without its sentences doesn't compile.

use connect_core::problem::ProblemCode;

use crate::catalogue::ProblemWords;

/// The sentences of a problem.
pub const fn words(code: ProblemCode) -> ProblemWords {
    use ProblemCode as P;
    let (title, cause, advice) = match code {
        P::KeychainLocked => (
            "The keychain is locked",
            "Approvals are kept in your system’s keychain, and it hasn’t been unlocked in this session.",
            "Unlock it: your keychain asks for its password, usually your login password.",
        ),
        P::KeychainDismissed => (
            "The keychain wasn’t opened",
            "Its own window was cancelled, or couldn’t be shown. It isn’t opened again unless you ask.",
            "Try again when you’re ready to enter its password. If its window is still open, you can answer it there.",
        ),
        P::KeychainNotSetUp => (
            "Your keyring isn’t set up yet",
            "A keychain is installed, but it has no keyring to keep approvals in. That is usual before the first login with a password.",
            "Set it up: your keychain asks you to choose a password.",
        ),
        P::KeychainAbsent => (
            "No keychain was found",
            "This system offers no place where approvals can be kept safely, and they are never kept anywhere else.",
            "Start or install a keychain (on Linux, GNOME Keyring or KWallet), then try again.",
        ),
        P::KeychainNoBus => (
            "The keychain can’t be reached",
            "This program runs without a session bus (D-Bus), which is the way to the keychain.",
            "Start it from your desktop, or with dbus-run-session. If this is your desktop, log out and in again.",
        ),
        P::KeychainFailed => (
            "The keychain doesn’t work",
            "A keychain is installed, but it didn’t start or opened no encrypted session.",
            "Check its installation (KWallet needs the plugins of QCA for it), then try again.",
        ),
        P::KeychainStopped => (
            "The keychain stopped",
            "It ended while this program was waiting for it. What you asked for wasn’t done.",
            "Try again: it is started anew where the system can do that.",
        ),
        P::KeychainRefused => (
            "The keychain refused",
            "Your system’s keychain didn’t let this program read or write its entry.",
            concat!("Allow ", env!("MONEI_PRODUCT_NAME"), " in the keychain’s settings, then try again."),
        ),
        P::KeychainTimeout => (
            "The keychain didn’t answer",
            "It takes too long, and shows no window that you could answer.",
            "Try again in a moment. If it stays so, log out and in again.",
        ),
        P::KeychainTooLong => (
            "The approval doesn’t fit into the keychain",
            "Monei’s answer is longer than what this system’s keychain can hold.",
            "Nothing was stored. An update of this program may help.",
        ),
        P::KeychainForgets => (
            "This keychain keeps nothing",
            "What is stored in it can’t be seen by any other program, or is gone when you log out.",
            "Start or install the system’s own keychain (on Linux, GNOME Keyring or KWallet), then try again.",
        ),
        P::RecordUnreadable => (
            "A stored approval can’t be read",
            "Its entry in the keychain is damaged, or a newer version of this program wrote it.",
            "Update this program, or connect the account again.",
        ),
        P::RecordMissing => (
            "The stored approval is gone",
            "Its entry isn’t in the keychain any more: it was removed there, or another keychain is open.",
            "Open the keychain that had it, or connect the account again.",
        ),
        P::IndexUnavailable => (
            "This program’s data folder can’t be used",
            "The disk may be full, or the folder may be closed to you.",
            "Make room or open the folder, then try again.",
        ),
        P::IndexNewer => (
            "A newer version of this program was used here",
            "It wrote this program’s data in a form that this version doesn’t know. Nothing was changed.",
            "Install the newer version again.",
        ),
        P::Offline => ("You’re offline", "This computer has no connection to the internet.", "Everything works again once it is back."),
        P::AddressUnknown => (
            "There is no such address",
            "You’re connected to a network, but it doesn’t know the connection service’s address.",
            "Check the address in Settings for a typing mistake. Some addresses exist inside a company’s network or VPN only.",
        ),
        P::NetworkIntercepted => (
            "Something on your network answered instead",
            "A sign-in page or a proxy came in between, as in hotels and at work. Your connections are untouched.",
            "Sign in to the network in your browser, then try again.",
        ),
        P::ProxyRefused => (
            "Your network’s proxy didn’t let this through",
            "This computer reaches the internet through a proxy, which refused or couldn’t reach the address. Your connections are untouched.",
            "Check the address in Settings, or ask whoever runs your network.",
        ),
        P::ProxyPassword => (
            "Your network’s proxy wants a password",
            "This computer reaches the internet through a proxy that lets nobody pass without a user name and password. None is set, or they aren’t the right ones.",
            "Set them where the proxy is set, then try again. In a variable they stand before the address: http://name:password@proxy:port.",
        ),
        P::ProxyUnreachable => (
            "Your network’s proxy can’t be reached",
            "This computer is set up to reach the internet through a proxy, and that doesn’t answer. Your connections are untouched.",
            "You may be on another network than the one the proxy is for. Correct the proxy or turn it off where it is set, then try again.",
        ),
        P::ProxySetting => (
            "The proxy that is set can’t be used",
            "Its address is malformed or of a kind that this program doesn’t know. Nothing was sent.",
            "Correct it where it is set. These kinds work: http, https, socks5h, socks5, socks4a and socks4.",
        ),
        P::BackendMissing => (
            "Enter the address of your connection service",
            "Approvals pass through a connection service, and no address of one is set here.",
            "Enter its address in Settings. Whoever gave you this program knows it.",
        ),
        P::BackendUnreachable => (
            "The connection service didn’t answer",
            "The service that approvals pass through can’t be reached at its address.",
            "Try again in a moment. If it stays so, check the address in Settings, or ask whoever gave it to you.",
        ),
        P::BackendCertificate => (
            "Your network’s certificate isn’t trusted here",
            "In place of the connection service or Monei, something showed a certificate that this computer doesn’t accept: your network’s own, or a false one. Nothing was sent to it.",
            "See that this computer’s date is right, and try another network. At work, your network’s certificate must be installed in the system first.",
        ),
        P::CertificatesMissing => (
            "This computer’s certificates can’t be read",
            "Without the system’s list of trusted certificates nobody can be told from an impostor, so nothing was sent.",
            "Install the system’s certificates (on Linux, the package ca-certificates), and see that SSL_CERT_FILE, if it is set, names a file that exists.",
        ),
        P::BackendEnvironment => (
            "The connection service is for another Monei",
            "It works with a different environment (sandbox, development or production) than this program.",
            "Set the address of a fitting service in Settings.",
        ),
        P::BackendIncompatible => (
            "The address doesn’t lead to a fitting connection service",
            "What answers there speaks another version, or is something else altogether.",
            "Check the address in Settings, or update this program.",
        ),
        P::BackendUnconfirmed => (
            "The connection service isn’t confirmed",
            "Its address, or what it calls itself, has changed. Approvals pass through it only once you agree.",
            "See what it calls itself now and confirm it in Settings.",
        ),
        P::BackendAddress => (
            "The address can’t be used",
            "It must begin with https:// (or point to this computer) and have no path.",
            "Correct the address in Settings.",
        ),
        P::ServiceUnavailable => (
            "The connection service can’t work with Monei just now",
            "Monei doesn’t accept the service’s own registration. This is nothing that you did.",
            "Whoever runs the service must set it right. Try again later.",
        ),
        P::ProviderUnavailable => {
            ("Monei didn’t answer", "Monei can’t be reached, or has a fault of its own.", "Nothing is lost. Try again in a moment.")
        }
        P::Busy => ("Monei is busy", "Monei takes a limited number of requests a minute.", "Wait a little, then try again."),
        P::BrowserFailed => (
            "Your browser couldn’t be opened",
            "The system didn’t start a browser for the link.",
            "Copy the link and paste it into your browser yourself.",
        ),
        P::BrowserMissing => (
            "No browser was found",
            "This computer has no web browser with a window, or the system doesn’t know which one to use.",
            "Install a browser, or choose the default one in your system’s settings. With a browser elsewhere, copy the link.",
        ),
        P::LoopbackUnavailable => (
            "The way back from the browser is blocked",
            "This program couldn’t open an address on this computer for the browser’s answer.",
            "Choose “Through an app link” in Settings, then try again.",
        ),
        P::AppsPortTaken => (
            "Another program holds the apps’ port",
            concat!(
                "Apps can’t reach ",
                env!("MONEI_PRODUCT_NAME"),
                " over TCP, and what they send to that port goes to the other program, their keys too."
            ),
            "End that program, or choose another port on the Apps page or with “moneictl app url --new”: keys that were used over TCP end then.",
        ),
        P::DeepLinkUnavailable => (
            "App links don’t come back to this program",
            "The system hands this program’s links to something else, or to nothing.",
            "Choose “Through this computer” in Settings, or install the program anew.",
        ),
        P::Declined => (
            "You declined on Monei’s page",
            "Monei told us that nothing was allowed.",
            "Nothing changed here. You can ask again whenever you like.",
        ),
        P::NothingGranted => (
            "Nothing was allowed",
            "Monei’s page was confirmed with every permission left off.",
            "Nothing changed here. Ask again and turn on what you want to allow.",
        ),
        P::TimedOut => (
            "The time ran out",
            "No answer came from the browser within ten minutes.",
            "Nothing changed here. Start again when you’re ready.",
        ),
        P::ApprovalExpired => (
            "The approval came too late",
            "It was too old or had been used already, so it wasn’t accepted.",
            "Nothing changed here. Start again.",
        ),
        P::ApprovalInvalid => (
            "The answer didn’t fit",
            "What came back didn’t match what this program asked for, so nothing was stored.",
            "Start again. If it happens twice, look at your connected apps in Monei’s settings.",
        ),
        P::RunEnded => (
            "That approval was for a run that has ended",
            "It was given too late, or this program was started anew in between and kept nothing that belongs to it.",
            "Start again.",
        ),
        P::RequestRefused => (
            "Monei refused the request",
            "Monei doesn’t allow the connection service to ask for this.",
            "Ask for fewer features, or ask who runs the service.",
        ),
        P::RevocationPending => (
            "Monei hasn’t confirmed that it ended",
            "The approval isn’t used, but it may still be alive at Monei.",
            "It is kept here and taken back as soon as Monei answers. “Connected apps” in Monei’s settings ends it too.",
        ),
        P::ApprovalLost => (
            "An approval may still be alive at Monei",
            "Monei hasn’t confirmed that it ended, and what could end it from here couldn’t be kept, is damaged or missing.",
            "End it under “Connected apps” in Monei’s settings. Before you connect again, see that the keychain is open and the disk has room.",
        ),
        P::SomebodyElse => (
            "Somebody else approved this",
            "Monei says that it belongs to another person than this account.",
            "It was set apart. Choose what becomes of it when you are asked.",
        ),
        P::AccessRevoked => (
            "Access was taken back",
            "You removed this connection in Monei’s settings, or Monei ended it.",
            "Reconnect if you want to use it again.",
        ),
        P::ScopeMissing => (
            "This isn’t allowed yet",
            "The permission for it hasn’t been given, so Monei wasn’t asked.",
            "Ask for the feature on this page.",
        ),
        P::LimitReached => (
            "Your verification tier doesn’t allow this",
            "You gave the permission, but Monei limits what your tier can do.",
            "Raise your tier in Monei’s settings.",
        ),
        P::AnswerUnreadable => (
            "Monei’s answer couldn’t be understood",
            "Monei answered in a way that this version doesn’t know.",
            "Try again. If it stays so, an update of this program may help.",
        ),
        P::HistoryIncomplete => (
            "Not all of the transactions arrived",
            "What Monei gave doesn’t fit the number that it told, or some changed their status time and again while they were read. A file could lack some of them, so none was made.",
            "Try again. If it stays so, choose a shorter period.",
        ),
        P::AccountInUse => (
            "Another program is using this account",
            "It has been renewing or ending the access for more than a minute. It may have been stopped in a terminal, such as moneictl with Ctrl+Z.",
            "Let it finish or close it, then try again.",
        ),
        P::AnotherInProgress => ("Another connection is being made", "Only one can be made at a time.", "Finish or cancel it first."),
        P::NoSuchAccount => {
            ("This account isn’t here any more", "It was disconnected in the meantime.", "Choose another account on the left.")
        }
        P::NoSuchApp => (
            "This app isn’t allowed any more",
            "What it was given has ended, or was taken back.",
            "Allow it again on the Apps page if you still want it to use your account.",
        ),
        P::AppNameTaken => (
            "That name is taken",
            "Two apps whose names look alike could be taken for each other. Names that begin with “moneictl” are for the command line alone.",
            "Choose another name, or take back the other app first.",
        ),
        P::PermissionNotGiven => (
            "The app wasn’t given this permission",
            "You decide for each app what it may do with your account. Nothing was sent to Monei.",
            "Give it this permission on the Apps page if you want it to do this.",
        ),
        P::PermissionSetAside => (
            "You set this permission aside",
            "It is switched off on this computer: no app and no window uses it. Nothing was sent to Monei.",
            "Switch it on again on the permission’s page if you want it to be used.",
        ),
        P::ConfirmationNeeded => (
            "You need to confirm this",
            "It moves money, and an app can’t do that by itself. Nothing was sent to Monei.",
            concat!("Confirm it in ", env!("MONEI_PRODUCT_NAME"), " on this computer."),
        ),
        P::OutcomeUnknown => (
            "Nobody can tell whether it was carried out",
            "It was sent to Monei, and the answer didn’t arrive. It isn’t sent again by itself.",
            "Look at your transactions at Monei before you try again.",
        ),
        P::ReportUnsaved => (
            "The report couldn’t be saved",
            "Nothing can be written to your Downloads folder, nor to your home folder.",
            "Copy the report instead.",
        ),
        P::FileUnsaved => ("The file couldn’t be saved", "Nothing can be written to the folder that was chosen.", "Choose another folder."),
        P::QuestionOpen => (
            "A question is open already",
            "The system’s own dialog asks one question at a time. Nothing has changed.",
            "Answer the question that is open, then try again.",
        ),
        P::AskedTooOften => (
            "You have said no several times",
            "You aren’t asked again for up to a minute, so that nothing can press you to say yes. Nothing has changed.",
            "Wait a little, then try again.",
        ),
        P::DialogUnavailable => (
            "You couldn’t be asked",
            "The system can’t show the dialog in which you would say yes or no. Nothing has changed.",
            "Try again. If it goes on, start the program anew.",
        ),
        P::ClipboardUnavailable => (
            "Nothing could be copied",
            "This session has no clipboard, or another program keeps it busy.",
            "Try again. A link can be opened in your browser instead, and a report saved to a file.",
        ),
        P::ProgramEnding => ("The program is closing", "Nothing more is sent.", "Start it again."),
        P::OthersRunning => (
            concat!(env!("MONEI_PRODUCT_NAME"), " is also open elsewhere"),
            "Another window or terminal of yours runs it, and would go on with data that is to be removed or replaced.",
            "Close that one, end “moneictl serve” if it runs, then try again.",
        ),
        P::InvalidInput => ("That can’t be done", "The program doesn’t accept this just now.", "Check what you entered, then try again."),
    };
    ProblemWords { title, cause, advice }
}
