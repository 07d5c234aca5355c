-- The books: nothing in entries and journals is ever changed or removed. An account with a floor numbers its entries and
-- carries its balance along; one without is only summed up, so that nobody waits to write into it.
CREATE TABLE ledger_accounts (
    id {serial},
    owner TEXT NOT NULL,
    kind TEXT NOT NULL,
    asset TEXT NOT NULL CHECK (asset IN ('USD', 'TON', 'CREDIT')),
    normal TEXT NOT NULL CHECK (normal IN ('D', 'C')),
    has_floor INTEGER NOT NULL CHECK (has_floor IN (0, 1)),
    UNIQUE (owner, kind, asset)
);

-- `amount`: minor units. `number`: 1, 2, 3 … of its account, and `balance` after it; NULL without a floor.
CREATE TABLE ledger_entries (
    id {serial},
    account_id BIGINT NOT NULL REFERENCES ledger_accounts (id),
    side TEXT NOT NULL CHECK (side IN ('D', 'C')),
    amount BIGINT NOT NULL CHECK (amount > 0),
    number BIGINT,
    balance BIGINT CHECK (balance >= 0),
    UNIQUE (account_id, number)
);
CREATE INDEX ledger_entries_by_account ON ledger_entries (account_id, id, side, amount);

-- Written after its entries, which it closes. `fingerprint`: SHA-256 of what was asked for under `key`. `facts`: JSON.
CREATE TABLE ledger_journals (
    id TEXT PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    fingerprint TEXT NOT NULL,
    kind TEXT NOT NULL,
    ref TEXT NOT NULL,
    reverses TEXT UNIQUE REFERENCES ledger_journals (id) DEFERRABLE INITIALLY DEFERRED,
    facts TEXT NOT NULL,
    at_ms BIGINT NOT NULL
);
CREATE INDEX ledger_journals_by_ref ON ledger_journals (ref, at_ms);

ALTER TABLE ledger_entries ADD COLUMN journal_id TEXT
    CHECK (journal_id IS NOT NULL) REFERENCES ledger_journals (id) DEFERRABLE INITIALLY DEFERRED;
CREATE INDEX ledger_entries_by_journal ON ledger_entries (journal_id);

-- Money set aside, until it is captured (up to `amount`) or released. `closed_by`: the journal that did so.
CREATE TABLE ledger_holds (
    id TEXT PRIMARY KEY,
    source_id BIGINT NOT NULL REFERENCES ledger_accounts (id),
    target_id BIGINT NOT NULL REFERENCES ledger_accounts (id),
    amount BIGINT NOT NULL CHECK (amount > 0),
    ref TEXT NOT NULL,
    placed_by TEXT NOT NULL UNIQUE REFERENCES ledger_journals (id),
    status TEXT NOT NULL CHECK (status IN ('open', 'captured', 'released')),
    captured BIGINT NOT NULL DEFAULT 0 CHECK (captured BETWEEN 0 AND amount),
    closed_by TEXT UNIQUE REFERENCES ledger_journals (id),
    placed_ms BIGINT NOT NULL,
    expires_ms BIGINT,
    CHECK ((status = 'open') = (closed_by IS NULL))
);
CREATE INDEX ledger_holds_by_expiry ON ledger_holds (status, expires_ms);
