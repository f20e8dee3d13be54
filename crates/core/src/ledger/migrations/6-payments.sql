-- Payments that the person confirmed for an app, one by one. A row is written before anything is sent; no PIN is in it.

CREATE TABLE payments (
    id       TEXT PRIMARY KEY,
    app      TEXT NOT NULL,
    account  TEXT NOT NULL,   -- without a foreign key: what was paid outlives the account
    endpoint TEXT NOT NULL,
    amount   TEXT,            -- decimal, in major units
    currency TEXT,
    receiver TEXT,
    reference TEXT,
    began_at INTEGER NOT NULL,
    outcome  TEXT,            -- missing while it is under way
    ended_at INTEGER
) STRICT;
