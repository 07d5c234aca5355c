CREATE TABLE job_periods (
    name TEXT PRIMARY KEY,
    period BIGINT NOT NULL
);
