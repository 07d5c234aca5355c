-- What somebody whom we trust has said about a person; one row for each source and type, the newest word counts.
CREATE TABLE claims (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id),
    provider TEXT NOT NULL,
    claim_type TEXT NOT NULL,
    claim_ref TEXT NOT NULL,
    assurance TEXT NOT NULL,
    verified_ms BIGINT NOT NULL,
    expires_ms BIGINT,
    UNIQUE (user_id, provider, claim_type)
);

-- What people chose for their claims; no row: the defaults.
CREATE TABLE claim_settings (
    user_id TEXT PRIMARY KEY REFERENCES users (id),
    life_days INTEGER NOT NULL,
    inheritance TEXT NOT NULL,
    is_auto_revoked INTEGER NOT NULL
);

-- When the provider last vouched for the e-mail address: such an identity counts as a claim.
ALTER TABLE identities ADD COLUMN email_verified_ms BIGINT;
ALTER TABLE proven_identities ADD COLUMN email_verified_ms BIGINT;

-- Programs that act for a person. `options`: JSON of what its maker noted about it.
CREATE TABLE agents (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id),
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    status TEXT NOT NULL,
    options TEXT NOT NULL,
    blocked_ms BIGINT,
    blocked_reason TEXT,
    created_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL
);
CREATE INDEX agents_by_user ON agents (user_id, id);

-- `public_key`: Ed25519, 32 bytes in base64url.
CREATE TABLE agent_keys (
    id TEXT PRIMARY KEY,
    agent_id TEXT NOT NULL REFERENCES agents (id),
    public_key TEXT NOT NULL,
    enrolled_ms BIGINT NOT NULL,
    expires_ms BIGINT,
    UNIQUE (agent_id, public_key)
);

CREATE TABLE agent_challenges (
    id TEXT PRIMARY KEY,
    agent_id TEXT NOT NULL REFERENCES agents (id),
    challenge TEXT NOT NULL,
    expires_ms BIGINT NOT NULL
);
CREATE INDEX agent_challenges_by_expiry ON agent_challenges (expires_ms);

-- Bearers that agents have signed and used, until they expire: each is good once.
CREATE TABLE agent_bearers (
    agent_id TEXT NOT NULL,
    bearer_id TEXT NOT NULL,
    expires_ms BIGINT NOT NULL,
    PRIMARY KEY (agent_id, bearer_id)
);
CREATE INDEX agent_bearers_by_expiry ON agent_bearers (expires_ms);
