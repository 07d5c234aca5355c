-- A skill that can be invoked, with its terms as they are now. `is_offered`: whether the release is.
-- `found_by`: what browsing looks for words in, in lower case. `rating`: hundredths of a star, of `ratings` people.
CREATE TABLE market_offers (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    namespace TEXT NOT NULL,
    owner_id TEXT NOT NULL,
    agent_id TEXT,
    version TEXT NOT NULL,
    status TEXT NOT NULL,
    reason TEXT NOT NULL,
    description TEXT NOT NULL,
    tags TEXT NOT NULL,
    found_by TEXT NOT NULL,
    trust_level TEXT NOT NULL,
    price BIGINT NOT NULL CHECK (price >= 0),
    is_offered INTEGER NOT NULL,
    accepts_requests INTEGER NOT NULL,
    invocations BIGINT NOT NULL,
    completed BIGINT NOT NULL,
    rating BIGINT NOT NULL,
    ratings BIGINT NOT NULL,
    created_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL
);
CREATE INDEX market_offers_by_owner ON market_offers (owner_id, id);
CREATE INDEX market_offers_by_namespace ON market_offers (namespace, id);
CREATE INDEX market_offers_by_age ON market_offers (status, is_offered, created_ms);

-- What each release of it says: schemas, steps, credentials (JSON).
CREATE TABLE market_releases (
    offer_id TEXT NOT NULL REFERENCES market_offers (id),
    version TEXT NOT NULL,
    digest TEXT NOT NULL,
    executable TEXT NOT NULL,
    created_ms BIGINT NOT NULL,
    PRIMARY KEY (offer_id, version)
);

-- How far the events of the registry were followed.
CREATE TABLE market_cursors (
    name TEXT PRIMARY KEY,
    position BIGINT NOT NULL
);

-- `runs_here`: whether this server works it off, and no provider does. `retry_key`: chosen by the buyer; the same one again finds the invocation, if `fingerprint` says that it is the same.
CREATE TABLE invocations (
    id TEXT PRIMARY KEY,
    offer_id TEXT NOT NULL,
    version TEXT NOT NULL,
    buyer_id TEXT NOT NULL,
    agent_id TEXT,
    passport_id TEXT,
    intent TEXT,
    input TEXT NOT NULL,
    output TEXT,
    error_code TEXT,
    error_message TEXT,
    status TEXT NOT NULL,
    runs_here INTEGER NOT NULL,
    price BIGINT NOT NULL CHECK (price >= 0),
    rail TEXT,
    claims INTEGER NOT NULL,
    claimed_by TEXT,
    lease_until_ms BIGINT,
    expires_ms BIGINT NOT NULL,
    created_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL,
    started_ms BIGINT,
    settled_ms BIGINT,
    usage TEXT NOT NULL,
    receipts TEXT NOT NULL,
    retry_key TEXT,
    fingerprint TEXT NOT NULL,
    FOREIGN KEY (offer_id, version) REFERENCES market_releases (offer_id, version)
);
CREATE UNIQUE INDEX invocations_by_retry_key ON invocations (buyer_id, retry_key) WHERE retry_key IS NOT NULL;
CREATE INDEX invocations_by_buyer ON invocations (buyer_id, id);
CREATE INDEX invocations_by_offer ON invocations (offer_id, id);
CREATE INDEX invocations_waiting ON invocations (offer_id, id) WHERE status = 'pending' AND runs_here = 0;
CREATE INDEX invocations_to_expire ON invocations (expires_ms) WHERE status IN ('pending', 'processing');
CREATE INDEX invocations_open ON invocations (buyer_id) WHERE status IN ('pending', 'processing');
CREATE INDEX invocations_leased ON invocations (lease_until_ms) WHERE status = 'processing';
