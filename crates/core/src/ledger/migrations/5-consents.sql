-- What each approval gave, and what the person decided to keep when they looked over it.

CREATE TABLE receipts (
    number      INTEGER PRIMARY KEY AUTOINCREMENT,
    at          INTEGER NOT NULL,
    account     TEXT NOT NULL, -- without a foreign key: a receipt outlives its account
    name        TEXT,
    approved_by TEXT,
    email       TEXT,
    service     TEXT NOT NULL, -- origin
    operator    TEXT,
    allowed     TEXT NOT NULL, -- scopes separated by spaces, as in the next two
    left_off    TEXT NOT NULL,
    extra       TEXT NOT NULL
) STRICT;

-- The last decision to keep a permission, or with an empty scope the account as it is.
CREATE TABLE kept (
    account TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    scope   TEXT NOT NULL,
    at      INTEGER NOT NULL,
    PRIMARY KEY (account, scope)
) STRICT;
