//! What the window says, as far as the places look for it.

/// The first page's heading.
pub const WELCOME: &str = "Welcome to Monei Connections";
/// The same where the desktop speaks French.
pub const WELCOME_FRENCH: &str = "Bienvenue dans Monei Connections";
/// Where no service is set.
pub const ADDRESS_MISSING: &str = "Enter the address of your connection service";
/// What is said of a service that doesn't answer.
pub const NO_ANSWER: &str = "didn’t answer";
/// What is said of a service whose name is like Monei's.
pub const LIKE_MONEI: &str = "Anybody can do that, so the name isn’t shown";
/// What is said of a service on this computer.
pub const ON_THIS_COMPUTER: &str = "a service on this computer";
/// Agrees to the service.
pub const CONFIRM_SERVICE: &str = "I trust this service";
/// Begins to connect.
pub const CONNECT: &str = "Connect an account";
/// Opens the browser.
pub const START: &str = "Continue in browser";
/// Keeps a new account.
pub const THIS_IS_ME: &str = "Keep it";
/// After a partial grant.
pub const CONNECTED: &str = "Connected, with a part of what was asked";
/// Leads to the dashboard.
pub const GO_TO_ACCOUNT: &str = "Go to the account";

/// While the browser is open.
pub const WAITING: &str = "Waiting for you in the browser";
/// Where no browser could be opened.
pub const OPEN_LINK_YOURSELF: &str = "Open the link in your browser";
/// Said while the keychain's own dialog is open.
pub const KEYCHAIN_ASKS: &str = "Your keychain is asking you something";
/// Said after that was cancelled.
pub const KEYCHAIN_DISMISSED: &str = "The keychain wasn’t opened";
/// Said after the keychain ended.
pub const KEYCHAIN_STOPPED: &str = "The keychain stopped";
/// Said as the program ends, where Monei's answer about what was kept in memory comes too late.
pub const END_NOT_CONFIRMED: &str = "confirmed that the access has ended";
/// Said where there is none.
pub const KEYCHAIN_ABSENT: &str = "No keychain was found";
/// Said without a session bus.
pub const KEYCHAIN_NO_BUS: &str = "The keychain can’t be reached";
/// Keeps approvals in memory alone.
pub const KEEP_IN_MEMORY: &str = "Go on without it";
/// Begins anew what failed.
pub const TRY_AGAIN: &str = "Try again";
/// Reads an account from Monei once more.
pub const REFRESH: &str = "Refresh";
/// Where no account is left.
pub const NO_ACCOUNT: &str = "No account is connected yet";
/// Leads to the settings.
pub const SETTINGS: &str = "Settings";
/// Tries everything that a connection needs.
pub const CHECK_EVERYTHING: &str = "Check everything";
/// Puts what came of it into a file.
pub const SAVE_REPORT: &str = "Save report";
/// What is said when that is done.
pub const REPORT_SAVED: &str = "The report was saved as";
/// What is said where nothing can be stored.
pub const NO_DATA_FOLDER: &str = "data folder can’t be used";
/// What is said of a proxy that lets nothing through.
pub const PROXY: &str = "Your network’s proxy";
/// What is said of one that wants a password.
pub const PROXY_PASSWORD: &str = "Your network’s proxy wants a password";
/// What is said of a sign-in page.
pub const INTERCEPTED: &str = "Something on your network answered instead";
/// What is said without a network.
pub const OFFLINE: &str = "You’re offline";

/// One of the sandbox's people.
pub const PERSON: &str = "ada";
/// That person's name: the dashboard's heading.
pub const PERSON_NAME: &str = "Ada";
/// Features that are asked for.
pub const ASKED: [&str; 3] = ["Profile", "Tier and limits", "Balance and history"];
/// Scopes of them that are allowed.
pub const ALLOWED_SCOPES: [&str; 2] = ["profile:read", "wallet:read"];
/// What the dashboard then reads from Monei.
pub const BALANCE: &str = "₦";

/// Said natively where the page ended twice.
pub const NO_PAGE: &str = "This window can’t show its page";
/// Said with it.
pub const NOTHING_LOST: &str = "Your accounts and what they allow are as they were";
/// Loads the page once more.
pub const SHOW_AGAIN: &str = "Show it again";
/// Ends the program.
pub const QUIT: &str = "Quit";
/// What the log says of a page that ended, the first time and later.
pub const LOADED_ANEW: &str = "the window's page ended; it is loaded anew";
/// The same.
pub const ENDED_AGAIN: &str = "the window's page ended again";

/// Words of the log that nothing healthy writes.
pub const SIGNS_OF_FAILURE: [&str; 3] = ["the window's page ended", "a programming error", "panicked"];
