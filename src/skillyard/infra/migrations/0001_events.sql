CREATE TABLE events (
    position {serial},
    kind TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    data TEXT NOT NULL
);

CREATE TABLE keys (
    name TEXT PRIMARY KEY,
    secret {bytes} NOT NULL
);
