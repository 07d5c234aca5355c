-- What people consented to: a skill, with exactly this content, may call this endpoint (`*`: all of the integration that
-- do not destroy anything) for them. `limits`: JSON, patterns by parameter. `connection_id`: the account that is meant;
-- NULL: whichever is theirs by default. Who consents anew to the same revokes the older row.
CREATE TABLE grants (
    id TEXT PRIMARY KEY,
    owner_id TEXT NOT NULL,
    name TEXT NOT NULL,
    version TEXT NOT NULL,
    digest TEXT NOT NULL,
    integration TEXT NOT NULL,
    endpoint TEXT NOT NULL,
    connection_id TEXT,
    limits TEXT NOT NULL,
    expires_ms BIGINT,
    created_ms BIGINT NOT NULL,
    revoked_ms BIGINT
);
CREATE UNIQUE INDEX grants_not_revoked ON grants (owner_id, name, integration, endpoint, digest) WHERE revoked_ms IS NULL;
CREATE INDEX grants_by_owner ON grants (owner_id, created_ms, id);

-- With what a run that is under way shows the gateway which run it is; of the secret only a hash is kept. It ends with
-- the run. `misused_ms`: when somebody else first showed it, or it was shown somewhere else.
CREATE TABLE leases (
    run_id TEXT PRIMARY KEY,
    secret_hash TEXT NOT NULL UNIQUE,
    made_ms BIGINT NOT NULL,
    misused_ms BIGINT
);
CREATE INDEX leases_by_time ON leases (made_ms);
