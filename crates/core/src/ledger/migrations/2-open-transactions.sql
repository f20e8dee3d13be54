-- The transactions that wait for an answer of the browser, or waited when the program ended: a link for any other one reads no keychain.
-- The transaction itself stays out of this file; the keychain entry has its name.

CREATE TABLE open_transactions (
    hash       TEXT PRIMARY KEY, -- SHA-256 of the transaction, in hexadecimal digits
    expires_at INTEGER NOT NULL
) STRICT;
