-- Syncs: of which machine, and what was to be done with which skill. One of a machine is open at a time.
CREATE TABLE sync_runs (
    id TEXT PRIMARY KEY,
    drive TEXT NOT NULL,
    user_id TEXT NOT NULL,
    install_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    mode TEXT NOT NULL,
    status TEXT NOT NULL,
    opened_ms BIGINT NOT NULL,
    closed_ms BIGINT,
    counters TEXT NOT NULL
);
CREATE INDEX sync_runs_by_machine ON sync_runs (user_id, install_id, status);
CREATE INDEX sync_runs_by_age ON sync_runs (user_id, opened_ms);

-- `item`: what was decided, as JSON, with releases by name and version.
CREATE TABLE sync_items (
    run_id TEXT NOT NULL REFERENCES sync_runs (id) ON DELETE CASCADE,
    slug TEXT NOT NULL,
    position INTEGER NOT NULL,
    item TEXT NOT NULL,
    status TEXT NOT NULL,
    published TEXT,
    charged BIGINT NOT NULL,
    detail TEXT NOT NULL,
    PRIMARY KEY (run_id, slug)
);

-- How many skills a drive holds for free because its first sync found so many.
CREATE TABLE drive_high_waters (
    drive TEXT PRIMARY KEY,
    skills BIGINT NOT NULL,
    set_ms BIGINT NOT NULL
);
