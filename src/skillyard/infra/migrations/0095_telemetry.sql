-- A copy of the command line that reports what it does. `user_id`: who has adopted it. `is_counted`: whether what it
-- installs counts; not where one address brings forth many of them in a day.
CREATE TABLE telemetry_installs (
    install_id TEXT PRIMARY KEY,
    user_id TEXT,
    is_counted INTEGER NOT NULL,
    first_ms BIGINT NOT NULL,
    last_ms BIGINT NOT NULL,
    adopted_ms BIGINT
);

-- `skills`: public ones only; `skills`, `sources` and `counts` are JSON.
CREATE TABLE telemetry_events (
    id TEXT PRIMARY KEY,
    install_id TEXT NOT NULL REFERENCES telemetry_installs (install_id),
    kind TEXT NOT NULL,
    cli_version TEXT NOT NULL,
    os TEXT NOT NULL,
    skills TEXT NOT NULL,
    sources TEXT NOT NULL,
    counts TEXT NOT NULL,
    at_ms BIGINT NOT NULL
);
CREATE INDEX telemetry_events_by_install ON telemetry_events (install_id);
CREATE INDEX telemetry_events_by_time ON telemetry_events (at_ms);
