-- A workspace that outlasts a run.
CREATE TABLE run_sessions (
    id TEXT PRIMARY KEY,
    owner_id TEXT NOT NULL,
    status TEXT NOT NULL,
    created_ms BIGINT NOT NULL,
    expires_ms BIGINT NOT NULL,
    ended_ms BIGINT
);
CREATE INDEX run_sessions_by_owner ON run_sessions (owner_id, created_ms, id);
CREATE INDEX run_sessions_open ON run_sessions (expires_ms) WHERE status = 'open';

-- The files in it between two runs.
CREATE TABLE run_session_files (
    session_id TEXT NOT NULL REFERENCES run_sessions (id),
    path TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    size_bytes BIGINT NOT NULL,
    executable INTEGER NOT NULL,
    PRIMARY KEY (session_id, path)
);

-- `task`, `result`, `notes`: JSON. `environment`: sealed, as its values may be secrets, and emptied in the end. `claim`:
-- which try of which worker has it, until `lease_until_ms`. `begun_ms`: from when on its program may have done something.
-- `has_contents`: its output and files are not forgotten yet.
CREATE TABLE runs (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    owner_id TEXT NOT NULL,
    ref TEXT,
    request_key TEXT,
    session_id TEXT REFERENCES run_sessions (id),
    release_id TEXT NOT NULL,
    name TEXT NOT NULL,
    version TEXT NOT NULL,
    digest TEXT NOT NULL,
    task TEXT NOT NULL,
    environment TEXT NOT NULL,
    status TEXT NOT NULL,
    why TEXT NOT NULL,
    cancel_asked INTEGER NOT NULL,
    claim TEXT,
    lease_until_ms BIGINT NOT NULL,
    result TEXT,
    notes TEXT NOT NULL,
    receipt TEXT,
    created_ms BIGINT NOT NULL,
    begun_ms BIGINT,
    ended_ms BIGINT,
    has_contents INTEGER NOT NULL
);
CREATE INDEX runs_by_owner ON runs (owner_id, created_ms, id);
CREATE UNIQUE INDEX runs_by_key ON runs (owner_id, request_key);
CREATE UNIQUE INDEX runs_by_ref ON runs (ref);
CREATE UNIQUE INDEX runs_of_session ON runs (session_id) WHERE status IN ('queued', 'running');
CREATE INDEX runs_waiting ON runs (created_ms) WHERE status = 'queued';
CREATE INDEX runs_under_way ON runs (lease_until_ms) WHERE status = 'running';
CREATE INDEX runs_ended ON runs (ended_ms) WHERE has_contents = 1;

-- `direction`: `in` for what was handed over, `out` for what it left in its workspace.
CREATE TABLE run_files (
    run_id TEXT NOT NULL REFERENCES runs (id),
    direction TEXT NOT NULL,
    path TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    size_bytes BIGINT NOT NULL,
    executable INTEGER NOT NULL,
    PRIMARY KEY (run_id, direction, path)
);

-- What it wrote, piece by piece while it runs. `position` counts from 1 within a run.
CREATE TABLE run_output (
    run_id TEXT NOT NULL REFERENCES runs (id),
    position INTEGER NOT NULL,
    stream TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    data {bytes} NOT NULL,
    PRIMARY KEY (run_id, position)
);
