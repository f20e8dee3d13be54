//! What is read, in the order of the columns that [`super::rows`] expects.

pub(super) const ACCOUNTS: &str = "SELECT id, user_id, wallet_id, name, email, label, connected_at, checked_at, health, health_code
    FROM accounts ORDER BY connected_at, id";

pub(super) const GRANTS: &str = "SELECT id, account, backend, scopes, granted_at, expires_at, generation, owner_user, owner_wallet
    FROM grants ORDER BY granted_at, id";

pub(super) const SCOPE_STATES: &str = "SELECT scope, mark, at FROM scope_states WHERE account = ?1 ORDER BY scope";

/// Of all accounts: an entry may not say any more whose it is.
pub(super) const ASIDE: &str = "SELECT rowid, account, scope, at FROM aside";

pub(super) const SET_APART: &str = "SELECT id, account, scopes, user_id, wallet_id, name, email FROM set_apart ORDER BY at, id";

/// The account is told only while it is still there.
pub(super) const ACTIVITY: &str = "SELECT activity.at, accounts.id, activity.account_name, activity.event
    FROM activity LEFT JOIN accounts ON accounts.id = activity.account
    WHERE ?1 IS NULL OR activity.account = ?1 ORDER BY activity.seq DESC LIMIT ?2";

pub(super) const SETTING: &str = "SELECT value FROM settings WHERE key = ?1";

pub(super) const OPEN_TRANSACTIONS: &str = "SELECT hash, expires_at FROM open_transactions ORDER BY expires_at, hash";

/// With when each last called, and how often.
pub(super) const APPS: &str = "SELECT apps.id, apps.name, apps.account, apps.scopes, apps.until, apps.created_at, apps.taken_back_at,
        apps.over_tcp, max(uses.last_at), coalesce(sum(uses.count), 0)
    FROM apps LEFT JOIN uses ON uses.caller = 'app:' || apps.id
    GROUP BY apps.id ORDER BY apps.created_at, apps.id";

/// Of the apps that weren't taken back.
pub(super) const APP_KEYS: &str = "SELECT id, key_hash FROM apps WHERE taken_back_at IS NULL";

pub(super) const APP: &str =
    "SELECT id, name, account, scopes, until, created_at, taken_back_at, over_tcp, NULL, 0 FROM apps WHERE id = ?1";

/// Of the payments that have no outcome yet.
pub(super) const OPEN_PAYMENTS: &str = "SELECT id, app, account, endpoint, amount, currency, receiver, reference, began_at FROM payments WHERE outcome IS NULL ORDER BY began_at, id";

/// The payments that were sent, or may have been. One without an outcome is being sent.
pub(super) const SENT_BEFORE: &str = "SELECT account, endpoint, amount, currency, receiver, began_at FROM payments
    WHERE outcome IS NULL OR outcome NOT IN ('refused', 'not_sent')";

pub(super) const USES_BY: &str = "SELECT day, caller, account, permission, endpoint, outcome, count, first_at, last_at
    FROM uses WHERE caller = ?1 ORDER BY last_at DESC";

pub(super) const USES: &str = "SELECT day, caller, account, permission, endpoint, outcome, count, first_at, last_at
    FROM uses WHERE account = ?1 ORDER BY last_at DESC";

/// With the account only while it is still there. `?1`: one account, or NULL.
pub(super) const RECEIPTS: &str = "SELECT number, at, accounts.id, receipts.name, approved_by, receipts.email, service, operator, allowed,
        left_off, extra
    FROM receipts LEFT JOIN accounts ON accounts.id = receipts.account
    WHERE ?1 IS NULL OR receipts.account = ?1 ORDER BY number DESC";

pub(super) const KEPT_DECISIONS: &str = "SELECT account, scope, at FROM kept";

/// By whom a use is: the program's own checks don't count.
pub(super) const LAST_USES: &str = "SELECT account, permission, max(last_at) FROM uses WHERE caller <> ?1 GROUP BY account, permission";
