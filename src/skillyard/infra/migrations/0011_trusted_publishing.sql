-- Who may publish with an identity of a CI system instead of a token. `skill` is empty for all of the namespace, `subject`
-- what to find it by, `claims` and `lasting` JSON: what must match, and the ids that were seen at the first use.
CREATE TABLE trusted_publishers (
    id TEXT PRIMARY KEY,
    namespace TEXT NOT NULL REFERENCES namespaces (slug),
    skill TEXT NOT NULL,
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    claims TEXT NOT NULL,
    lasting TEXT NOT NULL,
    added_by TEXT NOT NULL,
    added_ms BIGINT NOT NULL,
    last_used_ms BIGINT,
    UNIQUE (namespace, skill, issuer, claims)
);
CREATE INDEX trusted_publishers_by_subject ON trusted_publishers (issuer, subject);

CREATE TABLE publisher_tokens (
    id TEXT PRIMARY KEY,
    secret_hash TEXT NOT NULL UNIQUE,
    publisher_id TEXT NOT NULL REFERENCES trusted_publishers (id) ON DELETE CASCADE,
    skill TEXT NOT NULL,
    provenance TEXT NOT NULL,
    created_ms BIGINT NOT NULL,
    expires_ms BIGINT NOT NULL
);
CREATE INDEX publisher_tokens_by_expiry ON publisher_tokens (expires_ms);

-- ID tokens that were exchanged: none is taken twice while it is valid.
CREATE TABLE used_id_tokens (
    issuer TEXT NOT NULL,
    jti TEXT NOT NULL,
    expires_ms BIGINT NOT NULL,
    PRIMARY KEY (issuer, jti)
);
CREATE INDEX used_id_tokens_by_expiry ON used_id_tokens (expires_ms);
