-- `skeleton`: what the slug looks like (skill/names.py), to find look-alikes near it in the index.
CREATE TABLE namespaces (
    slug TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    display_name TEXT NOT NULL,
    skeleton TEXT NOT NULL,
    created_ms BIGINT NOT NULL
);
CREATE INDEX namespaces_by_skeleton ON namespaces (skeleton, slug);

CREATE TABLE users (
    id TEXT PRIMARY KEY,
    username TEXT NOT NULL UNIQUE REFERENCES namespaces (slug),
    display_name TEXT NOT NULL,
    is_admin INTEGER NOT NULL,
    password_hash TEXT,
    created_ms BIGINT NOT NULL,
    suspended_ms BIGINT
);

CREATE TABLE members (
    namespace TEXT NOT NULL REFERENCES namespaces (slug),
    user_id TEXT NOT NULL REFERENCES users (id),
    role TEXT NOT NULL,
    since_ms BIGINT NOT NULL,
    PRIMARY KEY (user_id, namespace)
);
CREATE INDEX members_by_namespace ON members (namespace, user_id);

-- `scopes` and `namespaces` are words between spaces; no `namespaces`: not limited to any.
CREATE TABLE tokens (
    id TEXT PRIMARY KEY,
    secret_hash TEXT NOT NULL UNIQUE,
    user_id TEXT NOT NULL REFERENCES users (id),
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    prefix TEXT NOT NULL,
    scopes TEXT NOT NULL,
    namespaces TEXT,
    created_ms BIGINT NOT NULL,
    expires_ms BIGINT NOT NULL,
    last_used_ms BIGINT,
    revoked_ms BIGINT
);
CREATE INDEX tokens_by_user ON tokens (user_id, kind, id);
CREATE INDEX tokens_by_expiry ON tokens (expires_ms);

CREATE TABLE sign_in_links (
    code_hash TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    user_id TEXT REFERENCES users (id),
    created_ms BIGINT NOT NULL,
    expires_ms BIGINT NOT NULL,
    used_ms BIGINT
);
CREATE INDEX sign_in_links_by_expiry ON sign_in_links (expires_ms);

CREATE TABLE cli_sessions (
    id TEXT PRIMARY KEY,
    code_challenge TEXT NOT NULL,
    user_code TEXT NOT NULL,
    client_name TEXT NOT NULL,
    status TEXT NOT NULL,
    user_id TEXT REFERENCES users (id),
    created_ms BIGINT NOT NULL,
    expires_ms BIGINT NOT NULL
);
CREATE INDEX cli_sessions_by_expiry ON cli_sessions (expires_ms);
