-- Whom an account is at an OpenID provider: an account is known by (issuer, subject), and never by an e-mail address.
CREATE TABLE identities (
    id TEXT PRIMARY KEY,
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    user_id TEXT NOT NULL REFERENCES users (id),
    email TEXT,
    linked_ms BIGINT NOT NULL,
    last_used_ms BIGINT,
    UNIQUE (issuer, subject)
);
CREATE INDEX identities_by_user ON identities (user_id, id);

-- Browsers that were sent to a provider. `user_id`: who wants to link an identity; none: somebody signs in.
CREATE TABLE oidc_visits (
    state_hash TEXT PRIMARY KEY,
    browser_hash TEXT NOT NULL,
    provider TEXT NOT NULL,
    redirect_uri TEXT NOT NULL,
    goal TEXT NOT NULL,
    user_id TEXT REFERENCES users (id),
    expires_ms BIGINT NOT NULL,
    used_ms BIGINT
);
CREATE INDEX oidc_visits_by_expiry ON oidc_visits (expires_ms);

-- Identities that a provider has just sworn to, and that wait for a person to agree to an account or a link.
CREATE TABLE proven_identities (
    ticket_hash TEXT PRIMARY KEY,
    browser_hash TEXT NOT NULL,
    provider TEXT NOT NULL,
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    email TEXT,
    username TEXT NOT NULL,
    display_name TEXT NOT NULL,
    goal TEXT NOT NULL,
    user_id TEXT REFERENCES users (id),
    expires_ms BIGINT NOT NULL,
    used_ms BIGINT
);
CREATE INDEX proven_identities_by_expiry ON proven_identities (expires_ms);

-- From one sign-in on, however often its access token is renewed. `started_ms`: when the person proved who they are.
CREATE TABLE sessions (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id),
    how TEXT NOT NULL,
    started_ms BIGINT NOT NULL,
    expires_ms BIGINT NOT NULL,
    ended_ms BIGINT
);
CREATE INDEX sessions_by_user ON sessions (user_id, expires_ms);
CREATE INDEX sessions_by_expiry ON sessions (expires_ms);

CREATE TABLE refresh_tokens (
    secret_hash TEXT PRIMARY KEY,
    session_id TEXT NOT NULL REFERENCES sessions (id),
    created_ms BIGINT NOT NULL,
    used_ms BIGINT
);
CREATE INDEX refresh_tokens_by_session ON refresh_tokens (session_id);

-- When the person who approved a command line had signed in.
ALTER TABLE cli_sessions ADD COLUMN signed_in_ms BIGINT;

-- The session that an access token belongs to; it refers to nothing, so that a restore can begin with the older table.
ALTER TABLE tokens ADD COLUMN session_id TEXT;
CREATE INDEX tokens_by_session ON tokens (session_id);
