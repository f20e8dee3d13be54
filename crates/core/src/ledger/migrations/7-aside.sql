-- Permissions that the person switched off here, whatever Monei grants.

CREATE TABLE aside (
    account TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    scope   TEXT NOT NULL,
    at      INTEGER NOT NULL, -- milliseconds since the Unix epoch
    PRIMARY KEY (account, scope)
) STRICT;
