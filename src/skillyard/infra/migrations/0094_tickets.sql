-- Each lets its holder put one skill into a drive, once. `claimed_ms`: since when an upload with it is under way, or was
-- taken; given back where the upload is refused.
CREATE TABLE drive_tickets (
    secret_hash TEXT PRIMARY KEY,
    drive TEXT NOT NULL,
    user_id TEXT NOT NULL,
    collection TEXT,
    created_ms BIGINT NOT NULL,
    expires_ms BIGINT NOT NULL,
    claimed_ms BIGINT
);
CREATE INDEX drive_tickets_by_expiry ON drive_tickets (expires_ms);
