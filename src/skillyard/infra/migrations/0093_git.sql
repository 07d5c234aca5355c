-- Where the skills come from that were not published by hand: a folder of a git repository. `ref`: what is followed:
-- refs/heads/main, HEAD for the default branch, or a commit, which never moves. `commit_id` and `version`: the commit
-- that was published last, and as what; null as long as nothing was. `user_id`: who imported it, `source_id`: the source
-- that it was found in; one of the two. `problem`: why the last look at it brought nothing.
CREATE TABLE origins (
    name TEXT PRIMARY KEY,
    address TEXT NOT NULL,
    repository TEXT NOT NULL,
    ref TEXT NOT NULL,
    path TEXT NOT NULL,
    commit_id TEXT,
    version TEXT,
    user_id TEXT,
    source_id TEXT,
    at_ms BIGINT NOT NULL,
    checked_ms BIGINT NOT NULL,
    problem TEXT NOT NULL
);
CREATE INDEX origins_by_check ON origins (checked_ms, name);
CREATE INDEX origins_by_path ON origins (path, name);
CREATE INDEX origins_by_source ON origins (source_id, name);

-- Repositories whose skills are published in a namespace of the registry. `commit_id`: the one that was read last.
CREATE TABLE sources (
    id TEXT PRIMARY KEY,
    address TEXT NOT NULL,
    repository TEXT NOT NULL,
    ref TEXT NOT NULL,
    path TEXT NOT NULL,
    namespace TEXT NOT NULL,
    added_by TEXT NOT NULL,
    added_ms BIGINT NOT NULL,
    commit_id TEXT,
    crawled_ms BIGINT,
    problem TEXT NOT NULL,
    UNIQUE (repository, ref, path)
);

-- What the last crawl made of each folder with a SKILL.md. `faults`: JSON; empty for one that was published.
CREATE TABLE source_folders (
    source_id TEXT NOT NULL REFERENCES sources (id) ON DELETE CASCADE,
    path TEXT NOT NULL,
    name TEXT,
    version TEXT,
    faults TEXT NOT NULL,
    PRIMARY KEY (source_id, path)
);
