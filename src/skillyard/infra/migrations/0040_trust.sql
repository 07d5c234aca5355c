-- `status`: the one state that index, search and installs read; `reasons`: JSON, why it is not listed. `verdict` is empty
-- and `rules` too until the release was scanned by these rules.
ALTER TABLE releases ADD COLUMN status TEXT NOT NULL DEFAULT 'listed';
ALTER TABLE releases ADD COLUMN reasons TEXT NOT NULL DEFAULT '[]';
ALTER TABLE releases ADD COLUMN verdict TEXT NOT NULL DEFAULT '';
ALTER TABLE releases ADD COLUMN score_tenths INTEGER NOT NULL DEFAULT 0;
ALTER TABLE releases ADD COLUMN rules TEXT NOT NULL DEFAULT '';
CREATE INDEX releases_by_rules ON releases (rules, id);
CREATE INDEX releases_by_digest ON releases (digest);

-- `report`: JSON, as skill/scan/report.py shows it.
CREATE TABLE scans (
    release_id TEXT PRIMARY KEY REFERENCES releases (id),
    report TEXT NOT NULL,
    scanned_ms BIGINT NOT NULL
);

-- Who depends on what, to be asked from the other side.
CREATE TABLE release_dependencies (
    dependency TEXT NOT NULL,
    release_id TEXT NOT NULL REFERENCES releases (id),
    range TEXT NOT NULL,
    PRIMARY KEY (dependency, release_id)
);

CREATE TABLE appeals (
    id TEXT PRIMARY KEY,
    release_id TEXT NOT NULL REFERENCES releases (id),
    rule TEXT NOT NULL,
    reason TEXT NOT NULL,
    made_by TEXT NOT NULL,
    made_ms BIGINT NOT NULL,
    state TEXT NOT NULL,
    answer TEXT,
    answered_by TEXT,
    answered_ms BIGINT
);
CREATE INDEX appeals_by_state ON appeals (state, made_ms, id);
CREATE INDEX appeals_by_release ON appeals (release_id, rule);

-- `note`: the signed statement. One override lifts one rule for one tree of files, until it expires.
CREATE TABLE overrides (
    id TEXT PRIMARY KEY,
    digest TEXT NOT NULL,
    rule TEXT NOT NULL,
    reason TEXT NOT NULL,
    made_by TEXT NOT NULL,
    made_ms BIGINT NOT NULL,
    expires_ms BIGINT NOT NULL,
    note TEXT NOT NULL,
    ended_ms BIGINT
);
CREATE INDEX overrides_by_digest ON overrides (digest, rule);
CREATE INDEX overrides_by_expiry ON overrides (ended_ms, expires_ms);

-- `versions`, `digests`: JSON. `note`: the signed statement. `everywhere`: for these files as any skill.
CREATE TABLE advisories (
    id TEXT PRIMARY KEY,
    skill TEXT NOT NULL,
    everywhere INTEGER NOT NULL,
    severity TEXT NOT NULL,
    reason TEXT NOT NULL,
    safe_version TEXT,
    versions TEXT NOT NULL,
    digests TEXT NOT NULL,
    made_by TEXT NOT NULL,
    made_ms BIGINT NOT NULL,
    note TEXT NOT NULL,
    withdrawn_ms BIGINT
);
CREATE INDEX advisories_by_skill ON advisories (skill, made_ms);
CREATE INDEX advisories_by_time ON advisories (made_ms, id);

CREATE TABLE advisory_digests (
    digest TEXT NOT NULL,
    advisory_id TEXT NOT NULL REFERENCES advisories (id),
    PRIMARY KEY (digest, advisory_id)
);
