-- What the zips hash to that are packed on demand, of releases that were uploaded as another kind of archive: so that
-- the address of one, once handed out, leads back to its release.
CREATE TABLE release_zips (
    release_id TEXT PRIMARY KEY REFERENCES releases (id),
    skill TEXT NOT NULL,
    sha256 TEXT NOT NULL
);
CREATE INDEX release_zips_by_hash ON release_zips (skill, sha256);
