CREATE TABLE idempotency_keys (
    name TEXT PRIMARY KEY,
    fingerprint TEXT NOT NULL,
    claimed_ms BIGINT NOT NULL,
    expires_ms BIGINT NOT NULL,
    sealed {bytes}
);

CREATE INDEX idempotency_keys_expires ON idempotency_keys (expires_ms);
