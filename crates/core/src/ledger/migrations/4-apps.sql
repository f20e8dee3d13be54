-- Other programs of the person that may use a connection. Of their keys only hashes are kept.

CREATE TABLE apps (
    id            TEXT PRIMARY KEY,
    name          TEXT NOT NULL,
    key_hash      TEXT NOT NULL UNIQUE, -- SHA-256 of the key, in hexadecimal digits
    account       TEXT NOT NULL,        -- without a foreign key: what an app did outlives the account
    scopes        TEXT NOT NULL,        -- separated by spaces
    until         INTEGER,              -- no end where it is missing
    created_at    INTEGER NOT NULL,
    taken_back_at INTEGER,
    over_tcp      INTEGER NOT NULL DEFAULT 0 -- 1 once the key was used over TCP
) STRICT;

CREATE INDEX uses_by_caller ON uses (caller);
