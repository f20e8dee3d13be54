-- Whose each grant is, as its own token told; grants that turned out to be another person's; what is routine in the history; and what each
-- connection was used for.

ALTER TABLE grants ADD COLUMN owner_user TEXT;
ALTER TABLE grants ADD COLUMN owner_wallet TEXT;

-- Grants that belong to no account: their approval isn't decided about yet, or they turned out to be somebody else's.
CREATE TABLE set_apart (
    id          TEXT PRIMARY KEY, -- the grant's
    account     TEXT NOT NULL,    -- the account that it was in; without a foreign key, since the account may go first
    scopes      TEXT NOT NULL,    -- separated by spaces
    user_id     TEXT,
    wallet_id   TEXT,
    name        TEXT,
    email       TEXT,
    at          INTEGER NOT NULL
) STRICT;

-- 1 where the line comes by itself again and again, so that such lines push out no others.
ALTER TABLE activity ADD COLUMN routine INTEGER NOT NULL DEFAULT 0;
UPDATE activity SET routine = 1 WHERE json_valid(event) AND json_extract(event, '$.kind') = 'refreshed';

-- One row per day, caller, account, permission, endpoint and outcome.
CREATE TABLE uses (
    day        INTEGER NOT NULL, -- days since the Unix epoch, UTC
    caller     TEXT NOT NULL,
    account    TEXT NOT NULL,
    permission TEXT NOT NULL,    -- the scope, in Monei's words
    endpoint   TEXT NOT NULL,    -- method and path template
    outcome    TEXT NOT NULL,
    count      INTEGER NOT NULL,
    first_at   INTEGER NOT NULL,
    last_at    INTEGER NOT NULL,
    PRIMARY KEY (day, caller, account, permission, endpoint, outcome)
) STRICT;
