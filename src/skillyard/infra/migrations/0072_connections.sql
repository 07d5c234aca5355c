-- Accounts of people at services elsewhere. `variables` are part of what an account is: another host is another account.
-- `revision` grows with each change of its secrets. Who renews them holds the lease `renewing_by` until
-- `renewing_until_ms`; after a failure nobody tries before `pause_until_ms`. `rejected_ms`: when they were last renewed
-- because the service did not take them. The secrets are in `gateway_secrets`.
CREATE TABLE connections (
    id TEXT PRIMARY KEY,
    owner_id TEXT NOT NULL,
    integration TEXT NOT NULL,
    way TEXT NOT NULL,
    label TEXT NOT NULL,
    account_id TEXT NOT NULL,
    account_label TEXT NOT NULL,
    variables TEXT NOT NULL,
    scopes TEXT NOT NULL,
    status TEXT NOT NULL,
    is_chosen INTEGER NOT NULL,
    revision BIGINT NOT NULL,
    created_ms BIGINT NOT NULL,
    connected_ms BIGINT NOT NULL,
    expires_ms BIGINT,
    last_used_ms BIGINT,
    rejected_ms BIGINT,
    renewing_by TEXT,
    renewing_until_ms BIGINT,
    pause_until_ms BIGINT,
    UNIQUE (owner_id, integration, account_id, variables)
);
CREATE INDEX connections_by_account ON connections (integration, account_id);

-- Each time that we ourselves used one: to renew it, to see whose it is, to revoke it. Kept when it is gone.
CREATE TABLE connection_uses (
    id {serial},
    connection_id TEXT NOT NULL,
    owner_id TEXT NOT NULL,
    integration TEXT NOT NULL,
    why TEXT NOT NULL,
    at_ms BIGINT NOT NULL
);
CREATE INDEX connection_uses_by_connection ON connection_uses (connection_id, id);
CREATE INDEX connection_uses_by_time ON connection_uses (at_ms);

-- Ways to an account and back that people began. Of `state` and of the browser only hashes are kept.
CREATE TABLE connection_attempts (
    id TEXT PRIMARY KEY,
    owner_id TEXT NOT NULL,
    integration TEXT NOT NULL,
    label TEXT NOT NULL,
    variables TEXT NOT NULL,
    scopes TEXT NOT NULL,
    reconnects TEXT,
    status TEXT NOT NULL,
    reason TEXT NOT NULL,
    message TEXT NOT NULL,
    state_hash TEXT UNIQUE,
    browser_hash TEXT,
    redirect_uri TEXT,
    account_id TEXT NOT NULL,
    account_label TEXT NOT NULL,
    is_identified INTEGER NOT NULL,
    token_expires_ms BIGINT,
    connection_id TEXT,
    created_ms BIGINT NOT NULL,
    expires_ms BIGINT NOT NULL
);
CREATE INDEX connection_attempts_by_owner ON connection_attempts (owner_id, created_ms);
CREATE INDEX connection_attempts_by_end ON connection_attempts (expires_ms);

-- What this registry is called at a service, for people to sign in there; its secret is in `gateway_secrets`.
CREATE TABLE integration_clients (
    integration TEXT PRIMARY KEY,
    client_id TEXT NOT NULL,
    set_by TEXT NOT NULL,
    set_ms BIGINT NOT NULL
);

-- Secrets of all these, sealed as credentials are; `ref`: whose each is. Who removes a row destroys the secret.
CREATE TABLE gateway_secrets (
    ref TEXT PRIMARY KEY,
    format INTEGER NOT NULL,
    key_name TEXT NOT NULL,
    wrapped_key {bytes} NOT NULL,
    nonce {bytes} NOT NULL,
    content {bytes} NOT NULL
);
CREATE INDEX gateway_secrets_by_key ON gateway_secrets (key_name, ref);
