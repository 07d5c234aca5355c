-- Named keys that see a slice of their owner's drives. `skills_are_listed` 0: they see all of it, and
-- `collection_skills` has none. `monthly_quota`, `rate_per_minute`: 0 for no limit. `made_with`: the personal token that made
-- the key, which is void with it.
CREATE TABLE collections (
    id TEXT PRIMARY KEY,
    owner_id TEXT NOT NULL,
    name TEXT NOT NULL,
    secret_hash TEXT NOT NULL UNIQUE,
    prefix TEXT NOT NULL,
    scopes TEXT NOT NULL,
    skills_are_listed INTEGER NOT NULL,
    include_team INTEGER NOT NULL,
    include_shared INTEGER NOT NULL,
    is_public INTEGER NOT NULL,
    enabled INTEGER NOT NULL,
    monthly_quota BIGINT NOT NULL,
    rate_per_minute BIGINT NOT NULL,
    created_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL,
    expires_ms BIGINT,
    last_used_ms BIGINT,
    made_with TEXT,
    UNIQUE (owner_id, name)
);
CREATE UNIQUE INDEX collections_public ON collections (name) WHERE is_public = 1;

CREATE TABLE collection_skills (
    collection_id TEXT NOT NULL REFERENCES collections (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    PRIMARY KEY (collection_id, name)
);

-- What was run and invoked with the key in a month, such as 2026-11 (UTC).
CREATE TABLE collection_uses (
    collection_id TEXT NOT NULL REFERENCES collections (id) ON DELETE CASCADE,
    month TEXT NOT NULL,
    executions BIGINT NOT NULL,
    PRIMARY KEY (collection_id, month)
);
