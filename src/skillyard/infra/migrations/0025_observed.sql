-- What a release did and tried when it ran here, each thing once. `kind`: a field of sandbox/model.py's `Observed`.
CREATE TABLE observed (
    release_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    value TEXT NOT NULL,
    is_gap INTEGER NOT NULL,
    first_ms BIGINT NOT NULL,
    PRIMARY KEY (release_id, kind, value)
);

-- How often, and since when, each release ran here.
CREATE TABLE observed_runs (
    release_id TEXT PRIMARY KEY,
    runs BIGINT NOT NULL,
    first_ms BIGINT NOT NULL,
    last_ms BIGINT NOT NULL
);

-- Content of the blob store that is not of a release, and who keeps it there.
CREATE TABLE kept_blobs (
    sha256 TEXT NOT NULL,
    holder TEXT NOT NULL,
    PRIMARY KEY (sha256, holder)
);
CREATE INDEX kept_blobs_by_holder ON kept_blobs (holder);
