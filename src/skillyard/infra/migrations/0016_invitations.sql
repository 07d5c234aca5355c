-- Who is invited to a namespace, and as what, until they accept or decline.
CREATE TABLE namespace_invitations (
    namespace TEXT NOT NULL REFERENCES namespaces (slug),
    user_id TEXT NOT NULL REFERENCES users (id),
    role TEXT NOT NULL,
    invited_by TEXT NOT NULL,
    created_ms BIGINT NOT NULL,
    expires_ms BIGINT NOT NULL,
    PRIMARY KEY (namespace, user_id)
);
CREATE INDEX namespace_invitations_by_user ON namespace_invitations (user_id, namespace);
CREATE INDEX namespace_invitations_by_expiry ON namespace_invitations (expires_ms);
