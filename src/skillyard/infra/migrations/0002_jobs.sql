-- only: sqlite
CREATE TABLE jobs (
    id {serial},
    name TEXT NOT NULL,
    key TEXT,
    arguments TEXT NOT NULL,
    created_ms BIGINT NOT NULL,
    run_at_ms BIGINT NOT NULL,
    attempts INTEGER NOT NULL,
    lease_until_ms BIGINT,
    failed_ms BIGINT,
    error TEXT
);

CREATE INDEX jobs_due ON jobs (run_at_ms, id) WHERE failed_ms IS NULL;

CREATE UNIQUE INDEX jobs_waiting_key ON jobs (name, key)
    WHERE key IS NOT NULL AND lease_until_ms IS NULL AND failed_ms IS NULL;
