-- What people look for. `found_by`: what listing looks for words in, in lower case. Schemas are canonical JSON.
CREATE TABLE skill_requests (
    id TEXT PRIMARY KEY,
    owner_id TEXT NOT NULL,
    owner TEXT NOT NULL,
    description TEXT NOT NULL,
    tags TEXT NOT NULL,
    found_by TEXT NOT NULL,
    input_schema TEXT,
    output_schema TEXT,
    max_price BIGINT CHECK (max_price >= 0),
    status TEXT NOT NULL,
    created_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL
);
CREATE INDEX skill_requests_by_status ON skill_requests (status, id);
CREATE INDEX skill_requests_by_owner ON skill_requests (owner_id, id);

-- Several offers one after the other, each an invocation of its owner's. `scopes`: of the token that started it.
CREATE TABLE compositions (
    id TEXT PRIMARY KEY,
    owner_id TEXT NOT NULL,
    agent_id TEXT,
    scopes TEXT NOT NULL,
    input TEXT NOT NULL,
    output TEXT,
    status TEXT NOT NULL,
    error_code TEXT,
    error_message TEXT,
    retry_key TEXT,
    fingerprint TEXT NOT NULL,
    created_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL,
    settled_ms BIGINT
);
CREATE UNIQUE INDEX compositions_by_retry_key ON compositions (owner_id, retry_key) WHERE retry_key IS NOT NULL;
CREATE INDEX compositions_by_owner ON compositions (owner_id, id);
CREATE INDEX compositions_running ON compositions (updated_ms) WHERE status = 'running';

-- `price`: what the offer cost when it was put together, and the most that is paid for it. `mapping`: JSON.
CREATE TABLE composition_hops (
    composition_id TEXT NOT NULL REFERENCES compositions (id),
    position INTEGER NOT NULL,
    offer_id TEXT NOT NULL,
    name TEXT NOT NULL,
    version TEXT NOT NULL,
    price BIGINT NOT NULL,
    mapping TEXT NOT NULL,
    invocation_id TEXT,
    PRIMARY KEY (composition_id, position)
);
CREATE UNIQUE INDEX composition_hops_by_invocation ON composition_hops (invocation_id) WHERE invocation_id IS NOT NULL;

-- One of each person for each offer. `invocation_id`: what was delivered to them, which gives the rating more weight.
CREATE TABLE market_ratings (
    offer_id TEXT NOT NULL REFERENCES market_offers (id),
    user_id TEXT NOT NULL,
    stars INTEGER NOT NULL CHECK (stars BETWEEN 1 AND 5),
    invocation_id TEXT,
    rated_ms BIGINT NOT NULL,
    PRIMARY KEY (offer_id, user_id)
);

CREATE TABLE market_favorites (
    user_id TEXT NOT NULL,
    offer_id TEXT NOT NULL REFERENCES market_offers (id),
    added_ms BIGINT NOT NULL,
    PRIMARY KEY (user_id, offer_id)
);
