-- What language models answered in steps of invocations under way, as JSON: whoever goes on after a crash does not ask,
-- and have somebody pay, again. Removed when the invocation has ended.
CREATE TABLE step_answers (
    invocation_id TEXT NOT NULL,
    position INTEGER NOT NULL,
    output TEXT NOT NULL,
    tokens_in BIGINT NOT NULL,
    tokens_out BIGINT NOT NULL,
    at_ms BIGINT NOT NULL,
    PRIMARY KEY (invocation_id, position)
);
CREATE INDEX step_answers_by_time ON step_answers (at_ms);
