-- What the program knows about its accounts. No token, code or secret is ever in here: those are in the keychain.
-- Times are milliseconds since the Unix epoch.

CREATE TABLE accounts (
    id           TEXT PRIMARY KEY,
    user_id      TEXT,
    wallet_id    TEXT,
    name         TEXT,
    email        TEXT,
    label        TEXT,
    connected_at INTEGER NOT NULL,
    checked_at   INTEGER,
    health       TEXT NOT NULL CHECK (health IN ('connected', 'needs_reconnect', 'unreachable')),
    health_code  TEXT,
    CHECK ((health = 'connected') = (health_code IS NULL))
) STRICT;

CREATE TABLE grants (
    id         TEXT PRIMARY KEY,
    account    TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    backend    TEXT NOT NULL,
    scopes     TEXT NOT NULL, -- separated by spaces
    granted_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    generation INTEGER NOT NULL
) STRICT;

CREATE INDEX grants_by_account ON grants (account);

CREATE TABLE scope_states (
    account TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    scope   TEXT NOT NULL,
    mark    TEXT NOT NULL CHECK (mark IN ('declined', 'lost')),
    at      INTEGER NOT NULL,
    PRIMARY KEY (account, scope)
) STRICT;

-- An account's lines outlive it, so there is no foreign key.
CREATE TABLE activity (
    seq          INTEGER PRIMARY KEY AUTOINCREMENT,
    at           INTEGER NOT NULL,
    account      TEXT,
    account_name TEXT,
    event        TEXT NOT NULL -- JSON
) STRICT;

CREATE TABLE settings (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;
