-- Who called what of an integration, with which skill, and what came of it; never with which parameters. `state` is
-- `sending` from before a write goes out until its end is known, then `answered` or `failed`, with the code in `error`.
CREATE TABLE calls (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL,
    token_id TEXT,
    connection_id TEXT,
    integration TEXT NOT NULL,
    version BIGINT NOT NULL,
    endpoint TEXT NOT NULL,
    effect TEXT NOT NULL,
    state TEXT NOT NULL,
    status BIGINT,
    error TEXT,
    duration_ms BIGINT,
    run_id TEXT,
    skill TEXT,
    skill_version TEXT,
    digest TEXT,
    grant_id TEXT,
    request_id TEXT NOT NULL,
    upstream_request_id TEXT,
    at_ms BIGINT NOT NULL
);
CREATE INDEX calls_by_user ON calls (user_id, id);
CREATE INDEX calls_by_run ON calls (run_id, id);
CREATE INDEX calls_by_time ON calls (at_ms);

-- The same by day (UTC), such as 2026-11-21. `failures`: no answer, one of status 400 or above, or one that says so.
CREATE TABLE call_days (
    user_id TEXT NOT NULL,
    day TEXT NOT NULL,
    integration TEXT NOT NULL,
    calls BIGINT NOT NULL,
    failures BIGINT NOT NULL,
    duration_ms BIGINT NOT NULL,
    PRIMARY KEY (user_id, day, integration)
);

-- Calls in a minute or a day (`per`) that ends at `ends_ms`: of a person, a key, a connection or an address.
CREATE TABLE call_counts (
    subject TEXT NOT NULL,
    per TEXT NOT NULL,
    ends_ms BIGINT NOT NULL,
    calls BIGINT NOT NULL,
    PRIMARY KEY (subject, per, ends_ms)
);
CREATE INDEX call_counts_by_end ON call_counts (ends_ms);

-- Plans of people who do not have the one of everybody.
CREATE TABLE call_plans (
    user_id TEXT PRIMARY KEY,
    plan TEXT NOT NULL,
    set_by TEXT NOT NULL,
    set_ms BIGINT NOT NULL
);
