-- A skill's name is namespace/slug. `skeleton`: what the slug looks like (skill/names.py), to find look-alikes near it.
CREATE TABLE skills (
    name TEXT PRIMARY KEY,
    namespace TEXT NOT NULL,
    slug TEXT NOT NULL,
    skeleton TEXT NOT NULL,
    visibility TEXT NOT NULL,
    deprecated TEXT,
    created_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL,
    downloads_total BIGINT NOT NULL,
    downloads_week BIGINT NOT NULL,
    downloads_month BIGINT NOT NULL
);
CREATE INDEX skills_by_skeleton ON skills (skeleton, slug, visibility, name);

-- `version_order`: bytes that sort as versions do. `dependencies`, `permissions`, `tags`, `files`: JSON.
CREATE TABLE releases (
    id TEXT PRIMARY KEY,
    skill TEXT NOT NULL REFERENCES skills (name),
    version TEXT NOT NULL,
    version_order {bytes} NOT NULL,
    channel TEXT NOT NULL,
    description TEXT NOT NULL,
    license TEXT,
    compatibility TEXT,
    homepage TEXT,
    tags TEXT NOT NULL,
    dependencies TEXT NOT NULL,
    permissions TEXT NOT NULL,
    digest TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    sha512 TEXT NOT NULL,
    size_bytes BIGINT NOT NULL,
    format TEXT NOT NULL,
    files_count INTEGER NOT NULL,
    unpacked_bytes BIGINT NOT NULL,
    published_ms BIGINT NOT NULL,
    published_by TEXT NOT NULL,
    yanked_reason TEXT,
    yanked_ms BIGINT,
    deprecated TEXT,
    readme TEXT NOT NULL,
    files TEXT NOT NULL,
    UNIQUE (skill, version)
);
CREATE INDEX releases_by_order ON releases (skill, version_order);
CREATE INDEX releases_by_archive ON releases (sha256);

CREATE TABLE channels (
    skill TEXT NOT NULL REFERENCES skills (name),
    channel TEXT NOT NULL,
    version TEXT NOT NULL,
    PRIMARY KEY (skill, channel)
);

CREATE TABLE uploads (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    user_id TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    size_bytes BIGINT NOT NULL,
    visibility TEXT,
    channel TEXT,
    version TEXT,
    created_ms BIGINT NOT NULL,
    expires_ms BIGINT NOT NULL,
    received_ms BIGINT
);
CREATE INDEX uploads_by_archive ON uploads (sha256);
CREATE INDEX uploads_by_expiry ON uploads (expires_ms);

-- Content that is being removed from the blob store right now: nobody may begin to refer to it.
CREATE TABLE blob_removals (
    sha256 TEXT PRIMARY KEY,
    since_ms BIGINT NOT NULL
);

-- Who downloaded what on which day since 1970, as a keyed hash: kept for as long as a day needs to be counted once.
CREATE TABLE download_clients (
    release_id TEXT NOT NULL,
    day INTEGER NOT NULL,
    client TEXT NOT NULL,
    PRIMARY KEY (release_id, day, client)
);
CREATE INDEX download_clients_by_day ON download_clients (day);

-- Day 0 holds the sum of all days that are too old to be told apart.
CREATE TABLE download_days (
    skill TEXT NOT NULL,
    day INTEGER NOT NULL,
    downloads BIGINT NOT NULL,
    PRIMARY KEY (skill, day)
);
CREATE INDEX download_days_by_day ON download_days (day);
