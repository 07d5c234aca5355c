-- `destination`: the wallet or account that the money goes to. Changing a method replaces its row by another one.
CREATE TABLE payout_methods (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    destination TEXT NOT NULL,
    label TEXT,
    usable_from_ms BIGINT NOT NULL,
    disabled_why TEXT,
    created_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL,
    replaced_ms BIGINT
);
CREATE UNIQUE INDEX payout_methods_current ON payout_methods (user_id, kind) WHERE replaced_ms IS NULL;
CREATE INDEX payout_methods_by_destination ON payout_methods (destination);

-- `prepared`: what was stored before the provider was asked. `claimed_until_ms`: until then one worker has it.
-- `request_key`: the requester's own, so that a request that is repeated is not another payout. `came_back`: JSON, what
-- the provider said of its return before it said that it was paid.
CREATE TABLE payouts (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL,
    rail TEXT NOT NULL,
    method_id TEXT NOT NULL,
    destination TEXT NOT NULL,
    asset TEXT NOT NULL,
    amount BIGINT NOT NULL CHECK (amount > 0),
    fee BIGINT NOT NULL,
    status TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    prepared TEXT,
    reference TEXT,
    why TEXT NOT NULL,
    request_key TEXT,
    needs_approval INTEGER NOT NULL,
    approved_by TEXT,
    held_until_ms BIGINT NOT NULL,
    requested_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL,
    next_try_ms BIGINT NOT NULL,
    claimed_until_ms BIGINT NOT NULL,
    came_back TEXT
);
CREATE INDEX payouts_by_user ON payouts (user_id, requested_ms, id);
CREATE INDEX payouts_by_time ON payouts (requested_ms, id);
CREATE UNIQUE INDEX payouts_by_key ON payouts (user_id, request_key);
CREATE UNIQUE INDEX payouts_by_reference ON payouts (rail, reference);
CREATE UNIQUE INDEX payouts_open ON payouts (method_id)
    WHERE status IN ('requested', 'approved', 'submitting', 'submitted', 'unknown');
CREATE INDEX payouts_due ON payouts (next_try_ms)
    WHERE status IN ('requested', 'approved', 'submitting', 'submitted', 'unknown');

-- Every transition. `actor`: a user id, or `system`; `journal_id`: what was posted with it.
CREATE TABLE payout_events (
    position {serial},
    payout_id TEXT NOT NULL REFERENCES payouts (id),
    from_status TEXT,
    to_status TEXT NOT NULL,
    cause TEXT NOT NULL,
    actor TEXT NOT NULL,
    journal_id TEXT,
    at_ms BIGINT NOT NULL
);
CREATE INDEX payout_events_by_payout ON payout_events (payout_id, position);

-- `requirements_due`, `requirements_errors`: JSON.
CREATE TABLE connect_accounts (
    user_id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL UNIQUE,
    status TEXT NOT NULL,
    country TEXT,
    default_currency TEXT,
    details_submitted INTEGER NOT NULL,
    charges_enabled INTEGER NOT NULL,
    payouts_enabled INTEGER NOT NULL,
    requirements_due TEXT NOT NULL,
    requirements_errors TEXT NOT NULL,
    requirements_disabled_reason TEXT,
    created_ms BIGINT NOT NULL,
    synced_ms BIGINT NOT NULL
);
