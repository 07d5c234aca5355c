-- How many runs and invocations somebody asked for in a calendar month (UTC, `2026-11`).
CREATE TABLE account_usage (
    user_id TEXT NOT NULL,
    month TEXT NOT NULL,
    calls BIGINT NOT NULL,
    PRIMARY KEY (user_id, month)
);
