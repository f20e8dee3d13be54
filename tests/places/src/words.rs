//! What the window says, as far as the places look for it.

/// The first page's heading.
pub const WELCOME: &str = "Welcome to Monei Connections";
/// Agrees to the service.
pub const CONFIRM_SERVICE: &str = "I trust this service";
/// Begins to connect.
pub const CONNECT: &str = "Connect an account";
/// Opens the browser.
pub const START: &str = "Continue in browser";
/// After a partial grant.
pub const CONNECTED: &str = "Connected, with a part of what was asked";
/// Leads to the dashboard.
pub const GO_TO_ACCOUNT: &str = "Go to the account";

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

/// Words of the log that nothing healthy writes.
pub const SIGNS_OF_FAILURE: [&str; 3] = ["web process", "a programming error", "panicked"];
