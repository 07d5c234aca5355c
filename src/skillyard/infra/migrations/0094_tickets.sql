-- Each lets its holder put one skill into a drive, once. `claimed_ms`: since when an upload with it is under way, or was
-- taken; given back where the upload is refused. `key_id` and `made_with`: the collection whose key it was minted with,
-- and the personal token, without which it is worth nothing.
CREATE TABLE drive_tickets (
    secret_hash TEXT PRIMARY KEY,
    drive TEXT NOT NULL,
    user_id TEXT NOT NULL,
    key_id TEXT,
    made_with TEXT,
    collection TEXT,
    created_ms BIGINT NOT NULL,
    expires_ms BIGINT NOT NULL,
    claimed_ms BIGINT
);
CREATE INDEX drive_tickets_by_expiry ON drive_tickets (expires_ms);
