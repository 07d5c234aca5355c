-- Secrets of people for services elsewhere, one per service. `content` is sealed under a key that is kept only as
-- `wrapped_key`, under the operator's key `key_name`: without this row no copy of `content` can be opened.
CREATE TABLE credentials (
    id TEXT PRIMARY KEY,
    owner_id TEXT NOT NULL,
    provider TEXT NOT NULL,
    label TEXT NOT NULL,
    for_scripts INTEGER NOT NULL,
    format INTEGER NOT NULL,
    key_name TEXT NOT NULL,
    wrapped_key {bytes} NOT NULL,
    nonce {bytes} NOT NULL,
    content {bytes} NOT NULL,
    created_ms BIGINT NOT NULL,
    last_used_ms BIGINT,
    UNIQUE (owner_id, provider)
);
CREATE INDEX credentials_by_key ON credentials (key_name, id);

-- Each time that one was opened, and what for; kept when the credential itself is gone.
CREATE TABLE credential_uses (
    id {serial},
    credential_id TEXT NOT NULL,
    owner_id TEXT NOT NULL,
    provider TEXT NOT NULL,
    why TEXT NOT NULL,
    at_ms BIGINT NOT NULL
);
CREATE INDEX credential_uses_by_credential ON credential_uses (credential_id, id);
CREATE INDEX credential_uses_by_time ON credential_uses (at_ms);
