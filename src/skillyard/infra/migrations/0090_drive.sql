-- The skills in a drive, which is named by its namespace, in the version that the drive has.
CREATE TABLE drive_items (
    drive TEXT NOT NULL,
    name TEXT NOT NULL,
    version TEXT NOT NULL,
    enabled INTEGER NOT NULL,
    pinned INTEGER NOT NULL,
    dismissed_version TEXT,
    via TEXT NOT NULL,
    upstream_name TEXT,
    upstream_version TEXT,
    upstream_accepted TEXT,
    upstream_dismissed TEXT,
    added_ms BIGINT NOT NULL,
    added_by TEXT NOT NULL,
    updated_ms BIGINT NOT NULL,
    PRIMARY KEY (drive, name)
);
CREATE INDEX drive_items_by_name ON drive_items (name);
CREATE INDEX drive_items_by_upstream ON drive_items (upstream_name);

-- What somebody would like a team's drive to have. `source`: a skill's name, or a git address, with the name under
-- which it is wanted in `slug`.
CREATE TABLE drive_requests (
    id TEXT PRIMARY KEY,
    drive TEXT NOT NULL,
    source TEXT NOT NULL,
    slug TEXT,
    note TEXT NOT NULL,
    status TEXT NOT NULL,
    requester_id TEXT NOT NULL,
    requester TEXT NOT NULL,
    decided_by TEXT,
    reason TEXT NOT NULL,
    created_ms BIGINT NOT NULL,
    decided_ms BIGINT
);
CREATE UNIQUE INDEX drive_requests_pending ON drive_requests (drive, source) WHERE status = 'pending';
CREATE INDEX drive_requests_by_drive ON drive_requests (drive, id);

-- Links by which a skill of a drive is given to others.
CREATE TABLE drive_shares (
    id TEXT PRIMARY KEY,
    drive TEXT NOT NULL,
    name TEXT NOT NULL,
    secret_hash TEXT NOT NULL UNIQUE,
    created_by TEXT NOT NULL,
    created_ms BIGINT NOT NULL,
    expires_ms BIGINT NOT NULL,
    revoked_ms BIGINT
);
CREATE INDEX drive_shares_by_drive ON drive_shares (drive, id);

-- Who took a share. `is_granted`: it let them have what they could not have without it.
CREATE TABLE drive_share_takers (
    share_id TEXT NOT NULL REFERENCES drive_shares (id),
    user_id TEXT NOT NULL,
    is_granted INTEGER NOT NULL,
    accepted_ms BIGINT NOT NULL,
    PRIMARY KEY (share_id, user_id)
);
CREATE INDEX drive_share_takers_by_user ON drive_share_takers (user_id, share_id);
